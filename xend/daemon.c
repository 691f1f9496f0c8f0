/* xend as a daemon: see daemon.h. Called by main.c. */
#include "xend/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"

#define ANSWER_WAIT_S 30 /* for a xend that has the lock to answer, or to be gone */

/* The lock is on the open file, not the process: it ends with the last descriptor. */
static int open_locked(const char *pid_file, int flags)
{
    int fd = open(pid_file, flags | O_CLOEXEC, 0644);

    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close_fd(&fd);
        errno = EWOULDBLOCK;
    }
    return fd;
}

pid_t daemon_running(const char *pid_file)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(closep) int fd = open_locked(pid_file, O_RDONLY);
    struct err e;

    if (fd >= 0 || errno != EWOULDBLOCK || read_file(pid_file, 64, &text, &e) < 0)
        return 0;
    return (pid_t)atoi(buf_str(&text));
}

/* Whether anybody answers a request on the socket, within so long. */
static bool answers(const char *socket, int timeout_ms)
{
    static const char request[] = "GET /v1 HTTP/1.0\r\nHost: xend\r\n\r\n";
    struct err none;
    AUTO(closep) int fd = unix_connect(socket, &none);
    struct pollfd p = {fd, POLLIN, 0};
    char byte;

    return fd >= 0 && send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0 &&
           poll(&p, 1, timeout_ms) > 0 && read(fd, &byte, 1) == 1;
}

pid_t daemon_await(const char *pid_file, const char *socket, struct err *e)
{
    int64_t deadline = now_ms() + ANSWER_WAIT_S * 1000;
    pid_t pid;

    while ((pid = daemon_running(pid_file))) {
        AUTO(closep) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        struct pollfd gone = {pidfd, POLLIN, 0};

        if (answers(socket, 1000))
            return pid;
        if (now_ms() >= deadline)
            return err_set(e, ERR_TIMEOUT, "xend (pid %d) runs but does not answer on %s", (int)pid,
                           socket);
        poll(&gone, 1, 50);
    }
    return 0;
}

int daemon_lock(const char *pid_file, struct err *e)
{
    AUTO(closep) int fd = open_locked(pid_file, O_RDWR | O_CREAT);
    char text[24];
    int n, taken;

    if (fd < 0 && errno == EWOULDBLOCK)
        return err_set(e, ERR_BUSY, "xend is already running (pid %d, %s)",
                       (int)daemon_running(pid_file), pid_file);
    if (fd < 0)
        return err_sys(e, "pid file %s", pid_file);
    n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
        return err_sys(e, "pid file %s", pid_file);
    taken = fd;
    fd = -1;
    return taken;
}

/* In the parent: prints what the child reports; its exit status. */
static int await_child(int fd)
{
    AUTO(buf_clear) struct buf said = BUF_INIT;
    struct err e;

    if (read_all(fd, 8192, &said, &e) < 0 || said.len == 0) {
        fprintf(stderr, "Error: xend ended before it was ready; its log tells more\n");
        return 1;
    }
    if (strcmp(said.ptr, "ready\n") == 0)
        return 0;
    fprintf(stderr, "Error: %s", said.ptr);
    return 1;
}

int daemon_fork(int *ready_fd, struct err *e)
{
    int fds[2], null;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_sys(e, "going to the background");
    fflush(NULL);
    pid = fork();
    if (pid < 0)
        return err_sys(e, "going to the background");
    if (pid > 0) {
        int status;
        close(fds[1]);
        status = await_child(fds[0]);
        close(fds[0]);
        return status + 1;
    }
    close(fds[0]);
    setsid();
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        close(null);
    }
    *ready_fd = fds[1];
    return 0;
}

void daemon_report(int ready_fd, const struct err *failed)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err ignored;
    int null;

    if (failed) {
        buf_addf(&b, "%s\n%s%s", failed->msg, failed->hint, failed->hint[0] ? "\n" : "");
    } else {
        buf_adds(&b, "ready\n");
        null = open("/dev/null", O_RDWR | O_CLOEXEC); /* from here on the log is the place */
        if (null >= 0) {
            dup2(null, STDERR_FILENO);
            close(null);
        }
    }
    if (write_all(ready_fd, b.ptr, b.len, &ignored) < 0)
        return; /* the parent is gone: nobody to tell */
    close(ready_fd);
}

int daemon_stop(const char *pid_file, int timeout_s, struct err *e)
{
    pid_t pid = daemon_running(pid_file);
    AUTO(closep) int pidfd = -1;
    struct pollfd p;

    if (!pid)
        return 0;
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0 && errno == ESRCH)
        return 0;
    if (pidfd < 0 || daemon_running(pid_file) != pid ||
        syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0) < 0)
        return errno == ESRCH ? 0 : err_sys(e, "stopping xend (pid %d)", (int)pid);
    p = (struct pollfd){.fd = pidfd, .events = POLLIN};
    if (poll(&p, 1, timeout_s * 1000) <= 0)
        return err_set(e, ERR_TIMEOUT, "xend (pid %d) has not ended after %d s", (int)pid,
                       timeout_s);
    return 0;
}
