/*
 * The disks on a QEMU command line. The name in the spec decides the bus: xvda and vda are
 * virtio-blk (the guest sees vda), hda is IDE, sda is virtio-scsi (every Debian kernel has its
 * driver, the cloud one has none for LSI). Images come as descriptors in fdsets, their format is
 * always explicit: QEMU probes nothing and opens nothing by path. Pure functions.
 */
#include <stdio.h>
#include <string.h>

#include "libxl/qemu/qemu.h"

enum bus { BUS_VIRTIO, BUS_IDE, BUS_SCSI };

static const struct {
    const char *prefix;
    enum bus bus;
} names[] = {{"xvd", BUS_VIRTIO}, {"vd", BUS_VIRTIO}, {"hd", BUS_IDE}, {"sd", BUS_SCSI}};

/* Formats as the spec names them, and as QEMU does. No others: their headers may name files. */
static const char *const formats[][2] = {{"raw", "raw"}, {"qcow2", "qcow2"}, {"vhd", "vpc"}};

#define IDE_DISKS 4      /* two channels of two */
#define SCSI_TARGETS 128 /* from here on: CD drives that are named like virtio disks */

struct place {
    enum bus bus;
    int index; /* a is 0 */
    const char *vdev;
};

static int find_place(const char *vdev, struct place *p, struct err *e)
{
    if (strncmp(vdev, "/dev/", 5) == 0)
        vdev += 5;
    p->vdev = vdev;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *at = vdev + strlen(names[i].prefix);
        int index = 0;

        if (strncmp(vdev, names[i].prefix, strlen(names[i].prefix)) != 0)
            continue;
        for (; *at >= 'a' && *at <= 'z' && index < SCSI_TARGETS; at++)
            index = index * 26 + (*at - 'a' + 1);
        if (*at >= '0' && *at <= '9') {
            err_set(e, ERR_UNSUPPORTED, "disk %s: the qemu driver has whole disks only", vdev);
            return err_hint(e, "A partition cannot be given to a QEMU guest by itself: use %.*s.",
                            (int)(at - vdev), vdev);
        }
        if (*at || index == 0 || index > SCSI_TARGETS)
            break;
        p->bus = names[i].bus;
        p->index = index - 1;
        return 0;
    }
    return err_set(e, ERR_UNSUPPORTED, "disk %s: not one of xvda.., vda.., sda.., hda to hdd",
                   vdev);
}

/* NULL for a format that the driver does not take; no format means raw, never a guess. */
static const char *qemu_format(const char *format)
{
    if (!format)
        return "raw";
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(formats[i][0], format) == 0)
            return formats[i][1];
    return NULL;
}

/* What QEMU could not honour is refused, above all "read-only". */
static int check_disk(const struct disk *k, struct place *p, struct err *e)
{
    bool cdrom = k->devtype == DISK_CDROM;

    if (!qemu_format(k->format))
        return err_set(e, ERR_UNSUPPORTED,
                       "disk %s: format=%s: the qemu driver knows raw, qcow2 and vhd", p->vdev,
                       k->format);
    if (k->mode == DISK_WRITE_SHARED && strcmp(qemu_format(k->format), "raw") != 0)
        return err_set(e, ERR_UNSUPPORTED, "disk %s: only a raw image can be shared (w!)", p->vdev);
    if (p->bus != BUS_IDE)
        return 0;
    if (p->index >= IDE_DISKS)
        return err_set(e, ERR_UNSUPPORTED, "disk %s: there are four IDE drives, hda to hdd",
                       p->vdev);
    if (!cdrom && k->mode == DISK_READ) {
        err_set(e, ERR_UNSUPPORTED, "disk %s: an IDE disk cannot be read-only", p->vdev);
        return err_hint(e, "Use xvda or sda for a read-only disk, or hda:cdrom.");
    }
    return 0;
}

struct value *disk_blockdev(const struct launch_disk *ld, const char *node)
{
    const struct disk *k = ld->disk;
    bool read_only = k->mode == DISK_READ || k->devtype == DISK_CDROM;
    AUTO(freep) char *filename = xasprintf("/dev/fdset/%d", ld->fd);
    struct value *file = value_map(), *v = value_map();

    value_set_str(file, "driver", ld->block ? "host_device" : "file");
    value_set_str(file, "filename", filename);
    value_set_bool(file, "read-only", read_only);
    value_set_bool(file, "auto-read-only", false);
    value_set_str(file, "discard", "unmap");

    value_set_str(v, "driver", qemu_format(k->format));
    value_set_str(v, "node-name", node);
    value_set_bool(v, "read-only", read_only);
    value_set_bool(v, "auto-read-only", false);
    value_set_str(v, "discard", "unmap");
    value_set_take(v, "file", file);
    return v;
}

static void add_blockdev(const struct launch_disk *ld, const char *node, struct strings *argv)
{
    AUTO(value_freep) struct value *v = disk_blockdev(ld, node);

    args_add(argv, "-add-fd");
    args_add(argv, "fd=%d,set=%d,opaque=%s", ld->fd, ld->fd, node);
    args_add_json(argv, "-blockdev", v);
}

static void place_ide(struct value *v, const struct launch *l, int index)
{
    /* q35's six SATA ports are buses of one drive, pc has two channels of two */
    bool sata = strstr(l->machine, "q35") != NULL;
    char bus[16];

    snprintf(bus, sizeof(bus), "ide.%d", sata ? index : index / 2);
    value_set_str(v, "bus", bus);
    value_set_int(v, "unit", sata ? 0 : index % 2);
}

static void place_scsi(struct value *v, const struct place *p)
{
    value_set_str(v, "bus", "scsi0.0");
    value_set_int(v, "scsi-id", p->index + (p->bus == BUS_SCSI ? 0 : SCSI_TARGETS));
}

