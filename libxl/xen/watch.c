/*
 * What changes: our guests held against Xen's list of domains; what differs is reported. xenstored
 * only says "some domain came, stopped or went" (@introduceDomain, @releaseDomain), never which;
 * and nobody tells of a pause by others: that is noticed at the next sample. Nor of the end of one
 * that dies: xenstored speaks when it begins to, and its backends may hold its memory for a while.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/xen/dm.h"

#define ALONE_MS 1000     /* how often to look for xenstored when it is away */
#define DYING_MS 10       /* when to look again for the end of what dies: twice this, and so on */
#define DYING_MAX_MS 4000 /* up to this */

/* With the lock: takes over what Xen says of each guest. */
static void compare(struct xen *d, const struct infos *infos)
{
    AUTO(freep) bool *known = xcalloc(infos->len, sizeof(*known));

    for (size_t i = 0; i < d->guests.len; i++) {
        struct xguest *g = d->guests.ptr[i];
        const xc_domaininfo_t *info = infos_find_guest(infos, &g->pub);
        enum stop_reason reason = STOP_POWEROFF;
        enum guest_state state = info ? xguest_state(g, info, &reason) : GUEST_GONE;

        if (info)
            known[info - infos->ptr] = true;
        if (state == GUEST_DYING && g->pub.foreign)
            state = GUEST_GONE; /* nothing is left for us to do */
        if (g->held && (state == GUEST_PAUSED || state == GUEST_RUNNING ||
                        (state == GUEST_SHUTDOWN && reason == STOP_SUSPEND)))
            state = g->state;
        if (!g->destroying)
            xguest_become(g, state, reason);
    }
    strangers_compare(d, infos, known);
}

static int refresh(struct xen *d, struct err *e)
{
    struct infos infos = {0};
    int r;

    pthread_mutex_lock(&d->lock);
    r = infos_get(d, &infos, e);
    if (r == 0)
        compare(d, &infos);
    pthread_mutex_unlock(&d->lock);
    vec_clear(&infos);
    return r;
}

struct sample {
    char uuid[UUID_TEXT_SIZE];
    struct guest_sample s;
};
struct samples VEC(struct sample);

static void add_sample(struct samples *v, const char *uuid, const xc_domaininfo_t *i,
                       enum guest_state state)
{
    struct sample x = {.s = {.state = state,
                             .cpu_ns = i->cpu_time,
                             .mem_kib = i->tot_pages * (XC_PAGE_SIZE / 1024),
                             .vcpus_online = i->nr_online_vcpus}};

    snprintf(x.uuid, sizeof(x.uuid), "%s", uuid);
    vec_push(v, x);
}

/* Domain-0 is told of as well, by the uuid that Xen gives it: all zeros. */
int xen_sample(struct driver *driver, guest_sample_fn *each, void *arg, struct err *e)
{
    struct xen *d = xen_of(driver);
    struct infos infos = {0};
    struct samples all = {0};
    int r;

    pthread_mutex_lock(&d->lock);
    r = infos_get(d, &infos, e);
    if (r == 0) {
        compare(d, &infos);
        if (infos.len && infos.ptr[0].domain == 0)
            add_sample(&all, DOM0_UUID, &infos.ptr[0], GUEST_RUNNING);
        for (size_t i = 0; i < d->guests.len; i++) {
            const struct xguest *g = d->guests.ptr[i];
            const xc_domaininfo_t *info = infos_find_guest(&infos, &g->pub);

            if (info)
                add_sample(&all, g->pub.uuid, info, g->destroying ? GUEST_DYING : g->state);
        }
    }
    pthread_mutex_unlock(&d->lock);
    vec_clear(&infos);
    for (size_t i = 0; i < all.len; i++) {
        all.ptr[i].s.uuid = all.ptr[i].uuid;
        each(arg, &all.ptr[i].s);
    }
    vec_clear(&all);
    return r;
}

static void report(struct xen *d, guest_change_fn *change, void *arg)
{
    struct xchanges changes;
    uint64_t drained;

    if (read(d->wake_fd, &drained, sizeof(drained)) < 0)
        return; /* EAGAIN: nothing new */
    pthread_mutex_lock(&d->lock);
    changes = d->changes;
    d->changes = (struct xchanges){0};
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < changes.len; i++) {
        const struct xchange *c = &changes.ptr[i];

        change(arg, &(struct guest_change){.uuid = c->uuid,
                                           .domid = c->domid,
                                           .state = c->state,
                                           .reason = c->reason,
                                           .no_screen = c->no_screen,
                                           .detail = c->detail});
        free(c->detail);
    }
    vec_clear(&changes);
}

