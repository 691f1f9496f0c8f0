/*
 * xend as a daemon: one per root (the locked pid file), going to the background only when it is
 * ready to answer, being asked for its status and told to stop.
 */
#ifndef XEND_DAEMON_H
#define XEND_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "libxl/base/err.h"
#include "libxl/base/paths.h"

/*
 * Takes the pid file for this process until it ends. ERR_BUSY when another xend has it. The
 * descriptor, which holds the lock, is the caller's.
 */
int daemon_lock(const char *pid_file, struct err *e);

/* The pid of the xend that holds the lock, 0 when there is none. */
pid_t daemon_running(const char *pid_file);

/*
 * Waits until the xend that holds the lock answers on its socket, and gives its pid; 0 when there
 * is none (any more: one that was just killed keeps the lock for some milliseconds). ERR_TIMEOUT
 * when it does neither.
 */
pid_t daemon_await(const char *pid_file, const char *socket, struct err *e);

/*
 * Forks. In the child: a new session, stdin and stdout from /dev/null, returns 0 with *ready_fd to
 * be told about the outcome. In the parent: waits for that and returns the exit status + 1.
 */
int daemon_fork(int *ready_fd, struct err *e);

/* In the child: ready (NULL), or failed for this reason, which the parent prints. */
void daemon_report(int ready_fd, const struct err *failed);

/* Ends the running xend and waits until it is gone; 0 also when none runs. */
int daemon_stop(const char *pid_file, int timeout_s, struct err *e);

#endif
