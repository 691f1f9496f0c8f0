/*
 * The driver's side of one guest: its struct, its QMP connection, its end. Called by the
 * operations (create.c, life.c, scan.c). What its QEMU reports arrives in monitor.c.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

#define QUIT_TIMEOUT_MS 2000 /* quit, measured: 1 to 20 ms */
#define TERM_TIMEOUT_MS 1000
#define KILL_TIMEOUT_MS 10000 /* freeing gigabytes takes a while */

/* Knows nothing but its spec yet: no process, no directory, no number. */
struct qguest *qguest_new(struct qemu *d, const struct spec *s)
{
    struct qguest *g = xcalloc(1, sizeof(*g));

    g->pub.driver = &d->pub;
    g->d = d;
    g->spec = spec_copy(s);
    g->pidfd = -1;
    g->state = GUEST_PAUSED;
    g->mem_kib = g->mem_most_kib = g->mem_bound_kib = (uint64_t)spec_maxmem(s) * 1024;
    vcpus_init(g, (unsigned)spec_maxvcpus(s));
    return g;
}

void qguest_free(struct qguest *g)
{
    if (!g)
        return;
    qmp_free(g->qmp);
    vcpus_clear(g);
    qdevices_clear(g);
    close_fd(&g->pidfd);
    limits_release(g->d, g->pub.uuid);
    nets_clear(&g->nets);
    serveds_clear(&g->served);
    spec_free(g->spec);
    free(g->dir);
    free(g->log);
    free(g->console_log);
    free(g->accel);
    free(g->cpu);
    free(g->end);
    free(g->last_words);
    free(g);
}

/* What the peer answers must be g's uuid and g's nonce: else somebody else has its socket. */
static int verify_peer(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *uuid = NULL;
    AUTO(value_freep) struct value *chardevs = NULL;
    AUTO(freep) char *label = xasprintf("nonce-%s", g->nonce);
    bool same;

    if (qmp_call_take(g->qmp, "query-uuid", NULL, QMP_TIMEOUT_MS, &uuid, e) < 0 ||
        qmp_call_take(g->qmp, "query-chardev", NULL, QMP_TIMEOUT_MS, &chardevs, e) < 0)
        return -1;
    same = false;
    for (size_t i = 0; i < value_len(chardevs); i++)
        same |= strcmp(value_get_str(value_at(chardevs, i), "label", ""), label) == 0;
    if (!same || (!g->aside && strcmp(value_get_str(uuid, "UUID", ""), g->pub.uuid) != 0))
        return err_set(e, ERR_STATE, "another QEMU answers in its place");
    return 0;
}

int qguest_dial(struct qguest *g, struct err *e)
{
    AUTO(freep) char *path = path_join(g->dir, "qmp.sock");
    int fd = unix_connect(path, e);

    return fd < 0 ? -1 : monitor_talk_take(g, fd, e);
}

int qguest_connect(struct qguest *g, struct err *e)
{
    if (qguest_dial(g, e) < 0)
        return -1;
    if (qmp_await_greeting(g->qmp, now_ms() + QMP_TIMEOUT_MS, e) == 0 &&
        qmp_negotiate(g->qmp, QMP_TIMEOUT_MS, e) == 0 && verify_peer(g, e) == 0)
        return 0;
    monitor_hang_up(g);
    return -1;
}

/* QEMU's run states, in our words; those not listed are kinds of paused. */
static enum guest_state state_of_status(const char *status)
{
    /* suspended: by itself (ACPI S3); no event tells of it as of a pause, and it wakes by itself */
    if (strcmp(status, "running") == 0 || strcmp(status, "suspended") == 0)
        return GUEST_RUNNING;
    /* postmigrate: all of it was saved, and its disks are let go of */
    if (strcmp(status, "shutdown") == 0 || strcmp(status, "postmigrate") == 0)
        return GUEST_SHUTDOWN;
    if (strcmp(status, "guest-panicked") == 0 || strcmp(status, "internal-error") == 0)
        return GUEST_CRASHED;
    return GUEST_PAUSED;
}

int qguest_refresh(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *status = NULL;
    enum stop_reason reason = STOP_POWEROFF;
    enum guest_state state;
    const char *text;
    unsigned turns;

    pthread_mutex_lock(&g->d->lock);
    turns = g->turns;
    pthread_mutex_unlock(&g->d->lock);
    if (qmp_call_take(g->qmp, "query-status", NULL, QMP_TIMEOUT_MS, &status, e) < 0)
        return -1;
    text = value_get_str(status, "status", "");
    state = state_of_status(text);
    if (state == GUEST_CRASHED)
        reason = STOP_CRASH;
    else if (strcmp(text, "postmigrate") == 0)
        reason = STOP_SUSPEND;
    else if (state == GUEST_SHUTDOWN && (g->reboot_wished || !logfile_tells_poweroff(g->log)))
        reason = STOP_REBOOT;
    pthread_mutex_lock(&g->d->lock);
    if (g->turns == turns && !g->dumping) /* else an event has told something newer */
        qguest_become(g, state, reason, NULL);
    pthread_mutex_unlock(&g->d->lock);
    return vcpus_learn(g, e) < 0 || memory_learn(g, e) < 0 ? -1 : 0;
}

