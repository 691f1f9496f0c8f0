/*
 * Handlers of actions on a domain: each reads its body, queues a job of its kind and answers with
 * that: see API.md.
 */
#include <inttypes.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/ops.h"
#include "xend/xend.h"

void act_take(struct xend *x, struct request *r, struct reply *p, const struct task_kind *kind,
              int64_t arg, struct value *arg_value)
{
    AUTO(value_freep) struct value *v = arg_value;
    struct domain *d;
    char by[32];
    struct err e;

    if (!r->job) {
        request_by(r, by, sizeof(by));
        xend_lock(x);
        d = domain_get(x->domains, r->args[0], &e);
        if (d && op_check(kind, d, &e) < 0)
            d = NULL;
        if (d) {
            struct task *t = queue_add(x->queue, d, kind, by, kind == &op_destroy);
            t->arg = arg;
            t->arg_value = steal(v);
            r->job = t->id;
        }
        xend_unlock(x);
        if (!d) {
            reply_err(p, &e);
            return;
        }
    }
    reply_job(x, r, p, r->job);
}

static void act(struct xend *x, struct request *r, struct reply *p, const struct task_kind *kind,
                int64_t arg)
{
    act_take(x, r, p, kind, arg, NULL);
}

void api_domain_pause(struct xend *x, struct request *r, struct reply *p)
{
    act(x, r, p, &op_pause, 0);
}

void api_domain_unpause(struct xend *x, struct request *r, struct reply *p)
{
    act(x, r, p, &op_unpause, 0);
}

void api_domain_destroy(struct xend *x, struct request *r, struct reply *p)
{
    act(x, r, p, &op_destroy, 0);
}

void api_domain_reset(struct xend *x, struct request *r, struct reply *p)
{
    act(x, r, p, &op_reset, 0);
}

void api_domain_delete(struct xend *x, struct request *r, struct reply *p)
{
    act(x, r, p, &op_delete, 0);
}

void api_domain_suspend(struct xend *x, struct request *r, struct reply *p)
{
    act(x, r, p, &op_suspend, 0);
}

/* A number of the body, which must be there and within the range. */
static int body_int(const struct value *body, const char *key, int64_t min, int64_t max,
                    int64_t *out, struct err *e)
{
    const struct value *v = value_get(body, key);

    if (!v || value_type(v) != VALUE_INT)
        return err_set(e, ERR_INVALID, "request body: an integer \"%s\" is needed", key);
    *out = value_as_int(v);
    if (*out < 1 && strcmp(key, "vcpus") == 0)
        return err_set(e, ERR_INVALID, "Zero or less VCPUs is invalid");
    if (*out < min || *out > max)
        return err_set(e, ERR_INVALID, "%s: %" PRId64 " is not from %" PRId64 " to %" PRId64, key,
                       *out, min, max);
    return 0;
}

/* Text of the body; one that must be there when fallback is NULL. NULL: *e says why. */
static const char *body_str(const struct value *body, const char *key, const char *fallback,
                            struct err *e)
{
    const struct value *v = value_get(body, key);

    if (v ? value_type(v) == VALUE_STRING : fallback != NULL)
        return v ? value_as_str(v) : fallback;
    err_set(e, ERR_INVALID, "request body: a text \"%s\" is needed", key);
    return NULL;
}

/* The number of a body is all that the job needs. */
static void act_on_int(struct xend *x, struct request *r, struct reply *p,
                       const struct task_kind *kind, const char *key, int64_t min, int64_t max)
{
    AUTO(value_freep) struct value *body = NULL;
    int64_t n;
    struct err e;

    body = request_json(r, &e);
    if (!body || body_int(body, key, min, max, &n, &e) < 0)
        reply_err(p, &e);
    else
        act(x, r, p, kind, n);
}

void api_domain_memory(struct xend *x, struct request *r, struct reply *p)
{
    act_on_int(x, r, p, &op_mem_set, "memory_mib", 1, MEMORY_MAX_MIB);
}

void api_domain_maxmem(struct xend *x, struct request *r, struct reply *p)
{
    act_on_int(x, r, p, &op_mem_max, "maxmem_mib", 1, MEMORY_MAX_MIB);
}

void api_domain_vcpu_set(struct xend *x, struct request *r, struct reply *p)
{
    act_on_int(x, r, p, &op_vcpu_set, "vcpus", 1, DOMAIN_VCPUS_MAX);
}

