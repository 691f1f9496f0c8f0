/*
 * A guest's memory out of a saved stream, into the empty domain that create.c has made for it.
 * libxenguest checks the stream; what it cannot use ends the restore, and create.c undoes it.
 */
#include "libxl/xen/stream.h"

int restore_image(struct xguest *g, struct built *b, int fd, int state, struct job *j,
                  struct err *e)
{
    struct stream s = {.g = g, .job = j, .fd = fd, .reads = true, .built = b, .state = state};

    return make_ports(g->d->xch, g->pub.domid, b) < 0 ? err_xen(e, NULL) : stream_run(&s, e);
}
