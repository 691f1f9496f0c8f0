/* xend's side of a guest's stream: starts the child, hears it, answers, ends it. See stream.h. */
#include "libxl/xen/stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/proc.h"

#define TICK_MS 500
#define STALL_MS 600000 /* without a byte moved: a disk or a network that is gone for good */
#define END_MS 10000    /* from SIGKILL to its end; more when the kernel waits for a disk */
#define ARGS 9

static int spawn(struct stream *s, int child_sock, struct err *e)
{
    char numbers[5][16];
    const char *argv[ARGS] = {"/proc/self/exe", "--xen-helper", s->reads ? "restore" : "save"};
    const unsigned given[] = {s->g->pub.domid, s->reads ? s->g->spec->type != TYPE_PV : s->live,
                              s->reads ? s->built->store_port : 0,
                              s->reads ? s->built->console_port : 0, s->state >= 0};
    const struct proc_fd fds[] = {
        {child_sock, STREAM_SOCK}, {s->fd, STREAM_FD}, {s->state, STREAM_STATE}};
    static const struct proc_limit limits[] = {{RLIMIT_CORE, 0}};
    const struct proc_spec p = {.argv = argv,
                                .fds = fds,
                                .n_fds = ARRAY_LEN(fds),
                                .limits = limits,
                                .n_limits = ARRAY_LEN(limits),
                                .no_oom_favour = true};

    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%u", given[i]);
        argv[3 + i] = numbers[i];
    }
    s->pid = proc_spawn(&p, &s->pidfd, e);
    return s->pid < 0 ? -1 : 0;
}

static int start(struct stream *s, struct err *e)
{
    int pair[2], r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(e, "a socket for its stream");
    s->sock = pair[0];
    r = spawn(s, pair[1], e);
    close(pair[1]);
    if (r < 0)
        close_fd(&s->sock);
    s->sign_ms = now_ms();
    return r;
}

/* How it ended, when it did by itself. */
static int tell_end(struct stream *s, struct err *e)
{
    AUTO(freep) char *how = NULL;
    struct err late;
    int status;

    if (proc_wait(s->pid, s->pidfd, now_ms() + END_MS, &status, &late) == 0) {
        s->pid = 0;
        how = proc_status_text(status);
    }
    return err_set(e, ERR_BACKEND, "the child that %s its memory %s", s->reads ? "reads" : "writes",
                   how ? how : "says no more");
}

/* A child that the kernel cannot end is left behind; it ends when what it waits for comes. */
static void end(struct stream *s)
{
    struct err late;
    int status;

    close_fd(&s->sock);
    if (s->pid) {
        kill(s->pid, SIGKILL);
        if (proc_wait(s->pid, s->pidfd, now_ms() + END_MS, &status, &late) < 0)
            log_warn("%s: the child of its stream, %s", s->g->spec->name, late.msg);
    }
    close_fd(&s->pidfd);
}

int stream_check(struct stream *s, struct err *e)
{
    struct pollfd p = {s->pidfd, POLLIN, 0};

    if (job_check(s->job, e) < 0)
        return -1;
    return poll(&p, 1, 0) > 0 ? tell_end(s, e) : 0;
}

/* libxenguest does not count what it reads; where the file is says it. */
static void look_at_place(struct stream *s)
{
    uint64_t done = atomic_load(&s->job->done);
    off_t at = s->reads ? lseek(s->fd, 0, SEEK_CUR) : -1;
    struct stat st;

    if (at < 0 || (uint64_t)at == done || fstat(s->fd, &st) < 0)
        return;
    job_progress(s->job, (uint64_t)at, (uint64_t)st.st_size);
    s->sign_ms = now_ms();
}

static int answer(struct stream *s, int r, struct err *e)
{
    if (r == 0 && send(s->sock, "y", 1, MSG_NOSIGNAL) < 0)
        return errno == EPIPE || errno == ECONNRESET ? tell_end(s, e) : err_sys(e, "its stream");
    s->sign_ms = now_ms();
    return r;
}

/* Nearly always it is the stream that is cut off, or not one. */
static int failed(const struct stream *s, const struct stream_record *m, struct err *e)
{
    struct xlog log = {.words = ""};

    snprintf(log.words, sizeof(log.words), "%s", m->text);
    errno = (int)m->a;
    err_xen(e, &log);
    e->sys = (int)m->a; /* a connection that ended, perhaps */
    if (s->reads && e->code == ERR_BACKEND)
        e->code = ERR_INVALID;
    return -1;
}

/* 1: it is done. Of what a child says whose bytes are others' nothing is believed but numbers. */
static int take(struct stream *s, const struct stream_record *m, struct err *e)
{
    switch (m->word) {
    case WORD_PROGRESS:
        job_progress(s->job, m->a, m->b);
        return 0;
    case WORD_SAYS:
        log_debug("%s: %s", s->g->spec->name, m->text);
        return 0;
    case WORD_SUSPEND:
        return s->suspend ? answer(s, s->suspend(s->arg, e), e) : answer(s, 0, e);
    case WORD_LOGDIRTY:
        return s->logdirty ? answer(s, s->logdirty(s->arg, m->a, e), e) : answer(s, 0, e);
    case WORD_DONE:
        if (s->reads) {
            s->built->store_mfn = m->a;
            s->built->console_mfn = m->b;
        }
        return 1;
    default:
        return failed(s, m, e);
    }
}

/* What it said before it ended is heard first. */
static int hear(struct stream *s, struct err *e)
{
    struct stream_record m;
    ssize_t n = recv(s->sock, &m, sizeof(m), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return tell_end(s, e);
    if (n != sizeof(m))
        return err_set(e, ERR_BACKEND, "the child of its stream speaks nonsense");
    m.text[sizeof(m.text) - 1] = '\0';
    s->sign_ms = now_ms();
    return take(s, &m, e);
}

static int serve(struct stream *s, struct err *e)
{
    for (;;) {
        struct pollfd p[] = {{s->sock, POLLIN, 0}, {s->job->cancel_fd, POLLIN, 0}};
        int n = poll(p, ARRAY_LEN(p), TICK_MS), r = 0;

        if (job_check(s->job, e) < 0)
            return -1;
        if (n > 0 && p[0].revents)
            r = hear(s, e);
        if (r)
            return r < 0 ? -1 : 0;
        look_at_place(s);
        if (now_ms() - s->sign_ms > STALL_MS)
            return err_set(e, ERR_TIMEOUT, "nothing of its memory was %s for %d minutes",
                           s->reads ? "read" : "written", STALL_MS / 60000);
    }
}

int stream_run(struct stream *s, struct err *e)
{
    int r;

    s->pidfd = s->sock = -1;
    if (start(s, e) < 0)
        return -1;
    r = serve(s, e);
    end(s);
    return r;
}
