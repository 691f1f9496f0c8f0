/*
 * xm events: what happened, and with -f what happens. Following is a stream of server-sent events
 * that goes on after the last id when xend was restarted in between, so that none is missed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/json.h"
#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/client.h"
#include "xm/domains.h"
#include "xm/lines.h"
#include "xm/xm.h"

#define QUIET_MS 45000 /* xend says something every 15 s */
#define HTTP_GONE 410

const struct option events_options[] = {
    {'f', "follow", NULL, "Go on with what comes, until Ctrl-C; without --since only that."},
    {0, "since", "ID", "Only what came after the event with this number."},
    {0, "json", NULL, "Print JSON: a list, or with -f an object on each line."},
    {0},
};

struct follower {
    const char *domain; /* NULL: all */
    bool json;
    int64_t last;    /* id of the newest event seen */
    struct buf data; /* of the event that is being read */
};

/* What is told of an event besides its type; each appends to the line. */
static void tell_guest(const struct value *v, struct buf *b)
{
    if (domain_number(v, "domid"))
        buf_addf(b, " (id=%" PRId64 ")", value_get_int(v, "domid", 0));
}

static void tell_state(const struct value *v, struct buf *b)
{
    const char *reason = value_get_str(v, "reason", ""), *detail = value_get_str(v, "detail", "");

    buf_addf(b, ": %s", value_get_str(v, "state", "?"));
    if (*reason)
        buf_addf(b, " (%s)", reason);
    if (*detail)
        buf_addf(b, ": %s", detail);
}

static void tell_job(const struct value *v, struct buf *b)
{
    const char *error = value_get_str(v, "error", "");

    buf_addf(b, " %" PRId64 " %s by %s: %s", value_get_int(v, "job", 0),
             value_get_str(v, "kind", "?"), value_get_str(v, "by", "?"),
             value_get_str(v, "state", "?"));
    if (*error)
        buf_addf(b, ": %s", error);
}

static void tell_version(const struct value *v, struct buf *b)
{
    buf_addf(b, ": version %s", value_get_str(v, "version", "?"));
}

static const struct {
    const char *type, *words;
    void (*tell)(const struct value *v, struct buf *b); /* NULL: no more to say */
} types[] = {
    {"added", "added", NULL},
    {"removed", "removed", NULL},
    {"started", "started", tell_guest},
    {"stopped", "stopped", NULL},
    {"state", "state", tell_state},
    {"ended", "guest ended", tell_state},
    {"changed", "changed", NULL},
    {"restart-refused", "not restarted: it ended too soon after its start", NULL},
    {"job", "job", tell_job},
    {"xend-started", "xend started", tell_version},
};

/* What happened, in words; of a type that a newer xend has, its name. */
static void describe(const struct value *v, struct buf *b)
{
    const char *type = value_get_str(v, "type", "?");

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strcmp(types[i].type, type) != 0)
            continue;
        buf_adds(b, types[i].words);
        if (types[i].tell)
            types[i].tell(v, b);
        return;
    }
    buf_adds(b, type);
}

static void print_event(const struct value *v)
{
    AUTO(buf_clear) struct buf what = BUF_INIT;
    AUTO(freep) char *name = clean_text(value_get_str(v, "domain", "-")), *text = NULL;
    char time[32];

    describe(v, &what);
    text = clean_text(buf_str(&what));
    format_time(domain_real(v, "time"), time, sizeof(time));
    printf("%s  #%-6" PRId64 "  %-16s  %s\n", time, value_get_int(v, "id", 0), name, text);
}

/* The path of events after this one, of the domain if one was named; the caller frees. */
static char *events_path(const struct follower *f)
{
    AUTO(freep) char *domain = f->domain ? url_escape(f->domain) : NULL;

    return xasprintf("/v1/events?since=%" PRId64 "%s%s", f->last < 0 ? 0 : f->last,
                     domain ? "&domain=" : "", domain ? domain : "");
}

static int print_kept(struct xm *xm, const struct follower *f, struct err *e)
{
    AUTO(freep) char *path = events_path(f);
    AUTO(value_freep) struct value *reply = xend_get(xm, path, e), *wanted = value_list();
    const struct value *events = value_get(reply, "events");

    if (!reply)
        return -1;
    for (size_t i = 0; i < value_len(events); i++) {
        const struct value *v = value_at(events, i);

        if (f->json)
            value_add_take(wanted, value_copy(v));
        else
            print_event(v);
    }
    if (f->json)
        print_json(wanted);
    return 0;
}

