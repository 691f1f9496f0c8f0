/*
 * HTTP/1.1 with JSON over any connected stream socket: xend's own, or one end of a socket pair
 * whose other end is `ssh host xm serve`. Knows nothing of addresses; session.c opens the
 * connection. One thread; every call blocks, at most until its timeout.
 */
#ifndef XM_CLIENT_H
#define XM_CLIENT_H

#include "config/value.h"
#include "libxl/base/buf.h"
#include "libxl/base/err.h"

struct client;

/* Swallows the descriptor, which must be a socket (it is written to with MSG_NOSIGNAL). */
struct client *client_new_take(int fd);
void client_free(struct client *c); /* NULL is fine */

struct request {
    const char *method;
    const char *path;         /* with query, escaped */
    const struct value *body; /* sent as JSON; NULL: none */
    int timeout_ms;           /* from the call to the last byte of the reply */
};

/*
 * Returns the status, below 400; *reply is the caller's, NULL without a body. A status from 400
 * on is -1, with the problem+json as the error. After any other error the client is of no use.
 */
int client_request(struct client *c, const struct request *r, struct value **reply, struct err *e);

/* A request whose reply's body is shown as it comes, in pieces of any size; it may never end. */
struct stream {
    const char *method; /* NULL: GET */
    const char *path;   /* with query, escaped */
    const char *accept; /* the media type wanted; NULL: any */
    int quiet_ms;       /* longest time without a byte; 0: for ever */
    bool (*piece)(void *arg, const char *text, size_t len); /* false: enough */
    void *arg;
    int status; /* set: of the reply, 0 when there is none */
};

/*
 * Returns 0 at the end of the body, 1 when it was enough (the client is of no use then), or -1 as
 * client_request.
 */
int client_stream(struct client *c, struct stream *s, struct err *e);

/*
 * Asks for the connection to become a plain stream. Returns its descriptor (the caller's; the
 * client keeps none) with what already came on it in *early, or -1.
 */
int client_upgrade(struct client *c, const char *path, const char *protocol, struct buf *early,
                   struct err *e);

/*
 * After an error: true when the peer had closed the connection before it said a word about the
 * last request, which then may be sent again on a new connection if it only reads.
 */
bool client_was_idle(const struct client *c);

#endif
