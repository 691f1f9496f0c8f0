/*
 * dom0's end of the devices: the kernel's backends, which say by a node `state` how far they are,
 * and the hotplug scripts that give them what they serve. Called by create.c, life.c.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/parallel.h"
#include "libxl/xen/xdev.h"

#define UNFORESEEN "; error detected." /* of a script that a command has ended */
#define ERRORS "/local/domain/0/error"
#define BACKEND_MS 20000 /* they need milliseconds; a module that must be loaded first, seconds */
#define CLOSE_MS 10000   /* as xl */
#define INTERFACE_MS 5000
#define INTERFACE_SLICE_MS 5
#define ARGS_MAX 8   /* words of vif-script in the configuration */
#define SLICE_MS 500 /* a cancelled job is noticed within this */

enum { STATE_INITWAIT = 2, STATE_CLOSED = 6 }; /* of io/xenbus.h */

/* What a device is called in errors is the original's. */
static int fail(const struct xdev *x, const char *what, struct err *e)
{
    return err_add(e, "Device %u (%s) could not be %s", x->id, x->kind, what);
}

/* Who is dead when they are to be ended. */
static bool by_qemu(const struct xdev *x)
{
    static const char *const kinds[] = {"vfb", "vkbd", "console", "qdisk", "9pfs", "qusb"};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i], x->kind) == 0)
            return true;
    return false;
}

static char *get(struct xguest *g, const char *dir, const char *name)
{
    AUTO(freep) char *path = xasprintf("%s/%s", dir, name);

    return tx_get(g, XBT_NULL, path);
}

static void put(struct tx *t, const char *dir, const char *name, const char *text)
{
    AUTO(freep) char *path = xasprintf("%s/%s", dir, name);

    tx_put(t, path, "%s", text);
}

/* Its number, or -1 when there is no such backend any more. */
static int state_of(struct xguest *g, const struct xdev *x)
{
    AUTO(freep) char *text = get(g, x->backend, "state");

    return text ? atoi(text) : -1;
}

static bool is_there(int state, int wanted)
{
    return wanted == STATE_CLOSED ? state == -1 || state == STATE_CLOSED : state >= wanted;
}

/* Looks at the devices that the events are of; their tokens are their places in v. */
static void look(struct xguest *g, struct xs_handle *xs, const struct xdevs *v, bool *done,
                 int wanted)
{
    char **event;

    while ((event = xs_check_watch(xs))) {
        size_t i = strtoul(event[XS_WATCH_TOKEN], NULL, 10);

        if (i < v->len && !done[i])
            done[i] = is_there(state_of(g, &v->ptr[i]), wanted);
        free(event);
    }
}

static const struct xdev *first_late(const struct xdevs *v, const bool *done)
{
    for (size_t i = 0; i < v->len; i++)
        if (!done[i])
            return &v->ptr[i];
    return NULL;
}

static int watch_all(struct xs_handle *xs, const struct xdevs *v, struct err *e)
{
    for (size_t i = 0; i < v->len; i++) {
        AUTO(freep) char *path = xasprintf("%s/state", v->ptr[i].backend);
        char token[24];

        snprintf(token, sizeof(token), "%zu", i);
        if (!xs_watch(xs, path, token))
            return err_sys(e, "xenstore: %s", path);
    }
    return 0;
}

static int not_there(const struct xdev *x, int wanted, struct err *e)
{
    if (wanted == STATE_CLOSED)
        return err_set(e, ERR_TIMEOUT, "the guest does not let go of it");
    err_set(e, ERR_TIMEOUT, "Backend device not found.");
    if (by_qemu(x))
        return fail(x, "connected", e);
    return err_hint(e, "Is the module loaded in dom0? modprobe xen-%s",
                    strcmp(x->kind, "vif") == 0 ? "netback" : "blkback");
}

/* A watch fires once at its beginning: the first look comes by itself. */
static int await(struct xguest *g, struct xs_handle *xs, const struct xdevs *v, int wanted, int ms,
                 struct job *j, struct err *e)
{
    AUTO(freep) bool *done = xcalloc(v->len, sizeof(*done));
    int64_t deadline = now_ms() + ms;

