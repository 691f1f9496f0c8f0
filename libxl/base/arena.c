/* The arena: see arena.h. */
#include "libxl/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define EXACT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EXACT 1
#endif
#endif
#ifndef EXACT
#define EXACT 0 /* 1: a chunk per block, so that the sanitizer sees every overrun */
#endif

#define ALIGN 16
#define CHUNK_FIRST (32u << 10) /* one real config file fits */
#define CHUNK_MAX (1u << 20)

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of the bytes that follow */
    _Alignas(ALIGN) char bytes[];
};

void arena_init(struct arena *a, size_t limit_bytes)
{
    *a = (struct arena){.limit = limit_bytes};
}

void arena_clear(struct arena *a)
{
    struct arena_chunk *older;

    for (struct arena_chunk *c = a->chunk; c; c = older) {
        older = c->older;
        free(c);
    }
    arena_init(a, a->limit);
}

/* The size of the next chunk: doubled each time, or whatever a large block or the limit asks. */
static size_t chunk_size(const struct arena *a, size_t n)
{
    size_t left = a->limit - a->used;
    size_t size = a->chunk ? 2 * a->chunk->size : CHUNK_FIRST;

    if (EXACT)
        return n;
    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    if (size > left)
        size = left;
    return size < n ? n : size;
}

static void *alloc_in_new_chunk(struct arena *a, size_t n)
{
    struct arena_chunk *c;
    size_t size;

    if (n > a->limit - a->used)
        return NULL;
    size = chunk_size(a, n);
    c = xmalloc(sizeof(*c) + size);
    c->older = a->chunk;
    c->size = size;
    a->chunk = c;
    a->used += size;
    a->at = c->bytes + n;
    a->end = c->bytes + size;
    return c->bytes;
}

void *arena_alloc(struct arena *a, size_t n)
{
    void *p = a->at;
    size_t need = EXACT ? n : (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);

    if (n > SIZE_MAX / 2)
        return NULL;
    if (EXACT || need > (size_t)(a->end - a->at) || !p)
        return alloc_in_new_chunk(a, need);
    a->at += need;
    return p;
}

void *arena_grow(struct arena *a, void *p, size_t old_n, size_t n)
{
    size_t old_need = (old_n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    size_t need = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    void *moved;

    if (!EXACT && p && n < SIZE_MAX / 2 && (char *)p + old_need == a->at &&
        need <= (size_t)(a->end - (char *)p)) {
        a->at = (char *)p + need;
        return p;
    }
    moved = arena_alloc(a, n);
    if (moved && old_n)
        memcpy(moved, p, old_n < n ? old_n : n);
    return moved;
}
