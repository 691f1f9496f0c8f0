/*
 * What a HVM guest has that others have not: firmware (Xen's hvmloader, which brings SeaBIOS up and
 * describes the machine to it), a hole in its memory for devices, and parameters of the timers and
 * interfaces that Xen itself emulates. As in xl, where nothing else is said. Called by build.c.
 */
#define XC_WANT_COMPAT_MAP_FOREIGN_API /* one page is all that there is to map */
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/xen/dm.h"
#include "libxl/xen/hvm.h"

#include <xen/hvm/hvm_info_table.h>
#include <xen/hvm/params.h>

#define GIB (1ULL << 30)
#define MMIO_START 0xf0000000ULL /* where QEMU's machine has its devices, too */
#define VGA_HOLE_PAGES 0x20      /* 0xa0000 to 0xbffff */
#define BIOS_BYTES_MAX (16 << 20)

/* Xen's version is in the path: the one of the tools that are in use comes first. */
static const char *const loaders[] = {"/usr/lib/xen/boot/hvmloader",
                                      "/usr/lib/xen-4.17/boot/hvmloader",
                                      "/usr/libexec/xen/boot/hvmloader", NULL};
static const char *const bioses[] = {"/usr/share/seabios/bios-256k.bin",
                                     "/usr/lib/xen/boot/seabios.bin",
                                     "/usr/libexec/xen/boot/seabios.bin", NULL};

void hvm_clear(struct hvm *h)
{
    free(h->loader);
    buf_clear(&h->bios);
}

static const char *first_of(const char *const *paths)
{
    while (*paths && access(*paths, R_OK) < 0)
        paths++;
    return *paths;
}

/* loader=, or xm's kernel=, with a path: the loader itself; their bare name is the usual one. */
static const char *wanted_loader(const struct spec *s)
{
    if (s->loader && *s->loader == '/')
        return s->loader;
    return s->kernel && *s->kernel == '/' && !dm_boots_kernel(s) ? s->kernel : NULL;
}

int hvm_firmware(const struct spec *s, struct hvm *h, struct err *e)
{
    const char *wanted = wanted_loader(s), *loader = wanted ? wanted : first_of(loaders);
    const char *own = value_get_str(s->other, "bios_path_override", NULL);
    const char *bios = own ? own : first_of(bioses);

    if (!loader || access(loader, R_OK) < 0) {
        err_set(e, ERR_NOT_FOUND, "%s: no such firmware loader", loader ? loader : loaders[0]);
        return err_hint(e, "It is in Xen's tools (Debian: apt-get install xen-utils-4.17).");
    }
    if (!bios) {
        err_set(e, ERR_NOT_FOUND, "%s: no such BIOS", bioses[0]);
        return err_hint(e, "Install SeaBIOS (Debian: apt-get install seabios).");
    }
    h->loader = xstrdup(loader);
    return read_file(bios, BIOS_BYTES_MAX, &h->bios, e) < 0 ? err_add(e, "BIOS") : 0;
}

int64_t hvm_video_mib(const struct spec *s)
{
    struct dm_card card;

    return dm_card_of(s, &card) ? card.mib : 0;
}

void hvm_flags(const struct spec *s, struct xen_domctl_createdomain *c)
{
    if (s->nestedhvm)
        c->flags |= XEN_DOMCTL_CDF_nested_virt;
    c->arch.emulation_flags = XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI;
}

/* xl's choice for `viridian = 1`. */
static uint64_t viridian_mask(const struct spec *s)
{
    return s->viridian
               ? HVMPV_base_freq | HVMPV_time_ref_count | HVMPV_apic_assist | HVMPV_crash_ctl
               : 0;
}

/* What its clock differs from UTC. */
static int32_t clock_offset(const struct spec *s)
{
    time_t now = time(NULL);
    struct tm local = {0};

    if (s->localtime)
        localtime_r(&now, &local);
    return (int32_t)(s->rtc_timeoffset + local.tm_gmtoff);
}

