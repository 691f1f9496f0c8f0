/*
 * Moving a running guest to another xend, over a stream that a client has connected. Source and
 * destination speak in lines around the frame of a saved guest (savefile.h):
 *
 *     source                               destination
 *     frame with the configuration  --->
 *                                   <---   ready            name and uuid are free
 *     the driver's stream           --->
 *                                   <---   restored         the guest is there, paused
 *     go                            --->                    from here on it is the destination's
 *                                   <---   running
 *
 * or "error TEXT" in place of an answer. Before "go" any failure leaves the guest running at the
 * source. After it the source's copy never runs again by itself: when no "running" comes, it
 * stays suspended, so that it is never in two places and never lost.
 */
#include <stdio.h>
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/intent.h"
#include "xend/link.h"
#include "xend/ops.h"
#include "xend/policy.h"
#include "xend/savefile.h"
#include "xend/xend.h"

#define CONNECT_S 60  /* for the client to connect the stream */
#define ANSWER_S 60   /* for an answer that takes no work */
#define RESTORE_S 600 /* for the destination to read the rest of what was sent */

/* "error TEXT" is the other side's error. */
static bool is_error(const char *line, struct err *e)
{
    if (strncmp(line, "error ", 6) != 0)
        return false;
    err_set(e, ERR_BACKEND, "%s (from the other side)", line + 6);
    return true;
}

/* A guest that could not be sent: the cause may be what the other side said before it hung up. */
static void hear_why(struct task *t, int fd, struct err *e)
{
    char line[LINK_LINE_MAX];
    struct err ignored;

    if (link_hear(t, fd, 1, line, &ignored) == 0)
        is_error(line, e);
}

/* The next line must be this word. */
static int expect(struct task *t, int fd, int timeout_s, const char *word, struct err *e)
{
    char line[LINK_LINE_MAX];

    if (link_hear(t, fd, timeout_s, line, e) < 0)
        return -1;
    if (strcmp(line, word) == 0)
        return 0;
    if (is_error(line, e))
        return -1;
    return err_set(e, ERR_INVALID, "the other side says '%.40s' where %s is expected", line, word);
}

static int send_guest(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    AUTO(spec_freep) struct spec *s = NULL;

    xend_lock(x);
    s = spec_copy(d->spec);
    xend_unlock(x);
    if (s->nomigrate)
        return err_set(e, ERR_STATE, "it may not be migrated: nomigrate = 1");
    job_step(&t->job, "asking the destination");
    if (savefile_write(fd, s, x->driver->ops->name, e) < 0 ||
        expect(t, fd, ANSWER_S, "ready", e) < 0)
        return -1;
    job_step(&t->job, "sending its memory");
    fault_point("migrate.begin");
    if (x->driver->ops->save(d->guest, fd, t->arg, &t->job, e) < 0) {
        hear_why(t, fd, e);
        return -1;
    }
    fault_point("migrate.sent");
    job_step(&t->job, "waiting for the destination");
    return expect(t, fd, RESTORE_S, "restored", e);
}

/* The point of no return, and what follows. */
static int give_away(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    fault_point("migrate.giving");
    if (link_say(fd, "go\n", e) == 0 && expect(t, fd, ANSWER_S, "running", e) == 0) {
        fault_point("migrate.given");
        if (domain_guest_end(x, d, e) < 0)
            return -1;
        domain_forget_if_transient(x, d);
        return 0;
    }
    err_add(e, "it was told to run there, and is kept suspended here");
    err_hint(e, "Look there first: if it runs, xm destroy it here; if not, xm unpause it here.");
    return -1;
}

static int run_migrate(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    enum stop_reason reason;
    const struct intent_more runs = {.paused = false};
    struct err undo;
    bool given = false;
    int fd, r;

    if (x->driver->ops->state(d->guest, &reason) != GUEST_RUNNING)
        return err_set(e, ERR_STATE, "%s: migrating: it does not run now", t->name);
    fd = link_wait(t, CONNECT_S, e);
    r = fd < 0 ? -1 : intent_write_more(x, d, INTENT_CHECKPOINT, &runs, e);
    if (r == 0)
        r = send_guest(x, d, t, fd, e);
    if (r == 0)
        r = intent_write(x, d, INTENT_GIVEN, e);
    if (r == 0) {
        given = true;
        r = give_away(x, d, t, fd, e);
    }
    if (r < 0 && !given && domain_go_on(x, d, true, &undo) < 0)
        log_error("domain=%s: going on after its migration: %s", t->name, undo.msg);
    intent_clear(x, t->uuid);
    return r < 0 ? err_add(e, "%s: migrating", t->name) : 0;
}

/* Our error for the other side's user: one line. */
static void tell_error(int fd, const struct err *e)
{
    char line[LINK_LINE_MAX];
    struct err ignored;
    size_t n;

    snprintf(line, sizeof(line) - 1, "error %.480s", e->msg);
    n = strcspn(line, "\n");
    line[n] = '\n';
    line[n + 1] = '\0';
    link_say(fd, line, &ignored);
}

static int receive_spec(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    struct spec *s = savefile_read(fd, "what is sent", x->driver->ops->name, e);
    int r;

    if (!s)
        return -1;
    xend_lock(x);
    r = domain_enter_take(x->domains, d, s, e);
    if (r == 0)
        task_rename(t, d);
    xend_unlock(x);
    return r;
}

/* Without "go" it is not ours: whatever happens, nothing of it stays here. */
static int receive_guest(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    struct intent_more runs = {.paused = false};

    if (intent_write(x, d, INTENT_CREATE, e) < 0 || link_say(fd, "ready\n", e) < 0 ||
        domain_restore(x, d, t, fd, e) < 0)
        return -1;
    fault_point("receive.restored");
    if (link_say(fd, "restored\n", e) < 0 || expect(t, fd, ANSWER_S, "go", e) < 0 ||
        intent_write_more(x, d, INTENT_CHECKPOINT, &runs, e) < 0)
        return -1;
    fault_point("receive.taken");
    return domain_let_go(x, d, e);
}

static int run_receive(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    struct err ignored;
    int fd = link_wait(t, CONNECT_S, e);

    if (fd < 0)
        return -1;
    if (receive_spec(x, d, t, fd, e) < 0 || receive_guest(x, d, t, fd, e) < 0) {
        if (d->guest && domain_guest_end(x, d, &ignored) < 0)
            log_error("domain=%s: giving back what was received: %s", t->name, ignored.msg);
        domain_forget_if_transient(x, d);
        tell_error(fd, e);
        intent_clear(x, t->uuid);
        return err_add(e, "receiving");
    }
    if (link_say(fd, "running\n", e) < 0)
        log_warn("domain=%s: it runs here; the source does not know: %s", t->name, e->msg);
    t->result = domain_result(x, d);
    intent_clear(x, t->uuid);
    return 0;
}

const struct task_kind op_migrate = {.name = "migrate", .run = run_migrate, .streams = true};
const struct task_kind op_receive = {.name = "receive", .run = run_receive, .streams = true};
