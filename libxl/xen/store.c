/*
 * A domain's part of xenstore: /local/domain/N, which the guest and Xen's daemons read, and
 * /vm/UUID with our mark. Made and removed in one transaction each; a new node has the rights of
 * the one above it, so they are set once for a directory, before there is anything in it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/io.h"
#include "libxl/xen/dm.h"
#include "libxl/xen/hvm.h"

#define XS_DM "/local/domain/0/device-model"
#define CONSOLE_BYTES_MAX (1 << 20) /* what xenconsoled keeps for a guest that nobody reads */

/* What the body of a transaction here works with. */
struct work {
    const struct built *built;
    const struct xdevs *devices;
    const struct node *nodes;
    size_t n_nodes;
};

static struct work *work_of(struct tx *t)
{
    return t->arg;
}

/*
 * Of one that takes another's place it is the other's with something appended, as the original had
 * it: by that block scripts know that the two do not share a disk.
 */
static void vm_path(const struct xguest *g, const char *node, char out[64])
{
    if (g->place_of[0])
        snprintf(out, 64, "/vm/%s-1%s", g->place_of, node);
    else
        snprintf(out, 64, "/vm/%s%s", g->pub.uuid, node);
}

/* The domain with its number is said to be this one. */
static bool is_named_here(const struct xguest *g, xs_transaction_t id)
{
    AUTO(freep) char *vm = tx_get(g, id, "vm");
    char path[64];

    vm_path(g, "", path);
    return vm && strcmp(vm, path) == 0;
}

/* What others have made bears no mark of ours. */
static bool has_mark(const struct xguest *g, xs_transaction_t id)
{
    char path[64];
    AUTO(freep) char *nonce = NULL;

    if (g->pub.foreign)
        return is_named_here(g, id);
    vm_path(g, "/xend/nonce", path);
    errno = 0;
    nonce = tx_get(g, id, path);
    if (nonce)
        errno = ENOENT; /* that it is not ours is certain */
    return nonce && strcmp(nonce, g->nonce) == 0;
}

static void put_vm(struct tx *t)
{
    char path[64];

    vm_path(t->g, "", path);
    tx_put(t, "vm", "%s", path);
    tx_put(t, "name", "%s%s", t->g->leaving ? "migrating-" : "", t->g->spec->name);
    vm_path(t->g, "/uuid", path);
    tx_put(t, path, "%s", t->g->pub.uuid);
    vm_path(t->g, "/name", path);
    tx_put(t, path, "%s", t->g->spec->name);
    vm_path(t->g, "/xend/nonce", path);
    tx_put(t, path, "%s", t->g->nonce);
}

static void put_cpus(struct tx *t)
{
    const struct spec *s = t->g->spec;

    for (int64_t i = 0; i < spec_maxvcpus(s); i++) {
        char name[48];

        snprintf(name, sizeof(name), "cpu/%d/availability", (int)i);
        tx_put(t, name, i < s->vcpus ? "online" : "offline");
    }
}

static void put_flag(struct tx *t, const char *name, bool on)
{
    AUTO(freep) char *path = xasprintf("platform/%s", name);

    tx_put(t, path, on ? "1" : "0");
}

/* What hvmloader reads, where guests' drivers tell of themselves, and what stock tools look for. */
static void put_hvm(struct tx *t)
{
    static const char *const owned[] = {"drivers", "feature", "attr"};
    const struct spec *s = t->g->spec;
    AUTO(freep) char *xl = xasprintf("/libxl/%u", t->g->pub.domid);
    AUTO(freep) char *type = xasprintf("%s/type", xl);
    AUTO(freep) char *version = xasprintf("%s/dm-version", xl);

    tx_put(t, "memory/videoram", "%lld", (long long)hvm_video_mib(s) * 1024);
    tx_put(t, "hvmloader/bios", "seabios");
    tx_put(t, "hvmloader/allow-memory-relocate", "0"); /* QEMU could not follow */
    put_flag(t, "acpi", s->acpi);
    put_flag(t, "acpi_s3", value_get_bool(s->other, "acpi_s3", true));
    put_flag(t, "acpi_s4", value_get_bool(s->other, "acpi_s4", true));
    put_flag(t, "acpi_laptop_slate", value_get_bool(s->other, "acpi_laptop_slate", false));
    tx_put(t, "platform/device-model", "qemu_xen");
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        tx_put_dir(t, owned[i], GUEST_OWNS);
    tx_put_dir(t, xl, DOM0_ALONE);
    tx_put(t, type, "hvm");
    tx_put(t, version, "qemu_xen");
}