    if (watch_all(xs, v, e) < 0)
        return -1;
    for (int64_t left; (left = deadline - now_ms()) > 0;) {
        struct pollfd p = {xs_fileno(xs), POLLIN, 0};

        if (j && job_check(j, e) < 0)
            return -1;
        if (poll(&p, 1, (int)(left < SLICE_MS ? left : SLICE_MS)) != 1)
            continue;
        look(g, xs, v, done, wanted);
        if (!first_late(v, done))
            return 0;
    }
    return not_there(first_late(v, done), wanted, e);
}

/* Events want a connection of their own, which takes its watches with it. */
static int await_state(struct xguest *g, const struct xdevs *v, int wanted, int ms, struct job *j,
                       struct err *e)
{
    struct xs_handle *xs = xs_open_events(XS_PATIENCE_S, e);
    int r;

    if (!xs)
        return -1;
    r = await(g, xs, v, wanted, ms, j, e);
    xs_close(xs);
    return r;
}

/* What the scripts of the original, and of xl, find in their environment. */
static struct value *script_env(const struct xguest *g, const struct xdev *x, const char *script)
{
    AUTO(freep) char *path = xasprintf("backend/%s/%u/%u", x->kind, g->pub.domid, x->id);
    AUTO(freep) char *vif = xasprintf("vif%u.%u", g->pub.domid, x->id);
    struct value *env = value_map();

    value_set_str(env, "XENBUS_TYPE", x->kind);
    value_set_str(env, "XENBUS_BASE_PATH", "backend");
    value_set_str(env, "XENBUS_PATH", path);
    value_set_str(env, "script", script);
    if (strcmp(x->kind, "vif") == 0)
        value_set_str(env, "vif", vif);
    return env;
}

/* What stands behind the script's name in the configuration, if it is this script; or NULL. */
static char *config_words(const struct xguest *g, const char *script)
{
    const char *text = g->d->vif_script, *blank = strchr(text, ' ');
    AUTO(freep) char *name = xstrndup(text, strcspn(text, " "));
    AUTO(freep) char *path = hotplug_path(g->d->scripts_dir, name);

    return blank && strcmp(path, script) == 0 ? xstrdup(blank + 1) : NULL;
}

int xdev_tap_script(struct xguest *g, const struct xdev *x, const char *tap, bool on, struct err *e)
{
    AUTO(freep) char *script = xdev_script(g, x->device);
    AUTO(value_freep) struct value *env = script_env(g, x, script);
    AUTO(value_freep) struct value *given = on ? xdev_backend_nodes(g, x) : NULL;
    const char *args[] = {on ? "add" : "remove", "type_if=tap", NULL};
    const struct hotplug_store store = xguest_store(g);
    const struct hotplug h = {
        .path = script, .args = args, .env = env, .store = &store, .given = given};

    value_set_str(env, "INTERFACE", tap);
    return hotplug_run(&h, NULL, e);
}

/* The script is the one that stands in the backend directory, which is dom0's. */
static int run_script(struct xguest *g, const struct xdev *x, bool on, struct err *e)
{
    bool vif = strcmp(x->kind, "vif") == 0;
    const char *args[ARGS_MAX + 3] = {vif ? (on ? "online" : "offline") : (on ? "add" : "remove"),
                                      vif ? "type_if=vif" : NULL};
    AUTO(freep) char *script = x->device ? xdev_script(g, x->device) : get(g, x->backend, "script");
    AUTO(value_freep) struct value *env = script ? script_env(g, x, script) : NULL;
    AUTO(value_freep) struct value *given = on && x->device ? xdev_backend_nodes(g, x) : NULL;
    AUTO(freep) char *words = vif && script ? config_words(g, script) : NULL;
    char *rest = words, *word;

    if (!script)
        return 0;
    for (size_t n = 2; (word = strsep(&rest, " ")) && n < ARRAY_LEN(args) - 1;)
        if (*word)
            args[n++] = word;
    const struct hotplug_store store = xguest_store(g);
    const struct hotplug h = {
        .path = script, .args = args, .env = env, .store = &store, .given = given};
    return hotplug_run(&h, NULL, e);
}

/* The kernel's backend says that it waits a moment before its interface is there. */
static void await_interface(const struct xguest *g, const struct xdev *x)
{
    AUTO(freep) char *path = xasprintf("/sys/class/net/vif%u.%u", g->pub.domid, x->id);
    int64_t deadline = now_ms() + INTERFACE_MS;

    while (strcmp(x->kind, "vif") == 0 && access(path, F_OK) < 0 && now_ms() < deadline)
        poll(NULL, 0, INTERFACE_SLICE_MS);
}

