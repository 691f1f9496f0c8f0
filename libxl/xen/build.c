/*
 * The domain itself, as hypercalls: an empty one, then memory, kernel and start of day by
 * libxenguest. PV and PVH guests. Each build has a handle of its own, whose logger catches
 * what libxenguest has to say. Called by create.c, which undoes what fails here.
 */
#include "libxl/xen/image.h"
#include "libxl/xen/hvm.h"
#include "libxl/xen/pvh.h"

#define EVTCHN_PORT_MAX 1023
#define DOM0 0

int build_domain(struct xguest *g, const xc_physinfo_t *host, struct err *e)
{
    const struct spec *s = g->spec;
    xc_interface *xch = g->d->xch;
    bool v2 = host->capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2;
    struct xen_domctl_createdomain c = {.max_vcpus = (uint32_t)spec_maxvcpus(s),
                                        .max_evtchn_port = EVTCHN_PORT_MAX,
                                        .max_grant_frames = -1, /* Xen's defaults */
                                        .max_maptrack_frames = -1,
                                        .grant_opts = XEN_DOMCTL_GRANT_version(v2 ? 2 : 1)};
    bool pv = s->type == TYPE_PV;
    uint64_t maxmem_kib = (uint64_t)spec_maxmem(s) * 1024 + MAXMEM_SLACK_KIB;
    uint32_t domid = 0; /* any */

    handle_from_uuid(c.handle, g->pub.uuid);
    if (!pv) {
        c.flags = XEN_DOMCTL_CDF_hvm | (s->hap ? XEN_DOMCTL_CDF_hap : 0);
        c.arch.emulation_flags = XEN_X86_EMU_LAPIC;
    }
    if (s->type == TYPE_HVM)
        hvm_flags(s, &c);
    if (xc_domain_create(xch, &domid, &c) < 0)
        return err_xen(e, NULL);
    g->pub.domid = domid;
    if (xc_domain_max_vcpus(xch, domid, c.max_vcpus) < 0 ||
        xc_domain_setmaxmem(xch, domid, maxmem_kib) < 0 ||
        (pv && xc_domain_set_memmap_limit(xch, domid, (unsigned long)spec_maxmem(s) * 1024) < 0) ||
        xc_cpuid_apply_policy(xch, domid, false, NULL, 0, s->pae, false,
                              s->type == TYPE_HVM && s->nestedhvm, NULL, NULL) < 0)
        return err_xen(e, NULL);
    if (s->tsc_mode && xc_domain_set_tsc_info(xch, domid, (uint32_t)s->tsc_mode, 0, 0, 0) < 0)
        return err_xen(e, NULL);
    if (!pv && pvh_prepare(g, e) < 0)
        return -1;
    return s->type == TYPE_HVM ? hvm_prepare(g, e) : 0;
}

/* Two event channels that the guest is born with: to xenstored and to xenconsoled, in dom0. */
int make_ports(xc_interface *xch, uint32_t domid, struct built *b)
{
    int store = xc_evtchn_alloc_unbound(xch, domid, DOM0);
    int console = store < 0 ? -1 : xc_evtchn_alloc_unbound(xch, domid, DOM0);

    b->store_port = (unsigned)store;
    b->console_port = (unsigned)console;
    return console < 0 ? -1 : 0;
}

/* The steps in the order that libxenguest wants; each says -1 and logs why. */
static int build_steps(struct xc_dom_image *dom, const struct xguest *g, const struct boot *boot,
                       struct pvh *pvh, struct hvm *hvm)
{
    const struct spec *s = g->spec;
    /* what is over is populated on demand */
    int64_t mib = s->type == TYPE_PV ? s->memory : spec_maxmem(s) - (hvm ? hvm_video_mib(s) : 0);

    if (xc_dom_kernel_max_size(dom, KERNEL_BYTES_MAX) ||
        xc_dom_module_max_size(dom, RAMDISK_BYTES_MAX) ||
        (hvm ? xc_dom_kernel_file(dom, hvm->loader)
             : xc_dom_kernel_mem(dom, boot->kernel.at, boot->kernel.size)) ||
        (boot->ramdisk.at && xc_dom_module_mem(dom, boot->ramdisk.at, boot->ramdisk.size, NULL)))
        return -1;
    if (xc_dom_boot_xen_init(dom, dom->xch, g->pub.domid) || xc_dom_parse_image(dom) ||
        (pvh && pvh_describe(dom, s, pvh) < 0) || (hvm && hvm_layout(dom, s, hvm) < 0) ||
        xc_dom_mem_init(dom, (unsigned)mib) || xc_dom_boot_mem_init(dom))
        return -1;
    return xc_dom_build_image(dom) || xc_dom_boot_image(dom) || xc_dom_gnttab_init(dom) ? -1 : 0;
}

static int build(xc_interface *xch, struct xguest *g, const struct boot *boot, struct built *b,
                 const char *cmdline, struct hvm *hvm)
{
    bool is_pvh = g->spec->type == TYPE_PVH;
    struct xc_dom_image *dom = xc_dom_allocate(xch, hvm ? NULL : cmdline,
                                               g->spec->type == TYPE_PV ? g->spec->features : NULL);
    struct pvh pvh;
    int r;

    if (!dom)
        return -1;
    dom->container_type = XC_DOM_PV_CONTAINER;
    if (is_pvh)
        pvh_layout(dom, g->spec);
    dom->claim_enabled = 1; /* too little memory is found out before any is taken */
    dom->max_vcpus = (unsigned)spec_maxvcpus(g->spec);
    dom->xenstore_evtchn = b->store_port;
    dom->console_evtchn = b->console_port;
    dom->xenstore_domid = dom->console_domid = DOM0;
    if (hvm)
        dom->container_type = XC_DOM_HVM_CONTAINER;
    r = build_steps(dom, g, boot, is_pvh ? &pvh : NULL, hvm);
    if (r == 0 && is_pvh)
        r = pvh_tell_ports(xch, g->pub.domid, b);
    if (r == 0 && hvm)
        r = hvm_finish(xch, g->spec, b, g->pub.domid);
    if (r == 0) {
        b->store_mfn = xc_dom_p2m(dom, dom->xenstore_pfn);
        b->console_mfn = xc_dom_p2m(dom, dom->console_pfn);
    }
    xc_dom_release(dom);
    return r;
}

int build_image(struct xguest *g, const struct boot *boot, struct built *b, struct err *e)
{
    AUTO(freep) char *cmdline = boot->cmdline ? xstrdup(boot->cmdline) : spec_cmdline(g->spec);
    AUTO(hvm_clear) struct hvm hvm = {0};
    bool is_hvm = g->spec->type == TYPE_HVM;
    struct xlog log;
    xc_interface *xch;
    int r;

    if (is_hvm && hvm_firmware(g->spec, &hvm, e) < 0)
        return -1;
    xlog_init(&log);
    xch = xc_interface_open(&log.vtable, NULL, 0);
    r = !xch || make_ports(xch, g->pub.domid, b) < 0
            ? -1
            : build(xch, g, boot, b, cmdline, is_hvm ? &hvm : NULL);
    if (r < 0) {
        err_xen(e, &log);
        err_add(e, "%s",
                is_hvm                ? hvm.loader
                : g->spec->bootloader ? g->spec->bootloader
                                      : g->spec->kernel);
    }
    if (xch)
        xc_interface_close(xch);
    return r;
}
