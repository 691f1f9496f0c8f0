/* The value tree: see value.h. */
#include "config/value.h"

#include <assert.h>
#include <string.h>

#include "libxl/base/mem.h"

#define INDEX_FROM 9 /* maps below this are searched item by item, which is faster */

struct pair {
    char *key;
    struct value *value;
};

struct map {
    struct pair *pairs;
    uint32_t *index; /* open addressing, 0 = empty, else pair number + 1; NULL while small */
    uint32_t index_size;
};

/* A string's text follows the header in the same allocation: most values are short strings. */
struct value {
    uint32_t type;
    uint32_t len; /* bytes of a string, items of a list or map */
    union {
        bool b;
        int64_t i;
        double r;
        struct value **items;
        struct map *map;
        char text[8];
    };
};

#define TEXT_OFFSET offsetof(struct value, text)

const char *value_type_name(enum value_type type)
{
    static const char *const names[] = {"nothing",  "a boolean", "a number", "a number",
                                        "a string", "a list",    "a map"};
    return names[type];
}

static struct value *new_value(enum value_type type)
{
    struct value *v = xcalloc(1, sizeof(*v));

    v->type = type;
    return v;
}

struct value *value_nil(void)
{
    return new_value(VALUE_NIL);
}

struct value *value_bool(bool b)
{
    struct value *v = new_value(VALUE_BOOL);

    v->b = b;
    return v;
}

struct value *value_int(int64_t i)
{
    struct value *v = new_value(VALUE_INT);

    v->i = i;
    return v;
}

struct value *value_real(double r)
{
    struct value *v = new_value(VALUE_REAL);

    v->r = r;
    return v;
}

static void *room(struct arena *a, size_t n)
{
    void *p = a ? arena_alloc(a, n) : xmalloc(n);

    assert(p);
    return p;
}

struct value *value_strn(const char *s, size_t n)
{
    return value_strn_in(NULL, s, n);
}

struct value *value_strn_in(struct arena *a, const char *s, size_t n)
{
    size_t need = TEXT_OFFSET + n + 1;
    struct value *v = room(a, need < sizeof(*v) ? sizeof(*v) : need);

    assert(n < UINT32_MAX);
    v->type = VALUE_STRING;
    v->len = (uint32_t)n;
    char *text = (char *)v + TEXT_OFFSET;
    memcpy(text, s, n);
    text[n] = '\0';
    return v;
}

struct value *value_str(const char *s)
{
    return value_strn(s, strlen(s));
}

struct value *value_list(void)
{
    return new_value(VALUE_LIST);
}

struct value *value_list_in_take(struct arena *a, struct value *const *items, size_t n)
{
    struct value *v = room(a, sizeof(*v));
    size_t capacity = a ? n : 1;

    assert(n < UINT32_MAX);
    *v = (struct value){.type = VALUE_LIST, .len = (uint32_t)n};
    while (capacity < n)
        capacity *= 2; /* the growth rule: see is_full */
    v->items = n ? room(a, capacity * sizeof(v->items[0])) : NULL;
    if (n)
        memcpy(v->items, items, n * sizeof(v->items[0]));
    return v;
}

struct value *value_map(void)
{
    struct value *v = new_value(VALUE_MAP);

    v->map = xcalloc(1, sizeof(*v->map));
    return v;
}

struct value *value_copy(const struct value *v)
{
    struct value *copy;

    switch (v->type) {
    case VALUE_STRING:
        return value_strn(value_as_str(v), v->len);
    case VALUE_LIST:
        copy = value_list();
        for (uint32_t i = 0; i < v->len; i++)
            value_add_take(copy, value_copy(v->items[i]));
        return copy;
    case VALUE_MAP:
        copy = value_map();
        for (uint32_t i = 0; i < v->len; i++)
            value_set_take(copy, v->map->pairs[i].key, value_copy(v->map->pairs[i].value));
        return copy;
    default:
        copy = new_value(v->type);
        copy->i = v->i;
        return copy;
    }
}

void value_free(struct value *v)
{
    if (!v)
        return;
    if (v->type == VALUE_LIST) {
        for (uint32_t i = 0; i < v->len; i++)
            value_free(v->items[i]);
        free(v->items);
    } else if (v->type == VALUE_MAP) {
        for (uint32_t i = 0; i < v->len; i++) {
            free(v->map->pairs[i].key);
            value_free(v->map->pairs[i].value);
        }
        free(v->map->pairs);
        free(v->map->index);
        free(v->map);
    }
    free(v);
}

void value_freep(struct value **v)
{
    value_free(*v);
}

enum value_type value_type(const struct value *v)
{
    return (enum value_type)v->type;
}

bool value_as_bool(const struct value *v)
{
    assert(v->type == VALUE_BOOL);
    return v->b;
}

int64_t value_as_int(const struct value *v)
{
    assert(v->type == VALUE_INT);
    return v->i;
}

double value_as_real(const struct value *v)
{
    assert(v->type == VALUE_REAL || v->type == VALUE_INT);
    return v->type == VALUE_REAL ? v->r : (double)v->i;
}

const char *value_as_str(const struct value *v)
{
    assert(v->type == VALUE_STRING);
    return (const char *)v + TEXT_OFFSET;
}

size_t value_str_len(const struct value *v)
{
    assert(v->type == VALUE_STRING);
    return v->len;
}

size_t value_len(const struct value *v)
{
    return v && (v->type == VALUE_LIST || v->type == VALUE_MAP) ? v->len : 0;
}

struct value *value_at(const struct value *v, size_t i)
{
    assert(i < value_len(v));
    return v->type == VALUE_LIST ? v->items[i] : v->map->pairs[i].value;
}

