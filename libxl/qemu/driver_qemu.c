/*
 * The QEMU driver: one QEMU process per guest, controlled over QMP. Works on any Linux machine:
 * with KVM where a guest really runs under it, else by TCG. This file opens and closes the driver,
 * and has its table of operations; see qemu.h for how the files fit together.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

#define BINARY_DEFAULT "qemu-system-x86_64"
#define DETACH_MS 100000 /* as the original */
#define CGROUPS_DEFAULT "/sys/fs/cgroup"

/* Deadlines count in CLOCK_MONOTONIC, as everywhere. */
static void init_locks(struct qemu *d)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&d->lock, NULL);
    pthread_mutex_init(&d->domid_lock, NULL);
    pthread_mutex_init(&d->probe_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&d->told, &attr);
    pthread_condattr_destroy(&attr);
}

/* Also of a driver that was opened half way. */
static void qemu_free(struct qemu *d)
{
    for (size_t i = 0; i < d->changes.len; i++)
        free(d->changes.ptr[i].detail);
    vec_clear(&d->changes);
    vec_clear(&d->guests);
    close_fd(&d->epoll_fd);
    close_fd(&d->wake_fd);
    close_fd(&d->changes_fd);
    pthread_mutex_destroy(&d->lock);
    pthread_mutex_destroy(&d->domid_lock);
    pthread_mutex_destroy(&d->probe_lock);
    pthread_cond_destroy(&d->told);
    free(d->dir);
    free(d->log_dir);
    free(d->lib_dir);
    free(d->binary);
    free(d->kvm_cpu);
    free(d->kvm_why);
    free(d);
}

static int find_binary(struct qemu *d, const struct value *config, struct err *e)
{
    const char *name = value_get_str(config, "qemu-binary", BINARY_DEFAULT);

    d->binary = program_find(name);
    if (d->binary)
        return 0;
    err_set(e, ERR_UNSUPPORTED, "%s: not found", name);
    return err_hint(e, "Install QEMU (Debian: apt-get install qemu-system-x86).");
}

/* Seconds as text; conf.c has checked it. */
static int detach_ms(const struct value *config)
{
    int64_t s;

    return parse_int(value_get_str(config, "device-destroy-timeout", "100"), &s) ? (int)s * 1000
                                                                                 : DETACH_MS;
}

/* Keys of xend-config.sxp: qemu-binary, qemu-user, qemu-accel, vnc-listen, vncpasswd, keymap,
 * vif-script, device-destroy-timeout. */
static struct driver *qemu_open(const struct driver_env *env, struct err *e)
{
    struct qemu *d = xcalloc(1, sizeof(*d));

    d->pub.ops = &driver_qemu;
    d->patience_ms = PATIENCE_MS;
    d->detach_ms = detach_ms(env->config);
    d->epoll_fd = d->wake_fd = d->changes_fd = -1;
    d->dir = path_join(env->run_dir, "qemu");
    d->log_dir = xstrdup(env->log_dir);
    d->lib_dir = xstrdup_null(env->lib_dir);
    d->accel = value_get_str(env->config, "qemu-accel", NULL);
    d->vnc_listen = value_get_str(env->config, "vnc-listen", NULL);
    d->vnc_passwd = value_get_str(env->config, "vncpasswd", NULL);
    d->keymap = value_get_str(env->config, "keymap", NULL);
    vnc_tls_read(env->config, &d->vnc_tls);
    d->vif_script = value_get_str(env->config, "vif-script", "vif-bridge");
    d->scripts_dir = env->scripts_dir ? env->scripts_dir : "/etc/xen/scripts";
    d->disk_served = env->disk_served;
    d->disk_served_arg = env->arg;
    d->cgroups = value_get_str(env->config, "qemu-cgroups", CGROUPS_DEFAULT); /* for tests */
    init_locks(d);
    if (find_binary(d, env->config, e) < 0 || make_dirs(d->dir, 0700, e) < 0 ||
        make_dirs(d->log_dir, 0755, e) < 0) {
        qemu_free(d);
        return NULL;
    }
    ids_find(&d->ids, env->config);
    if (monitor_start(d, e) < 0) {
        qemu_free(d);
        return NULL;
    }
    return &d->pub;
}

/* Guests that xend did not let go of are: they run on. */
static void qemu_close(struct driver *driver)
{
    struct qemu *d = qemu_of(driver);

    monitor_stop(d);
    while (d->guests.len)
        qemu_forget(&d->guests.ptr[0]->pub);
    qemu_free(d);
}

const struct driver_ops driver_qemu = {
    .name = "qemu",
    .flag = ON_QEMU,
    .open = qemu_open,
    .close = qemu_close,
    .node_info = qemu_node_info,
    .host_log = qemu_host_log,
    .scan = qemu_scan,
    .sample = qemu_sample,
    .vcpus = qemu_vcpus,
    .watch = qemu_watch,
    .create = qemu_create,
    .restore = qemu_restore,
    .save = qemu_save,
    .destroy = qemu_destroy,
    .forget = qemu_forget,
    .state = qemu_state,
    .pause = qemu_pause,
    .resume = qemu_resume,
    .stop = qemu_stop,
    .console = qemu_console,
    .vnc = qemu_vnc,
    .serial = qemu_serial,
    .channel = qemu_channel,
    .console_log = qemu_console_log,
    .set_memory = qemu_set_memory,
    .set_maxmem = qemu_set_maxmem,
    .set_vcpus = qemu_set_vcpus,
    .pin_vcpu = qemu_pin_vcpu,
    .keep_spec = qemu_keep_spec,
    .set_aside = qemu_set_aside,
    .set_sched = qemu_set_sched,
    .sysrq = qemu_sysrq,
    .trigger = qemu_trigger,
    .dump = qemu_dump,
    .attach = qemu_attach,
    .detach = qemu_detach,
    .set_media = qemu_set_media,
    .devices = qemu_devices,
};