/* A connection that broke, or that never came about, is made anew here, not in the background. */
static int be_connected(struct qguest *g, struct err *e)
{
    bool talks, ended;

    pthread_mutex_lock(&g->d->lock);
    talks = g->talks;
    ended = g->ended;
    pthread_mutex_unlock(&g->d->lock);
    if (ended)
        return err_set(e, ERR_STATE, "its QEMU has ended");
    return !talks && (qguest_connect(g, e) < 0 || qguest_refresh(g, e) < 0) ? -1 : 0;
}

int qguest_call_take(struct qguest *g, const char *command, struct value *args,
                     struct value **result, struct err *e)
{
    if (be_connected(g, e) < 0) {
        value_free(args);
        return -1;
    }
    return qmp_call_take(g->qmp, command, args, QMP_TIMEOUT_MS, result, e);
}

int qguest_call_fd_take(struct qguest *g, const char *command, struct value *args, int fd,
                        struct value **result, struct err *e)
{
    if (be_connected(g, e) < 0) {
        value_free(args);
        return -1;
    }
    return qmp_call_fd_take(g->qmp, command, args, fd, QMP_TIMEOUT_MS, result, e);
}

int qguest_name_fd_take(struct qguest *g, int fd, const char *name, struct err *e)
{
    struct value *args = value_map();
    int r;

    value_set_str(args, "fdname", name);
    r = qguest_call_fd_take(g, "getfd", args, fd, NULL, e);
    close(fd);
    return r;
}

void qguest_close_named(struct qguest *g, const char *name)
{
    struct value *args = value_map();
    struct err ignored; /* it is there after a failure only, and not after each */

    value_set_str(args, "fdname", name);
    qguest_call_take(g, "closefd", args, NULL, &ignored);
}

static struct timespec after_ms(int timeout_ms)
{
    int64_t t = now_ms() + timeout_ms;

    return (struct timespec){.tv_sec = t / 1000, .tv_nsec = t % 1000 * 1000000};
}

void qguest_wait_news(struct qguest *g, unsigned *seen, int timeout_ms)
{
    struct timespec until = after_ms(timeout_ms);

    pthread_mutex_lock(&g->d->lock);
    while (g->news == *seen && !g->ended &&
           pthread_cond_timedwait(&g->d->told, &g->d->lock, &until) != ETIMEDOUT)
        ;
    *seen = g->news;
    pthread_mutex_unlock(&g->d->lock);
}

int64_t qguest_boot_left_ms(const struct qguest *g)
{
    double age_s = (double)time(NULL) - g->pub.start_time;
    int64_t age_ms = age_s > 0 ? (int64_t)(age_s * 1000) : 0; /* time() has whole seconds */

    return age_ms < BOOT_MS ? BOOT_MS - age_ms : 0;
}

int64_t qguest_patience(const struct qguest *g)
{
    int64_t boot = qguest_boot_left_ms(g);

    return boot > g->d->patience_ms ? boot : g->d->patience_ms;
}

bool qguest_wait_end(struct qguest *g, int timeout_ms)
{
    struct timespec until = after_ms(timeout_ms);
    bool ended;

    pthread_mutex_lock(&g->d->lock);
    while (!g->ended && pthread_cond_timedwait(&g->d->told, &g->d->lock, &until) != ETIMEDOUT)
        ;
    ended = g->ended;
    pthread_mutex_unlock(&g->d->lock);
    return ended;
}

/* quit lets QEMU flush its caches; a QEMU that does not listen gets signals. */
int qguest_kill(struct qguest *g, struct err *e)
{
    bool talks, ended;
    struct err ignored;

    pthread_mutex_lock(&g->d->lock);
    g->destroying = true;
    talks = g->talks;
    ended = g->ended;
    pthread_mutex_unlock(&g->d->lock);
    if (ended)
        return 0;
    /* the reply may be cut off by the end it causes: only the end counts */
    if (talks && qmp_call_take(g->qmp, "quit", NULL, QUIT_TIMEOUT_MS, NULL, &ignored) < 0 &&
        ignored.code != ERR_UNAVAILABLE)
        talks = false;
    if (talks && qguest_wait_end(g, QUIT_TIMEOUT_MS))
        return 0;
    process_signal(g->pidfd, SIGTERM);
    if (qguest_wait_end(g, TERM_TIMEOUT_MS))
        return 0;
    process_signal(g->pidfd, SIGKILL);
    if (qguest_wait_end(g, KILL_TIMEOUT_MS))
        return 0;
    return err_set(e, ERR_TIMEOUT, "QEMU (pid %d) does not end, not even by SIGKILL", (int)g->pid);
}