/* virtio-blk has no CD drives: those are SCSI ones. */
static bool on_scsi(const struct disk *k, const struct place *p)
{
    return p->bus == BUS_SCSI || (p->bus == BUS_VIRTIO && k->devtype == DISK_CDROM);
}

char *disk_id(const char *vdev)
{
    return xasprintf("disk-%s", strncmp(vdev, "/dev/", 5) == 0 ? vdev + 5 : vdev);
}

/* The drive on its bus, without a place in the boot order. */
static struct value *device_of(const struct launch *l, const struct launch_disk *ld,
                               const struct place *p, const char *id)
{
    const struct disk *k = ld->disk;
    bool cdrom = k->devtype == DISK_CDROM, scsi = on_scsi(k, p);
    struct value *v = value_map();

    value_set_str(v, "driver",
                  scsi                ? cdrom ? "scsi-cd" : "scsi-hd"
                  : p->bus == BUS_IDE ? cdrom ? "ide-cd" : "ide-hd"
                                      : "virtio-blk-pci");
    value_set_str(v, "id", id);
    if (ld->fd >= 0)
        value_set_str(v, "drive", id);
    if (scsi)
        place_scsi(v, p);
    else if (p->bus == BUS_IDE)
        place_ide(v, l, p->index);
    value_set_str(v, "serial", p->vdev); /* /dev/disk/by-id knows it by the spec's name */
    if (k->mode == DISK_WRITE_SHARED)
        value_set_bool(v, "share-rw", true);
    if (l->queues && !scsi && p->bus != BUS_IDE)
        value_set_int(v, "num-queues", l->queues);
    if (!scsi && p->bus != BUS_IDE)
        launch_place(l, v, id);
    return v;
}

/* `index` is its place among the disks, for the boot order. */
static void add_disk(const struct launch *l, const struct launch_disk *ld, const struct place *p,
                     int index, struct strings *argv)
{
    int boot = boot_place(l->spec, ld->disk->devtype == DISK_CDROM ? 'd' : 'c');
    AUTO(freep) char *id = disk_id(p->vdev);
    AUTO(value_freep) struct value *v = device_of(l, ld, p, id);

    if (ld->fd >= 0)
        add_blockdev(ld, id, argv);
    if (boot)
        value_set_int(v, "bootindex", boot * DOMAIN_DEVICES_MAX + index);
    args_add_json(argv, "-device", v);
}

/* Where each disk goes; *scsi: a controller is needed. */
static int disk_places(const struct launch *l, struct place *places, bool *scsi, struct err *e)
{
    *scsi = false;
    for (size_t i = 0; i < l->n_disks; i++) {
        const struct disk *k = l->disks[i].disk;

        if (find_place(k->vdev, &places[i], e) < 0 || check_disk(k, &places[i], e) < 0)
            return -1;
        if (l->disks[i].fd < 0 && k->devtype != DISK_CDROM)
            return err_set(e, ERR_INVALID, "disk %s: only a CD drive can be empty", k->vdev);
        *scsi |= on_scsi(k, &places[i]);
    }
    return 0;
}

struct value *scsi_controller(const struct launch *l)
{
    struct value *v = value_map();

    value_set_str(v, "driver", "virtio-scsi-pci");
    value_set_str(v, "id", SCSI_ID);
    if (l->queues)
        value_set_int(v, "num_queues", l->queues);
    launch_place(l, v, SCSI_ID);
    return v;
}

static int check_hot(const struct place *p, struct err *e)
{
    if (p->bus != BUS_IDE)
        return 0;
    err_set(e, ERR_UNSUPPORTED, "disk %s: an IDE drive cannot come or go while the guest runs",
            p->vdev);
    return err_hint(e, "Disks named xvda.. and sda.. can; or change it while it is halted.");
}

int disk_check_hot(const char *vdev, struct err *e)
{
    struct place p;

    return find_place(vdev, &p, e) < 0 ? -1 : check_hot(&p, e);
}

struct value *disk_device(const struct launch *l, const struct launch_disk *ld, bool *scsi,
                          struct err *e)
{
    AUTO(freep) char *id = disk_id(ld->disk->vdev);
    struct place p;

    if (find_place(ld->disk->vdev, &p, e) < 0 || check_disk(ld->disk, &p, e) < 0 ||
        check_hot(&p, e) < 0)
        return NULL;
    *scsi = on_scsi(ld->disk, &p);
    return device_of(l, ld, &p, id);
}

int argv_disks(const struct launch *l, struct strings *argv, struct err *e)
{
    struct place places[DOMAIN_DEVICES_MAX];
    bool done[DOMAIN_DEVICES_MAX] = {false}, scsi;

    if (l->n_disks > DOMAIN_DEVICES_MAX)
        return err_set(e, ERR_TOO_LARGE, "more than %d disks", DOMAIN_DEVICES_MAX);
    if (disk_places(l, places, &scsi, e) < 0)
        return -1;
    if (scsi || (l->slots && value_get(l->slots, SCSI_ID))) {
        AUTO(value_freep) struct value *v = scsi_controller(l);

        args_add_json(argv, "-device", v);
    }
    /* a guest names virtio disks by their slot: xvda must come before xvdb, however listed */
    for (size_t n = 0; n < l->n_disks; n++) {
        size_t best = l->n_disks;

        for (size_t i = 0; i < l->n_disks; i++)
            if (!done[i] && (best == l->n_disks || places[i].index < places[best].index))
                best = i;
        done[best] = true;
        add_disk(l, &l->disks[best], &places[best], (int)n, argv);
    }
    return 0;
}
