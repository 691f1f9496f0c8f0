/*
 * QEMU processes: finding the program and the user they run as, and ending those that are
 * provably ours. Starting is create.c's (through base/proc).
 */
#include "libxl/dm/dm.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/proc.h"

#define USER_DEFAULT "xend-qemu"
#define CMDLINE_BYTES_MAX (256 * 1024) /* ours are about 3 KiB */
#define TERM_WAIT_MS 2000
#define KILL_WAIT_MS 5000
#define OURS_MAX 8 /* a QEMU and a swtpm; some on their way out */

char *program_find(const char *name)
{
    static const char *const dirs[] = {"/usr/local/bin", "/usr/bin", "/usr/libexec", "/bin"};

    if (name[0] == '/')
        return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        AUTO(freep) char *path = path_join(dirs[i], name);
        if (access(path, X_OK) == 0)
            return steal(path);
    }
    return NULL;
}

/* root is refused: QEMU as root is what this is to prevent. */
static bool find_user(const char *name, struct ids *ids)
{
    struct passwd pw, *found = NULL;
    char text[4096];

    if (getpwnam_r(name, &pw, text, sizeof(text), &found) != 0 || !found || pw.pw_uid == 0)
        return false;
    ids->uid = pw.pw_uid;
    ids->gid = pw.pw_gid;
    return true;
}

void ids_find(struct ids *ids, const struct value *config)
{
    const char *user = value_get_str(config, "qemu-user", USER_DEFAULT);
    struct stat st;

    memset(ids, 0, sizeof(*ids));
    if (geteuid() != 0)
        return;
    ids->set = true;
    if (!find_user(user, ids)) {
        if (!find_user("nobody", ids))
            ids->uid = ids->gid = 65534;
        log_warn("qemu: there is no user %s: QEMU runs as nobody (make install creates the user)",
                 user);
    }
    /* the group that may use KVM, whatever its name; root's own group is not given away */
    if (stat("/dev/kvm", &st) == 0 && st.st_gid != 0 && (st.st_mode & 0060) == 0060) {
        ids->kvm_group = true;
        ids->kvm_gid = st.st_gid;
    }
}

void process_signal(int pidfd, int signal)
{
    if (pidfd >= 0)
        syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

bool process_await_end(int pidfd, int timeout_ms)
{
    int64_t deadline = now_ms() + timeout_ms;

    for (;;) {
        struct pollfd p = {.fd = pidfd, .events = POLLIN};
        int64_t left = deadline - now_ms();
        int r = poll(&p, 1, left > 0 ? (int)left : 0);

        if (r > 0)
            return true;
        if (r == 0)
            return false;
    }
}

int process_open(pid_t pid, uint64_t start)
{
    int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

    /*
     * Looked at after opening: now it can be no other process with the same number. One that has
     * ended and that nobody reaps (process 1 of a container may not) is no process.
     */
    if (pidfd >= 0 && ((start && proc_start_time(pid) != start) || process_await_end(pidfd, 0))) {
        close(pidfd);
        return -1;
    }
    return pidfd;
}

/* True when one argument of the process is about `uuid` and another about `nonce`. */
static bool cmdline_has(const char *pid, const char *uuid, const char *nonce)
{
    AUTO(freep) char *path = xasprintf("/proc/%s/cmdline", pid);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e;

    if (read_file(path, CMDLINE_BYTES_MAX, &b, &e) < 0 || !b.len)
        return false;
    return memmem(b.ptr, b.len, uuid, strlen(uuid)) && memmem(b.ptr, b.len, nonce, strlen(nonce));
}

pid_t process_find(const char *uuid, const char *nonce)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;

    while (dir && !found && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]) && cmdline_has(entry->d_name, uuid, nonce))
            found = (pid_t)atoi(entry->d_name);
    if (dir)
        closedir(dir);
    return found == getpid() ? 0 : found;
}

void processes_end(const char *uuid, const char *nonce)
{
    for (int tries = 0; tries < OURS_MAX; tries++) {
        pid_t pid = process_find(uuid, nonce);
        AUTO(closep) int pidfd = pid ? process_open(pid, proc_start_time(pid)) : -1;

        if (pidfd < 0)
            return;
        if (process_find(uuid, nonce) == pid) /* once more, now that it can be no other */
            process_end(pidfd);
    }
}

void process_end(int pidfd)
{
    siginfo_t info;

    process_signal(pidfd, SIGTERM);
    if (!process_await_end(pidfd, TERM_WAIT_MS)) {
        process_signal(pidfd, SIGKILL);
        process_await_end(pidfd, KILL_WAIT_MS);
    }
    /* reaps it when it is a child of ours */
    waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
}
