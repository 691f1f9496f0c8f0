/*
 * xend: the daemon that owns the domains of this host. The order of starting and stopping is
 * written out in serve().
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/autostart.h"
#include "xend/claims.h"
#include "xend/away.h"
#include "xend/console.h"
#include "xend/evaluate.h"
#include "xend/daemon.h"
#include "xend/dom0.h"
#include "xend/events.h"
#include "xend/network.h"
#include "xend/ops.h"
#include "xend/peer.h"
#include "xend/relocate.h"
#include "xend/server.h"
#include "xend/vnet.h"
#include "xend/xend.h"

#define STOP_WAIT_S 30 /* for xend to end, besides what on_xend_stop asks of domains */
#define JOBS_STOP_S 10 /* for running jobs to end when xend is told to stop */

struct options {
    const char *command, *root, *driver;
    bool foreground, check_only;
};

static const char usage[] =
    "Usage: xend {start|stop|restart|status} [--root DIR] [--driver xen|qemu|test]\n"
    "       xend -F    run in the foreground\n"
    "       xend -n    check the configuration and exit\n"
    "\n"
    "  start                start in the background; returns when xend answers\n"
    "  stop                 end xend; guests run on and are found again at its next start\n"
    "  restart              stop and start\n"
    "  status               exit status 0 when xend runs, 3 when not\n"
    "  -F, --foreground     do not go to the background\n"
    "  -n, --check          only check the configuration\n"
    "      --root DIR       keep everything below DIR (or set XEND_ROOT); xm knows it too\n"
    "      --driver NAME    what runs the guests, instead of (xend-driver ..) in xend-config.sxp\n"
    "  -h, --help           this text\n"
    "      --version        print the version\n";

static int fail(const struct err *e)
{
    fprintf(stderr, "Error: %s\n", e->msg);
    if (e->hint[0])
        fprintf(stderr, "%s\n", e->hint);
    return err_info(e->code)->exit_status;
}

/* Everything of the configuration that start and -n have in common. */
/* A path of the configuration: like all others it is below the root. The caller frees. */
static char *below_root(const struct xend *x, const char *path)
{
    return path[0] == '/' ? xasprintf("%s%s", x->paths.root, path) : xstrdup(path);
}

/* Where clients find it; its directory must be there. */
static void place_socket(struct xend *x)
{
    const char *path = conf_str(&x->conf, "xend-unix-path");

    if (!path)
        return;
    free(x->paths.socket);
    x->paths.socket = below_root(x, path);
}

static int configure(struct xend *x, const struct options *o, struct err *e)
{
    AUTO(value_freep) struct value *notes = NULL;
    const char *driver;

    if (conf_read(&x->conf, x->paths.config, &notes, e) < 0)
        return -1;
    for (size_t i = 0; i < value_len(notes); i++)
        fprintf(stderr, "Warning: %s\n", value_as_str(value_at(notes, i)));
    if (o->driver)
        value_set_str(x->conf.map, "xend-driver", o->driver);
    driver = conf_str(&x->conf, "xend-driver");
    if (driver && !driver_find(driver))
        return err_set(e, ERR_INVALID, "no driver '%s': xen, qemu or test", driver);
    place_socket(x);
    return 0;
}

static int make_places(const struct xend *x, struct err *e)
{
    AUTO(freep) char *pid_dir = xstrdup(x->paths.pid_file);

    *strrchr(pid_dir, '/') = '\0';
    return make_dirs(pid_dir, 0755, e) < 0 || make_dirs(x->paths.run_dir, 0755, e) < 0 ||
                   make_dirs(x->paths.lib_dir, 0755, e) < 0 ||
                   make_dirs(x->paths.log_dir, 0755, e) < 0
               ? -1
               : 0;
}

static int start_log(struct xend *x, bool foreground, struct err *e)
{
    const char *file = conf_str(&x->conf, "logfile");
    AUTO(freep)
    char *path = file ? below_root(x, file) : path_join(x->paths.log_dir, "xend.log");
    int level = log_level_parse(conf_str(&x->conf, "loglevel"));

    if (log_open(foreground ? NULL : path, (enum log_level)level, e) < 0)
        return -1;
    x->log_path = foreground ? NULL : steal(path);
    return 0;
}

/* In the dom0 of a Xen host, by root: the hypervisor. Else QEMU. */
static const struct driver_ops *default_driver(void)
{
    const struct driver_ops *xen = driver_find("xen");
    AUTO(buf_clear) struct buf caps = BUF_INIT;
    struct err ignored;

    if (xen && geteuid() == 0 && read_file("/proc/xen/capabilities", 256, &caps, &ignored) == 0 &&
        strstr(buf_str(&caps), "control_d"))
        return xen;
    return driver_find("qemu");
}

