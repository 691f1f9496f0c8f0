/* What the driver's children share: see helper.c. */
#ifndef XEN_HELPER_H
#define XEN_HELPER_H

#include <sys/types.h>

/* A user that nobody else is, while this process lives; and to become it, for good. -1: errno. It
 * dies with xend from then on. */
uid_t helper_uid(void);
int helper_drop(uid_t uid);

#endif
