/*
 * The HTTP server: see server.h. Traps of the library that shape this file: stopping with a
 * suspended connection aborts the process; a suspended connection is not polled, so waiters.c
 * watches for hang-ups and deadlines; its idle timeout does not bound a header sent byte by byte;
 * it accepts requests that smugglers like (two lengths), which are refused here.
 */
#include "xend/server.h"

#include <ctype.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/http.h"
#include "xend/peer.h"
#include "xend/route.h"
#include "xend/waiters.h"
#include "xend/xend.h"

/* One client connection. */
struct conn {
    struct timed timed; /* its next request must be there in time */
    struct server *server;
    struct peer peer;
};

/* One request on it, from its headers to the end of the answer. */
struct exchange {
    struct waiter waiter;
    struct conn *conn;
    struct request request;
    char *path;
    bool too_large;
    size_t dropped;
    struct reply after; /* of an upgrade or a stream, whose arguments are freed with the exchange */
    struct buf chunk;   /* of a stream: what did not fit yet */
    int64_t stream_deadline_ms;
};

struct server {
    struct xend *xend;
    struct MHD_Daemon *daemon;
    struct waiters *waiters;
    pthread_mutex_t lock; /* a leaf */
    pthread_cond_t quiet;
    size_t exchanges; /* that have begun and have not ended */
};

static void count_exchange(struct server *s, bool begins)
{
    pthread_mutex_lock(&s->lock);
    s->exchanges = begins ? s->exchanges + 1 : s->exchanges - 1;
    if (!s->exchanges)
        pthread_cond_broadcast(&s->quiet);
    pthread_mutex_unlock(&s->lock);
}

/* Library callbacks: a connection starts or ends. */
static void on_connection(void *arg, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *s = arg;
    struct conn *c = *socket_context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        c = xcalloc(1, sizeof(*c));
        c->server = s;
        c->timed.fd = info->connect_fd;
        c->peer = peer_of(info->connect_fd, s->xend->group);
        timed_add(s->waiters, &c->timed, FIRST_REQUEST_S);
        *socket_context = c;
    } else if (c) {
        timed_remove(s->waiters, &c->timed);
        free(c);
        *socket_context = NULL;
    }
}

static void set_deadline(struct conn *c, int seconds)
{
    timed_set(c->server->waiters, &c->timed, seconds);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *x = *con_cls;

    (void)arg, (void)connection, (void)code;
    if (!x)
        return;
    /* After an upgrade the library calls this with its lock held, which resume_exchange takes while
     * it holds that of the waiters; and such a connection has no next request. */
    if (!x->after.on_upgrade)
        set_deadline(x->conn, NEXT_REQUEST_S);
    count_exchange(x->conn->server, false);
    buf_clear(&x->request.body);
    free(x->after.upgrade_arg);
    free(x->after.stream_arg);
    buf_clear(&x->chunk);
    free(x->path);
    free(x);
    *con_cls = NULL;
}

/* What HTTP/1.1 forbids and the library lets pass: RFC 9112 sections 3.2, 6.3. */
struct header_count {
    int host, length, encoding;
};

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind, const char *key,
                                    const char *value)
{
    struct header_count *n = arg;

    (void)kind, (void)value;
    n->host += strcasecmp(key, "Host") == 0;
    n->length += strcasecmp(key, "Content-Length") == 0;
    n->encoding += strcasecmp(key, "Transfer-Encoding") == 0;
    return MHD_YES;
}

static int check_headers(struct MHD_Connection *connection, const char *version, struct err *e)
{
    struct header_count n = {0};
    const char *length;

    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, &n);
    if (n.length + n.encoding > 1)
        return err_set(e, ERR_INVALID, "more than one of Content-Length and Transfer-Encoding");
    if (n.host > 1 || (n.host == 0 && strcmp(version, "HTTP/1.1") == 0))
        return err_set(e, ERR_INVALID, "exactly one Host header is needed");
    length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    if (length && strtoull(length, NULL, 10) > BODY_MAX)
        return err_set(e, ERR_TOO_LARGE, "the body is larger than %d bytes", BODY_MAX);
    return 0;
}

static void suspend_exchange(struct waiter *w)
{
    MHD_suspend_connection(((struct exchange *)w)->request.connection);
}

static void resume_exchange(struct waiter *w)
{
    MHD_resume_connection(((struct exchange *)w)->request.connection);
}

