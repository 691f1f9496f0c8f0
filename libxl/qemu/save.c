/*
 * Saving a guest: QEMU migrates it into a pipe of ours, and we put it, in blocks with checksums,
 * into the file or socket. So a cancelled save ends at once even when nobody reads at the other
 * end, errors of the file are known by their own name, and a xend that dies takes the pipe with
 * it: the migration then fails, and no QEMU writes on into a file that nobody knows.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/qemu/saved.h"

#define FD_NAME "save"
#define END_MS 30000         /* from the last byte, or a cancel, to QEMU's last word on it */
#define ASK_MS 500           /* so often QEMU is asked how much is left */
#define NO_LIMIT (1LL << 40) /* bytes a second; 0 is not taken by all versions */
#define DOWNTIME_MS 300      /* Xen's figure for a live migration, and QEMU's */

struct saving {
    struct qguest *g;
    struct job *job;
    bool live, was_running;
    struct saved saved;
    struct frames out;
};

static bool is_active(const char *status)
{
    static const char *const over[] = {"none", "completed", "failed", "cancelled"};

    for (size_t i = 0; i < ARRAY_LEN(over); i++)
        if (strcmp(status, over[i]) == 0)
            return false;
    return true;
}

int migration_await(struct qguest *g, struct value **info, int timeout_ms, struct err *e)
{
    int64_t deadline = now_ms() + timeout_ms;
    unsigned seen = 0;

    for (;;) {
        AUTO(value_freep) struct value *v = NULL;

        if (qguest_call_take(g, "query-migrate", NULL, &v, e) < 0)
            return -1;
        if (!is_active(value_get_str(v, "status", "none"))) {
            *info = steal(v);
            return 0;
        }
        if (now_ms() >= deadline)
            return err_set(e, ERR_TIMEOUT, "QEMU does not come to an end with it");
        qguest_wait_news(g, &seen, NEWS_SLICE_MS);
    }
}

int migration_set_capability(struct qguest *g, const char *name, bool on, struct err *e)
{
    struct value *args = value_map(), *list = value_list(), *one = value_map();

    value_set_str(one, "capability", name);
    value_set_bool(one, "state", on);
    value_add_take(list, one);
    value_set_take(args, "capabilities", list);
    return qguest_call_take(g, "migrate-set-capabilities", args, NULL, e);
}

static int set_parameters(const struct saving *s, struct err *e)
{
    struct value *args = value_map();

    value_set_int(args, "max-bandwidth", NO_LIMIT);
    value_set_int(args, "downtime-limit", DOWNTIME_MS);
    if (qguest_call_take(s->g, "migrate-set-parameters", args, NULL, e) < 0)
        return -1;
    /* a guest that writes faster than the peer reads is slowed down until it fits */
    if (migration_set_capability(s->g, "auto-converge", s->live, e) < 0)
        return -1;
    return migration_set_capability(s->g, "events", true, e);
}

/* Hands QEMU the pipe's end (swallowed) and lets it begin. */
static int begin_take(struct qguest *g, int pipe_fd, struct err *e)
{
    struct value *args;
    int r;

    if (qguest_name_fd_take(g, pipe_fd, FD_NAME, e) < 0)
        return -1;
    args = value_map();
    value_set_str(args, "uri", "fd:" FD_NAME);
    r = qguest_call_take(g, "migrate", args, NULL, e);
    if (r < 0)
        qguest_close_named(g, FD_NAME);
    return r;
}

/* Written, and still to be written: empty pages take no room, changed ones come again. */
static void tell_progress(struct saving *s)
{
    uint64_t left;

    pthread_mutex_lock(&s->g->d->lock);
    left = s->g->left;
    pthread_mutex_unlock(&s->g->d->lock);
    job_progress(s->job, s->out.bytes, s->out.bytes + left);
}

/* All that QEMU writes, until it closes the pipe. Waits for no answer: while QEMU waits for room
 * in the pipe it may not be able to give one. */
static int copy(struct saving *s, int from, struct err *e)
{
    int64_t next = now_ms() + ASK_MS;

    for (;;) {
        struct pollfd p[] = {{.fd = from, .events = POLLIN},
                             {.fd = s->job->cancel_fd, .events = POLLIN}};
        ssize_t n;

        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return err_sys(e, "waiting for QEMU");
        if (job_check(s->job, e) < 0 || qguest_check_lives(s->g, e) < 0)
            return -1;
        if (!p[0].revents)
            continue;
        n = read(from, s->out.data, FRAME_BYTES_MAX);
        if (n < 0 && errno != EINTR)
            return err_sys(e, "reading from QEMU");
        if (n == 0)
            return 0;
        if (n > 0 && frame_put(&s->out, (size_t)n, e) < 0)
            return -1;
        tell_progress(s);
        if (now_ms() < next)
            continue;
        qmp_post(s->g->qmp, "query-migrate");
        next = now_ms() + ASK_MS;
    }
}

/* A guest in ACPI's S3 would come back as one that is awake, and hang. */
static int check_awake(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;

    if (qguest_call_take(g, "query-status", NULL, &v, e) < 0)
        return -1;
    if (strcmp(value_get_str(v, "status", ""), "suspended") != 0)
        return 0;
    err_set(e, ERR_STATE, "it sleeps (ACPI S3)");
    return err_hint(e, "xm trigger with s3resume wakes it up.");
}

