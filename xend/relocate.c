/*
 * The listener for guests that other xends send: see relocate.h. One thread accepts; each
 * connection has a thread of its own until it has said what it wants, and is the stream of a job
 * then. Called by main.c.
 */
#include "xend/relocate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "config/sxp.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xend/link.h"
#include "xend/ops.h"
#include "xend/xend.h"

#define TAKEN_MAX 32 /* connections at a time: half of the workers are left to others */
#define LISTEN_MAX 8 /* addresses that a name may have */
#define REQUEST_S 10 /* for a new connection to say what it wants, in all */
#define NO_FD_WAIT_MS 1000

struct relocation {
    struct xend *xend;
    struct hosts *hosts;
    int patience_s;
    int listen_fds[LISTEN_MAX], stop_fd;
    size_t n;
    pthread_t thread;
    pthread_mutex_t lock; /* held while a job is made; the xend lock is taken within it */
    bool stopping;
    atomic_int taken;
    atomic_int refs; /* its own, and one for each connection */
};

/* One connection. */
struct caller {
    struct relocation *r;
    int fd;
    char host[NI_MAXHOST];
};

static void unref(struct relocation *r)
{
    if (atomic_fetch_sub(&r->refs, 1) > 1)
        return;
    hosts_free(r->hosts);
    close_fd(&r->stop_fd);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* The end of a connection: a link's release, with the xend lock. */
static void caller_free(void *arg)
{
    struct caller *c = arg;

    close_fd(&c->fd);
    atomic_fetch_sub(&c->r->taken, 1);
    unref(c->r);
    free(c);
}

/* In the original's form. */
static void tell_refusal(int fd, const struct err *why)
{
    AUTO(value_freep) struct value *form = value_list();
    AUTO(buf_clear) struct buf text = BUF_INIT;

    value_add_take(form, value_str("err"));
    value_add_take(form, sxp_pair("type", "XendError"));
    value_add_take(form, sxp_pair("value", why->msg));
    sxp_print(form, &text);
    buf_addc(&text, '\n');
    if (send(fd, text.ptr, text.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        log_debug("relocation: a refusal: %s", strerror(errno));
}

/* With the lock. The newest job that has received the domain of this uuid; or NULL. */
static const struct task *last_receive(struct xend *x, const char *uuid)
{
    const struct task *t = queue_newest(x->queue);

    while (t && (t->kind != &op_receive || strcmp(t->uuid, uuid) != 0))
        t = t->older;
    return t;
}

/* With the lock. By the job that received it, or by what an earlier xend has left. */
static enum outcome outcome_of(struct xend *x, const char *uuid)
{
    const struct task *t = last_receive(x, uuid);
    const struct domain *d = domain_find_uuid(x->domains, uuid);
    bool here = d && d->domid != DOMID_NONE;

    if (d && (d->running || d->first))
        return OUTCOME_ARRIVING;
    if (t && t->state == TASK_DONE)
        return OUTCOME_TAKEN;
    if (t)
        return here ? OUTCOME_UNKNOWN : OUTCOME_REFUSED;
    return here ? OUTCOME_TAKEN : OUTCOME_UNKNOWN;
}

/* Answers the question for an outcome: 0, and the connection is done with. */
static int tell_outcome(struct caller *c, const char *asked, struct err *e)
{
    struct xend *x = c->r->xend;
    enum outcome o = OUTCOME_ARRIVING; /* of a xend that ends: the next one is asked */
    AUTO(freep) char *answer = NULL;
    char uuid[UUID_TEXT_SIZE];

    if (!uuid_normalize(asked, uuid))
        return err_set(e, ERR_INVALID, "'%.40s' is no uuid", asked);
    pthread_mutex_lock(&c->r->lock);
    if (!c->r->stopping) {
        xend_lock(x);
        o = outcome_of(x, uuid);
        xend_unlock(x);
    }
    pthread_mutex_unlock(&c->r->lock);
    answer = xasprintf("%s\n", outcome_names[o]);
    return link_say(c->fd, answer, e);
}

/*
 * The first line, which is all that it may say before it is answered. 1: a guest follows; 0: that
 * was all.
 */
static int hear_request(struct caller *c, struct err *e)
{
    char line[LINK_LINE_MAX];

    if (link_hear(NULL, c->fd, REQUEST_S, line, e) < 0)
        return -1;
    if (strncmp(line, "outcome ", 8) == 0)
        return tell_outcome(c, line + 8, e);
    if (strcmp(line, "receive") == 0 || strcmp(line, "(receive)") == 0)
        return link_say(c->fd, RELOCATE_READY "\n", e) < 0 ? -1 : 1;
    if (strcmp(line, "sslreceive") == 0)
        return err_set(e, ERR_UNSUPPORTED, "this xend has no TLS for migration: use ssh");
    return err_set(e, ERR_INVALID, "Invalid operation: %.40s", line);
}

/* The rest is the job's, whose stream it is, and with which it may end at once; unless xend ends.
 */
static int make_job(struct caller *c)
{
    struct relocation *r = c->r;
    struct xend *x = r->xend;
    int made = -1;

    atomic_fetch_add(&r->refs, 1);
    pthread_mutex_lock(&r->lock);
    if (!r->stopping) {
        struct domain *d;
        struct task *t;
        struct err e;

        xend_lock(x);
        d = domain_new(x->domains, op_receive.name);
        t = queue_add(x->queue, d, &op_receive, c->host, false);
        made = link_attach(t, c->fd, caller_free, c, &e);
        if (made < 0)
            queue_cancel(x->queue, t, &e);
        domain_unref(d);
        xend_unlock(x);
    }
    pthread_mutex_unlock(&r->lock);
    unref(r);
    return made;
}

static int check_caller(struct caller *c, struct err *e)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof(a);

    if (getpeername(c->fd, (struct sockaddr *)&a, &n) < 0)
        return err_sys(e, "getpeername");
    if (hosts_allow(c->r->hosts, (struct sockaddr *)&a, n, c->host))
        return 0;
    return err_set(e, ERR_DENIED,
                   "%s may not send guests here: it is not in xend-relocation-hosts-allow",
                   c->host);
}

static void *serve(void *arg)
{
    struct caller *c = arg;
    struct err e;
    int r;

    relocate_bound(c->fd, c->r->patience_s);
    r = check_caller(c, &e) < 0 ? -1 : hear_request(c, &e);
    if (r > 0 && make_job(c) == 0)
        return NULL;
    if (r < 0) {
        log_warn("relocation: from %s: %s", c->host[0] ? c->host : "?", e.msg);
        tell_refusal(c->fd, &e);
        link_end(c->fd);
    }
    caller_free(c);
    return NULL;
}

static void begin(struct relocation *r, int fd)
{
    struct caller *c = xcalloc(1, sizeof(*c));
    pthread_attr_t attr;
    pthread_t thread;
    int failed;

    c->r = r;
    c->fd = fd;
    atomic_fetch_add(&r->taken, 1);
    atomic_fetch_add(&r->refs, 1);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 512 * 1024);
    failed = pthread_create(&thread, &attr, serve, c);
    pthread_attr_destroy(&attr);
    if (failed) {
        log_error("relocation: no thread: %s", strerror(failed));
        caller_free(c);
    }
}

/* One more than there may be is told so, not kept. */
static void refuse(int fd)
{
    char dropped[128];
    struct err e;

    err_set(&e, ERR_BUSY, "%d guests are on their way here already: try again", TAKEN_MAX);
    while (recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT) > 0)
        ; /* what is unread when it is closed would reset it, and this be lost */
    tell_refusal(fd, &e);
    close(fd);
}

