/*
 * What a PVH guest has that a PV guest has not: a map of its memory, ACPI tables, and Xen's
 * parameters for machines of their own. As in xl, its guest addresses end where the local APIC
 * is, and go on above 4 GiB. Called by build.c.
 */
#include <string.h>

#include "libxl/xen/acpi.h"
#include "libxl/xen/pvh.h"

#include <xen/hvm/e820.h>
#include <xen/hvm/params.h>

#define GIB (1ULL << 30)
#define LAPIC_ADDRESS 0xfee00000ULL
#define ACPI_ADDRESS 0xfc000000ULL                                          /* where xl has them */
#define SPECIAL_PFN (X86_HVM_END_SPECIAL_REGION - X86_HVM_NR_SPECIAL_PAGES) /* libxenguest's */
#define OLD_LINUX_RSDP (0x100000 - 64) /* in the BIOS of a PC: where those before 4.20 look */
#define NO_DELAY_FOR_MISSED_TICKS 1

unsigned pvh_tables_mib(const struct spec *s)
{
    uint64_t pages = 256 * (uint64_t)spec_maxvcpus(s) + 2 * (uint64_t)spec_maxmem(s);
    unsigned mib = (unsigned)((pages + 255) / 256);

    return s->shadow_memory > mib ? (unsigned)s->shadow_memory : mib;
}

int pvh_prepare(struct xguest *g, struct err *e)
{
    unsigned mib = pvh_tables_mib(g->spec);

    if (xc_shadow_control(g->d->xch, g->pub.domid, XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION, &mib, 0) <
        0)
        return err_xen(e, NULL);
    return 0;
}

void pvh_layout(struct xc_dom_image *dom, const struct spec *s)
{
    uint64_t bytes = (uint64_t)spec_maxmem(s) << 20;

    dom->container_type = XC_DOM_HVM_CONTAINER;
    dom->device_model = false;
    dom->target_pages = (xen_pfn_t)s->memory << (20 - XC_PAGE_SHIFT);
    dom->mmio_start = LAPIC_ADDRESS;
    dom->mmio_size = 4 * GIB - LAPIC_ADDRESS;
    dom->lowmem_end = bytes < LAPIC_ADDRESS ? bytes : LAPIC_ADDRESS;
    dom->highmem_end = bytes < LAPIC_ADDRESS ? 0 : 4 * GIB + bytes - LAPIC_ADDRESS;
}

/* The first of them is what libxenguest tells the guest of. */
static void add_tables(struct xc_dom_image *dom, const struct spec *s, struct pvh *p)
{
    bool modern = strcmp(xc_dom_guest_os(dom), "linux") != 0 ||
                  xc_dom_feature_get(dom, XENFEAT_linux_rsdp_unrestricted);
    struct xc_hvm_firmware_module *m = dom->acpi_modules;

    acpi_make(&p->acpi, ACPI_ADDRESS, (unsigned)spec_maxvcpus(s), (unsigned)s->vcpus);
    m[0].data = p->acpi.rsdp;
    m[0].length = ACPI_RSDP_SIZE;
    m[0].guest_addr_out = modern ? ACPI_ADDRESS + XC_PAGE_SIZE : OLD_LINUX_RSDP;
    m[1].data = p->acpi.tables;
    m[1].length = (uint32_t)p->acpi.size;
    m[1].guest_addr_out = ACPI_ADDRESS;
}

static void add_range(struct xc_dom_image *dom, struct pvh *p, uint64_t from, uint64_t to,
                      uint32_t type)
{
    if (to > from)
        p->map[dom->e820_entries++] = (struct e820entry){from, to - from, type};
}

/* After the image is known, before there is memory. */
int pvh_describe(struct xc_dom_image *dom, const struct spec *s, struct pvh *p)
{
    dom->e820 = p->map;
    dom->e820_entries = 0;
    if (s->acpi)
        add_tables(dom, s, p);
    add_range(dom, p, 0, dom->lowmem_end, E820_RAM);
    add_range(dom, p, ACPI_ADDRESS, s->acpi ? ACPI_ADDRESS + 2 * XC_PAGE_SIZE : 0, E820_ACPI);
    add_range(dom, p, (uint64_t)SPECIAL_PFN << XC_PAGE_SHIFT,
              (uint64_t)X86_HVM_END_SPECIAL_REGION << XC_PAGE_SHIFT, E820_RESERVED);
    add_range(dom, p, 4 * GIB, dom->highmem_end, E820_RAM);
    return xc_domain_set_memory_map(dom->xch, dom->guest_domid, p->map, dom->e820_entries);
}

int pvh_tell_ports(xc_interface *xch, uint32_t domid, const struct built *b)
{
    return xc_hvm_param_set(xch, domid, HVM_PARAM_STORE_EVTCHN, b->store_port) < 0 ||
                   xc_hvm_param_set(xch, domid, HVM_PARAM_CONSOLE_EVTCHN, b->console_port) < 0 ||
                   xc_hvm_param_set(xch, domid, HVM_PARAM_TIMER_MODE, NO_DELAY_FOR_MISSED_TICKS) < 0
               ? -1
               : 0;
}
