/*
 * Another image in a CD-ROM drive, or none. The new one is opened before the old one leaves the
 * drive, under the other of the drive's two node names; after a failure the old one is put back.
 */
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/qemu/qemu.h"

/* One of the commands that change a drive; node: of blockdev-insert-medium. */
static int drive_call(struct qguest *g, const char *command, const char *id, const char *node,
                      struct err *e)
{
    struct value *args = value_map();

    value_set_str(args, "id", id);
    value_set_str(args, "node-name", node);
    return qguest_call_take(g, command, args, NULL, e);
}

/* What is in the drive: the name of its node, "" when it is empty. NULL: there is no such drive. */
static char *node_in(struct qguest *g, const char *id, struct err *e)
{
    AUTO(value_freep) struct value *all = NULL;
    size_t n = strlen(id);

    if (qguest_call_take(g, "query-block", NULL, &all, e) < 0)
        return NULL;
    for (size_t i = 0; i < value_len(all); i++) {
        const struct value *b = value_at(all, i);
        const char *qdev = value_get_str(b, "qdev", "");
        size_t len = strlen(qdev);

        /* its id, or for some drives a path that ends in it or has it in the middle */
        if (strcmp(qdev, id) == 0 || (len > n && strcmp(qdev + len - n, id) == 0))
            return xstrdup(value_get_str(value_get(b, "inserted"), "node-name", ""));
    }
    err_set(e, ERR_NOT_FOUND, "there is no drive %s", id + strlen("disk-"));
    return NULL;
}

/* A guest that uses the disc locks the tray; QEMU has then asked it to let go. */
static int open_tray(struct qguest *g, const char *id, struct err *e)
{
    if (drive_call(g, "blockdev-open-tray", id, NULL, e) == 0)
        return 0;
    if (!strstr(e->msg, "locked"))
        return -1;
    err_set(e, ERR_BUSY, "the guest keeps the tray of %s locked", id + strlen("disk-"));
    return err_hint(e, "It has the disc mounted: unmount it there, then try again.");
}

/* old and new: nodes, "" for none. The tray is open before and closed after. */
static int swap(struct qguest *g, const char *id, const char *old, const char *new, struct err *e)
{
    struct err ignored;

    if (*old && drive_call(g, "blockdev-remove-medium", id, NULL, e) < 0)
        return -1;
    fault_point("qemu.media-out");
    if (!*new || drive_call(g, "blockdev-insert-medium", id, new, e) == 0)
        return 0;
    if (*old)
        drive_call(g, "blockdev-insert-medium", id, old, &ignored);
    return -1;
}

/* The node of the new image, "" for none; -1 leaves nothing. */
static int open_image(struct qguest *g, const struct disk *to, const char *node, struct err *e)
{
    struct launch_disk ld = {.disk = to};
    int fd;

    if (!*node)
        return 0;
    fd = disk_open(g, to, node, &ld.block, e);
    return fd < 0 ? -1 : qnode_add_take(g, &ld, fd, node, e);
}

static void keep_place(struct qguest *g, const struct disk *to, const char *node)
{
    struct qdevice *q;

    pthread_mutex_lock(&g->d->lock);
    q = qdevice_find(g, DEVICE_DISK, to->vdev);
    if (q) {
        free(q->place);
        q->place = xstrdup_null(disk_place(g, node, to->target));
    }
    pthread_mutex_unlock(&g->d->lock);
}

int qemu_set_media(struct guest *guest, const struct disk *to, struct job *j, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    AUTO(freep) char *id = disk_id(to->vdev), *old = NULL, *new = NULL;
    bool empty = !to->target || !to->target[0];
    struct err ignored;
    int r;

    if (qguest_check_lives(g, e) < 0 || qdevices_settle(g, e) < 0 || job_check(j, e) < 0 ||
        !(old = node_in(g, id, e)))
        return -1;
    new = empty ? xstrdup("") : xasprintf("%s%s", id, strcmp(old, id) == 0 ? ".1" : "");
    qnode_release(g, new); /* of an xend that died there */
    if (open_image(g, to, new, e) < 0)
        return -1;
    fault_point("qemu.media-opened");
    r = open_tray(g, id, e);
    if (r == 0) {
        r = swap(g, id, old, new, e);
        drive_call(g, "blockdev-close-tray", id, NULL, &ignored);
    }
    if (*(r == 0 ? old : new))
        qnode_release(g, r == 0 ? old : new);
    if (r == 0)
        keep_place(g, to, new);
    return r;
}
