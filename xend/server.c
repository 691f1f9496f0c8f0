/*
 * The HTTP server: see server.h. Traps of the library that shape this file: stopping with a
 * suspended connection aborts the process; a suspended connection is not polled, so a clock thread
 * of ours watches for hang-ups and deadlines; its idle timeout does not bound a header sent byte
 * by byte; it accepts requests that smugglers like (two lengths), which are refused here.
 */
#include "xend/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/http.h"
#include "xend/peer.h"
#include "xend/route.h"
#include "xend/xend.h"

/* One client connection. */
struct conn {
    struct server *server;
    int fd;
    struct peer peer;
    int64_t deadline_ms; /* of its next request; 0 while one is being answered */
    struct conn *prev, *next;
};

/* One request on it, from its headers to the end of the answer. */
struct exchange {
    struct conn *conn;
    struct request request;
    char *path;
    bool started, too_large;
    size_t dropped;
    bool waiting; /* in server->waiting, suspended */
    uint64_t wait_key, wait_id;
    struct reply after; /* of an upgrade or a stream, whose arguments are freed with the exchange */
    struct buf chunk;   /* of a stream: what did not fit yet */
    int64_t stream_deadline_ms;
    struct exchange *prev, *next;
};

struct server {
    struct xend *xend;
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock; /* conns, waiting; a leaf: nothing is called with it but MHD_resume */
    struct conn *conns;
    struct exchange *waiting;
    uint64_t wakes, last_wait_id;
    bool stopping;
    _Atomic bool logged; /* followers of the log are to be woken */
    int epoll_fd, poke_fd;
    pthread_t clock;
};

static void poke(struct server *s)
{
    uint64_t one = 1;

    if (write(s->poke_fd, &one, sizeof(one)) < 0)
        log_debug("poke: %s", strerror(errno)); /* full: the thread wakes anyway */
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
        c->fd = info->connect_fd;
        c->peer = peer_of(c->fd);
        c->deadline_ms = now_ms() + FIRST_REQUEST_S * 1000;
        pthread_mutex_lock(&s->lock);
        c->next = s->conns;
        if (c->next)
            c->next->prev = c;
        s->conns = c;
        pthread_mutex_unlock(&s->lock);
        poke(s);
        *socket_context = c;
    } else if (c) {
        pthread_mutex_lock(&s->lock);
        *(c->prev ? &c->prev->next : &s->conns) = c->next;
        if (c->next)
            c->next->prev = c->prev;
        pthread_mutex_unlock(&s->lock);
        free(c);
        *socket_context = NULL;
    }
}

static void set_deadline(struct conn *c, int seconds)
{
    pthread_mutex_lock(&c->server->lock);
    c->deadline_ms = seconds ? now_ms() + seconds * 1000 : 0;
    pthread_mutex_unlock(&c->server->lock);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *x = *con_cls;

    (void)arg, (void)connection, (void)code;
    if (!x)
        return;
    set_deadline(x->conn, NEXT_REQUEST_S);
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

/* Suspends x unless something was woken since `wakes`; true when it is suspended. */
static bool suspend(struct server *s, struct exchange *x, const struct reply *p, uint64_t wakes)
{
    struct MHD_Connection *connection = x->request.connection;
    struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLONESHOT};
    bool suspended = false;

    pthread_mutex_lock(&s->lock);
    if (!s->stopping && s->wakes == wakes) {
        x->waiting = true;
        x->wait_key = p->wait_key;
        x->wait_id = ++s->last_wait_id;
        x->prev = NULL;
        x->next = s->waiting;
        if (x->next)
            x->next->prev = x;
        s->waiting = x;
        ev.data.u64 = x->wait_id;
        if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, x->conn->fd, &ev) < 0)
            log_debug("epoll: %s", strerror(errno)); /* then only the deadline wakes it */
        MHD_suspend_connection(connection);
        suspended = true;
    }
    pthread_mutex_unlock(&s->lock);
    if (suspended)
        poke(s);
    return suspended;
}

/* Takes x out of the waiting ones. With s->lock. */
static void resume(struct server *s, struct exchange *x)
{
    *(x->prev ? &x->prev->next : &s->waiting) = x->next;
    if (x->next)
        x->next->prev = x->prev;
    x->waiting = false;
    epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, x->conn->fd, NULL);
    MHD_resume_connection(x->request.connection);
}

static uint64_t wakes_now(struct server *s, bool *stopping)
{
    uint64_t n;

    pthread_mutex_lock(&s->lock);
    n = s->wakes;
    *stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return n;
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
    return r;
}

