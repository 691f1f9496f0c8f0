/*
 * A request and its reply as handlers see them: no word of the HTTP library. Handlers run on HTTP
 * threads and never block; one that must wait says so with reply_wait and is called again.
 */
#ifndef XEND_HTTP_H
#define XEND_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/value.h"
#include "libxl/base/buf.h"
#include "libxl/base/err.h"

enum level { LEVEL_NONE, LEVEL_READ, LEVEL_OPERATE, LEVEL_ADMIN };

struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    enum level level;
};

#define PATH_ARGS_MAX 3 /* most variable parts a route has */

struct request {
    const char *method;
    const char *path;                /* decoded, without query */
    const char *args[PATH_ARGS_MAX]; /* the parts of path that the route names :x */
    struct buf body;
    struct peer peer;
    void *connection; /* server.c's */
    /* Set by the first call, kept while the request waits: */
    int64_t deadline_ms; /* of reply_wait; 0 while it never waited */
    uint64_t job;        /* the job this request made, 0 = none yet */
    uint64_t mark;       /* of the handler's own, 0 at first */
    bool gone;           /* the client hung up while waiting */
};

/* Text shared by many replies at once (the cached list); freed with its last user. */
struct shared_text {
    _Atomic int refs;
    struct buf text;
};
struct shared_text *shared_text_new(void); /* with one reference */
struct shared_text *shared_text_ref(struct shared_text *t);
void shared_text_unref(struct shared_text *t);

/* Takes the stream of a connection that was upgraded. `early` is what the client sent already. */
typedef void upgrade_fn(void *arg, int fd, const void *early, size_t n_early, void *handle);

/*
 * More of a body that has no end: appends to *out, at most max_bytes. timed_out: nothing happened
 * for STREAM_QUIET_S: say something, so that a dead peer is noticed.
 */
typedef void stream_fn(void *arg, bool timed_out, size_t max_bytes, struct buf *out);
#define STREAM_QUIET_S 15

struct reply {
    int status;
    const char *type; /* content type; NULL: none */
    struct buf body;
    struct shared_text *shared;    /* instead of body */
    struct value *problem;         /* instead of body: an error, until reply_finish prints it */
    char *etag, *location, *allow; /* headers */
    /* instead of an answer now: */
    bool wait;
    uint64_t wait_key; /* woken by server_wake with this key */
    /* instead of a whole body: */
    stream_fn *stream; /* called when there is room, and again when wait_key is woken */
    void *stream_arg;  /* from malloc; freed when the request ends */
    /* instead of a body: */
    const char *upgrade; /* protocol name */
    upgrade_fn *on_upgrade;
    void *upgrade_arg; /* from malloc; freed when the request ends */
};

/* A query parameter, or NULL; borrowed. (server.c) */
const char *request_query(const struct request *r, const char *key);
/* All of them, until each says false. (server.c) */
void request_query_each(const struct request *r,
                        bool (*each)(void *arg, const char *name, const char *value), void *arg);
/* A request header, or NULL; borrowed. (server.c) */
const char *request_header(const struct request *r, const char *key);

/* ?key=N within a range; absent: fallback. */
int request_query_int(const struct request *r, const char *key, int64_t min, int64_t max,
                      int64_t fallback, int64_t *out, struct err *e);

/* The body as JSON; an empty one is an empty map. NULL and *e when it is no JSON map. */
struct value *request_json(const struct request *r, struct err *e);

/* A key of it that may be missing: then *out stays. */
int body_bool(const struct value *body, const char *key, bool *out, struct err *e);

void reply_json_take(struct reply *p, int status, struct value *v);
/* problem+json with the status of the error's code. */
void reply_err(struct reply *p, const struct err *e);
/* What the error is about, when it is one: the domain (or NULL) and the job (or 0). */
void reply_about(struct reply *p, const char *domain, uint64_t job);
/* Prints an error into the body; server.c calls it once the handler is done. */
void reply_finish(struct reply *p);

/*
 * Asks to be called again when key is woken, the client hangs up (r->gone) or `seconds` after the
 * first call of the request are over. False when they are: answer now.
 */
bool reply_wait(struct request *r, struct reply *p, uint64_t key, int64_t seconds);

#endif