/* Suspends x until its key is woken; false when something was woken since `seen`. */
static bool suspend(struct exchange *x, const struct reply *p, uint64_t seen)
{
    x->waiter.key = p->wait_key;
    x->waiter.deadline_ms = x->request.deadline_ms;
    x->waiter.fd = x->conn->timed.fd;
    x->waiter.suspend = suspend_exchange;
    x->waiter.resume = resume_exchange;
    return waiters_add(x->conn->server->waiters, &x->waiter, seen);
}

static void unref_shared(void *t)
{
    shared_text_unref(t);
}

static void on_upgrade(void *arg, struct MHD_Connection *connection, void *con_cls,
                       const char *extra, size_t n_extra, MHD_socket fd,
                       struct MHD_UpgradeResponseHandle *handle)
{
    struct exchange *x = arg;

    (void)connection, (void)con_cls;
    x->after.on_upgrade(x->after.upgrade_arg, fd, extra, n_extra, handle);
}

static struct MHD_Response *make_upgrade(struct exchange *x, const struct reply *p)
{
    struct MHD_Response *r = MHD_create_response_for_upgrade(on_upgrade, x);

    x->after = *p;
    MHD_add_response_header(r, "Upgrade", p->upgrade);
    return r;
}

static struct MHD_Response *make_response(struct reply *p)
{
    struct MHD_Response *r;

    if (p->shared)
        r = MHD_create_response_from_buffer_with_free_callback_cls(
            p->shared->text.len, p->shared->text.ptr, unref_shared, p->shared);
    else
        r = MHD_create_response_from_buffer(p->body.len, p->body.ptr, MHD_RESPMEM_MUST_FREE);
    p->shared = NULL;
    p->body = (struct buf)BUF_INIT;
    if (p->type)
        MHD_add_response_header(r, "Content-Type", p->type);
    if (p->etag)
        MHD_add_response_header(r, "ETag", p->etag);
    if (p->location)
        MHD_add_response_header(r, "Location", p->location);
    if (p->allow)
        MHD_add_response_header(r, "Allow", p->allow);
    return r;
}

/* The library asks for more of a stream; without any, the connection waits, suspended. */
static ssize_t read_stream(void *arg, uint64_t pos, char *out, size_t max)
{
    struct exchange *x = arg;
    size_t n;

    (void)pos;
    for (;;) {
        bool stopping, timed_out = x->stream_deadline_ms && now_ms() >= x->stream_deadline_ms;
        uint64_t seen = waiters_seen(x->conn->server->waiters, &stopping);

        if (x->waiter.gone || stopping)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (!x->chunk.len)
            x->after.stream(x->after.stream_arg, timed_out, max, &x->chunk);
        if (x->chunk.len)
            break;
        x->stream_deadline_ms = now_ms() + STREAM_QUIET_S * 1000;
        x->request.deadline_ms = x->stream_deadline_ms;
        if (suspend(x, &x->after, seen))
            return 0;
    }
    x->stream_deadline_ms = 0;
    n = x->chunk.len < max ? x->chunk.len : max;
    memcpy(out, x->chunk.ptr, n);
    buf_shift(&x->chunk, n);
    return (ssize_t)n;
}

static struct MHD_Response *make_stream(struct exchange *x, const struct reply *p)
{
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_stream, x, NULL);

    x->after = *p;
    MHD_add_response_header(r, "Content-Type", p->type);
    MHD_add_response_header(r, "Cache-Control", "no-store");
    return r;
}

static enum MHD_Result send_reply(struct exchange *x, struct reply *p, bool close)
{
    struct MHD_Connection *connection = x->request.connection;
    struct MHD_Response *r;
    enum MHD_Result result;

    reply_finish(p);
    r = p->upgrade ? make_upgrade(x, p) : p->stream ? make_stream(x, p) : make_response(p);
    if (close)
        MHD_add_response_header(r, "Connection", "close");
    result = MHD_queue_response(connection, (unsigned)p->status, r);
    MHD_destroy_response(r);
    free(p->etag);
    free(p->location);
    free(p->allow);
    return result;
}

static enum MHD_Result send_error(struct exchange *x, const struct err *e)
{
    struct reply p = {0};

    reply_err(&p, e);
    return send_reply(x, &p, true);
}

static enum MHD_Result answer(struct server *s, struct exchange *x)
{
    for (;;) {
        struct reply p = {0};
        bool stopping;
        uint64_t seen = waiters_seen(s->waiters, &stopping);

        x->request.gone = x->waiter.gone || stopping; /* then say what there is to say */
        route_handle(s->xend, &x->request, &p);
        if (!p.wait)
            return send_reply(x, &p, stopping);
        if (suspend(x, &p, seen))
            return MHD_YES;
    }
}

