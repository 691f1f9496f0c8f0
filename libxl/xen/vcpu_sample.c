/* Every virtual CPU of our guests and of Domain-0, in numbers: a hypercall or two for each. */
#include <string.h>

#include "libxl/xen/xen.h"

/* A domain whose virtual CPUs are wanted. */
struct owner {
    char uuid[UUID_TEXT_SIZE];
    uint32_t domid, max_vcpu_id;
    struct cpuset pool;
};
struct owners VEC(struct owner);

static int add_owner(struct xen *d, struct owners *v, const char *uuid, const xc_domaininfo_t *i,
                     struct err *e)
{
    struct owner o = {.domid = i->domain, .max_vcpu_id = i->max_vcpu_id};

    if (i->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID)
        return 0;
    snprintf(o.uuid, sizeof(o.uuid), "%s", uuid);
    if (pool_cpus(d, i->cpupool, &o.pool, e) < 0)
        return -1;
    vec_push(v, o);
    return 0;
}

static bool is_wanted(const char *uuid, const char *wanted)
{
    return !wanted || strcmp(uuid, wanted) == 0;
}

static int list_owners(struct xen *d, const char *uuid, struct owners *out, struct err *e)
{
    struct infos infos = {0};
    int r;

    pthread_mutex_lock(&d->lock);
    r = infos_get(d, &infos, e);
    if (r == 0 && is_wanted(DOM0_UUID, uuid) && infos.len && infos.ptr[0].domain == 0)
        r = add_owner(d, out, DOM0_UUID, &infos.ptr[0], e);
    for (size_t i = 0; r == 0 && i < d->guests.len; i++) {
        const struct guest *g = &d->guests.ptr[i]->pub;
        const xc_domaininfo_t *info = is_wanted(g->uuid, uuid) ? infos_find_guest(&infos, g) : NULL;

        if (info)
            r = add_owner(d, out, g->uuid, info, e);
    }
    pthread_mutex_unlock(&d->lock);
    vec_clear(&infos);
    return r;
}

/* False: the domain has gone meanwhile, or there is no such virtual CPU. */
static bool look(struct xen *d, const struct owner *o, unsigned vcpu, xc_cpumap_t map,
                 struct vcpu_sample *out, struct cpuset *affinity)
{
    size_t bytes = (size_t)xc_get_cpumap_size(d->xch);
    xc_vcpuinfo_t info;

    if (xc_vcpu_getinfo(d->xch, o->domid, vcpu, &info) < 0 ||
        xc_vcpu_getaffinity(d->xch, o->domid, (int)vcpu, map, NULL, XEN_VCPUAFFINITY_HARD) < 0)
        return false;
    memset(affinity, 0, sizeof(*affinity));
    for (unsigned i = 0; i < bytes * 8; i++)
        if (map[i / 8] >> i % 8 & 1)
            cpuset_add(affinity, i);
    *affinity = cpuset_and(affinity, &o->pool);
    *out = (struct vcpu_sample){.uuid = o->uuid,
                                .vcpu = vcpu,
                                .online = info.online,
                                .running = info.online && info.running,
                                .cpu = info.online ? (int)info.cpu : -1,
                                .cpu_ns = info.cpu_time};
    if (cpuset_count(affinity) != cpuset_count(&o->pool))
        out->affinity = affinity;
    return true;
}

int xen_vcpus(struct driver *driver, const char *uuid, vcpu_sample_fn *each, void *arg,
              struct err *e)
{
    struct xen *d = xen_of(driver);
    AUTO(freep) xc_cpumap_t map = xc_cpumap_alloc(d->xch);
    struct owners owners = {0};
    int r = map ? list_owners(d, uuid, &owners, e) : err_xen(e, NULL);

    for (size_t i = 0; r == 0 && i < owners.len; i++) {
        for (unsigned n = 0; n <= owners.ptr[i].max_vcpu_id; n++) {
            struct vcpu_sample v;
            struct cpuset affinity;

            if (look(d, &owners.ptr[i], n, map, &v, &affinity))
                each(arg, &v);
        }
    }
    vec_clear(&owners);
    return r;
}
