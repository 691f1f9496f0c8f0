/* What scripts/hooks/vif-bridge and vif-common.sh do, in process: see hooks.h, vif.h. */
#include "libxl/hooks/vif.h"

#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"

const unsigned char vif_our_end[6] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};

static bool is_name(const char *s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return *s && strlen(s) < IFNAMSIZ && *s != '-' && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 &&
           !s[strspn(s, allowed)];
}

static bool has_iptables(void)
{
    static const char *const dirs[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                       "/usr/bin",        "/sbin",          "/bin"};
    static const char *const tools[] = {"iptables", "ip6tables"};

    for (size_t i = 0; i < ARRAY_LEN(dirs) * ARRAY_LEN(tools); i++) {
        AUTO(freep) char *path = path_join(dirs[i / 2], tools[i % 2]);

        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* As docker makes it: what is bridged may be dropped by iptables. */
static int check_iptables(struct hook *c)
{
    AUTO(buf_clear) struct buf on = BUF_INIT;
    struct err none;

    if (read_file("/proc/sys/net/bridge/bridge-nf-call-iptables", 16, &on, &none) == 0 &&
        *buf_str(&on) == '1' && has_iptables())
        return hook_leave(c, "this host's iptables see what is bridged");
    return HOOK_DONE;
}

static int set_mtu(struct vif_hook *v)
{
    AUTO(freep) char *text = hook_param(v->c, "mtu");

    if (strlen(text) > 6 || text[strspn(text, "0123456789")])
        return hook_leave(v->c, "mtu=%s", text);
    v->mtu = (unsigned)atoi(text);
    return HOOK_DONE;
}

static int bad_name(const char *name, struct err *e)
{
    return err_set(e, ERR_BACKEND,
                   "'%s' is no name for an interface: letters, digits, . _ - and at most 15", name);
}

/* The name of old as the environment has it; a backend may be wanted under another. */
static int find_dev(struct vif_hook *v, char wanted[IFNAMSIZ], struct err *e)
{
    const char *vif = hook_arg(v->c, v->xen ? "vif" : "INTERFACE");
    const char *dev = *vif ? vif : hook_arg(v->c, v->xen ? "INTERFACE" : "vif");
    AUTO(freep) char *other = v->c->h->store ? hook_param(v->c, "vifname") : xstrdup("");

    if (!*dev)
        return err_set(e, ERR_BACKEND, "No device details in %s, exiting.",
                       value_get_str(v->c->h->env, "XENBUS_PATH", ""));
    if (!is_name(dev) || (*other && !is_name(other)))
        return bad_name(is_name(dev) ? other : dev, e);
    snprintf(v->dev, sizeof(v->dev), "%s", dev);
    snprintf(wanted, IFNAMSIZ, "%s", *other ? other : dev);
    return 0;
}

/* Under its new name from here on, in v->dev; done before, it is found there. */
static int give_name(struct vif_hook *v, const char *wanted, struct err *e)
{
    const struct link_change down = {.down = true}, name = {.name = wanted};
    struct link old, new;
    bool is_old = false, is_new = false;

    if (strcmp(v->dev, wanted) == 0)
        return 0;
    if (v->c->start && (link_get(&v->nl, v->dev, &old, &is_old, e) < 0 ||
                        (is_old && link_get(&v->nl, wanted, &new, &is_new, e) < 0)))
        return -1;
    if (is_new)
        return err_set(e, ERR_BACKEND,
                       "Cannot rename interface %s. An interface with name %s already exists.",
                       v->dev, wanted);
    if (is_old &&
        (link_set(&v->nl, old.index, &down, e) < 0 || link_set(&v->nl, old.index, &name, e) < 0))
        return err_add(e, "naming %s %s", v->dev, wanted);
    snprintf(v->dev, sizeof(v->dev), "%s", wanted);
    return 0;
}

/* Rules that it has from before go, whoever made them. */
static int do_all(struct vif_hook *v, int (*plug_in)(struct vif_hook *v, struct err *e),
                  void (*take_out)(struct vif_hook *v), struct err *e)
{
    char wanted[IFNAMSIZ];

    if (find_dev(v, wanted, e) < 0 || give_name(v, wanted, e) < 0)
        return -1;
    if (!v->c->start)
        take_out(v);
    else if (plug_in(v, e) < 0)
        return -1;
    if (rules_apply(&v->rules, v->dev, e) < 0)
        return -1;
    return v->c->start && v->xen ? hook_answer(v->c, "hotplug-status", "connected", e) : 0;
}

int vif_do(struct vif_hook *v, int (*plug_in)(struct vif_hook *v, struct err *e),
           void (*take_out)(struct vif_hook *v), struct err *e)
{
    int r = nl_open(&v->nl, NETLINK_ROUTE) < 0 ? err_sys(e, "netlink")
                                               : do_all(v, plug_in, take_out, e);

    nl_close(&v->nl);
    return r < 0 ? hook_fatal(v->c, "error", e) : HOOK_DONE;
}

int vif_read(struct vif_hook *v, struct hook *c, const char *ip)
{
    static const char *const names[] = {"type_if", "bridge", "netdev",     "ip",      "mac",
                                        "mtu",     "rate",   "filter",     "vifname", "INTERFACE",
                                        "vif",     "handle", "gatewaydev", NULL};
    bool xen = strcmp(c->action, "online") == 0 || strcmp(c->action, "offline") == 0;
    const char *type = hook_arg(c, "type_if");
    int r;

    *v = (struct vif_hook){.c = c, .xen = xen};
    if ((*type && strcmp(type, xen ? "vif" : "tap") != 0) || (!xen && c->h->store))
        return hook_leave(c, "%s with type_if=%s", c->action, type);
    if ((r = hook_check_args(c, names)) != 0 || (r = check_iptables(c)) != 0 || !c->start)
        return r;
    return (r = rules_read(c, xen, ip, &v->rules)) != 0 ? r : set_mtu(v);
}

/* ---- vif-bridge */

/* xenbr0 of old is eth0 where only that is a bridge: once network-bridge named it so. */
static int get_bridge(struct vif_hook *v, const char *name, struct link *out, struct err *e)
{
    bool is = false, xenbr = strncmp(name, "xenbr", 5) == 0;
    char other[IFNAMSIZ];

    if (is_name(name) && link_get(&v->nl, name, out, &is, e) < 0)
        return -1;
    if (is && strcmp(out->kind, "bridge") == 0)
        return 0;
    snprintf(other, sizeof(other), "eth%.11s", xenbr ? name + 5 : "");
    if (xenbr && name[5] >= '0' && name[5] <= '9') {
        if (link_get(&v->nl, other, out, &is, e) < 0)
            return -1;
        if (is && strcmp(out->kind, "bridge") == 0)
            return 0;
    }
    return err_set(e, ERR_BACKEND, "Could not find bridge device %s", name);
}

static int find_bridge(struct vif_hook *v, struct link *out, struct err *e)
{
    AUTO(freep) char *bridge = hook_param(v->c, "bridge");
    char name[IFNAMSIZ];

    if (*bridge)
        return get_bridge(v, bridge, out, e);
    if (link_default_bridge(&v->nl, name, e) < 0)
        return -1;
    if (!*name)
        return err_set(e, ERR_BACKEND, "Could not find bridge, and none was specified");
    return get_bridge(v, name, out, e);
}

/* What a backend device is before it is plugged in; never the lowest address, so that the bridge
 * keeps its own. */
static int set_up(struct vif_hook *v, const struct link *dev, const struct link *bridge,
                  struct err *e)
{
    const struct link_change down = {.down = true};
    const struct link_change port = {
        .mac = vif_our_end, .mtu = v->mtu ? v->mtu : bridge->mtu, .no_link_local = true};

    if ((dev->flags & IFF_UP) && link_set(&v->nl, dev->index, &down, e) < 0)
        return -1;
    if (link_set(&v->nl, dev->index, &port, e) < 0)
        return v->mtu ? err_add(e, "mtu %u", v->mtu) : -1;
    return link_flush(&v->nl, dev->index, e);
}

static int plug_in(struct vif_hook *v, struct err *e)
{
    struct link bridge, dev;
    struct link_change in = {.up = true};
    bool there;

    if (find_bridge(v, &bridge, e) < 0 || link_get(&v->nl, v->dev, &dev, &there, e) < 0)
        return -1;
    if (!there)
        return err_set(e, ERR_BACKEND, "Could not find interface %s", v->dev);
    if (dev.master != bridge.index) {
        if (set_up(v, &dev, &bridge, e) < 0)
            return err_add(e, "%s", v->dev);
        in.master = bridge.index;
    }
    fault_point("hook.set-up");
    if (link_set(&v->nl, dev.index, &in, e) < 0)
        return err_add(e, "%s on %s", v->dev, bridge.name);
    return 0;
}

/* What fails here is of no interest: it is gone, or in nobody's way. */
static void take_out(struct vif_hook *v)
{
    const struct link_change down = {.down = true}, leave = {.leave = true};
    struct link dev;
    struct err none;
    bool there;

    if (link_get(&v->nl, v->dev, &dev, &there, &none) == 0 && there) {
        link_set(&v->nl, dev.index, &down, &none);
        if (dev.master)
            link_set(&v->nl, dev.index, &leave, &none);
    }
}

int hook_vif_bridge(struct hook *c, struct err *e)
{
    AUTO(freep) char *ip = hook_param(c, "ip");
    struct vif_hook v;
    int r = vif_read(&v, c, ip);

    return r == HOOK_DONE ? vif_do(&v, plug_in, take_out, e) : r;
}
