/*
 * Jobs that change what a running domain has, or what it is called: memory, virtual CPUs, where
 * these run, the name. The spec is kept first, then the guest is changed: a full disk is told
 * before anything has happened. When the guest does not do it, the old spec is kept again.
 */
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/devices.h"
#include "xend/ops.h"
#include "xend/policy.h"
#include "xend/managed.h"
#include "xend/xend.h"

static struct spec *copy_spec(struct xend *x, const struct domain *d)
{
    struct spec *s;

    xend_lock(x);
    s = spec_copy(d->spec);
    xend_unlock(x);
    return s;
}

static void replace(char **to, const char *from)
{
    free(*to);
    *to = xstrdup_null(from);
}

static bool same_list(const struct value *a, const struct value *b)
{
    return a && b ? value_equal(a, b) : !a && !b;
}

/* Devices that came, went or have another medium, as far as the other spec lets them. */
static void carry_devices(const struct devices *before, const struct devices *after,
                          struct devices *next)
{
    for (size_t i = 0; i < before->len; i++) {
        const struct device *d = before->ptr[i];

        if (device_key(d) && !devices_find(after, d->class, device_key(d)))
            devices_remove(next, d->class, device_key(d));
    }
    for (size_t i = 0; i < after->len; i++) {
        const struct device *d = after->ptr[i];
        const struct device *old = devices_find(before, d->class, device_key(d));

        if (!device_key(d) || (old && devices_equal(old, d)))
            continue;
        devices_remove(next, d->class, device_key(d));
        if (next->len < DOMAIN_DEVICES_MAX)
            vec_push(next, device_copy(d));
    }
}

/* What was changed between two specs, but the name, changed in a third as well. */
static void carry_over(const struct spec *before, const struct spec *after, struct spec *next)
{
    if (before->memory != after->memory || spec_maxmem(before) != spec_maxmem(after)) {
        next->memory = after->memory;
        next->maxmem = after->maxmem;
    }
    next->autostart = before->autostart == after->autostart ? next->autostart : after->autostart;
    if (before->start_order != after->start_order)
        next->start_order = after->start_order;
    if (before->start_delay != after->start_delay)
        next->start_delay = after->start_delay;
    if (!same_list(before->start_after, after->start_after)) {
        value_free(next->start_after);
        next->start_after = after->start_after ? value_copy(after->start_after) : NULL;
    }
    if (before->vcpus != after->vcpus) {
        next->vcpus = after->vcpus;
        next->maxvcpus = after->maxvcpus;
    }
    if (before->cpu_weight != after->cpu_weight)
        next->cpu_weight = after->cpu_weight;
    if (before->cpu_cap != after->cpu_cap)
        next->cpu_cap = after->cpu_cap;
    if (strcmp(before->pool, after->pool) != 0)
        replace(&next->pool, after->pool);
    if (!same_list(before->cpus, after->cpus) && spec_maxvcpus(next) == spec_maxvcpus(after)) {
        value_free(next->cpus);
        next->cpus = after->cpus ? value_copy(after->cpus) : NULL;
    }
    carry_devices(&before->devices, &after->devices, &next->devices);
}

/* What a change needs to be taken back. */
struct change {
    struct spec *before, *next, *after; /* next: what a pending definition was, or NULL */
    struct spec *next_after;            /* and what it becomes */
};

static void change_clear(struct change *c)
{
    spec_free(c->before);
    spec_free(c->next);
    spec_free(c->after);
    spec_free(c->next_after);
}

static struct change change_of(struct xend *x, const struct domain *d)
{
    struct change c = {0};

    xend_lock(x);
    c.before = spec_copy(d->spec);
    c.after = spec_copy(d->spec);
    c.next = d->next ? spec_copy(d->next) : NULL;
    xend_unlock(x);
    return c;
}

static int keep_with_guest(struct xend *x, struct domain *d, const struct spec *s, struct err *e)
{
    return d->guest && x->driver->ops->keep_spec ? x->driver->ops->keep_spec(d->guest, s, e) : 0;
}

static void log_kept(const struct domain *d, const struct err *e)
{
    log_error("domain=%s: a change that failed is kept all the same, for its next start: %s",
              d->spec->name, e->msg);
}

/* Where the driver keeps it, and on disk: there a definition that is pending. */
static int keep_both(struct xend *x, struct domain *d, const struct change *c, struct err *e)
{
    struct err undo;

    if (keep_with_guest(x, d, c->after, e) < 0)
        return -1;
    fault_point("spec.kept");
    if (!d->managed || managed_write(x, c->next_after ? c->next_after : c->after, e) == 0)
        return 0;
    if (keep_with_guest(x, d, c->before, &undo) < 0)
        log_kept(d, &undo);
    return -1;
}