static int open_driver(struct xend *x, struct err *e)
{
    const char *name = conf_str(&x->conf, "xend-driver");
    const struct driver_ops *ops = name ? driver_find(name) : default_driver();
    const struct driver_env env = {.run_dir = x->paths.run_dir,
                                   .log_dir = x->paths.log_dir,
                                   .config = x->conf.map,
                                   .scripts_dir = x->paths.scripts_dir,
                                   .cache_dir = x->paths.cache_dir,
                                   .lib_dir = x->paths.lib_dir,
                                   .disk_served = claims_served,
                                   .arg = x};

    x->driver = ops->open(&env, e);
    return x->driver ? 0 : err_add(e, "driver %s", ops->name);
}

/* The socket belongs to root and, when it exists, the group that may use it. */
static int open_socket(struct xend *x, struct err *e)
{
    int fd = unix_listen(x->paths.socket, 0660, e);
    struct group *g = geteuid() == 0 ? getgrnam("xen") : NULL;

    x->group = g ? g->gr_gid : NO_GROUP;
    if (fd >= 0 && g && chown(x->paths.socket, 0, g->gr_gid) < 0)
        log_warn("%s: group xen may not use it: %s", x->paths.socket, strerror(errno));
    return fd;
}

struct watch {
    struct xend *xend;
    struct relocation *relocation;
    int stop_fd;
    pthread_t thread;
};

static void *watch_thread(void *arg)
{
    struct watch *w = arg;
    struct driver *d = w->xend->driver;
    struct err e;

    if (d->ops->watch(d, w->stop_fd, ops_guest_changed, w->xend, &e) < 0)
        log_error("changes of guests are not noticed any more: %s", e.msg);
    return NULL;
}

static int start_all(struct xend *x, struct watch *w, struct err *e)
{
    int listen_fd;

    remove_unfinished(x->paths.lib_dir);
    remove_unfinished(x->paths.run_dir);
    away_open(x);
    network_start(x);
    if (open_driver(x, e) < 0)
        return -1;
    x->domains = domains_new(x);
    x->events = events_open(x, x->paths.lib_dir, e);
    if (!x->events)
        return -1;
    x->queue = queue_new(x);
    x->consoles = consoles_new(x);
    if (vnet_open(x, e) < 0 || dom0_add(x, e) < 0 || ops_load(x, e) < 0 || ops_adopt(x, e) < 0)
        return -1;
    autostart_open(x);
    w->xend = x;
    w->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (w->stop_fd < 0)
        return err_sys(e, "eventfd");
    listen_fd = open_socket(x, e);
    if (listen_fd < 0)
        return -1;
    x->server = server_start(x, listen_fd, e);
    if (!x->server)
        return -1;
    log_listen(server_wake_log, x->server);
    w->relocation = relocate_open(x);
    pthread_create(&w->thread, NULL, watch_thread, w);
    return 0;
}

/* Guests that run are let go, not ended: the next xend finds them. True when there are any. */
static bool forget_guests(struct xend *x)
{
    bool any = false;

    for (size_t i = 0; i < x->domains->n; i++)
        if (x->domains->sorted[i]->guest) {
            x->driver->ops->forget(x->domains->sorted[i]->guest);
            x->domains->sorted[i]->guest = NULL;
            any = true;
        }
    return any;
}

static void stop_all(struct xend *x, struct watch *w)
{
    uint64_t one = 1;
    struct server *server = x->server;

    unlink(x->paths.socket);
    relocate_close(w->relocation);
    if (!queue_stop(x->queue, JOBS_STOP_S)) {
        log_warn("a job still runs: ending without it");
        queue_abandon(x->queue);
        server_answer_all(server);
        _exit(0); /* the next xend finds out what became of it */
    }
    log_listen(NULL, NULL);
    consoles_free(x->consoles);
    x->consoles = NULL;
    server_stop(server);
    if (write(w->stop_fd, &one, sizeof(one)) == sizeof(one))
        pthread_join(w->thread, NULL);
    close(w->stop_fd);
    network_stop(x, forget_guests(x));
    autostart_close(x);
    vnet_close(x);
    events_close(x->events);
    x->events = NULL;
    domains_free(x->domains);
    queue_free(x->queue);
    x->driver->ops->close(x->driver);
    server_free(server);
}