void api_domain_shutdown(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *reason;
    struct err e;

    body = request_json(r, &e);
    reason = body ? body_str(body, "reason", "poweroff", &e) : NULL;
    for (int i = STOP_POWEROFF; reason && i <= STOP_HALT; i++)
        if (strcmp(stop_reason_name((enum stop_reason)i), reason) == 0 && i != STOP_SUSPEND &&
            i != STOP_CRASH) {
            act(x, r, p, &op_shutdown, i);
            return;
        }
    if (reason) {
        err_set(&e, ERR_INVALID, "Invalid reason: %.40s", reason);
        err_hint(&e, "poweroff, reboot or halt");
    }
    reply_err(p, &e);
}

void api_domain_rename(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *name;
    struct err e;

    body = request_json(r, &e);
    name = body ? body_str(body, "name", NULL, &e) : NULL;
    if (!name || check_name(name, &e) < 0)
        reply_err(p, &e);
    else
        act_take(x, r, p, &op_rename, 0, value_str(name));
}

/* {"vcpu":N or "all","cpus":text}: the job gets the number, or -1, and the text. */
static int read_pin(const struct value *body, int64_t *vcpu, const char **cpus, struct err *e)
{
    const struct value *v = value_get(body, "vcpu");
    struct cpuset set;

    *vcpu = -1;
    if (!(v && value_type(v) == VALUE_STRING && strcmp(value_as_str(v), "all") == 0) &&
        body_int(body, "vcpu", 0, DOMAIN_VCPUS_MAX - 1, vcpu, e) < 0)
        return -1;
    *cpus = body_str(body, "cpus", NULL, e);
    if (!*cpus || cpuset_parse(*cpus, &set, e) < 0)
        return -1;
    if (!cpuset_count(&set))
        return err_set(e, ERR_INVALID, "cpus: '%.100s' leaves no CPU", *cpus);
    return 0;
}

void api_domain_pin(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *cpus;
    int64_t vcpu;
    struct err e;

    body = request_json(r, &e);
    if (!body || read_pin(body, &vcpu, &cpus, &e) < 0)
        reply_err(p, &e);
    else
        act_take(x, r, p, &op_vcpu_pin, vcpu, value_str(cpus));
}

void api_domain_sysrq(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *key;
    struct err e;

    body = request_json(r, &e);
    key = body ? body_str(body, "key", NULL, &e) : NULL;
    if (key && key[0] && !key[1] && key[0] > ' ' && key[0] < 0x7f) {
        act(x, r, p, &op_sysrq, key[0]);
        return;
    }
    if (key)
        err_set(&e, ERR_INVALID, "key: '%.40s' is not one printable character", key);
    reply_err(p, &e);
}

void api_domain_trigger(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *name;
    int64_t vcpu = 0;
    struct err e;

    body = request_json(r, &e);
    name = body ? body_str(body, "trigger", NULL, &e) : NULL;
    if (name && value_get(body, "vcpu") &&
        body_int(body, "vcpu", 0, DOMAIN_VCPUS_MAX - 1, &vcpu, &e) < 0)
        name = NULL;
    else if (name)
        err_set(&e, ERR_INVALID, "Invalid trigger: %.40s", name);
    for (int i = TRIGGER_NMI; name && i <= TRIGGER_POWER; i++)
        if (strcmp(trigger_name((enum trigger)i), name) == 0) {
            act(x, r, p, &op_trigger, TRIGGER_ARG(i, vcpu));
            return;
        }
    reply_err(p, &e);
}

/* Bits of enum dump_how. */
static int read_dump_flags(const struct value *body, int64_t *how, struct err *e)
{
    bool live = false, crash = false, reset = false;

    if (body_bool(body, "live", &live, e) < 0 || body_bool(body, "crash", &crash, e) < 0 ||
        body_bool(body, "reset", &reset, e) < 0)
        return -1;
    if (crash && reset)
        return err_set(e, ERR_INVALID, "crash and reset exclude each other");
    *how = (live ? DUMP_LIVE : 0) | (crash ? DUMP_CRASH : 0) | (reset ? DUMP_RESET : 0);
    return 0;
}

void api_domain_dump(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *file = NULL;
    int64_t how = 0;
    struct err e;

    body = request_json(r, &e);
    if (body)
        file = body_str(body, "file", "", &e);
    if (file && file[0] && file[0] != '/') {
        err_set(&e, ERR_INVALID, "file: '%.100s' is not an absolute path", file);
        file = NULL;
    }
    if (file && read_dump_flags(body, &how, &e) == 0)
        act_take(x, r, p, &op_dump, how, value_str(file));
    else
        reply_err(p, &e);
}

