/*
 * Waiting for a job of xend, by long polls. On a terminal a job of more than a second shows what
 * it is doing on one line of stderr, which is wiped when the job ends.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "libxl/base/mem.h"
#include "xm/xm.h"

/* Jobs whose progress counts memory: how many of their unit are one MiB. */
static const struct {
    const char *kind;
    int64_t per_mib;
} sized[] = {{"mem-set", 1024}, {"dump-core", 1024 * 1024}};

/* done, failed, cancelled, or a state of a newer xend: nothing to wait for. */
static bool is_over(const char *state)
{
    return strcmp(state, "queued") != 0 && strcmp(state, "running") != 0;
}

/* " 40 %", " 40 % (102 of 256 MiB)", " 102 MiB", or nothing when nothing is known. */
static void add_progress(struct buf *out, const struct value *job)
{
    int64_t done = value_get_int(job, "done", 0), total = value_get_int(job, "total", 0);
    const char *kind = value_get_str(job, "kind", "");
    int64_t per_mib = 0;

    for (size_t i = 0; i < ARRAY_LEN(sized); i++)
        if (strcmp(sized[i].kind, kind) == 0)
            per_mib = sized[i].per_mib;
    if (total > 0 && done >= 0 && done <= total) {
        buf_addf(out, " %d %%", (int)((double)done * 100 / (double)total));
        if (per_mib && total >= per_mib)
            buf_addf(out, " (%" PRId64 " of %" PRId64 " MiB)", done / per_mib, total / per_mib);
    } else if (total == 0 && done > 0 && per_mib) {
        buf_addf(out, " %" PRId64 " MiB", done / per_mib);
    }
}

/* So much of the text as stays on one line, so that it can be wiped. */
static int fitting_length(const struct buf *text)
{
    struct winsize w;
    size_t n = 79;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1)
        n = w.ws_col - 1u;
    if (text->len <= n)
        return (int)text->len;
    while (n > 0 && (text->ptr[n] & 0xc0) == 0x80) /* not in the middle of a character */
        n--;
    return (int)n;
}

/* What it does now or, when it does not say, what it is. */
static void add_step(struct buf *out, const struct value *job)
{
    const char *state = value_get_str(job, "state", ""), *kind = value_get_str(job, "kind", state);
    AUTO(freep) char *step = clean_text(value_get_str(job, "step", kind));

    buf_adds(out, step);
    if (strcmp(state, "queued") == 0)
        buf_adds(out, " waits for its turn");
}

/* Rewrites the line: "web1: step 40 %". */
static void show_progress(const struct value *job)
{
    AUTO(freep) char *domain = clean_text(value_get_str(job, "domain", ""));
    AUTO(buf_clear) struct buf line = BUF_INIT;

    buf_addf(&line, "%s: ", domain);
    add_step(&line, job);
    add_progress(&line, job);
    interrupt_wipe(true); /* first: Ctrl-C may come in between */
    fprintf(stderr, "\r\033[K%.*s", fitting_length(&line), buf_str(&line));
}

void job_show(const struct value *job)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (job) {
        show_progress(job);
        return;
    }
    fputs("\r\033[K", stderr);
    interrupt_wipe(false);
}

/* A job that ended otherwise than well, as an error. */
static int check_result(const struct value *job, struct err *e)
{
    const struct value *error = value_get(job, "error");
    const char *state = value_get_str(job, "state", "");

    if (strcmp(state, "done") == 0)
        return 0;
    if (strcmp(state, "cancelled") == 0 && !value_len(error))
        return err_set(e, ERR_CANCELLED, "the job was cancelled");
    err_set(e, err_code_from_name(value_get_str(error, "code", "")), "%s",
            value_get_str(error, "message", "the job failed"));
    return err_hint(e, "%s", value_get_str(error, "hint", ""));
}

/* Asks again until the job is over; *job is replaced by each newer state of it. */
static int follow(struct xm *xm, struct value **job, bool show, struct err *e)
{
    int64_t id = value_get_int(*job, "id", 0);
    AUTO(freep) char *path = xasprintf("/v1/jobs/%" PRId64 "?wait=%d", id, show ? 1 : WAIT_S);

    while (!is_over(value_get_str(*job, "state", ""))) {
        struct value *now;

        if (show)
            job_show(*job);
        now = xend_get(xm, path, e);
        if (!now)
            return -1;
        value_free(*job);
        *job = now;
    }
    return 0;
}

/* Waits for the end of a job that xend told of; it is swallowed. */
static struct value *finish_take(struct xm *xm, struct value *first, bool show, struct err *e)
{
    AUTO(value_freep) struct value *job = first;
    int r;

    show = show && !is_over(value_get_str(job, "state", ""));
    r = follow(xm, &job, show, e);
    if (show)
        job_show(NULL);
    if (r < 0 || check_result(job, e) < 0)
        return NULL;
    return steal(job);
}

static struct value *run_job(struct xm *xm, const char *method, const char *path,
                             const struct value *body, struct err *e)
{
    struct value *job = NULL;
    bool show = isatty(STDERR_FILENO);
    AUTO(freep)
    char *first = xasprintf("%s%cwait=%d", path, strchr(path, '?') ? '&' : '?', show ? 1 : WAIT_S);

    if (xend_request(xm, method, first, body, &job, e) < 0)
        return NULL;
    return finish_take(xm, job, show, e);
}

struct value *job_run(struct xm *xm, const char *path, const struct value *body, struct err *e)
{
    return run_job(xm, "POST", path, body, e);
}

struct value *job_wait(struct xm *xm, int64_t id, struct err *e)
{
    bool show = isatty(STDERR_FILENO);
    AUTO(freep) char *path = xasprintf("/v1/jobs/%" PRId64 "%s", id, show ? "?wait=1" : "");
    struct value *job = xend_get(xm, path, e);

    return job ? finish_take(xm, job, show, e) : NULL;
}

int domain_ask(struct xm *xm, const struct args *a, const char *method, const char *action,
               const struct value *body, struct value **job)
{
    AUTO(freep) char *path = domain_path(args_word(a, 0), action);
    AUTO(value_freep) struct value *done = NULL;
    struct err e;

    if (domain_check(args_word(a, 0), &e) < 0)
        return xm_fail(&e);
    interrupt_note("xend goes on with it: see xm jobs, and xm job-cancel.\n");
    done = run_job(xm, method, path, body, &e);
    interrupt_note(NULL);
    if (!done)
        return xm_fail(&e);
    if (job)
        *job = steal(done);
    return EXIT_SUCCESS;
}

int domain_act(struct xm *xm, const struct args *a, const char *action, const struct value *body,
               struct value **job)
{
    return domain_ask(xm, a, "POST", action, body, job);
}