/* Where a QEMU tells how far it is. */
static void put_dm(struct tx *t)
{
    AUTO(freep) char *dm = xasprintf(XS_DM "/%u", t->g->pub.domid);

    tx_put_dir(t, dm, GUEST_READS);
}

static void drop_dm(struct tx *t)
{
    AUTO(freep) char *dm = xasprintf(XS_DM "/%u", t->g->pub.domid);
    AUTO(freep) char *xl = xasprintf("/libxl/%u", t->g->pub.domid);

    tx_drop(t, dm);
    tx_drop_empty(t, XS_DM);
    if (t->g->spec->type == TYPE_HVM)
        tx_drop(t, xl);
}

/* The layout of the original; what the guest may write is a directory of its own. */
static void put_all(struct tx *t)
{
    const struct spec *s = t->g->spec;
    const struct built *b = work_of(t)->built;

    tx_put_dir(t, "", GUEST_READS);
    put_vm(t);
    tx_put(t, "domid", "%u", t->g->pub.domid);
    tx_put(t, "memory/static-max", "%lld", (long long)spec_maxmem(s) * 1024);
    tx_put(t, "memory/target", "%lld", (long long)s->memory * 1024);
    tx_put(t, "store/port", "%u", b->store_port);
    tx_put(t, "store/ring-ref", "%lu", b->store_mfn);
    tx_put(t, "console/type", "xenconsoled");
    tx_put(t, "console/limit", "%d", CONSOLE_BYTES_MAX);
    tx_put(t, "console/port", "%u", b->console_port);
    tx_put(t, "console/ring-ref", "%lu", b->console_mfn);
    put_cpus(t);
    tx_make_dir(t, "device");
    tx_put(t, "control/platform-feature-multiprocessor-suspend", "1");
    tx_put(t, "control/platform-feature-xs_reset_watches", "1");
    tx_set_rights(t, "control", GUEST_OWNS); /* what is in it stays ours */
    tx_put_dir(t, "data", GUEST_OWNS);
    tx_put_dir(t, "error", GUEST_OWNS);
    if (s->type == TYPE_HVM)
        put_hvm(t);
    if (dm_wanted(s))
        put_dm(t);
    for (size_t i = 0; i < work_of(t)->devices->len; i++)
        xdev_put(t, &work_of(t)->devices->ptr[i]);
}

int store_add(struct xguest *g, const struct built *b, const struct xdevs *devices, struct err *e)
{
    struct work w = {.built = b, .devices = devices};
    struct tx t = {.g = g, .arg = &w};

    if (tx_run(&t, put_all, e) < 0)
        return -1;
    if (!xs_introduce_domain(g->d->xs, g->pub.domid, b->store_mfn, b->store_port))
        return err_xenstore(e, "introducing the domain");
    return 0;
}

/*
 * What bears another mark or number is somebody else's by now. After xl destroy, which takes the
 * marks away, the end of the devices has left something where the domain was.
 */
static void drop_all(struct tx *t)
{
    const struct xguest *g = t->g;
    AUTO(freep) char *libxl = xasprintf("/libxl/%u", g->pub.domid);
    AUTO(freep) char *vm = g->pub.domid ? tx_get(g, t->id, "vm") : NULL;
    bool marked = has_mark(g, t->id), here;
    char path[64];

    vm_path(g, "", path);
    here = vm && strcmp(vm, path) == 0;
    if (here || (g->pub.domid && !vm && !xguest_is_replaced(g)))
        tx_drop(t, "");
    if (here && dm_has(g))
        drop_dm(t);
    if (marked)
        tx_drop(t, path);
    if (here && g->pub.foreign)
        tx_drop(t, libxl);
}

int store_remove(struct xguest *g, struct err *e)
{
    struct tx t = {.g = g};

    return tx_run(&t, drop_all, e);
}

