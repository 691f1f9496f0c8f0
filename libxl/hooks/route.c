/*
 * What scripts/hooks/vif-route and vif-nat do, in process: see hooks.h, vif.h. The device is one
 * end of a cable; the host has an address of its own there, and a route to each of the guest's.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/buf.h"
#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/vec.h"
#include "libxl/hooks/vif.h"

#define ROUTER_FAR 127 /* from the guest's address to its router's, in vif-nat */

struct guest_address {
    struct address a;
    const char *text;
};

struct route_hook {
    struct vif_hook v; /* first: vif_do hands it on */
    bool nat;
    char *words; /* the addresses, without their prefixes */
    struct VEC(struct guest_address) to;
    char netdev[IFNAMSIZ];
    int netdev_index; /* 0: there is none */
};

static void close_route(struct route_hook *r)
{
    free(r->words);
    vec_clear(&r->to);
}

/* ---- reading */

/* A prefix is a route to many; only vif-nat does not mean it. */
static int read_addresses(struct route_hook *r, const char *ip)
{
    char *rest, *word;

    r->words = xstrdup(ip);
    for (rest = r->words; (word = strsep(&rest, " "));) {
        struct guest_address g = {.text = word};

        if (!*word)
            continue;
        if (r->nat)
            word[strcspn(word, "/")] = '\0';
        if (!address_parse(word, &g.a) || (r->nat && g.a.family != AF_INET))
            return hook_leave(r->v.c, "ip=%s", ip);
        vec_push(&r->to, g);
    }
    return HOOK_DONE;
}

/* A small number of the configuration, or -1. */
static int number(struct hook *c, const char *name)
{
    AUTO(freep) char *text = hook_param(c, name);

    return *text && strlen(text) <= 5 && !text[strspn(text, "0123456789")] ? atoi(text) : -1;
}

/* A network of its own for each. */
static char *default_ip(struct hook *c)
{
    int domid = number(c, c->h->store ? "frontend-id" : "frontend_id");
    int handle = number(c, "handle");

    if (domid < 0 || handle < 0)
        return NULL;
    return xasprintf("10.%d.%d.%d", domid / 256, domid % 256, handle + 1);
}

/* gatewaydev= of the configuration, netdev= of the arguments, else that of the default route. */
static int find_netdev(struct route_hook *r, struct err *e)
{
    AUTO(freep) char *named = hook_param(r->v.c, "gatewaydev");
    const char *name = *named ? named : hook_arg(r->v.c, "netdev");
    struct link l;
    bool there;

    if (!*name) {
        if (route_default(&r->v.nl, &r->netdev_index, e) < 0)
            return -1;
        if (r->netdev_index && !if_indextoname((unsigned)r->netdev_index, r->netdev))
            r->netdev_index = 0;
        return 0;
    }
    snprintf(r->netdev, sizeof(r->netdev), "%.15s", name);
    if (strlen(name) >= IFNAMSIZ)
        return 0;
    if (link_get(&r->v.nl, name, &l, &there, e) < 0)
        return -1;
    r->netdev_index = there ? l.index : 0;
    return 0;
}

/* ---- plugging in */

static int switch_on(const char *family, const char *dev, const char *what, struct err *e)
{
    AUTO(freep) char *path = xasprintf("/proc/sys/net/%s/conf/%s/%s", family, dev, what);
    AUTO(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 && strcmp(family, "ipv6") == 0) /* a host without */
        return 0;
    if (fd < 0 || write(fd, "1", 1) < 0)
        return err_sys(e, "%s", path);
    return 0;
}

/* Up, with the address that our end of a cable has. */
static int set_up(struct vif_hook *v, const struct link *dev, struct err *e)
{
    const struct link_change down = {.down = true};
    bool ours = memcmp(dev->mac, vif_our_end, sizeof(vif_our_end)) == 0;
    const struct link_change up = {.up = true, .mac = ours ? NULL : vif_our_end, .mtu = v->mtu};

    if (!ours && (dev->flags & IFF_UP) && link_set(&v->nl, dev->index, &down, e) < 0)
        return err_add(e, "%s", v->dev);
    if (link_set(&v->nl, dev->index, &up, e) < 0)
        return err_add(e, "%s", v->dev);
    return switch_on("ipv4", v->dev, "proxy_arp", e) < 0
               ? -1
               : switch_on("ipv6", v->dev, "proxy_ndp", e);
}

