/*
 * The value tree: what SXP, JSON and the Python-like language all read and write. A tree has one
 * owner; an item belongs to its list or map. Not thread-safe while being changed. Strings are
 * bytes without NUL, UTF-8 where they came from JSON. Nesting is bounded by the readers
 * (VALUE_DEPTH_MAX), so walking a tree may recurse.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libxl/base/arena.h"
#include "libxl/base/err.h"

/* Deepest nesting any reader accepts: far beyond real files, far below the stack's end. */
#define VALUE_DEPTH_MAX 64

enum value_type {
    VALUE_NIL,
    VALUE_BOOL,
    VALUE_INT, /* 64 bits, signed */
    VALUE_REAL,
    VALUE_STRING,
    VALUE_LIST,
    VALUE_MAP, /* string keys, unique, in order of insertion */
};

struct value;

/* "nothing", "a boolean", "a number", "a string", "a list", "a map": for error texts. */
const char *value_type_name(enum value_type type);

/* Makers; the result is the caller's. */
struct value *value_nil(void);
struct value *value_bool(bool b);
struct value *value_int(int64_t i);
struct value *value_real(double r);
struct value *value_str(const char *s);
struct value *value_strn(const char *s, size_t n);
struct value *value_list(void);
struct value *value_map(void);
struct value *value_copy(const struct value *v);

/*
 * The same in an arena, with which they go: neither changed nor freed. NULL: as any other. The
 * limit of the arena is never reached: who reads bounds the text. A list swallows its n items.
 */
struct value *value_strn_in(struct arena *a, const char *s, size_t n);
struct value *value_list_in_take(struct arena *a, struct value *const *items, size_t n);

void value_free(struct value *v); /* NULL is fine */
void value_freep(struct value **v);

/* Readers. Asking for the wrong type is a programming error (assert). */
enum value_type value_type(const struct value *v);
bool value_as_bool(const struct value *v);
int64_t value_as_int(const struct value *v);
double value_as_real(const struct value *v); /* of an int, too */
const char *value_as_str(const struct value *v);
size_t value_str_len(const struct value *v);

/* Number of items of a list or map, 0 for anything else (and NULL). */
size_t value_len(const struct value *v);
/* Item i of a list, or value i of a map, in order; i < value_len. */
struct value *value_at(const struct value *v, size_t i);
const char *value_key(const struct value *map, size_t i);

/* The value of a key; NULL when the map (which may be NULL or no map) has no such key. */
struct value *value_get(const struct value *map, const char *key);

/* The text of a string item, or fallback when it is absent or not a string. */
const char *value_get_str(const struct value *map, const char *key, const char *fallback);
int64_t value_get_int(const struct value *map, const char *key, int64_t fallback);
bool value_get_bool(const struct value *map, const char *key, bool fallback);

/* Changers: they swallow `item`. Setting an existing key replaces its value in place. */
void value_add_take(struct value *list, struct value *item);
void value_set_take(struct value *map, const char *key, struct value *item);
/* The same for a key that is known not to be there yet (a parser has looked). Swallows both. */
void value_add_pair_take(struct value *map, char *key_take, struct value *item);
void value_set_str(struct value *map, const char *key, const char *s); /* NULL s: no change */
void value_set_int(struct value *map, const char *key, int64_t i);
void value_set_bool(struct value *map, const char *key, bool b);
/* Removes a key and its value; false when it was not there. Linear in the map's size. */
bool value_remove(struct value *map, const char *key);

/* Same types, same content; maps in any order. */
bool value_equal(const struct value *a, const struct value *b);

#endif
