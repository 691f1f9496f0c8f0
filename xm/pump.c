/* Bytes both ways: see pump.h. Used by the console and by serve. */
#include "xm/pump.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xm/xm.h"

#define CHUNK (16 * 1024)
#define TICK_MS 1000

/* What was read from `in` and waits until the socket takes it; only then is more read. */
struct state {
    const struct pump *p;
    struct buf to_socket;
    bool in_open, escaped;
    int64_t tick_ms; /* when the next one is due */
};

/* The escape is looked for in each read; what stood before it is still sent. */
static void read_in(struct state *s)
{
    char text[CHUNK], *found = NULL;
    ssize_t n = read(s->p->in, text, sizeof(text));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) { /* the end, or a terminal that went away */
        s->in_open = false;
        return;
    }
    if (s->p->escape >= 0)
        found = memchr(text, s->p->escape, (size_t)n);
    s->escaped = found != NULL;
    buf_add(&s->to_socket, text, found ? (size_t)(found - text) : (size_t)n);
}

static int write_socket(struct state *s, struct err *e)
{
    ssize_t n = send(s->p->sock, s->to_socket.ptr, s->to_socket.len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n >= 0)
        buf_shift(&s->to_socket, (size_t)n);
    else if (errno == EPIPE || errno == ECONNRESET)
        s->to_socket.len = 0; /* what the peer said last is still to be read */
    else if (errno != EINTR && errno != EAGAIN)
        return err_sys(e, "connection to xend");
    return 0;
}

/* Returns 1 while the socket is open. */
static int read_socket(const struct state *s, struct err *e)
{
    char text[CHUNK];
    ssize_t n = recv(s->p->sock, text, sizeof(text), MSG_DONTWAIT);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 1 : errno == ECONNRESET ? 0 : err_sys(e, "xend");
    if (n == 0)
        return 0;
    return write_all(s->p->out, text, (size_t)n, e) < 0 ? err_add(e, "standard output") : 1;
}

/* How long to wait until the next tick; -1: there is none. */
static int until_tick(const struct state *s)
{
    int64_t left = s->tick_ms - now_ms();

    return !s->p->tick ? -1 : left > 0 ? (int)left : 0;
}

static void tick(struct state *s)
{
    s->p->tick(s->p->tick_arg);
    s->tick_ms = now_ms() + TICK_MS;
}

/* One turn; 1 to go on. */
static int turn(struct state *s, struct err *e)
{
    bool sending = s->to_socket.len > 0;
    struct pollfd fds[] = {
        {.fd = s->p->sock, .events = (short)(POLLIN | (sending ? POLLOUT : 0))},
        {.fd = s->in_open && !sending && !s->escaped ? s->p->in : -1, .events = POLLIN},
        {.fd = interrupt_fd(), .events = POLLIN},
    };
    int r = 1;

    if (poll(fds, 3, until_tick(s)) < 0)
        return errno == EINTR ? 1 : err_sys(e, "poll");
    if (s->p->tick && (fds[2].revents || until_tick(s) == 0))
        tick(s);
    if (fds[0].revents & ~POLLOUT)
        r = read_socket(s, e);
    if (r == 1 && fds[1].revents) {
        read_in(s);
        if (!s->in_open && s->p->half_close)
            shutdown(s->p->sock, SHUT_WR);
    }
    if (r == 1 && s->to_socket.len && write_socket(s, e) < 0)
        r = -1;
    return r;
}

int pump_run(const struct pump *p, struct err *e)
{
    struct state s = {.p = p, .in_open = p->in >= 0, .tick_ms = now_ms() + TICK_MS};
    int r = 1;

    while (r == 1 && !((s.escaped || (p->in_ends && !s.in_open)) && s.to_socket.len == 0))
        r = turn(&s, e);
    if (r == 1 && !s.escaped)
        r = 0;
    buf_clear(&s.to_socket);
    return r;
}