const char *value_key(const struct value *map, size_t i)
{
    assert(map->type == VALUE_MAP && i < map->len);
    return map->map->pairs[i].key;
}

static uint32_t hash_of(const char *key)
{
    uint32_t h =
        2166136261u; /* FNV-1a; keys from outside are bounded by the readers' byte limits */

    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 16777619u;
    return h;
}

static void index_add(struct map *m, uint32_t pair)
{
    uint32_t at = hash_of(m->pairs[pair].key) & (m->index_size - 1);

    while (m->index[at])
        at = (at + 1) & (m->index_size - 1);
    m->index[at] = pair + 1;
}

static void index_rebuild(const struct value *v)
{
    struct map *m = v->map;

    free(m->index);
    m->index = NULL;
    m->index_size = 0;
    if (v->len < INDEX_FROM)
        return;
    for (m->index_size = 32; m->index_size < 4 * v->len;)
        m->index_size *= 2;
    m->index = xcalloc(m->index_size, sizeof(m->index[0]));
    for (uint32_t i = 0; i < v->len; i++)
        index_add(m, i);
}

/* The number of the pair with this key, or -1. */
static int64_t map_find(const struct value *v, const char *key)
{
    const struct map *m = v->map;

    if (!m->index) {
        for (uint32_t i = 0; i < v->len; i++)
            if (strcmp(m->pairs[i].key, key) == 0)
                return i;
        return -1;
    }
    for (uint32_t at = hash_of(key) & (m->index_size - 1); m->index[at];
         at = (at + 1) & (m->index_size - 1))
        if (strcmp(m->pairs[m->index[at] - 1].key, key) == 0)
            return m->index[at] - 1;
    return -1;
}

struct value *value_get(const struct value *map, const char *key)
{
    int64_t i;

    if (!map || map->type != VALUE_MAP)
        return NULL;
    i = map_find(map, key);
    return i < 0 ? NULL : map->map->pairs[i].value;
}

const char *value_get_str(const struct value *map, const char *key, const char *fallback)
{
    const struct value *v = value_get(map, key);

    return v && v->type == VALUE_STRING ? value_as_str(v) : fallback;
}

int64_t value_get_int(const struct value *map, const char *key, int64_t fallback)
{
    const struct value *v = value_get(map, key);

    return v && v->type == VALUE_INT ? v->i : fallback;
}

bool value_get_bool(const struct value *map, const char *key, bool fallback)
{
    const struct value *v = value_get(map, key);

    return v && v->type == VALUE_BOOL ? v->b : fallback;
}

/* Room for one more of len items: capacities are powers of two, so they need not be stored. */
static bool is_full(uint32_t len)
{
    return (len & (len - 1)) == 0;
}

void value_add_take(struct value *list, struct value *item)
{
    assert(list->type == VALUE_LIST);
    if (is_full(list->len))
        list->items =
            xrealloc(list->items, sizeof(list->items[0]) * (list->len ? 2 * (size_t)list->len : 1));
    list->items[list->len++] = item;
}

static void add_pair(struct value *map, char *key_take, struct value *item)
{
    struct map *m = map->map;

    if (is_full(map->len))
        m->pairs = xrealloc(m->pairs, sizeof(m->pairs[0]) * (map->len ? 2 * (size_t)map->len : 1));
    m->pairs[map->len++] = (struct pair){key_take, item};
    if (m->index && 2 * map->len <= m->index_size)
        index_add(m, map->len - 1);
    else if (map->len >= INDEX_FROM)
        index_rebuild(map);
}

void value_add_pair_take(struct value *map, char *key_take, struct value *item)
{
    assert(map->type == VALUE_MAP);
    add_pair(map, key_take, item);
}

void value_set_take(struct value *map, const char *key, struct value *item)
{
    struct map *m = map->map;
    int64_t i;

    assert(map->type == VALUE_MAP);
    i = map_find(map, key);
    if (i < 0) {
        add_pair(map, xstrdup(key), item);
        return;
    }
    value_free(m->pairs[i].value);
    m->pairs[i].value = item;
}

void value_set_str(struct value *map, const char *key, const char *s)
{
    if (s)
        value_set_take(map, key, value_str(s));
}

void value_set_int(struct value *map, const char *key, int64_t i)
{
    value_set_take(map, key, value_int(i));
}

void value_set_bool(struct value *map, const char *key, bool b)
{
    value_set_take(map, key, value_bool(b));
}

bool value_remove(struct value *map, const char *key)
{
    int64_t i = map_find(map, key);
    struct pair *pairs = map->map->pairs;

    if (i < 0)
        return false;
    free(pairs[i].key);
    value_free(pairs[i].value);
    memmove(pairs + i, pairs + i + 1, sizeof(pairs[0]) * (map->len - (size_t)i - 1));
    map->len--;
    if (map->len == 0) {
        free(map->map->pairs); /* the growth rule: no items, no array */
        map->map->pairs = NULL;
    } else if (is_full(map->len)) {
        map->map->pairs = xrealloc(pairs, sizeof(pairs[0]) * map->len);
    }
    index_rebuild(map);
    return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_NIL:
        return true;
    case VALUE_BOOL:
        return a->b == b->b;
    case VALUE_INT:
        return a->i == b->i;
    case VALUE_REAL:
        return a->r == b->r;
    case VALUE_STRING:
        return a->len == b->len && memcmp(value_as_str(a), value_as_str(b), a->len) == 0;
    default:
        break;
    }
    if (a->len != b->len)
        return false;
    for (uint32_t i = 0; i < a->len; i++) {
        const struct value *other =
            a->type == VALUE_LIST ? value_at(b, i) : value_get(b, a->map->pairs[i].key);
        if (!other || !value_equal(value_at(a, i), other))
            return false;
    }
    return true;
}
