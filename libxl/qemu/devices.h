/*
 * Disks and interfaces of a guest that runs: which it has (devices.c), how they come and go
 * (attach.c), what is in its CD-ROM drives (media.c). Part of qemu.h, which includes it.
 */
#ifndef QEMU_DEVICES_H
#define QEMU_DEVICES_H

#include "libxl/driver.h"

struct qguest;
struct launch;
struct launch_disk;

/* A disk or an interface of a guest, as its QEMU has it. */
struct qdevice {
    enum device_class class;
    char *key, *id; /* device_key(); its name in QEMU */
    char *place;    /* where the host has it, for people: an image, "user"; or NULL */
    int64_t devid;
    bool closing; /* the guest was asked to let go of it */
    bool gone;    /* it has; what the host gave for it is still there */
    bool open;    /* of a channel: a program of the guest has it open */
    bool dead;    /* taken away by force: the guest still holds what is nothing any more */
};

struct qdevices VEC(struct qdevice);

/*
 * Of a disk that is to come while the guest runs; what they give is the caller's. The image's node
 * (its name in QEMU is disk_id's, too), the drive, and the controller that it needs when *scsi.
 */
#define SCSI_ID "scsi0"
char *disk_id(const char *vdev);
struct value *disk_blockdev(const struct launch_disk *ld, const char *node);
struct value *disk_device(const struct launch *l, const struct launch_disk *ld, bool *scsi,
                          struct err *e);
struct value *scsi_controller(const struct launch *l);
/* Refuses a bus whose drives neither come nor go. */
int disk_check_hot(const char *vdev, struct err *e);

/* Those of g's spec, as its QEMU was started with them. */
void qdevices_init(struct qguest *g);
void qdevices_clear(struct qguest *g);
/* Asks QEMU instead, as of a guest that an earlier xend had; removes what that one left half made.
 */
int qdevices_learn(struct qguest *g, struct err *e);
/* With the lock: of this class and key, or NULL. With the lock: QEMU has removed this one. */
struct qdevice *qdevice_find(struct qguest *g, enum device_class class, const char *key);
void qdevice_deleted(struct qguest *g, const char *id);
void qdevice_add(struct qguest *g, enum device_class class, const char *key, const char *id,
                 int64_t devid, const char *place);
/* Gives back what the host had for devices that the guest has let go of. */
int qdevices_settle(struct qguest *g, struct err *e);
/* The host's side of all of them goes at once: of a guest that has ended. */
int qdevices_cut(struct qguest *g, struct err *e);
/* The host's part of one: the nodes of its image and their descriptors, or its network. */
void qdevice_release(struct qguest *g, enum device_class class, const char *id, const char *key);
/* Removes a node, the descriptors of it and what a script did for it; harmless while it is in use.
 */
void qnode_release(struct qguest *g, const char *node);
/* A node on an image that disk_open has opened (fd is swallowed). */
int qnode_add_take(struct qguest *g, const struct launch_disk *ld, int fd, const char *node,
                   struct err *e);
/* {name: slot} of each PCI device that has a name; interfaces are named by their MAC. */
struct value *qdevices_slots(struct qguest *g, struct err *e);
/* The QOM property of a device, NULL when there is none; the caller's. */
char *qdevice_property(struct qguest *g, const char *id, const char *property);

/* ---- usb.c */

#define USB_ID "usb0"           /* the controller */
#define USB_TABLET_ID "tablet0" /* of the screen */
#define USB_PORTS_MAX 16        /* entries of saved.slots that are not PCI's */
/* Whether the machine starts with a controller, and that one; pure functions. */
bool usb_wanted(const struct launch *l);
struct value *usb_controller(const struct launch *l);
/* Plugs in one device, or all of g's spec that are not there yet, at the ports that slots name (or
 * NULL). */
int usb_plug(struct qguest *g, const struct usbdev *u, struct err *e);
int usb_plug_all(struct qguest *g, const struct value *slots, struct err *e);
/* Adds the ports to what is saved of places; with nothing else under way. */
void usb_slots(struct qguest *g, struct value *slots);
/* A device of this name that g's QEMU has, into out; one that nobody knows is removed. */
void usb_learn(struct qguest *g, const char *id, struct qguest *out);

int qemu_devices(struct driver *d, const char *uuid, device_sample_fn *each, void *arg,
                 struct err *e);
int qemu_attach(struct guest *g, const struct device *dev, struct job *j, struct err *e);
int qemu_detach(struct guest *g, const struct device *dev, bool force, struct job *j,
                struct err *e);
int qemu_set_media(struct guest *g, const struct disk *to, struct job *j, struct err *e);

#endif