/* The old ones are kept again: of a change that the guest has refused. */
static void keep_again(struct xend *x, struct domain *d, const struct change *c)
{
    struct err e;

    if (keep_with_guest(x, d, c->before, &e) < 0 ||
        (d->managed && managed_write(x, c->next ? c->next : c->before, &e) < 0))
        log_kept(d, &e);
}

static int keep_change(struct xend *x, struct domain *d, struct change *c, struct err *e)
{
    AUTO(problems_clear) struct problems faults = {0};

    spec_finish(c->after, &faults);
    if (faults.len)
        return problems_to_err(&faults, e);
    if (c->next) {
        c->next_after = spec_copy(c->next);
        carry_over(c->before, c->after, c->next_after);
        replace(&c->next_after->name, c->after->name);
    }
    return keep_both(x, d, c, e);
}

/* With the lock: it is the domain's from now on. */
static int take_change(struct xend *x, struct domain *d, struct change *c, struct err *e)
{
    if (c->next_after) {
        spec_free(d->next);
        d->next = steal(c->next_after);
    }
    return domain_set_spec_take(x->domains, d, steal(c->after), e);
}

/* What everybody sees at once, without waiting for the next sample. */
static void show_memory(struct xend *x, struct domain *d, uint64_t kib)
{
    xend_lock(x);
    d->mem_kib = kib;
    domain_touch(x->domains, d);
    xend_unlock(x);
}

static int plan_memory(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                       struct err *e)
{
    (void)x, (void)d;
    if (t->arg > spec_maxmem(s)) {
        err_set(e, ERR_INVALID, "%lld MiB is more than its maximum, %lld MiB", (long long)t->arg,
                (long long)spec_maxmem(s));
        return err_hint(e, "xm mem-max raises the maximum, where the guest allows it");
    }
    s->maxmem = spec_maxmem(s);
    s->memory = t->arg;
    return 0;
}

static int set_memory(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    fault_point("mem-set.begin");
    if (x->driver->ops->set_memory(d->guest, (uint64_t)t->arg << 10, &t->job, e) < 0)
        return -1;
    fault_point("mem-set.done");
    show_memory(x, d, (uint64_t)t->arg << 10);
    return 0;
}

static int plan_maxmem(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                       struct err *e)
{
    (void)x, (void)d;
    if (t->arg < s->memory)
        return err_set(e, ERR_INVALID, "memory_dynamic_max too small: it has %lld MiB",
                       (long long)s->memory);
    s->maxmem = t->arg;
    return 0;
}

static int set_maxmem(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    fault_point("mem-max.begin");
    if (x->driver->ops->set_maxmem(d->guest, (uint64_t)t->arg << 10, e) < 0)
        return -1;
    fault_point("mem-max.done");
    return 0;
}

static int plan_vcpus(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                      struct err *e)
{
    (void)x, (void)d;
    if (t->arg > spec_maxvcpus(s)) {
        err_set(e, ERR_INVALID, "Cannot set vcpus greater than max vcpus on running domain: %lld",
                (long long)spec_maxvcpus(s));
        return err_hint(e, "maxvcpus in its configuration is what it can grow to");
    }
    s->maxvcpus = spec_maxvcpus(s);
    s->vcpus = t->arg;
    return 0;
}

static int set_vcpus(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    fault_point("vcpu-set.begin");
    if (x->driver->ops->set_vcpus(d->guest, (unsigned)t->arg, &t->job, e) < 0)
        return -1;
    fault_point("vcpu-set.done");
    xend_lock(x);
    d->vcpus_online = (unsigned)t->arg;
    domain_touch(x->domains, d);
    xend_unlock(x);
    return 0;
}

/* The texts of cpus with one for each virtual CPU, whichever way they stand there. */
static void note_pin(struct spec *s, int64_t vcpu, const char *cpus)
{
    const char *text = strcmp(cpus, "all") == 0 ? "" : cpus;
    struct value *list = value_list();
    size_t n = value_len(s->cpus);

    for (int64_t i = 0; i < spec_maxvcpus(s); i++) {
        const char *old = n == 0 ? "" : value_as_str(value_at(s->cpus, n == 1 ? 0 : (size_t)i));
        value_add_take(list, value_str(vcpu < 0 || i == vcpu ? text : old));
    }
    value_free(s->cpus);
    s->cpus = list;
}

static int plan_pins(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                     struct err *e)
{
    int64_t last = t->arg < 0 ? spec_maxvcpus(s) - 1 : t->arg;
    struct cpuset cpus;

    (void)x, (void)d;
    if (last >= spec_maxvcpus(s))
        return err_set(e, ERR_INVALID, "virtual CPU %lld: it has 0 to %lld", (long long)last,
                       (long long)spec_maxvcpus(s) - 1);
    if (cpuset_parse(value_as_str(t->arg_value), &cpus, e) < 0)
        return -1;
    note_pin(s, t->arg, value_as_str(t->arg_value));
    return 0;
}

