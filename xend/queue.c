/* Jobs and the workers that run them: see queue.h. */
#include "xend/queue.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/events.h"
#include "xend/lifecycle.h"
#include "xend/link.h"
#include "xend/server.h"
#include "xend/xend.h"

#define WORKERS_MAX 64       /* guests that hang at the same time before others have to wait */
#define WORKERS_KEPT 4       /* idle workers beyond these end */
#define ENDED_KEPT 200       /* finished jobs that can still be asked about */
#define ENDED_KEPT_S 10      /* all that ended so short a time ago ... */
#define ENDED_KEPT_MAX 20000 /* ... but for a flood of them */

/* A job that is queued later. */
struct timer {
    int64_t at_ms;
    struct domain *domain; /* referenced */
    const struct task_kind *kind;
    int64_t arg;
    struct timer *next;
};

struct queue {
    struct xend *xend;
    pthread_cond_t work, idle, ended;        /* ended: see queue_wait */
    struct domain *ready_first, *ready_last; /* domains with a queue and without a worker */
    struct task *newest, *oldest;
    struct task *ended_first, *ended_last; /* by their end, linked by next */
    struct timer *timers; /* soonest first; the workers that wait look after them */
    uint64_t last_id;
    size_t n_ended, workers, free_workers;
    bool stopping;
};

const char *task_state_name(enum task_state s)
{
    static const char *const names[] = {"queued", "running", "done", "failed", "cancelled"};
    return names[s];
}

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)(t.tv_nsec / 1000) / 1e6;
}

struct queue *queue_new(struct xend *x)
{
    struct queue *q = xcalloc(1, sizeof(*q));
    pthread_condattr_t attr;

    q->xend = x;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&q->work, &attr);
    pthread_cond_init(&q->idle, &attr);
    pthread_cond_init(&q->ended, &attr);
    pthread_condattr_destroy(&attr);
    return q;
}

static void task_free(struct task *t)
{
    close_fd(&t->job.cancel_fd);
    link_free(t->link);
    free(t->name);
    free(t->by);
    value_free(t->result);
    value_free(t->arg_value);
    free(t);
}

static void unlink_task(struct queue *q, struct task *t)
{
    *(t->newer ? &t->newer->older : &q->newest) = t->older;
    *(t->older ? &t->older->newer : &q->oldest) = t->newer;
}

static void add_ended(struct queue *q, struct task *t)
{
    t->next = NULL;
    *(q->ended_first ? &q->ended_last->next : &q->ended_first) = t;
    q->ended_last = t;
}

/*
 * Forgets those that ended first, beyond those kept: one that took long, and so is old, can be
 * asked about like any other. Those that are held go to the end of the line.
 */
static void forget_old(struct queue *q)
{
    double now = q->n_ended > ENDED_KEPT ? seconds_now() : 0;

    for (size_t tries = q->n_ended; tries > ENDED_KEPT && !q->stopping; tries--) {
        struct task *t = q->ended_first;

        if (!t->held && now - t->ended < ENDED_KEPT_S && q->n_ended <= ENDED_KEPT_MAX)
            break; /* who waits for it may not have been told yet */
        q->ended_first = t->next;
        if (t->held) {
            add_ended(q, t);
            continue;
        }
        unlink_task(q, t);
        q->n_ended--;
        task_free(t);
    }
}

/* Ended for good: lets go of the domain, wakes who waits. With the lock. */
static void finish(struct queue *q, struct task *t, enum task_state state)
{
    struct domain *d = t->domain;

    t->state = state;
    t->ended = seconds_now();
    t->domain = NULL;
    close_fd(&t->job.cancel_fd);
    link_free(t->link);
    t->link = NULL;
    atomic_store(&t->job.step, NULL);
    event_job(q->xend, t);
    q->n_ended++;
    add_ended(q, t);
    if (d->running == t) {
        d->running = NULL;
        if (!d->removed && !t->kind->hidden)
            domain_touch(q->xend->domains, d);
    }
    domain_unref(d);
    server_wake(q->xend->server, t->id);
    pthread_cond_broadcast(&q->ended);
    forget_old(q);
}

static enum task_state end_state(int r, const struct err *e)
{
    return r == 0 ? TASK_DONE : e->code == ERR_CANCELLED ? TASK_CANCELLED : TASK_FAILED;
}

/* One line for each job, here and nowhere else. */
static void log_end(const struct task *t, int r, const struct err *e)
{
    double took = seconds_now() - t->started;

    if (r < 0)
        log_error("domain=%s job=%llu %s by %s %s after %.3f s: %s", t->name,
                  (unsigned long long)t->id, t->kind->name, t->by,
                  e->code == ERR_CANCELLED ? "cancelled" : "failed", took, e->msg);
    else if (!t->kind->hidden)
        log_info("domain=%s job=%llu %s by %s done after %.3f s", t->name,
                 (unsigned long long)t->id, t->kind->name, t->by, took);
}

