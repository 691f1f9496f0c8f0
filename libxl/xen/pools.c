/*
 * cpupools: parts of the host's CPUs with a scheduler of their own. Xen knows them by numbers;
 * their names are in xenstore, /local/pool/N/name, where xl has them, too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/field.h"
#include "libxl/xen/xen.h"

#define POOL_NAME_MAX 64

struct pool {
    uint32_t id;
    int scheduler;
    char name[POOL_NAME_MAX + 1];
    struct cpuset cpus;
};
struct pools VEC(struct pool);

static void name_path(uint32_t id, char out[64])
{
    snprintf(out, 64, "/local/pool/%u", id);
}

void pool_name(struct xen *d, uint32_t id, char *out, size_t size)
{
    char path[64];
    AUTO(freep) char *name = NULL;

    snprintf(path, sizeof(path), "/local/pool/%u/name", id);
    name = id ? xs_read(d->xs, XBT_NULL, path, NULL) : NULL;
    if (name && *name)
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, "Pool-%u", id);
}

/* Names only where they are wanted: they are requests to xenstored. */
static void list(struct xen *d, struct pools *out)
{
    xc_cpupoolinfo_t *info;

    for (uint32_t id = 0; (info = xc_cpupool_getinfo(d->xch, id)); id++) {
        struct pool p = {.id = info->cpupool_id, .scheduler = (int)info->sched_id};

        set_from_map(&p.cpus, info->cpumap, xc_get_cpumap_size(d->xch));
        id = info->cpupool_id;
        xc_cpupool_infofree(d->xch, info);
        pool_name(d, id, p.name, sizeof(p.name));
        vec_push(out, p);
    }
}

static int find(struct xen *d, const char *name, struct pool *out, struct err *e)
{
    struct pools all = {0};
    bool found = false;

    list(d, &all);
    for (size_t i = 0; !found && i < all.len; i++) {
        found = strcmp(all.ptr[i].name, name) == 0;
        *out = all.ptr[i];
    }
    vec_clear(&all);
    if (found)
        return 0;
    err_set(e, ERR_NOT_FOUND, "Pool '%s' does not exist.", name);
    return err_hint(e, "xm cpupool-list tells which there are.");
}

int pool_find(struct xen *d, const char *name, uint32_t *id, struct err *e)
{
    struct pool p;

    *id = 0;
    if (strcmp(name, "Pool-0") == 0)
        return 0;
    if (find(d, name, &p, e) < 0)
        return -1;
    *id = p.id;
    return 0;
}

static int count_domains(const struct infos *infos, uint32_t pool)
{
    int n = 0;

    for (size_t i = 0; i < infos->len; i++)
        n += infos->ptr[i].cpupool == pool;
    return n;
}

static struct value *to_value(const struct pool *p, const struct infos *infos)
{
    struct value *v = value_map(), *cpus = value_list();

    for (unsigned i = 0; i < CPUSET_MAX; i++)
        if (cpuset_has(&p->cpus, i))
            value_add_take(cpus, value_int(i));
    value_set_str(v, "name", p->name);
    value_set_int(v, "id", p->id);
    value_set_str(v, "scheduler", scheduler_name(p->scheduler));
    value_set_take(v, "cpus", cpus);
    value_set_int(v, "domains", count_domains(infos, p->id));
    return v;
}

struct value *xen_pools(struct driver *driver, struct err *e)
{
    struct xen *d = xen_of(driver);
    struct pools all = {0};
    struct infos infos = {0};
    struct value *v = NULL;

    if (infos_get(d, &infos, e) == 0) {
        v = value_list();
        list(d, &all);
        for (size_t i = 0; i < all.len; i++)
            value_add_take(v, to_value(&all.ptr[i], &infos));
    }
    vec_clear(&all);
    vec_clear(&infos);
    return v;
}

/* Those of no pool. */
static void free_cpus(struct xen *d, struct cpuset *out)
{
    xc_cpumap_t map = xc_cpupool_freeinfo(d->xch);

    memset(out, 0, sizeof(*out));
    if (map)
        set_from_map(out, map, xc_get_cpumap_size(d->xch));
    free(map);
}

static int check_free(const struct cpuset *wanted, const struct cpuset *unused, struct err *e)
{
    for (unsigned i = 0; i < CPUSET_MAX; i++)
        if (cpuset_has(wanted, i) && !cpuset_has(unused, i)) {
            err_set(e, ERR_BUSY, "CPU %u is in another pool, or not there", i);
            return err_hint(e, "xm cpupool-cpu-remove takes it out of its pool.");
        }
    return 0;
}

static int move_cpus(struct xen *d, const struct pool *p, const struct cpuset *cpus, bool add,
                     struct err *e)
{
    for (unsigned i = 0; i < CPUSET_MAX; i++) {
        if (!cpuset_has(cpus, i))
            continue;
        if ((add ? xc_cpupool_addcpu(d->xch, p->id, (int)i)
                 : xc_cpupool_removecpu(d->xch, p->id, (int)i)) == 0)
            continue;
        if (errno == EBUSY)
            return err_set(e, ERR_BUSY, "CPU %u of pool '%s' is in use", i, p->name);
        err_xen(e, NULL);
        return err_add(e, "CPU %u of pool '%s'", i, p->name);
    }
    return 0;
}

