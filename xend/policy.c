/* What follows the end of a guest: see policy.h. */
#include "xend/policy.h"

#include <string.h>
#include <time.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/events.h"
#include "xend/foreign.h"
#include "xend/intent.h"
#include "xend/ops.h"
#include "xend/xend.h"

/* A guest that ends by itself sooner than this after its start is not restarted: the original's
 * rule against a loop of crashes. A reboot that xm asked for is always obeyed. */
#define RESTART_MIN_S 60.0

enum end_action policy_action(const struct spec *s, enum guest_state end, enum stop_reason reason,
                              double lived_s, bool asked)
{
    int action;

    if (end == GUEST_CRASHED || end == GUEST_GONE)
        action = s->on_crash;
    else if (reason == STOP_REBOOT)
        action = s->on_reboot;
    else if (reason == STOP_POWEROFF)
        action = s->on_poweroff;
    else
        action = END_DESTROY; /* halt, and what the original did not know */
    asked = asked && end == GUEST_SHUTDOWN && reason == STOP_REBOOT;
    if (lived_s >= RESTART_MIN_S || asked)
        return (enum end_action)action;
    if (action == END_RESTART || action == END_RENAME_RESTART)
        action = END_DESTROY;
    if (action == END_COREDUMP_RESTART)
        action = END_COREDUMP_DESTROY;
    return (enum end_action)action;
}

/* What op_ended needs to know, in the argument of its job. */
struct end {
    uint32_t domid;
    enum guest_state state;
    enum stop_reason reason;
    enum end_action action;
};

static int64_t pack_end(const struct end *e)
{
    return ((int64_t)e->domid << 24) | ((int64_t)e->state << 16) | ((int64_t)e->reason << 8) |
           (int64_t)e->action;
}

static struct end unpack_end(int64_t arg)
{
    return (struct end){(uint32_t)(arg >> 24), (enum guest_state)((arg >> 16) & 0xff),
                        (enum stop_reason)((arg >> 8) & 0xff), (enum end_action)(arg & 0xff)};
}

/* What others see until the job has acted: only what will be preserved is shutdown or crashed. */
static enum domain_state state_after(const struct end *e)
{
    if (e->action != END_PRESERVE)
        return DOMAIN_DYING;
    return e->state == GUEST_SHUTDOWN ? DOMAIN_SHUTDOWN : DOMAIN_CRASHED;
}

/* People wonder why it is not back. */
static void note_refused(struct xend *x, struct domain *d, double lived_s)
{
    event_domain(x, d, "restart-refused");
    log_warn("domain=%s: restarting too fast: it ended %.0f s after its start, and stays ended "
             "below %.0f s",
             d->spec->name, lived_s < 0 ? 0 : lived_s, RESTART_MIN_S);
}

/* What follows, and whether a restart was refused. */
static struct end end_of(const struct domain *d, const struct guest_change *c, bool *refused)
{
    struct end end = {c->domid, c->state, c->reason, END_DESTROY};
    double lived_s = (double)time(NULL) - d->start_time;

    end.action = policy_action(d->spec, c->state, c->reason, lived_s, d->reboot_asked);
    *refused = end.action != policy_action(d->spec, c->state, c->reason, RESTART_MIN_S, false);
    if (c->state == GUEST_GONE && end.action == END_PRESERVE)
        end.action = END_DESTROY; /* nothing is left to preserve */
    return end;
}

/* Tells everybody. */
static struct end note(struct xend *x, struct domain *d, const struct guest_change *c)
{
    bool refused;
    struct end end = end_of(d, c, &refused);

    d->reboot_asked = false;
    event_ended(x, d, c);
    if (refused)
        note_refused(x, d, (double)time(NULL) - d->start_time);
    if (d->state == DOMAIN_RUNNING || d->state == DOMAIN_PAUSED) {
        d->reason = c->reason;
        domain_set_state(x->domains, d, state_after(&end));
    }
    return end;
}

