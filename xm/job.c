/*
 * Waiting for a job of xend, by long polls. On a terminal a job of more than a second shows what
 * it is doing on one line of stderr, which is wiped when the job ends.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/mem.h"
#include "xm/xm.h"

/* done, failed, cancelled, or a state of a newer xend: nothing to wait for. */
static bool is_over(const char *state)
{
    return strcmp(state, "queued") != 0 && strcmp(state, "running") != 0;
}

/* Rewrites the line: "web1: step 40 %". */
static void show_progress(const struct value *job)
{
    const char *step = value_get_str(job, "step", value_get_str(job, "state", ""));
    AUTO(freep) char *clean = clean_text(step);
    int64_t done = value_get_int(job, "done", 0), total = value_get_int(job, "total", 0);

    fprintf(stderr, "\r\033[K%s: %s", value_get_str(job, "domain", ""), clean);
    if (total > 0 && done <= total)
        fprintf(stderr, " %" PRId64 " %%", done * 100 / total);
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
            show_progress(*job);
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
        fputs("\r\033[K", stderr);
    if (r < 0 || check_result(job, e) < 0)
        return NULL;
    return steal(job);
}

struct value *job_run(struct xm *xm, const char *path, const struct value *body, struct err *e)
{
    struct value *job = NULL;
    bool show = isatty(STDERR_FILENO);
    AUTO(freep) char *first = xasprintf("%s?wait=%d", path, show ? 1 : WAIT_S);

    if (xend_request(xm, "POST", first, body, &job, e) < 0)
        return NULL;
    return finish_take(xm, job, show, e);
}

struct value *job_wait(struct xm *xm, int64_t id, struct err *e)
{
    AUTO(freep) char *path = xasprintf("/v1/jobs/%" PRId64, id);
    struct value *job = xend_get(xm, path, e);

    return job ? finish_take(xm, job, isatty(STDERR_FILENO), e) : NULL;
}
