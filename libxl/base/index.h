/*
 * A hash index from strings to pointers. It owns neither: keys are borrowed and must live, and
 * keep their text, while they are in the index. One thread at a time.
 */
#ifndef BASE_INDEX_H
#define BASE_INDEX_H

#include <stddef.h>

struct index_slot {
    const char *key; /* NULL: never used */
    void *item;      /* NULL with a key: removed */
};

struct index {
    struct index_slot *slots;
    size_t size, used; /* size is a power of two; used counts removed slots too */
};

/* The item of a key, or NULL. */
void *index_get(const struct index *x, const char *key);

/* Adds a key that is not there yet; item is not NULL. */
void index_put(struct index *x, const char *key, void *item);

/* Removes a key; nothing happens when it is not there. */
void index_remove(struct index *x, const char *key);

void index_clear(struct index *x);

#endif
