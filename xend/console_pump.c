/* The pump of consoles: from guests' streams to logs, from logs to viewers, and back: see
 * console.h. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/console_parts.h"
#include "xend/domain.h"
#include "xend/server.h"

#define INPUT_MAX 4096   /* typed ahead of a guest that does not read: then we stop reading */
#define LOG_LAG_TRIES 20 /* the driver's log follows its stream by a moment; 2 ms each */

off_t console_log_size(const struct console *h)
{
    struct stat st;

    return fstat(h->log_fd, &st) == 0 ? st.st_size : 0;
}

void console_watch(struct consoles *c, struct end *end, bool in, bool out, int op)
{
    struct epoll_event ev = {.data.ptr = end};

    ev.events = (in ? EPOLLIN | EPOLLRDHUP : 0) | (out ? EPOLLOUT : 0);
    end->wants_out = out;
    if (epoll_ctl(c->epoll_fd, op, end->fd, &ev) < 0)
        log_debug("console: epoll: %s", strerror(errno));
}

/* Sends a viewer what the log has beyond its place, as far as it takes it. */
void console_feed(struct consoles *c, struct viewer *v)
{
    char chunk[8192];
    off_t size = console_log_size(v->end.hub);
    bool full = false;

    if (v->at > size)
        v->at = size; /* the log was cut */
    while (!v->dead && !full && v->at < size) {
        ssize_t n = pread(v->end.hub->log_fd, chunk, sizeof(chunk), v->at), sent;
        if (n <= 0)
            break;
        sent = send(v->end.fd, chunk, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0)
            v->at += sent;
        else if (sent < 0 && errno == EAGAIN)
            full = true;
        else if (sent < 0 && errno != EINTR)
            v->dead = true;
    }
    if (!v->dead && full != v->end.wants_out)
        console_watch(c, &v->end, !v->held, full, EPOLL_CTL_MOD);
}

void console_feed_all(struct consoles *c, struct console *h)
{
    for (struct viewer *v = h->viewers; v; v = v->next)
        console_feed(c, v);
    h->lag_tries = console_log_size(h) < h->logged ? LOG_LAG_TRIES : 0;
}

/* Keeps a log in memory within twice the history: drops the older half. */
static void append_own_log(struct console *h, const char *data, size_t n)
{
    off_t size = console_log_size(h);
    struct err e;

    if (size + (off_t)n > 2 * CONSOLE_HISTORY_MAX) {
        AUTO(freep) char *tail = xmalloc(CONSOLE_HISTORY_MAX);
        off_t from = size - CONSOLE_HISTORY_MAX;
        ssize_t kept = pread(h->log_fd, tail, CONSOLE_HISTORY_MAX, from);

        if (kept < 0 || ftruncate(h->log_fd, 0) < 0)
            return;
        if (pwrite(h->log_fd, tail, (size_t)kept, 0) < 0)
            log_debug("console: %s", strerror(errno));
        for (struct viewer *v = h->viewers; v; v = v->next)
            v->at = v->at > from ? v->at - from : 0;
        h->logged -= from;
        lseek(h->log_fd, 0, SEEK_END);
    }
    if (write_all(h->log_fd, data, n, &e) < 0)
        log_debug("console: %s", e.msg);
}

/* The writer is read from only as fast as the guest reads: a long paste arrives whole. */
static void hold(struct consoles *c, struct viewer *v, bool held)
{
    if (v->held != held) {
        v->held = held;
        console_watch(c, &v->end, !held, v->end.wants_out, EPOLL_CTL_MOD);
    }
}

void console_guest_lost(struct consoles *c, struct console *h)
{
    close_fd(&h->guest.fd); /* leaves epoll by itself */
    buf_clear(&h->input);
    h->logged = console_log_size(h);
    if (h->viewers)
        hold(c, h->viewers, false);
}

void console_send_input(struct consoles *c, struct console *h)
{
    while (h->input.len && h->guest.fd >= 0) {
        ssize_t n = write(h->guest.fd, h->input.ptr, h->input.len);
        if (n > 0)
            buf_shift(&h->input, (size_t)n);
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            return; /* its hang-up is reported by reading */
    }
    if (h->guest.fd >= 0 && (h->input.len > 0) != h->guest.wants_out)
        console_watch(c, &h->guest, true, h->input.len > 0, EPOLL_CTL_MOD);
    if (h->viewers)
        hold(c, h->viewers, h->input.len >= INPUT_MAX);
}

