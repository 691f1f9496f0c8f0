/*
 * Devices of a domain: disks, network interfaces, frame buffers, PCI... Each class is a table of
 * fields; a device reads from JSON (a map) and from the xm mini-languages ("phy:/dev/vg/a,xvda,w",
 * "mac=...,bridge=...") and prints back to both. Pure data: nothing here touches the host.
 */
#ifndef LIBXL_DEVICE_H
#define LIBXL_DEVICE_H

#include "libxl/field.h"

enum device_class {
    DEVICE_DISK,
    DEVICE_VIF,
    DEVICE_VFB,
    DEVICE_PCI,     /* passed through */
    DEVICE_VSCSI,   /* a SCSI device of the host */
    DEVICE_VUSB,    /* xm's paravirtual USB controller with its ports */
    DEVICE_USBCTRL, /* xl's */
    DEVICE_USBDEV,
    DEVICE_VTPM,
    DEVICE_CHANNEL,
    DEVICE_P9,
    DEVICE_CLASSES
};

enum disk_mode { DISK_READ, DISK_WRITE, DISK_WRITE_SHARED };
enum disk_devtype { DISK_DISK, DISK_CDROM };

struct disk {
    char *type;    /* phy, file, tap, tap2, nbd, iscsi, ... ; NULL: an empty drive */
    char *format;  /* raw, qcow2, qcow, vmdk, vhd, qed: never guessed from the content */
    char *tapdisk; /* of tap and tap2: aio, sync, ram, remus, ioemu; NULL: the format says it */
    char *target;  /* path or address; NULL: an empty drive */
    char *vdev;    /* xvda, hda, sda, vda, with or without a partition number; no /dev/ */
    int devtype;
    int mode;
    char *backend; /* driver domain, or NULL for dom0 */
    char *protocol;
    char *script;
    int discard;  /* an index into auto, on, off */
    bool trusted; /* whether the guest may trust its backend */
    bool direct_io_safe;
};

struct vif {
    char *type; /* netfront, ioemu, user, or NULL: the driver's default */
    char *mac;  /* NULL until vif_set_mac */
    char *bridge;
    char *network; /* a virtual network of xend's */
    char *ip;      /* one or several, separated by spaces */
    char *script;
    char *vifname;
    char *rate;
    char *model;
    char *backend;
    char *accel;
    char *gatewaydev;
    int64_t mtu;   /* 0: the bridge's */
    char *filter;  /* none, mac, ip; NULL: ip, as far as addresses are given */
    int64_t devid; /* -1: the next one */
    bool trusted;  /* whether the guest may trust its backend */
};

struct vfb {
    bool vnc, sdl, opengl, vncunused;
    int64_t vncdisplay; /* -1: the first free one */
    char *vnclisten, *vncpasswd, *display, *xauthority, *keymap, *serial, *monitor;
    int64_t videoram; /* MiB */
};

struct pci {
    char *bdf;   /* 0000:03:00.0; the function may be * or a list such as 0,2-3 */
    char *vslot; /* where the guest sees it, hexadecimal; NULL: anywhere */
    char *rdm_policy;
    int64_t msitranslate, power_mgmt, permissive, seize; /* -1: not said */
};

struct vscsi {
    char *pdev; /* H:C:T:L, sdb, /dev/..., an id */
    char *vdev; /* H:C:T:L, or host */
    char *backend;
};

struct vusb {
    int64_t usbver, numports;
    struct value *ports; /* "N=BUS" */
};

struct usbctrl {
    char *type, *backend;
    int64_t version, ports; /* 0: the default */
};

struct usbdev {
    char *device; /* what usbdevice= says, see usb_name_parse; NULL: hostbus and hostaddr do */
    char *type;
    int64_t hostbus, hostaddr, controller, port; /* -1: not said */
};

struct vtpm {
    char *model, *backend, *uuid;
    int64_t instance; /* -1: not said */
};

struct channel {
    char *connection, *name;
    char *path; /* of a socket */
    char *backend;
};

struct p9 {
    char *tag, *path, *security_model, *backend;
};

struct device {
    enum device_class class;
    size_t place; /* in the list that it was read from */
    union {
        struct disk disk;
        struct vif vif;
        struct vfb vfb;
        struct pci pci;
        struct vscsi vscsi;
        struct vusb vusb;
        struct usbctrl usbctrl;
        struct usbdev usbdev;
        struct vtpm vtpm;
        struct channel channel;
        struct p9 p9;
    };
};
struct devices VEC(struct device *);

extern const struct fields device_fields[DEVICE_CLASSES];
/* The xm variable and JSON key of a class: "disk", "vif"... -1 for other names. */
const char *device_class_name(enum device_class class);
int device_class_find(const char *name);