/* A whole event has come. One that is no JSON is passed over; false when stdout is closed. */
static bool on_event(struct follower *f)
{
    struct err ignored;
    AUTO(value_freep) struct value *v = json_parse(f->data.ptr, f->data.len, "event", &ignored);

    if (v && value_type(v) == VALUE_MAP) {
        if (f->json)
            printf("%s\n", f->data.ptr);
        else
            print_event(v);
    }
    return fflush(stdout) == 0;
}

/* The value of a field ("id: 7"), or NULL when the line is another. */
static const char *field_of(const char *line, const char *name)
{
    size_t n = strlen(name);

    if (strncmp(line, name, n) != 0 || line[n] != ':')
        return NULL;
    return line + n + 1 + (line[n + 1] == ' ');
}

/* The lines of server-sent events; comments and what is not used here are passed over. */
static bool on_line(void *arg, const char *line)
{
    struct follower *f = arg;
    const char *text;
    bool more = true;
    int64_t id;

    if (!*line) {
        if (f->data.len)
            more = on_event(f);
        buf_clear(&f->data);
    } else if ((text = field_of(line, "id"))) {
        if (parse_int(text, &id) && id > 0)
            f->last = id;
    } else if ((text = field_of(line, "data")) && f->data.len < LINE_LENGTH_MAX) {
        if (f->data.len)
            buf_addc(&f->data, '\n');
        buf_adds(&f->data, text);
    }
    return more;
}

/* Goes on from the newest event: asked for before the stream, so that none falls in between. */
static int find_newest(struct xm *xm, struct follower *f, struct err *e)
{
    AUTO(value_freep) struct value *reply = xend_get(xm, "/v1/events?limit=1", e);

    if (!reply)
        return -1;
    f->last = value_get_int(reply, "last", 0);
    return 0;
}

/* One stream, to its end. Returns 1 when nobody reads any more, 0 to go on, or -1. */
static int follow_once(struct xm *xm, struct follower *f, int64_t *lost_ms, struct err *e)
{
    AUTO(lines_clear) struct lines lines = {.line = on_line, .arg = f};
    AUTO(freep) char *path = NULL;
    struct stream s = {.accept = "text/event-stream", .quiet_ms = QUIET_MS, .piece = lines_feed};
    int r;

    if (f->last < 0 && find_newest(xm, f, e) < 0)
        return -1;
    path = events_path(f);
    s.path = path;
    s.arg = &lines;
    buf_clear(&f->data);
    r = xend_stream(xm, &s, e);
    if (r < 0 && s.status == HTTP_GONE) {
        xm_warn("%s; going on from the newest", e->msg);
        f->last = -1;
        return 0;
    }
    if (s.status && s.status < 400) /* it did answer: the restart begins now */
        *lost_ms = 0;
    if (r == 0 || (r < 0 && e->code == ERR_TIMEOUT))
        return err_set(e, ERR_UNAVAILABLE, "xend has ended");
    return r;
}

static int follow(struct xm *xm, struct follower *f, struct err *e)
{
    int64_t lost_ms = 0;
    bool connected = f->last >= 0 || find_newest(xm, f, e) == 0;

    if (!connected)
        return -1;
    for (;;) {
        int r = follow_once(xm, f, &lost_ms, e);

        if (r > 0)
            return 0;
        if (r < 0 && !xend_try_again(&lost_ms, e))
            return -1;
    }
}

int cmd_events(struct xm *xm, const struct args *a)
{
    const char *since = args_get(a, "since");
    struct follower f = {
        .domain = a->words.len ? args_word(a, 0) : NULL, .json = args_has(a, "json"), .last = -1};
    struct err e;
    int r;

    if (since && (!parse_int(since, &f.last) || f.last < 0))
        return xm_usage_error(xm->command, "Invalid argument.");
    if (args_has(a, "follow")) {
        interrupt_quiet();
        r = follow(xm, &f, &e);
    } else {
        r = print_kept(xm, &f, &e);
    }
    buf_clear(&f.data);
    return r < 0 ? xm_fail(&e) : EXIT_SUCCESS;
}
