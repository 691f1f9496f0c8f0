/*
 * The connection to xenstored, which may go away and come back. A handle that has broken stays so:
 * the next change gets a new one. The old one is kept until the driver closes, for another thread
 * may be in it. Called by driver_xen.c, tx.c, life.c, watch.c.
 */
#include <errno.h>

#include "libxl/base/log.h"
#include "libxl/xen/xen.h"

/* By its socket only: without one, the device of the kernel would be opened, and wait for ever. */
int xs_connect(struct xen *d, struct err *e)
{
    struct xs_handle *xs = xs_open(XS_OPEN_SOCKETONLY);

    if (!xs) {
        err_sys(e, "xenstore");
        e->code = ERR_UNAVAILABLE;
        return err_hint(e, "Is xenstored running? (/etc/init.d/xen start)");
    }
    pthread_mutex_lock(&d->lock);
    if (d->xs)
        vec_push(&d->old_xs, d->xs);
    d->xs = xs;
    pthread_mutex_unlock(&d->lock);
    return 0;
}

void xs_disconnect(struct xen *d)
{
    for (size_t i = 0; i < d->old_xs.len; i++)
        xs_close(d->old_xs.ptr[i]);
    vec_clear(&d->old_xs);
    xs_close(d->xs);
}

/* One request, whose answer is of no interest. */
static bool answers(struct xs_handle *xs)
{
    unsigned n;
    char *domid;

    errno = 0;
    domid = xs_read(xs, XBT_NULL, "domid", &n);
    free(domid);
    return domid || errno == ENOENT;
}

int xs_check(struct xen *d, struct err *e)
{
    if (answers(d->xs))
        return 0;
    if (xs_connect(d, e) < 0)
        return -1;
    log_info("xenstore: connected again");
    return 0;
}
