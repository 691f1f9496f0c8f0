/*
 * Making a guest: open what it is made of, write the intent, start QEMU paused, shake hands. Every
 * step that can fail comes before the process where it can; after a failure nothing is left but
 * the logs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/qemu/making.h"

#define WAIT_SLICE_MS 200 /* how soon a cancelled job is noticed */

int making_listen(struct making *m, const char *name, struct err *e)
{
    AUTO(freep) char *path = path_join(m->g->dir, name);
    int fd = unix_listen(path, 0600, e);

    return fd < 0 ? -1 : making_pass_take(m, fd);
}

/* A new directory for the guest, unless one that was let go of still lives in the old one. */
static int make_dir(struct qguest *g, struct err *e)
{
    AUTO(freep) char *dir = path_join(g->d->dir, g->pub.uuid);
    AUTO(closep) int pidfd = -1;
    struct state old;

    if (state_load(dir, &old, e) == 0) {
        pidfd = process_open(old.pid, old.pid_start);
        state_clear(&old);
        if (pidfd >= 0)
            return err_set(e, ERR_EXISTS, "a guest with the uuid %s runs already", g->pub.uuid);
    }
    state_tidy(dir);
    if (make_dirs(dir, 0700, e) < 0)
        return -1;
    g->dir = steal(dir);
    return 0;
}

/* Monitor, console and logs. The old logs are kept beside the new ones. */
static int make_channels(struct making *m, struct err *e)
{
    struct qguest *g = m->g;
    AUTO(freep) char *console_dir = path_join(g->d->log_dir, "console");
    int fd;

    if (make_dir(g, e) < 0 || make_dirs(console_dir, 0700, e) < 0)
        return -1;
    g->log = xasprintf("%s/qemu-dm-%s.log", g->d->log_dir, g->spec->name);
    g->console_log = xasprintf("%s/guest-%s.log", console_dir, g->spec->name);
    m->launch.qmp_fd = making_listen(m, "qmp.sock", e);
    if (m->launch.qmp_fd < 0)
        return -1;
    m->launch.console_fd = making_listen(m, "console.sock", e);
    fd = m->launch.console_fd < 0 ? -1 : logfile_open(g->console_log, e);
    if (fd < 0)
        return -1;
    m->launch.console_log_fd = making_pass_take(m, fd);
    m->log_fd = logfile_open(g->log, e);
    return m->log_fd < 0 || serials_open(m, e) < 0 ? -1 : channels_plan(m, e);
}

/* What tells this incarnation from every other: nobody else can know it. */
static void make_nonce(char out[NONCE_SIZE])
{
    unsigned char r[16] = {0};

    if (getrandom(r, sizeof(r), 0) < 0)
        abort(); /* cannot be: 16 bytes without flags */
    for (size_t i = 0; i < sizeof(r); i++)
        snprintf(out + 2 * i, 3, "%02x", r[i]);
}

/* A tap for each interface that is to have one; nothing is plugged in yet. */
static int open_nets(struct making *m, struct err *e)
{
    int r = nets_open(m->g, m->from ? m->from->saved.nets : NULL, m->kvm, m->nets, e);

    for (size_t i = 0; i < m->g->nets.len; i++) { /* also after a failure: they are closed so */
        if (m->nets[i].fd >= 0)
            m->nets[i].fd = making_pass_take(m, m->nets[i].fd);
        if (m->nets[i].vhost_fd >= 0)
            m->nets[i].vhost_fd = making_pass_take(m, m->nets[i].vhost_fd);
    }
    m->launch.nets = m->nets;
    return r;
}

/* Starts the process, as the user it is to be, in a session of its own: it outlives xend. */
static int spawn(struct making *m, const struct strings *argv, struct err *e)
{
    struct qguest *g = m->g;
    const struct ids *ids = &g->d->ids;
    struct proc_spec p = {.argv = (const char *const *)argv->ptr,
                          .fds = m->fds,
                          .new_session = true,
                          .set_ids = ids->set,
                          .uid = ids->uid,
                          .gid = ids->gid,
                          .groups = &ids->kvm_gid,
                          .n_groups = m->kvm && ids->kvm_group};

    m->fds[m->n_fds] = (struct proc_fd){m->log_fd, 1};
    m->fds[m->n_fds + 1] = (struct proc_fd){m->log_fd, 2};
    p.n_fds = m->n_fds + 2;
    limits_of_process(&p);
    g->pid = proc_spawn(&p, &g->pidfd, e);
    making_close(m);
    if (g->pid < 0)
        return err_add(e, "starting QEMU");
    g->pid_start = proc_start_time(g->pid);
    return 0;
}

