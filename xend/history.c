/* The history of a domain, made from events: see history.h. */
#include "xend/history.h"

#include <stdio.h>
#include <string.h>

#include "config/json.h"
#include "libxl/base/mem.h"
#include "xend/events.h"

struct telling {
    struct value *entries; /* a list */
    struct value *jobs;    /* job id -> its entry's place among them, while it is open */
    struct value *starts;  /* uuid -> when its guest started, until it stops */
    struct value *domids;  /* uuid -> which guest that was; -1 before the first */
    int64_t last;          /* the id of the newest event that was read */
};

static void copy_member(struct value *to, const char *name, const struct value *from,
                        const char *key)
{
    const struct value *v = value_get(from, key);

    value_set_take(to, name, v ? value_copy(v) : value_nil());
}

/* What every entry has; the caller adds to it. */
static struct value *add_entry(struct telling *t, const struct value *event, const char *what)
{
    struct value *v = value_map();

    copy_member(v, "id", event, "id");
    copy_member(v, "time", event, "time");
    copy_member(v, "domain", event, "domain");
    copy_member(v, "uuid", event, "uuid");
    value_set_str(v, "what", what);
    value_set_take(v, "by", value_nil());
    value_set_take(v, "result", value_nil());
    value_set_take(v, "seconds", value_nil());
    value_add_take(t->entries, v);
    return v;
}

static double time_of(const struct value *v)
{
    const struct value *time = value_get(v, "time");

    return time ? value_as_real(time) : 0;
}

/* To the millisecond, as the times are. */
static void set_seconds(struct value *entry, double seconds)
{
    int64_t ms = (int64_t)(seconds * 1e3 + 0.5);

    value_set_take(entry, "seconds", value_real(seconds < 0 ? 0 : (double)ms / 1e3));
}

/* Queued, running and ended are one entry, whose time is that of its beginning. */
static void tell_job(struct telling *t, const struct value *event)
{
    const char *state = value_get_str(event, "state", "");
    struct value *entry;
    int64_t place;
    char key[24];

    snprintf(key, sizeof(key), "%lld", (long long)value_get_int(event, "job", 0));
    place = value_get_int(t->jobs, key, -1);
    if (place < 0 || strcmp(state, "queued") == 0) {
        place = (int64_t)value_len(t->entries);
        add_entry(t, event, value_get_str(event, "kind", "?"));
        value_set_int(t->jobs, key, place);
    }
    entry = value_at(t->entries, (size_t)place);
    copy_member(entry, "by", event, "by");
    copy_member(entry, "job", event, "job");
    copy_member(entry, "result", event, "state");
    copy_member(entry, "domain", event, "domain"); /* a restored one learns its name late */
    copy_member(entry, "uuid", event, "uuid");
    if (value_get(event, "error"))
        copy_member(entry, "detail", event, "error");
    if (strcmp(state, "queued") == 0 || strcmp(state, "running") == 0)
        return;
    set_seconds(entry, time_of(event) - time_of(entry));
    value_remove(t->jobs, key);
}

/* Every xend that starts tells it of the guests that it finds: those run on. */
static void tell_started(struct telling *t, const struct value *event)
{
    const char *uuid = value_get_str(event, "uuid", "");
    int64_t domid = value_get_int(event, "domid", 0);

    if (!value_len(t->jobs) && value_get(t->starts, uuid) &&
        value_get_int(t->domids, uuid, -1) == domid)
        return;
    copy_member(add_entry(t, event, "started"), "domid", event, "domid");
    value_set_take(t->starts, uuid, value_real(time_of(event)));
    value_set_int(t->domids, uuid, domid);
}

/* Likewise: only the first of a managed domain is news. */
static void tell_added(struct telling *t, const struct value *event)
{
    const char *uuid = value_get_str(event, "uuid", "");

    if (value_get(t->domids, uuid))
        return;
    value_set_int(t->domids, uuid, -1);
    add_entry(t, event, "added");
}

static void tell_removed(struct telling *t, const struct value *event)
{
    value_remove(t->domids, value_get_str(event, "uuid", ""));
    add_entry(t, event, "removed");
}

/* How long it ran. */
static void tell_stopped(struct telling *t, const struct value *event)
{
    struct value *entry = add_entry(t, event, "stopped");
    const char *uuid = value_get_str(event, "uuid", "");
    const struct value *start = value_get(t->starts, uuid);

    if (start)
        set_seconds(entry, time_of(event) - value_as_real(start));
    value_remove(t->starts, uuid);
}

static void tell_ended(struct telling *t, const struct value *event)
{
    struct value *entry = add_entry(t, event, "ended");
    bool shut = value_get(event, "reason") != NULL;

    copy_member(entry, "result", event, shut ? "reason" : "state");
    if (value_get(event, "detail"))
        copy_member(entry, "detail", event, "detail");
}

static void tell_plain(struct telling *t, const struct value *event)
{
    add_entry(t, event, value_get_str(event, "type", "?"));
}

/* Changes of state and of the spec are left out: each follows from one of these. */
static const struct {
    const char *type;
    void (*tell)(struct telling *t, const struct value *event);
} tellers[] = {
    {"job", tell_job},
    {"added", tell_added},
    {"removed", tell_removed},
    {"started", tell_started},
    {"stopped", tell_stopped},
    {"ended", tell_ended},
    {"shutdown-ignored", tell_plain},
    {"restart-refused", tell_plain},
};

static void tell_line(struct telling *t, const char *line, size_t len)
{
    struct err ignored;
    AUTO(value_freep) struct value *v = json_parse(line, len, "events.log", &ignored);
    int64_t id = value_get_int(v, "id", 0);
    const char *type = value_get_str(v, "type", "");

    if (!v || id <= t->last)
        return;
    t->last = id;
    for (size_t i = 0; i < ARRAY_LEN(tellers); i++)
        if (strcmp(tellers[i].type, type) == 0)
            tellers[i].tell(t, v);
}

/* The last `limit` items of a list, which is swallowed. */
static struct value *newest_take(struct value *list, size_t limit)
{
    struct value *newest;

    if (value_len(list) <= limit)
        return list;
    newest = value_list();
    for (size_t i = value_len(list) - limit; i < value_len(list); i++)
        value_add_take(newest, value_copy(value_at(list, i)));
    value_free(list);
    return newest;
}

static struct value *from_text(const char *text, size_t len, const struct event_filter *f,
                               size_t limit)
{
    struct telling t = {value_list(), value_map(), value_map(), value_map(), 0};
    struct value *v = value_map();

    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        if (event_matches(f, text + at, n))
            tell_line(&t, text + at, n);
        at += n + 1;
    }
    value_free(t.jobs);
    value_free(t.starts);
    value_free(t.domids);
    value_set_take(v, "history", newest_take(t.entries, limit));
    return v;
}

struct value *history_of(struct events *events, const struct event_filter *f, size_t limit,
                         struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (events_read_files(events, &text, e) < 0)
        return NULL;
    return from_text(text.ptr, text.len, f, limit);
}
