/*
 * A domain's part of xenstore: /local/domain/N, which the guest and Xen's daemons read, and
 * /vm/UUID with our mark. Made and removed in one transaction each; a new node has the rights of
 * the one above it, so they are set once for a directory, before there is anything in it.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/xen/xen.h"

#define TRIES_MAX 50                /* of a transaction that others disturb */
#define CONSOLE_BYTES_MAX (1 << 20) /* what xenconsoled keeps for a guest that nobody reads */

/* A transaction under way. After the first failure nothing more is done, and errno tells of it. */
struct tx {
    struct xguest *g;
    const struct built *built;
    const struct node *nodes;
    size_t n_nodes;
    xs_transaction_t id;
    int sys; /* 0: all is well */
};

/* Node names are relative to the domain's own directory, or absolute. */
static char *node_path(const struct xguest *g, const char *name)
{
    if (*name == '/')
        return xstrdup(name);
    return xasprintf("/local/domain/%u%s%s", g->pub.domid, *name ? "/" : "", name);
}

static void __attribute__((format(printf, 3, 4)))
put(struct tx *t, const char *name, const char *fmt, ...)
{
    AUTO(freep) char *path = node_path(t->g, name);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    if (!t->sys && !xs_write(t->g->d->xs, t->id, path, buf_str(&text), (unsigned)text.len))
        t->sys = errno;
}

/* A directory of dom0's that the guest may read, or one of the guest's own. */
static void put_dir(struct tx *t, const char *name, bool guests)
{
    AUTO(freep) char *path = node_path(t->g, name);
    struct xs_handle *xs = t->g->d->xs;
    struct xs_permissions rights[] = {{guests ? t->g->pub.domid : 0, XS_PERM_NONE},
                                      {t->g->pub.domid, XS_PERM_READ}};

    if (!t->sys && (!xs_mkdir(xs, t->id, path) ||
                    !xs_set_permissions(xs, t->id, path, rights, guests ? 1 : 2)))
        t->sys = errno;
}

static void drop(struct tx *t, const char *name)
{
    AUTO(freep) char *path = node_path(t->g, name);

    if (!t->sys && !xs_rm(t->g->d->xs, t->id, path) && errno != ENOENT)
        t->sys = errno;
}

/* NULL when there is no such node. The caller frees. */
static char *get(const struct xguest *g, xs_transaction_t id, const char *name)
{
    AUTO(freep) char *path = node_path(g, name);

    return xs_read(g->d->xs, id, path, NULL);
}

static int run(struct tx *t, void (*body)(struct tx *t), struct err *e)
{
    struct xs_handle *xs = t->g->d->xs;

    for (int tries = 0; tries < TRIES_MAX; tries++) {
        t->sys = 0;
        t->id = xs_transaction_start(xs);
        if (t->id == XBT_NULL)
            return err_sys(e, "xenstore");
        body(t);
        if (xs_transaction_end(xs, t->id, t->sys != 0) && t->sys == 0)
            return 0;
        if (t->sys == 0 && errno == EAGAIN)
            continue;
        errno = t->sys ? t->sys : errno;
        return err_sys(e, "xenstore");
    }
    return err_set(e, ERR_BUSY, "xenstore: disturbed %d times", TRIES_MAX);
}

static void mark_path(const struct xguest *g, char out[64])
{
    snprintf(out, 64, "/vm/%s/xend/nonce", g->pub.uuid);
}

static bool has_mark(const struct xguest *g, xs_transaction_t id)
{
    char path[64];
    AUTO(freep) char *nonce = NULL;

    mark_path(g, path);
    nonce = get(g, id, path);
    return nonce && strcmp(nonce, g->nonce) == 0;
}

static void put_vm(struct tx *t)
{
    char path[64];

    snprintf(path, sizeof(path), "/vm/%s/uuid", t->g->pub.uuid);
    put(t, path, "%s", t->g->pub.uuid);
    snprintf(path, sizeof(path), "/vm/%s/name", t->g->pub.uuid);
    put(t, path, "%s", t->g->spec->name);
    mark_path(t->g, path);
    put(t, path, "%s", t->g->nonce);
}

static void put_cpus(struct tx *t)
{
    const struct spec *s = t->g->spec;

    for (int64_t i = 0; i < spec_maxvcpus(s); i++) {
        char name[48];

        snprintf(name, sizeof(name), "cpu/%d/availability", (int)i);
        put(t, name, i < s->vcpus ? "online" : "offline");
    }
}