/* From here on something outside exists: the intent is written down first, the pid right after. */
static int start(struct making *m, struct err *e)
{
    AUTO(strings_clear) struct strings argv = {0};

    m->launch.spec = m->from ? m->from->spec : m->g->spec;
    m->launch.binary = m->g->d->binary;
    m->launch.machine = launch_machine(m->launch.spec);
    m->launch.incoming = m->from != NULL;
    m->launch.queues = m->from ? m->from->saved.queues : 0;
    m->launch.slots = m->from ? m->from->saved.slots : NULL;
    m->g->queues = m->from ? m->from->saved.queues : (unsigned)m->launch.spec->vcpus;
    m->g->accel = xstrdup(m->launch.accel);
    m->g->cpu = xstrdup(m->launch.cpu);
    m->launch.nonce = m->g->nonce;
    m->launch.disks = m->disks;
    if (vtpm_prepare(m, e) < 0 || argv_build(&m->launch, &argv, e) < 0)
        return -1;
    vec_push(&argv, NULL);
    if (state_save(m->g, PHASE_INTENT, e) < 0)
        return -1;
    fault_point("qemu.intended");
    if (serveds_start(m, e) < 0 || channels_open(m, e) < 0 || vtpm_start(m, e) < 0)
        return -1;
    if (nets_plug(m->g, m->job, e) < 0)
        return -1;
    if (spawn(m, &argv, e) < 0)
        return -1;
    fault_point("qemu.spawned");
    limits_place(m->g);
    if (monitor_add(m->g, e) < 0 ||
        state_save(m->g, m->from ? PHASE_LOADING : PHASE_STARTED, e) < 0)
        return -1;
    fault_point("qemu.started");
    return 0;
}

/* When QEMU ended instead of answering, its last words say more than the lost connection. */
static int explain_start(struct qguest *g, struct err *e)
{
    if (e->code != ERR_UNAVAILABLE || !qguest_wait_end(g, QMP_TIMEOUT_MS))
        return err_add(e, "starting QEMU");
    return last_words_to_err(g->last_words, g->end, e);
}

/* The greeting may take seconds on a loaded host; a cancelled job does not wait for it. */
static int shake_hands(struct making *m, struct err *e)
{
    int64_t deadline = now_ms() + START_TIMEOUT_MS;
    struct qguest *g = m->g;
    int r = qguest_dial(g, e);

    if (r == 0) {
        while ((r = qmp_await_greeting(g->qmp, now_ms() + WAIT_SLICE_MS, e)) < 0 &&
               e->code == ERR_TIMEOUT && now_ms() < deadline)
            if (job_check(m->job, e) < 0)
                return -1;
    }
    if (r < 0 || qmp_negotiate(g->qmp, QMP_TIMEOUT_MS, e) < 0)
        return explain_start(g, e);
    return 0;
}

/*
 * The machine that it really has, by its full name: "pc" means another one after an upgrade of
 * QEMU, and a guest must come back (restored, migrated) on what it knew.
 */
static int keep_machine(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *type = NULL;
    struct value *args = value_map();
    const char *text, *end;

    value_set_str(args, "path", "/machine");
    value_set_str(args, "property", "type");
    if (qmp_call_take(g->qmp, "qom-get", args, QMP_TIMEOUT_MS, &type, e) < 0)
        return err_add(e, "its machine type");
    text = value_as_str(type);
    end = strstr(text, "-machine");
    if (!end || end == text)
        return err_set(e, ERR_BACKEND, "QEMU calls its machine '%.60s'", text);
    free(g->spec->machine);
    g->spec->machine = xstrndup(text, (size_t)(end - text));
    return 0;
}

/* With room to grow the guest starts at maxmem; the balloon takes the rest as its driver comes up.
 */
static int set_balloon(struct qguest *g, struct err *e)
{
    struct value *args;

    if (spec_maxmem(g->spec) <= g->spec->memory)
        return 0;
    args = value_map();
    value_set_int(args, "value", g->spec->memory << 20);
    return qmp_call_take(g->qmp, "balloon", args, QMP_TIMEOUT_MS, NULL, e);
}