/* Its vcpus stand still from here on, if they are to. */
static int stand_still(const struct saving *s, struct err *e)
{
    if (s->live || !s->was_running)
        return 0;
    fault_point("qemu.save-stopping");
    if (qguest_call_take(s->g, "stop", NULL, NULL, e) < 0)
        return -1;
    fault_point("qemu.save-stopped");
    return 0;
}

/* When its QEMU has ended, that is what there is to say. */
static int explain(struct qguest *g, struct err *e)
{
    if (!qguest_wait_end(g, QMP_TIMEOUT_MS))
        return -1;
    return last_words_to_err(g->last_words, g->end, e);
}

/* QEMU has closed the pipe: has it said all? Then so do we. */
static int finish(struct saving *s, struct err *e)
{
    AUTO(value_freep) struct value *info = NULL;
    const char *status;

    if (migration_await(s->g, &info, END_MS, e) < 0)
        return e->code == ERR_TIMEOUT ? -1 : explain(s->g, e);
    status = value_get_str(info, "status", "none");
    if (strcmp(status, "completed") != 0)
        return err_set(e, ERR_BACKEND, "QEMU says of it: %.40s%s%.200s", status,
                       value_get(info, "error-desc") ? ": " : "",
                       value_get_str(info, "error-desc", ""));
    if (qguest_check_lives(s->g, e) < 0) /* it has ended while it was saved live */
        return -1;
    if (frame_put(&s->out, 0, e) < 0)
        return -1;
    job_progress(s->job, s->out.bytes, s->out.bytes);
    return 0;
}

static int save(struct saving *s, struct err *e)
{
    int ends[2], r;

    if (saved_write(&s->saved, &s->out, e) < 0 || stand_still(s, e) < 0 || set_parameters(s, e) < 0)
        return -1;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    fcntl(ends[0], F_SETPIPE_SZ, 1024 * 1024); /* fine when that is too much for this user */
    fault_point("qemu.saving");
    r = begin_take(s->g, ends[1], e);
    fault_point("qemu.save-begun");
    if (r == 0)
        r = copy(s, ends[0], e);
    close(ends[0]); /* when it has not written all, it now cannot any more */
    fault_point("qemu.save-copied");
    return r < 0 ? -1 : finish(s, e);
}

int migration_stop(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *before = NULL;
    AUTO(value_freep) struct value *after = NULL;

    if (qguest_call_take(g, "query-migrate", NULL, &before, e) < 0)
        return -1;
    if (!is_active(value_get_str(before, "status", "none")))
        return 0;
    if (qguest_call_take(g, "migrate_cancel", NULL, NULL, e) < 0)
        return -1;
    return migration_await(g, &after, END_MS, e);
}

/*
 * As it was before: one that ran goes on; one that was paused stands as "paused" does, with its
 * disks in hand, and not as one that was handed over, which only running brings about.
 */
static int go_on(const struct saving *s, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;
    const char *status;
    bool handed_over;

    if (migration_stop(s->g, e) < 0)
        return -1;
    if (qguest_check_lives(s->g, e) < 0) /* it has ended by itself: so it stays */
        return 0;
    if (qguest_call_take(s->g, "query-status", NULL, &v, e) < 0)
        return -1;
    status = value_get_str(v, "status", "");
    handed_over = strcmp(status, "postmigrate") == 0 || strcmp(status, "finish-migrate") == 0;
    if (!handed_over && !(s->was_running && !s->live && strcmp(status, "paused") == 0))
        return 0;
    fault_point("qemu.save-undoing");
    if (qguest_call_take(s->g, "cont", NULL, NULL, e) < 0)
        return -1;
    if (!s->was_running && qguest_call_take(s->g, "stop", NULL, NULL, e) < 0)
        return -1;
    fault_point("qemu.save-undone");
    return 0;
}

static void set_quiet(struct qguest *g, bool on, bool suspended)
{
    pthread_mutex_lock(&g->d->lock);
    g->dumping = on;
    g->left = g->mem_kib * 1024;
    if (suspended)
        qguest_become(g, GUEST_SHUTDOWN, STOP_SUSPEND, NULL);
    pthread_mutex_unlock(&g->d->lock);
}

int qemu_save(struct guest *guest, int fd, bool live, struct job *j, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    struct saving s = {.g = g, .job = j, .live = live};
    enum stop_reason reason;
    struct err more;
    int r;

    if (qguest_check_lives(g, e) < 0 || check_awake(g, e) < 0 || saved_of(g, &s.saved, e) < 0) {
        saved_clear(&s.saved);
        return -1;
    }
    s.was_running = qemu_state(guest, &reason) == GUEST_RUNNING;
    frames_init(&s.out, fd, j);
    job_step(j, "saving its memory");
    set_quiet(g, true, false);
    r = save(&s, e);
    if (r < 0 && !qguest_wait_end(g, 0) && go_on(&s, &more) < 0)
        log_error("%s: going on after its save: %s", g->spec->name, more.msg);
    set_quiet(g, false, r == 0);
    if (r < 0 && qguest_check_lives(g, &more) == 0)
        qguest_refresh(g, &more);
    fault_point("qemu.saved");
    frames_clear(&s.out);
    saved_clear(&s.saved);
    return r;
}