static void from_guest(struct consoles *c, struct console *h)
{
    char chunk[8192];
    ssize_t n = read(h->guest.fd, chunk, sizeof(chunk));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        console_guest_lost(c, h);
    } else {
        h->logged += n;
        if (h->own_log)
            append_own_log(h, chunk, (size_t)n);
    }
    console_feed_all(c, h);
}

/* Once, to a viewer that types although another one writes. */
static void tell(struct viewer *v)
{
    static const char words[] = "\r\n(xend: an older viewer writes; this one only reads)\r\n";

    if (!v->told && send(v->end.fd, words, sizeof(words) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        v->told = true;
}

static void from_viewer(struct consoles *c, struct viewer *v, uint32_t events)
{
    struct console *h = v->end.hub;
    bool writes = h->viewers == v;
    char chunk[1024];
    ssize_t n;

    if (v->held && !(events & (EPOLLHUP | EPOLLERR)))
        return; /* an event from before */
    n = recv(v->end.fd, chunk, sizeof(chunk), MSG_DONTWAIT);

    if (n > 0) {
        if (!writes)
            tell(v);
        else if (h->guest.fd >= 0)
            buf_add(&h->input, chunk, (size_t)n);
        console_send_input(c, h);
    } else if (n == 0 || errno != EAGAIN) {
        v->dead = true;
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        v->dead = true;
    }
}

static void viewer_free(struct viewer *v)
{
    void *handle = v->handle;

    free(v);
    server_end_upgrade(handle);
}

/* Buries the dead ones, and a closing hub whose viewers have all. True when the hub is to go. */
bool console_tidy(struct consoles *c, struct console *h)
{
    bool over = h->closing_ms && now_ms() >= h->closing_ms;
    struct viewer **at = &h->viewers;

    while (*at) {
        struct viewer *v = *at;
        if (v->dead || over || (h->closing_ms && v->at >= console_log_size(h))) {
            epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, v->end.fd, NULL);
            *at = v->next;
            viewer_free(v);
        } else {
            at = &v->next;
        }
    }
    return !h->viewers && (h->closing_ms || now_ms() >= h->kept_ms);
}

/* Without viewers a hub is not needed: the driver keeps the log. */
void console_hub_free(struct console **at)
{
    struct console *h = *at;

    *at = h->next;
    close_fd(&h->guest.fd);
    close_fd(&h->log_fd);
    buf_clear(&h->input);
    if (h->domain)
        h->domain->consoles[h->number] = NULL;
    free(h);
}

static void tidy_all(struct consoles *c)
{
    struct console **at = &c->hubs;

    while (*at)
        if (console_tidy(c, *at))
            console_hub_free(at);
        else
            at = &(*at)->next;
}

/* Milliseconds until the pump must look again although nothing happens. */
static int pump_timeout(const struct consoles *c)
{
    int timeout = -1;

    for (const struct console *h = c->hubs; h; h = h->next) {
        if (h->lag_tries)
            return 2;
        if (h->closing_ms)
            timeout = 100;
        else if (!h->viewers && timeout < 0)
            timeout = UNWATCHED_MS;
    }
    return timeout;
}

static void retry_lagging(struct consoles *c)
{
    for (struct console *h = c->hubs; h; h = h->next) {
        int tries = h->lag_tries;
        if (!tries)
            continue;
        console_feed_all(c, h);
        if (h->lag_tries)
            h->lag_tries = tries - 1;
        if (!h->lag_tries)
            h->logged = console_log_size(h);
    }
}

static void handle_event(struct consoles *c, const struct epoll_event *ev)
{
    struct end *end = ev->data.ptr;
    struct viewer *v = (struct viewer *)end;
    uint64_t drained;

    if (!end) {
        if (read(c->poke_fd, &drained, sizeof(drained)) < 0)
            log_debug("console: %s", strerror(errno));
    } else if (end->kind == GUEST) {
        if (end->fd >= 0 && ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
            from_guest(c, end->hub);
        if (end->fd >= 0 && ev->events & EPOLLOUT)
            console_send_input(c, end->hub);
    } else {
        if (ev->events & EPOLLOUT)
            console_feed(c, v);
        if (ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
            from_viewer(c, v, ev->events);
    }
}

void *console_pump(void *arg)
{
    struct consoles *c = arg;
    struct epoll_event events[64];

    pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        int timeout = pump_timeout(c), n;

        pthread_mutex_unlock(&c->lock);
        n = epoll_wait(c->epoll_fd, events, ARRAY_LEN(events), timeout);
        pthread_mutex_lock(&c->lock);
        for (int i = 0; i < n; i++)
            handle_event(c, &events[i]); /* frees nothing: events may name one end twice */
        retry_lagging(c);
        tidy_all(c);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}
