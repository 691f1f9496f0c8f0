/*
 * The history of a domain: the events of the log, told as what was done: one entry for each job,
 * with who asked and how long it took, and one for each thing that a guest did.
 */
#ifndef XEND_HISTORY_H
#define XEND_HISTORY_H

#include "config/value.h"
#include "libxl/base/err.h"

struct events;
struct event_filter;

/* {"history":[...]}, oldest first, the newest `limit` of them. Reads the log; the caller's. */
struct value *history_of(struct events *v, const struct event_filter *f, size_t limit,
                         struct err *e);

#endif
