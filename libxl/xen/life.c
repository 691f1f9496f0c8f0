/* What is done to a guest that runs, its console, and its end. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/xen/dm.h"
#include "libxl/xen/xdev.h"

#include <xen/hvm/params.h>

#define TTY_TIMEOUT_MS 5000 /* xenconsoled makes it within milliseconds of the domain */
#define CONSOLE_LOG_DIR "/var/log/xen/console" /* of Debian's xenconsoled, when it keeps logs */

enum guest_state xen_state(struct guest *guest, enum stop_reason *reason)
{
    return xguest_look(xguest_of(guest), reason);
}

/* Refuses what makes no sense for a guest that has stopped for good. */
static int check_lives(enum guest_state state, struct err *e)
{
    if (state == GUEST_RUNNING || state == GUEST_PAUSED)
        return 0;
    return err_set(e, ERR_STATE, "it is %s", guest_state_name(state));
}

/* One that stands suspended after a checkpoint. */
static int wake(struct xguest *g, enum guest_state *now, struct err *e)
{
    *now = GUEST_RUNNING;
    return guest_wake(g, e);
}

/* Xen counts pauses, so a guest that is in the wanted state already is left in it. */
static int set_running(struct xguest *g, bool run, struct err *e)
{
    enum stop_reason reason;
    enum guest_state now, want = run ? GUEST_RUNNING : GUEST_PAUSED;
    int r;

    pthread_mutex_lock(&g->d->lock);
    now = xguest_look(g, &reason);
    r = run && now == GUEST_SHUTDOWN && reason == STOP_SUSPEND ? wake(g, &now, e)
                                                               : check_lives(now, e);
    if (r == 0 && now != want) {
        r = run ? xc_domain_unpause(g->d->xch, g->pub.domid)
                : xc_domain_pause(g->d->xch, g->pub.domid);
        if (r < 0)
            err_xen(e, NULL);
    }
    if (r == 0)
        xguest_become(g, want, STOP_POWEROFF);
    pthread_mutex_unlock(&g->d->lock);
    return r;
}

int xen_pause(struct guest *g, struct err *e)
{
    return set_running(xguest_of(g), false, e);
}

int xen_resume(struct guest *g, struct err *e)
{
    return guest_is_suspended(xguest_of(g)) && dm_is_machine(xguest_of(g)) &&
                   dm_thaw(xguest_of(g), e) < 0
               ? -1
               : set_running(xguest_of(g), true, e);
}

/* A HVM guest without drivers of its own has nobody who does. */
bool guest_hears(const struct xguest *g)
{
    uint64_t callback = 0;

    return g->spec->type != TYPE_HVM ||
           (xc_hvm_param_get(g->d->xch, g->pub.domid, HVM_PARAM_CALLBACK_IRQ, &callback) == 0 &&
            callback);
}

/* As the original does it: at once. */
static int stop_now(const struct xguest *g, enum stop_reason how, struct err *e)
{
    int code = how == STOP_REBOOT ? SHUTDOWN_reboot : SHUTDOWN_poweroff;

    return xc_domain_shutdown(g->d->xch, g->pub.domid, code) < 0 ? err_xen(e, NULL) : 0;
}

/* The request stays in xenstore: a guest that is still booting hears it later. */
int xen_stop(struct guest *guest, enum stop_reason how, struct err *e)
{
    static const char *const words[] = {
        [STOP_POWEROFF] = "poweroff", [STOP_REBOOT] = "reboot", [STOP_HALT] = "halt"};
    struct xguest *g = xguest_of(guest);
    enum stop_reason reason;
    enum guest_state state = xguest_look(g, &reason);

    if ((size_t)how >= ARRAY_LEN(words) || !words[how])
        return err_set(e, ERR_UNSUPPORTED, "the xen driver cannot ask a guest to %s",
                       stop_reason_name(how));
    if (check_lives(state, e) < 0)
        return -1;
    if (state == GUEST_PAUSED)
        return err_set(e, ERR_STATE, "it is paused and cannot hear");
    fault_point("xen.asking");
    return guest_hears(g) ? store_request(g, words[how], e) : stop_now(g, how, e);
}

/* The backends of its number are its own while the number is; who ended the domain says nothing. */
int guest_end_devices(struct xguest *g, struct err *e)
{
    struct xdevs devices = {0};
    int r = 0;

    if (g->pub.domid && !xguest_is_replaced(g))
        r = xdevs_find(g, &devices, e);
    if (r == 0)
        r = xdevs_end(g, &devices, false, NULL, e);
    vec_clear(&devices);
    return r;
}

