/*
 * Room in the host's memory for a guest that is to be made, or to grow. What other guests, which
 * are being made at the same time, have been promised and have not got yet is not free. Where the
 * configuration allows it, dom0 gives up what is missing: its balloon driver follows a node, as
 * every guest's. Called by create.c, memory.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/field.h"
#include "libxl/xen/pvh.h"
#include "libxl/xen/tx.h"

#define SLICE_MS 100 /* Xen tells nobody of pages that come and go */
#define OVERHEAD_KIB (2 * MAXMEM_SLACK_KIB)
#define VCPU_KIB 64
#define DOM0_TARGET "/local/domain/0/memory/target"

struct room {
    struct xguest *g;
    uint64_t want, extra, free, dom0; /* KiB: free: for g beside extra; dom0: what that has */
};

static uint64_t pages_kib(uint64_t pages)
{
    return pages * PAGE_KIB;
}

/* With the lock: what is promised to others and not theirs yet. */
static uint64_t promised_to_others(const struct xguest *g, const struct infos *infos)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < g->d->making.len; i++) {
        const struct xguest *other = g->d->making.ptr[i];
        const xc_domaininfo_t *info = infos_find_uuid(infos, other->pub.uuid);
        uint64_t has = info ? pages_kib(info->tot_pages + info->outstanding_pages) : 0;

        if (other != g && other->promised_kib > has)
            sum += other->promised_kib - has;
    }
    return sum;
}

/* 1: there is room, and it is g's; 0: there is not. */
static int look(struct room *r, struct err *e)
{
    struct xen *d = r->g->d;
    struct infos infos = {0};
    xc_physinfo_t host = {0};
    int result;

    pthread_mutex_lock(&d->lock);
    result = infos_get(d, &infos, e);
    if (result == 0 && xc_physinfo(d->xch, &host) < 0)
        result = err_xen(e, NULL);
    if (result == 0) {
        uint64_t promised = promised_to_others(r->g, &infos) + r->extra;

        r->free = pages_kib(host.free_pages - host.outstanding_pages);
        r->free -= promised < r->free ? promised : r->free;
        r->dom0 = infos.len && !infos.ptr[0].domain ? pages_kib(infos.ptr[0].tot_pages) : 0;
        result = r->free >= r->want;
        r->g->promised_kib = result ? r->want + r->extra : r->g->promised_kib;
    }
    pthread_mutex_unlock(&d->lock);
    vec_clear(&infos);
    return result;
}

static bool set_target(struct xen *d, uint64_t kib)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, kib);
    return xs_write(d->xs, XBT_NULL, DOM0_TARGET, text, (unsigned)strlen(text));
}

static int too_little(const struct room *r, struct err *e)
{
    const struct xen *d = r->g->d;
    uint64_t gives = r->dom0 > d->dom0_min_kib ? (r->dom0 - d->dom0_min_kib) / 1024 : 0;

    if (!d->dom0_balloons) {
        err_set(e, ERR_NO_RESOURCE,
                "Not enough free memory: %" PRIu64 " MiB wanted, %" PRIu64 " MiB free",
                r->want / 1024, r->free / 1024);
        return err_hint(e,
                        "dom0 has %" PRIu64 " MiB; (dom0-min-mem MIB) in xend-config.sxp lets "
                        "xend take of it down to that.",
                        r->dom0 / 1024);
    }
    return err_set(e, ERR_NO_RESOURCE,
                   "Not enough free memory: %" PRIu64 " MiB wanted, %" PRIu64 " MiB free, and dom0 "
                   "can give %" PRIu64 " MiB (it has %" PRIu64 ", dom0-min-mem is %" PRIu64 ")",
                   r->want / 1024, r->free / 1024, gives, r->dom0 / 1024, d->dom0_min_kib / 1024);
}

static int await(struct room *r, struct job *j, struct err *e)
{
    int64_t deadline = now_ms() + PATIENCE_MS;
    uint64_t last = r->dom0;

    for (;;) {
        int found = look(r, e);

        if (found)
            return found < 0 ? -1 : 0;
        if (r->dom0 != last)
            deadline = now_ms() + PATIENCE_MS;
        last = r->dom0;
        if (job_check(j, e) < 0)
            return -1;
        if (now_ms() >= deadline)
            return err_set(e, ERR_TIMEOUT,
                           "Not enough free memory: %" PRIu64 " MiB wanted, %" PRIu64
                           " MiB free: dom0 has not given what it was asked for",
                           r->want / 1024, r->free / 1024);
        job_wait(j, SLICE_MS);
    }
}

/* With the balloon's lock. */
static int balloon(struct room *r, struct job *j, struct err *e)
{
    struct xen *d = r->g->d;
    uint64_t before = r->dom0, missing = (r->want - r->free + 1023) / 1024 * 1024;

    if (!d->dom0_balloons || before < missing + d->dom0_min_kib)
        return too_little(r, e);
    job_step(j, "taking memory from dom0");
    fault_point("xen.dom0-asking");
    if (!set_target(d, before - missing))
        return err_sys(e, "xenstore: " DOM0_TARGET);
    log_info("%s: dom0 is asked to go from %" PRIu64 " to %" PRIu64 " MiB", r->g->spec->name,
             before / 1024, (before - missing) / 1024);
    fault_point("xen.dom0-asked");
    d->dom0_target_kib = before - missing;
    r->g->from_dom0_kib = missing;
    return await(r, j, e);
}

/* Xen's own pages for a new guest, and the tables that translate its memory. */
static uint64_t extra_of(const struct xguest *g)
{
    uint64_t kib = OVERHEAD_KIB + VCPU_KIB * (uint64_t)spec_maxvcpus(g->spec);

    if (g->pub.domid)
        return 0; /* it has them */
    return g->spec->type == TYPE_PV ? kib : kib + 1024 * (uint64_t)pvh_tables_mib(g->spec);
}

int room_make(struct xguest *g, uint64_t kib, struct job *j, struct err *e)
{
    struct room r = {.g = g, .want = kib, .extra = extra_of(g)};
    int found = look(&r, e);

    g->from_dom0_kib = 0;
    if (found)
        return found < 0 ? -1 : 0;
    pthread_mutex_lock(&g->d->balloon_lock);
    found = look(&r, e);
    if (found == 0)
        found = balloon(&r, j, e) < 0 ? -1 : 1;
    pthread_mutex_unlock(&g->d->balloon_lock);
    if (found < 0)
        room_give_back(g);
    return found < 0 ? -1 : 0;
}

/* Unless somebody else has given dom0 another size since. */
void room_give_back(struct xguest *g)
{
    struct xen *d = g->d;
    AUTO(freep) char *now = NULL;
    int64_t kib;

    if (!g->from_dom0_kib)
        return;
    pthread_mutex_lock(&d->balloon_lock);
    now = tx_get(g, XBT_NULL, DOM0_TARGET);
    if (now && parse_int(now, &kib) && (uint64_t)kib == d->dom0_target_kib) {
        d->dom0_target_kib += g->from_dom0_kib;
        set_target(d, d->dom0_target_kib);
    }
    pthread_mutex_unlock(&d->balloon_lock);
    g->from_dom0_kib = 0;
}