/* {"file":path,...}: an absolute path that must be there. NULL after an error reply. */
static const char *read_path(const struct value *body, struct err *e)
{
    const char *file = body_str(body, "file", NULL, e);

    if (file && file[0] == '/')
        return file;
    if (file)
        err_set(e, ERR_INVALID, "file: '%.100s' is not an absolute path", file);
    return NULL;
}

void api_domain_save(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *file = NULL;
    bool checkpoint = false;
    struct err e;

    body = request_json(r, &e);
    if (body && body_bool(body, "checkpoint", &checkpoint, &e) == 0)
        file = read_path(body, &e);
    if (file)
        act_take(x, r, p, &op_save, checkpoint, value_str(file));
    else
        reply_err(p, &e);
}

/* Queues a job that will make a domain, once, and answers with it. */
static void act_on_new(struct xend *x, struct request *r, struct reply *p,
                       const struct task_kind *kind, int64_t arg, struct value *arg_value_take)
{
    AUTO(value_freep) struct value *v = arg_value_take;
    char by[32];

    if (!r->job) {
        struct domain *d;
        struct task *t;

        request_by(r, by, sizeof(by));
        xend_lock(x);
        d = domain_new(x->domains, kind->name);
        t = queue_add(x->queue, d, kind, by, false);
        t->arg = arg;
        t->arg_value = steal(v);
        r->job = t->id;
        domain_unref(d);
        xend_unlock(x);
    }
    reply_job(x, r, p, r->job);
}

void api_restore(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *file = NULL;
    bool paused = false, once = false;
    struct err e;

    body = request_json(r, &e);
    if (body && body_bool(body, "paused", &paused, &e) == 0 &&
        body_bool(body, "once", &once, &e) == 0)
        file = read_path(body, &e);
    if (!file) {
        reply_err(p, &e);
        return;
    }
    act_on_new(x, r, p, &op_restore, (paused ? CREATE_PAUSED : 0) | (once ? RESTORE_ONCE : 0),
               value_str(file));
}

void api_receive(struct xend *x, struct request *r, struct reply *p)
{
    act_on_new(x, r, p, &op_receive, 0, NULL);
}

/* {"host":name,"port":N} or {"to":text}: what the job needs; *there: NULL when there is none. */
static int read_host(struct xend *x, const struct value *body, struct value **there, struct err *e)
{
    int64_t port = conf_int(&x->conf, "xend-relocation-port");
    const char *host = body_str(body, "host", "", e),
               *to = host ? body_str(body, "to", "", e) : NULL;

    if (!to || (value_get(body, "port") && body_int(body, "port", 1, 65535, &port, e) < 0))
        return -1;
    if (!host[0] && (value_get(body, "host") || value_get(body, "port")))
        return err_set(e, ERR_INVALID, "request body: the name of a \"host\" is needed");
    if (host[0]) {
        *there = value_map();
        value_set_str(*there, "host", host);
        value_set_int(*there, "port", port);
    } else if (to[0]) {
        *there = value_map();
        value_set_str(*there, "to", to);
    }
    return 0;
}

void api_domain_migrate(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    struct value *there = NULL;
    bool live = false;
    struct err e;

    body = request_json(r, &e);
    if (!body || body_bool(body, "live", &live, &e) < 0 || read_host(x, body, &there, &e) < 0)
        reply_err(p, &e);
    else
        act_take(x, r, p, value_get(there, "host") ? &op_migrate_to : &op_migrate, live, there);
}

/* {"paused":bool} */
static void act_paused(struct xend *x, struct request *r, struct reply *p,
                       const struct task_kind *kind)
{
    AUTO(value_freep) struct value *body = NULL;
    bool paused = false;
    struct err e;

    body = request_json(r, &e);
    if (body && body_bool(body, "paused", &paused, &e) == 0)
        act(x, r, p, kind, paused ? CREATE_PAUSED : 0);
    else
        reply_err(p, &e);
}

void api_domain_start(struct xend *x, struct request *r, struct reply *p)
{
    act_paused(x, r, p, &op_start);
}

void api_domain_resume(struct xend *x, struct request *r, struct reply *p)
{
    act_paused(x, r, p, &op_resume);
}
