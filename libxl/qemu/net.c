/* How a guest's interfaces get onto the host: see net.h. */
#include "libxl/qemu/net.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/parallel.h"
#include "libxl/hotplug.h"
#include "libxl/qemu/qemu.h"

#define SCRIPT_DEFAULT "vif-bridge"
#define UNPLUG_TIMEOUT_MS 10000 /* a domain's end waits for it */

char *vif_host_side(const struct vif *v)
{
    const struct {
        const char *key, *value;
    } all[] = {{"network", v->network}, {"bridge", v->bridge},   {"script", v->script},
               {"vifname", v->vifname}, {"ip", v->ip},           {"rate", v->rate},
               {"filter", v->filter},   {"backend", v->backend}, {"gatewaydev", v->gatewaydev}};

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i].value)
            return xasprintf("%s=%s", all[i].key, all[i].value);
    return v->mtu ? xasprintf("mtu=%lld", (long long)v->mtu) : NULL;
}

void net_clear(struct qnet *n)
{
    free(n->script);
    value_free(n->args);
    value_free(n->env);
    memset(n, 0, sizeof(*n));
}

void nets_clear(struct qnets *v)
{
    for (size_t i = 0; i < v->len; i++)
        net_clear(&v->ptr[i]);
    vec_clear(v);
}

/* Domain 0 is this host, by whatever name; there is no other here that could serve it. */
static int check_backend(const struct vif *v, int index, struct err *e)
{
    if (!v->backend || strcmp(v->backend, "0") == 0 || strcmp(v->backend, "Domain-0") == 0)
        return 0;
    return err_set(e, ERR_UNSUPPORTED,
                   "vif %d: backend=%s: the qemu driver has no driver domains: leave it away",
                   index, v->backend);
}

static int check_root(const char *host_side, int index, struct err *e)
{
    if (geteuid() == 0)
        return 0;
    err_set(e, ERR_UNSUPPORTED,
            "vif %d: %s: only a xend that runs as root can plug it into the host's network", index,
            host_side);
    return err_hint(e, "Write vif = [ 'type=user' ]: the guest then reaches the network through "
                       "the host by NAT.");
}

/* The script's name, from "NAME WORD..." of the configuration; further words become arguments. */
static void set_script(struct qnet *n, const struct qemu *d, const char *text)
{
    AUTO(freep) char *words = xstrdup(text);
    char *rest = words, *word = strsep(&rest, " ");

    n->script = hotplug_path(d->scripts_dir, word);
    n->args = value_list();
    value_add_take(n->args, value_str("type_if=tap"));
    while ((word = strsep(&rest, " ")))
        if (*word)
            value_add_take(n->args, value_str(word));
}

/*
 * One that asks for nothing goes where vif-bridge puts it when there is such a place; else, and for
 * all who are not root, QEMU's own network it is: that works everywhere.
 */
static bool wants_tap(const struct qemu *d, const struct vif *v, const char *host_side)
{
    AUTO(freep) char *script = hotplug_path(d->scripts_dir, SCRIPT_DEFAULT);
    char bridge[IFNAMSIZ];

    if (v->type && strcmp(v->type, "user") == 0)
        return false;
    if (host_side)
        return true;
    if (geteuid() != 0)
        return false;
    if (strcmp(d->vif_script, SCRIPT_DEFAULT) != 0)
        return true;
    return bridge_default(bridge) && access(script, X_OK) == 0;
}

/* Where xenstore would have it. Scripts may look at more than ours do. */
static struct value *script_env(const struct qguest *g, const struct vif *v, int index,
                                const struct qnet *n)
{
    struct value *env = value_map();
    AUTO(freep) char *named = vif_bridge(v);
    AUTO(freep) char *path = xasprintf("backend/vif/%u/%d", g->pub.domid, index);
    AUTO(freep) char *vm = xasprintf("/vm/%s", g->pub.uuid);
    char bridge[IFNAMSIZ], rate[48];
    uint64_t bytes, usec;

    value_set_str(env, "HOTPLUG_STORE", "env");
    value_set_str(env, "XENBUS_PATH", path);
    value_set_str(env, "XENBUS_TYPE", "vif");
    value_set_str(env, "XENBUS_BASE_PATH", "backend");
    value_set_str(env, "type_if", "tap");
    value_set_str(env, "vif", n->dev);
    value_set_str(env, "INTERFACE", n->dev);
    value_set_str(env, "script", n->script);
    value_set_str(env, "domain", g->spec->name);
    value_set_str(env, "name", g->spec->name);
    value_set_str(env, "uuid", g->pub.uuid);
    value_set_str(env, "vm", vm);
    value_set_int(env, "frontend_id", g->pub.domid);
    value_set_int(env, "handle", index);
    value_set_str(env, "mac", v->mac);
    if (named || (!v->script && bridge_default(bridge)))
        value_set_str(env, "bridge", named ? named : bridge);
    value_set_str(env, "network", v->network);
    value_set_str(env, "ip", v->ip);
    value_set_str(env, "vifname", v->vifname);
    value_set_str(env, "model", v->model);
    value_set_str(env, "gatewaydev", v->gatewaydev);
    value_set_str(env, "filter", v->filter);
    if (v->mtu)
        value_set_int(env, "mtu", v->mtu);
    if (vif_rate(v, &bytes, &usec)) {
        snprintf(rate, sizeof(rate), "%llu,%llu", (unsigned long long)bytes,
                 (unsigned long long)usec);
        value_set_str(env, "rate", rate);
    }
    return env;
}

