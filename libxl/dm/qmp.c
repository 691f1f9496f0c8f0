/* The QEMU Machine Protocol: see qmp.h. Called by monitor.c, create.c, life.c and scan.c. */
#include "libxl/dm/qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"

#define NOBODY 0                   /* an id that no waiter has */
#define PUMP_BYTES_MAX (64 * 1024) /* per call: one chatty peer does not starve the others */

/* A caller that waits, on its own stack. */
struct waiter {
    int64_t id;
    struct value *reply; /* NULL until it is there */
    struct waiter *next;
};

struct qmp {
    int fd;
    qmp_event_fn *event;
    void *arg;

    /* the pumping thread's */
    struct buf in;
    size_t searched; /* bytes of `in` known to hold no end of line */

    pthread_mutex_t write_lock; /* a command goes out as a whole */

    pthread_mutex_t lock; /* what follows */
    pthread_cond_t changed;
    struct waiter *waiters;
    int64_t next_id;
    bool greeted, failed, broken;
    bool alone; /* nobody else pumps */
    char why[sizeof(((struct err *)0)->msg)];
};

struct qmp *qmp_new_take(int fd, qmp_event_fn *event, void *arg)
{
    struct qmp *q = xcalloc(1, sizeof(*q));
    pthread_condattr_t attr;

    q->fd = fd;
    q->event = event;
    q->arg = arg;
    q->next_id = 1;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    pthread_mutex_init(&q->write_lock, NULL);
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&q->changed, &attr);
    pthread_condattr_destroy(&attr);
    return q;
}

void qmp_pump_alone(struct qmp *q)
{
    q->alone = true;
}

void qmp_free(struct qmp *q)
{
    if (!q)
        return;
    close(q->fd);
    buf_clear(&q->in);
    pthread_mutex_destroy(&q->write_lock);
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->changed);
    free(q);
}

int qmp_fd(const struct qmp *q)
{
    return q->fd;
}

/* The connection is over: wakes all who wait. Only the first reason counts. */
static void fail(struct qmp *q, bool broken, const char *why)
{
    pthread_mutex_lock(&q->lock);
    if (!q->failed) {
        q->failed = true;
        q->broken = broken;
        snprintf(q->why, sizeof(q->why), "%s", why);
    }
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

void qmp_fail(struct qmp *q, const char *why)
{
    fail(q, false, why);
}

const char *qmp_broken(struct qmp *q)
{
    bool broken;

    pthread_mutex_lock(&q->lock);
    broken = q->broken;
    pthread_mutex_unlock(&q->lock);
    return broken ? q->why : NULL; /* `why` does not change any more */
}

/* Gives a reply to who waits for it; a late one is dropped. */
static void reply_take(struct qmp *q, struct value *reply)
{
    int64_t id = value_get_int(reply, "id", 0);

    if (id == NOBODY && value_get(reply, "return"))
        if (q->event)
            q->event(q->arg, QMP_REPLY, value_get(reply, "return"));
    pthread_mutex_lock(&q->lock);
    for (struct waiter *w = q->waiters; w; w = w->next) {
        if (w->id != id || w->reply)
            continue;
        w->reply = steal(reply);
        pthread_cond_broadcast(&q->changed);
        break;
    }
    pthread_mutex_unlock(&q->lock);
    value_free(reply);
}

/* One message; false when it is none, and the connection with it. */
static bool handle_line(struct qmp *q, const char *text, size_t len)
{
    AUTO(value_freep) struct value *v = NULL;
    const char *event;
    struct err e;

    v = json_parse(text, len, "QEMU's message", &e);
    if (!v || value_type(v) != VALUE_MAP) {
        fail(q, true, v ? "QEMU's message is no object" : e.msg);
        return false;
    }
    event = value_get_str(v, "event", NULL);
    if (event) {
        if (q->event)
            q->event(q->arg, event, value_get(v, "data"));
    } else if (value_get(v, "QMP")) {
        pthread_mutex_lock(&q->lock);
        q->greeted = true;
        pthread_cond_broadcast(&q->changed);
        pthread_mutex_unlock(&q->lock);
    } else if (value_get(v, "return") || value_get(v, "error")) {
        reply_take(q, steal(v));
    } else {
        fail(q, true, "QEMU's message is neither greeting, event nor reply");
        return false;
    }
    return true;
}

/* Takes all whole lines out of the buffer. */
static bool handle_lines(struct qmp *q)
{
    size_t start = 0;
    char *end;

    while ((end = memchr(q->in.ptr + q->searched, '\n', q->in.len - q->searched))) {
        size_t at = (size_t)(end - q->in.ptr);
        if (at > start + 1 && !handle_line(q, q->in.ptr + start, at - start))
            return false;
        start = q->searched = at + 1;
    }
    buf_shift(&q->in, start);
    q->searched = q->in.len;
    if (q->in.len > QMP_LINE_MAX) {
        fail(q, true, "QEMU's message is longer than 1 MiB");
        return false;
    }
    return true;
}

bool qmp_pump(struct qmp *q)
{
    size_t done = 0;

    while (done < PUMP_BYTES_MAX) {
        ssize_t r;

        buf_reserve(&q->in, 4096);
        r = read(q->fd, q->in.ptr + q->in.len, 4096);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && errno == EAGAIN)
            return true;
        if (r <= 0) {
            fail(q, false, r == 0 ? "QEMU closed its monitor" : strerror(errno));
            return false;
        }
        q->in.len += (size_t)r;
        q->in.ptr[q->in.len] = '\0';
        done += (size_t)r;
        if (!handle_lines(q))
            return false;
    }
    return true;
}

