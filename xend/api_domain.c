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
    struct domain *d;
    unsigned wanted;
    struct err e;

    if (asked_keys(r, &wanted, &e) < 0) {
        reply_err(p, &e);
        return;
    }
    domains_sample(x->domains);
    xend_lock(x);
    d = domain_get(x->domains, r->args[0], &e);
    if (d)
        domain_text(d, wanted, &p->body);
    xend_unlock(x);
    if (!d) {
        reply_err(p, &e);
        return;
    }
    p->status = 200;
    p->type = "application/json";
}
