/*
 * A device model's process: known by pid and start time, noted in the guest's state file, ended
 * before its domain is. Its death is a HVM guest's: nobody answers what the guest asks its devices.
 * A PV guest goes on without a screen.
 * Starting is dm_start.c's. Called by create.c, life.c, scan.c and watch.c.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/proc.h"
#include "libxl/xen/dm.h"

#define DM_TRIM_MS 4000       /* how often logs are looked at: a QEMU writes as fast as it can, */
#define CONSOLE_TRIM_MS 10000 /* xenconsoled some hundred KB a second at most */

char *dm_dir(const struct xguest *g)
{
    return path_join(g->d->dir, g->pub.uuid);
}

char *dm_log(const struct xguest *g)
{
    return xasprintf("%s/qemu-dm-%s.log", g->d->log_dir, g->console_name);
}

char *dm_console_log(const struct xguest *g)
{
    return xasprintf("%s/console/serial-%s.log", g->d->log_dir, g->console_name);
}

void dm_watch(struct xguest *g)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = g->dm.pidfd};

    if (epoll_ctl(g->d->dm_epoll, EPOLL_CTL_ADD, g->dm.pidfd, &ev) < 0)
        log_error("%s: its QEMU is not watched: %s", g->spec->name, strerror(errno));
}

/* The descriptor may be closed by one thread only, while the other one looks. */
static int take_pidfd(struct xguest *g)
{
    int pidfd;

    pthread_mutex_lock(&g->d->lock);
    pidfd = g->dm.pidfd;
    g->dm.pidfd = -1;
    pthread_mutex_unlock(&g->d->lock);
    if (pidfd >= 0)
        epoll_ctl(g->d->dm_epoll, EPOLL_CTL_DEL, pidfd, NULL);
    return pidfd;
}

void dm_forget(struct xguest *g)
{
    int pidfd = take_pidfd(g);

    close_fd(&pidfd);
}

/* An xend that died between its start and the note of it has left a process that bears our nonce.
 */
static int find_lost(const struct xguest *g)
{
    pid_t pid = process_find(g->pub.uuid, g->nonce);
    int pidfd = pid ? process_open(pid, 0) : -1;

    if (pidfd >= 0 && process_find(g->pub.uuid, g->nonce) != pid)
        close_fd(&pidfd);
    return pidfd;
}

static void remove_files(const struct xguest *g)
{
    static const char *const names[] = {"qmp.sock", "console.sock"};
    AUTO(freep) char *dir = dm_dir(g);
    AUTO(freep) char *root = path_join(dir, DM_ROOT);

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO(freep) char *path = path_join(dir, names[i]);
        unlink(path);
    }
    rmdir(root);
    rmdir(dir);
}

void dm_end(struct xguest *g)
{
    int pidfd = take_pidfd(g);

    if (pidfd < 0 && g->dm.pid)
        pidfd = process_open(g->dm.pid, g->dm.start);
    if (pidfd < 0 && !g->dm.pid)
        pidfd = find_lost(g);
    fault_point("xen.dm-ending");
    if (pidfd >= 0)
        process_end(pidfd);
    close_fd(&pidfd);
    if (dm_is_machine(g))
        dm_unplug_taps(g);
    remove_files(g);
    fault_point("xen.dm-ended");
}

void dm_adopt(struct xguest *g)
{
    if (!dm_has(g))
        return;
    g->dm.pidfd = process_open(g->dm.pid, g->dm.start);
    if (g->dm.pidfd >= 0) {
        dm_watch(g);
        vnc_secret_find(g->spec, g->dm.pid);
        return;
    }
    log_warn("%s: its QEMU is gone%s", g->spec->name,
             dm_is_machine(g) ? "" : ", and its screen with it");
    g->dm.dead = true;
}

/* With the lock. */
static void tell_no_screen(struct xguest *g)
{
    struct xchange c = {.domid = g->pub.domid, .state = g->state, .no_screen = true};

    memcpy(c.uuid, g->pub.uuid, sizeof(c.uuid));
    vec_push(&g->d->changes, c);
    watch_wake(g->d);
}

/* With the lock. Xen holds a virtual CPU that waits for QEMU; stopped for good it does not wait. */
static void note_death(struct xguest *g, const char *how)
{
    AUTO(freep) char *log = dm_log(g);
    AUTO(freep) char *words = logfile_last_words(log);
    AUTO(freep)
    char *why = xasprintf("its QEMU %s%s%s", how, words ? ": " : "", words ? words : "");

    g->dm.dead = true;
    log_error("%s: %s%s", g->spec->name, why,
              dm_is_machine(g) ? "" : "; its screen is gone, it runs on");
    if (!dm_is_machine(g)) {
        tell_no_screen(g);
        return;
    }
    g->why = steal(why);
    xc_domain_shutdown(g->d->xch, g->pub.domid, SHUTDOWN_crash);
    xguest_become(g, GUEST_CRASHED, STOP_CRASH);
}

/* Reaps it if it is a child of ours; the caller frees. */
static char *reap(int pidfd)
{
    siginfo_t info = {0};

    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return xstrdup("ended");
    if (info.si_code == CLD_EXITED)
        return xasprintf("exited with status %d", info.si_status);
    return xasprintf("was killed by signal %d (%s)", info.si_status, strsignal(info.si_status));
}

void dm_died(struct xen *d)
{
    struct epoll_event ev;

    if (epoll_wait(d->dm_epoll, &ev, 1, 0) != 1)
        return;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.len; i++) {
        struct xguest *g = d->guests.ptr[i];
        AUTO(freep) char *how = NULL;

        if (g->dm.pidfd != ev.data.fd)
            continue;
        epoll_ctl(d->dm_epoll, EPOLL_CTL_DEL, g->dm.pidfd, NULL);
        if (g->destroying) /* who ends it reaps it */
            continue;
        how = reap(g->dm.pidfd);
        close_fd(&g->dm.pidfd);
        note_death(g, how);
    }
    pthread_mutex_unlock(&d->lock);
}

/* xenconsoled writes what it hears and never looks how much that is; so nobody else does. */
static int trim(const struct xguest *g)
{
    AUTO(freep) char *log = NULL, *console_log = NULL;

    if (g->pub.foreign)
        return -1;
    console_log = console_log_path(g);
    logfile_trim(console_log);
    if (!dm_has(g))
        return CONSOLE_TRIM_MS;
    log = dm_log(g);
    logfile_trim(log);
    return DM_TRIM_MS;
}

int dm_trim(struct xen *d)
{
    int next = -1;

    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.len; i++) {
        int ms = trim(d->guests.ptr[i]);

        if (ms >= 0 && (next < 0 || ms < next))
            next = ms;
    }
    pthread_mutex_unlock(&d->lock);
    return next;
}
