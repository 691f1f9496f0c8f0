/*
 * One connection to a QEMU Machine Protocol server (QEMU's monitor): JSON, one object a line.
 * Exactly one thread at a time pumps (reads); any number of others may be inside qmp_call. Knows
 * nothing of guests. Tested against a scripted peer in test_qemu_qmp.c.
 */
#ifndef DM_QMP_H
#define DM_QMP_H

#include <stdbool.h>
#include <stdint.h>

#include "config/value.h"
#include "libxl/base/err.h"

/*
 * Longest line taken from a peer. The longest honest ones (query-qmp-schema) are about 200 KiB; a
 * QEMU taken over by its guest must not fill our memory.
 */
#define QMP_LINE_MAX (1024 * 1024)

/* On the pumping thread, no lock held; NULL: no interest. data may be NULL; both are borrowed for
 * the call. */
typedef void qmp_event_fn(void *arg, const char *event, const struct value *data);

struct qmp;

/* Swallows a connected stream socket; it becomes non-blocking. */
struct qmp *qmp_new_take(int fd, qmp_event_fn *event, void *arg);
/* Closes. Nobody may be inside any other call; end them by qmp_fail first. */
void qmp_free(struct qmp *q);

int qmp_fd(const struct qmp *q); /* poll it for input, then pump */

/* From now on whoever waits in a call pumps: for a connection that only one thread uses. */
void qmp_pump_alone(struct qmp *q);

/*
 * Reads what has come, bounded, without blocking: wakes the callers whose replies are there, and
 * reports events. False when the connection has ended, by its peer or by what it said.
 */
bool qmp_pump(struct qmp *q);

/* Ends the connection for all callers, now and later, with this reason. The first reason stays. */
void qmp_fail(struct qmp *q, const char *why);

/* The reason why the connection ended because the peer broke the protocol, or NULL. */
const char *qmp_broken(struct qmp *q);

/*
 * What comes first: the greeting, waited for until deadline_ms (now_ms clock; again after
 * ERR_TIMEOUT if one likes), then, once, qmp_negotiate.
 */
int qmp_await_greeting(struct qmp *q, int64_t deadline_ms, struct err *e);
int qmp_negotiate(struct qmp *q, int timeout_ms, struct err *e);

/*
 * Runs a command and waits for its reply: result (the caller's, pass NULL when not wanted).
 * ERR_BACKEND: QEMU said no, its words; ERR_TIMEOUT; ERR_UNAVAILABLE: no connection any more.
 * A reply that comes after its deadline is dropped and disturbs nobody.
 */
int qmp_call_take(struct qmp *q, const char *command, struct value *args, int timeout_ms,
                  struct value **result, struct err *e);

/* The same, with a descriptor (borrowed) beside it: what QEMU's getfd wants. */
int qmp_call_fd_take(struct qmp *q, const char *command, struct value *args, int fd, int timeout_ms,
                     struct value **result, struct err *e);

/*
 * Sends a command and does not wait, not even for room to send it: what it returns comes as an
 * event called QMP_REPLY. For the pumping thread, and for who must not block.
 */
#define QMP_REPLY "(reply)"
void qmp_post(struct qmp *q, const char *command);

#endif