/* Of a guest that is not gone. */
static void put_nodes(struct tx *t)
{
    if (!has_mark(t->g, t->id))
        t->sys = ESRCH;
    for (size_t i = 0; i < work_of(t)->n_nodes; i++)
        tx_put(t, work_of(t)->nodes[i].name, "%s", work_of(t)->nodes[i].text);
}

int store_put(struct xguest *g, const struct node *nodes, size_t n, struct err *e)
{
    struct work w = {.nodes = nodes, .n_nodes = n};
    struct tx t = {.g = g, .arg = &w};

    if (tx_run(&t, put_nodes, e) == 0)
        return 0;
    return t.sys == ESRCH ? err_set(e, ERR_STATE, "it is gone") : -1;
}

int store_request(struct xguest *g, const char *what, struct err *e)
{
    struct node n = {.name = "control/shutdown"};

    snprintf(n.text, sizeof(n.text), "%s", what);
    return store_put(g, &n, 1, e);
}

static void move_vm(struct tx *t)
{
    AUTO(freep) char *before = xasprintf("/vm/%s", (const char *)t->arg);

    tx_drop(t, before);
    put_vm(t);
}

int store_move(struct xguest *g, const char *uuid, struct err *e)
{
    AUTO(freep) char *before = xstrdup(uuid);
    struct tx t = {.g = g, .arg = before};

    return tx_run(&t, move_vm, e);
}

static void name_two(struct tx *t)
{
    struct xguest *a = t->g;

    put_vm(t);
    t->g = t->arg;
    put_vm(t);
    t->g = a;
}

/* A guest that has just gone must not come back as a node that nobody removes. */
static void name_one(struct tx *t)
{
    if (has_mark(t->g, t->id))
        put_vm(t);
}

int store_name(struct xguest *g, struct err *e)
{
    struct tx t = {.g = g};

    return tx_run(&t, name_one, e);
}

int store_name_two(struct xguest *a, struct xguest *b, struct err *e)
{
    struct tx t = {.g = a, .arg = b};

    return tx_run(&t, name_two, e);
}

char *store_get(struct xguest *g, const char *node)
{
    return tx_get(g, XBT_NULL, node);
}

bool store_has_mark(struct xguest *g)
{
    return has_mark(g, XBT_NULL);
}

bool store_is_bare(struct xguest *g)
{
    AUTO(freep) char *vm = tx_get(g, XBT_NULL, "vm");

    return !vm;
}

/* Only the one that we made: the guest empties the node when it hears. */
static void drop_request(struct tx *t)
{
    AUTO(freep) char *now = tx_get(t->g, t->id, "control/shutdown");

    if (now && strcmp(now, work_of(t)->nodes->text) == 0)
        tx_put(t, "control/shutdown", "%s", "");
}

int store_unrequest(struct xguest *g, const char *what, struct err *e)
{
    struct node n = {.name = ""};
    struct work w = {.nodes = &n};
    struct tx t = {.g = g, .arg = &w};

    snprintf(n.text, sizeof(n.text), "%s", what);
    return tx_run(&t, drop_request, e);
}

int store_get_number(struct xguest *g, const char *node, uint64_t *out, struct err *e)
{
    AUTO(freep) char *text = tx_get(g, XBT_NULL, node);
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
        err_xenstore(e, path);
        return NULL;
    }
    for (int64_t left; (left = deadline - now_ms()) > 0;) {
        struct pollfd p = {xs_fileno(xs), POLLIN, 0};
        AUTO(freep) char *text = NULL;

        if (poll(&p, 1, (int)left) == 1)
            free(xs_check_watch(xs));
        text = tx_get(g, XBT_NULL, node);
        if (text && *text)
            return steal(text);
    }
    err_set(e, ERR_TIMEOUT, "xenstore: %s does not appear", path);
    return NULL;
}

char *store_await(struct xguest *g, const char *node, int timeout_ms, struct err *e)
{
    AUTO(freep) char *text = tx_get(g, XBT_NULL, node);
    struct xs_handle *xs;

    if (text && *text)
        return steal(text);
    xs = xs_open_events(XS_PATIENCE_S, e);
    if (!xs)
        return NULL;
    text = await(g, xs, node, now_ms() + timeout_ms, e);
    xs_close(xs);
    return steal(text);
}
