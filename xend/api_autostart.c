/* Handlers of autostart: see API.md. */
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/spec.h"
#include "xend/api.h"
#include "xend/autostart.h"
#include "xend/ops.h"
#include "xend/xend.h"

/* An absolute path of the body, or nothing. */
static int take_path(const struct value *body, const char *key, struct value *out, struct err *e)
{
    const struct value *v = value_get(body, key);

    if (!v || value_type(v) == VALUE_NIL)
        return 0;
    if (value_type(v) != VALUE_STRING)
        return err_set(e, ERR_INVALID, "request body: \"%s\" must be text", key);
    if (value_as_str(v)[0] != '/')
        return err_set(e, ERR_INVALID, "%s: '%.100s' is not an absolute path", key,
                       value_as_str(v));
    value_set_str(out, key, value_as_str(v));
    return 0;
}

/* What op_autostart takes; NULL after an error reply. */
static struct value *read_run(struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL, *out = value_map();
    const struct value *gap;
    struct err e;

    body = request_json(r, &e);
    gap = value_get(body, "gap_ms");
    if (body && take_path(body, "auto", out, &e) == 0 && take_path(body, "saved", out, &e) == 0) {
        if (!gap)
            return steal(out);
        if (value_type(gap) == VALUE_INT && value_as_int(gap) >= 0 &&
            value_as_int(gap) <= AUTOSTART_GAP_MAX_MS) {
            value_set_int(out, "gap_ms", value_as_int(gap));
            return steal(out);
        }
        err_set(&e, ERR_INVALID, "gap_ms: a number from 0 to %d is needed", AUTOSTART_GAP_MAX_MS);
    }
    reply_err(p, &e);
    return NULL;
}

void api_autostart(struct xend *x, struct request *r, struct reply *p)
{
    struct value *run;
    char by[32];

    if (!r->job) {
        struct task *t;

        run = read_run(r, p);
        if (!run)
            return;
        request_by(r, by, sizeof(by));
        xend_lock(x);
        t = autostart_running(x);
        if (t) {
            value_free(run);
        } else {
            t = queue_add(x->queue, x->autostart, &op_autostart, by, false);
            t->arg_value = run;
        }
        r->job = t->id;
        xend_unlock(x);
    }
    reply_job(x, r, p, r->job);
}

/* On a record of its own: it waits for nobody. */
void api_autostart_plan(struct xend *x, struct request *r, struct reply *p)
{
    struct value *run;
    char by[32];

    if (!r->job) {
        struct domain *d;
        struct task *t;

        run = read_run(r, p);
        if (!run)
            return;
        request_by(r, by, sizeof(by));
        xend_lock(x);
        d = domain_new(x->domains, "autostart");
        t = queue_add(x->queue, d, &op_autostart_plan, by, false);
        t->arg_value = run;
        r->job = t->id;
        domain_unref(d);
        xend_unlock(x);
    }
    reply_job(x, r, p, r->job);
}

/* The keys of the body that autostart has, checked as those of a spec are. */
static struct value *read_settings(const struct value *body, struct err *e)
{
    static const char *const names[] = {"autostart", "start_order", "start_delay", "start_after"};
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(value_freep) struct value *out = value_map();
    AUTO(spec_freep) struct spec *s = spec_new();

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct value *v = value_get(body, names[i]);
        AUTO(freep) char *where = xasprintf("/%s", names[i]);

        if (v && field_read(field_find(&spec_fields, names[i]), s, v, where, &faults) == 0)
            value_set_take(out, names[i], value_copy(v));
    }
    if (problems_to_err(&faults, e) < 0)
        return NULL;
    if (!value_len(out))
        value_set_bool(out, "autostart", true);
    return steal(out);
}

void api_domain_autostart(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    struct value *settings;
    struct err e;

    body = request_json(r, &e);
    settings = body ? read_settings(body, &e) : NULL;
    if (settings)
        act_take(x, r, p, &op_autostart_set, 0, settings);
    else
        reply_err(p, &e);
}
