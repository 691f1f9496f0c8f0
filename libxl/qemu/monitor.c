/*
 * The driver's own thread: reads every QMP connection (what it says is for events.c), notices and
 * reaps processes that end, keeps logs bounded. One epoll set; guests come and go under the lock
 * while it runs, so it finds them by number, never by pointer.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

#define EVENTS_PER_TURN 64
#define DRAIN_TURNS 8 /* of 64 KiB: twice what a socket buffers */
/* Only while there are guests. A serial port says 1 MB/s under TCG, a QEMU's stderr has been
 * brought to 8: some 40 MB until the first cut is what a flood can have. */
#define CHORES_EVERY_MS 4000
#define FLOOD_EVERY_MS 250 /* while a log grows over its bound again and again */

enum source { FROM_PROCESS, FROM_QMP };
#define WAKE_KEY 0

/* Guests are named by number: one that is freed meanwhile is just not found. */
static int epoll_put(struct qemu *d, int fd, uint64_t key, enum source source, struct err *e)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = key << 1 | source};

    return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? err_sys(e, "epoll") : 0;
}

/* Under the lock: no more QMP from g. */
static void talk_end(struct qguest *g)
{
    if (!g->talks)
        return;
    epoll_ctl(g->d->epoll_fd, EPOLL_CTL_DEL, qmp_fd(g->qmp), NULL);
    g->talks = false;
}

void monitor_hang_up(struct qguest *g)
{
    pthread_mutex_lock(&g->d->lock);
    talk_end(g);
    pthread_mutex_unlock(&g->d->lock);
}

/* Under the lock: what xend should hear of a connection that ended by nonsense. */
static void tell_broken(struct qguest *g)
{
    const char *broken = g->qmp ? qmp_broken(g->qmp) : NULL;
    AUTO(freep) char *text = broken ? xasprintf("its QEMU talks nonsense: %s", broken) : NULL;

    if (broken && g->announced && !g->destroying)
        change_add(g, g->state, text);
}

static void read_qmp(struct qguest *g)
{
    if (!g->talks || qmp_pump(g->qmp))
        return;
    talk_end(g);
    tell_broken(g);
}