/* Already gone is fine, never made too: idempotent. One with its number only is another's. */
static int domain_end(struct xguest *g, struct err *e)
{
    enum stop_reason reason;

    if (dm_has(g))
        dm_end(g);
    if (g->pub.domid && xguest_look(g, &reason) != GUEST_GONE &&
        xc_domain_destroy(g->d->xch, g->pub.domid) < 0 && errno != ESRCH) {
        err_xen(e, NULL);
        return err_add(e, "destroying domain %u", g->pub.domid);
    }
    fault_point("xen.destroyed");
    if (g->pub.foreign)
        stranger_end_dm(g);
    return guest_end_devices(g, e) < 0 ? -1 : store_remove(g, e);
}

/* What cannot be ended keeps its state file: the next xend tries, too. */
bool domain_undo(struct xguest *g)
{
    struct err e;

    if (domain_end(g, &e) == 0) {
        xstate_remove(g);
        return true;
    }
    log_error("%s: giving back what was made: %s", g->spec->name, e.msg);
    return false;
}

void leftover_add_take(struct xguest *g)
{
    pthread_mutex_lock(&g->d->lock);
    vec_push(&g->d->leftovers, g);
    pthread_mutex_unlock(&g->d->lock);
}

void domain_end_take(struct xguest *g)
{
    if (domain_undo(g))
        xguest_free(g);
    else
        leftover_add_take(g);
}

void leftovers_end(struct xen *d)
{
    struct xguests all;

    pthread_mutex_lock(&d->lock);
    all = d->leftovers;
    d->leftovers = (struct xguests){0};
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < all.len; i++)
        domain_end_take(all.ptr[i]);
    vec_clear(&all);
}

int xen_destroy(struct guest *guest, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    int r;

    if (xs_check(g->d, e) < 0)
        return -1;
    pthread_mutex_lock(&g->d->lock);
    g->destroying = true;
    pthread_mutex_unlock(&g->d->lock);
    r = domain_end(g, e);
    if (r == 0)
        xstate_remove(g);
    pthread_mutex_lock(&g->d->lock);
    g->destroying = false;
    if (r == 0)
        xguest_become(g, GUEST_GONE, STOP_POWEROFF);
    pthread_mutex_unlock(&g->d->lock);
    if (r == 0)
        xen_forget(guest);
    return r;
}

void xen_forget(struct guest *guest)
{
    xguest_unlist(xguest_of(guest));
    xguest_free(xguest_of(guest));
}

/* A terminal would echo, and turn one kind of line end into another: xend wants bytes. */
static int open_raw(const char *path, struct err *e)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct termios t;

    if (fd < 0 || tcgetattr(fd, &t) < 0)
        goto failed;
    cfmakeraw(&t);
    if (tcsetattr(fd, TCSANOW, &t) == 0)
        return fd;
failed:
    err_sys(e, "%s", path);
    close_fd(&fd);
    return -1;
}

static int open_serial(const struct xguest *g, struct err *e)
{
    AUTO(freep) char *dir = dm_dir(g);
    AUTO(freep) char *path = path_join(dir, "console.sock");

    return unix_connect(path, e);
}

/* The pty is xenconsoled's. The node is dom0's, yet nothing but a pty is opened. */
int xen_console(struct guest *guest, struct err *e)
{
    AUTO(freep) char *path = NULL;

    if (dm_is_machine(xguest_of(guest)))
        return open_serial(xguest_of(guest), e);
    path = store_await(xguest_of(guest), "console/tty", TTY_TIMEOUT_MS, e);
    if (!path)
        return err_add(e, "console");
    if (strncmp(path, "/dev/pts/", 9) != 0 || !path[9] || path[9 + strspn(path + 9, "0123456789")])
        return err_set(e, ERR_BACKEND, "console: '%s' is no pty", path);
    return open_raw(path, e);
}

char *console_log_path(const struct xguest *g)
{
    return dm_is_machine(g) ? dm_console_log(g)
                            : xasprintf("%s/guest-%s.log", CONSOLE_LOG_DIR, g->console_name);
}

char *xen_console_log(struct guest *guest)
{
    char *path = console_log_path(xguest_of(guest));

    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}
