/*
 * A guest's memory as a core file, by libxenctrl, which hands over one piece after the other. The
 * guest stands still meanwhile; when xend dies over it, the next one lets it run again.
 */
#include <errno.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/xen/xen.h"

#define RING_CHUNK 16384 /* Xen's log is this large at least */

/* Makes it stand still for a moment, without that anybody is told; guest_let_go ends that. */
static int guest_hold(struct xguest *g, struct err *e)
{
    enum stop_reason reason;
    int r = 0;

    if (xguest_look(g, &reason) != GUEST_RUNNING)
        return 0;
    pthread_mutex_lock(&g->d->lock);
    g->held = true;
    pthread_mutex_unlock(&g->d->lock);
    if (xstate_save(g, true, e) < 0)
        r = -1;
    fault_point("xen.holding");
    if (r == 0 && xc_domain_pause(g->d->xch, g->pub.domid) < 0)
        r = err_xen(e, NULL);
    fault_point("xen.held");
    if (r == 0)
        return 0;
    pthread_mutex_lock(&g->d->lock);
    g->held = false;
    pthread_mutex_unlock(&g->d->lock);
    return -1;
}

/* One that was not held stays as it is; one that died meanwhile too. */
int guest_let_go(struct xguest *g, struct err *e)
{
    enum stop_reason reason;
    enum guest_state now = xguest_look(g, &reason);
    int r = 0;

    if (!g->held)
        return 0;
    if (now == GUEST_PAUSED && !g->held_paused)
        r = xc_domain_unpause(g->d->xch, g->pub.domid);
    else if (now == GUEST_RUNNING && g->held_paused)
        r = xc_domain_pause(g->d->xch, g->pub.domid);
    if (r < 0)
        return err_xen(e, NULL);
    pthread_mutex_lock(&g->d->lock);
    g->held = g->held_paused = false;
    pthread_mutex_unlock(&g->d->lock);
    return xstate_save(g, true, e);
}

struct dumping {
    int fd;
    uint64_t done, total;
    struct job *job;
    struct err *e; /* why it ended early */
    bool failed;
};

static int take(xc_interface *xch, void *arg, char *p, unsigned n)
{
    struct dumping *d = arg;

    (void)xch;
    if (job_check(d->job, d->e) < 0 || write_all(d->fd, p, n, d->e) < 0) {
        d->failed = true;
        return -EIO;
    }
    d->done += n;
    job_progress(d->job, d->done < d->total ? d->done : d->total, d->total);
    return 0;
}

int xen_dump(struct guest *guest, int fd, struct job *j, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    struct dumping d = {.fd = fd, .job = j, .e = e};
    struct xlog log;
    xc_domaininfo_t info;
    xc_interface *xch;
    int r;

    if (job_check(j, e) < 0)
        return -1;
    if (xc_domain_getinfolist(g->d->xch, guest->domid, 1, &info) != 1)
        return err_xen(e, NULL);
    d.total = info.tot_pages * XC_PAGE_SIZE;
    if (guest_hold(g, e) < 0)
        return -1;
    xlog_init(&log);
    xch = xc_interface_open(&log.vtable, NULL, 0);
    r = xch ? xc_domain_dumpcore_via_callback(xch, guest->domid, &d, take) : -1;
    if (r < 0 && !d.failed)
        err_xen(e, &log);
    if (xch)
        xc_interface_close(xch);
    fault_point("xen.dumped");
    if (r < 0) {
        struct err more;

        guest_let_go(g, &more);
        return err_add(e, "dump");
    }
    job_progress(j, d.total, d.total);
    return guest_let_go(g, e);
}

/* Each piece is forgotten as it is read, so that nothing is lost that came in between. */
int xen_host_log(struct driver *driver, bool clear, struct buf *out, struct err *e)
{
    AUTO(freep) char *chunk = xmalloc(RING_CHUNK);
    uint32_t index = 0;

    for (;;) {
        unsigned n = RING_CHUNK;

        if (xc_readconsolering(xen_of(driver)->xch, chunk, &n, clear, true, &index) < 0)
            return err_xen(e, NULL);
        if (n == 0)
            return 0;
        buf_add(out, chunk, n);
    }
}
