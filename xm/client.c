/* HTTP/1.1 client: see client.h. */
#include "xm/client.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xm/http.h"
#include "xm/xm.h"

#define READ_SIZE (64 * 1024)

struct client {
    int fd;
    struct buf in; /* received */
    size_t at;     /* how much of it was consumed */
    int64_t deadline_ms;
    bool silent; /* no byte came since the last request */
};

struct client *client_new_take(int fd)
{
    struct client *c = xcalloc(1, sizeof(*c));

    c->fd = fd;
    buf_reserve(&c->in, READ_SIZE);
    return c;
}

void client_free(struct client *c)
{
    if (!c)
        return;
    close_fd(&c->fd);
    buf_clear(&c->in);
    free(c);
}

bool client_was_idle(const struct client *c)
{
    return c->silent;
}

/* The connection ended, or what came is no HTTP: the original's text, which people search for. */
static int lost(struct err *e)
{
    return err_set(e, ERR_UNAVAILABLE,
                   "Xend has probably crashed!  Invalid or missing HTTP status code.");
}

/* Waits until the socket is ready for events; ERR_TIMEOUT at the deadline. */
static int wait_ready(struct client *c, short events, struct err *e)
{
    struct pollfd p[] = {{.fd = c->fd, .events = events}, {.fd = interrupt_fd(), .events = POLLIN}};

    for (;;) {
        int64_t left = c->deadline_ms - now_ms();
        int r = poll(p, 2, left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);

        if (r > 0 && p[1].revents)
            return err_set(e, ERR_CANCELLED, "interrupted");
        if (r > 0)
            return 0;
        if (r == 0 && now_ms() >= c->deadline_ms)
            return err_set(e, ERR_TIMEOUT, "xend does not answer");
        if (r < 0 && errno != EINTR)
            return err_sys(e, "poll");
    }
}

/* Never blocks without the deadline, nor dies of SIGPIPE. */
static int send_all(struct client *c, const char *p, size_t n, struct err *e)
{
    while (n) {
        ssize_t r = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (r > 0) {
            p += r;
            n -= (size_t)r;
        } else if (errno == EAGAIN) {
            if (wait_ready(c, POLLOUT, e) < 0)
                return -1;
        } else if (errno != EINTR) {
            return lost(e);
        }
    }
    return 0;
}

/* Receives some bytes; 0 at the end of the stream. `more` bytes are known to follow. */
static ssize_t receive(struct client *c, size_t more, struct err *e)
{
    if (c->at == c->in.len)
        c->at = c->in.len = 0;
    buf_reserve(&c->in, more > READ_SIZE ? more : READ_SIZE);
    for (;;) {
        ssize_t r = recv(c->fd, c->in.ptr + c->in.len, c->in.cap - c->in.len - 1, MSG_DONTWAIT);

        if (r >= 0) {
            c->in.len += (size_t)r;
            c->in.ptr[c->in.len] = '\0';
            if (r > 0)
                c->silent = false;
            return r;
        }
        if (errno == EAGAIN) {
            if (wait_ready(c, POLLIN, e) < 0)
                return -1;
        } else if (errno != EINTR) {
            return lost(e);
        }
    }
}

/* What was received and not consumed yet. */
static const char *unread(const struct client *c)
{
    return c->in.ptr + c->at;
}

static size_t unread_len(const struct client *c)
{
    return c->in.len - c->at;
}

/* Receives until n bytes are there to be consumed. */
static int need(struct client *c, size_t n, struct err *e)
{
    while (unread_len(c) < n) {
        ssize_t r = receive(c, n - unread_len(c), e);

        if (r < 0)
            return -1;
        if (r == 0)
            return lost(e);
    }
    return 0;
}

/* One buffer, one write: head (with the lines of extra, or NULL) and body leave together. */
static int send_request(struct client *c, const struct request *r, const char *extra, struct err *e)
{
    AUTO(buf_clear) struct buf body = BUF_INIT, out = BUF_INIT;

    c->deadline_ms = now_ms() + r->timeout_ms;
    c->silent = true;
    if (r->body)
        json_print(r->body, &body);
    buf_addf(&out, "%s %s HTTP/1.1\r\nHost: xend\r\n%s", r->method, r->path, extra ? extra : "");
    if (r->body)
        buf_adds(&out, "Content-Type: application/json\r\n");
    if (r->body || strcmp(r->method, "POST") == 0)
        buf_addf(&out, "Content-Length: %zu\r\n", body.len);
    buf_adds(&out, "\r\n");
    buf_add(&out, buf_str(&body), body.len);
    return send_all(c, out.ptr, out.len, e);
}

