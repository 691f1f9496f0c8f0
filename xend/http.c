/* Helpers for handlers: see http.h. */
#include "xend/http.h"

#include <inttypes.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/field.h"

struct shared_text *shared_text_new(void)
{
    struct shared_text *t = xcalloc(1, sizeof(*t));

    atomic_init(&t->refs, 1);
    return t;
}

struct shared_text *shared_text_ref(struct shared_text *t)
{
    atomic_fetch_add(&t->refs, 1);
    return t;
}

void shared_text_unref(struct shared_text *t)
{
    if (t && atomic_fetch_sub(&t->refs, 1) == 1) {
        buf_clear(&t->text);
        free(t);
    }
}

int request_query_int(const struct request *r, const char *key, int64_t min, int64_t max,
                      int64_t fallback, int64_t *out, struct err *e)
{
    const char *text = request_query(r, key);

    *out = fallback;
    if (!text)
        return 0;
    if (!parse_int(text, out) || *out < min || *out > max)
        return err_set(e, ERR_INVALID, "?%s=%.40s: not a number from %" PRId64 " to %" PRId64, key,
                       text, min, max);
    return 0;
}

struct value *request_json(const struct request *r, struct err *e)
{
    struct value *v;

    if (r->body.len == 0)
        return value_map();
    v = json_parse(buf_str(&r->body), r->body.len, "request body", e);
    if (v && value_type(v) != VALUE_MAP) {
        err_set(e, ERR_INVALID, "request body: %s where a map is expected",
                value_type_name(value_type(v)));
        value_free(v);
        return NULL;
    }
    return v;
}

int body_bool(const struct value *body, const char *key, bool *out, struct err *e)
{
    const struct value *v = value_get(body, key);

    if (v && value_type(v) != VALUE_BOOL)
        return err_set(e, ERR_INVALID, "%s: true or false is expected", key);
    if (v)
        *out = value_as_bool(v);
    return 0;
}

void reply_json_take(struct reply *p, int status, struct value *v)
{
    p->status = status;
    p->type = "application/json";
    p->body.len = 0;
    json_print(v, &p->body);
    buf_addc(&p->body, '\n');
    value_free(v);
}

void reply_err(struct reply *p, const struct err *e)
{
    const struct err_info *info = err_info(e->code);
    struct value *v = value_map();

    value_set_str(v, "type", "about:blank");
    value_set_str(v, "title", info->name);
    value_set_int(v, "status", info->http_status);
    value_set_str(v, "detail", e->msg);
    value_set_str(v, "code", info->name);
    if (e->hint[0])
        value_set_str(v, "hint", e->hint);
    value_free(p->problem);
    p->problem = v;
    p->status = info->http_status;
}

void reply_about(struct reply *p, const char *domain, uint64_t job)
{
    if (!p->problem)
        return;
    if (domain && !value_get(p->problem, "domain"))
        value_set_str(p->problem, "domain", domain);
    if (job)
        value_set_int(p->problem, "job", (int64_t)job);
}

void reply_finish(struct reply *p)
{
    struct value *v = p->problem;

    if (!v)
        return;
    p->problem = NULL;
    value_set_int(v, "status", p->status); /* a handler may have found a better one */
    reply_json_take(p, p->status, v);
    p->type = "application/problem+json";
}

bool reply_wait(struct request *r, struct reply *p, uint64_t key, int64_t seconds)
{
    if (!r->deadline_ms)
        r->deadline_ms = now_ms() + seconds * 1000;
    if (r->gone || seconds <= 0 || now_ms() >= r->deadline_ms)
        return false;
    p->wait = true;
    p->wait_key = key;
    return true;
}
