/*
 * A guest's memory out of a saved stream, into the empty domain that create.c has made for it.
 * libxenguest checks the stream; what it cannot use ends the restore, and create.c undoes it.
 */
#include "libxl/base/log.h"
#include "libxl/xen/xen.h"

#include <xenguest.h> /* does not stand alone: after xenctrl.h */

#define DOM0 0

/* A stream of before Xen 4.14 lacks the processor's features: those of this host, as in create. */
static int on_static_data(unsigned missing, void *data)
{
    const struct xguest *g = data;

    if (missing & XGR_SDD_MISSING_CPUID)
        log_warn("%s: its stream says no CPU features: it has those of this host", g->spec->name);
    return 0;
}

/* Nearly always it is the stream that is cut off, or not one. */
static void invalid(struct err *e, const struct stream *s)
{
    err_xen(e, &s->log);
    if (e->code == ERR_BACKEND)
        e->code = ERR_INVALID;
}

int restore_image(struct xguest *g, struct built *b, int fd, struct job *j, struct err *e)
{
    struct restore_callbacks callbacks = {.static_data_done = on_static_data, .data = g};
    uint32_t domid = g->pub.domid;
    struct stream s;
    int r;

    if (stream_open(&s, fd, true, j, e) < 0)
        return -1;
    r = make_ports(s.xch, domid, b);
    if (r == 0)
        r = xc_domain_restore(s.xch, s.fd, domid, b->store_port, &b->store_mfn, DOM0,
                              b->console_port, &b->console_mfn, DOM0, XC_STREAM_PLAIN, &callbacks,
                              -1);
    if (r == 0)
        r = xc_dom_gnttab_seed(s.xch, domid, g->spec->type != TYPE_PV, b->console_mfn, b->store_mfn,
                               DOM0, DOM0);
    if (r < 0 && (!s.cut || job_check(j, e) == 0))
        invalid(e, &s);
    stream_close(&s);
    return r < 0 ? -1 : 0;
}