static enum MHD_Result take_body(struct exchange *x, const char *data, size_t *n)
{
    if (x->request.body.len + *n <= BODY_MAX && !x->too_large) {
        buf_add(&x->request.body, data, *n);
    } else {
        x->too_large = true;
        x->dropped += *n;
        if (x->dropped > BODY_DROPPED_MAX)
            return MHD_NO;
    }
    *n = 0;
    return MHD_YES;
}

static enum MHD_Result start_exchange(struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, void **con_cls)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *x = xcalloc(1, sizeof(*x));
    struct err e;

    x->conn = info->socket_context;
    x->path = xstrdup(url);
    x->request.method = method;
    x->request.path = x->path;
    x->request.peer = x->conn->peer;
    x->request.connection = connection;
    *con_cls = x;
    count_exchange(x->conn->server, true);
    set_deadline(x->conn, BODY_S);
    return check_headers(connection, version, &e) < 0 ? send_error(x, &e) : MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *n_upload, void **con_cls)
{
    struct server *s = arg;
    struct exchange *x = *con_cls;
    struct err e;

    if (!x)
        return start_exchange(connection, url, method, version, con_cls);
    if (*n_upload)
        return take_body(x, upload, n_upload);
    if (x->too_large) {
        err_set(&e, ERR_TOO_LARGE, "the body is larger than %d bytes", BODY_MAX);
        return send_error(x, &e);
    }
    set_deadline(x->conn, 0);
    return answer(s, x);
}

const char *request_query(const struct request *r, const char *key)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, key);
}

struct query_walk {
    bool (*each)(void *arg, const char *name, const char *value);
    void *arg;
};

static enum MHD_Result walk_query(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct query_walk *w = arg;

    (void)kind;
    return w->each(w->arg, name, value) ? MHD_YES : MHD_NO;
}

void request_query_each(const struct request *r,
                        bool (*each)(void *arg, const char *name, const char *value), void *arg)
{
    struct query_walk w = {each, arg};

    MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, walk_query, &w);
}

const char *request_header(const struct request *r, const char *key)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, key);
}

void server_wake(struct server *s, uint64_t key)
{
    if (s)
        waiters_wake(s->waiters, key);
}

void server_wake_log(void *arg)
{
    waiters_wake_later(((struct server *)arg)->waiters, WAKE_LOG);
}

void server_end_upgrade(void *handle)
{
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

__attribute__((format(printf, 2, 0))) static void log_library(void *arg, const char *fmt,
                                                              va_list ap)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    (void)arg;
    buf_vaddf(&b, fmt, ap);
    log_debug("microhttpd: %s", buf_str(&b));
}

/*
 * %XX in paths and queries, in place. A slash or a NUL that was escaped stays so: it would make
 * another path of it, and no name has one.
 */
static size_t unescape(void *arg, struct MHD_Connection *connection, char *text)
{
    char *out = text;

    (void)arg, (void)connection;
    for (const char *at = text; *at; at++) {
        unsigned c;

        if (*at == '%' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2]) &&
            sscanf(at + 1, "%2x", &c) == 1 && c != 0 && c != '/') {
            *out++ = (char)c;
            at += 2;
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
    return (size_t)(out - text);
}

struct server *server_start(struct xend *x, int listen_fd, struct err *e)
{
    struct server *s = xcalloc(1, sizeof(*s));

    s->xend = x;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->quiet, NULL);
    s->waiters = waiters_start(e);
    if (!s->waiters)
        goto failed;
    s->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                                     MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG,
                                 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER,
                                 log_library, NULL, MHD_OPTION_LISTEN_SOCKET, listen_fd,
                                 MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 (size_t)HEADERS_MAX, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
                                 s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
                                 MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_END);
    if (s->daemon)
        return s;
    err_set(e, ERR_BACKEND, "starting the HTTP server: the library refused");
    waiters_stop(s->waiters);
    waiters_end(s->waiters);
failed:
    close(listen_fd);
    free(s);
    return NULL;
}

/* Who waited was woken, and is answered before the library closes all connections. */
static void await_quiet(struct server *s)
{
    struct timespec until;
    int r = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_S;
    pthread_mutex_lock(&s->lock);
    while (s->exchanges && r == 0)
        r = pthread_cond_timedwait(&s->quiet, &s->lock, &until);
    pthread_mutex_unlock(&s->lock);
}

void server_answer_all(struct server *s)
{
    waiters_stop(s->waiters);
    await_quiet(s);
}

void server_stop(struct server *s)
{
    server_answer_all(s);
    MHD_stop_daemon(s->daemon);
}

void server_free(struct server *s)
{
    waiters_end(s->waiters);
    pthread_cond_destroy(&s->quiet);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
