/* What events.c and events_past.c share; nobody else includes it. */
#ifndef XEND_EVENTS_PARTS_H
#define XEND_EVENTS_PARTS_H

#include <pthread.h>

#include "libxl/base/vec.h"
#include "xend/events.h"

struct pending VEC(struct value *);

struct events {
    struct xend *xend;
    pthread_mutex_t lock; /* a leaf */
    pthread_cond_t work;
    struct pending pending;
    bool stopping;
    pthread_t writer;
    /* the writer's own */
    char *path, *ids_path;
    int fd;
    off_t size;
    bool torn;         /* the file ends within a line */
    uint64_t reserved; /* no later id was ever shown: this one is on disk, events may be not */
    /* the ring: text of event id is ring[id % EVENTS_KEPT] */
    char *ring[EVENTS_KEPT];
    uint64_t oldest, newest; /* newest 0: none yet */
    uint64_t last_id;        /* of the newest, pending ones included */
};

/* What an event begins with; the caller's. */
struct value *events_new(const char *type);
/* Queues an event; swallows v, whose id and time are set here. */
void events_emit_take(struct events *e, struct value *v);
/* Into the ring. Ids between the newest and this one that nobody has are empty places. */
void events_keep(struct events *e, uint64_t id, char *text_take);

/* At start: the ring, the last id and the jobs that never ended, from the files. */
void events_read_past(struct events *e);

#endif
