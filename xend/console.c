/* Who has consoles: see console.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/console_parts.h"
#include "xend/domain.h"
#include "xend/server.h"

#define CLOSING_MS 5000 /* for viewers of a domain that is gone to take the rest */

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
        console_tidy(c, c->hubs);
        console_hub_free(&c->hubs);
    }
    close(c->epoll_fd);
    close(c->poke_fd);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

bool console_connected(struct consoles *c, const struct domain *d, unsigned n)
{
    bool connected;

    pthread_mutex_lock(&c->lock);
    connected = d->consoles[n] && d->consoles[n]->guest.fd >= 0;
    pthread_mutex_unlock(&c->lock);
    return connected;
}

bool console_wanted(struct consoles *c, const struct domain *d, unsigned n)
{
    bool wanted;

    pthread_mutex_lock(&c->lock);
    wanted = d->consoles[n] && d->consoles[n]->viewers;
    pthread_mutex_unlock(&c->lock);
    return wanted;
}

/* The hub of d, made if needed. With the lock. */
static struct console *hub_of(struct consoles *c, struct domain *d, unsigned n)
{
    struct console *h = d->consoles[n];

    if (h)
        return h;
    h = xcalloc(1, sizeof(*h));
    h->guest = (struct end){GUEST, h, -1, false};
    h->domain = d;
    h->number = n;
    h->log_fd = -1;
    h->next = c->hubs;
    c->hubs = h;
    d->consoles[n] = h;
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

int console_connect(struct consoles *c, struct domain *d, unsigned n, int fd_take, const char *log,
                    struct err *e)
{
    struct console *h;
    int r = 0;

    pthread_mutex_lock(&c->lock);
    h = hub_of(c, d, n);
    if (h->guest.fd >= 0 || ((log || h->log_fd < 0) && (r = open_log(h, log, e)) < 0)) {
        close(fd_take);
    } else {
        h->guest.fd = fd_take;
        h->logged = console_log_size(h);
        h->kept_ms = now_ms() + UNWATCHED_MS;
        for (struct viewer *v = h->viewers; v; v = v->next)
            if (v->at > h->logged)
                v->at = 0; /* a new incarnation began a new log */
        fcntl(fd_take, F_SETFL, O_NONBLOCK);
        console_watch(c, &h->guest, true, false, EPOLL_CTL_ADD);
        if (!c->running)
            c->running = pthread_create(&c->pump, NULL, console_pump, c) == 0;
    }
    pthread_mutex_unlock(&c->lock);
    return r;
}

void console_guest_left(struct consoles *c, struct domain *d)
{
    pthread_mutex_lock(&c->lock);
    for (unsigned n = 0; n < CONSOLES_MAX; n++) {
        if (!d->consoles[n])
            continue;
        if (d->consoles[n]->guest.fd >= 0)
            console_guest_lost(c, d->consoles[n]);
        console_feed_all(c, d->consoles[n]);
    }
    pthread_mutex_unlock(&c->lock);
}

void console_close(struct consoles *c, struct domain *d)
{
    pthread_mutex_lock(&c->lock);
    for (unsigned n = 0; n < CONSOLES_MAX; n++) {
        if (!d->consoles[n])
            continue;
        d->consoles[n]->closing_ms = now_ms() + CLOSING_MS;
        d->consoles[n]->domain = NULL;
        d->consoles[n] = NULL;
        poke(c);
    }
    pthread_mutex_unlock(&c->lock);
}

void console_add_viewer(struct consoles *c, struct domain *d, unsigned n, int fd, const void *early,
                        size_t n_early, size_t history, void *handle)
{
    struct viewer *v = xcalloc(1, sizeof(*v)), **at;
    struct console *h;
    off_t size;

    pthread_mutex_lock(&c->lock);
    h = d->consoles[n];
    if (!h) {
        pthread_mutex_unlock(&c->lock);
        free(v);
        server_end_upgrade(handle);
        return;
    }
    size = console_log_size(h);
    v->end = (struct end){VIEWER, h, fd, false};
    v->handle = handle;
    v->at = size > (off_t)history ? size - (off_t)history : 0;
    for (at = &h->viewers; *at; at = &(*at)->next)
        ;
    *at = v;
    if (h->viewers == v && n_early)
        buf_add(&h->input, early, n_early);
    console_watch(c, &v->end, true, false, EPOLL_CTL_ADD);
    console_feed(c, v);
    console_send_input(c, h);
    pthread_mutex_unlock(&c->lock);
}
