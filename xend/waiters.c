/* Requests that wait and deadlines of connections: see waiters.h. Called by server.c. */
#include "xend/waiters.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"

struct waiters {
    pthread_mutex_t lock; /* a leaf */
    struct waiter *waiting;
    struct timed *timed;
    uint64_t wakes, last_id;
    int64_t sleeps_until_ms; /* the clock thread */
    bool stopping;
    _Atomic uint64_t later; /* the key of waiters_wake_later; 0: none */
    int epoll_fd, poke_fd;
    pthread_t clock;
};

static void poke(struct waiters *w)
{
    uint64_t one = 1;

    if (write(w->poke_fd, &one, sizeof(one)) < 0)
        return; /* full: the thread wakes anyway */
}

/* The clock need not be told of a deadline that comes after it wakes anyway. With the lock. */
static void poke_before(struct waiters *w, int64_t deadline_ms)
{
    if (deadline_ms < w->sleeps_until_ms)
        poke(w);
}

/* Takes one out and resumes it. With the lock. */
static void resume(struct waiters *w, struct waiter *one)
{
    *(one->prev ? &one->prev->next : &w->waiting) = one->next;
    if (one->next)
        one->next->prev = one->prev;
    epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, one->fd, NULL);
    one->resume(one);
}

static void wake(struct waiters *w, uint64_t key)
{
    struct waiter *next;

    w->wakes++;
    for (struct waiter *one = w->waiting; one; one = next) {
        next = one->next;
        if (one->key == key)
            resume(w, one);
    }
}

void waiters_wake(struct waiters *w, uint64_t key)
{
    pthread_mutex_lock(&w->lock);
    wake(w, key);
    pthread_mutex_unlock(&w->lock);
}

void waiters_wake_later(struct waiters *w, uint64_t key)
{
    if (!atomic_exchange(&w->later, key))
        poke(w);
}

uint64_t waiters_seen(struct waiters *w, bool *stopping)
{
    uint64_t n;

    pthread_mutex_lock(&w->lock);
    n = w->wakes;
    *stopping = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return n;
}

bool waiters_add(struct waiters *w, struct waiter *one, uint64_t seen)
{
    struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLONESHOT};
    bool added = false;

    pthread_mutex_lock(&w->lock);
    if (!w->stopping && w->wakes == seen) {
        one->id = ++w->last_id;
        one->prev = NULL;
        one->next = w->waiting;
        if (one->next)
            one->next->prev = one;
        w->waiting = one;
        ev.data.u64 = one->id;
        epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, one->fd, &ev); /* else only its deadline wakes it */
        one->suspend(one);
        poke_before(w, one->deadline_ms);
        added = true;
    }
    pthread_mutex_unlock(&w->lock);
    return added;
}

void timed_add(struct waiters *w, struct timed *t, int seconds)
{
    pthread_mutex_lock(&w->lock);
    t->deadline_ms = now_ms() + seconds * 1000;
    t->prev = NULL;
    t->next = w->timed;
    if (t->next)
        t->next->prev = t;
    w->timed = t;
    poke_before(w, t->deadline_ms);
    pthread_mutex_unlock(&w->lock);
}

void timed_set(struct waiters *w, struct timed *t, int seconds)
{
    pthread_mutex_lock(&w->lock);
    t->deadline_ms = seconds ? now_ms() + seconds * 1000 : 0;
    if (seconds)
        poke_before(w, t->deadline_ms);
    pthread_mutex_unlock(&w->lock);
}

void timed_remove(struct waiters *w, struct timed *t)
{
    pthread_mutex_lock(&w->lock);
    *(t->prev ? &t->prev->next : &w->timed) = t->next;
    if (t->next)
        t->next->prev = t->prev;
    pthread_mutex_unlock(&w->lock);
}

static int64_t nearest_deadline(const struct waiters *w)
{
    int64_t nearest = INT64_MAX;

    for (const struct waiter *one = w->waiting; one; one = one->next)
        if (one->deadline_ms < nearest)
            nearest = one->deadline_ms;
    for (const struct timed *t = w->timed; t; t = t->next)
        if (t->deadline_ms && t->deadline_ms < nearest)
            nearest = t->deadline_ms;
    return nearest;
}

static void expire(struct waiters *w, int64_t now)
{
    struct waiter *next;

    for (struct waiter *one = w->waiting; one; one = next) {
        next = one->next;
        if (one->deadline_ms <= now)
            resume(w, one);
    }
    for (struct timed *t = w->timed; t; t = t->next)
        if (t->deadline_ms && t->deadline_ms <= now) {
            shutdown(t->fd, SHUT_RDWR); /* whoever serves it notices and ends it */
            t->deadline_ms = 0;
        }
}

static void hang_up(struct waiters *w, uint64_t id)
{
    for (struct waiter *one = w->waiting; one; one = one->next)
        if (one->id == id) {
            one->gone = true;
            resume(w, one);
            return;
        }
}

/* Sleeps until something happens; the number of events. */
static int await(struct waiters *w, struct epoll_event *events, int max)
{
    int64_t nearest, left;

    pthread_mutex_lock(&w->lock);
    nearest = w->sleeps_until_ms = nearest_deadline(w);
    pthread_mutex_unlock(&w->lock);
    left = nearest == INT64_MAX ? -1 : nearest - now_ms();
    if (nearest != INT64_MAX && left < 0)
        left = 0;
    return epoll_wait(w->epoll_fd, events, max, (int)left);
}

static void *clock_thread(void *arg)
{
    struct waiters *w = arg;
    struct epoll_event events[64];
    bool stopping = false;

    while (!stopping) {
        int n = await(w, events, ARRAY_LEN(events));
        uint64_t key = atomic_exchange(&w->later, 0), drained;

        pthread_mutex_lock(&w->lock);
        for (int i = 0; i < n; i++) {
            if (events[i].data.u64)
                hang_up(w, events[i].data.u64);
            else if (read(w->poke_fd, &drained, sizeof(drained)) < 0)
                continue;
        }
        if (key)
            wake(w, key);
        expire(w, now_ms());
        stopping = w->stopping;
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

struct waiters *waiters_start(struct err *e)
{
    struct waiters *w = xcalloc(1, sizeof(*w));
    struct epoll_event ev = {.events = EPOLLIN};

    pthread_mutex_init(&w->lock, NULL);
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    w->poke_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->epoll_fd < 0 || w->poke_fd < 0 ||
        epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->poke_fd, &ev) < 0) {
        err_sys(e, "starting the clock");
        close_fd(&w->epoll_fd);
        close_fd(&w->poke_fd);
        free(w);
        return NULL;
    }
    pthread_create(&w->clock, NULL, clock_thread, w);
    return w;
}

void waiters_stop(struct waiters *w)
{
    struct waiter *next;

    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    for (struct waiter *one = w->waiting; one; one = next) {
        next = one->next;
        one->gone = true;
        resume(w, one);
    }
    pthread_mutex_unlock(&w->lock);
    poke(w);
    pthread_join(w->clock, NULL);
}

void waiters_end(struct waiters *w)
{
    close(w->epoll_fd);
    close(w->poke_fd);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
