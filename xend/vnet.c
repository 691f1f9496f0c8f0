/* Virtual networks: see vnet.h. */
#include "xend/vnet.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/fault.h"
#include "libxl/base/fsops.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/hotplug.h"
#include "xend/xend.h"

#define NETWORKS_MAX 200 /* of /24 below 10.77.0.0/16, where those without cidr= go */
#define RECORD_BYTES_MAX 4096

char *vnet_file(const struct xend *x, const char *name, const char *suffix)
{
    return xasprintf("%s/networks/%s.%s", x->paths.lib_dir, name, suffix);
}

/* What the bridge says; a name that is an alias of another bridge counts, too. */
static bool is_active(const char *name)
{
    AUTO(freep) char *dev = xasprintf("xn-%s", name);

    return if_nametoindex(dev) != 0;
}

const struct value *vnet_find(const struct xend *x, const char *name)
{
    return value_get(x->networks, name);
}

struct value *vnet_list(const struct xend *x)
{
    struct value *list = value_list(), *v = value_map();

    for (size_t i = 0; i < value_len(x->networks); i++) {
        struct value *n = value_copy(value_at(x->networks, i));

        value_set_bool(n, "active", is_active(value_key(x->networks, i)));
        value_add_take(list, n);
    }
    value_set_take(v, "networks", list);
    return v;
}

/* ---- records */

static int record_write(const struct xend *x, const struct value *n, struct err *e)
{
    AUTO(freep) char *path = vnet_file(x, value_get_str(n, "name", ""), "json");
    AUTO(buf_clear) struct buf text = BUF_INIT;

    json_print_pretty(n, &text);
    fault_point("vnet.writing");
    if (write_file_atomic(path, text.ptr, text.len, 0600, e) < 0)
        return -1;
    fault_point("vnet.written");
    return 0;
}

/* With the lock: in the place of an older one, or in the order of names. */
static void put_take(struct xend *x, struct value *n)
{
    struct value *all = value_map();
    const char *name = value_get_str(n, "name", "");

    if (value_get(x->networks, name)) {
        value_set_take(x->networks, name, n);
        value_free(all);
        return;
    }
    for (size_t i = 0; i < value_len(x->networks); i++) {
        if (n && strcmp(name, value_key(x->networks, i)) < 0)
            value_set_take(all, name, steal(n));
        value_set_take(all, value_key(x->networks, i), value_copy(value_at(x->networks, i)));
    }
    if (n)
        value_set_take(all, name, n);
    value_free(x->networks);
    x->networks = all;
}

/* The first of 10.77.N.0/24 that no network has. */
static char *free_cidr(const struct xend *x)
{
    for (int n = 0; n < NETWORKS_MAX; n++) {
        AUTO(freep) char *cidr = xasprintf("10.77.%d.0/24", n);
        bool taken = false;

        for (size_t i = 0; i < value_len(x->networks); i++)
            taken |= strcmp(value_get_str(value_at(x->networks, i), "cidr", ""), cidr) == 0;
        if (!taken)
            return steal(cidr);
    }
    return NULL;
}

struct value *vnet_from_request(const struct xend *x, const struct value *body, bool edits,
                                struct err *e)
{
    AUTO(value_freep) struct value *n = value_map();
    const char *name = value_get_str(body, "name", ""), *mode = value_get_str(body, "mode", "nat");
    const char *cidr = value_get_str(body, "cidr", NULL);
    const char *bridge = value_get_str(body, "bridge", NULL);
    const char *cidr6 = value_get_str(body, "cidr6", NULL);
    AUTO(freep) char *found = NULL, *six = NULL;

