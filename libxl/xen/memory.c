/*
 * The memory of a running guest: its kernel's balloon driver follows memory/target in xenstore,
 * and Xen gives it no more than its maximum. Xen itself keeps both figures.
 */
#include <inttypes.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/xen/xen.h"

#define SLICE_MS 100 /* Xen tells nobody of pages that come and go */

static int not_obeyed(uint64_t now, uint64_t kib, struct err *e)
{
    err_set(e, ERR_TIMEOUT,
            "the guest has not obeyed: it has %" PRIu64 " MiB, %" PRIu64 " MiB asked for",
            now / 1024, kib / 1024);
    return err_hint(e, "The request stays. Its kernel must be up and have a balloon driver, and "
                       "memory to spare.");
}

/* How far it is from `before` on the way to `kib`. */
static uint64_t moved(uint64_t before, uint64_t now, uint64_t kib)
{
    if (kib > before)
        return now > before ? now - before : 0;
    return now < before ? before - now : 0;
}

/* A PVH guest has a few pages more, of Xen's own, that its kernel does not count. */
static bool is_reached(const struct xguest *g, uint64_t now, uint64_t kib)
{
    return now == kib || (g->spec->type != TYPE_PV && now > kib && now - kib < MAXMEM_SLACK_KIB);
}

static int await(struct xguest *g, uint64_t kib, uint64_t before, struct job *j, struct err *e)
{
    int64_t deadline = now_ms() + PATIENCE_MS;
    uint64_t last = before;

    for (;;) {
        xc_domaininfo_t info;
        uint64_t now;

        if (xguest_info(g, &info, e) < 0)
            return -1;
        now = info.tot_pages * PAGE_KIB;
        job_progress(j, moved(before, now, kib), kib > before ? kib - before : before - kib);
        if (is_reached(g, now, kib))
            return 0;
        if (now != last)
            deadline = now_ms() + PATIENCE_MS;
        last = now;
        if (job_check(j, e) < 0)
            return -1;
        if (now_ms() >= deadline)
            return not_obeyed(now, kib, e);
        job_wait(j, SLICE_MS);
    }
}

/* What Xen would refuse to give is known before. */
static int check(struct xguest *g, const xc_domaininfo_t *info, uint64_t kib, struct job *j,
                 struct err *e)
{
    uint64_t has = info->tot_pages * PAGE_KIB, most = info->max_pages * PAGE_KIB;

    most -= most > MAXMEM_SLACK_KIB ? MAXMEM_SLACK_KIB : 0;
    if (kib < PAGE_KIB || kib > most) {
        err_set(e, ERR_INVALID, "%" PRIu64 " MiB of memory: it may have 1 to %" PRIu64 " MiB",
                kib / 1024, most / 1024);
        return kib < PAGE_KIB ? -1 : err_hint(e, "xm mem-max, or maxmem at its start, allow more.");
    }
    return kib > has ? room_make(g, kib - has, j, e) : 0;
}

/* A paused guest cannot answer: it finds the wish when it runs again, and nobody waits. */
int xen_set_memory(struct guest *guest, uint64_t kib, struct job *j, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    struct node n = {.name = "memory/target"};
    xc_domaininfo_t info;

    kib = (kib + PAGE_KIB - 1) / PAGE_KIB * PAGE_KIB;
    if (xguest_info(g, &info, e) < 0 || check(g, &info, kib, j, e) < 0)
        return -1;
    snprintf(n.text, sizeof(n.text), "%" PRIu64, kib);
    fault_point("xen.balloon-asking");
    if (store_put(g, &n, 1, e) < 0)
        return -1;
    fault_point("xen.balloon-asked");
    if (info.flags & XEN_DOMINF_paused)
        return 0;
    return await(g, kib, info.tot_pages * PAGE_KIB, j, e);
}

/* The map of its memory that a guest starts with has no room for more than maxmem. */
int xen_set_maxmem(struct guest *guest, uint64_t kib, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    xc_domaininfo_t info;
    uint64_t has, most;

    if (xguest_info(g, &info, e) < 0 || store_get_number(g, "memory/static-max", &most, e) < 0)
        return -1;
    has = info.tot_pages * PAGE_KIB;
    if (kib < has)
        return err_set(e, ERR_INVALID, "%" PRIu64 " MiB is less than it has, %" PRIu64 " MiB",
                       kib / 1024, has / 1024);
    if (kib > most)
        return err_set(e, ERR_UNSUPPORTED,
                       "%" PRIu64 " MiB takes effect at its next start: it was started for %" PRIu64
                       " MiB at most",
                       kib / 1024, most / 1024);
    fault_point("xen.bound-setting");
    return xc_domain_setmaxmem(g->d->xch, guest->domid, kib + MAXMEM_SLACK_KIB) < 0
               ? err_xen(e, NULL)
               : 0;
}