/* However many events of domains there are: one look at them. */
static int drain(struct xen *d, struct xs_handle *xs, guest_change_fn *change, void *arg,
                 struct err *e)
{
    bool domains = false;
    char **event;

    while ((event = xs_check_watch(xs))) {
        if (*event[XS_WATCH_TOKEN])
            strangers_event(d, xs, event[XS_WATCH_PATH], change, arg);
        else
            domains = true;
        free(event);
    }
    if (errno != EAGAIN)
        return err_sys(e, "xenstore");
    return domains ? refresh(d, e) : 0;
}

/*
 * libxenstore does not tell a waiting caller that xenstored has died; an idle connection of our own
 * does. -1 when it is reached by other ways than a socket.
 */
static int open_canary(void)
{
    struct err e;

    return unix_connect(xs_daemon_socket(), &e);
}

/* Looks after logs when it is time to; how long to wait for the next time, -1: for ever. */
static int look_after_logs(struct xen *d, int64_t *due)
{
    int64_t left = *due - now_ms();
    int next;

    if (left > 0)
        return (int)left;
    next = dm_trim(d);
    *due = now_ms() + (next < 0 ? ALONE_MS : next);
    return next;
}

/* How long to wait for news; *again_ms is what it was the last time, 0 if nothing was dying. */
static int patience(struct xen *d, int *again_ms, int64_t *logs_due)
{
    int logs_ms = look_after_logs(d, logs_due);
    bool dying = false;

    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.len; i++)
        dying |= d->guests.ptr[i]->state == GUEST_DYING && !d->guests.ptr[i]->destroying;
    pthread_mutex_unlock(&d->lock);
    *again_ms = !dying                         ? 0
                : !*again_ms                   ? DYING_MS
                : *again_ms < DYING_MAX_MS / 2 ? *again_ms * 2
                                               : DYING_MAX_MS;
    return dying ? *again_ms : logs_ms;
}

static int watch(struct xen *d, struct xs_handle *xs, int stop_fd, guest_change_fn *change,
                 void *arg, struct err *e)
{
    AUTO(closep) int canary = open_canary();
    struct pollfd fds[] = {{stop_fd, POLLIN, 0},
                           {d->wake_fd, POLLIN, 0},
                           {canary, POLLIN, 0},
                           {xs_fileno(xs), POLLIN, 0},
                           {d->dm_epoll, POLLIN, 0}};
    int64_t logs_due = 0;
    int again_ms = 0;

    if (!xs_watch(xs, "@releaseDomain", "") || !xs_watch(xs, "@introduceDomain", ""))
        return err_sys(e, "xenstore: watching for domains");
    if (strangers_begin(d, xs, e) < 0)
        return -1;
    for (;;) {
        int n = poll(fds, ARRAY_LEN(fds), patience(d, &again_ms, &logs_due));

        if (n < 0) {
            if (errno != EINTR)
                return err_sys(e, "poll");
            continue;
        }
        if (n == 0 && again_ms && refresh(d, e) < 0)
            return -1;
        if (fds[0].revents)
            return 0;
        if (fds[2].revents)
            return err_set(e, ERR_UNAVAILABLE, "xenstore: xenstored has gone");
        if (fds[3].revents && drain(d, xs, change, arg, e) < 0)
            return -1;
        strangers_attend(d, xs, change, arg);
        if (fds[4].revents)
            dm_died(d);
        report(d, change, arg);
    }
}

/* Without xenstored nobody tells of changes: looked for again and again until it is back. */
static int watch_alone(struct xen *d, int stop_fd, guest_change_fn *change, void *arg,
                       struct xs_handle **back)
{
    struct pollfd fds[] = {{stop_fd, POLLIN, 0}, {d->wake_fd, POLLIN, 0}};
    struct err e;

    while (!(*back = xs_open_events(1, &e))) {
        poll(fds, 2, ALONE_MS);
        if (fds[0].revents)
            return 0;
        dm_died(d);
        if (refresh(d, &e) < 0)
            log_error("%s", e.msg);
        report(d, change, arg);
    }
    return 1;
}

int xen_watch(struct driver *driver, int stop_fd, guest_change_fn *change, void *arg, struct err *e)
{
    struct xen *d = xen_of(driver);
    struct xs_handle *xs; /* events want a connection of their own */
    struct err why;

    for (;;) {
        int r = watch_alone(d, stop_fd, change, arg, &xs);

        if (r <= 0)
            return r;
        leftovers_end(d);
        r = watch(d, xs, stop_fd, change, arg, &why);
        xs_close(xs);
        if (r == 0)
            return 0;
        log_warn("%s: looking for changes without it", why.msg);
        if (refresh(d, e) < 0)
            return -1;
        poll(&(struct pollfd){stop_fd, POLLIN, 0}, 1, ALONE_MS);
    }
}