/* Under the lock: waits until something changes; false at the deadline. */
static bool wait_changed(struct qmp *q, int64_t deadline_ms)
{
    struct timespec until = {.tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
    int64_t left = deadline_ms - now_ms();

    if (q->alone) {
        pthread_mutex_unlock(&q->lock);
        if (left > 0 && poll(&(struct pollfd){q->fd, POLLIN, 0}, 1, (int)left) == 1)
            qmp_pump(q);
        pthread_mutex_lock(&q->lock);
        return left > 0;
    }
    return pthread_cond_timedwait(&q->changed, &q->lock, &until) != ETIMEDOUT;
}

static int failed(struct qmp *q, struct err *e)
{
    return err_set(e, ERR_UNAVAILABLE, "no connection to QEMU: %s", q->why);
}

/* Nothing is sent into a connection that has ended. */
static int check_alive(struct qmp *q, struct err *e)
{
    int r;

    pthread_mutex_lock(&q->lock);
    r = q->failed ? failed(q, e) : 0;
    pthread_mutex_unlock(&q->lock);
    return r;
}

/* send(), with a descriptor beside the bytes unless it is -1. */
static ssize_t send_with_fd(int to, const char *p, size_t n, int fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {(char *)p, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fd >= 0) {
        m.msg_control = &control;
        m.msg_controllen = sizeof(control);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    }
    return sendmsg(to, &m, MSG_NOSIGNAL);
}

/* Sends all of it; a peer that does not read is given until the deadline. */
static int send_line(struct qmp *q, const struct buf *line, int fd, int64_t deadline_ms,
                     struct err *e)
{
    size_t sent = 0;

    while (sent < line->len) {
        struct pollfd p = {.fd = q->fd, .events = POLLOUT};
        /* it goes with the first bytes, once */
        ssize_t r = send_with_fd(q->fd, line->ptr + sent, line->len - sent, sent ? -1 : fd);
        int64_t left = deadline_ms - now_ms();

        if (r >= 0) {
            sent += (size_t)r;
        } else if (errno != EAGAIN && errno != EINTR) {
            return err_set(e, ERR_UNAVAILABLE, "QEMU's monitor: %s", strerror(errno));
        } else if (left <= 0) {
            /* half a command is out: nothing sensible can follow */
            qmp_fail(q, "QEMU does not read its monitor");
            return err_set(e, ERR_TIMEOUT, "QEMU does not read its monitor");
        } else {
            poll(&p, 1, (int)left);
        }
    }
    return 0;
}

int qmp_await_greeting(struct qmp *q, int64_t deadline_ms, struct err *e)
{
    bool timed_out = false;
    int r = 0;

    pthread_mutex_lock(&q->lock);
    while (!q->greeted && !q->failed && !timed_out)
        timed_out = !wait_changed(q, deadline_ms);
    if (q->failed)
        r = failed(q, e);
    else if (!q->greeted)
        r = err_set(e, ERR_TIMEOUT, "QEMU does not greet");
    pthread_mutex_unlock(&q->lock);
    return r;
}

int qmp_negotiate(struct qmp *q, int timeout_ms, struct err *e)
{
    return qmp_call_take(q, "qmp_capabilities", NULL, timeout_ms, NULL, e);
}

/* The line of a command; swallows args. */
static void print_command(int64_t id, const char *command, struct value *args, struct buf *out)
{
    AUTO(value_freep) struct value *v = value_map();

    value_set_str(v, "execute", command);
    if (args)
        value_set_take(v, "arguments", args);
    value_set_int(v, "id", id);
    json_print(v, out);
    buf_addc(out, '\n');
}

/* Under the lock. */
static void waiter_remove(struct qmp *q, struct waiter *w)
{
    for (struct waiter **at = &q->waiters; *at; at = &(*at)->next) {
        if (*at == w) {
            *at = w->next;
            return;
        }
    }
}

/* Waits for w's reply; removes w from the list in any case. */
static int await_reply(struct qmp *q, struct waiter *w, const char *command, int64_t deadline_ms,
                       int timeout_ms, struct err *e)
{
    bool timed_out = false;
    int r = 0;

    pthread_mutex_lock(&q->lock);
    while (!w->reply && !q->failed && !timed_out)
        timed_out = !wait_changed(q, deadline_ms);
    if (!w->reply && q->failed)
        r = failed(q, e);
    else if (!w->reply)
        r = err_set(e, ERR_TIMEOUT, "QEMU does not answer %s (waited %d ms)", command, timeout_ms);
    waiter_remove(q, w);
    pthread_mutex_unlock(&q->lock);
    return r;
}

int qmp_call_take(struct qmp *q, const char *command, struct value *args, int timeout_ms,
                  struct value **result, struct err *e)
{
    return qmp_call_fd_take(q, command, args, -1, timeout_ms, result, e);
}

int qmp_call_fd_take(struct qmp *q, const char *command, struct value *args, int fd, int timeout_ms,
                     struct value **result, struct err *e)
{
    int64_t deadline = now_ms() + timeout_ms;
    AUTO(buf_clear) struct buf line = BUF_INIT;
    AUTO(value_freep) struct value *reply = NULL;
    const struct value *error;
    struct waiter w = {0};
    struct err write_error;
    int sent;

    pthread_mutex_lock(&q->lock);
    w.id = q->next_id++;
    w.next = q->waiters;
    q->waiters = &w; /* cppcheck-suppress autoVariables ; await_reply takes it out again */
    pthread_mutex_unlock(&q->lock);

    print_command(w.id, command, args, &line);
    pthread_mutex_lock(&q->write_lock);
    sent = check_alive(q, &write_error);
    if (sent == 0)
        sent = send_line(q, &line, fd, deadline, &write_error);
    pthread_mutex_unlock(&q->write_lock);

    if (await_reply(q, &w, command, sent < 0 ? now_ms() : deadline, timeout_ms, e) < 0) {
        if (sent < 0)
            *e = write_error;
        return -1;
    }
    reply = w.reply;
    error = value_get(reply, "error");
    if (error)
        return err_set(e, ERR_BACKEND, "QEMU: %s: %s", command,
                       value_get_str(error, "desc", "refused"));
    if (result)
        *result = value_copy(value_get(reply, "return"));
    return 0;
}

void qmp_post(struct qmp *q, const char *command)
{
    AUTO(buf_clear) struct buf line = BUF_INIT;
    ssize_t sent;

    if (pthread_mutex_trylock(&q->write_lock) != 0)
        return; /* somebody waits for room already */
    print_command(NOBODY, command, NULL, &line);
    sent = send(q->fd, line.ptr, line.len, MSG_NOSIGNAL);
    pthread_mutex_unlock(&q->write_lock);
    if (sent >= 0 && (size_t)sent < line.len)
        qmp_fail(q, "QEMU does not read its monitor"); /* half a command is out */
}
