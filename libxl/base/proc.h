/*
 * Child processes: the only place that forks. Arguments are always a vector, never a shell line.
 * Safe from any thread.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "libxl/base/buf.h"
#include "libxl/base/err.h"

struct proc_fd {
    int from; /* a descriptor of ours, or -1 for /dev/null */
    int to;   /* its number in the child; >= 0 */
};

/* A limit of setrlimit(2), soft and hard; never more than what we have. */
struct proc_limit {
    int resource;
    uint64_t value;
};

struct proc_spec {
    const char *const *argv; /* NULL-terminated; argv[0] with a slash is a path, else from PATH */
    const char *const *env;  /* NULL-terminated "K=V" list, or NULL: only PATH and LC_ALL=C */
    const struct proc_fd *fds;
    size_t n_fds;     /* 0, 1, 2 not listed become /dev/null; all others are closed */
    bool new_session; /* setsid: the child outlives us and our terminal */
    bool set_ids;     /* become uid:gid with only `groups`, and no_new_privs */
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t n_groups;
    const struct proc_limit *limits;
    size_t n_limits;
    bool no_oom_favour; /* when memory runs out it is not spared for being a child of ours */
    int stop_fd;        /* of proc_capture only; 0 or -1: none */
};

/*
 * Starts a child. A failing exec is reported here, not by the child. The caller owns the pid (to
 * be reaped by proc_wait) and *pidfd (pollable; pass NULL when not wanted).
 */
pid_t proc_spawn(const struct proc_spec *p, int *pidfd, struct err *e);

/*
 * Waits for the end of a child of ours until deadline_ms (now_ms clock; -1 for ever); returns its
 * wait status in *status. ERR_TIMEOUT when it still runs.
 */
int proc_wait(pid_t pid, int pidfd, int64_t deadline_ms, int *status, struct err *e);

/*
 * Runs a program to its end, with stdin from /dev/null; stdout and stderr together go to *out, of
 * which at most 64 KiB are kept. p names none of 1 and 2, four others at most, and no new session.
 * What the program leaves running in the background is not waited for. At the deadline the child's
 * process group is killed: ERR_TIMEOUT. When stop_fd becomes readable likewise: ERR_CANCELLED.
 */
int proc_capture(const struct proc_spec *p, int timeout_ms, struct buf *out, int *status,
                 struct err *e);

/* The same of argv alone. */
int proc_run(const char *const *argv, int timeout_ms, struct buf *out, int *status, struct err *e);

/* "exited with status 3" or "was killed by signal 9 (Killed)"; the caller frees. */
char *proc_status_text(int status);

/*
 * The start time of a process in clock ticks since boot (field 22 of /proc/PID/stat): with the
 * pid it names one process for ever. 0 when there is no such process.
 */
uint64_t proc_start_time(pid_t pid);

#endif
