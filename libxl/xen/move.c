/*
 * A guest that moves to the host it is on. Another one is made beside it, under a uuid of its own
 * (create.c), and gets its memory through a pair of sockets, from a child to a child; its devices
 * are there a second time then, and nobody uses either. Until here the first one goes on after any
 * failure. Then the two change uuids, and the first is ended as what could not be made.
 *
 * That change is noted, in UUID.moved, before it begins: the next xend does all of it again. Before
 * the note it finds one guest and another that was half made; after it the same, the other way
 * round. Called by create.c, aside.c, scan.c.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/xen/dm.h"

/* ---- its memory ---- */

struct arrival {
    struct xguest *g;
    struct built *built;
    struct job *job;
    int fd;
    _Atomic bool failed;
    struct err e;
};

static void *arrive(void *arg)
{
    struct arrival *a = arg;

    if (restore_image(a->g, a->built, a->fd, -1, a->job, &a->e) < 0)
        a->failed = true;
    close_fd(&a->fd); /* who still writes is told by that */
    return NULL;
}

int move_memory(struct xguest *from, struct xguest *to, bool live, struct built *b, struct job *j,
                struct err *e)
{
    struct arrival a = {.g = to, .built = b, .job = j};
    pthread_t thread;
    bool failed;
    int pair[2];

    from->leaving = true;
    if (store_name(from, e) < 0)
        return -1;
    fault_point("xen.move-begun");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(e, "a socket for its memory");
    a.fd = pair[1];
    errno = pthread_create(&thread, NULL, arrive, &a);
    if (errno) {
        close(pair[0]);
        close(pair[1]);
        return err_sys(e, "a thread for its memory");
    }
    failed = xen_save(&from->pub, pair[0], live, j, e) < 0 && !a.failed;
    close(pair[0]);
    pthread_join(thread, NULL);
    if (!failed && a.failed) /* else it is a consequence of the other's */
        *e = a.e;
    return failed || a.failed ? -1 : 0;
}

/* ---- its place ---- */

static int set_handle(const struct xguest *g, const char *uuid, struct err *e)
{
    xen_domain_handle_t handle = {0};

    handle_from_uuid(handle, uuid);
    return xc_domain_sethandle(g->d->xch, g->pub.domid, handle) < 0 ? err_xen(e, NULL) : 0;
}

#define SWAP(a, b)                                                                                 \
    do {                                                                                           \
        __typeof__(a) swapped_ = (a);                                                              \
        (a) = (b);                                                                                 \
        (b) = swapped_;                                                                            \
    } while (0)

/* Who was the one is the other, but for what they are called in xenstore. */
static int change(struct xguest *holder, struct xguest *heir, struct err *e)
{
    char spare[UUID_TEXT_SIZE];
    struct err ignored;

    if (set_handle(heir, holder->pub.uuid, e) < 0)
        return -1;
    if (set_handle(holder, heir->pub.uuid, e) < 0) {
        set_handle(heir, heir->pub.uuid, &ignored);
        return -1;
    }
    memcpy(spare, heir->pub.uuid, sizeof(spare));
    memcpy(heir->pub.uuid, holder->pub.uuid, sizeof(spare));
    memcpy(holder->pub.uuid, spare, sizeof(spare));
    memcpy(holder->place_of, heir->pub.uuid, sizeof(spare));
    heir->place_of[0] = '\0';
    SWAP(holder->spec, heir->spec);
    SWAP(holder->pub.start_time, heir->pub.start_time);
    return 0;
}

/* The same while others look: who has the uuid is listed, the other one is being made. */
static int change_listed(struct xguest *holder, struct xguest *heir, struct err *e)
{
    struct xen *d = heir->d;
    int r;

    pthread_mutex_lock(&d->lock);
    r = change(holder, heir, e);
    for (size_t i = 0; r == 0 && i < d->guests.len; i++)
        if (d->guests.ptr[i] == holder)
            d->guests.ptr[i] = heir;
    for (size_t i = 0; r == 0 && i < d->making.len; i++)
        if (d->making.ptr[i] == heir)
            d->making.ptr[i] = holder;
    pthread_mutex_unlock(&d->lock);
    return r;
}

/* heir as it will be; the uuid that it leaves to the other one is in place_of. */
static int note(const struct xguest *holder, const struct xguest *heir, const char *path,
                struct err *e)
{
    struct xguest *g = xguest_new(heir->d, holder->spec);
    int r;

    memcpy(g->pub.uuid, holder->pub.uuid, sizeof(g->pub.uuid));
    memcpy(g->place_of, heir->pub.uuid, sizeof(g->place_of));
    memcpy(g->nonce, heir->nonce, sizeof(g->nonce));
    g->pub.domid = heir->pub.domid;
    g->pub.start_time = holder->pub.start_time;
    r = xstate_write(g, true, path, e);
    xguest_free(g);
    return r;
}

/* What fails here the next xend does, by the note. */
static void keep(const struct xguest *left, const struct xguest *here, const char *path)
{
    struct err e;

    if (xstate_save(left, false, &e) < 0 || xstate_save(here, true, &e) < 0)
        log_error("%s: %s", here->spec->name, e.msg);
    else
        unlink(path);
}