/* Consumes a head; interim replies (1xx other than the upgrade) are passed over. */
static int read_head(struct client *c, struct http_head *h, struct err *e)
{
    do {
        size_t len;

        while (!(len = http_head_length(unread(c), unread_len(c))) &&
               unread_len(c) <= HTTP_HEAD_MAX) {
            ssize_t r = receive(c, 0, e);
            if (r <= 0)
                return r < 0 ? -1 : lost(e);
        }
        if (!len || len > HTTP_HEAD_MAX)
            return err_set(e, ERR_TOO_LARGE, "xend's reply has too many headers");
        if (http_head_parse(unread(c), len, h, e) < 0)
            return -1;
        c->at += len;
    } while (h->status < 200 && h->status != 101);
    return 0;
}

/* Consumes a line; *line stays valid until the next receive. */
static int read_line(struct client *c, const char **line, size_t *len, struct err *e)
{
    const char *end;

    while (!(end = memmem(unread(c), unread_len(c), "\r\n", 2))) {
        if (unread_len(c) > HTTP_HEAD_MAX)
            return lost(e);
        if (need(c, unread_len(c) + 1, e) < 0)
            return -1;
    }
    *line = unread(c);
    *len = (size_t)(end - *line);
    c->at += *len + 2;
    return 0;
}

static int read_trailers(struct client *c, struct err *e)
{
    const char *line;
    size_t len;

    do { /* up to the blank line */
        if (read_line(c, &line, &len, e) < 0)
            return -1;
    } while (len);
    return 0;
}

/* A chunked body as one piece; extensions and trailers are passed over. */
static int read_chunks(struct client *c, struct buf *body, struct err *e)
{
    const char *line;
    size_t len;
    int64_t n;

    for (;;) {
        if (read_line(c, &line, &len, e) < 0)
            return -1;
        n = http_chunk_size(line, len);
        if (n < 0)
            return lost(e);
        if ((int64_t)body->len + n > HTTP_BODY_MAX)
            return err_set(e, ERR_TOO_LARGE, "xend's answer is larger than %d bytes",
                           HTTP_BODY_MAX);
        if (n == 0)
            break;
        if (need(c, (size_t)n + 2, e) < 0)
            return -1;
        buf_add(body, unread(c), (size_t)n);
        c->at += (size_t)n + 2;
    }
    return read_trailers(c, e);
}

/* A body without a length ends with the connection. */
static int read_to_end(struct client *c, struct err *e)
{
    ssize_t r;

    while ((r = receive(c, 0, e)) > 0)
        if (unread_len(c) > HTTP_BODY_MAX)
            return err_set(e, ERR_TOO_LARGE, "xend's answer is larger than %d bytes",
                           HTTP_BODY_MAX);
    return r < 0 ? -1 : 0;
}

/* The body as a value, NULL without one. It is parsed where it was received, not copied. */
static int read_body(struct client *c, const struct http_head *h, struct value **v, struct err *e)
{
    AUTO(buf_clear) struct buf chunks = BUF_INIT;
    const char *text;
    size_t len;

    *v = NULL;
    if (http_no_body(h->status))
        return 0;
    if (h->chunked) {
        if (read_chunks(c, &chunks, e) < 0)
            return -1;
        text = buf_str(&chunks);
        len = chunks.len;
    } else {
        if ((h->length < 0 ? read_to_end(c, e) : need(c, (size_t)h->length, e)) < 0)
            return -1;
        text = unread(c);
        len = h->length < 0 ? unread_len(c) : (size_t)h->length;
        c->at += len;
    }
    if (!len)
        return 0;
    *v = json_parse(text, len, "xend's answer", e);
    return *v ? 0 : -1;
}

/* What an error status without a known code means; a newer xend may have new codes. */
static enum err_code code_of_status(int status)
{
    switch (status) {
    case 400:
        return ERR_INVALID;
    case 403:
        return ERR_DENIED;
    case 404:
        return ERR_NOT_FOUND;
    default:
        return ERR_BACKEND;
    }
}

