/*
 * What changes: our guests held against Xen's list of domains; what differs is reported. xenstored
 * only says "some domain came, stopped or went" (@introduceDomain, @releaseDomain), never which;
 * and nobody tells of a pause by others: that is noticed at the next sample.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/xen/xen.h"

/* With the lock: takes over what Xen says of each guest of ours. */
static void compare(struct xen *d, const struct infos *infos)
{
    for (size_t i = 0; i < d->guests.len; i++) {
        struct xguest *g = d->guests.ptr[i];
        const xc_domaininfo_t *info = infos_find_guest(infos, &g->pub);
        enum stop_reason reason = STOP_POWEROFF;
        enum guest_state state = info ? info_state(info, &reason) : GUEST_GONE;

        if (g->held && (state == GUEST_PAUSED || state == GUEST_RUNNING ||
                        (state == GUEST_SHUTDOWN && reason == STOP_SUSPEND)))
            state = g->state;
        if (!g->destroying)
            xguest_become(g, state, reason);
    }
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

        change(arg, &(struct guest_change){c->uuid, c->domid, c->state, c->reason, NULL});
    }
    vec_clear(&changes);
}

/* However many events there are: one look at the domains. */
static int drain(struct xs_handle *xs, struct err *e)
{
    char **event;

    while ((event = xs_check_watch(xs)))
        free(event);
    return errno == EAGAIN ? 0 : err_sys(e, "xenstore");
}

static int watch(struct xen *d, struct xs_handle *xs, int stop_fd, guest_change_fn *change,
                 void *arg, struct err *e)
{
    struct pollfd fds[] = {{stop_fd, POLLIN, 0}, {d->wake_fd, POLLIN, 0}, {0, POLLIN, 0}};

    if (!xs_watch(xs, "@releaseDomain", "") || !xs_watch(xs, "@introduceDomain", ""))
        return err_sys(e, "xenstore: watching for domains");
    fds[2].fd = xs_fileno(xs);
    for (;;) {
        if (poll(fds, 3, -1) < 0) {
            if (errno != EINTR)
                return err_sys(e, "poll");
            continue;
        }
        if (fds[0].revents)
            return 0;
        if (fds[2].revents && (drain(xs, e) < 0 || refresh(d, e) < 0))
            return -1;
        report(d, change, arg);
    }
}

int xen_watch(struct driver *driver, int stop_fd, guest_change_fn *change, void *arg, struct err *e)
{
    struct xs_handle *xs = xs_open(0); /* events want a connection of their own */
    int r;

    if (!xs)
        return err_sys(e, "xenstore");
    r = watch(xen_of(driver), xs, stop_fd, change, arg, e);
    xs_close(xs);
    return r;
}
