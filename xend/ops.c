/*
 * The work of jobs: see ops.h. What follows the end of a guest is in policy.c, what a new xend does
 * with those that run in adopt.c.
 */
#include "xend/ops.h"

#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/claims.h"
#include "xend/console.h"
#include "xend/events.h"
#include "xend/foreign.h"
#include "xend/intent.h"
#include "xend/last_words.h"
#include "xend/lifecycle.h"
#include "xend/policy.h"
#include "xend/managed.h"
#include "xend/vnet.h"
#include "xend/xend.h"

static int no_guest(const struct domain *d, struct err *e)
{
    return err_set(e, ERR_STATE, "Domain '%s' is not running", d->spec->name);
}

/* The guest's end of a console: an open stream. */
static int open_console(struct xend *x, struct domain *d, unsigned n, struct err *e)
{
    const struct driver_ops *ops = x->driver->ops;
    const struct device *channel;
    int fd;

    if (n == 0) {
        fd = ops->console(d->guest, e);
        return fd < 0 ? err_add(e, "console") : fd;
    }
    if (n < CONSOLE_SERIALS)
        return ops->serial ? ops->serial(d->guest, n, e)
                           : err_set(e, ERR_NOT_FOUND, "there is no console %u", n);
    channel = devices_nth(&d->spec->devices, DEVICE_CHANNEL, n - CONSOLE_SERIALS);
    return channel && ops->channel ? ops->channel(d->guest, channel->channel.name, e)
                                   : err_set(e, ERR_UNSUPPORTED, "it has no channels to look at");
}

/* Opens the guest's console for those who watch it. */
static int connect_console(struct xend *x, struct domain *d, unsigned n, struct err *e)
{
    AUTO(freep) char *log = NULL;
    int fd;

    if (console_connected(x->consoles, d, n))
        return 0;
    fd = open_console(x, d, n, e);
    if (fd < 0)
        return -1;
    log = n ? NULL : x->driver->ops->console_log(d->guest);
    return console_connect(x->consoles, d, n, fd, log, e);
}

/* One that is dead as soon as it may run did not start. */
static int check_alive(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    struct guest *g = d->guest;
    enum stop_reason reason;
    enum guest_state state = x->driver->ops->state(g, &reason);

    if (state != GUEST_CRASHED && state != GUEST_GONE)
        return 0;
    err_set(e, ERR_BACKEND, "it %s as soon as it ran",
            state == GUEST_CRASHED ? "crashed" : "ended");
    err_add_last_words(e, g);
    policy_end_now(x, d, t, state);
    return -1;
}

void domain_find_screen(struct xend *x, struct domain *d)
{
    struct vnc_place place;
    char *text;
    struct err e;

    if (!x->driver->ops->vnc || x->driver->ops->vnc(d->guest, &place, &e) < 0)
        return;
    text = xasprintf(strchr(place.host, ':') ? "[%s]:%d" : "%s:%d", place.host, place.port);
    xend_lock(x);
    free(d->vnc);
    d->vnc = text;
    domain_touch(x->domains, d);
    xend_unlock(x);
}

int domain_unclaim(struct xend *x, struct domain *d)
{
    xend_lock(x);
    claims_drop(d);
    xend_unlock(x);
    return -1;
}

int domain_guest_start(struct xend *x, struct domain *d, struct task *t, bool paused, struct err *e)
{
    AUTO(spec_freep) struct spec *s = NULL;
    struct guest *g;

    xend_lock(x);
    s = spec_copy(d->spec);
    xend_unlock(x);
    if (claims_take(x, d, s, e) < 0 || vnet_need(x, s, e) < 0)
        return domain_unclaim(x, d);
    g = x->driver->ops->create(x->driver, s, &t->job, e);
    fault_point("guest.created");
    return g ? domain_guest_take(x, d, t, g, paused, e) : domain_unclaim(x, d);
}

int domain_guest_take(struct xend *x, struct domain *d, struct task *t, struct guest *g,
                      bool paused, struct err *e)
{
    d->guest = g;
    xend_lock(x);
    domain_started(x->domains, d, g);
    xend_unlock(x);
    domain_find_screen(x, d);
    for (unsigned n = 0; n < CONSOLES_MAX; n++)
        if (console_wanted(x->consoles, d, n) && connect_console(x, d, n, e) < 0)
            log_warn("domain=%s: %s", t->name, e->msg); /* its viewers see nothing, it runs */
    if (paused)
        return 0;
    job_step(&t->job, "starting its vcpus");
    if (domain_let_go(x, d, e) < 0) {
        struct err ignored;
        if (domain_guest_end(x, d, &ignored) < 0)
            log_error("domain=%s: giving back what was started: %s", t->name, ignored.msg);
        return -1;
    }
    return check_alive(x, d, t, e);
}

