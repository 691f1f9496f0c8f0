/* The handler that makes domains: runs one, or defines a managed one: see API.md. */
#include <string.h>

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/devices.h"
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
        t = domain_make_take(x, w.spec,
                             (w.paused ? CREATE_PAUSED : 0) | (w.start ? CREATE_START : 0),
                             w.managed, by, &e);
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
