/*
 * Starting a device model: all that it needs is opened here and handed over by descriptor, so that
 * it needs no path and no rights once it runs. See dm.h. Called by create.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/proc.h"
#include "libxl/xen/dm.h"
#include "libxl/xen/hvm.h"

#define START_MS 60000 /* exec to greeting: under a second, but on a host that is busy */
#define SLICE_MS 200   /* how soon a cancelled job is noticed */
#define FILES_MAX 16384
#define CHILD_FDS_MAX (2 * DOMAIN_DEVICES_MAX + 10)

struct starting {
    struct xguest *g;
    struct job *job;
    int state; /* of an earlier one, or -1 */
    struct dm_launch launch;
    struct dm_disk disks[DOMAIN_DEVICES_MAX];
    int taps[DOMAIN_DEVICES_MAX];
    struct proc_fd fds[CHILD_FDS_MAX];
    size_t n_fds;
    int log_fd;
    char *dir, *binary, *root, *cmdline;
};

/* The child gets this descriptor; its number there. */
static int pass_take(struct starting *s, int fd)
{
    int to = 3 + (int)s->n_fds;

    s->fds[s->n_fds++] = (struct proc_fd){fd, to};
    return to;
}

/* Our copies: while one is open, a tap outlives its QEMU. */
static void starting_close(struct starting *s)
{
    for (size_t i = 0; i < s->n_fds; i++)
        close(s->fds[i].from);
    s->n_fds = 0;
    close_fd(&s->log_fd);
}

static void starting_clear(struct starting *s)
{
    starting_close(s);
    free(s->dir);
    free(s->binary);
    free(s->root);
    free(s->cmdline);
}

/* device_model of xm's files was qemu-dm, which is no more: the one of the configuration, or the
 * host's, takes its place. */
static char *find_binary(const struct xguest *g)
{
    static const char *const names[] = {"/usr/libexec/xen-qemu-system-i386", "qemu-system-i386",
                                        "/usr/lib/xen/bin/qemu-system-i386"};
    const char *own = g->spec->device_model, *slash = own ? strrchr(own, '/') : NULL;
    char *found = NULL;

    if (slash && *own == '/' && strcmp(slash, "/qemu-dm") != 0)
        return xstrdup(own);
    if (g->d->qemu)
        return xstrdup(g->d->qemu);
    for (size_t i = 0; i < ARRAY_LEN(names) && !found; i++)
        found = program_find(names[i]);
    return found ? found : xstrdup(names[0]);
}

static int check_binary(const char *path, struct err *e)
{
    if (access(path, X_OK) == 0)
        return 0;
    err_sys(e, "device model %s", path);
    return err_hint(e, "HVM guests and screens need a QEMU for Xen (Debian: apt-get install "
                       "qemu-system-xen), or qemu-binary in xend-config.sxp names one.");
}

/* The command line as it will be, but for the numbers of descriptors. */
static int check_argv(const struct xguest *g, const char *binary, struct err *e)
{
    AUTO(strings_clear) struct strings argv = {0};
    struct dm_disk disks[DOMAIN_DEVICES_MAX];
    int taps[DOMAIN_DEVICES_MAX] = {0};
    struct dm_launch l = {.spec = g->spec,
                          .binary = binary,
                          .disks = disks,
                          .tap_fds = taps,
                          .nonce = "",
                          .kernel_fd = -1,
                          .state_fd = -1};

    for (size_t i = 0; i < g->spec->devices.len; i++) {
        const struct device *d = g->spec->devices.ptr[i];

        if (d->class == DEVICE_DISK &&
            (d->disk.devtype == DISK_CDROM || dm_emulates_disk(&d->disk)))
            disks[l.n_disks++] = (struct dm_disk){&d->disk, -1, false};
    }
    return dm_argv(&l, &argv, e);
}

static int check_kernel(const struct spec *s, struct err *e)
{
    AUTO(closep) int kernel = -1;
    AUTO(closep) int ramdisk = -1;
    size_t cmdline_max;

    if (!dm_boots_kernel(s))
        return 0;
    kernel = kernel_open(s->kernel, &cmdline_max, e);
    if (kernel < 0)
        return -1;
    ramdisk = s->ramdisk ? ramdisk_open(s->ramdisk, e) : -1;
    return s->ramdisk && ramdisk < 0 ? -1 : 0;
}

int dm_check(struct xguest *g, bool restored, struct err *e)
{
    AUTO(freep) char *binary = find_binary(g);
    AUTO(hvm_clear) struct hvm h = {0};

    if (check_binary(binary, e) < 0 || check_argv(g, binary, e) < 0)
        return -1;
    return restored                       ? 0
           : check_kernel(g->spec, e) < 0 ? -1
           : dm_is_machine(g)             ? hvm_firmware(g->spec, &h, e)
                                          : 0;
}

