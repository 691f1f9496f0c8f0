/*
 * Handlers of the host's cpupools, and the job that moves a domain into another. Pools are the
 * hypervisor's: xend keeps nothing of them but the name in a domain's spec, and those that are
 * defined (pooldefs.c).
 */
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/ops.h"
#include "xend/policy.h"
#include "xend/pooldefs.h"
#include "xend/xend.h"

#define WEIGHT_DEFAULT 256 /* which every domain gets from a new scheduler */

bool cpupools_known(struct xend *x, struct reply *p)
{
    struct err e;

    if (x->driver->ops->pools)
        return true;
    driver_lacks(x->driver, "cpupools", &e);
    reply_err(p, &e);
    return false;
}

static void reply_pools(struct xend *x, struct reply *p)
{
    struct value *v, *list;
    struct err e;

    list = x->driver->ops->pools(x->driver, &e);
    if (!list) {
        reply_err(p, &e);
        return;
    }
    pooldefs_merge(x, list);
    v = value_map();
    value_set_take(v, "cpupools", list);
    reply_json_take(p, 200, v);
}

void api_cpupools(struct xend *x, struct request *r, struct reply *p)
{
    (void)r;
    if (cpupools_known(x, p))
        reply_pools(x, p);
}

/* After a change that the hypervisor makes at once: all of them, as they are now. */
void cpupool_reply(struct xend *x, const struct request *r, struct reply *p, int result,
                   const char *what, const char *pool, const struct err *e)
{
    char by[32];

    if (result < 0) {
        reply_err(p, e);
        return;
    }
    request_by(r, by, sizeof(by));
    log_info("cpupool=%s: %s by %s", pool, what, by);
    reply_pools(x, p);
}

static bool is_text(const struct value *body, const char *key, bool needed)
{
    const struct value *v = value_get(body, key);

    return v ? value_type(v) == VALUE_STRING && *value_as_str(v) : !needed;
}

int cpupool_check(const struct value *body, struct err *e)
{
    const struct value *cpus = value_get(body, "cpus");

    if (!is_text(body, "name", true) || !is_text(body, "scheduler", false))
        return err_set(e, ERR_INVALID, "request body: a text \"name\" is needed");
    if (cpus && !is_text(body, "cpus", true) &&
        (value_type(cpus) != VALUE_INT || value_as_int(cpus) < 1))
        return err_set(e, ERR_INVALID, "cpus: a count, or text such as 2-3,5");
    return check_name(value_get_str(body, "name", ""), e);
}

void api_cpupool_new(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *name;
    struct err e;
    int result;

    if (!cpupools_known(x, p))
        return;
    body = request_json(r, &e);
    if (!body || cpupool_check(body, &e) < 0) {
        reply_err(p, &e);
        return;
    }
    name = value_get_str(body, "name", "");
    result = x->driver->ops->pool_new(x->driver, name, value_get_str(body, "scheduler", NULL),
                                      value_get(body, "cpus"), &e);
    cpupool_reply(x, r, p, result, "made", name, &e);
}

void api_cpupool_destroy(struct xend *x, struct request *r, struct reply *p)
{
    struct err e;
    int result;

    if (!cpupools_known(x, p))
        return;
    result = x->driver->ops->pool_delete(x->driver, r->args[0], &e);
    cpupool_reply(x, r, p, result, "destroyed", r->args[0], &e);
}

static void change_cpus(struct xend *x, struct request *r, struct reply *p, bool add)
{
    AUTO(value_freep) struct value *body = NULL;
    struct err e;
    int result;

    if (!cpupools_known(x, p))
        return;
    body = request_json(r, &e);
    if (body && !is_text(body, "cpus", true)) {
        err_set(&e, ERR_INVALID, "request body: a text \"cpus\" is needed");
        reply_err(p, &e);
        return;
    }
    result = body ? x->driver->ops->pool_cpu(x->driver, r->args[0], value_get_str(body, "cpus", ""),
                                             add, &e)
                  : -1;
    cpupool_reply(x, r, p, result, add ? "CPUs added" : "CPUs removed", r->args[0], &e);
}

void api_cpupool_cpu_add(struct xend *x, struct request *r, struct reply *p)
{
    change_cpus(x, r, p, true);
}

void api_cpupool_cpu_remove(struct xend *x, struct request *r, struct reply *p)
{
    change_cpus(x, r, p, false);
}

static int plan_move(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                     struct err *e)
{
    (void)x, (void)d, (void)e;
    free(s->pool);
    s->pool = xstrdup(value_as_str(t->arg_value));
    return 0;
}

static int move(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    const struct spec *s = d->spec;

    fault_point("cpupool.begin");
    if (x->driver->ops->pool_move(d->guest, value_as_str(t->arg_value), e) < 0)
        return -1;
    fault_point("cpupool.done");
    if ((s->cpu_weight != WEIGHT_DEFAULT || s->cpu_cap) &&
        x->driver->ops->set_sched(x->driver, d->uuid, s->cpu_weight, s->cpu_cap, e) < 0)
        return err_add(e, "its share in the new pool");
    return 0;
}

static int run_move(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    if (!x->driver->ops->pool_move)
        return driver_lacks(x->driver, "cpupools", e);
    return op_change(x, d, t, plan_move, move, true, e);
}

/* arg_value: the name of a pool */
static const struct task_kind op_cpupool_move = {.name = "cpupool-migrate", .run = run_move};

void api_domain_cpupool(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    struct err e;

    body = request_json(r, &e);
    if (body && is_text(body, "pool", true)) {
        act_take(x, r, p, &op_cpupool_move, 0, value_str(value_get_str(body, "pool", "")));
        return;
    }
    if (body)
        err_set(&e, ERR_INVALID, "request body: a text \"pool\" is needed");
    reply_err(p, &e);
}

void api_debug_keys(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *keys;
    struct err e;
    int result;

    body = request_json(r, &e);
    keys = body ? value_get_str(body, "keys", "") : "";
    if (body && !*keys)
        err_set(&e, ERR_INVALID, "request body: a text \"keys\" is needed");
    if (!*keys)
        result = -1;
    else
        result = x->driver->ops->debug_keys ? x->driver->ops->debug_keys(x->driver, keys, &e)
                                            : driver_lacks(x->driver, "debug keys", &e);
    if (result < 0)
        reply_err(p, &e);
    else
        reply_json_take(p, 200, steal(body));
}