static void block_signals(sigset_t *set)
{
    struct rlimit files;

    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* a few descriptors a guest: take what we may */
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* The life of the daemon, from its lock to its end. */
static int serve(struct xend *x, const struct options *o, int ready_fd)
{
    struct watch w = {0};
    AUTO(closep) int lock = -1;
    sigset_t set;
    struct err e = {0};
    int s;

    umask(022);
    block_signals(&set);
    pthread_mutex_init(&x->lock, NULL);
    if (make_places(x, &e) < 0 || (lock = daemon_lock(x->paths.pid_file, &e)) < 0 ||
        start_log(x, o->foreground, &e) < 0 || start_all(x, &w, &e) < 0) {
        if (lock >= 0)
            unlink(x->paths.pid_file);
        log_error("cannot start: %s", e.msg);
        if (ready_fd >= 0)
            daemon_report(ready_fd, &e);
        return ready_fd >= 0 ? 1 : o->foreground ? fail(&e) : 1;
    }
    log_info("xend %s started, driver %s, socket %s", VERSION, x->driver->ops->name,
             x->paths.socket);
    if (ready_fd >= 0)
        daemon_report(ready_fd, NULL);
    do {
        if (sigwait(&set, &s) != 0)
            break;
    } while (s == SIGHUP);
    log_info("xend stops on signal %d (%s)", s, strsignal(s));
    autostart_stop(x);
    stop_all(x, &w);
    unlink(x->paths.pid_file);
    log_info("xend stopped");
    return 0;
}

static int start(struct xend *x, const struct options *o)
{
    struct err e;
    int ready_fd = -1, r;
    pid_t pid;

    if (configure(x, o, &e) < 0)
        return fail(&e);
    pid = daemon_await(x->paths.pid_file, x->paths.socket, &e);
    if (pid < 0)
        return fail(&e);
    if (pid && !o->foreground) {
        printf("xend is already running (pid %d).\n", (int)pid);
        return 0;
    }
    if (o->foreground)
        return serve(x, o, -1);
    r = daemon_fork(&ready_fd, &e);
    if (r < 0)
        return fail(&e);
    return r > 0 ? r - 1 : serve(x, o, ready_fd);
}

static int stop(struct xend *x)
{
    struct value *notes = NULL;
    int timeout_s = STOP_WAIT_S;
    struct err e;

    if (conf_read(&x->conf, x->paths.config, &notes, &e) == 0) /* domains may have to stop first */
        timeout_s += (int)conf_int(&x->conf, "shutdown-patience");
    value_free(notes);
    conf_clear(&x->conf); /* a start that follows reads it anew */
    return daemon_stop(x->paths.pid_file, timeout_s, &e) < 0 ? fail(&e) : 0;
}

static int status(struct xend *x)
{
    pid_t pid = daemon_running(x->paths.pid_file);

    if (pid)
        printf("xend is running (pid %d).\n", (int)pid);
    else
        printf("xend is not running.\n");
    return pid ? 0 : 3;
}

static int check(struct xend *x, const struct options *o)
{
    struct err e;

    if (configure(x, o, &e) < 0)
        return fail(&e);
    printf("%s: no errors\n", x->paths.config);
    return 0;
}

static int run(struct xend *x, const struct options *o)
{
    const char *c = o->command;

    if (o->check_only)
        return check(x, o);
    if (o->foreground || strcmp(c, "start") == 0)
        return start(x, o);
    if (strcmp(c, "stop") == 0)
        return stop(x);
    if (strcmp(c, "status") == 0)
        return status(x);
    if (strcmp(c, "restart") == 0)
        return stop(x) || start(x, o);
    fprintf(stderr, "Error: unknown command '%s'\n%s", c, usage);
    return 1;
}

/* -1 to go on, else the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"foreground", no_argument, NULL, 'F'},
                                          {"check", no_argument, NULL, 'n'},
                                          {"root", required_argument, NULL, 'r'},
                                          {"driver", required_argument, NULL, 'd'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "Fnh", longs, NULL)) != -1) {
        switch (c) {
        case 'F':
            o->foreground = true;
            break;
        case 'n':
            o->check_only = true;
            break;
        case 'r':
            o->root = optarg;
            break;
        case 'd':
            o->driver = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 'V':
            puts("xend " VERSION);
            return 0;
        default:
            fputs(usage, stderr);
            return 1;
        }
    }
    o->command = optind < argc ? argv[optind++] : NULL;
    if (optind < argc || (!o->command && !o->foreground && !o->check_only)) {
        fputs(usage, stderr);
        return 1;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct xend x = {0};
    int status_now;

    driver_helper(argc, argv);
    if (argc == 2 && strcmp(argv[1], "--evaluate") == 0) /* by xend itself only: no option */
        return evaluate_child();
    status_now = parse(argc, argv, &o);
    if (status_now >= 0)
        return status_now;
    paths_init(&x.paths, o.root);
    fault_init();
    status_now = run(&x, &o);
    free(x.log_path);
    conf_clear(&x.conf);
    paths_clear(&x.paths);
    return status_now;
}