static int listen_at(struct starting *s, const char *name, struct err *e)
{
    AUTO(freep) char *path = path_join(s->dir, name);
    int fd = unix_listen(path, 0600, e);

    return fd < 0 ? -1 : pass_take(s, fd);
}

/* Nobody may write to the directory that it is locked in. */
static int make_dirs_of(struct starting *s, struct err *e)
{
    s->dir = dm_dir(s->g);
    s->root = path_join(s->dir, DM_ROOT);
    if (make_dirs(s->dir, 0700, e) < 0)
        return -1;
    return mkdir(s->root, 0555) < 0 && errno != EEXIST ? err_sys(e, "%s", s->root) : 0;
}

static int open_monitor(struct starting *s, struct err *e)
{
    AUTO(freep) char *log = dm_log(s->g);

    if ((s->launch.qmp_fd = listen_at(s, "qmp.sock", e)) < 0)
        return -1;
    s->log_fd = logfile_open(log, e);
    return s->log_fd < 0 ? -1 : 0;
}

static int open_serial(struct starting *s, struct err *e)
{
    AUTO(freep) char *dir = path_join(s->g->d->log_dir, "console");
    AUTO(freep) char *log = dm_console_log(s->g);
    int fd;

    if (make_dirs(dir, 0755, e) < 0 ||
        (s->launch.console_fd = listen_at(s, "console.sock", e)) < 0 ||
        (fd = logfile_open(log, e)) < 0)
        return -1;
    s->launch.console_log_fd = pass_take(s, fd);
    return 0;
}

static int open_disks(struct starting *s, struct err *e)
{
    const struct devices *v = &s->g->spec->devices;

    for (size_t i = 0; i < v->len; i++) {
        const struct disk *k = &v->ptr[i]->disk;
        struct dm_disk *out = &s->disks[s->launch.n_disks];
        int fd;

        if (v->ptr[i]->class != DEVICE_DISK || !(k->devtype == DISK_CDROM || dm_emulates_disk(k)))
            continue;
        *out = (struct dm_disk){k, -1, false};
        s->launch.n_disks++;
        if (!k->target || !*k->target)
            continue;
        fd = image_open(k, &out->block, e);
        if (fd < 0)
            return -1;
        out->fd = pass_take(s, fd);
    }
    s->launch.disks = s->disks;
    return 0;
}

static int open_kernel(struct starting *s, struct err *e)
{
    const struct spec *spec = s->g->spec;
    size_t cmdline_max;
    int fd;

    if (!dm_boots_kernel(spec) || s->state >= 0)
        return 0;
    fd = kernel_open(spec->kernel, &cmdline_max, e);
    if (fd < 0)
        return -1;
    s->launch.kernel_fd = pass_take(s, fd);
    s->cmdline = spec_cmdline(spec);
    if (!s->cmdline)
        s->cmdline = xstrdup("");
    s->launch.cmdline = s->cmdline;
    if (strlen(s->cmdline) > cmdline_max)
        return err_set(e, ERR_TOO_LARGE, "kernel command line: %zu bytes, this kernel takes %zu",
                       strlen(s->cmdline), cmdline_max);
    if (!spec->ramdisk)
        return 0;
    fd = ramdisk_open(spec->ramdisk, e);
    if (fd < 0)
        return -1;
    s->launch.ramdisk_fd = pass_take(s, fd);
    return 0;
}

/* A copy of our own, from its beginning. */
static int open_state(struct starting *s, struct err *e)
{
    int fd = s->state < 0 ? -1 : fcntl(s->state, F_DUPFD_CLOEXEC, 3);

    if (s->state < 0)
        return 0;
    if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return err_sys(e, "the state of its device model");
    s->launch.state_fd = pass_take(s, fd);
    return 0;
}

static int open_screen(struct starting *s, struct err *e)
{
    int fd;

    s->launch.vnc_secret_fd = -1;
    s->launch.vnc_listen = s->g->d->vnc_listen;
    s->launch.keymap = s->g->d->keymap;
    s->launch.vnc_tls = &s->g->d->vnc_tls;
    if (vnc_secret_make(s->g->spec, s->g->d->vnc_passwd, &fd, e) < 0)
        return -1;
    if (fd >= 0)
        s->launch.vnc_secret_fd = pass_take(s, fd);
    return 0;
}

static int open_taps(struct starting *s, struct err *e)
{
    size_t n = 0;
    int r = dm_open_taps(s->g, s->taps, &n, e);

    for (size_t i = 0; i < n; i++)
        s->taps[i] = pass_take(s, s->taps[i]);
    s->launch.tap_fds = s->taps;
    return r < 0 ? -1 : dm_plug_taps(s->g, s->job, e);
}