/* The library asks for more of a stream; without any, the connection waits, suspended. */
static ssize_t read_stream(void *arg, uint64_t pos, char *out, size_t max)
{
    struct exchange *x = arg;
    struct server *s = x->conn->server;
    size_t n;

    (void)pos;
    for (;;) {
        bool stopping, timed_out = x->stream_deadline_ms && now_ms() >= x->stream_deadline_ms;
        uint64_t wakes = wakes_now(s, &stopping);

        if (x->request.gone || stopping)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (!x->chunk.len)
            x->after.stream(x->after.stream_arg, timed_out, max, &x->chunk);
        if (x->chunk.len)
            break;
        x->stream_deadline_ms = now_ms() + STREAM_QUIET_S * 1000;
        x->request.deadline_ms = x->stream_deadline_ms;
        if (suspend(s, x, &x->after, wakes))
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
    struct MHD_Response *r = p->upgrade  ? make_upgrade(x, p)
                             : p->stream ? make_stream(x, p)
                                         : make_response(p);
    enum MHD_Result result;

    if (close)
        MHD_add_response_header(r, "Connection", "close");
    result = MHD_queue_response(connection, (unsigned)p->status, r);
    MHD_destroy_response(r);
    free(p->etag);
    free(p->location);
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
        uint64_t wakes = wakes_now(s, &stopping);

        if (stopping)
            x->request.gone = true; /* nobody waits any more: say what there is to say */
        route_handle(s->xend, &x->request, &p);
        if (!p.wait)
            return send_reply(x, &p, stopping);
        if (suspend(s, x, &p, wakes))
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

const char *request_header(const struct request *r, const char *key)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, key);
}

/* The clock thread. */
static int64_t nearest_deadline(const struct server *s)
{
    int64_t nearest = INT64_MAX;

    for (const struct exchange *x = s->waiting; x; x = x->next)
        if (x->request.deadline_ms < nearest)
            nearest = x->request.deadline_ms;
    for (const struct conn *c = s->conns; c; c = c->next)
        if (c->deadline_ms && c->deadline_ms < nearest)
            nearest = c->deadline_ms;
    return nearest;
}

static void expire(struct server *s, int64_t now)
{
    struct exchange *next;

    for (struct exchange *x = s->waiting; x; x = next) {
        next = x->next;
        if (x->request.deadline_ms <= now)
            resume(s, x);
    }
    for (struct conn *c = s->conns; c; c = c->next)
        if (c->deadline_ms && c->deadline_ms <= now)
            shutdown(c->fd, SHUT_RDWR); /* the library notices and ends it */
}

static void wake(struct server *s, uint64_t key)
{
    struct exchange *next;

    s->wakes++;
    for (struct exchange *x = s->waiting; x; x = next) {
        next = x->next;
        if (x->wait_key == key)
            resume(s, x);
    }
}

static void hang_up(struct server *s, uint64_t wait_id)
{
    for (struct exchange *x = s->waiting; x; x = x->next)
        if (x->wait_id == wait_id) {
            x->request.gone = true;
            resume(s, x);
            return;
        }
}

static void *clock_thread(void *arg)
{
    struct server *s = arg;
    struct epoll_event events[64];
    bool stopping = false;

    while (!stopping) {
        int64_t nearest, left;
        int n;

        pthread_mutex_lock(&s->lock);
        nearest = nearest_deadline(s);
        pthread_mutex_unlock(&s->lock);
        left = nearest == INT64_MAX ? -1 : nearest - now_ms();
        n = epoll_wait(s->epoll_fd, events, ARRAY_LEN(events),
                       nearest == INT64_MAX ? -1
                       : left < 0           ? 0
                                            : (int)left);
        pthread_mutex_lock(&s->lock);
        for (int i = 0; i < n; i++) {
            uint64_t drained;
            if (events[i].data.u64)
                hang_up(s, events[i].data.u64);
            else if (read(s->poke_fd, &drained, sizeof(drained)) < 0)
                log_debug("poke: %s", strerror(errno));
        }
        if (atomic_exchange(&s->logged, false))
            wake(s, WAKE_LOG);
        expire(s, now_ms());
        stopping = s->stopping;
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

void server_wake(struct server *s, uint64_t key)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    wake(s, key);
    pthread_mutex_unlock(&s->lock);
}

void server_wake_log(void *arg)
{
    struct server *s = arg;

    if (!atomic_exchange(&s->logged, true))
        poke(s);
}

void server_end_upgrade(void *handle)
{
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

static void log_library(void *arg, const char *fmt, va_list ap)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    (void)arg;
    buf_vaddf(&b, fmt, ap);
    log_debug("microhttpd: %s", buf_str(&b));
}

struct server *server_start(struct xend *x, int listen_fd, struct err *e)
{
    struct server *s = xcalloc(1, sizeof(*s));
    struct epoll_event ev = {.events = EPOLLIN};

    s->xend = x;
    pthread_mutex_init(&s->lock, NULL);
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    s->poke_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->epoll_fd < 0 || s->poke_fd < 0 ||
        epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->poke_fd, &ev) < 0) {
        err_sys(e, "starting the HTTP server");
        goto failed;
    }
    s->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                                     MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG,
                                 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER,
                                 log_library, NULL, MHD_OPTION_LISTEN_SOCKET, listen_fd,
                                 MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 (size_t)HEADERS_MAX, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
                                 s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
    if (!s->daemon) {
        err_set(e, ERR_BACKEND, "starting the HTTP server: the library refused");
        goto failed;
    }
    pthread_create(&s->clock, NULL, clock_thread, s);
    return s;
failed:
    close(listen_fd);
    close_fd(&s->epoll_fd);
    close_fd(&s->poke_fd);
    free(s);
    return NULL;
}

void server_stop(struct server *s)
{
    struct exchange *next;

    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    for (struct exchange *x = s->waiting; x; x = next) {
        next = x->next;
        x->request.gone = true;
        resume(s, x);
    }
    pthread_mutex_unlock(&s->lock);
    poke(s);
    pthread_join(s->clock, NULL);
    MHD_stop_daemon(s->daemon);
    close(s->epoll_fd);
    close(s->poke_fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