/* What Xen's numbers are; a count: the first that are free. */
static int read_cpus(struct xen *d, const struct value *cpus, struct cpuset *out, struct err *e)
{
    struct cpuset unused;
    int64_t count = cpus && value_type(cpus) == VALUE_INT ? value_as_int(cpus) : -1;

    free_cpus(d, &unused);
    memset(out, 0, sizeof(*out));
    if (!cpus)
        count = 1; /* as the original: a pool has one CPU at least */
    for (unsigned i = 0; count > 0 && i < CPUSET_MAX; i++)
        if (cpuset_has(&unused, i)) {
            cpuset_add(out, i);
            count--;
        }
    if (count > 0)
        return err_set(e, ERR_NO_RESOURCE, "%u CPUs are in no pool, more are wanted",
                       cpuset_count(out));
    if (cpus && value_type(cpus) == VALUE_STRING && cpuset_parse(value_as_str(cpus), out, e) < 0)
        return -1;
    return check_free(out, &unused, e);
}

static int read_scheduler(struct xen *d, const char *name, int *id, struct err *e)
{
    if (!name)
        return xc_sched_id(d->xch, id) < 0 ? err_xen(e, NULL) : 0;
    for (*id = 0; *id <= XEN_SCHEDULER_NULL; ++*id)
        if (strcmp(scheduler_name(*id), name) == 0)
            return 0;
    return err_set(e, ERR_INVALID, "sched: Xen has no scheduler '%s'", name);
}

static void undo(struct xen *d, const struct pool *p)
{
    struct pool now;
    char path[64];
    struct err e;

    if (find(d, p->name, &now, &e) == 0)
        move_cpus(d, p, &now.cpus, false, &e);
    xc_cpupool_destroy(d->xch, p->id);
    name_path(p->id, path);
    xs_rm(d->xs, XBT_NULL, path);
}

/* The name comes first, so that what is half made can be found, and destroyed. */
static int make(struct xen *d, struct pool *p, const struct cpuset *cpus, struct err *e)
{
    char path[64];

    p->id = XC_CPUPOOL_POOLID_ANY;
    if (xc_cpupool_create(d->xch, &p->id, (uint32_t)p->scheduler) < 0)
        return err_xen(e, NULL);
    fault_point("xen.pool-made");
    snprintf(path, sizeof(path), "/local/pool/%u/name", p->id);
    if (!xs_write(d->xs, XBT_NULL, path, p->name, (unsigned)strlen(p->name)))
        err_sys(e, "xenstore: %s", path);
    else if (move_cpus(d, p, cpus, true, e) == 0)
        return 0;
    undo(d, p);
    return -1;
}

int xen_pool_new(struct driver *driver, const char *name, const char *scheduler,
                 const struct value *cpus, struct err *e)
{
    struct xen *d = xen_of(driver);
    struct pool p, other;
    struct cpuset wanted;
    struct err ignored;

    if (xs_check(d, e) < 0)
        return -1;
    if (find(d, name, &other, &ignored) == 0)
        return err_set(e, ERR_EXISTS, "Pool '%s' already exists", name);
    memset(&p, 0, sizeof(p));
    if (strlen(name) > POOL_NAME_MAX)
        return err_set(e, ERR_INVALID, "the name of a pool has %d characters at most",
                       POOL_NAME_MAX);
    snprintf(p.name, sizeof(p.name), "%s", name);
    if (read_scheduler(d, scheduler, &p.scheduler, e) < 0 || read_cpus(d, cpus, &wanted, e) < 0)
        return -1;
    return make(d, &p, &wanted, e);
}

int xen_pool_delete(struct driver *driver, const char *name, struct err *e)
{
    struct xen *d = xen_of(driver);
    struct infos infos = {0};
    char path[64];
    struct pool p;
    int n;

    if (xs_check(d, e) < 0 || find(d, name, &p, e) < 0 || infos_get(d, &infos, e) < 0)
        return -1;
    n = count_domains(&infos, p.id);
    vec_clear(&infos);
    if (n || !p.id)
        return err_set(e, ERR_BUSY, "Pool '%s' has %d domains", name, n);
    if (move_cpus(d, &p, &p.cpus, false, e) < 0)
        return -1;
    fault_point("xen.pool-emptied");
    if (xc_cpupool_destroy(d->xch, p.id) < 0)
        return err_xen(e, NULL);
    name_path(p.id, path);
    xs_rm(d->xs, XBT_NULL, path);
    return 0;
}

int xen_pool_cpu(struct driver *driver, const char *name, const char *cpus, bool add, struct err *e)
{
    struct xen *d = xen_of(driver);
    struct cpuset wanted, unused;
    struct pool p;

    if (cpuset_parse(cpus, &wanted, e) < 0 || find(d, name, &p, e) < 0)
        return -1;
    free_cpus(d, &unused);
    if (add && check_free(&wanted, &unused, e) < 0)
        return -1;
    for (unsigned i = 0; !add && i < CPUSET_MAX; i++)
        if (cpuset_has(&wanted, i) && !cpuset_has(&p.cpus, i))
            return err_set(e, ERR_INVALID, "CPU %u is not in pool '%s'", i, name);
    return move_cpus(d, &p, &wanted, add, e);
}

int pool_enter(struct xguest *g, const char *name, struct err *e)
{
    uint32_t id;

    if (pool_find(g->d, name, &id, e) < 0)
        return -1;
    if (xc_cpupool_movedomain(g->d->xch, id, g->pub.domid) == 0)
        return 0;
    err_xen(e, NULL);
    return err_add(e, "pool '%s'", name);
}

int xen_pool_move(struct guest *guest, const char *name, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    xc_domaininfo_t info;

    return xguest_info(g, &info, e) < 0 ? -1 : pool_enter(g, name, e);
}
