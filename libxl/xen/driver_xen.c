/*
 * The Xen driver: guests are domains of the hypervisor below us, made with libxenctrl and
 * libxenguest and described in xenstore. Opens in dom0 only. This file opens and closes the
 * driver, turns Xen's errors into ours, and has the table of operations; see xen.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/field.h"
#include "libxl/xen/dm.h"

static void __attribute__((format(printf, 5, 0)))
on_message(xentoollog_logger *logger, xentoollog_level level, int sys, const char *context,
           const char *fmt, va_list ap)
{
    struct xlog *l = (struct xlog *)logger;
    char text[sizeof(l->words)];

    (void)sys;
    if (level < XTL_WARN)
        return;
    vsnprintf(text, sizeof(text), fmt, ap);
    log_debug("%s: %s", context ? context : "xen", text);
    if (level >= XTL_ERROR && !l->words[0])
        memcpy(l->words, text, sizeof(text));
}

void xlog_init(struct xlog *l)
{
    *l = (struct xlog){.vtable = {.vmessage = on_message}};
}

/* libxenguest says "panic: xg_dom_core.c:536: xc_dom_alloc: too large": people want the end. */
static const char *plain_words(const char *words)
{
    const char *function = strstr(words, ": xc_"), *end;

    if (strncmp(words, "panic: ", 7) != 0 || !function)
        return words;
    end = strstr(function + 2, ": ");
    return end ? end + 2 : words;
}

/* The first error of libxenguest is the cause; those that follow tell of its own unwinding. */
int err_xen(struct err *e, const struct xlog *l)
{
    int sys = errno;
    enum err_code code = sys == ENOMEM || sys == ENOSPC ? ERR_NO_RESOURCE : ERR_BACKEND;

    if (l && l->words[0])
        return err_set(e, code, "%s", plain_words(l->words));
    return err_set(e, code, "Xen says: %s", strerror(sys));
}

static void xen_close(struct driver *driver)
{
    struct xen *d = xen_of(driver);

    while (d->guests.len)
        xen_forget(&d->guests.ptr[0]->pub);
    while (d->leftovers.len)
        xguest_free(d->leftovers.ptr[--d->leftovers.len]);
    vec_clear(&d->leftovers);
    vec_clear(&d->guests);
    vec_clear(&d->making);
    vec_clear(&d->strangers);
    for (size_t i = 0; i < d->changes.len; i++)
        free(d->changes.ptr[i].detail);
    vec_clear(&d->changes);
    if (d->xch)
        xc_interface_close(d->xch);
    xs_disconnect(d);
    close_fd(&d->wake_fd);
    close_fd(&d->dm_epoll);
    pthread_mutex_destroy(&d->lock);
    pthread_mutex_destroy(&d->balloon_lock);
    pthread_mutex_destroy(&d->unpacking);
    free(d->dir);
    free(d->log_dir);
    free(d);
}

/*
 * Why it does not answer. Its version may be asked by everybody; what only dom0 may do fails with
 * EACCES when the versions of these calls differ.
 */
static int no_hypervisor(xc_interface *xch, struct err *e)
{
    int version, sys = errno;

    err_sys(e, "the hypervisor");
    e->code = ERR_UNSUPPORTED;
    if (!xch || sys != EACCES || (version = xc_version(xch, XENVER_version, NULL)) < 0)
        return err_hint(e, "The xen driver works in the dom0 of a Xen host, as root.");
    err_set(e, ERR_UNSUPPORTED, "the hypervisor is Xen %d.%d, xend's libraries are of another Xen",
            version >> 16, version & 0xffff);
    return err_hint(e, "Install the Xen tools of the hypervisor's version, or reboot into the "
                       "hypervisor of theirs.");
}

