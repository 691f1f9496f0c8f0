/*
 * What can be told of a guest's disks before anything is made: that they are there, and that no
 * other guest of ours writes to them. Those of others, and what dom0 has mounted, the block script
 * finds. Called by create.c.
 */
#include <string.h>
#include <sys/stat.h>

#include "libxl/xen/xdev.h"

/* A disk of a guest that runs. */
struct used {
    char *owner, *target;
    int mode;
};
struct used_disks VEC(struct used);

static bool is_ours_to_check(const struct device *d)
{
    return d->class == DEVICE_DISK && !d->disk.script && d->disk.target && *d->disk.target == '/';
}

/* Copies, so that no file is touched while the lock is held. */
static void collect(struct xguest *g, struct used_disks *out)
{
    pthread_mutex_lock(&g->d->lock);
    for (size_t i = 0; i < g->d->guests.len; i++) {
        const struct xguest *other = g->d->guests.ptr[i];

        if (other == g || strcmp(other->pub.uuid, g->place_of) == 0)
            continue;
        for (size_t k = 0; k < other->spec->devices.len; k++) {
            const struct device *d = other->spec->devices.ptr[k];
            struct used u = {.mode = d->disk.mode};

            if (!is_ours_to_check(d))
                continue;
            u.owner = xstrdup(other->spec->name);
            u.target = xstrdup(d->disk.target);
            vec_push(out, u);
        }
    }
    pthread_mutex_unlock(&g->d->lock);
}

static void used_clear(struct used_disks *v)
{
    for (size_t i = 0; i < v->len; i++) {
        free(v->ptr[i].owner);
        free(v->ptr[i].target);
    }
    vec_clear(v);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    if (S_ISBLK(a->st_mode) != S_ISBLK(b->st_mode))
        return false;
    return S_ISBLK(a->st_mode) ? a->st_rdev == b->st_rdev
                               : a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The original's rule: a writer is alone, readers share, w! is the user's own risk. */
static int check_use(const struct disk *k, const struct stat *st, const struct used_disks *used,
                     struct err *e)
{
    for (size_t i = 0; i < used->len; i++) {
        const struct used *u = &used->ptr[i];
        struct stat other;

        if (k->mode == DISK_WRITE_SHARED || (k->mode == DISK_READ && u->mode == DISK_READ) ||
            stat(u->target, &other) < 0 || !is_same(st, &other))
            continue;
        err_set(e, ERR_BUSY, "disk %s: %s is in use by %s%s", k->vdev, k->target, u->owner,
                u->mode == DISK_READ ? "" : ", which writes to it");
        return err_hint(e, "Two writers destroy what is on a disk. The mode w! is for those that "
                           "know of one another.");
    }
    return 0;
}

int xdisk_check(struct xguest *g, const struct device *d, struct err *e)
{
    AUTO(used_clear) struct used_disks used = {0};
    const struct disk *k = &d->disk;
    struct stat st;

    if (!is_ours_to_check(d))
        return 0;
    if (stat(k->target, &st) < 0)
        return err_sys(e, "disk %s: %s", k->vdev, k->target);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return err_set(e, ERR_INVALID, "disk %s: %s: neither a file nor a block device", k->vdev,
                       k->target);
    collect(g, &used);
    return check_use(k, &st, &used, e);
}
