/*
 * Requests that wait, and deadlines of connections: one clock thread that sleeps until the next of
 * them, or until a waiting client hangs up. Knows nothing of HTTP: what waits is resumed through a
 * function. All calls from any thread.
 */
#ifndef XEND_WAITERS_H
#define XEND_WAITERS_H

#include <stdbool.h>
#include <stdint.h>

#include "libxl/base/err.h"

struct waiters;

/* One that waits; lives in the request. */
struct waiter {
    uint64_t key;                      /* woken by waiters_wake with this key */
    int64_t deadline_ms;               /* resumed then at the latest */
    int fd;                            /* its connection, watched for a hang-up */
    void (*suspend)(struct waiter *w); /* called by waiters_add when it really waits */
    void (*resume)(struct waiter *w);  /* both with the waiters' lock: no call back into here */
    bool gone;                         /* its client hung up, or the server stops */
    uint64_t id;
    struct waiter *prev, *next;
};

/* A connection that must do something before its deadline, or is shut down; 0: none. */
struct timed {
    int fd;
    int64_t deadline_ms;
    struct timed *prev, *next;
};

struct waiters *waiters_start(struct err *e);
/* Resumes all as gone; from then on nobody waits. Then waiters_end, when they are all done. */
void waiters_stop(struct waiters *w);
void waiters_end(struct waiters *w);

/*
 * A waiter looks at what it waits for after waiters_seen and then calls waiters_add: when anything
 * was woken in between, that returns false and the waiter must look again.
 */
uint64_t waiters_seen(struct waiters *w, bool *stopping);
bool waiters_add(struct waiters *w, struct waiter *one, uint64_t seen);
void waiters_wake(struct waiters *w, uint64_t key);

/* The same, soon: takes no lock and does not block. For one key only: later calls replace it. */
void waiters_wake_later(struct waiters *w, uint64_t key);

void timed_add(struct waiters *w, struct timed *t, int seconds);
void timed_set(struct waiters *w, struct timed *t, int seconds); /* 0: none */
void timed_remove(struct waiters *w, struct timed *t);

#endif
