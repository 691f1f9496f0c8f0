/*
 * Domains whose guests were given to other hosts, and may run there: they do not start by
 * themselves here, by a file of /etc/xen/auto or managed, until they have run here again.
 * LIB_DIR/migrated has a note of each, UUID.NAME; what is in it tells people where it went. On disk
 * when the calls return. Blocks; none takes the lock.
 */
#ifndef XEND_AWAY_H
#define XEND_AWAY_H

#include "libxl/base/err.h"

struct xend;

#define AWAY_MAX 4096 /* notes: with more, the oldest goes */

/* At start: removes what a xend that died has left half written. */
void away_open(const struct xend *x);
/* Before the other side is told to run it. to: for people. */
int away_set(const struct xend *x, const char *uuid, const char *name, const char *to,
             struct err *e);
/* Where the one of this uuid, or of this name, went, the caller's; NULL: it is not away. A file
 * without a uuid has another one each time, so the name counts as well. Either may be NULL. */
char *away_where(const struct xend *x, const char *uuid, const char *name);
/* It runs here, or is gone for good. */
void away_end(const struct xend *x, const char *uuid, const char *name);

#endif