struct device *device_new(enum device_class class);
struct device *device_copy(const struct device *d);
void device_free(struct device *d);
void device_freep(struct device **d);
void devices_clear(struct devices *v);

/* From a JSON map, or from the text of the xm language when v is a string; problems at `where`. */
struct device *device_from_value(enum device_class class, const struct value *v, const char *where,
                                 struct problems *p);
/* A JSON map of what differs from the defaults, secrets hidden; the caller's. */
struct value *device_to_value(const struct device *d);

/*
 * The xm language. device_from_xm reads one item of disk=, vif= or vfb= (xl's forms of a disk,
 * too); NULL and problems at `where` when it is wrong. device_to_xm gives text that reads back as
 * this device; the caller frees.
 */
struct device *device_from_xm(enum device_class class, const char *text, const char *where,
                              struct problems *p);
char *device_to_xm(const struct device *d);

/*
 * The original's (vbd (uname ..) (dev ..) (mode ..)) form, without the (device ..) around it; the
 * caller's. And back, with or without it: NULL and a problem when it is wrong, NULL alone for what
 * is no device of its own here (vkbd, console).
 */
struct value *device_to_sxp(const struct device *d);
struct device *device_from_sxp(const struct value *form, const char *where, struct problems *p);

/* Adds a note, with this reason, for each member that was given and that a driver (ON_...) lacks;
 * one for the whole when it has no such devices. */
void device_note_ignored(const struct device *d, unsigned driver, const char *where,
                         const char *reason, struct problems *notes);

/* Gives a vif without MAC a random one in 00:16:3e (Xen's OUI). */
void vif_set_mac(struct vif *v);

/*
 * What names a device among those of its class in one domain (borrowed): a vif's MAC, a disk's
 * vdev, the host's address of a PCI device, what a USB device is, a channel's name; NULL for
 * classes without such a name. And whether this text names it: letters of any case, /dev/ before a
 * vdev, other ways to write its number.
 */
const char *device_key(const struct device *d);
bool device_has_key(const struct device *d, const char *key);
/* The device of this class and key, or NULL; borrowed. */
struct device *devices_find(const struct devices *v, enum device_class class, const char *key);
/* The n-th of this class, from 0; likewise. */
struct device *devices_nth(const struct devices *v, enum device_class class, size_t n);

/*
 * What a usbdev's device says: tablet, mouse, keyboard, host:BUS.ADDR, host:VENDOR:PRODUCT
 * (hexadecimal), disk:FILE; other words are QEMU's, which are carried. path is borrowed.
 */
enum usb_kind {
    USB_TABLET,
    USB_MOUSE,
    USB_KEYBOARD,
    USB_HOST_ADDR,
    USB_HOST_ID,
    USB_DISK,
    USB_OTHER
};
struct usb_name {
    enum usb_kind kind;
    unsigned a, b; /* bus and address, or vendor and product */
    const char *path;
};
int usb_name_parse(const char *text, struct usb_name *out, struct err *e);
/* The one way to write it; the caller frees. */
char *usb_name_text(const struct usb_name *n, const char *text);
/* The hint for who named none of those that a driver can make. */
int usb_name_hint(struct err *e);
/* A file means the caller's directory. */
void usbdev_make_absolute(struct usbdev *u);
/* The disk of a device: its own, or that of a USB disk, in *room (borrows from d); or NULL. */
const struct disk *device_disk(const struct device *d, struct disk *room);

/* The bridge that it is to be on: its own, or its network's; NULL: it names none. The caller frees.
 */
char *vif_bridge(const struct vif *v);
#define VIF_NETWORK_MAX 12
/* Whether this is a name for a network. */
int check_network(const char *text, struct err *e);

/* Its rate in Xen's terms: so many bytes in so many microseconds; false: it has no limit. */
bool vif_rate(const struct vif *v, uint64_t *bytes, uint64_t *usec);

/* "file:/srv/a.img", as the original writes it; "" for an empty drive. The caller frees. */
char *disk_uname(const struct disk *d);

/*
 * The number of a virtual disk as Xen's frontends know it (xvda 51712, hda 768, 0x301 769); vdX
 * has numbers of its own, above all others. With or without /dev/. -1 when text names no disk.
 */
int64_t vdev_number(const char *text);

/* Its name: 51712 is xvda, 769 hda1; NULL: it has none. The caller frees. */
char *vdev_name(int64_t number);

/* Checks of single values, for the tables: texts of struct err say what is expected. */
int check_mac(const char *text, struct err *e);
int check_vdev(const char *text, struct err *e);
#define VNC_PASSWORD_MAX 8 /* of VNC's own authentication; what is beyond is not looked at */
int check_vncpasswd(const char *text, struct err *e);

#endif
