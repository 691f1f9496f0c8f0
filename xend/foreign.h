/*
 * Guests that others have made on this host, by stock xl for example: they are in the table while
 * they run, can be told to stop or to go on, and are neither kept nor followed by any policy.
 */
#ifndef XEND_FOREIGN_H
#define XEND_FOREIGN_H

#include "xend/domain.h"

/* One has come (c->found, which it swallows), or has another name. On the watch thread. */
void foreign_changed(struct xend *x, const struct guest_change *c);
/* It is no more; whoever ended it clears up. On a worker, inside its domain. */
void foreign_gone(struct xend *x, struct domain *d);

#endif
