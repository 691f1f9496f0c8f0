/*
 * Jobs. Every change to a domain is one: queued on its domain, run by a worker, one at a time per
 * domain, kept for a while when ended. Called without the lock except where said.
 */
#ifndef XEND_QUEUE_H
#define XEND_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/value.h"
#include "libxl/job.h"
#include "xend/domain.h"

enum task_state { TASK_QUEUED, TASK_RUNNING, TASK_DONE, TASK_FAILED, TASK_CANCELLED };

const char *task_state_name(enum task_state s); /* "queued", ... */

struct task;

/*
 * The work of a job; runs on a worker without the lock, alone inside its domain. May set t->result.
 */
typedef int task_fn(struct xend *x, struct domain *d, struct task *t, struct err *e);

struct task_kind {
    const char *name; /* "pause" */
    const char *verb; /* for "Cannot VERB privileged domain x"; NULL: the name */
    task_fn *run;
    bool hidden;       /* xend's own housekeeping: not in the API's lists */
    bool host_too;     /* of Domain-0, too */
    bool streams;      /* waits for a stream (link.h) */
    bool makes_domain; /* cancelled before it began, its domain's record goes with it */
};

/* A job's record; the part that drivers see is `job`. */
struct task {
    struct job job;
    uint64_t id;
    const struct task_kind *kind;
    struct domain *domain;            /* referenced until the task ends */
    char *name, uuid[UUID_TEXT_SIZE]; /* of the domain, when the job was made */
    char *by;
    int64_t arg;             /* of the kind's own */
    struct value *arg_value; /* likewise; owned */
    struct link *link;       /* its stream; NULL: it has none */
    enum task_state state;
    double queued, started, ended; /* seconds since the epoch, 0 = not yet */
    bool here;                     /* of a migration: this xend is its destination, too */
    bool recovers;                 /* what another xend began: done in any state of the domain */
    bool held;                     /* by who waits for it with queue_wait: not forgotten */
    struct value *result;          /* its worker's until the task has ended */
    struct err err;
    struct task *next;          /* in its domain's queue; then among those that ended */
    struct task *older, *newer; /* among all jobs */
};

struct queue;

struct queue *queue_new(struct xend *x);
/*
 * Cancels the jobs that wait, asks the running ones to stop, ends the workers. False when one
 * still runs after timeout_s: the caller then ends the process without freeing anything.
 */
bool queue_stop(struct queue *q, int timeout_s);
/* After that: who waits for those that still run is told so. */
void queue_abandon(struct queue *q);
void queue_free(struct queue *q);

/*
 * With the lock: puts a job on d's queue and gives its id. first: ahead of the waiting ones, and
 * the running one is asked to cancel (destroy). by: who asks, copied.
 */
struct task *queue_add(struct queue *q, struct domain *d, const struct task_kind *kind,
                       const char *by, bool first);

/* With the lock: the same after so many seconds, unless the domain is gone by then. by: "xend". */
void queue_add_later(struct queue *q, struct domain *d, const struct task_kind *kind, int64_t arg,
                     int seconds);

/*
 * With the lock: a job that waits ends at once; one that runs is asked to stop, and the driver
 * puts the guest back as it was. ERR_STATE when it has ended.
 */
int queue_cancel(struct queue *q, struct task *t, struct err *e);

/*
 * With the lock, which is let go meanwhile: until some job has ended or was asked to stop, or
 * until_ms (now_ms clock; -1: no such time). Who waits for certain jobs holds them.
 */
void queue_wait(struct queue *q, int64_t until_ms);
/* With the lock: xend ends, and jobs are cancelled for that. */
bool queue_stopping(const struct queue *q);

/* With the lock: a job whose domain got its name and uuid while it ran. */
void task_rename(struct task *t, const struct domain *d);

/* With the lock: the job with this id, or NULL when it was never made or is forgotten. */
struct task *queue_find(struct queue *q, uint64_t id);
/* With the lock: the first of all that are known; the others follow by `older`. */
struct task *queue_newest(const struct queue *q);
/* With the lock: {"jobs":[...]}, newest first. The caller's. */
struct value *queue_to_value(struct queue *q);
/* With the lock: the wire form; the caller's. */
struct value *task_to_value(const struct task *t);

static inline bool task_ended(const struct task *t)
{
    return t->state >= TASK_DONE;
}

#endif
