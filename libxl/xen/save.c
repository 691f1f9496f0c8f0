/*
 * Saving a guest: its kernel is asked, through xenstore, to suspend itself; then libxenguest
 * writes its memory as Xen's stream of version 2, after which comes what a device model knows.
 * Until it has all been written nobody is told that the guest stands still, and whatever fails, it
 * goes on.
 */
#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/xen/dm.h"
#include "libxl/xen/stream.h"

#include <xenguest.h> /* does not stand alone: after xenctrl.h */

#define SUSPEND_MS 60000
#define SLICE_MS 10

struct saving {
    struct xguest *g;
    struct stream stream;
    bool asked; /* to suspend */
};

bool guest_is_suspended(const struct xguest *g)
{
    enum stop_reason reason;

    return xguest_look(g, &reason) == GUEST_SHUTDOWN && reason == STOP_SUSPEND;
}

/* Until it has suspended itself, as told by Xen and not by what the guest writes. */
static int await_suspend(struct saving *s, struct err *e)
{
    int64_t deadline = now_ms() + SUSPEND_MS;

    while (!guest_is_suspended(s->g)) {
        xc_domaininfo_t info;

        if (stream_check(&s->stream, e) < 0)
            return -1;
        if (xguest_info(s->g, &info, e) < 0) /* it has just stopped: as it should? */
            return guest_is_suspended(s->g) ? 0 : -1;
        if (now_ms() >= deadline)
            return err_set(e, ERR_TIMEOUT, "the guest does not suspend itself within %d s",
                           SUSPEND_MS / 1000);
        job_wait(s->stream.job, SLICE_MS);
    }
    return 0;
}

/* Without drivers for Xen nobody in the guest hears: it is stopped where it is. */
static int ask_to_suspend(struct xguest *g, struct err *e)
{
    if (guest_hears(g))
        return store_request(g, "suspend", e);
    return xc_domain_shutdown(g->d->xch, g->pub.domid, SHUTDOWN_suspend) < 0 ? err_xen(e, NULL) : 0;
}

/* libxenguest wants the guest to stand still. */
static int on_suspend(void *arg, struct err *e)
{
    struct saving *s = arg;

    fault_point("xen.suspending");
    s->asked = true;
    if (ask_to_suspend(s->g, e) < 0 || await_suspend(s, e) < 0)
        return -1;
    if (dm_is_machine(s->g) && dm_freeze(s->g, s->stream.state, s->stream.live, e) < 0)
        return -1;
    fault_point("xen.suspended");
    job_step(s->stream.job, "writing its memory");
    return 0;
}

/* Cooperative: the guest's kernel sees a suspend that was called off. */
int guest_wake(struct xguest *g, struct err *e)
{
    if (!guest_is_suspended(g))
        return 0;
    if (xc_domain_resume(g->d->xch, g->pub.domid, 1) < 0)
        return err_xen(e, NULL);
    if (!xs_resume_domain(g->d->xs, g->pub.domid))
        return err_xenstore(e, "it runs again");
    return 0;
}

static int thaw_and_wake(struct xguest *g, struct err *e)
{
    return dm_is_machine(g) && guest_is_suspended(g) && dm_thaw(g, e) < 0 ? -1 : guest_wake(g, e);
}

/* The request is taken back; one that was heard just now is waited for, and then undone. */
int guest_unask_suspend(struct xguest *g, struct err *e)
{
    int r = store_unrequest(g, "suspend", e);

    for (int waited = 0; r == 0 && waited < 1000 && !guest_is_suspended(g); waited += SLICE_MS) {
        struct job none = JOB_INIT;
        enum stop_reason reason;

        if (xguest_look(g, &reason) != GUEST_RUNNING)
            break;
        job_wait(&none, SLICE_MS);
    }
    return r < 0 ? -1 : thaw_and_wake(g, e);
}

int save_check(struct xguest *g, bool live, struct err *e)
{
    xc_domaininfo_t info;
    xc_physinfo_t host = {0};

    if (g->spec->type == TYPE_HVM && !dm_is_machine(g))
        return err_set(e, ERR_UNSUPPORTED, "its device model is other people's");
    if (xguest_info(g, &info, e) < 0)
        return -1;
    if (!live)
        return 0;
    if (xc_physinfo(g->d->xch, &host) < 0)
        return err_xen(e, NULL);
    if (host.capabilities & XEN_SYSCTL_PHYSCAP_shadow || g->spec->type != TYPE_PV)
        return 0;
    err_set(e, ERR_UNSUPPORTED,
            "live: this host's Xen is built without shadow paging, which "
            "finds out what a PV guest has changed");
    return err_hint(e, "Without --live the guest stands still meanwhile.");
}

/* A paused one has to run to suspend itself: nobody is told, and it is paused again if it fails. */
static int hold(struct xguest *g, struct err *e)
{
    enum stop_reason reason;

    pthread_mutex_lock(&g->d->lock);
    g->held = true;
    g->held_paused = xguest_look(g, &reason) == GUEST_PAUSED;
    pthread_mutex_unlock(&g->d->lock);
    if (xstate_save(g, true, e) < 0)
        return -1;
    if (g->held_paused && guest_hears(g) && xc_domain_unpause(g->d->xch, g->pub.domid) < 0)
        return err_xen(e, NULL);
    return 0;
}

static int on_logdirty(void *arg, bool on, struct err *e)
{
    const struct saving *s = arg;

    return dm_is_machine(s->g) ? dm_logdirty(s->g, on, e) : 0;
}

/* As if nothing had been. */
static void go_on(struct saving *s)
{
    struct xguest *g = s->g;
    struct err e;

    /* a child that was killed has not ended it */
    if (s->stream.live && on_logdirty(s, false, &e) < 0)
        log_warn("%s: %s", g->spec->name, e.msg);
    if (s->stream.live)
        xc_shadow_control(g->d->xch, g->pub.domid, XEN_DOMCTL_SHADOW_OP_OFF, NULL, 0);
    int r = !s->asked               ? 0
            : guest_is_suspended(g) ? thaw_and_wake(g, &e)
                                    : guest_unask_suspend(g, &e);

    if (r < 0 || guest_let_go(g, &e) < 0)
        log_error("%s: going on after its save: %s", g->spec->name, e.msg);
}

static void tell_suspended(struct xguest *g)
{
    struct err e;

    pthread_mutex_lock(&g->d->lock);
    g->held = g->held_paused = false;
    xguest_become(g, GUEST_SHUTDOWN, STOP_SUSPEND);
    pthread_mutex_unlock(&g->d->lock);
    if (xstate_save(g, true, &e) < 0)
        log_warn("%s: %s", g->spec->name, e.msg);
}

int xen_save(struct guest *guest, int fd, bool live, struct job *j, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    struct saving s = {.g = g,
                       .stream = {.g = g,
                                  .job = j,
                                  .fd = fd,
                                  .live = live,
                                  .suspend = on_suspend,
                                  .logdirty = on_logdirty,
                                  .state = -1}};
    int r;

    if (job_check(j, e) < 0 || save_check(g, live, e) < 0)
        return -1;
    s.stream.arg = &s;
    job_step(j, live ? "writing its memory" : "waiting until it suspends itself");
    if (dm_is_machine(g) && (s.stream.state = dm_state_new(e)) < 0)
        return -1;
    r = hold(g, e);
    if (r == 0)
        r = stream_run(&s.stream, e);
    fault_point("xen.saved");
    if (r < 0)
        go_on(&s);
    else
        tell_suspended(g);
    close_fd(&s.stream.state);
    return r;
}
