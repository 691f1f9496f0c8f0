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
/*
 * Before a domain of this spec is entered: when a foreign guest has its name or uuid and has just
 * ended, waits (a second at most) until the table says so as well. With the lock, which it gives
 * up meanwhile.
 */
void foreign_make_way(struct xend *x, const struct spec *s);

#endif
