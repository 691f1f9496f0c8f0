/*
 * The part of restoring that is not creating (create.c): a QEMU that was started to wait for a
 * guest gets it, block for block, each checked before. Only QEMU, in its sandbox, reads what is in
 * them. After any failure the caller ends that QEMU.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/qemu/saved.h"

#define FD_NAME "restore"
#define END_MS 60000 /* from the last byte to a guest that stands ready */

/* Hands QEMU its end (swallowed) and lets it begin to read. */
static int begin_take(struct qguest *g, int fd, struct err *e)
{
    struct value *args;

    if (qguest_name_fd_take(g, fd, FD_NAME, e) < 0 ||
        migration_set_capability(g, "events", true, e) < 0)
        return -1;
    args = value_map();
    value_set_str(args, "uri", "fd:" FD_NAME);
    return qguest_call_take(g, "migrate-incoming", args, NULL, e);
}

/* QEMU takes it in its own time; ERR_UNAVAILABLE when it has hung up. */
static int give(int to, const char *p, size_t n, struct job *j, struct err *e)
{
    while (n) {
        struct pollfd fds[] = {{.fd = to, .events = POLLOUT},
                               {.fd = j->cancel_fd, .events = POLLIN}};
        ssize_t w;

        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return err_sys(e, "waiting for QEMU");
        if (job_check(j, e) < 0)
            return -1;
        if (!fds[0].revents)
            continue;
        w = send(to, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (w < 0 && errno != EINTR && errno != EAGAIN)
            return err_set(e, ERR_UNAVAILABLE, "QEMU takes no more of it");
        if (w > 0) {
            p += w;
            n -= (size_t)w;
        }
    }
    return 0;
}

static int copy(struct restoring *r, int to, struct err *e)
{
    struct frames *in = &r->in;
    /* of a file all is known; else it is less than its memory, most often */
    uint64_t left = frames_left(in), total = left ? in->bytes + left : r->saved.mem_kib * 1024;

    for (;;) {
        size_t n;

        if (frame_get(in, &n, e) < 0)
            return -1;
        if (n == 0)
            return frames_end(in, e);
        if (give(to, in->data, n, in->job, e) < 0)
            return -1;
        job_progress(in->job, in->bytes, in->bytes > total ? in->bytes : total);
    }
}

/* QEMU's own words are in its log: it ends after what it cannot take. */
static int explain(struct qguest *g, struct err *e)
{
    if (!qguest_wait_end(g, QMP_TIMEOUT_MS))
        return -1;
    return err_set(e, ERR_INVALID, "QEMU cannot take the saved guest: %.600s",
                   g->last_words ? g->last_words : g->end);
}

/* All is with QEMU. It is not there before it has said so. */
static int finish(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *info = NULL;
    const char *status;

    if (migration_await(g, &info, END_MS, e) < 0)
        return e->code == ERR_TIMEOUT ? -1 : explain(g, e);
    status = value_get_str(info, "status", "none");
    if (strcmp(status, "completed") != 0)
        return err_set(e, ERR_BACKEND, "QEMU says of it: %.40s", status);
    if (qguest_refresh(g, e) < 0)
        return -1;
    return qguest_check_lives(g, e) < 0 ? err_add(e, "when it was saved") : 0;
}

int restore_load(struct restoring *r, struct qguest *g, struct err *e)
{
    int ends[2], result;

    if (saved_check_qemu(&r->saved, g, e) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return err_sys(e, "socketpair");
    job_step(r->in.job, "reading its memory");
    fault_point("qemu.restoring");
    result = begin_take(g, ends[1], e);
    fault_point("qemu.restore-begun");
    if (result == 0)
        result = copy(r, ends[0], e);
    close(ends[0]);
    if (result < 0)
        return e->code == ERR_UNAVAILABLE ? explain(g, e) : -1;
    fault_point("qemu.restore-copied");
    if (finish(g, e) < 0)
        return -1;
    fault_point("qemu.restored");
    job_progress(r->in.job, r->in.bytes, r->in.bytes);
    return 0;
}
