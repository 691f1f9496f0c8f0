/*
 * A guest that has ended and is kept to be looked at, while another one of its domain runs
 * (rename-restart): its domain keeps number and memory, its devices and its QEMU go; Xen, xenstore
 * and our files know it by another uuid and name. Its new state file comes first, as UUID.aside: a
 * xend that dies after that finishes what was begun, or forgets it. Called by xend, and scan.c.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/xen/dm.h"

#define SUFFIX ".aside"

/* As the file is to tell of it. */
static int note(const struct xguest *g, const struct spec *s, const char *path, struct err *e)
{
    struct xguest *dead = xguest_new(g->d, s);
    int r;

    snprintf(dead->pub.uuid, sizeof(dead->pub.uuid), "%s", s->uuid);
    memcpy(dead->nonce, g->nonce, sizeof(dead->nonce));
    dead->pub.domid = g->pub.domid;
    dead->pub.start_time = g->pub.start_time;
    r = xstate_write(dead, true, path, e);
    xguest_free(dead);
    return r;
}

/* Xen's word for it and ours change as one: who looks meanwhile finds it. */
static int take_identity(struct xguest *g, const char *uuid, struct spec **s, struct err *e)
{
    xen_domain_handle_t handle = {0};
    struct spec *before;
    int r;

    handle_from_uuid(handle, uuid);
    pthread_mutex_lock(&g->d->lock);
    r = xc_domain_sethandle(g->d->xch, g->pub.domid, handle);
    if (r == 0) {
        before = g->spec;
        snprintf(g->pub.uuid, sizeof(g->pub.uuid), "%s", uuid);
        g->spec = *s;
        *s = before;
    }
    pthread_mutex_unlock(&g->d->lock);
    return r < 0 ? err_xen(e, NULL) : 0;
}

static void move_log(char *from_take, char *to_take)
{
    AUTO(freep) char *from = from_take, *to = to_take;

    if (rename(from, to) < 0 && errno != ENOENT)
        log_warn("%s: %s", from, strerror(errno));
}

/* The next guest's logs are its own. */
static void move_logs(struct xguest *g)
{
    char *dm = dm_log(g), *console = console_log_path(g);

    pthread_mutex_lock(&g->d->lock); /* who bounds the logs looks at it */
    free(g->console_name);
    g->console_name = xstrdup(g->spec->name);
    pthread_mutex_unlock(&g->d->lock);
    move_log(dm, dm_log(g));
    move_log(console, console_log_path(g));
}

/* What holds a disk or an interface that the next guest wants. */
static int end_parts(struct xguest *g, struct err *e)
{
    enum stop_reason reason;
    enum guest_state state = xguest_look(g, &reason);

    if (state != GUEST_SHUTDOWN && state != GUEST_CRASHED)
        return err_set(e, ERR_STATE, "it is %s", guest_state_name(state));
    if (xs_check(g->d, e) < 0)
        return -1;
    if (dm_has(g))
        dm_end(g);
    g->dm.pid = 0;
    g->dm.dead = true;
    return guest_end_devices(g, e);
}

static int become(struct xguest *g, struct spec **s, struct err *e)
{
    char before[UUID_TEXT_SIZE];
    struct err more;

    memcpy(before, g->pub.uuid, sizeof(before));
    if (take_identity(g, (*s)->uuid, s, e) < 0)
        return -1;
    fault_point("xen.aside-named");
    if (store_move(g, before, e) == 0)
        return 0;
    if (take_identity(g, before, s, &more) < 0)
        log_error("%s: its old name: %s", g->spec->name, more.msg);
    return -1;
}

int xen_set_aside(struct guest *guest, const struct spec *s, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    AUTO(freep) char *before = xstate_path(g->d, g->pub.uuid, XSTATE);
    AUTO(freep) char *path = xstate_path(g->d, s->uuid, SUFFIX);
    AUTO(freep) char *now = xstate_path(g->d, s->uuid, XSTATE);
    AUTO(spec_freep) struct spec *other = spec_copy(s);

    if (end_parts(g, e) < 0 || note(g, s, path, e) < 0)
        return -1;
    fault_point("xen.aside");
    if (become(g, &other, e) < 0) {
        unlink(path);
        return -1;
    }
    fault_point("xen.aside-moved");
    move_logs(g);
    if (rename(path, now) < 0)
        log_error("%s: %s", path, strerror(errno)); /* the next xend does it */
    unlink(before);
    return 0;
}

/* Once Xen has its new name there is no way back, and before it there was nothing. */
static void finish(struct xguest *g, const char *path)
{
    AUTO(freep) char *now = xstate_path(g->d, g->pub.uuid, XSTATE);
    AUTO(freep) char *vm = NULL;
    enum stop_reason reason;
    struct err e;

    if (xguest_look(g, &reason) == GUEST_GONE) {
        unlink(path);
        return;
    }
    vm = store_get(g, "vm");
    if (vm && strncmp(vm, "/vm/", 4) == 0 && strcmp(vm + 4, g->pub.uuid) != 0 &&
        store_move(g, vm + 4, &e) < 0)
        log_error("%s: setting it aside: %s", g->spec->name, e.msg);
    else if (rename(path, now) < 0)
        log_error("%s: %s", path, strerror(errno));
}

/* What there is to do for a file with this suffix; NULL: nothing. */
static void (*finishing(const char *suffix))(struct xguest *g, const char *path)
{
    return strcmp(suffix, SUFFIX) == 0 ? finish : strcmp(suffix, XMOVED) == 0 ? move_finish : NULL;
}

void asides_finish(struct xen *d)
{
    DIR *dir = opendir(d->dir);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        AUTO(freep) char *name = xstrndup(entry->d_name, UUID_TEXT_SIZE - 1);
        AUTO(freep) char *path = path_join(d->dir, entry->d_name);
        void (*how)(struct xguest * g, const char *path);
        char uuid[UUID_TEXT_SIZE];
        struct xguest *g;
        struct err e;
        bool ready;

        if (!uuid_normalize(name, uuid) || !(how = finishing(entry->d_name + strlen(uuid))))
            continue;
        g = xstate_read(d, uuid, path, &ready, &e);
        if (!g) {
            log_warn("%s: left alone", e.msg);
            continue;
        }
        how(g, path);
        xguest_free(g);
    }
    if (dir)
        closedir(dir);
}
