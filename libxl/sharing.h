/*
 * Which disks are one and the same, by whatever name: hard links and symbolic links of a file, loop
 * devices on it, a disk and its partitions, and what device-mapper or RAID make of it; and whether
 * the host itself uses them. The rule is that of the original's block script. Called by xend,
 * before a guest gets a disk, and by libxl/hooks/share.c. Looks at the host, changes nothing, keeps
 * nothing open; may block as stat() does.
 */
#ifndef LIBXL_SHARING_H
#define LIBXL_SHARING_H

#include <sys/types.h>

#include "libxl/device.h"

#define DISK_BELOW_MAX 32 /* a volume of LVM on a RAID of many disks; of more some are not seen */

struct disk_place {
    enum { PLACE_NONE, PLACE_FILE, PLACE_BLOCK, PLACE_NET } kind; /* none: empty, or not there */
    dev_t dev;   /* of a file: where it is; of a block device: itself */
    ino_t ino;   /* of a file */
    dev_t whole; /* of a partition: its disk; of others: dev */
};
struct disk_identity {
    struct disk_place place;
    struct disk_place below[DISK_BELOW_MAX]; /* what it is made of, and those of that */
    size_t n_below;
    char name[256]; /* type:target of one on the network, or ""; too long, it is equal to none */
};

void disk_identify(const struct disk *k, struct disk_identity *out);
/* True when what is written to one is seen in the other. Does not look at the host. */
bool disk_overlaps(const struct disk_identity *a, const struct disk_identity *b);
/* Whether a disk of mode `wanted` (enum disk_mode) may not be had while `held` is. */
bool disk_conflicts(int wanted, int held);
/* The same of a block device by its number. */
void disk_identify_device(dev_t dev, struct disk_identity *out);

/* How the host uses a disk, in a way that a guest with this mode cannot share. */
struct disk_use {
    enum { USE_NONE, USE_MOUNT, USE_MOUNT_RW, USE_SWAP } kind;
    char where[256]; /* "/mnt", "swap" */
};
void disk_host_use(int mode, const struct disk_identity *id, struct disk_use *out);
/* ERR_BUSY when the host has mounted it, or swaps to it, in a way that k's mode cannot share. */
int disk_check_host(const struct disk *k, const struct disk_identity *id, struct err *e);

#endif