/* In a session of its own: it outlives xend. */
static int spawn(struct starting *s, const struct strings *argv, struct err *e)
{
    static const struct proc_limit limits[] = {{RLIMIT_CORE, 0}, {RLIMIT_NOFILE, FILES_MAX}};
    struct xguest *g = s->g;
    struct proc_spec p = {.argv = (const char *const *)argv->ptr,
                          .fds = s->fds,
                          .new_session = true,
                          .limits = limits,
                          .n_limits = ARRAY_LEN(limits),
                          .no_oom_favour = true};

    s->fds[s->n_fds] = (struct proc_fd){s->log_fd, 1};
    s->fds[s->n_fds + 1] = (struct proc_fd){s->log_fd, 2};
    p.n_fds = s->n_fds + 2;
    g->dm.pid = proc_spawn(&p, &g->dm.pidfd, e);
    starting_close(s);
    if (g->dm.pid < 0) {
        g->dm.pid = 0;
        return -1;
    }
    fault_point("xen.dm-spawned");
    g->dm.start = proc_start_time(g->dm.pid);
    return xstate_save(g, false, e);
}

/* What it said last says more than a lost connection. */
static int explain(struct xguest *g, struct err *e)
{
    AUTO(freep) char *log = dm_log(g);
    AUTO(freep) char *words = NULL;

    if (e->code != ERR_UNAVAILABLE || !process_await_end(g->dm.pidfd, START_MS))
        return -1;
    words = logfile_last_words(log);
    return last_words_to_err(words, "ended", e);
}

static int await_greeting(struct starting *s, struct err *e)
{
    int64_t deadline = now_ms() + START_MS;
    struct qmp *q = dm_connect(s->g, e);
    int r = -1;

    while (q && (r = qmp_await_greeting(q, now_ms() + SLICE_MS, e)) < 0 && e->code == ERR_TIMEOUT &&
           now_ms() < deadline)
        if (job_check(s->job, e) < 0)
            break;
    /* it greets before its screen is made, and answers after */
    if (r == 0)
        r = qmp_negotiate(q, START_MS, e);
    if (r == 0 && s->state >= 0)
        r = dm_await_state(q, s->job, e);
    qmp_free(q);
    return r < 0 ? explain(s->g, e) : 0;
}

/* What stock tools look for. */
static int tell(struct xguest *g, struct err *e)
{
    struct node nodes[3] = {
        {.name = "image/device-model-pid"}, {.text = "running"}, {.name = "console/vnc-port"}};
    struct vnc_place place;
    struct err none;
    bool vnc = xen_vnc(&g->pub, &place, &none) == 0;

    snprintf(nodes[0].text, sizeof(nodes[0].text), "%d", (int)g->dm.pid);
    snprintf(nodes[1].name, sizeof(nodes[1].name), "/local/domain/0/device-model/%u/state",
             g->pub.domid);
    snprintf(nodes[2].text, sizeof(nodes[2].text), "%d", vnc ? place.port : 0);
    return store_put(g, nodes, vnc ? 3 : 2, e);
}

/* What a HVM guest has beside a screen. */
static int open_machine(struct starting *s, struct err *e)
{
    return open_serial(s, e) < 0 || open_disks(s, e) < 0 || open_kernel(s, e) < 0 ||
                   open_state(s, e) < 0 || open_taps(s, e) < 0
               ? -1
               : 0;
}

static int start(struct starting *s, struct err *e)
{
    AUTO(strings_clear) struct strings argv = {0};
    struct xguest *g = s->g;

    s->binary = find_binary(g);
    s->launch.kernel_fd = s->launch.ramdisk_fd = s->launch.state_fd = -1;
    if (check_binary(s->binary, e) < 0 || make_dirs_of(s, e) < 0 || open_monitor(s, e) < 0 ||
        open_screen(s, e) < 0 || (dm_is_machine(g) && open_machine(s, e) < 0))
        return -1;
    s->launch.spec = g->spec;
    s->launch.domid = g->pub.domid;
    s->launch.binary = s->binary;
    s->launch.nonce = g->nonce;
    s->launch.root = s->root;
    s->launch.uid = g->d->ids.uid;
    s->launch.gid = g->d->ids.gid;
    if (dm_argv(&s->launch, &argv, e) < 0)
        return -1;
    vec_push(&argv, NULL);
    return spawn(s, &argv, e) < 0 || await_greeting(s, e) < 0 || tell(g, e) < 0 ? -1 : 0;
}

int dm_start(struct xguest *g, int state, struct job *j, struct err *e)
{
    struct starting s = {.g = g, .job = j, .state = state, .log_fd = -1};
    int r = start(&s, e);

    starting_clear(&s);
    if (r == 0)
        dm_watch(g);
    return r;
}