    if (check_network(name, e) < 0 || vnet_check_mode(mode, bridge, e) < 0 ||
        (cidr && vnet_check_cidr(cidr, e) < 0) || (cidr6 && !(six = vnet_read_cidr6(cidr6, e))))
        return NULL;
    if (bridge && (cidr || six)) {
        err_set(e, ERR_INVALID, "mode bridge: its addresses are not ours to give");
        return NULL;
    }
    if (!edits && vnet_find(x, name)) {
        err_set(e, ERR_EXISTS, "Network '%s' already exists", name);
        return NULL;
    }
    found = cidr || bridge ? NULL : free_cidr(x);
    if (!cidr && !bridge && !found) {
        err_set(e, ERR_NO_RESOURCE, "no free network is left: cidr is needed");
        return NULL;
    }
    value_set_str(n, "name", name);
    value_set_str(n, "mode", mode);
    value_set_str(n, "cidr", cidr ? cidr : found);
    value_set_str(n, "cidr6", six);
    value_set_str(n, "bridge", bridge);
    value_set_bool(n, "dhcp", value_get_bool(body, "dhcp", !bridge));
    value_set_bool(n, "dns", value_get_bool(body, "dns", !bridge));
    value_set_bool(n, "autostart", value_get_bool(body, "autostart", true));
    return steal(n);
}

/* ---- the script */

static int run_script(const struct xend *x, const struct value *n, const char *action,
                      struct err *e)
{
    AUTO(freep) char *path = hotplug_path(x->paths.scripts_dir, "network-virtual");
    const char *name = value_get_str(n, "name", "");
    AUTO(freep) char *name_arg = xasprintf("name=%s", name);
    AUTO(freep) char *leases = vnet_file(x, name, "leases");
    const char *const args[] = {action, name_arg, NULL};
    AUTO(value_freep) struct value *env = value_map();
    const struct hotplug h = {.path = path, .args = args, .env = env, .timeout_ms = 0};

    value_set_str(env, "HOTPLUG_RUN_DIR", x->paths.run_dir);
    value_set_str(env, "leases", leases);
    value_set_str(env, "mode", value_get_str(n, "mode", "nat"));
    value_set_str(env, "cidr", value_get_str(n, "cidr", NULL));
    value_set_str(env, "cidr6", value_get_str(n, "cidr6", NULL));
    value_set_str(env, "bridge", value_get_str(n, "bridge", NULL));
    value_set_str(env, "dhcp", value_get_bool(n, "dhcp", true) ? "yes" : "no");
    value_set_str(env, "dns", value_get_bool(n, "dns", true) ? "yes" : "no");
    fault_point("vnet.running");
    if (hotplug_run(&h, NULL, e) < 0) {
        if (geteuid() != 0)
            err_hint(e, "Only a xend that runs as root can have networks.");
        return err_add(e, "network %s", name);
    }
    fault_point("vnet.ran");
    log_info("network=%s: %s %s done", name, path, action);
    return 0;
}

/* A copy of the network that a job is about; the caller's. */
static struct value *get(struct xend *x, const char *name, struct err *e)
{
    struct value *n;

    xend_lock(x);
    n = vnet_find(x, name) ? value_copy(vnet_find(x, name)) : NULL;
    xend_unlock(x);
    if (!n) {
        err_set(e, ERR_NOT_FOUND, "Network '%s' does not exist", name);
        err_hint(e, "xm net-list shows those that do, xm net-new makes one");
    }
    return n;
}

static struct value *get_of(struct xend *x, const struct task *t, struct err *e)
{
    return get(x, value_get_str(t->arg_value, "name", ""), e);
}

int vnet_need(struct xend *x, const struct spec *s, struct err *e)
{
    for (size_t i = 0; i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];
        AUTO(value_freep) struct value *n = NULL;
        int r = 0;

        if (d->class != DEVICE_VIF || !d->vif.network)
            continue;
        n = get(x, d->vif.network, e);
        if (!n)
            return -1;
        pthread_mutex_lock(&x->vnet_lock);
        if (!is_active(d->vif.network))
            r = run_script(x, n, "start", e);
        pthread_mutex_unlock(&x->vnet_lock);
        if (r < 0)
            return -1;
    }
    return 0;
}

