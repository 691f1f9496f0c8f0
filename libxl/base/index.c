/* A hash index from strings to pointers, open addressing: see index.h. */
#include "libxl/base/index.h"

#include <stdint.h>
#include <string.h>

#include "libxl/base/mem.h"

static size_t hash_of(const char *key)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */

    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 1099511628211u;
    return (size_t)(h ^ (h >> 32));
}

/* The slot of key, or the first never-used one; NULL in an index without slots. */
static struct index_slot *slot_of(const struct index *x, const char *key)
{
    size_t at;

    if (!x->size)
        return NULL;
    at = hash_of(key) & (x->size - 1);
    while (x->slots[at].key && (!x->slots[at].item || strcmp(x->slots[at].key, key) != 0))
        at = (at + 1) & (x->size - 1);
    return &x->slots[at];
}

void *index_get(const struct index *x, const char *key)
{
    const struct index_slot *s = slot_of(x, key);

    return s ? s->item : NULL;
}

/* Rebuilds with room: drops removed slots, whose keys may be gone already. */
static void grow(struct index *x)
{
    struct index old = *x;
    size_t live = 0;

    for (size_t i = 0; i < old.size; i++)
        live += old.slots[i].item != NULL;
    for (x->size = 16; x->size < 4 * (live + 1);)
        x->size *= 2;
    x->slots = xcalloc(x->size, sizeof(x->slots[0]));
    x->used = live;
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i].item)
            *slot_of(x, old.slots[i].key) = old.slots[i];
    free(old.slots);
}

void index_put(struct index *x, const char *key, void *item)
{
    if (2 * (x->used + 1) > x->size)
        grow(x);
    *slot_of(x, key) = (struct index_slot){key, item};
    x->used++;
}

void index_remove(struct index *x, const char *key)
{
    struct index_slot *s = slot_of(x, key);

    if (s && s->item) {
        s->key = ""; /* the key may be freed now; an empty one keeps the probe chain whole */
        s->item = NULL;
    }
}

void index_clear(struct index *x)
{
    free(x->slots);
    *x = (struct index){0};
}
