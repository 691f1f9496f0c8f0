/*
 * Virtual CPUs: where they may run (Xen's hard affinity), how many are online, and the guest's
 * share of the host's. A guest brings up and takes down its own: it is asked through xenstore.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/xen/xen.h"

#define SLICE_MS 100 /* Xen tells nobody of a virtual CPU that went up or down */

void job_wait(struct job *j, int ms)
{
    struct pollfd p = {j->cancel_fd, POLLIN, 0};

    poll(&p, 1, ms);
}

void set_from_map(struct cpuset *out, const uint8_t *map, int bytes)
{
    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; i < (unsigned)bytes * 8; i++)
        if (map[i / 8] >> i % 8 & 1)
            cpuset_add(out, i);
}

int pool_cpus(struct xen *d, uint32_t pool, struct cpuset *out, struct err *e)
{
    xc_cpupoolinfo_t *info = xc_cpupool_getinfo(d->xch, pool);

    if (!info)
        return err_xen(e, NULL);
    set_from_map(out, info->cpumap, xc_get_cpumap_size(d->xch));
    xc_cpupool_infofree(d->xch, info);
    return 0;
}

int xguest_info(struct xguest *g, xc_domaininfo_t *info, struct err *e)
{
    enum stop_reason reason;
    enum guest_state state = xguest_look(g, &reason);

    if (state != GUEST_RUNNING && state != GUEST_PAUSED)
        return err_set(e, ERR_STATE, "it is %s", guest_state_name(state));
    if (xc_domain_getinfolist(g->d->xch, g->pub.domid, 1, info) != 1)
        return err_xen(e, NULL);
    return 0;
}

/* All of the pool's is asked for as all there ever may be, so that a CPU added later counts. */
static int pin(struct xguest *g, unsigned vcpu, const struct cpuset *wanted,
               const struct cpuset *pool, struct err *e)
{
    struct cpuset set = cpuset_and(wanted, pool);
    AUTO(freep) char *wanted_text = cpuset_print(wanted);
    AUTO(freep) char *pool_text = cpuset_print(pool);
    AUTO(freep) xc_cpumap_t map = xc_cpumap_alloc(g->d->xch);
    size_t bytes = (size_t)xc_get_cpumap_size(g->d->xch);

    if (!cpuset_count(&set))
        return err_set(e, ERR_INVALID, "CPUs '%.100s': this host has %s", wanted_text, pool_text);
    if (!map)
        return err_xen(e, NULL);
    for (unsigned i = 0; i < bytes * 8; i++)
        if (cpuset_has(&set, i) || cpuset_count(&set) == cpuset_count(pool))
            map[i / 8] = (uint8_t)(map[i / 8] | 1 << i % 8);
    if (xc_vcpu_setaffinity(g->d->xch, g->pub.domid, (int)vcpu, map, NULL, XEN_VCPUAFFINITY_HARD) <
        0)
        return err_xen(e, NULL);
    return 0;
}

int xen_pin_vcpu(struct guest *guest, unsigned vcpu, const struct cpuset *cpus, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    xc_domaininfo_t info;
    struct cpuset pool;

    if (xguest_info(g, &info, e) < 0)
        return -1;
    if (vcpu > info.max_vcpu_id)
        return err_set(e, ERR_INVALID, "virtual CPU %u: it has 0 to %u", vcpu, info.max_vcpu_id);
    if (pool_cpus(g->d, info.cpupool, &pool, e) < 0)
        return -1;
    fault_point("xen.pinning");
    return pin(g, vcpu, cpus, &pool, e);
}

/* One text for all, or one for each; for numbers beyond there is no wish. */
int place_by_spec(struct xguest *g, struct err *e)
{
    const struct spec *s = g->spec;
    const struct value *cpus = s->cpus;
    size_t n = value_len(cpus);
    struct cpuset pool, wanted;
    xc_domaininfo_t info;

    if ((strcmp(s->pool, "Pool-0") != 0 && pool_enter(g, s->pool, e) < 0) ||
        xguest_info(g, &info, e) < 0)
        return -1;
    if ((s->cpu_weight != 256 || s->cpu_cap) &&
        share_set(g->d, &info, s->cpu_weight, s->cpu_cap, e) < 0)
        return err_add(e, "cpu_weight, cpu_cap");
    if (n && pool_cpus(g->d, info.cpupool, &pool, e) < 0)
        return -1;
    for (unsigned i = 0; n && i < (unsigned)spec_maxvcpus(g->spec); i++) {
        size_t at = n == 1 ? 0 : i;

        if (at >= n)
            break;
        if (cpuset_parse(value_as_str(value_at(cpus, at)), &wanted, e) < 0 ||
            pin(g, i, &wanted, &pool, e) < 0)
            return err_add(e, "cpus");
    }
    return 0;
}

static int request(struct xguest *g, unsigned online, unsigned most, struct err *e)
{
    AUTO(freep) struct node *nodes = xcalloc(most, sizeof(*nodes));

    for (unsigned i = 0; i < most; i++) {
        snprintf(nodes[i].name, sizeof(nodes[i].name), "cpu/%u/availability", i);
        strcpy(nodes[i].text, i < online ? "online" : "offline");
    }
    return store_put(g, nodes, most, e);
}

static int await(struct xguest *g, unsigned online, unsigned before, struct job *j, struct err *e)
{
    int64_t deadline = now_ms() + PATIENCE_MS;
    unsigned last = before;

    for (;;) {
        xc_domaininfo_t info;
        unsigned now;

        if (xguest_info(g, &info, e) < 0)
            return -1;
        now = info.nr_online_vcpus;
        job_progress(j, (uint64_t)abs((int)now - (int)before),
                     (uint64_t)abs((int)online - (int)before));
        if (now == online)
            return 0;
        if (now != last)
            deadline = now_ms() + PATIENCE_MS;
        last = now;
        if (job_check(j, e) < 0)
            return -1;
        if (now_ms() >= deadline)
            return err_set(e, ERR_TIMEOUT,
                           "the guest has not obeyed: %u virtual CPUs are online, %u asked for",
                           now, online);
        job_wait(j, SLICE_MS);
    }
}

/* A paused guest cannot answer: it finds the wish when it runs again, and nobody waits. */
int xen_set_vcpus(struct guest *guest, unsigned online, struct job *j, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    xc_domaininfo_t info;

    if (xguest_info(g, &info, e) < 0)
        return -1;
    if (online < 1 || online > info.max_vcpu_id + 1)
        return err_set(e, ERR_INVALID, "%u virtual CPUs: it may have 1 to %u", online,
                       info.max_vcpu_id + 1);
    fault_point("xen.vcpus-asking");
    if (request(g, online, info.max_vcpu_id + 1, e) < 0)
        return -1;
    fault_point("xen.vcpus-asked");
    return info.flags & XEN_DOMINF_paused ? 0 : await(g, online, info.nr_online_vcpus, j, e);
}
