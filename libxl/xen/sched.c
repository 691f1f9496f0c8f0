/*
 * The shares of the host's CPUs, weight and cap, which mean the same to both of Xen's schedulers
 * that know them. The scheduler is the one of the domain's cpupool.
 */
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/xen/xen.h"

/* A pair of both; which of them counts is up to the scheduler. */
struct share {
    int scheduler; /* XEN_SCHEDULER_... */
    struct xen_domctl_sched_credit credit;
    struct xen_domctl_sched_credit2 credit2;
};

static int scheduler_of(struct xen *d, uint32_t pool, struct err *e)
{
    xc_cpupoolinfo_t *info = xc_cpupool_getinfo(d->xch, pool);
    int id = info && info->cpupool_id == pool ? (int)info->sched_id : -1;

    if (info)
        xc_cpupool_infofree(d->xch, info);
    return id < 0 ? err_set(e, ERR_BACKEND, "cpupool %u: Xen does not know it", pool) : id;
}

static int share_get(struct xen *d, uint32_t domid, struct share *s, struct err *e)
{
    int r;

    if (s->scheduler == XEN_SCHEDULER_CREDIT2)
        r = xc_sched_credit2_domain_get(d->xch, domid, &s->credit2);
    else if (s->scheduler == XEN_SCHEDULER_CREDIT)
        r = xc_sched_credit_domain_get(d->xch, domid, &s->credit);
    else
        return err_set(e, ERR_UNSUPPORTED, "weights and caps: not with the %s scheduler",
                       scheduler_name(s->scheduler));
    return r < 0 ? err_xen(e, NULL) : 0;
}

/* As it is where a number is negative. */
int share_set(struct xen *d, const xc_domaininfo_t *info, int64_t weight, int64_t cap,
              struct err *e)
{
    struct share s = {.scheduler = scheduler_of(d, info->cpupool, e)};
    uint16_t *at[][2] = {{&s.credit.weight, &s.credit.cap}, {&s.credit2.weight, &s.credit2.cap}};
    int r;

    if (s.scheduler < 0 || share_get(d, info->domain, &s, e) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        *at[i][0] = weight < 0 ? *at[i][0] : (uint16_t)weight;
        *at[i][1] = cap < 0 ? *at[i][1] : (uint16_t)cap;
    }
    r = s.scheduler == XEN_SCHEDULER_CREDIT2
            ? xc_sched_credit2_domain_set(d->xch, info->domain, &s.credit2)
            : xc_sched_credit_domain_set(d->xch, info->domain, &s.credit);
    return r < 0 ? err_xen(e, NULL) : 0;
}

/* Who has a share of which there is to tell. */
struct place {
    char uuid[UUID_TEXT_SIZE];
    xc_domaininfo_t info;
};
struct places VEC(struct place);

static void add(struct places *v, const char *uuid, const xc_domaininfo_t *info)
{
    struct place p = {.info = *info};

    snprintf(p.uuid, sizeof(p.uuid), "%s", uuid);
    vec_push(v, p);
}

static int find(struct xen *d, const char *uuid, struct places *out, struct err *e)
{
    struct infos infos = {0};
    int r;

    pthread_mutex_lock(&d->lock);
    r = infos_get(d, &infos, e);
    if (r == 0 && infos.len && infos.ptr[0].domain == 0 && (!uuid || strcmp(uuid, DOM0_UUID) == 0))
        add(out, DOM0_UUID, &infos.ptr[0]);
    for (size_t i = 0; r == 0 && i < d->guests.len; i++) {
        const struct guest *g = &d->guests.ptr[i]->pub;
        const xc_domaininfo_t *info = infos_find_guest(&infos, g);

        if (info && (!uuid || strcmp(uuid, g->uuid) == 0))
            add(out, g->uuid, info);
    }
    pthread_mutex_unlock(&d->lock);
    vec_clear(&infos);
    return r;
}

int xen_set_sched(struct driver *driver, const char *uuid, int64_t weight, int64_t cap,
                  struct err *e)
{
    struct places who = {0};
    int r = find(xen_of(driver), uuid, &who, e);

    if (r == 0 && !who.len)
        r = err_set(e, ERR_STATE, "it is gone");
    fault_point("xen.sharing");
    if (r == 0)
        r = share_set(xen_of(driver), &who.ptr[0].info, weight, cap, e);
    vec_clear(&who);
    return r;
}

/* Those in a pool whose scheduler knows no shares are left out. */
int xen_sched(struct driver *driver, sched_sample_fn *each, void *arg, struct err *e)
{
    struct xen *d = xen_of(driver);
    struct places all = {0};
    int r = find(d, NULL, &all, e), pool = -1, scheduler = -1;
    struct err ignored;

    for (size_t i = 0; r == 0 && i < all.len; i++) {
        const xc_domaininfo_t *info = &all.ptr[i].info;
        struct sched_sample out = {.uuid = all.ptr[i].uuid};
        struct share s;

        if (pool != (int)info->cpupool)
            scheduler = scheduler_of(d, info->cpupool, &ignored);
        pool = (int)info->cpupool;
        s = (struct share){.scheduler = scheduler};
        if (scheduler < 0 || share_get(d, info->domain, &s, &ignored) < 0)
            continue;
        out.weight = s.credit.weight | s.credit2.weight; /* one of them is 0 */
        out.cap = s.credit.cap | s.credit2.cap;
        each(arg, &out);
    }
    vec_clear(&all);
    return r;
}