int hvm_prepare(struct xguest *g, struct err *e)
{
    const struct spec *s = g->spec;
    const struct {
        uint32_t param;
        uint64_t value;
    } params[] = {
        {HVM_PARAM_HPET_ENABLED, value_get_bool(s->other, "hpet", true)},
        {HVM_PARAM_VPT_ALIGN, value_get_bool(s->other, "vpt_align", true)},
        {HVM_PARAM_TIMER_MODE, (uint64_t)value_get_int(s->other, "timer_mode", 1)},
        {HVM_PARAM_VIRIDIAN, viridian_mask(s)},
    };
    int32_t offset = clock_offset(s);

    for (size_t i = 0; i < ARRAY_LEN(params); i++)
        if ((params[i].param != HVM_PARAM_VIRIDIAN || params[i].value) &&
            xc_hvm_param_set(g->d->xch, g->pub.domid, params[i].param, params[i].value) < 0)
            return err_xen(e, NULL);
    if (offset && xc_domain_set_time_offset(g->d->xch, g->pub.domid, offset) < 0)
        return err_xen(e, NULL);
    return 0;
}

/* The hole ends at 4 GiB; what of the memory would be in it goes on above. */
int hvm_layout(struct xc_dom_image *dom, const struct spec *s, struct hvm *h)
{
    int64_t video = hvm_video_mib(s);
    uint64_t bytes = (uint64_t)(spec_maxmem(s) - video) << 20;
    struct e820entry map[2];

    dom->container_type = XC_DOM_HVM_CONTAINER;
    dom->device_model = true;
    dom->target_pages = (xen_pfn_t)(s->memory - video) << (20 - XC_PAGE_SHIFT);
    dom->mmio_start = MMIO_START;
    dom->mmio_size = 4 * GIB - MMIO_START;
    dom->vga_hole_size = VGA_HOLE_PAGES;
    dom->lowmem_end = bytes < MMIO_START ? bytes : MMIO_START;
    dom->highmem_end = bytes < MMIO_START ? 0 : 4 * GIB + bytes - MMIO_START;
    dom->system_firmware_module.data = (uint8_t *)h->bios.ptr;
    dom->system_firmware_module.length = (uint32_t)h->bios.len;
    map[0] = (struct e820entry){0, dom->lowmem_end, E820_RAM};
    map[1] = (struct e820entry){4 * GIB, dom->highmem_end - 4 * GIB, E820_RAM};
    return xc_domain_set_memory_map(dom->xch, dom->guest_domid, map, dom->highmem_end ? 2 : 1);
}

/* What libxenguest leaves open in the table that hvmloader reads. */
static void fill_table(struct hvm_info_table *t, const struct spec *s)
{
    uint8_t sum = 0;

    t->apic_mode = s->apic;
    t->nr_vcpus = (uint32_t)spec_maxvcpus(s);
    memset(t->vcpu_online, 0, sizeof(t->vcpu_online));
    for (int64_t i = 0; i < s->vcpus; i++)
        t->vcpu_online[i / 8] |= (uint8_t)(1 << i % 8);
    for (uint32_t i = 0; i < t->length; i++)
        sum += ((const uint8_t *)t)[i];
    t->checksum -= sum;
}

int hvm_finish(xc_interface *xch, const struct spec *s, const struct built *b, uint32_t domid)
{
    uint8_t *page =
        xc_map_foreign_range(xch, domid, XC_PAGE_SIZE, PROT_READ | PROT_WRITE, HVM_INFO_PFN);

    if (!page)
        return -1;
    fill_table((struct hvm_info_table *)(page + HVM_INFO_OFFSET), s);
    munmap(page, XC_PAGE_SIZE);
    return xc_hvm_param_set(xch, domid, HVM_PARAM_STORE_EVTCHN, b->store_port) < 0 ||
                   xc_hvm_param_set(xch, domid, HVM_PARAM_CONSOLE_EVTCHN, b->console_port) < 0
               ? -1
               : 0;
}
