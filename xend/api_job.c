/* Handlers of jobs, and the answer that every action gives: see API.md. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/link.h"
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

/* What the upgrade of a job's stream needs. */
struct stream_request {
    struct xend *xend;
    uint64_t job;
};

static void on_stream(void *arg, int fd, const void *early, size_t n_early, void *handle)
{
    struct stream_request *s = arg;
    struct err e = {0};
    int r = -1;

    (void)early;
    xend_lock(s->xend);
    if (n_early == 0) /* the client waits for the upgrade before it says anything */
        r = link_attach(queue_find(s->xend->queue, s->job), fd, server_end_upgrade, handle, &e);
    xend_unlock(s->xend);
    if (r < 0)
        server_end_upgrade(handle);
}

void api_job_stream(struct xend *x, struct request *r, struct reply *p)
{
    const char *want = request_header(r, "Upgrade");
    struct stream_request *s;
    struct task *t = NULL;
    bool waits;
    int64_t id;
    struct err e;

    if (!want || strcmp(want, "xend-stream") != 0) {
        err_set(&e, ERR_INVALID, "a stream needs the header \"Upgrade: xend-stream\"");
        reply_err(p, &e);
        p->status = 426;
        return;
    }
    xend_lock(x);
    if (parse_int(r->args[0], &id) && id > 0)
        t = queue_find(x->queue, (uint64_t)id);
    waits = t && t->link;
    xend_unlock(x);
    if (!t) {
        no_job(p, r->args[0]);
    } else if (!waits) {
        err_set(&e, ERR_STATE, "job %" PRId64 " waits for no stream", id);
        reply_err(p, &e);
    } else {
        s = xcalloc(1, sizeof(*s));
        *s = (struct stream_request){x, (uint64_t)id};
        p->status = 101;
        p->upgrade = "xend-stream";
        p->on_upgrade = on_stream;
        p->upgrade_arg = s;
    }
}