static void take_one(struct relocation *r, int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    struct pollfd stop = {r->stop_fd, POLLIN, 0};

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            poll(&stop, 1, NO_FD_WAIT_MS);
    } else if (atomic_load(&r->taken) >= TAKEN_MAX) {
        refuse(fd);
    } else {
        begin(r, fd);
    }
}

static void *listen_thread(void *arg)
{
    struct relocation *r = arg;
    struct pollfd p[LISTEN_MAX + 1] = {{r->stop_fd, POLLIN, 0}};

    for (size_t i = 0; i < r->n; i++)
        p[i + 1] = (struct pollfd){r->listen_fds[i], POLLIN, 0};
    while (!p[0].revents) {
        if (poll(p, (nfds_t)r->n + 1, -1) < 0)
            continue;
        for (size_t i = 0; i < r->n && !p[0].revents; i++)
            if (p[i + 1].revents)
                take_one(r, r->listen_fds[i]);
    }
    return NULL;
}

/* An address may be the name of an interface: its own, then. */
static void address_of_interface(const char *name, char text[NI_MAXHOST])
{
    struct ifaddrs *list = NULL;

    snprintf(text, NI_MAXHOST, "%s", name);
    if (getifaddrs(&list) < 0)
        return;
    for (struct ifaddrs *i = list; i; i = i->ifa_next)
        if (strcmp(i->ifa_name, name) == 0 && i->ifa_addr && i->ifa_addr->sa_family == AF_INET) {
            getnameinfo(i->ifa_addr, sizeof(struct sockaddr_in), text, NI_MAXHOST, NULL, 0,
                        NI_NUMERICHOST);
            break;
        }
    freeifaddrs(list);
}

