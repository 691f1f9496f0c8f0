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
    struct value *v, *list = value_list();
    struct err e;

    problems_to_err(faults, &e);
    reply_err(p, &e);
    v = json_parse(buf_str(&p->body), p->body.len, "", &e);
    for (size_t i = 0; i < faults->len; i++) {
        struct value *f = value_map();
        value_set_str(f, "pointer", faults->ptr[i].where);
        value_set_str(f, "detail", faults->ptr[i].text);
        value_set_str(f, "hint", faults->ptr[i].hint);
        value_add_take(list, f);
    }
    value_set_take(v, "errors", list);
    reply_json_take(p, 400, v);
    p->type = "application/problem+json";
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
    bool paused;
    struct err e;

    if (!r->job) {
        s = spec_of_request(r, p, &paused);
        if (!s)
            return;
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
            return;
        }
    }
    reply_job(x, r, p, r->job);
}

/* Queues an action on the domain of the path, once, and answers with its job. */
static void act(struct xend *x, struct request *r, struct reply *p, const struct task_kind *kind,
                int64_t arg)
{
    char by[32];
    struct domain *d;
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

void api_domain_shutdown(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    const char *reason;
    struct err e;

    body = request_json(r, &e);
    if (!body) {
        reply_err(p, &e);
        return;
    }
    reason = value_get_str(body, "reason", "poweroff");
    for (int i = STOP_POWEROFF; i <= STOP_HALT; i++)
        if (strcmp(stop_reason_name((enum stop_reason)i), reason) == 0 && i != STOP_SUSPEND &&
            i != STOP_CRASH) {
            act(x, r, p, &op_shutdown, i);
            return;
        }
    err_set(&e, ERR_INVALID, "Invalid reason: %.40s", reason);
    err_hint(&e, "poweroff, reboot or halt");
    reply_err(p, &e);
}

/* What the upgrade of a console needs. */
struct console_request {
    struct xend *xend;
    char uuid[UUID_TEXT_SIZE];
    size_t history;
};

static void on_console(void *arg, int fd, const void *early, size_t n_early, void *handle)
{
    struct console_request *c = arg;
    struct domain *d;

    xend_lock(c->xend);
    d = domain_find_uuid(c->xend->domains, c->uuid);
    if (d)
        domain_ref(d);
    xend_unlock(c->xend);
    if (!d) {
        server_end_upgrade(handle);
        return;
    }
    console_add_viewer(c->xend->consoles, d, fd, early, n_early, c->history, handle);
    xend_lock(c->xend);
    domain_unref(d);
    xend_unlock(c->xend);
}

static void upgrade(struct xend *x, struct request *r, struct reply *p, const struct domain *d)
{
    struct console_request *c;
    int64_t history;
    struct err e;

    if (request_query_int(r, "history", 0, CONSOLE_HISTORY_MAX, CONSOLE_HISTORY_DEFAULT, &history,
                          &e) < 0) {
        reply_err(p, &e);
        return;
    }
    c = xcalloc(1, sizeof(*c));
    c->xend = x;
    memcpy(c->uuid, d->uuid, sizeof(c->uuid));
    c->history = (size_t)history;
    p->status = 101;
    p->upgrade = "xend-console";
    p->on_upgrade = on_console;
    p->upgrade_arg = c;
}

/* Why the job that connects the console did not, once it ended. With the lock. */
static int console_failed(struct xend *x, uint64_t job, struct err *e)
{
    const struct task *t = queue_find(x->queue, job);

    if (!t || !task_ended(t))
        return 0;
    if (t->state == TASK_DONE)
        return err_set(e, ERR_STATE, "%s: its console closed at once", t->name);
    *e = t->err;
    return -1;
}

/* Upgrades, or queues the job that connects the console. With the lock. */
static int find_console(struct xend *x, struct request *r, struct reply *p, struct err *e)
{
    struct domain *d = domain_get(x->domains, r->args[0], e);
    char by[32];

    if (!d || op_check(&op_console, d, e) < 0)
        return -1;
    if (console_connected(x->consoles, d)) {
        upgrade(x, r, p, d);
    } else if (r->job) {
        return console_failed(x, r->job, e);
    } else {
        request_by(r, by, sizeof(by));
        r->job = queue_add(x->queue, d, &op_console, by, false)->id;
    }
    return 0;
}

void api_domain_console(struct xend *x, struct request *r, struct reply *p)
{
    const char *want = request_header(r, "Upgrade");
    struct err e;
    int found;

    if (!want || strcmp(want, "xend-console") != 0) {
        err_set(&e, ERR_INVALID, "the console needs the header \"Upgrade: xend-console\"");
        reply_err(p, &e);
        p->status = 426;
        return;
    }
    xend_lock(x);
    found = find_console(x, r, p, &e);
    xend_unlock(x);
    if (found < 0) {
        reply_err(p, &e);
    } else if (!p->status && !reply_wait(r, p, r->job, WAIT_MAX_S)) {
        err_set(&e, ERR_TIMEOUT, "%s: its console does not answer", r->args[0]);
        reply_err(p, &e);
    }
}
