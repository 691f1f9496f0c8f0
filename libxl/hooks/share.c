/* Who else has a disk: see share.h, and libxl/sharing.h for what is one and the same. */
#include "libxl/hooks/share.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/device.h"
#include "libxl/sharing.h"

#define UUID_DASHES 4 /* one more is of a domain that migrates to its own host: "-1" */

int share_mode(const char *text)
{
    return strchr(text, '!') ? DISK_WRITE_SHARED : strchr(text, 'w') ? DISK_WRITE : DISK_READ;
}

static char *get(const struct hook *c, const char *dir, const char *name)
{
    AUTO(freep) char *path = path_join(dir, name);

    return c->h->store->read(c->h->store, path);
}

/* Of a domain. */
static char *get_of(const struct hook *c, const char *domid, const char *name)
{
    AUTO(freep) char *dir = xasprintf("/local/domain/%s", domid);

    return get(c, dir, name);
}

/* The uuid of a domain, or NULL; the caller frees. */
static char *vm_of(const struct hook *c, const char *domid)
{
    char *vm = get_of(c, domid, "vm"), *at = vm;

    for (int i = 0; at && i <= UUID_DASHES; i++)
        at = strchr(at + (i > 0), '-');
    if (at)
        *at = '\0';
    return vm;
}

static bool is_target(const struct hook *c, const char *domid, const char *of)
{
    AUTO(freep) char *target = get_of(c, domid, "target");

    return target && strcmp(target, of) == 0;
}

/* The guest that the disk is for, under another number, or its device model. */
static bool same_vm(const struct hook *c, const char *domid, const char *own)
{
    AUTO(freep) char *theirs = NULL;
    AUTO(freep) char *ours = NULL;

    if (strcmp(domid, own) == 0 || is_target(c, own, domid) || is_target(c, domid, own))
        return true;
    theirs = vm_of(c, domid);
    ours = vm_of(c, own);
    return theirs && ours && *theirs && strcmp(theirs, ours) == 0;
}

struct wanted {
    const struct hook *c;
    const struct disk_identity *id;
    int mode;
    char *own; /* the domain that it is for */
};

/* Does this backend of another have the same disk, in a way that cannot be shared? */
static bool is_in_the_way(const struct wanted *w, const char *domid, const char *path)
{
    AUTO(freep) char *number = get(w->c, path, "physical-device");
    AUTO(freep) char *mode = NULL;
    struct disk_identity id;
    unsigned ma, mi;

    if (!number || sscanf(number, "%x:%x", &ma, &mi) != 2)
        return false;
    disk_identify_device(makedev(ma, mi), &id);
    if (!disk_overlaps(w->id, &id))
        return false;
    mode = get(w->c, path, "mode");
    return disk_conflicts(w->mode, share_mode(mode ? mode : "r")) && !same_vm(w->c, domid, w->own);
}

static bool has_it(const struct wanted *w, const char *domid)
{
    const struct hotplug_store *s = w->c->h->store;
    AUTO(freep) char *dir = xasprintf("backend/vbd/%s", domid);
    const char *ours = value_get_str(w->c->h->env, "XENBUS_PATH", "");
    unsigned n = 0;
    AUTO(freep) char **devs = s->list(s, dir, &n);

    for (unsigned i = 0; devs && i < n; i++) {
        AUTO(freep) char *path = xasprintf("%s/%s", dir, devs[i]);

        if (strcmp(path, ours) != 0 && is_in_the_way(w, domid, path))
            return true;
    }
    return false;
}

/* The name of a guest that has it, or NULL; the caller frees. */
static char *find_guest(const struct wanted *w)
{
    const struct hotplug_store *s = w->c->h->store;
    unsigned n = 0;
    AUTO(freep) char **domids = s->list(s, "backend/vbd", &n);

    for (unsigned i = 0; domids && i < n; i++) {
        char *name;

        if (!has_it(w, domids[i]))
            continue;
        name = get_of(w->c, domids[i], "name");
        return name ? name : xasprintf("domain %s", domids[i]);
    }
    return NULL;
}

/* The original's words, and then who it is. A reader is in the way of nobody but a writer. */
static int refuse(int mode, const char *what, const char *path, const char *place, const char *when,
                  const char *user, struct err *e)
{
    bool writes = mode != DISK_READ;

    return err_set(
        e, ERR_BUSY, "%s %s is mounted %sin %s domain, and so cannot be mounted %s%s. It is %s.",
        what, path, writes ? "" : "read-write ", place, writes ? "" : "read-only ", when, user);
}

int share_check(const struct hook *c, int mode, const char *what, const char *path, struct err *e)
{
    const struct disk k = {.target = (char *)path};
    struct disk_identity id;
    struct disk_use use;
    AUTO(freep) char *own = NULL;
    AUTO(freep) char *user = NULL;

    if (mode == DISK_WRITE_SHARED)
        return 0;
    disk_identify(&k, &id);
    disk_host_use(mode, &id, &use);
    if (use.kind != USE_NONE) {
        user = use.kind == USE_SWAP ? xstrdup("swap space") : xasprintf("mounted on %s", use.where);
        return refuse(mode, what, path, "the privileged", "by a guest", user, e);
    }
    own = hook_param(c, "frontend-id");
    const struct wanted w = {c, &id, mode, own};
    AUTO(freep) char *guest = find_guest(&w);
    if (!guest)
        return 0;
    user = xasprintf("used by %s", guest);
    return refuse(mode, what, path, "a guest", "now", user, e);
}