/* The steps in their order; undone by the caller. */
static int make(struct making *m, struct err *e)
{
    struct qguest *g = m->g;
    struct job *j = m->job;

    if (making_prepare(m, e) < 0)
        return -1;
    if (domid_next(g->d, &g->pub.domid, e) < 0 || make_channels(m, e) < 0 || open_nets(m, e) < 0 ||
        serveds_plan(m, e) < 0)
        return -1;
    fault_point("qemu.prepared");
    job_step(j, "starting QEMU");
    if (start(m, e) < 0 || shake_hands(m, e) < 0 || keep_machine(g, e) < 0)
        return -1;
    qdevices_init(g);
    if (usb_plug_all(g, m->launch.slots, e) < 0 ||
        (m->from ? restore_load(m->from, g, e) : set_balloon(g, e)) < 0 || vcpus_learn(g, e) < 0 ||
        vcpus_pin(g, e) < 0 || job_check(j, e) < 0)
        return -1;
    return pci_plug_all(g, e) < 0 ? -1 : state_save(g, PHASE_READY, e);
}

/* After a failure: what was started ends, what was made is removed. *e stays. */
static void undo(struct qguest *g)
{
    struct err ignored;

    if (g->pid > 0) {
        if (qguest_kill(g, &ignored) < 0)
            log_error("%s: undoing its creation: %s", g->spec->name, ignored.msg);
        monitor_remove(g);
    }
    vtpm_end(g);
    channels_remove(g->spec, false);
    pci_give_back_all(g);
    if (g->net_plugged)
        nets_unplug(&g->nets, g->spec->name);
    serveds_drop(&g->served, g->dir, g->spec->name);
    if (g->dir)
        state_tidy(g->dir);
    qguest_free(g);
}

/* The guest as it will be: what the spec leaves open (MACs, a uuid) is settled here. */
static struct qguest *new_guest(struct qemu *d, const struct spec *s)
{
    struct qguest *g = qguest_new(d, s);

    for (size_t i = 0; i < g->spec->devices.len; i++)
        if (g->spec->devices.ptr[i]->class == DEVICE_VIF)
            vif_set_mac(&g->spec->devices.ptr[i]->vif);
    if (!g->spec->uuid) {
        uuid_make(g->pub.uuid);
        g->spec->uuid = xstrdup(g->pub.uuid);
    }
    snprintf(g->pub.uuid, sizeof(g->pub.uuid), "%s", g->spec->uuid);
    make_nonce(g->nonce);
    return g;
}

/* Of those that this driver has in hand; make_dir looks for others. */
static bool is_running(struct qemu *d, const char *uuid)
{
    bool found = false;

    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.len; i++)
        found |= strcmp(d->guests.ptr[i]->pub.uuid, uuid) == 0;
    pthread_mutex_unlock(&d->lock);
    return found;
}

/* A new guest, or one that comes from somewhere. */
static struct guest *make_guest(struct qemu *d, const struct spec *s, struct restoring *from,
                                struct job *j, struct err *e)
{
    struct making m = {
        .g = new_guest(d, s), .job = j, .from = from, .log_fd = -1, .tpm_fd = -1, .tpm_dir = -1};
    struct timespec now;
    int r;

    if (is_running(m.g->d, m.g->pub.uuid)) {
        err_set(e, ERR_EXISTS, "a guest with the uuid %s runs already", m.g->pub.uuid);
        qguest_free(m.g);
        return NULL;
    }
    if (from) {
        from->spec = saved_spec(&from->saved, m.g->spec);
        m.g->mem_kib = from->saved.mem_kib;
        m.g->mem_most_kib = m.g->mem_bound_kib = from->saved.mem_most_kib;
        vcpus_init(m.g, from->saved.vcpus_most);
    }
    clock_gettime(CLOCK_REALTIME, &now);
    m.g->pub.start_time = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    r = make(&m, e);
    making_close(&m);
    free(m.cmdline);
    if (r < 0) {
        undo(m.g);
        return NULL;
    }
    monitor_announce(m.g);
    return &m.g->pub;
}

struct guest *qemu_create(struct driver *d, const struct spec *s, struct job *j, struct err *e)
{
    return make_guest(qemu_of(d), s, NULL, j, e);
}

/* The file says what machine it is before anything is started. */
struct guest *qemu_restore(struct driver *d, const struct spec *s, int fd, struct job *j,
                           struct err *e)
{
    struct restoring from = {0};
    struct guest *g = NULL;

    frames_init(&from.in, fd, j);
    if (saved_read(&from.saved, &from.in, e) == 0 && saved_check_spec(&from.saved, s, e) == 0)
        g = make_guest(qemu_of(d), s, &from, j, e);
    spec_free(from.spec);
    saved_clear(&from.saved);
    frames_clear(&from.in);
    return g;
}
