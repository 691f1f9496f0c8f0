/* The handlers of events: a list of what was, a stream of what comes, the history of a domain. */
#include <inttypes.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xend/api.h"
#include "xend/events.h"
#include "xend/history.h"
#include "xend/server.h"
#include "xend/xend.h"

struct follower {
    struct xend *xend;
    uint64_t since; /* the last event it has */
    struct event_filter filter;
    char texts[]; /* the filter's */
};

/* The id tells a client of one domain from where to go on, whatever happened to others. */
static void follow(void *arg, bool timed_out, size_t max_bytes, struct buf *out)
{
    struct follower *f = arg;

    f->since = events_sse(f->xend->events, f->since, &f->filter, max_bytes, out);
    if (!out->len && timed_out)
        buf_addf(out, ": still here\nid: %" PRIu64 "\n\n", f->since);
}

/* One piece of memory, for it is freed as one. */
static struct follower *follower_new(struct xend *x, uint64_t since, const struct event_filter *f)
{
    size_t name = f->name ? strlen(f->name) + 1 : 0, uuid = f->uuid ? strlen(f->uuid) + 1 : 0;
    struct follower *new = xcalloc(1, sizeof(*new) + name + uuid);

    new->xend = x;
    new->since = since;
    if (name)
        new->filter.name = memcpy(new->texts, f->name, name);
    if (uuid)
        new->filter.uuid = memcpy(new->texts + name, f->uuid, uuid);
    return new;
}

static void reply_stream(struct xend *x, struct reply *p, uint64_t since,
                         const struct event_filter *f)
{
    p->status = 200;
    p->type = "text/event-stream";
    p->stream = follow;
    p->stream_arg = follower_new(x, since, f);
    p->wait_key = WAKE_EVENTS;
}

/* True while what had happened before the request came is not written yet: a moment at most. */
static bool must_settle(struct xend *x, struct request *r, struct reply *p, int64_t wait)
{
    uint64_t oldest, newest;

    if (!r->mark)
        r->mark = events_last(x->events);
    events_range(x->events, &oldest, &newest);
    return newest < r->mark && reply_wait(r, p, WAKE_EVENTS, wait ? wait : 1);
}

static void reply_list(struct xend *x, struct request *r, struct reply *p, uint64_t since,
                       const struct event_filter *f, size_t limit, int64_t wait)
{
    size_t start;
    uint64_t last;

    if (must_settle(x, r, p, wait))
        return;
    buf_adds(&p->body, "{\"events\":[");
    start = p->body.len;
    last = events_json(x->events, since, f, limit, &p->body);
    if (p->body.len == start && reply_wait(r, p, WAKE_EVENTS, wait)) {
        p->body.len = 0;
        return;
    }
    buf_addf(&p->body, "],\"last\":%" PRIu64 "}\n", last);
    p->status = 200;
    p->type = "application/json";
}

/* Where the client wants to go on: ?since=, or the header that browsers send. -1: not said. */
static int asked_since(const struct request *r, int64_t *since, struct err *e)
{
    const char *header = request_header(r, "Last-Event-ID");

    if (request_query_int(r, "since", 0, INT64_MAX, -1, since, e) < 0)
        return -1;
    if (*since < 0 && header && (!parse_int(header, since) || *since < 0))
        return err_set(e, ERR_INVALID, "Last-Event-ID: not a number: %.40s", header);
    return 0;
}

/* The filter for a domain that exists; for one that is gone, while an event tells of it. */
static int filter_for(struct xend *x, const char *key, struct event_filter *f, struct err *e)
{
    char uuid[UUID_TEXT_SIZE];
    const struct domain *d;

    xend_lock(x);
    d = domain_get(x->domains, key, e);
    if (d)
        event_filter_set(f, d->spec->name, d->uuid);
    xend_unlock(x);
    if (d)
        return 0;
    event_filter_set(f, key, uuid_normalize(key, uuid) ? uuid : NULL);
    if (!events_find(x->events, f, uuid))
        return -1;
    event_filter_clear(f);
    event_filter_set(f, key, uuid);
    return 0;
}

/* Why events after this id cannot be had. */
static int check_since(struct xend *x, int64_t since, struct err *e)
{
    uint64_t oldest, newest;

    events_range(x->events, &oldest, &newest);
    if (since <= 0 || ((uint64_t)since + 1 >= oldest && (uint64_t)since <= newest))
        return 0;
    err_set(e, ERR_NOT_FOUND, "event %" PRId64 " is not kept any more", since);
    return err_hint(e, "read the list of domains, then follow from event %" PRIu64, newest);
}

void api_events(struct xend *x, struct request *r, struct reply *p)
{
    const char *accept = request_header(r, "Accept"), *domain = request_query(r, "domain");
    bool stream = accept && strstr(accept, "text/event-stream");
    AUTO(event_filter_clear) struct event_filter f = {0};
    uint64_t oldest, newest;
    int64_t since, limit, wait;
    struct err e;

    if (asked_since(r, &since, &e) < 0 ||
        request_query_int(r, "limit", 1, EVENTS_KEPT, EVENTS_KEPT, &limit, &e) < 0 ||
        request_query_int(r, "wait", 0, WAIT_MAX_S, 0, &wait, &e) < 0 ||
        (domain && filter_for(x, domain, &f, &e) < 0)) {
        reply_err(p, &e);
        return;
    }
    if (check_since(x, since, &e) < 0) {
        reply_err(p, &e);
        p->status = 410;
        return;
    }
    events_range(x->events, &oldest, &newest);
    if (stream)
        reply_stream(x, p, since < 0 ? newest : (uint64_t)since, &f);
    else
        reply_list(x, r, p, since < 0 ? 0 : (uint64_t)since, &f, (size_t)limit, wait);
}

void api_domain_history(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(event_filter_clear) struct event_filter f = {0};
    struct value *v = NULL;
    int64_t limit;
    struct err e;

    if (request_query_int(r, "limit", 1, EVENTS_KEPT, EVENTS_KEPT, &limit, &e) < 0) {
        reply_err(p, &e);
        return;
    }
    if (must_settle(x, r, p, 0))
        return;
    if (filter_for(x, r->args[0], &f, &e) == 0)
        v = history_of(x->events, &f, (size_t)limit, &e);
    if (v)
        reply_json_take(p, 200, v);
    else
        reply_err(p, &e);
}
