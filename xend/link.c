/* The stream of a job: see link.h. */
#include "xend/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/base/utf8.h"

#define END_MS 1000 /* for last words to get there */

struct link {
    int ready_fd;               /* an eventfd: the stream is here */
    _Atomic int fd;             /* set by another thread, read by the job's */
    void (*release)(void *arg); /* NULL: none yet */
    void *arg;
};

struct link *link_new(void)
{
    struct link *l = xcalloc(1, sizeof(*l));

    l->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_init(&l->fd, -1);
    return l;
}

void link_free(struct link *l)
{
    if (!l)
        return;
    if (l->release)
        l->release(l->arg);
    close_fd(&l->ready_fd);
    free(l);
}

int link_attach(struct task *t, int fd, void (*release)(void *arg), void *arg, struct err *e)
{
    const uint64_t one = 1;

    if (!t || !t->link || task_ended(t) || t->link->release)
        return err_set(e, ERR_STATE, "the job waits for no stream");
    if (t->link->ready_fd < 0)
        return err_set(e, ERR_NO_RESOURCE, "no descriptor is left");
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    atomic_store(&t->link->fd, fd);
    t->link->release = release;
    t->link->arg = arg;
    if (write(t->link->ready_fd, &one, sizeof(one)) < 0)
        abort(); /* an eventfd takes 2^64 - 2 of these */
    return 0;
}

/* Until fd can be read; cancelled and late are errors. */
static int await(struct task *t, int fd, int timeout_s, const char *what, struct err *e)
{
    struct pollfd p[] = {{fd, POLLIN, 0}, {t ? t->job.cancel_fd : -1, POLLIN, 0}};
    int r = poll(p, 2, timeout_s * 1000);

    if (t && job_check(&t->job, e) < 0)
        return -1;
    if (r < 0 && errno != EINTR)
        return err_sys(e, "poll");
    return r > 0 ? 0 : err_set(e, ERR_TIMEOUT, "%s: nothing came within %d s", what, timeout_s);
}

int link_wait(struct task *t, int timeout_s, struct err *e)
{
    if (t->link->ready_fd < 0)
        return err_set(e, ERR_NO_RESOURCE, "no descriptor is left for its stream");
    return await(t, t->link->ready_fd, timeout_s, "its stream", e) < 0 ? -1
                                                                       : atomic_load(&t->link->fd);
}

void link_set_patience(int fd, int seconds)
{
    const struct timeval t = {.tv_sec = seconds};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

int link_say(int fd, const char *text, struct err *e)
{
    return write_all(fd, text, strlen(text), e) < 0 ? err_add(e, "the other side") : 0;
}

/* For people, who read it in an error: in place, and not longer. */
static void clean(char *line, size_t n)
{
    bool text = utf8_is_valid(line, n);

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)line[i];

        if (c < ' ' || c == 0x7f || (c >= 0x80 && !text))
            line[i] = '?';
    }
}

int link_hear(struct task *t, int fd, int timeout_s, char line[LINK_LINE_MAX], struct err *e)
{
    int64_t end = now_ms() + (int64_t)timeout_s * 1000;
    size_t n = 0;

    for (;;) {
        ssize_t r;

        if (await(t, fd, timeout_s, "the other side", e) < 0)
            return -1;
        r = read(fd, line + n, 1); /* no more: what follows a line may be a guest */
        if (r == 0)
            return err_set(e, ERR_UNAVAILABLE, "the other side has closed the connection");
        if (r < 0 && errno != EINTR)
            return err_sys(e, "the other side");
        if (r > 0 && line[n] == '\n') {
            n -= n && line[n - 1] == '\r';
            line[n] = '\0';
            clean(line, n);
            return 0;
        }
        n += r > 0;
        if (n == LINK_LINE_MAX || now_ms() > end)
            return err_set(e, ERR_INVALID, "the other side does not speak as a xend does");
    }
}

void link_end(int fd)
{
    int64_t end = now_ms() + END_MS, left;
    char dropped[4096];

    shutdown(fd, SHUT_WR);
    while ((left = end - now_ms()) > 0) {
        struct pollfd p = {fd, POLLIN, 0};

        if (poll(&p, 1, (int)left) <= 0 || recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT) <= 0)
            break;
    }
}
