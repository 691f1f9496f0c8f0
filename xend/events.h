/*
 * Events: every visible change, with an id that goes on across restarts of xend. They are written
 * to a file first (lib_dir/events.log, JSON lines, bounded with one older file), then shown to
 * those who follow. After a restart the file tells which jobs never ended: they get an event of
 * their own, "interrupted". A power cut may take the last events, for nobody waits for the disk
 * here; their ids never come again: lib_dir/events.ids says, durably, up to where any were shown.
 */
#ifndef XEND_EVENTS_H
#define XEND_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/value.h"
#include "libxl/base/buf.h"
#include "libxl/base/err.h"
#include "libxl/base/uuid.h"

struct events;
struct xend;
struct domain;
struct task;
struct guest_change;

#define EVENTS_KEPT 10000                 /* in memory, for those who come back */
#define EVENTS_FILE_MAX (4 * 1024 * 1024) /* then the file becomes events.log.1 */

/* Opens the log, finds the last id, reports interrupted jobs; starts the writer. */
struct events *events_open(struct xend *x, const char *lib_dir, struct err *e);
/* Writes what is pending, ends the writer. Followers must be gone. NULL is fine. */
void events_close(struct events *v);

/* With the xend lock; never sleeps. Events before events_open or after events_close vanish. */
void event_domain(struct xend *x, const struct domain *d, const char *type);
/* A guest ended by itself: why, and the last words of what ran it. */
void event_ended(struct xend *x, const struct domain *d, const struct guest_change *c);
void event_job(struct xend *x, const struct task *t);

/* The id of the newest event that is written, and of the oldest that is still kept. */
void events_range(struct events *v, uint64_t *oldest, uint64_t *newest);

/* Of which domain: texts to be found in an event's line, either will do. {0}: of all. */
struct event_filter {
    char *name, *uuid;
};
/* name: what it is or was called; uuid: NULL when it is not known. */
void event_filter_set(struct event_filter *f, const char *name, const char *uuid);
void event_filter_clear(struct event_filter *f);
bool event_matches(const struct event_filter *f, const char *line, size_t len);
/* The newest event that is kept and about it: of whom that tells. False: there is none. */
bool events_find(struct events *v, const struct event_filter *f, char uuid[UUID_TEXT_SIZE]);

/* The id of the newest event, which may not be written yet. */
uint64_t events_last(struct events *v);

/*
 * Appends the texts of events after `since` that the filter (or NULL) wants, as server-sent events
 * or as a JSON list's items. Returns the id to go on from.
 */
uint64_t events_sse(struct events *v, uint64_t since, const struct event_filter *f,
                    size_t max_bytes, struct buf *out);
uint64_t events_json(struct events *v, uint64_t since, const struct event_filter *f, size_t limit,
                     struct buf *out);
/* The text of the log's files, the older one first; may hold a line twice when they rotate. */
int events_read_files(struct events *v, struct buf *out, struct err *e);

#endif
