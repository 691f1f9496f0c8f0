/* Handlers of domains and their actions: see API.md. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/json.h"
#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/console.h"
#include "xend/ops.h"
#include "xend/server.h"
#include "xend/xend.h"

void request_by(const struct request *r, char *out, size_t size)
{
    snprintf(out, size, "uid %u", (unsigned)r->peer.uid);
}

/* True while the client has seen the present list and may wait for another. */
static bool must_wait(struct xend *x, struct request *r, struct reply *p, int64_t wait,
                      bool *unchanged)
{
    const char *since = request_query(r, "since");
    AUTO(freep) char *generation = NULL;

    xend_lock(x);
    generation = domains_generation_text(x->domains);
    xend_unlock(x);
    *unchanged = since && strcmp(since, generation) == 0;
    return *unchanged && reply_wait(r, p, WAKE_DOMAINS, wait);
}

/* Which keys the client wants; 0: the usual ones. */
static int asked_keys(const struct request *r, unsigned *wanted, struct err *e)
{
    const char *detail = request_query(r, "detail"), *fields = request_query(r, "fields");

    *wanted = 0;
    if (fields)
        return domain_keys_parse(fields, wanted, e);
    if (detail && strcmp(detail, "config") == 0)
        *wanted = DOMAIN_KEYS_ALL;
    return 0;
}

void api_domains_list(struct xend *x, struct request *r, struct reply *p)
{
    const char *known = request_header(r, "If-None-Match");
    unsigned wanted;
    bool unchanged;
    int64_t wait;
    struct err e;

    if (request_query_int(r, "wait", 0, WAIT_MAX_S, 0, &wait, &e) < 0 ||
        asked_keys(r, &wanted, &e) < 0) {
        reply_err(p, &e);
        return;
    }
    if (must_wait(x, r, p, wait, &unchanged))
        return;
    p->status = 304;
    if (unchanged)
        return;
    domains_sample(x->domains);
    xend_lock(x);
    p->etag = domains_etag(x->domains);
    if (!known || strcmp(known, p->etag) != 0) {
        p->shared = domains_list_text(x->domains, wanted, request_query(r, "state"));
        p->status = 200;
        p->type = "application/json";
    }
    xend_unlock(x);
}

void api_domain_get(struct xend *x, struct request *r, struct reply *p)
{
    const char *detail = request_query(r, "detail");
    struct value *v = NULL;
    struct domain *d;
    struct err e;

    domains_sample(x->domains);
    xend_lock(x);
    d = domain_get(x->domains, r->args[0], &e);
    if (d)
        v = domain_to_value(d, detail && strcmp(detail, "config") == 0);
    xend_unlock(x);
    if (v)
        reply_json_take(p, 200, v);
    else
        reply_err(p, &e);
}

static void reply_problems(struct reply *p, const struct problems *faults)
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

/* The body's spec with what xend fills in: uuid, MAC addresses. NULL after an error reply. */
static struct spec *spec_of_request(struct request *r, struct reply *p, bool *paused)
{
    AUTO(value_freep) struct value *body = NULL;
    AUTO(problems_clear) struct problems faults = {0};
    const struct value *map;
    struct spec *s = NULL;
    char uuid[UUID_TEXT_SIZE];
    struct err e;

    body = request_json(r, &e);
    map = value_get(body, "spec");
    if (body && (!map || value_type(map) != VALUE_MAP)) {
        err_set(&e, ERR_INVALID, "request body: a map \"spec\" is needed");
        value_freep(&body);
        body = NULL;
    }
    if (!body) {
        reply_err(p, &e);
        return NULL;
    }
    *paused = value_get_bool(body, "paused", false);
    s = spec_from_value(map, &faults);
    if (!s) {
        reply_problems(p, &faults);
        return NULL;
    }
    if (!s->uuid) {
        uuid_make(uuid);
        s->uuid = xstrdup(uuid);
    }
    for (size_t i = 0; i < s->devices.len; i++)
        if (s->devices.ptr[i]->class == DEVICE_VIF)
            vif_set_mac(&s->devices.ptr[i]->vif);
    return s;
}

void api_domains_create(struct xend *x, struct request *r, struct reply *p)
{
    char by[32];
    struct domain *d;
    struct spec *s;
    struct task *t;
    AUTO(freep) char *name = NULL;
    bool paused;
    struct err e;

    if (!r->job) {
        s = spec_of_request(r, p, &paused);
        if (!s)
            return;
        name = xstrdup(s->name);
        request_by(r, by, sizeof(by));
        xend_lock(x);
        d = domain_add_take(x->domains, s, &e);
        if (d) {
            t = queue_add(x->queue, d, &op_create, by, false);
            t->arg = paused ? CREATE_PAUSED : 0;
            r->job = t->id;
        }
        xend_unlock(x);
        if (!d) {
            reply_err(p, &e);
            reply_about(p, name, 0);
            return;
        }
    }
    reply_job(x, r, p, r->job);
}
