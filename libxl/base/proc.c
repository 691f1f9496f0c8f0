/* Child processes: see proc.h. */
#include "libxl/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"

#define OUTPUT_KEPT_MAX (64 * 1024) /* a script's words, not its data */
#define CHILD_FD_BASE 256           /* where descriptors wait until their numbers are free */
#define CAPTURE_FDS_MAX 4           /* beside its output */
#define CHILD_FDS_MAX 200           /* below that base; a guest with all its disks needs 80 */

static const char *const default_env[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};

/*
 * In the child: a copy of a descriptor (-1: /dev/null) out of the way of the numbers below
 * CHILD_FD_BASE. It may land anywhere above: a busy xend has more descriptors open than that.
 */
static int move_up(int from)
{
    if (from < 0)
        from = open("/dev/null", O_RDWR);
    return from < 0 ? -1 : fcntl(from, F_DUPFD, CHILD_FD_BASE);
}

static bool is_listed(const struct proc_spec *p, int to)
{
    for (size_t j = 0; j < p->n_fds; j++)
        if (p->fds[j].to == to)
            return true;
    return false;
}

/* In the child: moves the listed descriptors to their numbers and closes all others. */
static int child_fds(const struct proc_spec *p, int report)
{
    int null = move_up(-1), moved[CHILD_FDS_MAX];

    if (null < 0)
        return -1;
    for (size_t j = 0; j < p->n_fds; j++)
        if ((moved[j] = move_up(p->fds[j].from)) < 0)
            return -1;
    for (int i = 0; i < 3; i++)
        if (!is_listed(p, i) && dup2(null, i) < 0)
            return -1;
    for (size_t j = 0; j < p->n_fds; j++)
        if (dup2(moved[j], p->fds[j].to) < 0)
            return -1;
    /* everything else: close on exec, so that `report` still tells of a failing exec */
    if (syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) < 0)
        return -1;
    for (size_t j = 0; j < p->n_fds; j++)
        if (p->fds[j].to > 2 && fcntl(p->fds[j].to, F_SETFD, 0) < 0)
            return -1;
    return fcntl(report, F_SETFD, FD_CLOEXEC);
}

/* In the child. A limit above what we have ourselves is that. */
static int child_limits(const struct proc_spec *p)
{
    for (size_t j = 0; j < p->n_limits; j++) {
        struct rlimit r;

        if (getrlimit((unsigned)p->limits[j].resource, &r) < 0)
            return -1;
        if (r.rlim_max > p->limits[j].value)
            r.rlim_max = p->limits[j].value;
        r.rlim_cur = r.rlim_max;
        if (setrlimit((unsigned)p->limits[j].resource, &r) < 0)
            return -1;
    }
    return 0;
}

/* In the child: back to 0 when the system spares us (a negative number); a failure is no harm. */
static void child_oom(void)
{
    int fd = open("/proc/self/oom_score_adj", O_RDWR);
    char sign = '0';

    if (fd < 0)
        return;
    if (read(fd, &sign, 1) == 1 && sign == '-' && pwrite(fd, "0", 1, 0) < 0)
        sign = '0';
    close(fd);
}

/* In the child, after fork of a threaded process: async-signal-safe calls only. */
static void child_run(const struct proc_spec *p, int report)
{
    const char *const *env = p->env ? p->env : default_env;
    sigset_t none;
    int saved;

    for (int s = 1; s < 32; s++)
        signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (p->new_session ? setsid() < 0 : setpgid(0, 0) < 0)
        goto failed;
    if (p->no_oom_favour)
        child_oom();
    if (child_fds(p, report) < 0 || child_limits(p) < 0)
        goto failed;
    if (p->set_ids && (setgroups(p->n_groups, p->groups) < 0 || setresgid(p->gid, p->gid, p->gid) ||
                       setresuid(p->uid, p->uid, p->uid) < 0))
        goto failed;
    if (p->set_ids && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        goto failed;
    execvpe(p->argv[0], (char *const *)p->argv, (char *const *)env);
failed:
    saved = errno;
    if (write(report, &saved, sizeof(saved)) < 0)
        _exit(126);
    _exit(127);
}

pid_t proc_spawn(const struct proc_spec *p, int *pidfd, struct err *e)
{
    int report[2], failed = 0;
    pid_t pid;
    ssize_t r;

    if (p->n_fds > CHILD_FDS_MAX)
        return err_set(e, ERR_TOO_LARGE, "%s: more than %d descriptors", p->argv[0], CHILD_FDS_MAX);
    if (pipe2(report, O_CLOEXEC) < 0)
        return err_sys(e, "%s", p->argv[0]);
    /* out of the way of the numbers that the child's descriptors will take */
    int high = fcntl(report[1], F_DUPFD_CLOEXEC, CHILD_FD_BASE);
    if (high < 0) {
        err_sys(e, "%s", p->argv[0]);
        close(report[0]);
        close(report[1]);
        return -1;
    }
    close(report[1]);
    pid = fork();
    if (pid == 0)
        child_run(p, high);
    if (pid < 0)
        err_sys(e, "fork for %s", p->argv[0]);
    close(high);
    if (pid < 0) {
        close(report[0]);
        return -1;
    }
    do
        r = read(report[0], &failed, sizeof(failed));
    while (r < 0 && errno == EINTR);
    close(report[0]);
    if (r == sizeof(failed)) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        errno = failed;
        return err_sys(e, "%s", p->argv[0]);
    }
    if (pidfd) {
        *pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (*pidfd < 0) {
            err_sys(e, "%s: pidfd_open", p->argv[0]);
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            return -1;
        }
    }
    return pid;
}

