/*
 * The stream of a job: a connection on which two xends talk (see ops_migrate.c), made by a client
 * that upgraded one for it, or by the other xend itself (relocate.c). The job waits for it; it is
 * closed when the job ends.
 */
#ifndef XEND_LINK_H
#define XEND_LINK_H

#include "xend/queue.h"

struct link *link_new(void);
/* With the lock or without; NULL is fine. Ends the connection. */
void link_free(struct link *l);

/*
 * With the lock: the job's stream is here, which release(arg) will end; it must not sleep.
 * ERR_STATE when the job has ended or has a stream already: the caller then ends this one.
 */
int link_attach(struct task *t, int fd, void (*release)(void *arg), void *arg, struct err *e);

/* On the job's worker: waits for the stream. Its descriptor, which stays the link's; blocking. */
int link_wait(struct task *t, int timeout_s, struct err *e);

/* From now on a read from fd, or a write, fails when nothing moves for so long. */
void link_set_patience(int fd, int seconds);

#define LINK_LINE_MAX 512
/* Both with a text of at most that many bytes, which ends with the line. Cancelled with the job. */
int link_say(int fd, const char *text, struct err *e);
/* What is heard has no control characters, and is UTF-8. t NULL: cannot be cancelled. */
int link_hear(struct task *t, int fd, int timeout_s, char line[LINK_LINE_MAX], struct err *e);
/* Nothing more will be said; what still comes is read for a moment, so that the last words get
 * there: a connection that is closed while it has unread bytes is reset. */
void link_end(int fd);

#endif