/* Runs the first job of d. With the lock, which is let go meanwhile. */
static void run_first(struct queue *q, struct domain *d)
{
    struct xend *x = q->xend;
    struct task *t = d->first;
    struct err e = {0};
    int r;

    d->first = t->next;
    if (!d->first)
        d->last = NULL;
    t->state = TASK_RUNNING;
    t->started = seconds_now();
    d->running = t;
    domain_ref(d);
    if (!t->kind->hidden)
        domain_touch(x->domains, d);
    r = t->recovers ? 0 : life_check(t->kind, d, &e);
    xend_unlock(x);
    if (r == 0)
        r = t->kind->run(x, d, t, &e);
    log_end(t, r, &e);
    xend_lock(x);
    if (r < 0 && e.code == ERR_CANCELLED && q->stopping && !e.hint[0])
        err_hint(&e, "xend is stopping");
    if (r < 0)
        t->err = e;
    finish(q, t, end_state(r, &e));
    domain_unref(d);
}

static void make_ready(struct queue *q, struct domain *d)
{
    d->next_ready = NULL;
    *(q->ready_last ? &q->ready_last->next_ready : &q->ready_first) = d;
    q->ready_last = d;
    d->ready = true;
    domain_ref(d);
    pthread_cond_signal(&q->work);
}

/* Queues what is due. With the lock. */
static void run_timers(struct queue *q)
{
    while (q->timers && q->timers->at_ms <= now_ms()) {
        struct timer *t = q->timers;

        q->timers = t->next;
        if (!t->domain->removed && !q->stopping)
            queue_add(q, t->domain, t->kind, "xend", false)->arg = t->arg;
        domain_unref(t->domain);
        free(t);
    }
}

