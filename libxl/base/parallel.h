/*
 * Several things that each take a while, done at the same time: the hook scripts of a guest's
 * devices. Called by drivers.
 */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <stddef.h>

#include "libxl/base/err.h"

/*
 * Calls fn(arg, i, e) for each i below n, each in a thread of its own (one after the other when
 * there are no threads to be had), and returns when all are done. -1 when one of them did: *e is
 * that of the lowest i.
 */
int parallel(size_t n, int (*fn)(void *arg, size_t i, struct err *e), void *arg, struct err *e);

#endif
