/* Handlers that tell of virtual CPUs: of one domain, or of all in one answer: see API.md. */
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/base/vec.h"
#include "xend/api.h"
#include "xend/xend.h"

/* Collected without the lock. */
struct sampled {
    char uuid[UUID_TEXT_SIZE];
    struct value *value;
};
struct sampled_vcpus VEC(struct sampled);

static void collect(void *arg, const struct vcpu_sample *v)
{
    struct sampled_vcpus *all = arg;
    struct sampled s = {.value = value_map()};
    AUTO(freep) char *cpus = v->affinity ? cpuset_print(v->affinity) : xstrdup("all");

    strncpy(s.uuid, v->uuid, sizeof(s.uuid) - 1);
    value_set_int(s.value, "vcpu", v->vcpu);
    value_set_bool(s.value, "online", v->online);
    value_set_bool(s.value, "running", v->running);
    value_set_take(s.value, "cpu", v->cpu >= 0 ? value_int(v->cpu) : value_nil());
    value_set_take(s.value, "cpu_time", value_real((double)(v->cpu_ns / 1000000) / 1e3));
    value_set_str(s.value, "affinity", cpus);
    vec_push(all, s);
}

/* By domain, so that a list of thousands is not searched for each of them. */
static int compare(const void *a, const void *b)
{
    const struct sampled *x = a, *y = b;
    int r = strcmp(x->uuid, y->uuid);

    return r ? r : (int)(value_get_int(x->value, "vcpu", 0) - value_get_int(y->value, "vcpu", 0));
}

/* The place of the first sample of this domain, or of none. */
static size_t first_of(const struct sampled_vcpus *all, const char *uuid)
{
    size_t low = 0, high = all->len;

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strcmp(all->ptr[mid].uuid, uuid) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void sampled_clear(struct sampled_vcpus *all)
{
    for (size_t i = 0; i < all->len; i++)
        value_free(all->ptr[i].value);
    vec_clear(all);
}

/* A vcpu that nobody runs: of a halted domain, or where the driver tells of none. */
static struct value *vcpu_without_guest(int64_t number, const struct spec *s)
{
    size_t n = value_len(s->cpus);
    const char *cpus = n ? value_as_str(value_at(s->cpus, n == 1 ? 0 : (size_t)number)) : "";
    struct value *v = value_map();

    value_set_int(v, "vcpu", number);
    value_set_bool(v, "online", false);
    value_set_bool(v, "running", false);
    value_set_take(v, "cpu", value_nil());
    value_set_take(v, "cpu_time", value_real(0));
    value_set_str(v, "affinity", *cpus ? cpus : "all");
    return v;
}

/* Takes the samples that are d's. With the lock. */
static struct value *domain_vcpus(const struct domain *d, struct sampled_vcpus *all)
{
    struct value *map = value_map(), *list = value_list();
    bool none;

    value_set_str(map, "name", d->spec->name);
    value_set_str(map, "uuid", d->uuid);
    value_set_take(map, "domid", d->domid == DOMID_NONE ? value_nil() : value_int(d->domid));
    for (size_t i = first_of(all, d->uuid); i < all->len; i++) {
        if (strcmp(all->ptr[i].uuid, d->uuid) != 0)
            break;
        value_add_take(list, all->ptr[i].value);
        all->ptr[i].value = NULL;
    }
    none = value_len(list) == 0 && !d->privileged;
    for (int64_t i = 0; none && i < spec_maxvcpus(d->spec); i++)
        value_add_take(list, vcpu_without_guest(i, d->spec));
    value_set_take(map, "vcpus", list);
    return map;
}

static int sample(struct xend *x, const char *uuid, struct sampled_vcpus *all, struct err *e)
{
    if (!x->driver->ops->vcpus)
        return driver_lacks(x->driver, "list of virtual CPUs", e);
    if (x->driver->ops->vcpus(x->driver, uuid, collect, all, e) < 0)
        return -1;
    if (all->len)
        qsort(all->ptr, all->len, sizeof(all->ptr[0]), compare);
    return 0;
}

void api_domain_vcpus(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(sampled_clear) struct sampled_vcpus all = {0};
    char uuid[UUID_TEXT_SIZE] = "";
    struct value *v = NULL;
    struct domain *d;
    struct err e;

    xend_lock(x);
    d = domain_get(x->domains, r->args[0], &e);
    if (d)
        memcpy(uuid, d->uuid, sizeof(uuid));
    xend_unlock(x);
    if (d && sample(x, uuid, &all, &e) == 0) {
        xend_lock(x);
        d = domain_get(x->domains, uuid, &e); /* it may have gone meanwhile */
        v = d ? domain_vcpus(d, &all) : NULL;
        xend_unlock(x);
    }
    if (v)
        reply_json_take(p, 200, v);
    else
        reply_err(p, &e);
}

void api_vcpus(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(sampled_clear) struct sampled_vcpus all = {0};
    struct value *v, *list;
    struct err e;

    (void)r;
    if (sample(x, NULL, &all, &e) < 0) {
        reply_err(p, &e);
        return;
    }
    v = value_map();
    list = value_list();
    xend_lock(x);
    for (size_t i = 0; i < x->domains->n; i++)
        value_add_take(list, domain_vcpus(x->domains->sorted[i], &all));
    xend_unlock(x);
    value_set_take(v, "domains", list);
    reply_json_take(p, 200, v);
}