/* Milliseconds of now_ms as the conditions' clock tells them. */
static struct timespec clock_time(int64_t ms)
{
    return (struct timespec){(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
}

void queue_wait(struct queue *q, int64_t until_ms)
{
    struct timespec t = clock_time(until_ms);

    if (until_ms < 0)
        pthread_cond_wait(&q->ended, &q->xend->lock);
    else
        pthread_cond_timedwait(&q->ended, &q->xend->lock, &t);
}

bool queue_stopping(const struct queue *q)
{
    return q->stopping;
}

/* Until there may be work; without timers nothing wakes it for nothing. */
static void wait_for_work(struct queue *q)
{
    struct timespec t;

    if (!q->timers) {
        pthread_cond_wait(&q->work, &q->xend->lock);
        return;
    }
    t = clock_time(q->timers->at_ms);
    pthread_cond_timedwait(&q->work, &q->xend->lock, &t);
    run_timers(q);
}

static void *worker(void *arg)
{
    struct queue *q = arg;

    xend_lock(q->xend);
    for (;;) {
        struct domain *d;

        q->free_workers++;
        while (!q->ready_first && !q->stopping && q->free_workers <= WORKERS_KEPT)
            wait_for_work(q);
        q->free_workers--;
        d = q->ready_first;
        if (!d)
            break;
        q->ready_first = d->next_ready;
        if (!q->ready_first)
            q->ready_last = NULL;
        d->ready = false;
        if (d->first) /* else cancelled meanwhile */
            run_first(q, d);
        if (d->first)
            make_ready(q, d);
        domain_unref(d);
    }
    q->workers--;
    pthread_cond_broadcast(&q->idle);
    xend_unlock(q->xend);
    return NULL;
}

/* One more worker when all are taken. With the lock; pthread_create does not sleep for long. */
static void need_worker(struct queue *q)
{
    pthread_attr_t attr;
    pthread_t thread;

    if (q->free_workers > 0 || q->workers >= WORKERS_MAX)
        return;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 512 * 1024);
    if (pthread_create(&thread, &attr, worker, q) == 0)
        q->workers++;
    else
        log_error("no thread for a worker: %s", strerror(errno));
    pthread_attr_destroy(&attr);
}

static void put_in_queue(struct domain *d, struct task *t, bool first)
{
    if (first || !d->first) {
        t->next = d->first;
        d->first = t;
        if (!d->last)
            d->last = t;
    } else {
        d->last->next = t;
        d->last = t;
    }
}

static void cancel_running(struct task *t)
{
    uint64_t one = 1;

    atomic_store(&t->job.cancelled, true);
    if (t->job.cancel_fd >= 0 && write(t->job.cancel_fd, &one, sizeof(one)) < 0)
        log_debug("cancel: %s", strerror(errno));
}

static void take_from_queue(struct domain *d, struct task *t)
{
    struct task **at = &d->first, *before = NULL;

    while (*at != t) {
        before = *at;
        at = &before->next;
    }
    *at = t->next;
    if (d->last == t)
        d->last = before;
}

int queue_cancel(struct queue *q, struct task *t, struct err *e)
{
    struct domain *d = t->domain;

    if (task_ended(t))
        return err_set(e, ERR_STATE, "job %llu has ended already", (unsigned long long)t->id);
    if (t->state == TASK_RUNNING) {
        cancel_running(t);
        pthread_cond_broadcast(&q->ended);
        return 0;
    }
    take_from_queue(d, t);
    if (t->kind->makes_domain)
        domain_remove(q->xend->domains, d);
    err_set(&t->err, ERR_CANCELLED, "cancelled before it began");
    finish(q, t, TASK_CANCELLED);
    return 0;
}

struct task *queue_add(struct queue *q, struct domain *d, const struct task_kind *kind,
                       const char *by, bool first)
{
    struct task *t = xcalloc(1, sizeof(*t));

    t->id = ++q->last_id;
    t->kind = kind;
    t->job.cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    t->domain = d;
    domain_ref(d);
    t->name = xstrdup(d->spec->name);
    memcpy(t->uuid, d->uuid, sizeof(t->uuid));
    t->by = xstrdup(by);
    t->link = kind->streams ? link_new() : NULL;
    t->queued = seconds_now();
    t->older = q->newest;
    *(q->newest ? &q->newest->newer : &q->oldest) = t;
    q->newest = t;
    if (first && d->running)
        cancel_running(d->running);
    put_in_queue(d, t, first);
    event_job(q->xend, t);
    if (!d->running && !d->ready)
        make_ready(q, d);
    need_worker(q);
    return t;
}

void task_rename(struct task *t, const struct domain *d)
{
    free(t->name);
    t->name = xstrdup(d->spec->name);
    memcpy(t->uuid, d->uuid, sizeof(t->uuid));
}

void queue_add_later(struct queue *q, struct domain *d, const struct task_kind *kind, int64_t arg,
                     int seconds)
{
    struct timer *t = xcalloc(1, sizeof(*t)), **at = &q->timers;

    *t = (struct timer){now_ms() + (int64_t)seconds * 1000, d, kind, arg, NULL};
    domain_ref(d);
    while (*at && (*at)->at_ms <= t->at_ms)
        at = &(*at)->next;
    t->next = *at;
    *at = t;
    pthread_cond_signal(&q->work); /* who sleeps without a deadline gets one */
}

struct task *queue_find(struct queue *q, uint64_t id)
{
    for (struct task *t = q->newest; t && t->id >= id; t = t->older)
        if (t->id == id)
            return t;
    return NULL;
}

struct task *queue_newest(const struct queue *q)
{
    return q->newest;
}

/* Cancels what waits in the queues. With the lock. */
static void cancel_waiting(struct queue *q)
{
    for (struct task *t = q->newest; t; t = t->older) {
        if (t->state != TASK_QUEUED)
            continue;
        t->domain->first = t->domain->last = NULL;
        err_set(&t->err, ERR_CANCELLED, "xend is stopping");
        finish(q, t, TASK_CANCELLED);
    }
}

bool queue_stop(struct queue *q, int timeout_s)
{
    struct timespec deadline;
    int r = 0;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += timeout_s;
    xend_lock(q->xend);
    q->stopping = true;
    cancel_waiting(q);
    for (struct task *t = q->newest; t; t = t->older)
        if (t->state == TASK_RUNNING)
            cancel_running(t);
    pthread_cond_broadcast(&q->work);
    pthread_cond_broadcast(&q->ended);
    while (q->workers && r == 0)
        r = pthread_cond_timedwait(&q->idle, &q->xend->lock, &deadline);
    xend_unlock(q->xend);
    return r == 0;
}

void queue_abandon(struct queue *q)
{
    xend_lock(q->xend);
    for (struct task *t = q->newest; t; t = t->older) {
        if (t->state != TASK_RUNNING)
            continue;
        err_set(&t->err, ERR_UNAVAILABLE, "%s: %s: xend has stopped before its end", t->name,
                t->kind->name);
        err_hint(&t->err, "its next start finds out what became of it");
        t->state = TASK_FAILED;
        server_wake(q->xend->server, t->id);
    }
    xend_unlock(q->xend);
}

void queue_free(struct queue *q)
{
    while (q->timers) {
        struct timer *t = q->timers;
        q->timers = t->next;
        domain_unref(t->domain);
        free(t);
    }
    while (q->newest) {
        struct task *t = q->newest;
        unlink_task(q, t);
        if (t->domain)
            domain_unref(t->domain);
        task_free(t);
    }
    pthread_cond_destroy(&q->work);
    pthread_cond_destroy(&q->idle);
    pthread_cond_destroy(&q->ended);
    free(q);
}