static int pin_vcpus(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    const char *text = value_as_str(t->arg_value);
    int64_t first = t->arg < 0 ? 0 : t->arg;
    int64_t last = t->arg < 0 ? spec_maxvcpus(d->spec) - 1 : t->arg;
    struct cpuset cpus;

    fault_point("vcpu-pin.begin");
    if (cpuset_parse(text, &cpus, e) < 0)
        return -1;
    for (int64_t i = first; i <= last; i++)
        if (x->driver->ops->pin_vcpu(d->guest, (unsigned)i, &cpus, e) < 0)
            return err_add(e, "cpus '%.100s'", text);
    fault_point("vcpu-pin.done");
    return 0;
}

/* The name first here, where it must be free; taken back when the driver cannot keep it. */
static int rename_domain(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                         struct err *e)
{
    struct spec *new = spec_copy(s);
    int r;

    free(new->name);
    new->name = xstrdup(value_as_str(t->arg_value));
    xend_lock(x);
    r = domain_set_spec_take(x->domains, d, new, e);
    if (r == 0 && d->next)
        replace(&d->next->name, value_as_str(t->arg_value));
    xend_unlock(x);
    if (r < 0)
        return -1;
    fault_point("rename.done");
    free(s->name);
    s->name = xstrdup(value_as_str(t->arg_value));
    return 0;
}

static void unrename(struct xend *x, struct domain *d, const char *name)
{
    struct spec *old = copy_spec(x, d);
    struct err e;

    free(old->name);
    old->name = xstrdup(name);
    xend_lock(x);
    domain_set_spec_take(x->domains, d, old, &e);
    if (d->next)
        replace(&d->next->name, name);
    xend_unlock(x);
}

/* Nothing of the guest's: only what the next host sees. */
static int set_autostart(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                         struct err *e)
{
    AUTO(problems_clear) struct problems faults = {0};

    (void)x, (void)d;
    for (size_t i = 0; i < value_len(t->arg_value); i++) {
        const char *name = value_key(t->arg_value, i);
        AUTO(freep) char *where = xasprintf("/%s", name);
        field_read(field_find(&spec_fields, name), s, value_at(t->arg_value, i), where, &faults);
    }
    return problems_to_err(&faults, e);
}

/* What all of them share. */
int op_change(struct xend *x, struct domain *d, struct task *t, op_plan_fn *plan,
              op_apply_fn *apply, bool possible, struct err *e)
{
    struct change c;
    int r;

    if (d->guest && !possible)
        return driver_lacks(x->driver, t->kind->name, e);
    c = change_of(x, d);
    r = plan(x, d, t, c.after, e);
    if (r == 0)
        r = keep_change(x, d, &c, e);
    if (r == 0 && apply && d->guest && apply(x, d, t, e) < 0) {
        keep_again(x, d, &c);
        r = -1;
    }
    if (r == 0) {
        xend_lock(x);
        r = take_change(x, d, &c, e);
        xend_unlock(x);
    }
    change_clear(&c);
    return r < 0 ? err_add(e, "%s: %s", t->name, t->kind->name) : 0;
}

static int run_mem_set(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    if (op_change(x, d, t, plan_memory, set_memory, x->driver->ops->set_memory, e) < 0)
        return -1;
    t->result = value_map();
    value_set_int(t->result, "memory_mib", t->arg);
    return 0;
}

static int run_mem_max(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    return op_change(x, d, t, plan_maxmem, set_maxmem, x->driver->ops->set_maxmem, e);
}

static int run_vcpu_set(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    return op_change(x, d, t, plan_vcpus, set_vcpus, x->driver->ops->set_vcpus, e);
}

static int run_vcpu_pin(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    return op_change(x, d, t, plan_pins, pin_vcpus, x->driver->ops->pin_vcpu, e);
}

static int run_rename(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    if (op_change(x, d, t, rename_domain, NULL, true, e) == 0)
        return 0;
    if (!d->removed && strcmp(d->spec->name, t->name) != 0)
        unrename(x, d, t->name);
    return -1;
}

static int run_autostart_set(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    return op_change(x, d, t, set_autostart, NULL, true, e);
}

const struct task_kind op_autostart_set = {.name = "autostart-set", .run = run_autostart_set};
const struct task_kind op_mem_set = {.name = "mem-set", .run = run_mem_set};
const struct task_kind op_mem_max = {.name = "mem-max", .run = run_mem_max};
const struct task_kind op_vcpu_set = {.name = "vcpu-set", .run = run_vcpu_set};
const struct task_kind op_vcpu_pin = {.name = "vcpu-pin", .run = run_vcpu_pin};
const struct task_kind op_rename = {.name = "rename", .run = run_rename};
