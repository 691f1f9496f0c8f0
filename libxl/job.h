/*
 * What a driver sees of a job: report progress, stop early when it is cancelled. The queue, the
 * waiting and the history are xend's. Safe from any thread.
 */
#ifndef LIBXL_JOB_H
#define LIBXL_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "libxl/base/err.h"

struct job {
    _Atomic uint64_t done, total; /* monotonic; in a unit of the operation's own */
    _Atomic bool cancelled;
    int cancel_fd;              /* readable once cancelled; -1 when the job cannot be */
    _Atomic(const char *) step; /* what is being done now: a string constant, or NULL */
};

/* A job that is never cancelled, for tests and for work without a record. */
#define JOB_INIT                                                                                   \
    {                                                                                              \
        .cancel_fd = -1                                                                            \
    }

static inline void job_progress(struct job *j, uint64_t done, uint64_t total)
{
    atomic_store(&j->total, total);
    atomic_store(&j->done, done);
}

static inline void job_step(struct job *j, const char *step)
{
    atomic_store(&j->step, step);
}

/* 0, or -1 and ERR_CANCELLED. */
static inline int job_check(struct job *j, struct err *e)
{
    return atomic_load(&j->cancelled) ? err_set(e, ERR_CANCELLED, "cancelled") : 0;
}

#endif
