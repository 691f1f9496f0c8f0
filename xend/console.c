/* Consoles and their pump: see console.h. */
#include "xend/console.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/domain.h"
#include "xend/server.h"
#include "xend/xend.h"

#define INPUT_MAX 4096    /* typed ahead of a guest that does not read: then we stop reading */
#define LOG_LAG_TRIES 20  /* the driver's log follows its stream by a moment; 2 ms each */
#define CLOSING_MS 5000   /* for viewers of a domain that is gone to take the rest */
#define UNWATCHED_MS 5000 /* a hub waits this long for its first viewer */

enum kind { GUEST, VIEWER };

/* What epoll points to; the first member of both ends. */
struct end {
    enum kind kind;
    struct console *hub;
    int fd;
    bool wants_out;
};

struct viewer {
    struct end end;
    void *handle;
    off_t at; /* in the log */
    bool dead;
    struct viewer *next; /* oldest first: that one writes */
};

struct console {
    struct end guest; /* fd -1 while there is none */
    struct domain *domain;
    int log_fd;
    bool own_log; /* in memory: the pump appends what the guest says */
    off_t logged; /* bytes that the guest said and that the log must hold by now */
    int lag_tries;
    struct buf input;
    int64_t kept_ms;    /* without viewers it stays until then */
    int64_t closing_ms; /* deadline, 0 = not closing */
    struct viewer *viewers;
    struct console *next;
};

struct consoles {
    struct xend *xend;
    pthread_mutex_t lock; /* a leaf: all below */
    struct console *hubs;
    int epoll_fd, poke_fd;
    bool running, stopping;
    pthread_t pump;
};

static off_t log_size(const struct console *h)
{
    struct stat st;

    return fstat(h->log_fd, &st) == 0 ? st.st_size : 0;
}

static void watch(struct consoles *c, struct end *end, bool in, bool out, int op)
{
    struct epoll_event ev = {.data.ptr = end};

    ev.events = (in ? EPOLLIN | EPOLLRDHUP : 0) | (out ? EPOLLOUT : 0);
    end->wants_out = out;
    if (epoll_ctl(c->epoll_fd, op, end->fd, &ev) < 0)
        log_debug("console: epoll: %s", strerror(errno));
}

/* Sends a viewer what the log has beyond its place, as far as it takes it. */
static void feed(struct consoles *c, struct viewer *v)
{
    char chunk[8192];
    off_t size = log_size(v->end.hub);
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
        watch(c, &v->end, true, full, EPOLL_CTL_MOD);
}

static void feed_all(struct consoles *c, struct console *h)
{
    for (struct viewer *v = h->viewers; v; v = v->next)
        feed(c, v);
    h->lag_tries = log_size(h) < h->logged ? LOG_LAG_TRIES : 0;
}

/* Keeps a log in memory within twice the history: drops the older half. */
static void append_own_log(struct console *h, const char *data, size_t n)
{
    off_t size = log_size(h);
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

static void guest_lost(struct console *h)
{
    close_fd(&h->guest.fd); /* leaves epoll by itself */
    buf_clear(&h->input);
    h->logged = log_size(h);
}

static void send_input(struct consoles *c, struct console *h)
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
        watch(c, &h->guest, true, h->input.len > 0, EPOLL_CTL_MOD);
}

static void from_guest(struct consoles *c, struct console *h)
{
    char chunk[8192];
    ssize_t n = read(h->guest.fd, chunk, sizeof(chunk));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        guest_lost(h);
    } else {
        h->logged += n;
        if (h->own_log)
            append_own_log(h, chunk, (size_t)n);
    }
    feed_all(c, h);
}

