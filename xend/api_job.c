/* Handlers of jobs, and the answer that every action gives: see API.md. */
#include <stdio.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/server.h"
#include "xend/xend.h"

static void no_job(struct reply *p, const char *id)
{
    struct err e;

    err_set(&e, ERR_NOT_FOUND, "no job %.40s: ended jobs are kept for a while only", id);
    reply_err(p, &e);
}

/* A failed job as an error reply that names it. */
static void reply_failed(struct reply *p, const struct task *t)
{
    reply_err(p, &t->err);
    reply_about(p, t->name, t->id);
}

void reply_job(struct xend *x, struct request *r, struct reply *p, uint64_t id)
{
    char text[24];
    bool ended, failed;
    struct value *v = NULL;
    const struct task *t;
    int64_t wait;
    struct err e;

    if (request_query_int(r, "wait", 0, WAIT_MAX_S, 0, &wait, &e) < 0) {
        reply_err(p, &e);
        return;
    }
    snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
    xend_lock(x);
    t = queue_find(x->queue, id);
    ended = t && task_ended(t);
    failed = ended && t->state != TASK_DONE;
    if (failed && request_query(r, "wait"))
        reply_failed(p, t);
    else if (t)
        v = task_to_value(t);
    xend_unlock(x);
    if (!t) {
        no_job(p, text);
    } else if (v && !ended && reply_wait(r, p, id, wait)) {
        value_free(v);
    } else if (v) {
        reply_json_take(p, ended ? 200 : 202, v);
        if (!ended)
            p->location = xasprintf("/v1/jobs/%s", text);
    }
}

void api_job_get(struct xend *x, struct request *r, struct reply *p)
{
    int64_t id;

    if (!parse_int(r->args[0], &id) || id <= 0)
        no_job(p, r->args[0]);
    else
        reply_job(x, r, p, (uint64_t)id);
}

void api_job_cancel(struct xend *x, struct request *r, struct reply *p)
{
    struct task *t = NULL;
    int64_t id;
    struct err e;
    int failed = 0;

    if (r->job) { /* called again while it waits for the end */
        reply_job(x, r, p, r->job);
        return;
    }
    xend_lock(x);
    if (parse_int(r->args[0], &id) && id > 0)
        t = queue_find(x->queue, (uint64_t)id);
    if (t) {
        r->job = t->id;
        failed = queue_cancel(x->queue, t, &e);
    }
    xend_unlock(x);
    if (!r->job)
        no_job(p, r->args[0]);
    else if (failed)
        reply_err(p, &e);
    else
        reply_job(x, r, p, r->job);
}

void api_jobs_list(struct xend *x, struct request *r, struct reply *p)
{
    struct value *v;

    (void)r;
    xend_lock(x);
    v = queue_to_value(x->queue);
    xend_unlock(x);
    reply_json_take(p, 200, v);
}
