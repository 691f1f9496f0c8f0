/*
 * Disks that a script sets up: nbd:, iscsi:, drbd:, any TYPE: with a script block-TYPE, and those
 * with script=. The script names a block device of the host, which QEMU gets as it gets that of
 * phy:. What it has done outlives QEMU and xend: each such disk is in the guest's state file before
 * the script is run, and there until it was run again to take that back. Part of qemu.h.
 */
#ifndef QEMU_SERVED_H
#define QEMU_SERVED_H

#include <stdbool.h>

#include "config/value.h"
#include "libxl/base/err.h"
#include "libxl/base/vec.h"
#include "libxl/device.h"

struct qguest;
struct making;

/* All that is needed to take it back is in it. */
struct served {
    char *id, *vdev; /* the name of its node in QEMU; the disk's */
    char *script;    /* absolute */
    struct value *env;
    char *device; /* what the script has named; NULL: nothing yet */
    bool tried;   /* the script may have run */
};
struct serveds VEC(struct served);

bool disk_is_served(const struct disk *k);

/* ---- served.c: one of them ---- */

/* One more in g->served, of which nothing is done yet; its script is there. */
int served_plan(struct qguest *g, const struct disk *k, const char *id, struct err *e);
/* Runs the script; s->device is a block device then. g's state file has it by now. */
int served_add(const struct qguest *g, struct served *s, struct err *e);
/* Opens that device, which is k's from now on, by the rule for phy:; a descriptor. */
int served_open(const struct qguest *g, const struct served *s, const struct disk *k,
                struct err *e);
/* Runs the script, if it may have run, to take back what it did; a failure is logged. */
void served_take_back(struct served *s, const char *dir, const char *domain);

/* ---- serveds.c: those of a guest ---- */

/*
 * Of a guest that is to be started: plan, before anything exists, finds the scripts and keeps a
 * place among m's descriptors for each; start, when the state file is there, runs them all at once
 * and puts the devices there. After a failure serveds_drop is due.
 */
int serveds_plan(struct making *m, struct err *e);
int serveds_start(struct making *m, struct err *e);

/*
 * Opens a disk for a guest that runs, as image_open does, with a script where it needs one. id: of
 * the node that it will have; when that does not come about, served_drop is due.
 */
int disk_open(struct qguest *g, const struct disk *k, const char *id, bool *block, struct err *e);
/* Where the disk with this node is on the host: what its script has named, or dflt; borrowed. */
const char *disk_place(const struct qguest *g, const char *id, const char *dflt);

/* The node is gone: takes back what a script did for it, if one did. A failure is logged. */
void served_drop(struct qguest *g, const char *id);
/* All, of a guest whose QEMU has ended, or never was. dir: the guest's. */
void serveds_drop(struct serveds *v, const char *dir, const char *domain);
/* Those that g's QEMU has no node for: an earlier xend died between the two. */
int serveds_tidy(struct qguest *g, struct err *e);
/* Tells xend what the disks of a guest are that an earlier one has started. */
void serveds_tell(struct qguest *g);

/* For the state file. */
struct value *serveds_to_value(const struct serveds *v);
void serveds_from_value(const struct value *list, struct serveds *out);
void serveds_clear(struct serveds *v);

#endif
