/* The stream of a job: see link.h. */
#include "xend/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xend/server.h"

struct link {
    int ready_fd;   /* an eventfd: the stream is here */
    _Atomic int fd; /* set by an HTTP thread, read by the job's */
    void *handle;   /* of the upgraded connection; NULL: none yet */
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
    if (l->handle)
        server_end_upgrade(l->handle);
    close_fd(&l->ready_fd);
    free(l);
}

int link_attach(struct task *t, int fd, void *handle, struct err *e)
{
    const uint64_t one = 1;

    if (!t || !t->link || task_ended(t) || t->link->handle)
        return err_set(e, ERR_STATE, "the job waits for no stream");
    if (t->link->ready_fd < 0)
        return err_set(e, ERR_NO_RESOURCE, "no descriptor is left");
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    atomic_store(&t->link->fd, fd);
    t->link->handle = handle;
    if (write(t->link->ready_fd, &one, sizeof(one)) < 0)
        abort(); /* an eventfd takes 2^64 - 2 of these */
    return 0;
}

/* Until fd can be read; cancelled and late are errors. */
static int await(struct task *t, int fd, int timeout_s, const char *what, struct err *e)
{
    struct pollfd p[] = {{fd, POLLIN, 0}, {t->job.cancel_fd, POLLIN, 0}};
    int r = poll(p, 2, timeout_s * 1000);

    if (job_check(&t->job, e) < 0)
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

int link_say(int fd, const char *text, struct err *e)
{
    return write_all(fd, text, strlen(text), e) < 0 ? err_add(e, "the other side") : 0;
}

int link_hear(struct task *t, int fd, int timeout_s, char line[LINK_LINE_MAX], struct err *e)
{
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
            line[n] = '\0';
            return 0;
        }
        n += r > 0;
        if (n == LINK_LINE_MAX)
            return err_set(e, ERR_INVALID, "the other side does not speak as a xend does");
    }
}