/* Whom the guest has for its router: the host's own address, or one beside the guest's. */
static int find_router(struct route_hook *r, const struct guest_address *g, struct address *out,
                       struct err *e)
{
    bool there = false;

    if (r->nat) {
        *out = g->a;
        out->bytes[3] = (unsigned char)(out->bytes[3] + ROUTER_FAR);
        return 0;
    }
    if (r->netdev_index && address_of(&r->v.nl, r->netdev_index, g->a.family, out, &there, e) < 0)
        return err_add(e, "%s", r->netdev);
    if (!there)
        return err_set(e, ERR_BACKEND, "%s has no address to route %s from", r->netdev, g->text);
    return 0;
}

static int add_route(struct route_hook *r, int dev, const struct guest_address *g, struct err *e)
{
    struct nl *n = &r->v.nl;
    struct address router;

    if (find_router(r, g, &router, e) < 0)
        return -1;
    if (address_put(n, dev, &router, e) < 0 || route_put(n, dev, &g->a, &router, e) < 0 ||
        (!r->nat && g->a.family == AF_INET6 && proxy_put(n, r->netdev_index, &g->a, e) < 0))
        return err_add(e, "%s, %s", r->v.dev, g->text);
    return 0;
}

static int check_netdev(struct route_hook *r, struct err *e)
{
    if (!r->to.len)
        return err_set(e, ERR_BACKEND, "vif-route needs ip=: the addresses of the guest");
    if (find_netdev(r, e) < 0)
        return -1;
    if (!*r->netdev)
        return err_set(e, ERR_BACKEND,
                       "There is no default route; say which card it is: netdev=eth0");
    return 0;
}

static int plug_in(struct vif_hook *v, struct err *e)
{
    struct route_hook *r = (struct route_hook *)v;
    struct link dev;
    bool there;

    if ((!r->nat && check_netdev(r, e) < 0) || link_get(&v->nl, v->dev, &dev, &there, e) < 0)
        return -1;
    if (!there)
        return err_set(e, ERR_BACKEND, "Could not find interface %s", v->dev);
    if (set_up(v, &dev, e) < 0)
        return -1;
    fault_point("hook.set-up");
    for (size_t i = 0; i < r->to.len; i++)
        if (add_route(r, dev.index, &r->to.ptr[i], e) < 0)
            return -1;
    return 0;
}

/* ---- What fails here is of no interest: it is gone, or in nobody's way. Routes go with it. */

static void take_out(struct vif_hook *v)
{
    const struct link_change down = {.down = true};
    struct route_hook *r = (struct route_hook *)v;
    struct link dev;
    struct err none;
    bool there;

    if (!r->nat && find_netdev(r, &none) == 0 && r->netdev_index)
        for (size_t i = 0; i < r->to.len; i++)
            if (r->to.ptr[i].a.family == AF_INET6)
                proxy_drop(&v->nl, r->netdev_index, &r->to.ptr[i].a, &none);
    if (link_get(&v->nl, v->dev, &dev, &there, &none) == 0 && there)
        link_set(&v->nl, dev.index, &down, &none);
}

static int run(struct hook *c, bool nat, struct err *e)
{
    AUTO(close_route) struct route_hook r = {.v = {.c = c}, .nat = nat};
    AUTO(buf_clear) struct buf plain = BUF_INIT;
    char *ip = hook_param(c, "ip");
    int done;

    if (nat && !*ip) {
        free(ip);
        ip = default_ip(c);
    }
    done = ip ? read_addresses(&r, ip) : hook_leave(c, "it has no number");
    free(ip);
    if (done != HOOK_DONE)
        return done;
    for (size_t i = 0; i < r.to.len; i++)
        buf_addf(&plain, "%s ", r.to.ptr[i].text);
    done = vif_read(&r.v, c, buf_str(&plain));
    return done == HOOK_DONE ? vif_do(&r.v, plug_in, take_out, e) : done;
}

int hook_vif_route(struct hook *c, struct err *e)
{
    return run(c, false, e);
}

int hook_vif_nat(struct hook *c, struct err *e)
{
    return run(c, true, e);
}
