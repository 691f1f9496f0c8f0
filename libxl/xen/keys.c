/* What is sent into a guest: keys, buttons and interrupts; and what xend wants kept with it. */
#include <inttypes.h>
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/xen/xen.h"

#include <xen/hvm/params.h>

int xen_sysrq(struct guest *guest, char key, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    struct node n = {.name = "control/sysrq", .text = {key}};
    xc_domaininfo_t info;

    return xguest_info(g, &info, e) < 0 ? -1 : store_put(g, &n, 1, e);
}

/* The buttons of a HVM guest's machine. -1 and errno, as libxenctrl. */
static int press(const struct xguest *g, enum trigger what, unsigned vcpu)
{
    xc_interface *xch = g->d->xch;
    uint32_t domid = g->pub.domid;

    switch (what) {
    case TRIGGER_INIT:
        return xc_domain_send_trigger(xch, domid, XEN_DOMCTL_SENDTRIGGER_INIT, vcpu);
    case TRIGGER_S3RESUME: /* as xl: it is awake */
        return xc_hvm_param_set(xch, domid, HVM_PARAM_ACPI_S_STATE, 0);
    default:
        return xc_domain_send_trigger(xch, domid, XEN_DOMCTL_SENDTRIGGER_POWER, vcpu);
    }
}

/* A PV guest has no buttons: reset is Xen's to do, and power is asked for as a shutdown is. */
int xen_trigger(struct guest *guest, enum trigger what, unsigned vcpu, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    xc_domaininfo_t info;
    int r;

    if (xguest_info(g, &info, e) < 0)
        return -1;
    if (vcpu > info.max_vcpu_id)
        return err_set(e, ERR_INVALID, "virtual CPU %u: it has 0 to %u", vcpu, info.max_vcpu_id);
    if (g->spec->type == TYPE_HVM && what != TRIGGER_NMI && what != TRIGGER_RESET)
        return press(g, what, vcpu) < 0 ? err_xen(e, NULL) : 0;
    switch (what) {
    case TRIGGER_NMI:
        r = xc_domain_send_trigger(g->d->xch, guest->domid, XEN_DOMCTL_SENDTRIGGER_NMI, vcpu);
        break;
    case TRIGGER_RESET:
        r = xc_domain_shutdown(g->d->xch, guest->domid, SHUTDOWN_reboot);
        break;
    case TRIGGER_POWER:
        return xen_stop(guest, STOP_POWEROFF, e);
    default:
        return err_set(e, ERR_UNSUPPORTED, "a PV guest of Xen has no %s trigger",
                       trigger_name(what));
    }
    return r < 0 ? err_xen(e, NULL) : 0;
}

/* The hypervisor answers in its log. */
int xen_debug_keys(struct driver *driver, const char *keys, struct err *e)
{
    if (xc_send_debug_keys(xen_of(driver)->xch, keys) == 0)
        return 0;
    err_xen(e, NULL);
    return err_add(e, "debug keys '%.40s'", keys);
}

/* Its name in xenstore follows. */
int xen_keep_spec(struct guest *guest, const struct spec *s, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    const struct spec *before = g->spec;
    struct node names[2] = {{.name = "name"}};

    snprintf(names[1].name, sizeof(names[1].name), "/vm/%s/name", guest->uuid);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        snprintf(names[i].text, sizeof(names[i].text), "%s", s->name);
    fault_point("xen.spec-keeping");
    if (strcmp(before->name, s->name) != 0 && store_put(g, names, ARRAY_LEN(names), e) < 0)
        return -1;
    return xguest_set_spec(g, spec_copy(s), e);
}
