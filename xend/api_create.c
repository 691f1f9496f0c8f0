/* The handler that makes domains: runs one, or defines a managed one: see API.md. */
#include <string.h>

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/ops.h"
#include "xend/xend.h"

void reply_problems(struct reply *p, const struct problems *faults)
{
    struct value *list = value_list();
    struct err e;

    problems_to_err(faults, &e);
    reply_err(p, &e);
    for (size_t i = 0; i < faults->len; i++) {
        struct value *f = value_map();
        value_set_str(f, "pointer", faults->ptr[i].where);
        value_set_str(f, "detail", faults->ptr[i].text);
        value_set_str(f, "hint", faults->ptr[i].hint);
        value_add_take(list, f);
    }
    value_set_take(p->problem, "errors", list);
}

/* What a request to make a domain says. */
struct wish {
    struct spec *spec;
    bool paused, managed, start;
};

/* -1 after an error reply. */
static int read_wish(struct request *r, struct reply *p, struct wish *w)
{
    AUTO(value_freep) struct value *body = NULL;
    AUTO(problems_clear) struct problems faults = {0};
    const struct value *map;
    struct err e;

    body = request_json(r, &e);
    map = value_get(body, "spec");
    if (body && (!map || value_type(map) != VALUE_MAP)) {
        err_set(&e, ERR_INVALID, "request body: a map \"spec\" is needed");
        map = NULL;
    }
    if (!body || !map || body_bool(body, "paused", &w->paused, &e) < 0 ||
        body_bool(body, "managed", &w->managed, &e) < 0 ||
        body_bool(body, "start", &w->start, &e) < 0) {
        reply_err(p, &e);
        return -1;
    }
    if (!w->managed && !w->start) {
        err_set(&e, ERR_INVALID, "a domain that is not managed exists only while it runs");
        err_hint(&e, "managed: true keeps it; start: true runs it");
        reply_err(p, &e);
        return -1;
    }
    w->spec = spec_from_value(map, &faults);
    if (!w->spec)
        reply_problems(p, &faults);
    return w->spec ? 0 : -1;
}

void spec_complete(struct spec *s)
{
    char uuid[UUID_TEXT_SIZE];

    if (!s->uuid) {
        uuid_make(uuid);
        s->uuid = xstrdup(uuid);
    }
    for (size_t i = 0; i < s->devices.len; i++)
        if (s->devices.ptr[i]->class == DEVICE_VIF)
            vif_set_mac(&s->devices.ptr[i]->vif);
}

/*
 * The managed domain that is meant: of that uuid, or of that name when none is given. One that
 * runs can be defined anew but not created; one that is suspended neither.
 */
static struct domain *find_managed(struct xend *x, const struct wish *w)
{
    struct err none;
    struct domain *d = w->spec->uuid ? domain_find_uuid(x->domains, w->spec->uuid)
                                     : domain_get(x->domains, w->spec->name, &none);

    if (!d || !d->managed || d->state == DOMAIN_SUSPENDED ||
        (!w->spec->uuid && strcmp(d->spec->name, w->spec->name) != 0) ||
        (w->start && (d->domid != DOMID_NONE || d->first || d->running)))
        return NULL;
    return d;
}

/* Makes the record, or finds it, and queues the job. With the lock; swallows the spec. */
static struct task *make_take(struct xend *x, struct wish *w, const char *by, struct err *e)
{
    struct domain *d = find_managed(x, w);
    struct value *again = NULL;
    struct task *t;

    if (d) {
        if (!w->spec->uuid)
            w->spec->uuid = xstrdup(d->uuid);
        spec_complete(w->spec);
        again = spec_to_value_secrets(w->spec);
        spec_freep(&w->spec);
    } else {
        spec_complete(w->spec);
        d = domain_add_take(x->domains, steal(w->spec), e);
        if (!d)
            return NULL;
    }
    t = queue_add(x->queue, d, again || w->managed ? &op_new : &op_create, by, false);
    t->arg = (w->paused ? CREATE_PAUSED : 0) | (w->start ? CREATE_START : 0);
    t->arg_value = again;
    return t;
}

void api_domains_create(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(freep) char *name = NULL;
    struct wish w = {.start = true};
    char by[32];
    struct task *t;
    struct err e;

    if (!r->job) {
        if (read_wish(r, p, &w) < 0)
            return;
        name = xstrdup(w.spec->name);
        request_by(r, by, sizeof(by));
        xend_lock(x);
        t = make_take(x, &w, by, &e);
        r->job = t ? t->id : 0;
        xend_unlock(x);
        if (!t) {
            reply_err(p, &e);
            reply_about(p, name, 0);
            return;
        }
    }
    reply_job(x, r, p, r->job);
}