static int listen_at(struct relocation *r, const struct addrinfo *a, struct err *e)
{
    AUTO(closep) int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;

    if (fd < 0)
        return err_sys(e, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, 128) < 0)
        return err_sys(e, "listening");
    r->listen_fds[r->n++] = fd;
    fd = -1;
    return 0;
}

/* Every address that the name has here; one at least. */
static int listen_all(struct relocation *r, const char *name, const char *port, struct err *e)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    char address[NI_MAXHOST];
    int failed;

    address_of_interface(name, address);
    failed = getaddrinfo(address[0] ? address : NULL, port, &hints, &list);
    if (failed)
        return err_set(e, ERR_INVALID, "%s", gai_strerror(failed));
    for (struct addrinfo *a = list; a && r->n < LISTEN_MAX; a = a->ai_next)
        listen_at(r, a, e);
    freeaddrinfo(list);
    return r->n > 0 ? 0 : -1;
}

static void close_listeners(struct relocation *r)
{
    for (size_t i = 0; i < r->n; i++)
        close_fd(&r->listen_fds[i]);
}

struct relocation *relocate_open(struct xend *x)
{
    const char *address = conf_str(&x->conf, "xend-relocation-address");
    const char *port = conf_str(&x->conf, "xend-relocation-port");
    struct relocation *r;
    struct err e = {0};

    if (parse_bool(conf_str(&x->conf, "xend-relocation-server")) <= 0)
        return NULL;
    r = xcalloc(1, sizeof(*r));
    r->xend = x;
    r->patience_s = (int)conf_int(&x->conf, "relocation-patience");
    r->hosts = hosts_parse(conf_str(&x->conf, "xend-relocation-hosts-allow"), &e);
    r->stop_fd = eventfd(0, EFD_CLOEXEC);
    atomic_init(&r->refs, 1);
    pthread_mutex_init(&r->lock, NULL);
    if (!r->hosts || r->stop_fd < 0 || listen_all(r, address, port, &e) < 0 ||
        pthread_create(&r->thread, NULL, listen_thread, r) != 0) {
        log_error("no guests can be received: xend-relocation-address '%s' port %s: %s", address,
                  port, e.msg);
        close_listeners(r);
        unref(r);
        return NULL;
    }
    log_info("guests can be received at '%s' port %s", address, port);
    if (hosts_match(r->hosts, ""))
        log_warn("xend-relocation-hosts-allow is empty: who reaches that port can run guests here");
    return r;
}

void relocate_close(struct relocation *r)
{
    const uint64_t one = 1;

    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_mutex_unlock(&r->lock);
    if (write(r->stop_fd, &one, sizeof(one)) == sizeof(one))
        pthread_join(r->thread, NULL);
    close_listeners(r);
    unref(r);
}
