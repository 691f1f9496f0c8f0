/*
 * After a restart of xend: takes up the guests that run on, tidies up after those that do not,
 * and undoes what was half made. A process is ours when pid and start time are those that we
 * wrote down, or when its command line carries both uuid and nonce; any other is never touched.
 */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/qemu/saved.h"

struct scan {
    struct qemu *d;
    guest_found_fn *found;
    void *arg;
};

static struct qguest *guest_from_state(struct qemu *d, const char *dir, struct state *s, int pidfd)
{
    struct qguest *g = qguest_new(d, s->spec);
    struct err ignored; /* of pins that this host has no CPU for (any more) */

    memcpy(g->pub.uuid, s->uuid, sizeof(g->pub.uuid));
    memcpy(g->nonce, s->nonce, sizeof(g->nonce));
    g->aside = s->aside;
    g->pub.domid = s->domid;
    g->pub.start_time = s->start_time;
    g->dir = xstrdup(dir);
    g->log = xstrdup(s->log ? s->log : "");
    g->console_log = xstrdup(s->console_log ? s->console_log : "");
    g->accel = xstrdup_null(s->accel);
    g->cpu = xstrdup_null(s->cpu);
    g->pid = s->pid;
    g->pid_start = s->pid_start;
    g->pidfd = pidfd;
    g->reboot_wished = state_reboot_wished(dir);
    vnc_secret_find(g->spec, g->pid);
    if (s->mem_most_kib) {
        g->mem_kib = g->mem_most_kib = s->mem_most_kib;
        g->mem_bound_kib = s->mem_bound_kib;
    }
    g->queues = s->queues;
    g->nets = s->nets;
    s->nets = (struct qnets){0};
    g->served = s->served;
    s->served = (struct serveds){0};
    g->next_vif = s->next_vif;
    if (s->vcpus_most)
        vcpus_init(g, s->vcpus_most);
    vcpus_wish(g, &ignored);
    return g;
}

/* An intent without a pid: xend died around the exec. The nonce tells the processes, if any. */
static void undo_intent(const struct qemu *d, struct state *s, const char *dir)
{
    processes_end(s->uuid, s->nonce);
    limits_release(d, s->uuid);
    channels_remove(s->spec, false);
    nets_unplug(&s->nets, s->spec->name);
    serveds_drop(&s->served, dir, s->spec->name);
    state_tidy(dir);
    log_warn("%s: its creation was interrupted: undone", s->spec->name);
}

/* Half made and not answering: it goes. */
static void undo_started(struct qguest *g)
{
    struct err ignored;

    log_warn("%s: its creation was interrupted: undone", g->spec->name);
    if (qguest_kill(g, &ignored) < 0)
        log_error("%s: %s", g->spec->name, ignored.msg);
    monitor_remove(g);
    vtpm_end(g);
    channels_remove(g->spec, false);
    pci_give_back_all(g);
    nets_unplug(&g->nets, g->spec->name);
    serveds_drop(&g->served, g->dir, g->spec->name);
    state_tidy(g->dir);
    qguest_free(g);
}

/*
 * A living process of ours. One that was ready is never ended for not answering: its QEMU may
 * hang on a disk; it is handed over, and connected again at the next command.
 */
static void adopt(const struct scan *scan, struct state *s, const char *dir, int pidfd)
{
    struct qguest *g = guest_from_state(scan->d, dir, s, pidfd);
    enum guest_state state;
    struct err e;

    if (s->phase == PHASE_LOADING) { /* what it has of its guest is not all, or not known to be */
        if (monitor_add(g, &e) < 0)
            log_warn("%s: %s", g->spec->name, e.msg);
        undo_started(g);
        return;
    }
    /* a save that the earlier xend was at is over with it: its pipe is gone */
    if (monitor_add(g, &e) < 0 || qguest_connect(g, &e) < 0 || migration_stop(g, &e) < 0 ||
        qguest_refresh(g, &e) < 0 || qdevices_learn(g, &e) < 0 ||
        (s->phase == PHASE_STARTED && state_save(g, PHASE_READY, &e) < 0)) {
        if (s->phase == PHASE_STARTED) {
            undo_started(g);
            return;
        }
        qdevices_init(g);
        log_warn("%s: its QEMU (pid %d) runs but does not answer: %s", g->spec->name, (int)g->pid,
                 e.msg);
        pthread_mutex_lock(&g->d->lock);
        qguest_become(g, GUEST_RUNNING, STOP_POWEROFF, NULL);
        pthread_mutex_unlock(&g->d->lock);
    }
    state = monitor_announce(g);
    scan->found(scan->arg, &g->pub, spec_copy(g->spec), state);
    serveds_tell(g);
}

/* It ended while no xend was there. */
static void tidy_ended(const struct qemu *d, struct state *s, const char *dir)
{
    if (s->log)
        logfile_trim(s->log);
    if (s->console_log)
        logfile_trim(s->console_log);
    limits_release(d, s->uuid);
    if (!s->aside)
        channels_remove(s->spec, false);
    nets_unplug(&s->nets, s->spec->name);
    serveds_drop(&s->served, dir, s->spec->name);
    state_tidy(dir);
}

static void scan_dir(const struct scan *scan, const char *dir)
{
    struct state s;
    struct err e;
    int pidfd;

    if (state_load(dir, &s, &e) < 0) {
        if (e.code == ERR_NOT_FOUND)
            state_tidy(dir); /* not even an intent, or before the host's boot */
        else
            log_warn("%s: left alone", e.msg);
        return;
    }
    pidfd = s.phase == PHASE_INTENT ? -1 : process_open(s.pid, s.pid_start);
    if (s.phase == PHASE_INTENT)
        undo_intent(scan->d, &s, dir);
    else if (pidfd < 0)
        tidy_ended(scan->d, &s, dir);
    else
        adopt(scan, &s, dir, pidfd);
    state_clear(&s);
}

int qemu_scan(struct driver *driver, guest_found_fn *found, void *arg, struct err *e)
{
    struct scan scan = {qemu_of(driver), found, arg};
    DIR *dir = opendir(scan.d->dir);
    struct dirent *entry;
    char uuid[UUID_TEXT_SIZE];

    if (!dir)
        return err_sys(e, "%s", scan.d->dir);
    while ((entry = readdir(dir))) {
        AUTO(freep) char *path = path_join(scan.d->dir, entry->d_name);

        if (uuid_normalize(entry->d_name, uuid))
            scan_dir(&scan, path);
    }
    closedir(dir);
    return 0;
}