/* Hypervisor, xenstore, and our own things. */
static int connect_all(struct xen *d, struct err *e)
{
    static struct xlog log; /* shared by all threads: only xlog_init writes to it */
    xc_physinfo_t host = {0};

    xlog_init(&log);
    strcpy(log.words, "-"); /* keeps none */
    d->xch = xc_interface_open(&log.vtable, NULL, 0);
    if (!d->xch || xc_physinfo(d->xch, &host) < 0)
        return no_hypervisor(d->xch, e);
    if (xs_connect(d, e) < 0)
        return -1;
    d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    d->dm_epoll = epoll_create1(EPOLL_CLOEXEC);
    return d->wake_fd < 0 || d->dm_epoll < 0 ? err_sys(e, "eventfd") : make_dirs(d->dir, 0700, e);
}

/* As the original: a least memory of 0 means that dom0 is left alone. */
static void read_ballooning(struct xen *d, const struct value *config)
{
    int64_t min_mib = 0;

    if (!parse_int(value_get_str(config, "dom0-min-mem", "0"), &min_mib) || min_mib <= 0)
        return;
    d->dom0_min_kib = (uint64_t)min_mib * 1024;
    d->dom0_balloons = parse_bool(value_get_str(config, "enable-dom0-ballooning", "yes")) > 0;
}

static struct driver *xen_open(const struct driver_env *env, struct err *e)
{
    struct xen *d = xcalloc(1, sizeof(*d));

    d->pub.ops = &driver_xen;
    d->dir = path_join(env->run_dir, "xen");
    d->log_dir = xstrdup(env->log_dir);
    d->vnc_listen = value_get_str(env->config, "vnc-listen", NULL);
    d->vnc_passwd = value_get_str(env->config, "vncpasswd", NULL);
    d->keymap = value_get_str(env->config, "keymap", NULL);
    vnc_tls_read(env->config, &d->vnc_tls);
    d->qemu = value_get_str(env->config, "qemu-binary", NULL);
    ids_find(&d->ids, env->config);
    d->scripts_dir = env->scripts_dir ? env->scripts_dir : "/etc/xen/scripts";
    d->vif_script = value_get_str(env->config, "vif-script", "vif-bridge");
    d->wake_fd = d->dm_epoll = -1;
    d->cache_dir = env->cache_dir;
    pthread_mutex_init(&d->unpacking, NULL);
    pthread_mutex_init(&d->lock, NULL);
    pthread_mutex_init(&d->balloon_lock, NULL);
    read_ballooning(d, env->config);
    if (connect_all(d, e) == 0)
        return &d->pub;
    xen_close(&d->pub);
    return NULL;
}

const struct driver_ops driver_xen = {
    .name = "xen",
    .flag = ON_XEN,
    .open = xen_open,
    .close = xen_close,
    .node_info = xen_node_info,
    .host_log = xen_host_log,
    .scan = xen_scan,
    .sample = xen_sample,
    .vcpus = xen_vcpus,
    .watch = xen_watch,
    .create = xen_create,
    .restore = xen_restore,
    .save = xen_save,
    .destroy = xen_destroy,
    .forget = xen_forget,
    .state = xen_state,
    .pause = xen_pause,
    .resume = xen_resume,
    .stop = xen_stop,
    .console = xen_console,
    .console_log = xen_console_log,
    .vnc = xen_vnc,
    .set_memory = xen_set_memory,
    .set_maxmem = xen_set_maxmem,
    .set_vcpus = xen_set_vcpus,
    .pin_vcpu = xen_pin_vcpu,
    .keep_spec = xen_keep_spec,
    .set_aside = xen_set_aside,
    .move = xen_move,
    .set_sched = xen_set_sched,
    .sched = xen_sched,
    .pools = xen_pools,
    .pool_new = xen_pool_new,
    .pool_delete = xen_pool_delete,
    .pool_cpu = xen_pool_cpu,
    .pool_move = xen_pool_move,
    .debug_keys = xen_debug_keys,
    .attach = xen_attach,
    .detach = xen_detach,
    .set_media = xen_set_media,
    .devices = xen_devices,
    .sysrq = xen_sysrq,
    .trigger = xen_trigger,
    .dump = xen_dump,
};