/* A name stands in rules and scripts, too: the kernel would allow more. */
static int set_dev(struct qnet *n, const struct qguest *g, const struct vif *v, int index,
                   struct err *e)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    if (!v->vifname) {
        snprintf(n->dev, sizeof(n->dev), "tap%u.%d", g->pub.domid, index);
        return 0;
    }
    if (!*v->vifname || strlen(v->vifname) >= sizeof(n->dev) || v->vifname[0] == '-' ||
        v->vifname[0] == '.' || v->vifname[strspn(v->vifname, allowed)])
        return err_set(e, ERR_INVALID,
                       "vif %d: vifname=%s: not a name for an interface: up to 15 of letters, "
                       "digits, '.', '_' and '-'",
                       index, v->vifname);
    snprintf(n->dev, sizeof(n->dev), "%s", v->vifname);
    return 0;
}

int net_plan(const struct qguest *g, const struct vif *v, int index, enum net_kind kind,
             struct qnet *n, struct err *e)
{
    AUTO(freep) char *host_side = vif_host_side(v);

    memset(n, 0, sizeof(*n));
    snprintf(n->mac, sizeof(n->mac), "%s", v->mac ? v->mac : "");
    n->tap = kind == NET_TAP || (kind == NET_ANY && wants_tap(g->d, v, host_side));
    if (kind == NET_USER && host_side)
        return err_set(e, ERR_UNSUPPORTED, "vif %d: %s: saved with user-mode network", index,
                       host_side);
    if (!n->tap)
        return 0;
    if (check_backend(v, index, e) < 0 ||
        check_root(host_side ? host_side : "saved on a bridge", index, e) < 0 ||
        set_dev(n, g, v, index, e) < 0)
        return -1;
    set_script(n, g->d, v->script ? v->script : v->network ? SCRIPT_DEFAULT : g->d->vif_script);
    n->env = script_env(g, v, index, n);
    return 0;
}

int net_open(struct qnet *n, struct err *e)
{
    int fd = tap_open(n->dev, e);

    if (fd >= 0)
        n->index = if_nametoindex(n->dev);
    return fd;
}

int net_open_vhost(void)
{
    return open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
}

/* What a saved guest had for its index-th interface: user-mode where it does not say. */
static enum net_kind saved_kind(const struct value *saved, size_t index)
{
    if (!saved)
        return NET_ANY;
    return index < value_len(saved) && strcmp(value_as_str(value_at(saved, index)), "tap") == 0
               ? NET_TAP
               : NET_USER;
}

static int open_one(struct qguest *g, const struct vif *v, enum net_kind kind, bool vhost,
                    struct launch_net *out, struct err *e)
{
    int index = (int)g->nets.len;
    struct qnet n;

    if (net_plan(g, v, index, kind, &n, e) < 0) {
        net_clear(&n);
        return -1;
    }
    *out = (struct launch_net){-1, -1};
    vec_push(&g->nets, n);
    if (!n.tap)
        return 0;
    out->fd = net_open(&g->nets.ptr[g->nets.len - 1], e);
    if (out->fd < 0)
        return err_add(e, "vif %d", index);
    if (vhost && vif_is_virtio(v))
        out->vhost_fd = net_open_vhost();
    return 0;
}

int nets_open(struct qguest *g, const struct value *saved, bool vhost, struct launch_net *out,
              struct err *e)
{
    const struct devices *devices = &g->spec->devices;

