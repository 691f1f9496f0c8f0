/*
 * The stream of a job: a connection that a client upgraded for it, on which two xends talk (see
 * ops_migrate.c). The job waits for it; it is closed when the job ends.
 */
#ifndef XEND_LINK_H
#define XEND_LINK_H

#include "xend/queue.h"

struct link *link_new(void);
/* With the lock or without; NULL is fine. Ends the connection. */
void link_free(struct link *l);

/* With the lock: the job's stream is here. ERR_STATE when it has ended or has one already. */
int link_attach(struct task *t, int fd, void *handle, struct err *e);

/* On the job's worker: waits for the stream. Its descriptor, which stays the link's; blocking. */
int link_wait(struct task *t, int timeout_s, struct err *e);

#define LINK_LINE_MAX 512
/* Both with a text of at most that many bytes, which ends with the line. Cancelled with the job. */
int link_say(int fd, const char *text, struct err *e);
int link_hear(struct task *t, int fd, int timeout_s, char line[LINK_LINE_MAX], struct err *e);

#endif