/* A script that fails has said why in xenstore. One that ends well is believed, as by xl. */
static int connect(struct xguest *g, const struct xdev *x, struct err *e)
{
    AUTO(freep) char *status = NULL;
    AUTO(freep) char *words = NULL;
    AUTO(buf_clear) struct buf line = BUF_INIT;

    await_interface(g, x);
    if (run_script(g, x, true, e) == 0)
        return 0;
    status = get(g, x->backend, "hotplug-status");
    words = get(g, x->backend, "hotplug-error");
    if (!words || !*words || strstr(words, UNFORESEEN)) /* then what it said tells more */
        return -1;
    hotplug_words(&line, words, strlen(words), sizeof(e->msg) / 2);
    return err_set(e, status && strcmp(status, "busy") == 0 ? ERR_BUSY : ERR_BACKEND, "%s",
                   buf_str(&line));
}

struct connecting {
    struct xguest *g;
    const struct xdevs *devices;
    bool named;
};

static int connect_one(void *arg, size_t i, struct err *e)
{
    const struct connecting *c = arg;

    if (connect(c->g, &c->devices->ptr[i], e) < 0)
        return c->named ? fail(&c->devices->ptr[i], "connected", e) : -1;
    fault_point("xen.plugged");
    return 0;
}

int xdevs_connect(struct xguest *g, const struct xdevs *v, bool named, struct job *j, struct err *e)
{
    struct connecting c = {g, v, named};

    if (v->len && await_state(g, v, STATE_INITWAIT, BACKEND_MS, j, e) < 0)
        return -1;
    return parallel(v->len, connect_one, &c, e) < 0 ? -1 : job_check(j, e);
}

static char **list(const struct xguest *g, const char *path, unsigned *n)
{
    char **names = xs_directory(g->d->xs, XBT_NULL, path, n);

    if (!names)
        *n = 0;
    return names;
}

static void find_kind(const struct xguest *g, const char *kind, struct xdevs *out)
{
    AUTO(freep) char *dir = xasprintf(XDEV_BACKENDS "/%s/%u", kind, g->pub.domid);
    unsigned n;
    AUTO(freep) char **names = list(g, dir, &n);

    for (unsigned i = 0; i < n; i++) {
        struct xdev x = {.id = (unsigned)strtoul(names[i], NULL, 10)};

        snprintf(x.kind, sizeof(x.kind), "%s", kind);
        snprintf(x.backend, sizeof(x.backend), "%s/%s", dir, names[i]);
        snprintf(x.frontend, sizeof(x.frontend), "/local/domain/%u/device/%s/%s", g->pub.domid,
                 kind, names[i]);
        vec_push(out, x);
    }
}

int xdevs_find(const struct xguest *g, struct xdevs *out, struct err *e)
{
    unsigned n;
    AUTO(freep) char **kinds = list(g, XDEV_BACKENDS, &n);

    if (!kinds && errno != ENOENT)
        return err_sys(e, "xenstore: " XDEV_BACKENDS);
    for (unsigned i = 0; i < n; i++)
        find_kind(g, kinds[i], out);
    return 0;
}

/*
 * The interface that has the name of vifname= is not this one's: the kernel says whose each is. It
 * never got the name, or is gone; what the script would do it would do to the host's card, or
 * another guest.
 */
static bool is_anothers(struct xguest *g, const struct xdev *x)
{
    AUTO(freep) char *name = strcmp(x->kind, "vif") == 0 ? get(g, x->backend, "vifname") : NULL;
    AUTO(freep) char *dir = name ? path_join("/sys/class/net", name) : NULL;
    AUTO(freep) char *path = name ? path_join(dir, "device") : NULL;
    AUTO(freep) char *own = xasprintf("/vif-%u-%u", g->pub.domid, x->id);
    char owner[PATH_MAX];
    ssize_t n;

    if (!name || !*name || strchr(name, '/') || access(dir, F_OK) < 0)
        return false;
    n = readlink(path, owner, sizeof(owner) - 1);
    owner[n > 0 ? n : 0] = '\0';
    if (n > 0 && strcmp(strrchr(owner, '/') ? strrchr(owner, '/') : "", own) == 0)
        return false;
    log_warn("%s: vif %u: %s is another interface: left alone", g->spec->name, x->id, name);
    return true;
}

