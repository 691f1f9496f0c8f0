/* Handlers of what domains start with: told, defined anew, cloned, kept: see API.md. */
#include <string.h>

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/ops.h"
#include "xend/xend.h"

void api_domain_config(struct xend *x, struct request *r, struct reply *p)
{
    struct value *v = NULL;
    struct domain *d;
    struct err e;

    xend_lock(x);
    d = domain_get(x->domains, r->args[0], &e);
    if (d) {
        v = value_map();
        p->etag = domain_definition_etag(d);
        value_set_str(v, "etag", p->etag);
        value_set_bool(v, "pending", d->next != NULL);
        value_set_take(v, "config", spec_to_value(domain_definition(d)));
    }
    xend_unlock(x);
    if (v)
        reply_json_take(p, 200, v);
    else
        reply_err(p, &e);
}

/* The faults of a config that has some; true when there are none. */
static bool check_config(const struct value *config, struct reply *p)
{
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(spec_freep) struct spec *s = NULL;
    struct err e;

    if (!config || value_type(config) != VALUE_MAP) {
        err_set(&e, ERR_INVALID, "request body: a map \"config\" is needed");
        reply_err(p, &e);
        return false;
    }
    s = spec_from_value(config, &faults);
    if (!s)
        reply_problems(p, &faults);
    return s;
}

void api_domain_configure(struct xend *x, struct request *r, struct reply *p)
{
    const char *match = request_header(r, "If-Match");
    struct value *body;
    struct err e;

    if (r->job) {
        reply_job(x, r, p, r->job);
        return;
    }
    body = request_json(r, &e);
    if (!body) {
        reply_err(p, &e);
        return;
    }
    if (match)
        value_set_str(body, "etag", match);
    if (check_config(value_get(body, "config"), p))
        act_take(x, r, p, &op_configure, 0, body);
    else
        value_free(body);
}

void api_domain_keep(struct xend *x, struct request *r, struct reply *p)
{
    act_take(x, r, p, &op_keep, 0, NULL);
}

/* What must not be the same in two domains. */
static void forget_identity(struct xend *x, struct spec *s, const char *name)
{
    free(s->name);
    s->name = xstrdup(name);
    free(s->uuid);
    s->uuid = NULL;
    for (size_t i = 0; i < s->devices.len; i++) {
        struct device *d = s->devices.ptr[i];

        if (d->class != DEVICE_VIF)
            continue;
        free(d->vif.mac);
        free(d->vif.vifname);
        d->vif.mac = d->vif.vifname = NULL;
    }
    spec_complete(x, s);
}

/* The spec of the new domain. With the lock; NULL after an error reply. */
static struct spec *make_clone(struct xend *x, const struct domain *d, const struct value *body,
                               struct reply *p)
{
    AUTO(value_freep) struct value *map = spec_to_value_secrets(domain_definition(d));
    AUTO(problems_clear) struct problems faults = {0};
    const struct value *disk = value_get(body, "disk");
    struct spec *s;

    if (disk)
        value_set_take(map, "disk", value_copy(disk));
    s = spec_from_value(map, &faults);
    if (!s)
        reply_problems(p, &faults);
    else
        forget_identity(x, s, value_get_str(body, "name", ""));
    return s;
}

/* Makes the record and queues its job; its id, or 0 after an error reply. */
static uint64_t clone_domain(struct xend *x, const struct request *r, struct reply *p,
                             const struct value *body)
{
    struct domain *d, *new;
    uint64_t id = 0;
    struct spec *s;
    char by[32];
    struct err e;

    request_by(r, by, sizeof(by));
    xend_lock(x);
    d = domain_get(x->domains, r->args[0], &e);
    if (d && (d->privileged || d->foreign)) {
        err_set(&e, ERR_STATE, "Cannot clone %s domain %s", d->foreign ? "foreign" : "privileged",
                d->spec->name);
        d = NULL;
    }
    s = d ? make_clone(x, d, body, p) : NULL;
    new = s ? domain_add_take(x->domains, s, &e) : NULL;
    if (new)
        id = queue_add(x->queue, new, &op_new, by, false)->id;
    xend_unlock(x);
    if (!id && !p->problem)
        reply_err(p, &e);
    return id;
}

void api_domain_clone(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *name;
    struct err e;

    if (!r->job) {
        body = request_json(r, &e);
        name = value_get_str(body, "name", NULL);
        if (body && !name)
            err_set(&e, ERR_INVALID, "request body: a text \"name\" is needed");
        if (!name || check_name(name, &e) < 0) {
            reply_err(p, &e);
            return;
        }
        r->job = clone_domain(x, r, p, body);
        if (!r->job)
            return;
    }
    reply_job(x, r, p, r->job);
}
