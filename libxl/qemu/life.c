/* What is done to a guest that runs, and its end: the short operations of the interface. */
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

enum guest_state qemu_state(struct guest *guest, enum stop_reason *reason)
{
    struct qguest *g = qguest_of(guest);
    enum guest_state state;

    pthread_mutex_lock(&g->d->lock);
    state = g->ended ? GUEST_GONE : g->state;
    *reason = g->reason;
    pthread_mutex_unlock(&g->d->lock);
    return state;
}

int qguest_check_lives(struct qguest *g, struct err *e)
{
    enum stop_reason reason;
    enum guest_state state = qemu_state(&g->pub, &reason);

    if (state == GUEST_RUNNING || state == GUEST_PAUSED)
        return 0;
    return err_set(e, ERR_STATE, "it is %s", guest_state_name(state));
}

int qemu_pause(struct guest *guest, struct err *e)
{
    struct qguest *g = qguest_of(guest);

    return qguest_check_lives(g, e) < 0 ? -1 : qguest_call_take(g, "stop", NULL, NULL, e);
}

/* QEMU could not take its disks again. */
static int disks_are_taken(struct err *e)
{
    AUTO(freep) char *words = xstrdup(e->msg);

    err_set(e, ERR_BUSY, "its disks are in use by another process (%s)", words);
    return err_hint(e, "The guest that was restored from it may be running.");
}

/* Also of one that was saved: QEMU takes its disks again. */
int qemu_resume(struct guest *guest, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    enum stop_reason reason;
    bool saved = qemu_state(guest, &reason) == GUEST_SHUTDOWN && reason == STOP_SUSPEND;

    if (!saved && qguest_check_lives(g, e) < 0)
        return -1;
    if (qguest_call_take(g, "cont", NULL, NULL, e) == 0)
        return 0;
    return saved && strstr(e->msg, "\" lock") ? disks_are_taken(e) : -1;
}

/*
 * A young guest may not listen yet, and a press that nobody hears is lost: the monitor presses
 * again until the guest is old enough to have booted. Xen's request is kept for the guest, too.
 */
static int64_t press_until(const struct qguest *g)
{
    int64_t left = qguest_boot_left_ms(g);

    return left ? now_ms() + left : 0;
}

/*
 * The power button. A reboot is the same with the wish remembered: the guest powers off, and that
 * is then reported as the reboot; an ACPI guest has no button for it, and ctrl-alt-del needs a
 * keyboard driver and resets without asking anybody.
 */
int qemu_stop(struct guest *guest, enum stop_reason how, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    enum stop_reason reason;

    if (how != STOP_POWEROFF && how != STOP_HALT && how != STOP_REBOOT)
        return err_set(e, ERR_UNSUPPORTED, "the qemu driver cannot ask a guest to %s",
                       stop_reason_name(how));
    if (qguest_check_lives(g, e) < 0)
        return -1;
    if (qemu_state(guest, &reason) == GUEST_PAUSED)
        return err_set(e, ERR_STATE, "it is paused and cannot hear");
    pthread_mutex_lock(&g->d->lock);
    g->reboot_wished = how == STOP_REBOOT;
    g->press_until = press_until(g);
    pthread_mutex_unlock(&g->d->lock);
    state_wish_reboot(g->dir, how == STOP_REBOOT);
    return qguest_call_take(g, "system_powerdown", NULL, NULL, e);
}

/* Nobody else looks at the spec of a guest: its operations come one at a time. */
int qemu_keep_spec(struct guest *guest, const struct spec *s, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    struct spec *old = g->spec;

    g->spec = spec_copy(s);
    free(g->spec->uuid);
    g->spec->uuid = xstrdup(g->pub.uuid);
    if (old->machine) { /* it runs on the one that create has found, by its full name */
        free(g->spec->machine);
        g->spec->machine = xstrdup(old->machine);
    }
    fault_point("qemu.spec-keeping");
    if (state_save(g, PHASE_READY, e) < 0) {
        spec_free(g->spec);
        g->spec = old;
        return -1;
    }
    fault_point("qemu.spec-kept");
    spec_free(old);
    return 0;
}

/* The news of its end goes out when all of it is gone, directory included. */
int qemu_destroy(struct guest *guest, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    bool known;

    if (qguest_kill(g, e) < 0)
        return -1;
    fault_point("qemu.killed");
    nets_unplug(&g->nets, g->spec->name);
    if (!g->aside)
        channels_remove(g->spec, false);
    pci_give_back_all(g);
    serveds_drop(&g->served, g->dir, g->spec->name);
    fault_point("qemu.unplugged");
    state_tidy(g->dir);
    pthread_mutex_lock(&g->d->lock);
    known = g->announced;
    g->reason = STOP_POWEROFF;
    if (known)
        change_add(g, GUEST_GONE, NULL);
    pthread_mutex_unlock(&g->d->lock);
    monitor_remove(g);
    qguest_free(g);
    return 0;
}

void qemu_forget(struct guest *guest)
{
    struct qguest *g = qguest_of(guest);

    monitor_remove(g);
    qguest_free(g);
}

/* QEMU serves one client at a time; xend spreads the stream to many. */
int qemu_console(struct guest *guest, struct err *e)
{
    return qemu_serial(guest, 0, e);
}

char *qemu_console_log(struct guest *guest)
{
    return xstrdup(qguest_of(guest)->console_log);
}
