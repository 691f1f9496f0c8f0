/*
 * The connection to xenstored, which may go away and come back, or stand still. A handle that has
 * broken stays so: the next change gets a new one. The old one is kept until the driver closes, for
 * another thread may be in it. No request waits for longer than XS_PATIENCE_S: what a guest is
 * asked for fails then, and with it the change. Called by all that speak to xenstored.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "libxl/base/log.h"
#include "libxl/xen/xen.h"

/*
 * libxenstore waits for ever, and does not tell its socket: it is the first thing in a handle. What
 * is there is made sure of before it is used.
 */
static int socket_of(const struct xs_handle *xs)
{
    struct sockaddr_un peer = {0};
    socklen_t n = sizeof(peer);
    int fd;

    memcpy(&fd, xs, sizeof(fd));
    if (getpeername(fd, (struct sockaddr *)&peer, &n) < 0 || peer.sun_family != AF_UNIX ||
        strcmp(peer.sun_path, xs_daemon_socket()) != 0)
        return -1;
    return fd;
}

static void limit(int fd, int seconds)
{
    struct timeval t = {.tv_sec = seconds};

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)) < 0)
        log_warn("xenstore: requests have no time limit");
}

int err_xenstore(struct err *e, const char *what)
{
    const char *colon = *what ? ": " : "";

    switch (errno) {
    case EAGAIN:
        err_set(e, ERR_UNAVAILABLE, "xenstore%s%s: xenstored does not answer", colon, what);
        break;
    case EBADF:
    case EPIPE:
    case EIO:
    case ECONNRESET:
        err_set(e, ERR_UNAVAILABLE, "xenstore%s%s: xenstored has gone", colon, what);
        break;
    case ENOENT:
    case ECONNREFUSED:
        err_set(e, ERR_UNAVAILABLE, "xenstore%s%s: xenstored is not there", colon, what);
        break;
    default:
        return err_sys(e, "xenstore%s%s", colon, what);
    }
    return err_hint(e, "Is xenstored running? (/etc/init.d/xen start)");
}

/* One request, whose answer is of no interest. */
static bool answers(struct xs_handle *xs)
{
    unsigned n;
    char *domid;

    errno = 0;
    domid = xs_read(xs, XBT_NULL, "domid", &n);
    free(domid);
    return domid || errno == ENOENT;
}

/*
 * By its socket only. libxenstore opens the device of the kernel when nobody listens there, and
 * every request on that waits for ever.
 */
static struct xs_handle *open_answering(int seconds, struct err *e)
{
    struct xs_handle *xs = xs_open(0);
    int sys = xs ? ECONNREFUSED : errno;

    if (xs && socket_of(xs) >= 0) {
        limit(socket_of(xs), seconds);
        if (answers(xs))
            return xs;
        sys = errno;
    }
    xs_close(xs);
    errno = sys;
    err_xenstore(e, "");
    return NULL;
}

struct xs_handle *xs_open_events(int seconds, struct err *e)
{
    struct xs_handle *xs = open_answering(seconds, e);

    if (xs)
        limit(socket_of(xs), 0);
    return xs;
}

int xs_connect(struct xen *d, struct err *e)
{
    struct xs_handle *xs = open_answering(XS_PATIENCE_S, e);

    if (!xs)
        return -1;
    pthread_mutex_lock(&d->lock);
    if (d->xs)
        vec_push(&d->old_xs, d->xs);
    d->xs = xs;
    pthread_mutex_unlock(&d->lock);
    return 0;
}

void xs_disconnect(struct xen *d)
{
    for (size_t i = 0; i < d->old_xs.len; i++)
        xs_close(d->old_xs.ptr[i]);
    vec_clear(&d->old_xs);
    xs_close(d->xs);
}

int xs_check(struct xen *d, struct err *e)
{
    if (answers(d->xs))
        return 0;
    if (errno == EAGAIN)
        return err_xenstore(e, "");
    if (xs_connect(d, e) < 0)
        return -1;
    log_info("xenstore: connected again");
    return 0;
}
