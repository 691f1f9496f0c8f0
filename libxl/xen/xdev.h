/*
 * Devices of a guest as xenstore and dom0's backends know them: a frontend directory, which is
 * the guest's, and a backend directory, which is dom0's. What a frontend says is never believed;
 * what there is to tear down is read from the backends. Not for other drivers.
 */
#ifndef XEN_XDEV_H
#define XEN_XDEV_H

#include "libxl/hotplug.h"
#include "libxl/xen/tx.h"

#define XDEV_BACKENDS "/local/domain/0/backend"

struct xdev {
    const struct device *device; /* borrowed, of the spec; NULL for one that was found, a screen */
    char kind[16];               /* "vbd", "vif", "vfb", "vkbd" */
    unsigned id;                 /* 51712 for xvda; 0, 1, ... */
    char backend[80];            /* /local/domain/0/backend/vbd/N/51712 */
    char frontend[80];
};
struct xdevs VEC(struct xdev);

/* xdev.c: what is written. */

/* Refuses what this driver cannot give a guest of this type, by name. */
int xdev_check(const struct device *device, int type, struct err *e);
/* Whether dom0 has a backend for it; a HVM guest's CD-ROM drives and screen are its QEMU's. */
bool xdev_has_backend(const struct device *device, int type);
/* As a device of g; a vif has this number. Its domid must be known. */
struct xdev xdev_make(const struct xguest *g, const struct device *d, unsigned vif_id);
/* The devices of the guest's spec, in their order. Adds to out. */
void xdevs_of_spec(const struct xguest *g, struct xdevs *out);
/* The frame buffer and the keyboard that a QEMU serves, if the guest has such. Adds to out. */
void xdevs_of_screen(const struct xguest *g, struct xdevs *out);
/* The path of its hotplug script; the caller frees. */
char *xdev_script(const struct xguest *g, const struct device *d);
/* What the backend's directory is given, name to text; the caller frees. */
struct value *xdev_backend_nodes(const struct xguest *g, const struct xdev *x);
/* In a transaction: both directories, ready for the backend to find. */
void xdev_put(struct tx *t, const struct xdev *x);

/* xdisk.c: it is there, and nobody else has it, as far as can be told without xenstore. */
int xdisk_check(struct xguest *g, const struct device *d, struct err *e);

/* hookstore.c: for hooks of devices of g. */
struct hotplug_store xguest_store(struct xguest *g);

/* backend.c: what is waited for, and the scripts. */

/* Waits for the backends of all, then runs their scripts. named: the error names the device. */
int xdevs_connect(struct xguest *g, const struct xdevs *v, bool named, struct job *j,
                  struct err *e);
/* The script of a vif for the tap of its emulated card. */
int xdev_tap_script(struct xguest *g, const struct xdev *x, const char *tap, bool on,
                    struct err *e);
/* Those that dom0 has for this domain number. */
int xdevs_find(const struct xguest *g, struct xdevs *out, struct err *e);
/*
 * Ends them: the guest is asked to let go of them (ERR_TIMEOUT when it does not: it may do so
 * later), or its side is cut off, and then what does not obey within its time is removed all the
 * same, and the log tells. The scripts run, and nothing is left.
 */
int xdevs_end(struct xguest *g, const struct xdevs *v, bool ask, struct job *j, struct err *e);

#endif
