/*
 * Moving a running guest to another xend, over a stream that a client has connected, or that this
 * xend connects itself (relocate.h). Source and destination speak in lines around the frame of a
 * saved guest (savefile.h):
 *
 *     source                               destination
 *     frame with the configuration  --->
 *                                   <---   ready            name and uuid are free
 *     the driver's stream           --->
 *                                   <---   restored         the guest is there, paused
 *     go                            --->                    from here on it is the destination's
 *                                   <---   running
 *
 *                                   <---   here             in place of ready: it is this very xend
 *                                          moved   --->   in place of the stream, when it has been
 *
 * or "error TEXT" in place of an answer, which says too that the guest is not there. Before "go"
 * any failure leaves the guest running at the source. After it the source's copy runs again only
 * when the other side has said such an error: when nothing comes it stays suspended, so that it is
 * never in two places and never lost.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/away.h"
#include "xend/console.h"
#include "xend/intent.h"
#include "xend/link.h"
#include "xend/ops.h"
#include "xend/policy.h"
#include "xend/relocate.h"
#include "xend/savefile.h"
#include "xend/xend.h"

#define CONNECT_S 60  /* for the client to connect the stream */
#define ANSWER_S 60   /* for an answer that takes no work */
#define RESTORE_S 600 /* for the destination to read the rest of what was sent */
#define HERE_S 86400  /* for a guest to move within this host: its own job tells */

/* "error TEXT" is the other side's error. */
static bool is_error(const char *line, struct err *e)
{
    if (strncmp(line, "error ", 6) != 0)
        return false;
    err_set(e, ERR_BACKEND, "%s (from the other side)", line + 6);
    return true;
}

static int check_word(const char *line, const char *word, struct err *e)
{
    if (strcmp(line, word) == 0)
        return 0;
    if (is_error(line, e))
        return -1;
    return err_set(e, ERR_INVALID, "the other side says '%.40s' where %s is expected", line, word);
}

/* A guest that could not be sent: the cause may be what the other side said before it hung up. */
static void hear_why(struct task *t, int fd, const char *word, struct err *e)
{
    char line[LINK_LINE_MAX];
    struct err ignored;

    if (link_hear(t, fd, 1, line, &ignored) == 0 && check_word(line, word, e) < 0)
        return;
    if (e->sys == EPIPE || e->sys == ECONNRESET)
        err_set(e, ERR_UNAVAILABLE, "the other side has closed the connection");
}

/* The next line must be this word. */
static int expect(struct task *t, int fd, int timeout_s, const char *word, struct err *e)
{
    char line[LINK_LINE_MAX];

    return link_hear(t, fd, timeout_s, line, e) < 0 ? -1 : check_word(line, word, e);
}

static int patience(const struct xend *x)
{
    return (int)conf_int(&x->conf, "relocation-patience");
}

/* Nothing is touched yet. 1: the destination is this very xend. */
static int ask_destination(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    AUTO(spec_freep) struct spec *s = NULL;
    char line[LINK_LINE_MAX];
    bool here;

    xend_lock(x);
    s = spec_copy(d->spec);
    xend_unlock(x);
    if (s->nomigrate)
        return err_set(e, ERR_STATE, "it may not be migrated: nomigrate = 1");
    job_step(&t->job, "asking the destination");
    if (savefile_write(fd, s, x->driver->ops->name, e) < 0) {
        hear_why(t, fd, "ready", e);
        return -1;
    }
    if (link_hear(t, fd, patience(x), line, e) < 0)
        return -1;
    xend_lock(x);
    here = t->here;
    xend_unlock(x);
    return here && strcmp(line, "here") == 0 ? 1 : check_word(line, "ready", e);
}

static int send_guest(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    job_step(&t->job, "sending its memory");
    fault_point("migrate.begin");
    if (x->driver->ops->save(d->guest, fd, t->arg, &t->job, e) < 0) {
        hear_why(t, fd, "restored", e);
        return -1;
    }
    fault_point("migrate.sent");
    job_step(&t->job, "waiting for the destination");
    return expect(t, fd, RESTORE_S, "restored", e);
}

/* A source that was not told asks, if it can. False: nobody knows. */
static bool ask_outcome(struct xend *x, struct task *t, bool *ours)
{
    const char *host = value_get_str(t->arg_value, "host", NULL);
    int port = (int)value_get_int(t->arg_value, "port", 0);
    enum outcome o = host ? relocate_outcome(t, host, port, patience(x)) : OUTCOME_UNKNOWN;

    *ours = o == OUTCOME_REFUSED;
    return o == OUTCOME_TAKEN || o == OUTCOME_REFUSED;
}

/*
 * The point of no return: not even a cancelled job knows better than the answer. *ours: the other
 * side says that it has it no more, so it is still ours.
 */
static int give_away(struct xend *x, struct domain *d, struct task *t, int fd, bool *ours,
                     struct err *e)
{
    char line[LINK_LINE_MAX];
    bool told;