/* Polls one descriptor; 1 ready, 0 at the deadline. */
static int wait_readable(int fd, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        int64_t left = deadline_ms < 0 ? -1 : deadline_ms - now_ms();
        int r;

        if (deadline_ms >= 0 && left < 0)
            left = 0;
        r = poll(&pfd, 1, (int)left);
        if (r > 0)
            return 1;
        if (r == 0 || errno != EINTR)
            return 0;
    }
}

int proc_wait(pid_t pid, int pidfd, int64_t deadline_ms, int *status, struct err *e)
{
    pid_t r;

    if (!wait_readable(pidfd, deadline_ms))
        return err_set(e, ERR_TIMEOUT, "process %d still runs", (int)pid);
    do
        r = waitpid(pid, status, 0);
    while (r < 0 && errno == EINTR);
    return r < 0 ? err_sys(e, "waitpid %d", (int)pid) : 0;
}

/* Reads once what the child says; false at the end of it, or when there is nothing now. */
static bool read_output(int fd, struct buf *out)
{
    char chunk[4096];
    size_t room = out->len < OUTPUT_KEPT_MAX ? OUTPUT_KEPT_MAX - out->len : 0;
    ssize_t r;

    do
        r = read(fd, chunk, sizeof(chunk));
    while (r < 0 && errno == EINTR);
    if (r > 0)
        buf_add(out, chunk, (size_t)r < room ? (size_t)r : room);
    return r > 0;
}

enum capture { ENDED, LATE, STOPPED };

/*
 * Reads what the child says until it ends, the deadline, or there is something in stop_fd. Others
 * may hold its output open for longer: they are not waited for.
 */
static enum capture collect_output(int fd, int pidfd, int stop_fd, int64_t deadline_ms,
                                   struct buf *out)
{
    struct pollfd pfd[] = {{.fd = pidfd, .events = POLLIN},
                           {.fd = fd, .events = POLLIN},
                           {.fd = stop_fd > 0 ? stop_fd : -1, .events = POLLIN}};

    for (;;) {
        int64_t left = deadline_ms - now_ms();
        int r = poll(pfd, ARRAY_LEN(pfd), left > 0 ? (int)left : 0);

        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return LATE;
        if (pfd[1].revents && !read_output(fd, out))
            pfd[1].fd = -1; /* closed */
        if (pfd[0].revents)
            break;
        if (pfd[2].revents)
            return STOPPED;
        if (left <= 0)
            return LATE;
    }
    while (out->len < OUTPUT_KEPT_MAX && read_output(fd, out))
        ;
    return ENDED;
}

int proc_capture(const struct proc_spec *p, int timeout_ms, struct buf *out, int *status,
                 struct err *e)
{
    int64_t deadline = now_ms() + timeout_ms;
    AUTO(closep) int pidfd = -1;
    int pipe_fds[2];
    pid_t pid;
    enum capture how;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0 || fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK) < 0)
        return err_sys(e, "%s", p->argv[0]);
    struct proc_fd fds[2 + CAPTURE_FDS_MAX] = {{pipe_fds[1], 1}, {pipe_fds[1], 2}};
    struct proc_spec spec = *p;
    spec.fds = fds;
    for (spec.n_fds = 2; spec.n_fds < 2 + p->n_fds && spec.n_fds < ARRAY_LEN(fds); spec.n_fds++)
        fds[spec.n_fds] = p->fds[spec.n_fds - 2];
    pid = proc_spawn(&spec, &pidfd, e);
    close(pipe_fds[1]);
    if (pid < 0) {
        close(pipe_fds[0]);
        return -1;
    }
    how = collect_output(pipe_fds[0], pidfd, p->stop_fd, deadline, out);
    close(pipe_fds[0]);
    if (how != ENDED)
        kill(-pid, SIGKILL);
    if (proc_wait(pid, pidfd, -1, status, e) < 0)
        return -1;
    if (how == ENDED)
        return 0;
    if (how == STOPPED)
        return err_set(e, ERR_CANCELLED, "cancelled");
    return err_set(e, ERR_TIMEOUT, "%s: no end after %d ms, killed", p->argv[0], timeout_ms);
}

int proc_run(const char *const *argv, int timeout_ms, struct buf *out, int *status, struct err *e)
{
    const struct proc_spec spec = {.argv = argv};

    return proc_capture(&spec, timeout_ms, out, status, e);
}

char *proc_status_text(int status)
{
    if (WIFSIGNALED(status))
        return xasprintf("was killed by signal %d (%s)", WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
    return xasprintf("exited with status %d", WEXITSTATUS(status));
}

uint64_t proc_start_time(pid_t pid)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    char path[64];
    unsigned long long start;
    struct err e;
    const char *at;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (read_file(path, 4096, &b, &e) < 0)
        return 0;
    at = strrchr(buf_str(&b), ')'); /* the name may hold anything, spaces and brackets too */
    if (!at || sscanf(at + 1,
                      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
                      "%*d %*d %*d %llu",
                      &start) != 1)
        return 0;
    return start;
}
