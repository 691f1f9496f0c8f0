/*
 * Memory that is freed as a whole, with a limit. For work on input from outside whose pieces live
 * and die together: one arena per job, nothing in it is freed alone. One owner, no thread safety.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* the newest; older ones hang on it */
    char *at, *end;            /* what is free in it */
    size_t used, limit;        /* bytes taken from the system, never more than limit */
};

void arena_init(struct arena *a, size_t limit_bytes);

/* Frees everything; the arena may be used again with the same limit. Usable for AUTO(). */
void arena_clear(struct arena *a);

/* n bytes, aligned for anything, not zeroed. NULL when the limit would be passed. */
void *arena_alloc(struct arena *a, size_t n);

/*
 * The block at p grows from old_n to n bytes, in place when it is the newest one; else it moves
 * and the old bytes are wasted, so grow by doubling. NULL (and p untouched) over the limit.
 */
void *arena_grow(struct arena *a, void *p, size_t old_n, size_t n);

#endif
