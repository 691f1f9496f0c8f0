/* pause, resume and stop of the test driver: what a guest in each state does about them. */
#include "libxl/base/io.h"
#include "libxl/test/test_driver.h"

/* The change itself, under the lock; -1 when the state does not allow it. */
typedef int change_fn(struct test_driver *d, struct test_guest *g, enum stop_reason how,
                      struct err *e);

/* What pause, resume and stop share: waits and fails on demand before it takes the lock. */
static int change_guest(struct guest *guest, enum test_op op, change_fn *fn, enum stop_reason how,
                        struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    int r;

    if (rules_enter(d, &g->rules, op, NULL, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    r = fn(d, g, how, e);
    if (r == 0)
        rules_leave(d, g, op);
    pthread_mutex_unlock(&d->lock);
    return r;
}

/* A guest that is paused already stays so; one that has ended cannot be. */
static int do_pause(struct test_driver *d, struct test_guest *g, enum stop_reason how,
                    struct err *e)
{
    (void)how;
    if (g->state != GUEST_RUNNING && g->state != GUEST_PAUSED)
        return guest_wrong_state(g, "pause", e);
    guest_set_state(d, g, GUEST_PAUSED, NULL);
    return 0;
}

/* The first time the guest boots: it says so, and its clocks begin. */
static void boot(struct test_driver *d, struct test_guest *g)
{
    const struct rule *cpu = rule_find(&g->rules, RULE_CPU);

    if (!cpu)
        cpu = rule_find(&d->rules, RULE_CPU);
    if (cpu)
        g->cpu_ns = (uint64_t)cpu->ms * 1000000;
    g->booted = true;
    console_boot(d, g);
}

/* Of a paused guest, or of one that was saved: that is how a checkpoint goes on. */
static int do_resume(struct test_driver *d, struct test_guest *g, enum stop_reason how,
                     struct err *e)
{
    const struct rule *end = rule_find(&g->rules, RULE_END_IN);
    bool suspended = g->state == GUEST_SHUTDOWN && g->reason == STOP_SUSPEND;

    (void)how;
    if (g->state == GUEST_RUNNING)
        return 0;
    if (g->state != GUEST_PAUSED && !suspended)
        return guest_wrong_state(g, "resume", e);
    if (!g->booted)
        boot(d, g);
    if (!end)
        end = rule_find(&d->rules, RULE_END_IN);
    if (end && !g->end_at) {
        g->end_at = now_ms() + end->ms;
        g->end_how = end->how;
    }
    guest_set_state(d, g, GUEST_RUNNING, NULL); /* also wakes watch, which looks at end_at */
    if (g->pending_stop >= 0)
        guest_end(d, g, (enum stop_reason)g->pending_stop);
    g->pending_stop = -1;
    consoles_resume(d, g);
    return 0;
}

/* Obeyed at once, unless the guest has been told not to. */
static int do_stop(struct test_driver *d, struct test_guest *g, enum stop_reason how, struct err *e)
{
    if (g->state != GUEST_RUNNING && g->state != GUEST_PAUSED)
        return guest_wrong_state(g, "stop", e);
    if (rule_ignores(d, g, TEST_STOP))
        return 0;
    if (g->state == GUEST_PAUSED)
        g->pending_stop = (int)how; /* a paused guest sees it when it runs again */
    else
        guest_end(d, g, how);
    return 0;
}

int test_pause(struct guest *g, struct err *e)
{
    return change_guest(g, TEST_PAUSE, do_pause, STOP_POWEROFF, e);
}

int test_resume(struct guest *g, struct err *e)
{
    return change_guest(g, TEST_RESUME, do_resume, STOP_POWEROFF, e);
}

int test_stop(struct guest *g, enum stop_reason how, struct err *e)
{
    return change_guest(g, TEST_STOP, do_stop, how, e);
}