/* An error reply: problem+json, or what little else there is. */
static int problem(int status, const struct value *v, struct err *e)
{
    const char *code = value_get_str(v, "code", NULL);

    err_set(e, code ? err_code_from_name(code) : code_of_status(status), "%s",
            value_get_str(v, "detail", value_get_str(v, "title", "")));
    if (!e->msg[0])
        err_set(e, e->code, "xend answered with HTTP status %d", status);
    return err_hint(e, "%s", value_get_str(v, "hint", ""));
}

int client_request(struct client *c, const struct request *r, struct value **reply, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;
    struct http_head h;

    send_request(c, r, NULL, e); /* when refused half-way (413), the reply says why */
    if (read_head(c, &h, e) < 0 || read_body(c, &h, &v, e) < 0)
        return -1;
    if (h.status == 101)
        return lost(e); /* nobody asked for an upgrade */
    if (h.close || (!h.chunked && h.length < 0 && !http_no_body(h.status)))
        shutdown(c->fd, SHUT_RDWR); /* the next request finds it closed */
    if (h.status >= 400)
        return problem(h.status, v, e);
    if (reply)
        *reply = steal(v);
    return h.status;
}

static void set_patience(struct client *c, const struct stream *s)
{
    c->deadline_ms = s->quiet_ms ? now_ms() + s->quiet_ms : INT64_MAX;
}

/*
 * Shows n bytes (-1: all up to the end of the connection) as they come. Returns 0, 1 when that was
 * enough, or -1.
 */
static int show_bytes(struct client *c, const struct stream *s, int64_t n, struct err *e)
{
    while (n) {
        size_t have = unread_len(c);

        if (n > 0 && have > (size_t)n)
            have = (size_t)n;
        if (!have) {
            ssize_t r;
            set_patience(c, s);
            r = receive(c, 0, e);
            if (r == 0)
                return n < 0 ? 0 : lost(e);
            if (r < 0)
                return -1;
            continue;
        }
        c->at += have;
        if (n > 0)
            n -= (int64_t)have;
        if (!s->piece(s->arg, c->in.ptr + c->at - have, have))
            return 1;
    }
    return 0;
}

/* A chunked body as it comes; what was consumed is dropped, for it may never end. */
static int show_chunks(struct client *c, const struct stream *s, struct err *e)
{
    for (;;) {
        const char *line;
        size_t len;
        int64_t n;
        int r;

        set_patience(c, s);
        if (read_line(c, &line, &len, e) < 0)
            return -1;
        n = http_chunk_size(line, len);
        if (n < 0)
            return lost(e);
        if (n == 0)
            return read_trailers(c, e);
        r = show_bytes(c, s, n, e);
        if (r)
            return r;
        if (read_line(c, &line, &len, e) < 0)
            return -1;
        if (len)
            return lost(e);
        buf_shift(&c->in, c->at);
        c->at = 0;
    }
}

int client_stream(struct client *c, struct stream *s, struct err *e)
{
    struct request r = {s->method ? s->method : "GET", s->path, NULL, .timeout_ms = 30000};
    AUTO(freep) char *extra = s->accept ? xasprintf("Accept: %s\r\n", s->accept) : NULL;
    AUTO(value_freep) struct value *v = NULL;
    struct http_head h;

    s->status = 0;
    if (send_request(c, &r, extra, e) < 0 || read_head(c, &h, e) < 0)
        return -1;
    s->status = h.status;
    if (h.status >= 400)
        return read_body(c, &h, &v, e) < 0 ? -1 : problem(h.status, v, e);
    if (h.status == 101)
        return lost(e);
    if (http_no_body(h.status))
        return 0;
    return h.chunked ? show_chunks(c, s, e) : show_bytes(c, s, h.length, e);
}

int client_upgrade(struct client *c, const char *path, const char *protocol, struct buf *early,
                   struct err *e)
{
    struct request r = {.method = "GET", .path = path, .timeout_ms = 30000};
    AUTO(freep) char *extra = xasprintf("Connection: Upgrade\r\nUpgrade: %s\r\n", protocol);
    AUTO(value_freep) struct value *v = NULL;
    struct http_head h;
    int fd;

    if (send_request(c, &r, extra, e) < 0 || read_head(c, &h, e) < 0)
        return -1;
    if (h.status != 101) {
        if (read_body(c, &h, &v, e) < 0)
            return -1;
        return h.status >= 400 ? problem(h.status, v, e) : lost(e);
    }
    buf_add(early, unread(c), unread_len(c));
    c->at = c->in.len;
    fd = c->fd;
    c->fd = -1;
    return fd;
}
