/* The handler of events: a list of what was, or a stream of what comes. See API.md. */
#include <inttypes.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xend/api.h"
#include "xend/events.h"
#include "xend/server.h"
#include "xend/xend.h"

struct follower {
    struct xend *xend;
    uint64_t since; /* the last event it has */
};

static void follow(void *arg, bool timed_out, size_t max_bytes, struct buf *out)
{
    struct follower *f = arg;

    f->since = events_sse(f->xend->events, f->since, max_bytes, out);
    if (!out->len && timed_out)
        buf_adds(out, ": still here\n\n");
}

static void reply_stream(struct xend *x, struct reply *p, uint64_t since)
{
    struct follower *f = xcalloc(1, sizeof(*f));

    f->xend = x;
    f->since = since;
    p->status = 200;
    p->type = "text/event-stream";
    p->stream = follow;
    p->stream_arg = f;
    p->wait_key = WAKE_EVENTS;
}

static void reply_list(struct xend *x, struct reply *p, uint64_t since, size_t limit)
{
    uint64_t last;

    buf_adds(&p->body, "{\"events\":[");
    last = events_json(x->events, since, limit, &p->body);
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

void api_events(struct xend *x, struct request *r, struct reply *p)
{
    const char *accept = request_header(r, "Accept");
    bool stream = accept && strstr(accept, "text/event-stream");
    uint64_t oldest, newest;
    int64_t since, limit;
    struct err e;

    if (asked_since(r, &since, &e) < 0 ||
        request_query_int(r, "limit", 1, EVENTS_KEPT, EVENTS_KEPT, &limit, &e) < 0) {
        reply_err(p, &e);
        return;
    }
    events_range(x->events, &oldest, &newest);
    if (since > 0 && ((uint64_t)since + 1 < oldest || (uint64_t)since > newest)) {
        err_set(&e, ERR_NOT_FOUND, "event %" PRId64 " is not kept any more", since);
        err_hint(&e, "read the list of domains, then follow from event %" PRIu64, newest);
        reply_err(p, &e);
        p->status = 410;
    } else if (stream) {
        reply_stream(x, p, since < 0 ? newest : (uint64_t)since);
    } else {
        reply_list(x, p, since < 0 ? 0 : (uint64_t)since, (size_t)limit);
    }
}