/* The layout of the original; what the guest may write is a directory of its own. */
static void put_all(struct tx *t)
{
    const struct spec *s = t->g->spec;
    const struct built *b = t->built;

    put_dir(t, "", false);
    put(t, "vm", "/vm/%s", t->g->pub.uuid);
    put(t, "name", "%s", s->name);
    put(t, "domid", "%u", t->g->pub.domid);
    put(t, "memory/static-max", "%lld", (long long)spec_maxmem(s) * 1024);
    put(t, "memory/target", "%lld", (long long)s->memory * 1024);
    put(t, "store/port", "%u", b->store_port);
    put(t, "store/ring-ref", "%lu", b->store_mfn);
    put(t, "console/type", "xenconsoled");
    put(t, "console/limit", "%d", CONSOLE_BYTES_MAX);
    put(t, "console/port", "%u", b->console_port);
    put(t, "console/ring-ref", "%lu", b->console_mfn);
    put_cpus(t);
    put_dir(t, "device", false);
    put_dir(t, "control", true);
    put(t, "control/platform-feature-multiprocessor-suspend", "1");
    put(t, "control/platform-feature-xs_reset_watches", "1");
    put_dir(t, "data", true);
    put_dir(t, "error", true);
    put_vm(t);
}

int store_add(struct xguest *g, const struct built *b, struct err *e)
{
    struct tx t = {.g = g, .built = b};

    if (run(&t, put_all, e) < 0)
        return -1;
    if (!xs_introduce_domain(g->d->xs, g->pub.domid, b->store_mfn, b->store_port))
        return err_sys(e, "xenstore: introducing the domain");
    return 0;
}

/* What bears another mark or number is somebody else's by now. */
static void drop_all(struct tx *t)
{
    AUTO(freep) char *path = xasprintf("/vm/%s", t->g->pub.uuid);
    AUTO(freep) char *vm = get(t->g, t->id, "vm");

    if (vm && t->g->pub.domid && strcmp(vm, path) == 0)
        drop(t, "");
    if (has_mark(t->g, t->id))
        drop(t, path);
}

int store_remove(struct xguest *g, struct err *e)
{
    struct tx t = {.g = g};

    return run(&t, drop_all, e);
}

/* A guest that has just gone must not come back as a node that nobody removes. */
static void put_nodes(struct tx *t)
{
    if (!has_mark(t->g, t->id))
        t->sys = ESRCH;
    for (size_t i = 0; i < t->n_nodes; i++)
        put(t, t->nodes[i].name, "%s", t->nodes[i].text);
}

int store_put(struct xguest *g, const struct node *nodes, size_t n, struct err *e)
{
    struct tx t = {.g = g, .nodes = nodes, .n_nodes = n};

    if (run(&t, put_nodes, e) == 0)
        return 0;
    return t.sys == ESRCH ? err_set(e, ERR_STATE, "it is gone") : -1;
}

int store_request(struct xguest *g, const char *what, struct err *e)
{
    struct node n = {.name = "control/shutdown"};

    snprintf(n.text, sizeof(n.text), "%s", what);
    return store_put(g, &n, 1, e);
}

bool store_has_mark(struct xguest *g)
{
    return has_mark(g, XBT_NULL);
}

bool store_is_bare(struct xguest *g)
{
    AUTO(freep) char *vm = get(g, XBT_NULL, "vm");

    return !vm;
}

/* Only the one that we made: the guest empties the node when it hears. */
static void drop_request(struct tx *t)
{
    AUTO(freep) char *now = get(t->g, t->id, "control/shutdown");

    if (now && strcmp(now, t->nodes->text) == 0)
        put(t, "control/shutdown", "%s", "");
}

int store_unrequest(struct xguest *g, const char *what, struct err *e)
{
    struct node n = {.name = ""};
    struct tx t = {.g = g, .nodes = &n};

    snprintf(n.text, sizeof(n.text), "%s", what);
    return run(&t, drop_request, e);
}

int store_get_number(struct xguest *g, const char *node, uint64_t *out, struct err *e)
{
    AUTO(freep) char *text = get(g, XBT_NULL, node);
    char *end = NULL;

    *out = text ? strtoull(text, &end, 10) : 0;
    if (text && *text && !*end)
        return 0;
    return err_set(e, ERR_BACKEND, "xenstore: %s: no number", node);
}

/* A watch fires once at its beginning: the first look comes by itself. */
static char *await(struct xguest *g, struct xs_handle *xs, const char *node, int64_t deadline,
                   struct err *e)
{
    AUTO(freep) char *path = node_path(g, node);

    if (!xs_watch(xs, path, "")) {
        err_sys(e, "xenstore: %s", path);
        return NULL;
    }
    for (int64_t left; (left = deadline - now_ms()) > 0;) {
        struct pollfd p = {xs_fileno(xs), POLLIN, 0};
        AUTO(freep) char *text = NULL;

        if (poll(&p, 1, (int)left) == 1)
            free(xs_check_watch(xs));
        text = get(g, XBT_NULL, node);
        if (text && *text)
            return steal(text);
    }
    err_set(e, ERR_TIMEOUT, "xenstore: %s does not appear", path);
    return NULL;
}

char *store_await(struct xguest *g, const char *node, int timeout_ms, struct err *e)
{
    AUTO(freep) char *text = get(g, XBT_NULL, node);
    struct xs_handle *xs;

    if (text && *text)
        return steal(text);
    xs = xs_open(0);
    if (!xs) {
        err_sys(e, "xenstore");
        return NULL;
    }
    text = await(g, xs, node, now_ms() + timeout_ms, e);
    xs_close(xs);
    return steal(text);
}
