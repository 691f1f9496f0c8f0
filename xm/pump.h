/* Bytes both ways between a pair of descriptors (stdin and stdout) and a stream socket. */
#ifndef XM_PUMP_H
#define XM_PUMP_H

#include <stdbool.h>

#include "libxl/base/buf.h"
#include "libxl/base/err.h"

struct pump {
    int in, out; /* -1 for in: nothing to send */
    int sock;
    int escape;              /* this byte on `in` ends it, and is not passed on; -1: none does */
    bool half_close;         /* the end of `in` is passed on to the socket */
    bool in_ends;            /* ... and ends it, when all that came has been passed on */
    void (*tick)(void *arg); /* about once a second, and at each Ctrl-C that is deferred; or NULL */
    void *tick_arg;
};

/*
 * Runs until the socket ends (0) or the escape was read (1); -1 when out or the socket fails. The
 * end of `in` alone ends nothing, but with in_ends (0).
 */
int pump_run(const struct pump *p, struct err *e);

#endif