int move_place(struct xguest *from, struct xguest *to, struct err *e)
{
    AUTO(freep) char *path = xstate_path(from->d, from->pub.uuid, XMOVED);
    struct err ignored;
    int r;

    if (xs_check(to->d, e) < 0)
        return -1;
    if (!guest_is_suspended(from))
        return err_set(e, ERR_STATE, "it has ended meanwhile");
    if (note(from, to, path, e) < 0)
        return -1;
    fault_point("xen.move-noted");
    r = change_listed(from, to, e);
    fault_point("xen.move-changed");
    if (r == 0 && store_name_two(from, to, e) < 0) {
        r = -1;
        if (change_listed(to, from, &ignored) < 0)
            log_error("%s: its old uuid: %s", to->spec->name, ignored.msg);
    }
    if (r < 0) {
        unlink(path);
        return -1;
    }
    fault_point("xen.move-named");
    keep(from, to, path);
    return 0;
}

/* ---- the whole ---- */

/* What a guest can have once only. */
static int check(struct xguest *g, bool live, struct err *e)
{
    if (dm_wanted(g->spec))
        return err_set(e, ERR_UNSUPPORTED, "%s stays on its host: it has a QEMU of its own",
                       g->spec->type == TYPE_HVM ? "a HVM guest" : "a guest with vfb");
    for (size_t i = 0; i < g->spec->devices.len; i++) {
        const struct device *d = g->spec->devices.ptr[i];

        if (d->class == DEVICE_VIF && d->vif.vifname)
            return err_set(e, ERR_UNSUPPORTED,
                           "vif: vifname: there cannot be two interfaces %s at a time",
                           d->vif.vifname);
    }
    return save_check(g, live, e);
}

static struct spec *spare_spec(struct xguest *g, const char *uuid)
{
    struct spec *s;

    pthread_mutex_lock(&g->d->lock);
    s = spec_copy(g->spec);
    pthread_mutex_unlock(&g->d->lock);
    free(s->uuid);
    s->uuid = xstrdup(uuid);
    return s;
}

static void stay(struct xguest *g)
{
    struct err e;

    g->leaving = false;
    if (store_name(g, &e) < 0)
        log_error("%s: its name: %s", g->spec->name, e.msg);
}

struct guest *xen_move(struct guest *guest, bool live, struct job *j, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    AUTO(spec_freep) struct spec *s = NULL;
    char uuid[UUID_TEXT_SIZE];
    struct guest *there;

    if (job_check(j, e) < 0 || check(g, live, e) < 0)
        return NULL;
    uuid_make(uuid);
    s = spare_spec(g, uuid);
    there = make_in_place(g, s, live, j, e);
    if (!there) {
        stay(g);
        return NULL;
    }
    fault_point("xen.move-ending");
    if (domain_undo(g)) {
        xguest_began(g);
        xguest_free(g);
    } else {
        xguest_began(g);
        leftover_add_take(g);
    }
    fault_point("xen.move-ended");
    return there;
}

/* ---- after a restart of xend ---- */

static bool is_one_of(const struct xguest *g, const char *a, const char *b)
{
    char uuid[UUID_TEXT_SIZE];
    xc_domaininfo_t i;

    if (!g->pub.domid || xc_domain_getinfolist(g->d->xch, g->pub.domid, 1, &i) != 1 ||
        i.domain != g->pub.domid)
        return false;
    uuid_from_handle(uuid, i.handle);
    return strcmp(uuid, a) == 0 || strcmp(uuid, b) == 0;
}

/* Both are there, as they were before the note was made. */
static void redo(struct xguest *holder, struct xguest *heir, const char *path)
{
    struct err e;

    holder->leaving = true;
    if (change(holder, heir, &e) < 0 || store_name_two(holder, heir, &e) < 0) {
        log_error("%s: moving it within its host: %s", heir->spec->name, e.msg);
        return;
    }
    keep(holder, heir, path);
}

void move_finish(struct xguest *noted, const char *path)
{
    AUTO(freep) char *uuid = xstrdup(noted->pub.uuid), *spare = xstrdup(noted->place_of);
    struct xguest *holder;
    struct spec *s;
    struct err e;
    bool ready;

    holder = xstate_load(noted->d, uuid, &ready, &e);
    if (!holder || strcmp(holder->nonce, noted->nonce) == 0 || !is_one_of(noted, uuid, spare) ||
        !is_one_of(holder, uuid, spare)) { /* it is done, or one of them has been ended by others */
        unlink(path);
    } else {
        s = spare_spec(noted, spare);
        spec_free(noted->spec);
        noted->spec = s;
        memcpy(noted->pub.uuid, spare, sizeof(noted->pub.uuid));
        memcpy(noted->place_of, uuid, sizeof(noted->place_of));
        redo(holder, noted, path);
    }
    if (holder)
        xguest_free(holder);
}

void move_undone(struct xen *d, const char *uuid)
{
    struct err e;
    bool ready;
    struct xguest *g = xstate_load(d, uuid, &ready, &e);

    if (g) {
        stay(g);
        xguest_free(g);
    }
}