void policy_note_end(struct xend *x, struct domain *d, const struct guest_change *c)
{
    struct end end = note(x, d, c);
    struct task *t = queue_add(x->queue, d, &op_ended, "xend", false);

    t->arg = pack_end(&end);
    if (c->detail)
        t->arg_value = value_str(c->detail);
}

static void log_change(const struct task *t, enum guest_state end, enum stop_reason reason)
{
    if (t->arg_value)
        log_warn("domain=%s: its guest is %s: %s", t->name, guest_state_name(end),
                 value_as_str(t->arg_value));
    else
        log_info("domain=%s: its guest is %s (%s)", t->name, guest_state_name(end),
                 end == GUEST_SHUTDOWN ? stop_reason_name(reason) : "by itself");
}

static int restart(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    return domain_restart(x, d, t, false, e) < 0 ? err_add(e, "%s: restarting", t->name) : 0;
}

/*
 * The intent comes before the dead one is another's: a xend that dies in between starts the domain
 * again. When it cannot be kept, the restart counts for more.
 */
static int rename_restart(struct xend *x, struct domain *d, struct task *t, struct end end,
                          struct err *e)
{
    struct err why;

    xend_lock(x);
    d->restarting = true;
    xend_unlock(x);
    if (end.state != GUEST_GONE && (intent_write(x, d, INTENT_RESTART, &why) < 0 ||
                                    domain_keep_dead(x, d, end.state == GUEST_CRASHED, &why) < 0))
        log_warn("domain=%s: restarted without a copy of the dead one: %s", t->name, why.msg);
    return restart(x, d, t, e);
}

/* A crashed guest that cannot be dumped is ended all the same. */
static void dump(struct xend *x, struct domain *d, struct task *t)
{
    struct err e;

    if (domain_dump(x, d, t, "", DUMP_LIVE, &e) < 0)
        log_error("domain=%s: its core: %s", t->name, e.msg);
}

static int act(struct xend *x, struct domain *d, struct task *t, struct end end, struct err *e)
{
    enum end_action action = end.action;

    if (d->foreign) {
        if (end.state == GUEST_GONE)
            foreign_gone(x, d);
        return 0;
    }
    if (end.state != GUEST_GONE &&
        (action == END_COREDUMP_DESTROY || action == END_COREDUMP_RESTART))
        dump(x, d, t);
    switch (action) {
    case END_PRESERVE:
        return 0;
    case END_RESTART:
    case END_COREDUMP_RESTART:
        return restart(x, d, t, e);
    case END_RENAME_RESTART:
        return rename_restart(x, d, t, end, e);
    default:
        if (domain_guest_end(x, d, e) < 0)
            return err_add(e, "%s: tidying up after its end", t->name);
        domain_forget_if_transient(x, d);
        return 0;
    }
}

void policy_end_now(struct xend *x, struct domain *d, struct task *t, enum guest_state state)
{
    struct guest_change c = {.uuid = d->uuid, .domid = d->domid, .state = state};
    struct end end;
    bool refused;
    struct err e;

    c.reason = STOP_CRASH;
    xend_lock(x);
    if (d->state == DOMAIN_RUNNING || d->state == DOMAIN_PAUSED)
        end = note(x, d, &c);
    else
        end = end_of(d, &c, &refused); /* the driver's news came first: op_ended has nothing left */
    xend_unlock(x);
    if (act(x, d, t, end, &e) < 0)
        log_error("domain=%s: %s", t->name, e.msg);
}

static int run_ended(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    struct end end = unpack_end(t->arg);

    if (!d->guest || d->guest->domid != end.domid)
        return 0; /* destroyed meanwhile, or an older incarnation's end */
    log_change(t, end.state, end.reason);
    fault_point("ended.begin");
    return act(x, d, t, end, e);
}

const struct task_kind op_ended = {.name = "ended", .run = run_ended, .hidden = true};