/* With the lock: the domain that runs on it, or NULL. */
static const char *user_of(const struct xend *x, const char *name)
{
    for (size_t i = 0; i < x->domains->n; i++) {
        const struct domain *d = x->domains->sorted[i];

        for (size_t j = 0; d->domid != DOMID_NONE && d->spec && j < d->spec->devices.len; j++) {
            const struct device *v = d->spec->devices.ptr[j];
            AUTO(freep) char *bridge = v->class == DEVICE_VIF ? vif_bridge(&v->vif) : NULL;
            if (bridge && strncmp(bridge, "xn-", 3) == 0 && strcmp(bridge + 3, name) == 0)
                return d->spec->name;
        }
    }
    return NULL;
}

static int check_unused(struct xend *x, const struct task *t, struct err *e)
{
    const char *name = value_get_str(t->arg_value, "name", ""), *user;
    int r = 0;

    xend_lock(x);
    user = value_get_bool(t->arg_value, "force", false) ? NULL : user_of(x, name);
    if (user)
        r = err_set(e, ERR_BUSY, "Network '%s' is in use by %s", name, user);
    xend_unlock(x);
    return r < 0 ? err_hint(e, "-f takes it away all the same") : 0;
}

/* ---- jobs */

static int script_locked(struct xend *x, const struct value *n, const char *action, struct err *e)
{
    int r;

    pthread_mutex_lock(&x->vnet_lock);
    r = run_script(x, n, action, e);
    pthread_mutex_unlock(&x->vnet_lock);
    return r;
}

static int forget(struct xend *x, const char *name, struct err *e)
{
    AUTO(freep) char *path = vnet_file(x, name, "json");
    AUTO(freep) char *leases = vnet_file(x, name, "leases");

    fault_point("vnet.removing");
    if (fs_unlink(path) < 0 && errno != ENOENT)
        return err_sys(e, "%s", path);
    fs_unlink(leases);
    xend_lock(x);
    value_remove(x->networks, name);
    xend_unlock(x);
    return sync_parent(path, e);
}

static int run_new(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    struct value *n = NULL;
    AUTO(freep) char *name = NULL;
    struct err ignored;

    (void)d;
    xend_lock(x);
    n = vnet_from_request(x, t->arg_value, false, e);
    xend_unlock(x);
    if (!n)
        return -1;
    name = xstrdup(value_get_str(n, "name", ""));
    if (record_write(x, n, e) < 0) {
        value_free(n);
        return -1;
    }
    xend_lock(x);
    put_take(x, n);
    xend_unlock(x);
    if (!value_get_bool(t->arg_value, "start", true))
        return 0;
    AUTO(value_freep) struct value *copy = get(x, name, e);
    if (copy && script_locked(x, copy, "start", e) == 0)
        return 0;
    if (forget(x, name, &ignored) < 0) /* one that cannot be is not defined */
        log_error("network=%s: %s", name, ignored.msg);
    return -1;
}

static int run_start(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(value_freep) struct value *n = get_of(x, t, e);

    (void)d;
    return n ? script_locked(x, n, "start", e) : -1;
}

static int run_stop(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(value_freep) struct value *n = get_of(x, t, e);

    (void)d;
    return !n || check_unused(x, t, e) < 0 ? -1 : script_locked(x, n, "stop", e);
}

static int run_delete(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    if (run_stop(x, d, t, e) < 0)
        return -1;
    return forget(x, value_get_str(t->arg_value, "name", ""), e);
}

static int run_autostart(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(value_freep) struct value *n = get_of(x, t, e);

    (void)d;
    if (!n)
        return -1;
    value_set_bool(n, "autostart", value_get_bool(t->arg_value, "autostart", true));
    if (record_write(x, n, e) < 0)
        return -1;
    xend_lock(x);
    put_take(x, steal(n));
    xend_unlock(x);
    return 0;
}

