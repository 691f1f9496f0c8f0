/*
 * A guest that has ended and is kept to be looked at, while another one of its domain runs
 * (rename-restart): its QEMU holds its memory and nothing else any more, and it is known by another
 * uuid and name. Its directory gets its new name first: a xend that dies after that finds the old
 * guest in it, and begins again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/qemu/qemu.h"

/* Its screen stays, at a port that the next guest does not want. */
static void move_screen(struct qguest *g)
{
    struct value *args = value_map(), *where = value_map(), *list = value_list();
    struct screen sc;
    struct err e;

    value_set_str(where, "type", "inet");
    value_set_str(where, "host", "127.0.0.1");
    value_set_str(where, "port", "0"); /* any that is free */
    value_add_take(list, where);
    value_set_str(args, "type", "vnc");
    value_set_take(args, "addresses", list);
    if (!screen_of(g->spec, &sc))
        value_free(args);
    else if (qguest_call_take(g, "display-update", args, NULL, &e) < 0)
        log_warn("%s: its screen keeps its place: %s", g->spec->name, e.msg);
}

/* The log *path as the log of another name, if it can be. */
static void move_log(char **path, const char *prefix, const char *name)
{
    const char *slash = strrchr(*path, '/');
    char *new;

    if (!slash)
        return;
    new = xasprintf("%.*s/%s%s.log", (int)(slash - *path), *path, prefix, name);
    if (rename(*path, new) < 0) {
        log_warn("%s: %s", *path, strerror(errno));
        free(new);
        return;
    }
    free(*path);
    *path = new;
}

static void be_called(struct qguest *g, const char *uuid, const char *name)
{
    pthread_mutex_lock(&g->d->lock); /* the monitor looks at all of this */
    snprintf(g->pub.uuid, sizeof(g->pub.uuid), "%s", uuid);
    move_log(&g->log, "qemu-dm-", name);
    move_log(&g->console_log, "guest-", name);
    pthread_mutex_unlock(&g->d->lock);
}

/* The directory keeps its new name when this fails: nothing is known by it. */
static int take_spec(struct qguest *g, const struct spec *s, struct err *e)
{
    char old_uuid[UUID_TEXT_SIZE];
    struct spec *old = g->spec;

    memcpy(old_uuid, g->pub.uuid, sizeof(old_uuid));
    g->spec = spec_copy(s);
    if (!g->spec->machine)
        g->spec->machine = xstrdup_null(old->machine);
    g->aside = true;
    be_called(g, s->uuid, s->name);
    if (state_save(g, PHASE_READY, e) == 0) {
        limits_place(g); /* out of the group that the next one gets */
        spec_free(old);
        return 0;
    }
    be_called(g, old_uuid, old->name);
    g->aside = false;
    spec_free(g->spec);
    g->spec = old;
    return -1;
}

/* What it could not let go of would be missing in the next one. */
static int check_devices(const struct qguest *g, struct err *e)
{
    const struct devices *v = &g->spec->devices;

    for (size_t i = 0; i < v->len; i++) {
        enum device_class class = v->ptr[i]->class;

        if (class != DEVICE_DISK && class != DEVICE_VIF && class != DEVICE_VFB &&
            class != DEVICE_USBDEV && class != DEVICE_CHANNEL)
            return err_set(e, ERR_UNSUPPORTED, "it keeps its devices of class %s until it ends",
                           device_class_name(class));
    }
    return 0;
}

/* QEMU keeps its end of them; the next guest has their sockets. */
static void drop_channels(struct qguest *g)
{
    channels_remove(g->spec, true);
    pthread_mutex_lock(&g->d->lock);
    for (size_t i = 0; i < g->devices.len; i++)
        g->devices.ptr[i].dead |= g->devices.ptr[i].class == DEVICE_CHANNEL;
    pthread_mutex_unlock(&g->d->lock);
}

int qemu_set_aside(struct guest *guest, const struct spec *s, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    AUTO(freep) char *dir = path_join(g->d->dir, s->uuid);

    if (check_devices(g, e) < 0 || qguest_call_take(g, "query-status", NULL, NULL, e) < 0 ||
        qdevices_cut(g, e) < 0)
        return -1;
    drop_channels(g);
    move_screen(g);
    fault_point("qemu.aside");
    if (rename(g->dir, dir) < 0)
        return err_sys(e, "%s", g->dir);
    free(g->dir);
    g->dir = steal(dir);
    fault_point("qemu.aside-moved");
    return take_spec(g, s, e);
}