static void from_viewer(struct consoles *c, struct viewer *v, uint32_t events)
{
    struct console *h = v->end.hub;
    char chunk[1024];
    ssize_t n = recv(v->end.fd, chunk, sizeof(chunk), MSG_DONTWAIT);

    if (n > 0) {
        if (h->viewers == v && h->guest.fd >= 0 && h->input.len < INPUT_MAX)
            buf_add(&h->input, chunk, (size_t)n);
        send_input(c, h);
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
static bool tidy(struct consoles *c, struct console *h)
{
    bool over = h->closing_ms && now_ms() >= h->closing_ms;
    struct viewer **at = &h->viewers;

    while (*at) {
        struct viewer *v = *at;
        if (v->dead || over || (h->closing_ms && v->at >= log_size(h))) {
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
static void hub_free(struct console **at)
{
    struct console *h = *at;

    *at = h->next;
    close_fd(&h->guest.fd);
    close_fd(&h->log_fd);
    buf_clear(&h->input);
    if (h->domain)
        h->domain->console = NULL;
    free(h);
}

static void tidy_all(struct consoles *c)
{
    struct console **at = &c->hubs;

    while (*at)
        if (tidy(c, *at))
            hub_free(at);
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
        feed_all(c, h);
        if (h->lag_tries)
            h->lag_tries = tries - 1;
        if (!h->lag_tries)
            h->logged = log_size(h);
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
            send_input(c, end->hub);
    } else {
        if (ev->events & EPOLLOUT)
            feed(c, v);
        if (ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
            from_viewer(c, v, ev->events);
    }
}

static void *pump(void *arg)
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

static void poke(struct consoles *c)
{
    uint64_t one = 1;

    if (write(c->poke_fd, &one, sizeof(one)) < 0)
        log_debug("console: %s", strerror(errno));
}

struct consoles *consoles_new(struct xend *x)
{
    struct consoles *c = xcalloc(1, sizeof(*c));
    struct epoll_event ev = {.events = EPOLLIN};

    c->xend = x;
    pthread_mutex_init(&c->lock, NULL);
    c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    c->poke_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, c->poke_fd, &ev);
    return c;
}

void consoles_free(struct consoles *c)
{
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_mutex_unlock(&c->lock);
    poke(c);
    if (c->running)
        pthread_join(c->pump, NULL);
    while (c->hubs) {
        for (struct viewer *v = c->hubs->viewers; v; v = v->next)
            v->dead = true;
        tidy(c, c->hubs);
        hub_free(&c->hubs);
    }
    close(c->epoll_fd);
    close(c->poke_fd);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

bool console_connected(struct consoles *c, const struct domain *d)
{
    bool connected;

    pthread_mutex_lock(&c->lock);
    connected = d->console && d->console->guest.fd >= 0;
    pthread_mutex_unlock(&c->lock);
    return connected;
}

bool console_wanted(struct consoles *c, const struct domain *d)
{
    bool wanted;

    pthread_mutex_lock(&c->lock);
    wanted = d->console && d->console->viewers;
    pthread_mutex_unlock(&c->lock);
    return wanted;
}

/* The hub of d, made if needed. With the lock. */
static struct console *hub_of(struct consoles *c, struct domain *d)
{
    struct console *h = d->console;

    if (h)
        return h;
    h = xcalloc(1, sizeof(*h));
    h->guest = (struct end){GUEST, h, -1, false};
    h->domain = d;
    h->log_fd = -1;
    h->next = c->hubs;
    c->hubs = h;
    d->console = h;
    return h;
}

static int open_log(struct console *h, const char *log, struct err *e)
{
    close_fd(&h->log_fd);
    h->own_log = !log;
    h->log_fd = log ? open(log, O_RDONLY | O_CLOEXEC) : memfd_create("console", MFD_CLOEXEC);
    if (h->log_fd < 0)
        return err_sys(e, "%s", log ? log : "memory for a console");
    return 0;
}

int console_connect(struct consoles *c, struct domain *d, int fd_take, const char *log,
                    struct err *e)
{
    struct console *h;
    int r = 0;

    pthread_mutex_lock(&c->lock);
    h = hub_of(c, d);
    if (h->guest.fd >= 0 || ((log || h->log_fd < 0) && (r = open_log(h, log, e)) < 0)) {
        close(fd_take);
    } else {
        h->guest.fd = fd_take;
        h->logged = log_size(h);
        h->kept_ms = now_ms() + UNWATCHED_MS;
        for (struct viewer *v = h->viewers; v; v = v->next)
            if (v->at > h->logged)
                v->at = 0; /* a new incarnation began a new log */
        fcntl(fd_take, F_SETFL, O_NONBLOCK);
        watch(c, &h->guest, true, false, EPOLL_CTL_ADD);
        if (!c->running)
            c->running = pthread_create(&c->pump, NULL, pump, c) == 0;
    }
    pthread_mutex_unlock(&c->lock);
    return r;
}

void console_guest_left(struct consoles *c, struct domain *d)
{
    pthread_mutex_lock(&c->lock);
    if (d->console) {
        if (d->console->guest.fd >= 0)
            guest_lost(d->console);
        feed_all(c, d->console);
    }
    pthread_mutex_unlock(&c->lock);
}

void console_close(struct consoles *c, struct domain *d)
{
    pthread_mutex_lock(&c->lock);
    if (d->console) {
        d->console->closing_ms = now_ms() + CLOSING_MS;
        d->console->domain = NULL;
        d->console = NULL;
        poke(c);
    }
    pthread_mutex_unlock(&c->lock);
}

void console_add_viewer(struct consoles *c, struct domain *d, int fd, const void *early,
                        size_t n_early, size_t history, void *handle)
{
    struct viewer *v = xcalloc(1, sizeof(*v)), **at;
    struct console *h;
    off_t size;

    pthread_mutex_lock(&c->lock);
    h = d->console;
    if (!h) {
        pthread_mutex_unlock(&c->lock);
        free(v);
        server_end_upgrade(handle);
        return;
    }
    size = log_size(h);
    v->end = (struct end){VIEWER, h, fd, false};
    v->handle = handle;
    v->at = size > (off_t)history ? size - (off_t)history : 0;
    for (at = &h->viewers; *at; at = &(*at)->next)
        ;
    *at = v;
    if (h->viewers == v && n_early)
        buf_add(&h->input, early, n_early < INPUT_MAX ? n_early : INPUT_MAX);
    watch(c, &v->end, true, false, EPOLL_CTL_ADD);
    feed(c, v);
    send_input(c, h);
    pthread_mutex_unlock(&c->lock);
}