static int redefine(struct xend *x, const struct value *n, struct err *e)
{
    if (record_write(x, n, e) < 0)
        return -1;
    xend_lock(x);
    put_take(x, value_copy(n));
    xend_unlock(x);
    return 0;
}

/* One that is there is taken away and made anew; when that fails, it is what it was. */
static int run_edit(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(value_freep) struct value *old = get_of(x, t, e), *new = NULL;
    bool active = old && is_active(value_get_str(old, "name", ""));
    struct err ignored;

    (void)d;
    xend_lock(x);
    new = old ? vnet_from_request(x, t->arg_value, true, e) : NULL;
    xend_unlock(x);
    if (!new || (active && (check_unused(x, t, e) < 0 || script_locked(x, old, "stop", e) < 0)))
        return -1;
    if (redefine(x, new, e) == 0 && (!active || script_locked(x, new, "start", e) == 0))
        return 0;
    if (redefine(x, old, &ignored) == 0 && active)
        script_locked(x, old, "start", &ignored);
    return -1;
}

const struct task_kind op_net_edit = {.name = "net-edit", .run = run_edit};
const struct task_kind op_net_new = {.name = "net-new", .run = run_new};
const struct task_kind op_net_start = {.name = "net-start", .run = run_start};
const struct task_kind op_net_stop = {.name = "net-stop", .run = run_stop};
const struct task_kind op_net_delete = {.name = "net-delete", .run = run_delete};
const struct task_kind op_net_autostart = {.name = "net-autostart", .run = run_autostart};

/* ---- start and end of xend */

static void load(struct xend *x, const char *dir, const char *file)
{
    AUTO(freep) char *path = path_join(dir, file);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct value *n = NULL;
    struct err e;

    if (read_file(path, RECORD_BYTES_MAX, &text, &e) == 0)
        n = json_parse(text.ptr, text.len, path, &e);
    if (n && check_network(value_get_str(n, "name", ""), &e) == 0)
        put_take(x, steal(n));
    else
        log_warn("%s: left alone: %s", path, e.msg);
    value_free(n);
}

/* Defined, so that vif = ['network=default'] works at once; it starts when it is needed. */
static int make_default(struct xend *x, const char *dir, struct err *e)
{
    AUTO(value_freep) struct value *body = value_map();
    struct value *n;

    if (make_dirs(dir, 0700, e) < 0 || sync_parent(dir, e) < 0)
        return -1;
    if (geteuid() != 0)
        return 0;
    value_set_str(body, "name", "default");
    value_set_bool(body, "autostart", false);
    n = vnet_from_request(x, body, false, e);
    if (!n || record_write(x, n, e) < 0) {
        value_free(n);
        return -1;
    }
    put_take(x, n);
    return 0;
}

int vnet_open(struct xend *x, struct err *e)
{
    AUTO(freep) char *dir = path_join(x->paths.lib_dir, "networks");
    DIR *d = opendir(dir);
    struct dirent *entry;

    x->networks = value_map();
    pthread_mutex_init(&x->vnet_lock, NULL);
    x->host = domain_new(x->domains, "host");
    if (!d)
        return make_default(x, dir, e);
    remove_unfinished(dir);
    while ((entry = readdir(d))) {
        size_t n = strlen(entry->d_name);
        if (n > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 5, ".json") == 0)
            load(x, dir, entry->d_name);
    }
    closedir(d);
    xend_lock(x);
    for (size_t i = 0; geteuid() == 0 && i < value_len(x->networks); i++)
        if (value_get_bool(value_at(x->networks, i), "autostart", false)) {
            struct task *t = queue_add(x->queue, x->host, &op_net_start, "xend", false);
            t->arg_value = value_map();
            value_set_str(t->arg_value, "name", value_key(x->networks, i));
        }
    xend_unlock(x);
    return 0;
}

void vnet_close(struct xend *x)
{
    if (x->host)
        domain_unref(x->host);
    x->host = NULL;
    value_free(x->networks);
    x->networks = NULL;
}
