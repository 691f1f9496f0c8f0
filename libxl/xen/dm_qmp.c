/*
 * What is asked of a device model that runs: where its screen is, another disc in a drive. Each
 * question has a connection of its own: it is rarely asked. Called through the table of operations.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/xen/dm.h"

#define ANSWER_MS 20000
#define SET_FIRST 1000 /* numbers of the sets of descriptors that come later */

struct qmp *dm_connect(struct xguest *g, struct err *e)
{
    AUTO(freep) char *dir = dm_dir(g);
    AUTO(freep) char *path = path_join(dir, "qmp.sock");
    int fd = unix_connect(path, e);
    struct qmp *q = fd < 0 ? NULL : qmp_new_take(fd, NULL, NULL);

    if (q)
        qmp_pump_alone(q);
    return q;
}

struct qmp *dm_dial(struct xguest *g, struct err *e)
{
    struct qmp *q = g->dm.dead ? NULL : dm_connect(g, e);

    if (g->dm.dead)
        err_set(e, ERR_STATE, "its QEMU is gone");
    if (q && qmp_await_greeting(q, now_ms() + ANSWER_MS, e) == 0 &&
        qmp_negotiate(q, ANSWER_MS, e) == 0)
        return q;
    qmp_free(q);
    return NULL;
}

static int query_vnc(struct xguest *g, struct value **v, struct err *e)
{
    struct qmp *q = dm_dial(g, e);
    int r = q ? qmp_call_take(q, "query-vnc", NULL, ANSWER_MS, v, e) : -1;

    qmp_free(q);
    return r;
}

int xen_vnc(struct guest *guest, struct vnc_place *place, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;
    struct xguest *g = xguest_of(guest);
    struct screen sc;

    if (!dm_has(g) || !screen_of(g->spec, &sc))
        return err_set(e, ERR_UNSUPPORTED, "it has no screen");
    return query_vnc(g, &v, e) < 0 ? -1 : vnc_place_read(v, place, e);
}

/* One of the commands that change a drive; key and text: one argument more, or NULL. */
static int drive_call(struct qmp *q, const char *command, const char *id, const char *key,
                      const char *text, struct err *e)
{
    struct value *args = value_map();

    value_set_str(args, "device", id);
    if (key)
        value_set_str(args, key, text);
    return qmp_call_take(q, command, args, ANSWER_MS, NULL, e);
}

int dm_pass_fd(struct qmp *q, int fd, char path[DM_SET_PATH], int64_t *set, struct err *e)
{
    AUTO(value_freep) struct value *added = NULL;

    if (qmp_call_fd_take(q, "add-fd", NULL, fd, ANSWER_MS, &added, e) < 0)
        return -1;
    *set = value_get_int(added, "fdset-id", -1);
    snprintf(path, DM_SET_PATH, "/dev/fdset/%lld", (long long)*set);
    return 0;
}

static int pass_image(struct qmp *q, const struct disk *to, char path[DM_SET_PATH], int64_t *set,
                      struct err *e)
{
    bool block;
    AUTO(closep) int fd = image_open(to, &block, e);

    return fd < 0 ? -1 : dm_pass_fd(q, fd, path, set, e);
}

void dm_drop_set(struct qmp *q, int64_t set)
{
    struct value *args = value_map();
    struct err ignored;

    value_set_int(args, "fdset-id", set);
    qmp_call_take(q, "remove-fd", args, ANSWER_MS, NULL, &ignored);
}

/* A guest that uses the disc locks the tray; QEMU has then asked it to let go. */
static int open_tray(struct qmp *q, const char *id, const char *vdev, struct err *e)
{
    if (drive_call(q, "blockdev-open-tray", id, NULL, NULL, e) == 0)
        return 0;
    if (!strstr(e->msg, "locked"))
        return -1;
    err_set(e, ERR_BUSY, "the guest keeps the tray of %s locked", vdev);
    return err_hint(e, "It has the disc mounted: unmount it there, then try again.");
}

static int eject(struct qmp *q, const char *id, const char *vdev, struct err *e)
{
    struct err ignored;

    if (open_tray(q, id, vdev, e) < 0 ||
        drive_call(q, "blockdev-remove-medium", id, NULL, NULL, e) < 0)
        return -1;
    drive_call(q, "blockdev-close-tray", id, NULL, NULL, &ignored);
    return 0;
}

/* The new image is opened before the old one leaves the drive. */
static int insert(struct qmp *q, const char *id, const struct disk *to, struct err *e)
{
    struct value *args;
    char path[DM_SET_PATH];
    int64_t set;
    int r;

    if (pass_image(q, to, path, &set, e) < 0)
        return -1;
    fault_point("xen.media-opened");
    r = open_tray(q, id, to->vdev, e);
    if (r == 0) {
        args = value_map();
        value_set_str(args, "device", id);
        value_set_str(args, "filename", path);
        value_set_str(args, "format", "raw");
        value_set_str(args, "read-only-mode", "read-only");
        r = qmp_call_take(q, "blockdev-change-medium", args, ANSWER_MS, NULL, e);
    }
    dm_drop_set(q, set);
    return r;
}

static int set_target(struct xguest *g, const struct disk *to, struct err *e)
{
    struct spec *s = spec_copy(g->spec);
    struct device *d = devices_find(&s->devices, DEVICE_DISK, to->vdev);

    if (d) {
        free(d->disk.target);
        free(d->disk.type);
        d->disk.target = xstrdup_null(to->target);
        d->disk.type = xstrdup_null(to->type);
    }
    return xguest_set_spec(g, s, e);
}

int xen_set_media(struct guest *guest, const struct disk *to, struct job *j, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    const struct device *d = devices_find(&g->spec->devices, DEVICE_DISK, to->vdev);
    AUTO(freep) char *id = dm_disk_id(to->vdev);
    xc_domaininfo_t info;
    struct qmp *q;
    int r;

    if (xguest_info(g, &info, e) < 0 || job_check(j, e) < 0)
        return -1;
    if (!dm_is_machine(g))
        return err_set(e, ERR_UNSUPPORTED, "disk %s: only HVM guests of Xen have CD-ROM drives",
                       to->vdev);
    if (!d || d->disk.devtype != DISK_CDROM)
        return err_set(e, ERR_NOT_FOUND, "there is no CD-ROM drive %s", to->vdev);
    q = dm_dial(g, e);
    if (!q)
        return -1;
    r = to->target && *to->target ? insert(q, id, to, e) : eject(q, id, to->vdev, e);
    qmp_free(q);
    return r < 0 ? -1 : set_target(g, to, e);
}