int domain_guest_end(struct xend *x, struct domain *d, struct err *e)
{
    enum domain_state before = d->state;
    bool suspended;

    if (d->guest) {
        xend_lock(x);
        domain_set_state(x->domains, d, DOMAIN_DYING);
        xend_unlock(x);
        fault_point("guest.destroying");
        if (x->driver->ops->destroy(d->guest, e) < 0) {
            xend_lock(x);
            domain_set_state(x->domains, d, before);
            xend_unlock(x);
            return -1;
        }
        d->guest = NULL;
        fault_point("guest.destroyed");
    }
    console_guest_left(x->consoles, d);
    suspended = d->managed && managed_has_checkpoint(x, d->uuid);
    xend_lock(x);
    domain_stopped(x->domains, d);
    if (suspended)
        domain_set_state(x->domains, d, DOMAIN_SUSPENDED);
    xend_unlock(x);
    return 0;
}

void domain_forget_if_transient(struct xend *x, struct domain *d)
{
    bool gone;

    xend_lock(x);
    gone = !d->managed && !d->guest;
    if (gone)
        domain_remove(x->domains, d);
    xend_unlock(x);
    if (gone)
        vtpm_forget(x, d->uuid);
    console_close(x->consoles, d);
}

/* After it, one that has no guest is halted. */
static void set_restarting(struct xend *x, struct domain *d, bool restarting)
{
    xend_lock(x);
    d->restarting = restarting;
    if (!restarting && !d->guest && d->state == DOMAIN_DYING)
        domain_set_state(x->domains, d, DOMAIN_HALTED);
    if (!restarting && !d->guest)
        claims_drop(d);
    xend_unlock(x);
}

int domain_restart(struct xend *x, struct domain *d, struct task *t, bool paused, struct err *e)
{
    struct err no_intent;
    int r;

    if (intent_write(x, d, INTENT_RESTART, &no_intent) < 0)
        log_warn("domain=%s: restarted all the same: %s", t->name, no_intent.msg);
    set_restarting(x, d, true);
    r = domain_guest_end(x, d, e);
    if (r == 0) {
        r = domain_guest_start(x, d, t, paused, e);
        if (r < 0)
            domain_forget_if_transient(x, d);
    }
    set_restarting(x, d, false);
    intent_clear(x, t->uuid);
    return r;
}

struct value *domain_result(struct xend *x, const struct domain *d)
{
    struct value *v = value_map();

    xend_lock(x);
    value_set_take(v, "domain", domain_to_value(d));
    xend_unlock(x);
    return v;
}

static int run_create(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    enum intent_op op = t->arg & CREATE_RESTART ? INTENT_RESTART : INTENT_CREATE;

    fault_point("create.begin");
    if (intent_write(x, d, op, e) < 0 ||
        domain_guest_start(x, d, t, t->arg & CREATE_PAUSED, e) < 0) {
        err_add(e, "%s", t->name);
        set_restarting(x, d, false);
        domain_forget_if_transient(x, d);
        intent_clear(x, t->uuid);
        return -1;
    }
    t->result = domain_result(x, d);
    intent_clear(x, t->uuid);
    return 0;
}

static int run_pause(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    fault_point("pause.begin");
    if (x->driver->ops->pause(d->guest, e) < 0)
        return err_add(e, "%s: pausing", t->name);
    fault_point("pause.done");
    xend_lock(x);
    if (d->state == DOMAIN_RUNNING)
        domain_set_state(x->domains, d, DOMAIN_PAUSED);
    xend_unlock(x);
    return 0;
}

/* By itself, or by who saves it: it may go on. */
static bool is_suspended(const struct domain *d)
{
    return d->state == DOMAIN_SHUTDOWN && d->reason == STOP_SUSPEND;
}

static int run_unpause(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    fault_point("unpause.begin");
    if (x->driver->ops->resume(d->guest, e) < 0)
        return err_add(e, "%s: unpausing", t->name);
    fault_point("unpause.done");
    domain_runs_here(x, d);
    xend_lock(x);
    if (d->state == DOMAIN_PAUSED || is_suspended(d))
        domain_set_state(x->domains, d, DOMAIN_RUNNING);
    xend_unlock(x);
    return 0;
}

static const struct task_kind op_unheard;

static int run_shutdown(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    enum stop_reason how = (enum stop_reason)t->arg;

    xend_lock(x);
    d->reboot_asked = how == STOP_REBOOT;
    xend_unlock(x);
    fault_point("shutdown.begin");
    if (x->driver->ops->stop(d->guest, how, e) < 0)
        return err_add(e, "%s: asking it for %s", t->name, stop_reason_name(how));
    fault_point("shutdown.done");
    xend_lock(x);
    queue_add_later(x->queue, d, &op_unheard, (int64_t)d->domid << 32 | ++d->stops_asked,
                    (int)conf_int(&x->conf, "shutdown-patience"));
    xend_unlock(x);
    return 0;
}

/* A guest that was asked to end and runs on: someone should know. */
static int run_unheard(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    bool ignored;

    (void)e;
    xend_lock(x);
    ignored = d->state == DOMAIN_RUNNING && t->arg == ((int64_t)d->domid << 32 | d->stops_asked);
    if (ignored)
        event_domain(x, d, "shutdown-ignored");
    xend_unlock(x);
    if (ignored)
        log_warn("domain=%s: asked to end %s s ago, it runs on; xm destroy ends it at once",
                 t->name, conf_str(&x->conf, "shutdown-patience"));
    return 0;
}

