/*
 * Devices of a guest as xenstore and dom0's backends know them: a frontend directory, which is
 * the guest's, and a backend directory, which is dom0's. What a frontend says is never believed;
 * what there is to tear down is read from the backends. Not for other drivers.
 */
#ifndef XEN_XDEV_H
#define XEN_XDEV_H

#include "libxl/xen/tx.h"

struct xdev {
    const struct device *device; /* borrowed, of the spec; NULL for one that was found */
    char kind[16];               /* "vbd", "vif" */
    unsigned id;                 /* 51712 for xvda; 0, 1, ... */
    char backend[80];            /* /local/domain/0/backend/vbd/N/51712 */
    char frontend[80];
};
struct xdevs VEC(struct xdev);

/* xdev.c: what is written. */

/* Refuses what this driver cannot plug in, by name. */
int xdev_check(const struct device *device, struct err *e);
/* The devices of the guest's spec, in their order. Adds to out; its domid must be known. */
void xdevs_of_spec(const struct xguest *g, struct xdevs *out);
/* In a transaction: both directories, ready for the backend to find. */
void xdev_put(struct tx *t, const struct xdev *x);

/* xdisk.c: its disks are there, and nobody else has them, as far as can be told without xenstore.
 */
int xdisks_check(struct xguest *g, struct err *e);

/* backend.c: what is waited for, and the scripts. */

/* Waits for the backends of all, then runs their scripts. */
int xdevs_connect(struct xguest *g, const struct xdevs *v, struct job *j, struct err *e);
/* Those that dom0 has for this domain number. */
int xdevs_find(const struct xguest *g, struct xdevs *out, struct err *e);
/*
 * Ends them: the guest's side is gone, the backends let go, the scripts run, nothing is left.
 * What does not obey within its time is removed all the same, and the log tells.
 */
int xdevs_end(struct xguest *g, const struct xdevs *v, struct err *e);

#endif
