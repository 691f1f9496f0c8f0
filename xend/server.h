/*
 * The HTTP server: connections, limits, peer credentials, waiting. server.c is the only file that
 * knows libmicrohttpd. Requests go to route_handle() on HTTP threads.
 */
#ifndef XEND_SERVER_H
#define XEND_SERVER_H

#include <stdint.h>

#include "libxl/base/err.h"

struct server;
struct xend;

/* Limits, each with its reason. */
#define BODY_MAX (1024 * 1024)          /* the largest spec is a few KiB */
#define BODY_DROPPED_MAX (8 * BODY_MAX) /* a chunked body is read this far to be answered 413 */
#define HEADERS_MAX (32 * 1024)         /* memory of one connection: request line and headers */
#define CONNECTIONS_MAX 4096
#define FIRST_REQUEST_S 10 /* a new connection says what it wants within this, in all */
#define NEXT_REQUEST_S 60  /* a kept-alive one within this */
#define BODY_S 30
#define STOP_S 2 /* so long a server that stops waits until all are answered */

/* Serves a listening socket, which it swallows. */
struct server *server_start(struct xend *x, int listen_fd, struct err *e);

/* Who waits is answered, and nobody waits any more. Not from an HTTP thread. */
void server_answer_all(struct server *s);
/* That, and then no connection is left. It may still be woken, in vain, until server_free. */
void server_stop(struct server *s);
void server_free(struct server *s);

/*
 * Calls again the handlers that wait for key. Cheap when nobody does. Any thread; may be called
 * with the xend lock held. NULL s is fine (start and stop).
 */
void server_wake(struct server *s, uint64_t key);

/* The same for WAKE_LOG, soon and without a lock: for log_listen. arg is the server. */
void server_wake_log(void *arg);

/* Ends an upgraded connection; handle as given to the upgrade_fn. Any thread. */
void server_end_upgrade(void *handle);

/* Keys: the list of domains has its own, a job its id. */
#define WAKE_DOMAINS UINT64_MAX
#define WAKE_EVENTS (UINT64_MAX - 1)
#define WAKE_LOG (UINT64_MAX - 2)

#endif
