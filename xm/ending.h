/*
 * Waiting until guests that were asked to stop have ended, or are back after a reboot: the -w of
 * shutdown and reboot. Follows the list of domains by long polls, over restarts of xend too.
 */
#ifndef XM_ENDING_H
#define XM_ENDING_H

#include "libxl/base/vec.h"
#include "xm/xm.h"

/* A domain that was asked, and the guest that it ran at that time. */
struct target {
    char *name, *uuid;
    int64_t domid;
    double started;
    int64_t absent_since; /* ms; 0 while it is there */
};
struct targets VEC(struct target);

/* Notes who is asked, and which guest it has now. */
void target_add(struct targets *t, const struct value *domain);
void target_drop(struct targets *t, size_t i);
void targets_clear(struct targets *t);

/*
 * Tells of each target when it is done, until none is left; the exit status. timeout_s 0: for as
 * long as it takes, with a word on stderr when that is long.
 */
int targets_wait(struct xm *xm, struct targets *t, bool reboot, int64_t timeout_s);

#endif