struct ending {
    const struct xdevs *devices;
    bool ask;
};

/*
 * As if the frontend had closed, when it is not asked to: then the backend lets go of what it
 * serves, and is no more. Its directory may be gone (xenstored removes in silence what a dead
 * domain owned), and the backend looks only when it is written to.
 */
static void close_all(struct tx *t)
{
    const struct ending *end = t->arg;
    const struct xdevs *v = end->devices;

    for (size_t i = 0; i < v->len; i++) {
        AUTO(freep) char *state = xasprintf("%s/state", v->ptr[i].backend);
        AUTO(freep) char *now = NULL;

        if (!end->ask && by_qemu(&v->ptr[i]))
            continue;
        now = tx_get(t->g, t->id, state);
        if (now && atoi(now) == STATE_CLOSED) /* by an xend before us: nobody listens any more */
            continue;
        put(t, v->ptr[i].backend, "online", "0");
        put(t, v->ptr[i].backend, "state", "5");
        if (!end->ask)
            put(t, v->ptr[i].frontend, "state", "6");
    }
}

/* Where the kernel writes down what went wrong with a backend. Rarely there is any. */
static void drop_errors(struct tx *t, const struct xdevs *v)
{
    AUTO(freep) char *any = tx_get(t->g, t->id, ERRORS);

    for (size_t i = 0; any && i < v->len; i++) {
        AUTO(freep) char *kind = xasprintf(ERRORS "/backend/%s", v->ptr[i].kind);
        AUTO(freep) char *domain = xasprintf("%s/%u", kind, t->g->pub.domid);

        tx_drop(t, domain);
        tx_drop_empty(t, kind);
        tx_drop_empty(t, ERRORS "/backend");
    }
    if (any)
        tx_drop_empty(t, ERRORS);
}

static void drop_all(struct tx *t)
{
    const struct xdevs *v = ((const struct ending *)t->arg)->devices;

    for (size_t i = 0; i < v->len; i++) {
        AUTO(freep) char *kind = xasprintf(XDEV_BACKENDS "/%s", v->ptr[i].kind);
        AUTO(freep) char *domain = xasprintf("%s/%u", kind, t->g->pub.domid);

        tx_drop(t, v->ptr[i].frontend);
        tx_drop(t, v->ptr[i].backend);
        tx_drop_empty(t, domain);
        tx_drop_empty(t, kind);
    }
    tx_drop_empty(t, XDEV_BACKENDS);
    drop_errors(t, v);
}

static void warn(const struct xguest *g, const struct err *e)
{
    log_warn("%s: %s", g->spec->name, e->msg);
}

static int await_closed(struct xguest *g, const struct xdevs *v, bool ask, struct job *j,
                        struct err *e)
{
    struct xdevs some = {0};
    int r = 0;

    for (size_t i = 0; i < v->len; i++)
        if (ask || !by_qemu(&v->ptr[i]))
            vec_push(&some, v->ptr[i]);
    if (some.len)
        r = await_state(g, &some, STATE_CLOSED, ask ? PATIENCE_MS : CLOSE_MS, j, e);
    vec_clear(&some);
    return r;
}

/* What is left then is no reason to keep the rest. */
static int disconnect_one(void *arg, size_t i, struct err *e)
{
    const struct connecting *c = arg;

    if (!is_anothers(c->g, &c->devices->ptr[i]) &&
        run_script(c->g, &c->devices->ptr[i], false, e) < 0) {
        fail(&c->devices->ptr[i], "disconnected", e);
        warn(c->g, e);
    }
    return 0;
}

int xdevs_end(struct xguest *g, const struct xdevs *v, bool ask, struct job *j, struct err *e)
{
    struct ending end = {v, ask};
    struct tx t = {.g = g, .arg = &end};
    struct err failed;

    if (!v->len)
        return 0;
    if (tx_run(&t, close_all, e) < 0)
        return -1;
    fault_point("xen.unplugging");
    if (await_closed(g, v, ask, j, ask ? e : &failed) < 0) {
        if (ask)
            return -1;
        warn(g, &failed);
    }
    parallel(v->len, disconnect_one, &(struct connecting){g, v, true}, &failed);
    fault_point("xen.unplugged");
    return tx_run(&t, drop_all, e);
}
