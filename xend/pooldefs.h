/*
 * cpupools that are defined (xm cpupool-new): what each is to be is a file of xend's; the
 * hypervisor knows one only from its start on. Handlers are in api.h; used by cpupools.c.
 */
#ifndef XEND_POOLDEFS_H
#define XEND_POOLDEFS_H

#include "config/value.h"
#include "xend/api.h"
#include "xend/xend.h"

/* Marks those of a list of the driver's pools, which all are active, and adds the others. */
void pooldefs_merge(struct xend *x, struct value *pools);

/* cpupools.c: what a request says of a new one; and the answer: all there are. */
int cpupool_check(const struct value *body, struct err *e);
void cpupool_reply(struct xend *x, const struct request *r, struct reply *p, int result,
                   const char *what, const char *pool, const struct err *e);
bool cpupools_known(struct xend *x, struct reply *p);

#endif
