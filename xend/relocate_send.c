/* Connecting to the xend that shall have a guest: see relocate.h. Called by ops_migrate.c. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/sxp.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xend/link.h"
#include "xend/relocate.h"

#define CONNECT_MS 10000 /* for one address */
#define AGAIN_MS 500     /* between questions for the outcome */

const char *const outcome_names[] = {"taken", "refused", "arriving", "unknown"};

void relocate_bound(int fd, int patience_s)
{
    const int on = 1, idle_s = patience_s / 2 + 1, every_s = patience_s / 8 + 1, times = 4;
    const unsigned unacknowledged_ms = (unsigned)patience_s * 1000;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof(unacknowledged_ms));
    link_set_patience(fd, patience_s);
}

/* Until it is connected, refused, late or cancelled. */
static int await_connected(struct task *t, int fd, struct err *e)
{
    struct pollfd p[] = {{fd, POLLOUT, 0}, {t->job.cancel_fd, POLLIN, 0}};
    socklen_t n = sizeof(errno);
    int failed = 0, r = poll(p, 2, CONNECT_MS);

    if (job_check(&t->job, e) < 0)
        return -1;
    if (r == 0)
        return err_set(e, ERR_TIMEOUT, "no answer within %d s", CONNECT_MS / 1000);
    if (r < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &n) < 0)
        return err_sys(e, "connecting");
    errno = failed;
    return failed ? err_sys(e, "connecting") : 0;
}

/* A connected descriptor that blocks, or -1. */
static int connect_to(struct task *t, const struct addrinfo *a, struct err *e)
{
    AUTO(closep) int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r;

    if (fd < 0)
        return err_sys(e, "socket");
    r = connect(fd, a->ai_addr, a->ai_addrlen);
    if (r < 0 && errno != EINPROGRESS)
        return err_sys(e, "connecting");
    if (r < 0 && await_connected(t, fd, e) < 0)
        return -1;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    r = fd;
    fd = -1;
    return r;
}

/* The first of its addresses that answers. */
static int connect_any(struct task *t, const char *host, int port, struct err *e)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char text[8];
    int fd = -1, failed;

    snprintf(text, sizeof(text), "%d", port);
    failed = getaddrinfo(host, text, &hints, &list);
    if (failed)
        return err_set(e, ERR_NOT_FOUND, "%s", gai_strerror(failed));
    for (struct addrinfo *a = list; a && fd < 0 && !atomic_load(&t->job.cancelled); a = a->ai_next)
        fd = connect_to(t, a, e);
    freeaddrinfo(list);
    if (fd < 0 && e->sys == ECONNREFUSED)
        err_hint(e, "Is (xend-relocation-server yes) in xend-config.sxp there, and its address?");
    return fd < 0 && job_check(&t->job, e) < 0 ? -1 : fd;
}

/* What it says instead of being ready: its error, in the original's form, or anything at all. */
static int refused(const char *line, struct err *e)
{
    struct err ignored;
    AUTO(value_freep) struct value *forms = sxp_parse(line, strlen(line), "answer", &ignored);
    const struct value *form = forms ? value_at(forms, 0) : NULL, *text;

    text = form && strcmp(sxp_head(form), "err") == 0 ? sxp_child_value(form, "value") : NULL;
    if (text && value_type(text) == VALUE_STRING)
        return err_set(e, ERR_BACKEND, "%s (from the other side)", value_as_str(text));
    return err_set(e, ERR_INVALID, "'%.40s' is not what a xend says there", line);
}

static int shake_hands(struct task *t, int fd, int patience_s, struct err *e)
{
    char line[LINK_LINE_MAX];
    struct err unsent;
    int sent = link_say(fd, "receive\n", &unsent);

    if (link_hear(t, fd, patience_s, line, e) < 0) { /* why it hung up is worth more */
        if (sent < 0)
            *e = unsent;
        return -1;
    }
    return strcmp(line, RELOCATE_READY) == 0 ? 0 : refused(line, e);
}

int relocate_connect(struct task *t, const char *host, int port, int patience_s, struct err *e)
{
    AUTO(closep) int fd = -1;
    int connected;

    job_step(&t->job, "connecting to the destination");
    fd = connect_any(t, host, port, e);
    if (fd >= 0)
        relocate_bound(fd, patience_s);
    if (fd < 0 || shake_hands(t, fd, patience_s, e) < 0)
        return err_add(e, "%s port %d", host, port);
    connected = fd;
    fd = -1;
    return connected;
}

/* One question. What cannot be asked is not decided. */
static enum outcome ask(struct task *t, const char *host, int port, int patience_s)
{
    AUTO(freep) char *question = xasprintf("outcome %s\n", t->uuid);
    char line[LINK_LINE_MAX];
    struct err e;
    AUTO(closep) int fd = connect_any(t, host, port, &e);

    if (fd >= 0)
        relocate_bound(fd, patience_s);
    if (fd < 0 || link_say(fd, question, &e) < 0 || link_hear(t, fd, patience_s, line, &e) < 0)
        return OUTCOME_ARRIVING;
    for (int o = OUTCOME_TAKEN; o < OUTCOME_UNKNOWN; o++)
        if (strcmp(line, outcome_names[o]) == 0)
            return (enum outcome)o;
    return OUTCOME_UNKNOWN;
}

enum outcome relocate_outcome(struct task *t, const char *host, int port, int patience_s)
{
    int64_t end = now_ms() + (int64_t)patience_s * 1000;
    enum outcome o;

    job_step(&t->job, "asking the destination what became of it");
    while ((o = ask(t, host, port, patience_s)) == OUTCOME_ARRIVING) {
        struct pollfd cancelled = {t->job.cancel_fd, POLLIN, 0};

        if (now_ms() >= end || poll(&cancelled, 1, AGAIN_MS) > 0)
            return OUTCOME_UNKNOWN;
    }
    return o;
}
