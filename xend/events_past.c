/*
 * The log of events is read back when xend starts: which are kept, which id comes next, which jobs
 * never ended. Called by events.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/base/version.h"
#include "xend/events_parts.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define LOST_IDS 100000 /* skipped when nobody knows how far they went */

/* A job is open while its last event is queued or running. */
struct history {
    struct events *events;
    struct value *open_jobs; /* id -> its last event */
    bool same_boot;
};

static void note_job(struct value *open_jobs, const struct value *v)
{
    char key[24];
    const char *state = value_get_str(v, "state", "");

    snprintf(key, sizeof(key), "%" PRId64, value_get_int(v, "job", 0));
    if (strcmp(state, "queued") == 0 || strcmp(state, "running") == 0)
        value_set_take(open_jobs, key, value_copy(v));
    else
        value_remove(open_jobs, key);
}

static void read_line(struct history *h, const char *line, size_t len, const char *boot)
{
    struct err e;
    AUTO(value_freep) struct value *v = json_parse(line, len, "events.log", &e);
    int64_t id = value_get_int(v, "id", 0);
    const char *type = value_get_str(v, "type", "");

    if (!v || id <= 0)
        return; /* the torn last line of a power cut */
    h->events->last_id = (uint64_t)id;
    events_keep(h->events, (uint64_t)id, xstrndup(line, len));
    if (strcmp(type, "job") == 0) {
        note_job(h->open_jobs, v);
    } else if (strcmp(type, "xend-started") == 0) {
        h->same_boot = strcmp(value_get_str(v, "boot", ""), boot) == 0;
        value_free(h->open_jobs); /* reported by the start that followed them */
        h->open_jobs = value_map();
    }
}

static void read_log(struct history *h, const char *path, const char *boot)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;

    if (read_file(path, 2 * EVENTS_FILE_MAX, &text, &e) < 0)
        return;
    for (size_t at = 0; at < text.len;) {
        size_t len = strcspn(text.ptr + at, "\n");
        read_line(h, text.ptr + at, len, boot);
        at += len + 1;
    }
}

static void report_start(struct history *h, const char *boot)
{
    struct value *v;

    for (size_t i = 0; i < value_len(h->open_jobs); i++) {
        v = value_copy(value_at(h->open_jobs, i));
        value_set_str(v, "state", "interrupted");
        value_set_str(v, "error", "xend ended while this was being done");
        events_emit_take(h->events, v);
    }
    v = events_new("xend-started");
    value_set_str(v, "version", VERSION);
    value_set_str(v, "boot", boot);
    events_emit_take(h->events, v);
}

/* 0: not known. */
static uint64_t read_reserved(const struct events *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err ignored;

    return read_file(e->ids_path, 64, &text, &ignored) < 0 ? 0 : strtoull(buf_str(&text), NULL, 10);
}

/* The log is whole after the end of a xend; after that of its host it may lack what was shown. */
static void skip_lost_ids(struct events *e, bool same_boot)
{
    e->reserved = read_reserved(e);
    if (!e->reserved && e->last_id)
        e->last_id += LOST_IDS;
    else if (!same_boot && e->last_id < e->reserved)
        e->last_id = e->reserved;
}

void events_read_past(struct events *e)
{
    AUTO(buf_clear) struct buf boot = BUF_INIT;
    AUTO(freep) char *older = xasprintf("%s.1", e->path);
    struct history h = {.events = e, .open_jobs = value_map()};
    struct err ignored;

    read_file(BOOT_ID, 64, &boot, &ignored);
    if (boot.len)
        boot.ptr[strcspn(boot.ptr, "\n")] = '\0';
    read_log(&h, older, buf_str(&boot));
    read_log(&h, e->path, buf_str(&boot));
    skip_lost_ids(e, h.same_boot);
    report_start(&h, buf_str(&boot));
    value_free(h.open_jobs);
}