/* Reaps g's process if it is a child of ours; how it ended. */
static char *reap(struct qguest *g)
{
    siginfo_t info = {0};

    if (waitid(P_PIDFD, (id_t)g->pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return xstrdup("ended");
    if (info.si_code == CLD_EXITED)
        return xasprintf("exited with status %d", info.si_status);
    return xasprintf("was killed by signal %d (%s)", info.si_status, strsignal(info.si_status));
}

/* Under the lock: how it ended, for people. */
static void tell_ended(struct qguest *g)
{
    AUTO(freep)
    char *detail = xasprintf("QEMU %s%s%s", g->end, g->last_words ? ": " : "",
                             g->last_words ? g->last_words : "");

    g->reason = STOP_CRASH;
    change_add(g, GUEST_GONE, detail);
}

/* Under the lock: the process is no more. */
static void process_ended(struct qguest *g)
{
    /* what it said last comes before the news of its end; a socket holds no more than this */
    for (int i = 0; i < DRAIN_TURNS; i++)
        read_qmp(g);
    talk_end(g);
    epoll_ctl(g->d->epoll_fd, EPOLL_CTL_DEL, g->pidfd, NULL);
    g->end = reap(g);
    g->last_words = logfile_last_words(g->log);
    logfile_trim(g->log); /* nobody does from now on */
    logfile_trim(g->console_log);
    g->ended = true;
    if (g->qmp)
        qmp_fail(g->qmp, "QEMU has ended");
    if (g->announced && !g->destroying)
        tell_ended(g);
    pthread_cond_broadcast(&g->d->told);
}

enum guest_state monitor_announce(struct qguest *g)
{
    enum guest_state state;

    pthread_mutex_lock(&g->d->lock);
    g->announced = true;
    state = g->state;
    if (g->ended)
        tell_ended(g);
    else if (!g->talks)
        tell_broken(g);
    pthread_mutex_unlock(&g->d->lock);
    return state;
}

static struct qguest *find_key(struct qemu *d, uint64_t key)
{
    for (size_t i = 0; i < d->guests.len; i++)
        if (d->guests.ptr[i]->key == key)
            return d->guests.ptr[i];
    return NULL;
}

/* True when some log was over its bound: then it will soon be again. */
static bool trim_logs(struct qemu *d)
{
    bool flood = false;

    for (size_t i = 0; i < d->guests.len; i++) {
        flood |= logfile_trim(d->guests.ptr[i]->log);
        flood |= logfile_trim(d->guests.ptr[i]->console_log);
    }
    return flood;
}

/* See press_until in life.c. An operating system that has heard it once does not mind. */
static void press_buttons(struct qemu *d)
{
    for (size_t i = 0; i < d->guests.len; i++) {
        struct qguest *g = d->guests.ptr[i];

        if (g->press_until > now_ms() && g->talks && g->state == GUEST_RUNNING && !g->destroying)
            qmp_post(g->qmp, "system_powerdown");
    }
}

/* Under the lock. A number that is not found belonged to a guest that was just removed. */
static void handle_events(struct qemu *d, const struct epoll_event *ev, int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t key = ev[i].data.u64 >> 1, drained;
        struct qguest *g = find_key(d, key);

        if (key == WAKE_KEY) {
            if (read(d->wake_fd, &drained, sizeof(drained)) < 0)
                continue;
        } else if (g && (ev[i].data.u64 & 1) == FROM_QMP) {
            read_qmp(g);
        } else if (g && !g->ended) {
            process_ended(g);
        }
    }
}

static void *monitor_main(void *arg)
{
    struct qemu *d = arg;
    struct epoll_event ev[EVENTS_PER_TURN];
    int64_t next = now_ms() + CHORES_EVERY_MS, next_trim = next;

    pthread_mutex_lock(&d->lock);
    while (!d->closing) {
        int64_t left = (next_trim < next ? next_trim : next) - now_ms();
        int timeout = !d->guests.len ? -1 : left > 0 ? (int)left : 0, n;

        pthread_mutex_unlock(&d->lock);
        n = epoll_wait(d->epoll_fd, ev, EVENTS_PER_TURN, timeout);
        pthread_mutex_lock(&d->lock);
        handle_events(d, ev, n);
        if (now_ms() >= next_trim)
            next_trim = now_ms() + (trim_logs(d) ? FLOOD_EVERY_MS : CHORES_EVERY_MS);
        if (now_ms() < next)
            continue;
        press_buttons(d);
        next = now_ms() + CHORES_EVERY_MS;
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

int monitor_start(struct qemu *d, struct err *e)
{
    sigset_t all, old;
    int r;

    d->next_key = WAKE_KEY + 1;
    d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    d->changes_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->epoll_fd < 0 || d->wake_fd < 0 || d->changes_fd < 0)
        return err_sys(e, "the driver's descriptors");
    if (epoll_put(d, d->wake_fd, WAKE_KEY, FROM_PROCESS, e) < 0)
        return -1;
    sigfillset(&all); /* signals are xend's main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    errno = pthread_create(&d->monitor, NULL, monitor_main, d);
    r = errno ? err_sys(e, "the driver's thread") : 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return r;
}

void monitor_stop(struct qemu *d)
{
    pthread_mutex_lock(&d->lock);
    d->closing = true;
    pthread_mutex_unlock(&d->lock);
    eventfd_poke(d->wake_fd);
    pthread_join(d->monitor, NULL);
}

int monitor_add(struct qguest *g, struct err *e)
{
    struct qemu *d = g->d;
    int r;

    pthread_mutex_lock(&d->lock);
    g->key = d->next_key++;
    r = epoll_put(d, g->pidfd, g->key, FROM_PROCESS, e);
    vec_push(&d->guests, g);
    pthread_mutex_unlock(&d->lock);
    eventfd_poke(d->wake_fd); /* it may sleep without a timeout */
    return r;
}

void monitor_remove(struct qguest *g)
{
    struct qemu *d = g->d;

    pthread_mutex_lock(&d->lock);
    talk_end(g);
    if (!g->ended && g->pidfd >= 0)
        epoll_ctl(d->epoll_fd, EPOLL_CTL_DEL, g->pidfd, NULL);
    for (size_t i = 0; i < d->guests.len; i++) {
        if (d->guests.ptr[i] == g) {
            vec_remove(&d->guests, i);
            break;
        }
    }
    pthread_mutex_unlock(&d->lock);
}

int monitor_talk_take(struct qguest *g, int fd, struct err *e)
{
    struct qmp *q = qmp_new_take(fd, qguest_event, g), *old;
    int r;

    pthread_mutex_lock(&g->d->lock);
    talk_end(g);
    old = g->qmp;
    g->qmp = q;
    r = epoll_put(g->d, fd, g->key, FROM_QMP, e);
    g->talks = r == 0;
    if (g->ended) /* before it could be told */
        qmp_fail(q, "QEMU has ended");
    pthread_mutex_unlock(&g->d->lock);
    qmp_free(old);
    return r;
}
