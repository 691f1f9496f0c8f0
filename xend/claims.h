/*
 * Who has which disk: a domain claims its disks before its guest gets them, and keeps the claim as
 * long as the guest may use them. What another domain has, or the host, is refused by the rule of
 * libxl/sharing.h, with the name of who has it.
 */
#ifndef XEND_CLAIMS_H
#define XEND_CLAIMS_H

#include "xend/domain.h"

struct claims;

/* All disks of s for d, in place of what d had; one more disk. ERR_BUSY; then nothing has changed.
 * Not with the lock; they look at the host. */
int claims_take(struct xend *x, struct domain *d, const struct spec *s, struct err *e);
int claims_add(struct xend *x, struct domain *d, const struct disk *k, struct err *e);
/* disk_served of struct driver_env, for arg (struct xend): the disk at->vdev of a domain that has
 * claimed it by what it is called is this device. */
int claims_served(void *arg, const char *uuid, const struct disk *at, struct err *e);
/* Of a guest that has them already: nobody is asked. Not with the lock. */
void claims_note(struct xend *x, struct domain *d, const struct spec *s);
/* With the lock: d has this disk, or any, no more; newest: of two of that name, the one that was
 * claimed last. */
void claims_remove(struct domain *d, const char *vdev, bool newest);
void claims_drop(struct domain *d);

#endif