static int run_destroy(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    struct err no_intent;
    int r;

    if (!d->guest && d->removed)
        return 0;
    if (intent_write(x, d, INTENT_DESTROY, &no_intent) < 0)
        log_warn("domain=%s: destroyed all the same: %s", t->name, no_intent.msg);
    r = domain_guest_end(x, d, e);
    if (r == 0)
        domain_forget_if_transient(x, d);
    intent_clear(x, t->uuid);
    return r == 0 ? 0 : err_add(e, "%s: destroying", t->name);
}

static int run_reset(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    if (!d->guest)
        return no_guest(d, e);
    if (domain_restart(x, d, t, false, e) < 0)
        return err_add(e, "%s: resetting", t->name);
    t->result = domain_result(x, d);
    return 0;
}

static int run_console(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    return d->guest ? connect_console(x, d, (unsigned)t->arg, e) : no_guest(d, e);
}

/*
 * A change from outside (somebody else's pause). Asked for on the domain's own queue, so that the
 * late news of xend's own doing cannot undo what was done since.
 */
static int run_sync(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    enum stop_reason reason;
    enum guest_state state = d->guest ? x->driver->ops->state(d->guest, &reason) : GUEST_GONE;
    enum domain_state is = DOMAIN_SHUTDOWN;

    (void)t, (void)e;
    if (state == GUEST_RUNNING)
        is = DOMAIN_RUNNING;
    else if (state == GUEST_PAUSED)
        is = DOMAIN_PAUSED;
    else if (state != GUEST_SHUTDOWN || reason != STOP_SUSPEND)
        return 0; /* an end has a change of its own */
    xend_lock(x);
    if (d->state == DOMAIN_RUNNING || d->state == DOMAIN_PAUSED || is_suspended(d)) {
        if (is == DOMAIN_SHUTDOWN)
            d->reason = reason;
        domain_set_state(x->domains, d, is);
    }
    xend_unlock(x);
    return 0;
}

const struct task_kind op_create = {.name = "create", .run = run_create, .makes_domain = true};
const struct task_kind op_pause = {.name = "pause", .run = run_pause};
const struct task_kind op_unpause = {.name = "unpause", .run = run_unpause};
const struct task_kind op_shutdown = {.name = "shutdown", .run = run_shutdown};
const struct task_kind op_destroy = {.name = "destroy", .run = run_destroy};
static const struct task_kind op_unheard = {
    .name = "shutdown-check", .run = run_unheard, .hidden = true};
const struct task_kind op_reset = {.name = "reset", .run = run_reset};
static const struct task_kind op_sync = {.name = "sync", .run = run_sync, .hidden = true};
const struct task_kind op_console = {.name = "console", .run = run_console, .hidden = true};

int op_check(const struct task_kind *kind, const struct domain *d, struct err *e)
{
    if (d->privileged && kind->host_too)
        return 0;
    if (d->privileged)
        return err_set(e, ERR_STATE, "Cannot %s privileged domain %s",
                       kind->verb ? kind->verb : kind->name, d->spec->name);
    return d->running || d->first ? 0
                                  : life_check(kind, d, e); /* what is before it may change it */
}

static void sync_later(struct xend *x, struct domain *d)
{
    if (!d->last || d->last->kind != &op_sync)
        queue_add(x->queue, d, &op_sync, "xend", false);
}

/* Our own doing, or the end of what has a job already or is kept to be looked at. */
static bool is_ended(const struct domain *d, enum guest_state now)
{
    return d->state == DOMAIN_DYING ||
           (now != GUEST_GONE && !is_suspended(d) &&
            (d->state == DOMAIN_SHUTDOWN || d->state == DOMAIN_CRASHED));
}

/* With the lock. */
static void forget_screen(struct xend *x, struct domain *d)
{
    free(d->vnc);
    d->vnc = NULL;
    domain_touch(x->domains, d);
}

void ops_guest_changed(void *arg, const struct guest_change *c)
{
    struct xend *x = arg;
    struct domain *d;

    if (c->found || c->name) {
        foreign_changed(x, c);
        return;
    }
    xend_lock(x);
    d = domain_find_uuid(x->domains, c->uuid);
    if (!d || (d->domid != DOMID_NONE && d->domid != c->domid) ||
        (d->domid == DOMID_NONE && c->domid == d->last_domid)) { /* late news of our own doing */
        xend_unlock(x);
        return;
    }
    switch (c->state) {
    case GUEST_RUNNING:
    case GUEST_PAUSED:
        if (d->state != (c->state == GUEST_RUNNING ? DOMAIN_RUNNING : DOMAIN_PAUSED))
            sync_later(x, d);
        if (c->no_screen)
            forget_screen(x, d);
        break;
    case GUEST_DYING:
        break;
    case GUEST_SHUTDOWN:
        if (c->reason == STOP_SUSPEND) { /* left to who saves it */
            sync_later(x, d);
            break;
        }
        __attribute__((fallthrough));
    default:
        if (!is_ended(d, c->state))
            policy_note_end(x, d, c);
        break;
    }
    xend_unlock(x);
}
