/*
 * The shares of the host's CPUs that domains have, weight and cap: who has which (GET /v1/sched),
 * and the job that changes one. Domain-0 has one, too, where the driver tells of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/mem.h"
#include "libxl/base/vec.h"
#include "xend/api.h"
#include "xend/ops.h"
#include "xend/policy.h"
#include "xend/xend.h"

#define WEIGHT_MAX 65535 /* of Xen's schedulers */

struct sampled {
    char uuid[UUID_TEXT_SIZE];
    int64_t weight, cap;
};
struct sampled_shares VEC(struct sampled);

static void collect(void *arg, const struct sched_sample *s)
{
    struct sampled_shares *all = arg;
    struct sampled one = {.weight = s->weight, .cap = s->cap};

    snprintf(one.uuid, sizeof(one.uuid), "%s", s->uuid);
    vec_push(all, one);
}

/* What is in force; of what does not run, or where the driver does not tell: what is asked for. */
static struct value *to_value(const struct domain *d, const struct sampled_shares *all, bool told)
{
    struct value *v = value_map();
    bool runs = d->domid != DOMID_NONE, known = !d->privileged && (!runs || !told);
    int64_t weight = d->spec->cpu_weight, cap = d->spec->cpu_cap;

    for (size_t i = 0; !known && i < all->len; i++)
        if (strcmp(all->ptr[i].uuid, d->uuid) == 0) {
            weight = all->ptr[i].weight;
            cap = all->ptr[i].cap;
            known = true;
        }
    value_set_str(v, "name", d->spec->name);
    value_set_str(v, "uuid", d->uuid);
    value_set_take(v, "domid", runs ? value_int(d->domid) : value_nil());
    value_set_take(v, "weight", known ? value_int(weight) : value_nil());
    value_set_take(v, "cap", known ? value_int(cap) : value_nil());
    return v;
}

static struct value *list_all(struct xend *x, const struct sampled_shares *all)
{
    struct value *list = value_list();

    xend_lock(x);
    for (size_t i = 0; i < x->domains->n; i++)
        value_add_take(list, to_value(x->domains->sorted[i], all, x->driver->ops->sched));
    xend_unlock(x);
    return list;
}

void api_sched(struct xend *x, struct request *r, struct reply *p)
{
    struct sampled_shares all = {0};
    AUTO(value_freep) struct value *node = NULL;
    struct value *v;
    struct err e;

    (void)r;
    node = x->driver->ops->node_info(x->driver, &e);
    if (!node ||
        (x->driver->ops->sched && x->driver->ops->sched(x->driver, collect, &all, &e) < 0)) {
        vec_clear(&all);
        reply_err(p, &e);
        return;
    }
    v = value_map();
    value_set_str(v, "scheduler", value_get_str(node, "xen_scheduler", "unknown"));
    value_set_take(v, "domains", list_all(x, &all));
    vec_clear(&all);
    reply_json_take(p, 200, v);
}

/* Both in the job's argument, -1: as it is. */
static int plan_share(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                      struct err *e)
{
    int64_t weight = value_get_int(t->arg_value, "weight", -1);
    int64_t cap = value_get_int(t->arg_value, "cap", -1);

    (void)x, (void)d;
    if (cap > spec_maxvcpus(s) * 100)
        return err_set(e, ERR_INVALID,
                       "Cpu cap out of range, valid range is from 0 to %" PRId64
                       " for specified number of vcpus",
                       spec_maxvcpus(s) * 100);
    s->cpu_weight = weight < 0 ? s->cpu_weight : weight;
    s->cpu_cap = cap < 0 ? s->cpu_cap : cap;
    return 0;
}

static int set_share(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    int64_t weight = value_get_int(t->arg_value, "weight", -1);
    int64_t cap = value_get_int(t->arg_value, "cap", -1);
    int r;

    fault_point("sched.begin");
    r = x->driver->ops->set_sched(x->driver, d->uuid, weight, cap, e);
    fault_point("sched.done");
    return r;
}

/* Of the host nothing is kept: it has its share until the next boot. */
static int set_host(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(spec_freep) struct spec *s = NULL;

    if (!x->driver->ops->set_sched)
        return driver_lacks(x->driver, t->kind->name, e);
    xend_lock(x);
    s = spec_copy(d->spec);
    xend_unlock(x);
    if (plan_share(x, d, t, s, e) < 0 || set_share(x, d, t, e) < 0)
        return err_add(e, "%s: %s", t->name, t->kind->name);
    return 0;
}

static int run_set(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    if (d->privileged)
        return set_host(x, d, t, e);
    return op_change(x, d, t, plan_share, set_share, x->driver->ops->set_sched, e);
}

/* arg_value: {"weight","cap"}, either may lack */
static const struct task_kind op_sched_set = {
    .name = "sched-set", .run = run_set, .host_too = true};

static int read_number(const struct value *body, const char *key, const char *what, int64_t min,
                       struct value *out, struct err *e)
{
    const struct value *v = value_get(body, key);

    if (!v)
        return 0;
    if (value_type(v) != VALUE_INT || value_as_int(v) < min || value_as_int(v) > WEIGHT_MAX)
        return err_set(e, ERR_INVALID,
                       "Cpu %s out of range, valid values are within range from %" PRId64 " to %d",
                       what, min, WEIGHT_MAX);
    value_set_int(out, key, value_as_int(v));
    return 0;
}

void api_domain_sched(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL, *arg = value_map();
    int weight = -1, cap = -1;
    struct err e;

    body = request_json(r, &e);
    if (body)
        weight = read_number(body, "weight", "weight", 1, arg, &e);
    if (weight >= 0)
        cap = read_number(body, "cap", "cap", 0, arg, &e);
    if (cap >= 0)
        act_take(x, r, p, &op_sched_set, 0, steal(arg));
    else
        reply_err(p, &e);
}