    fault_point("migrate.giving");
    told = link_say(fd, "go\n", e) == 0 && link_hear(NULL, fd, ANSWER_S, line, e) == 0;
    if (told && strcmp(line, "running") != 0) {
        *ours = is_error(line, e);
        told = *ours;
        if (!told)
            err_set(e, ERR_INVALID, "the other side says '%.40s', not running", line);
    }
    fault_point("migrate.given");
    if (!told && !ask_outcome(x, t, ours)) {
        domain_stands_still(x, d);
        err_add(e, "it was told to run there, and is kept suspended here");
        err_hint(e,
                 "Look there first: if it runs, xm destroy it here; if not, xm unpause it here.");
        return -1;
    }
    if (*ours)
        return -1;
    return domain_guest_end(x, d, e) < 0 ? err_add(e, "it runs there; ending it here") : 0;
}

/* It may run there soon: it must not start by itself here. */
static int note_away(struct xend *x, const struct domain *d, const struct task *t, struct err *e)
{
    const char *host = value_get_str(t->arg_value, "host", NULL);
    AUTO(freep) char *name = NULL, *to = NULL;

    to = host ? xasprintf("%s port %d", host, (int)value_get_int(t->arg_value, "port", 0))
              : xstrdup(value_get_str(t->arg_value, "to", ""));
    xend_lock(x);
    name = xstrdup(d->spec->name);
    xend_unlock(x);
    return away_set(x, d->uuid, name, to, e);
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

static void go_on_here(struct xend *x, struct domain *d, struct err *e)
{
    struct err undo;

    if (domain_go_on(x, d, true, &undo) == 0)
        return;
    log_error("domain=%s: going on after its migration: %s", d->spec->name, undo.msg);
    err_hint(e, "It stands still here and could not go on (%.150s): xm unpause tries again.",
             undo.msg);
}

/*
 * Within this host it stays the same domain: its guest becomes another one beside it. Under the
 * intent to go on here, which is meant of either.
 */
static int move_here(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    struct guest *g;
    struct err untold;

    fault_point("migrate.here");
    g = x->driver->ops->move(d->guest, t->arg, &t->job, e);
    fault_point("migrate.moved");
    if (!g) {
        go_on_here(x, d, e);
        tell_error(fd, e);
        return -1;
    }
    console_guest_left(x->consoles, d);
    domain_guest_take(x, d, t, g, true, e);
    if (domain_let_go(x, d, e) < 0)
        return err_add(e, "it is another guest now, with ID '%u', and paused", g->domid);
    link_say(fd, "moved\n", &untold);
    return 0;
}

/* To another xend. */
static int move_there(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    const struct intent_more runs = {.paused = false},
                             given = {.there = t->kind == &op_migrate_to ? t->arg_value : NULL};
    struct err undo;
    bool ours = true;
    int r = send_guest(x, d, t, fd, e);

    if (r == 0)
        r = note_away(x, d, t, e);
    if (r == 0)
        r = intent_write_more(x, d, INTENT_GIVEN, &given, e);
    if (r == 0) {
        ours = false;
        r = give_away(x, d, t, fd, &ours, e);
        if (ours && intent_write_more(x, d, INTENT_CHECKPOINT, &runs, &undo) < 0)
            log_error("domain=%s: %s", t->name, undo.msg);
    }
    if (r < 0 && ours)
        go_on_here(x, d, e);
    if (r == 0)
        domain_forget_if_transient(x, d);
    return r;
}

/* All of it over fd. Under an intent at every moment: to go on here, or that it may be there. */
static int migrate_over(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    const struct intent_more runs = {.paused = false};
    int r = intent_write_more(x, d, INTENT_CHECKPOINT, &runs, e);

    if (r == 0)
        r = ask_destination(x, d, t, fd, e);
    if (r >= 0)
        r = r ? move_here(x, d, t, fd, e) : move_there(x, d, t, fd, e);
    intent_clear(x, t->uuid);
    return r;
}

static int check_runs(struct xend *x, const struct domain *d, struct err *e)
{
    enum stop_reason reason;

    return x->driver->ops->state(d->guest, &reason) == GUEST_RUNNING
               ? 0
               : err_set(e, ERR_STATE, "it does not run now");
}

static int run_migrate(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    int fd = check_runs(x, d, e) < 0 ? -1 : link_wait(t, CONNECT_S, e);

    if (fd >= 0)
        link_set_patience(fd, patience(x));
    return fd < 0 || migrate_over(x, d, t, fd, e) < 0 ? err_add(e, "%s: migrating", t->name) : 0;
}

/* The same where no client has connected a stream: xend does, by TCP. */
static int run_migrate_to(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    const char *host = value_get_str(t->arg_value, "host", "");
    int port = (int)value_get_int(t->arg_value, "port", 0);
    AUTO(closep) int fd = -1;

    if (check_runs(x, d, e) == 0)
        fd = relocate_connect(t, host, port, patience(x), e);
    if (fd < 0 || migrate_over(x, d, t, fd, e) < 0)
        return err_add(e, "%s: migrating", t->name);
    t->result = value_copy(t->arg_value);
    value_set_str(t->result, "name", t->name);
    value_set_str(t->result, "uuid", t->uuid);
    return 0;
}

/* An earlier xend has given it away, and died before it knew. Takes the intent back. */
static int run_given(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    bool ours;
    int r = 0;

    if (!ask_outcome(x, t, &ours))
        log_error("domain=%s: it was migrated when xend died, perhaps; it is left suspended: look "
                  "at %s first, then xm destroy or xm unpause it here",
                  t->name, value_get_str(t->arg_value, "host", ""));
    else if (ours)
        r = d->guest ? domain_go_on(x, d, true, e) : 0;
    else
        r = domain_guest_end(x, d, e);
    domain_forget_if_transient(x, d);
    intent_clear(x, t->uuid);
    return r < 0 ? err_add(e, "%s: after its migration", t->name) : 0;
}

/* The very guest is here: there is no other host. With the lock. 1: its own job can move it. */
static int check_elsewhere(const struct xend *x, const struct spec *s, struct err *e)
{
    const struct domain *d = domain_find_uuid(x->domains, s->uuid);

    if (!d || d->domid == DOMID_NONE)
        return 0;
    if (x->driver->ops->move && d->running &&
        (d->running->kind == &op_migrate || d->running->kind == &op_migrate_to)) {
        d->running->here = true;
        return 1;
    }
    return err_set(e, ERR_EXISTS, "it is on this host already, with ID '%u'%s", d->domid,
                   d->foreign ? ": both xends have the same hypervisor" : "");
}

/* 1: it moves within this host; uuid is set then. */
static int receive_spec(struct xend *x, struct domain *d, struct task *t, int fd, char *uuid,
                        struct err *e)
{
    struct spec *s =
        savefile_read(fd, "what is sent", x->driver->ops->name, &t->job, patience(x), e);
    int r;

    if (!s)
        return -1;
    xend_lock(x);
    r = check_elsewhere(x, s, e);
    xend_unlock(x);
    if (r == 0)
        return domain_enter_saved_take(x, d, t, s, e);
    snprintf(uuid, UUID_TEXT_SIZE, "%s", s->uuid);
    spec_free(s);
    return r;
}

/* The job that sends it, and does all of the work, is this xend's. */
static int receive_here(struct xend *x, struct task *t, int fd, const char *uuid, struct err *e)
{
    struct domain *d;

    if (link_say(fd, "here\n", e) < 0 || expect(t, fd, HERE_S, "moved", e) < 0)
        return err_add(e, "receiving");
    xend_lock(x);
    d = domain_find_uuid(x->domains, uuid);
    t->result = value_map();
    if (d)
        value_set_take(t->result, "domain", domain_to_value(d));
    xend_unlock(x);
    return 0;
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

/*
 * It is not here when the source hears of the error, for the source's own goes on then. One that
 * cannot be ended is left to the next xend, and the source is told nothing.
 */
static void give_back(struct xend *x, struct domain *d, struct task *t, int fd, const struct err *e)
{
    struct err more;
    int r = d->guest ? domain_guest_end(x, d, &more) : 0;

    if (r < 0) {
        log_error("domain=%s: giving back what was received: %s", t->name, more.msg);
        if (intent_write(x, d, INTENT_DESTROY, &more) < 0)
            log_error("domain=%s: %s", t->name, more.msg);
        return;
    }
    domain_settle_definition(x, d);
    domain_forget_if_transient(x, d);
    intent_clear(x, t->uuid);
    tell_error(fd, e);
    link_end(fd);
}

static int run_receive(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    int fd = link_wait(t, CONNECT_S, e), r;
    char uuid[UUID_TEXT_SIZE];

    if (fd < 0)
        return -1;
    link_set_patience(fd, patience(x));
    r = receive_spec(x, d, t, fd, uuid, e);
    if (r > 0)
        return receive_here(x, t, fd, uuid, e);
    if (r < 0 || receive_guest(x, d, t, fd, e) < 0) {
        give_back(x, d, t, fd, e);
        return err_add(e, "receiving");
    }
    if (link_say(fd, "running\n", e) < 0)
        log_warn("domain=%s: it runs here; the source does not know: %s", t->name, e->msg);
    domain_settle_definition(x, d);
    t->result = domain_result(x, d);
    intent_clear(x, t->uuid);
    return 0;
}

const struct task_kind op_migrate = {.name = "migrate", .run = run_migrate, .streams = true};
const struct task_kind op_migrate_to = {.name = "migrate", .run = run_migrate_to};
const struct task_kind op_given = {.name = "given", .run = run_given, .hidden = true};
const struct task_kind op_receive = {.name = "receive", .run = run_receive, .streams = true};