    for (size_t i = 0; i < devices->len; i++) {
        size_t index = g->nets.len;

        if (devices->ptr[i]->class != DEVICE_VIF)
            continue;
        if (index == DOMAIN_DEVICES_MAX)
            return err_set(e, ERR_TOO_LARGE, "more than %d interfaces", DOMAIN_DEVICES_MAX);
        if (open_one(g, &devices->ptr[i]->vif, saved_kind(saved, index), vhost, &out[index], e) < 0)
            return -1;
    }
    return 0;
}

static int run_script(const struct qnet *n, const char *action, int timeout_ms, struct err *e)
{
    struct args VEC(const char *) args = {0};
    int r;

    vec_push(&args, action);
    for (size_t i = 0; i < value_len(n->args); i++)
        vec_push(&args, value_as_str(value_at(n->args, i)));
    vec_push(&args, NULL);
    const struct hotplug h = {
        .path = n->script, .args = args.ptr, .env = n->env, .timeout_ms = timeout_ms};
    r = hotplug_run(&h, NULL, e);
    vec_clear(&args);
    return r;
}

int net_plug(const struct qnet *n, struct err *e)
{
    if (!n->tap)
        return 0;
    fault_point("qemu.plugging");
    if (run_script(n, "add", 0, e) < 0) {
        if (e->code == ERR_NOT_FOUND && strncmp(n->script, "/etc/xen/scripts/", 17) == 0)
            err_hint(e, "make install puts xend's scripts there.");
        return err_add(e, "vif %s", n->dev);
    }
    fault_point("qemu.plugged");
    log_info("domain=%s: vif %s: %s add: done", value_get_str(n->env, "domain", "?"), n->dev,
             n->script);
    return 0;
}

static int plug_one(void *arg, size_t i, struct err *e)
{
    return net_plug(&((struct qnets *)arg)->ptr[i], e);
}

int nets_plug(struct qguest *g, struct job *j, struct err *e)
{
    g->net_plugged = true;
    return parallel(g->nets.len, plug_one, &g->nets, e) < 0 ? -1 : job_check(j, e);
}

void net_unplug(const struct qnet *n, const char *domain)
{
    unsigned now = n->tap ? if_nametoindex(n->dev) : 0;
    struct err e;

    if (now && now != n->index)
        log_warn("domain=%s: vif %s: left alone: another interface has this name", domain, n->dev);
    else if (n->tap && run_script(n, "remove", UNPLUG_TIMEOUT_MS, &e) < 0)
        log_warn("domain=%s: vif %s: %s", domain, n->dev, e.msg);
}

struct unplugging {
    const struct qnets *nets;
    const char *domain;
};

static int unplug_one(void *arg, size_t i, struct err *e)
{
    const struct unplugging *u = arg;

    (void)e;
    net_unplug(&u->nets->ptr[i], u->domain);
    return 0;
}

void nets_unplug(const struct qnets *v, const char *domain)
{
    struct err none;

    parallel(v->len, unplug_one, &(struct unplugging){v, domain}, &none);
}

struct value *nets_to_value(const struct qnets *v)
{
    struct value *list = value_list();

    for (size_t i = 0; i < v->len; i++) {
        const struct qnet *n = &v->ptr[i];
        struct value *map = value_map();

        value_set_str(map, "mac", n->mac);
        value_set_str(map, "kind", n->tap ? "tap" : "user");
        if (n->tap) {
            value_set_str(map, "dev", n->dev);
            value_set_int(map, "index", n->index);
            value_set_str(map, "script", n->script);
            value_set_take(map, "args", value_copy(n->args));
            value_set_take(map, "env", value_copy(n->env));
        }
        value_add_take(list, map);
    }
    return list;
}

void nets_from_value(const struct value *list, struct qnets *out)
{
    for (size_t i = 0; i < value_len(list); i++) {
        const struct value *map = value_at(list, i), *args = value_get(map, "args");
        const struct value *env = value_get(map, "env");
        const char *script = value_get_str(map, "script", NULL);
        struct qnet n = {0};

        snprintf(n.mac, sizeof(n.mac), "%s", value_get_str(map, "mac", ""));
        n.tap = script && args && env && strcmp(value_get_str(map, "kind", ""), "tap") == 0;
        if (n.tap) {
            snprintf(n.dev, sizeof(n.dev), "%s", value_get_str(map, "dev", ""));
            n.index = (unsigned)value_get_int(map, "index", 0);
            n.script = xstrdup(script);
            n.args = value_copy(args);
            n.env = value_copy(env);
        }
        vec_push(out, n);
    }
}
