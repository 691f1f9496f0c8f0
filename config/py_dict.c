/* Dicts and sets: entries in order of insertion, an index over them once there are many. */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

#define INDEX_FROM 9 /* fewer entries are searched one by one */

static uint32_t hash_bytes(uint32_t h, const void *bytes, size_t n)
{
    const unsigned char *s = bytes;

    for (size_t i = 0; i < n; i++)
        h = (h ^ s[i]) * 16777619u; /* FNV-1a */
    return h;
}

/* Equal objects have equal hashes: 1, 1.0 and True are equal. */
static uint32_t hash_of(struct py *p, struct obj o)
{
    uint32_t h = 2166136261u;

    switch (o.type) {
    case T_STR:
        py_charge_scan(p, o.len);
        return hash_bytes(h, o.s, o.len);
    case T_FLOAT:
        if (o.f >= -9e15 && o.f <= 9e15 && o.f == (double)(int64_t)o.f)
            o.i = (int64_t)o.f;
        return hash_bytes(h, &o.i, sizeof(o.i));
    case T_TUPLE:
        py_enter(p);
        for (uint32_t i = 0; i < o.list->len; i++) {
            uint32_t item = hash_of(p, o.list->items[i]);
            h = hash_bytes(h, &item, sizeof(item));
        }
        py_leave(p);
        py_charge(p, o.list->len);
        return h;
    case T_LIST:
    case T_DICT:
    case T_SET:
        py_raise_hint(p, &py_TypeError, o.type == T_LIST ? "use a tuple: (a, b)" : NULL,
                      "%s cannot be the key of a dict or an item of a set", py_type_text(o));
    case T_NONE:
        o.i = 0;
        __attribute__((fallthrough));
    default:
        return hash_bytes(h, &o.i, sizeof(o.i));
    }
}

static struct obj new_dict(struct py *p, uint32_t type)
{
    struct dict *d = py_alloc(p, sizeof(*d));

    *d = (struct dict){0};
    return (struct obj){.type = type, .dict = d};
}

struct obj py_dict_new(struct py *p)
{
    return new_dict(p, T_DICT);
}

struct obj py_set_new(struct py *p)
{
    return new_dict(p, T_SET);
}

/* Hashes first: equal() may walk a whole tuple. */
static bool is_key(struct py *p, const struct entry *entry, struct obj key, uint32_t hash)
{
    return entry->key.type != T_UNSET && entry->hash == hash && py_equal(p, entry->key, key);
}

/* The entry of a key, by the index if there is one. Each probe too many is paid for. */
static struct entry *find(struct py *p, const struct dict *d, struct obj key, uint32_t hash)
{
    uint32_t probes = 0;

    if (!d->index) {
        for (uint32_t i = 0; i < d->len; i++)
            if (is_key(p, &d->entries[i], key, hash))
                return &d->entries[i];
        return NULL;
    }
    for (uint32_t at = hash & (d->index_size - 1); d->index[at];
         at = (at + 1) & (d->index_size - 1)) {
        if (is_key(p, &d->entries[d->index[at] - 1], key, hash))
            return &d->entries[d->index[at] - 1];
        if (++probes % 8 == 0)
            py_charge(p, 1); /* keys chosen to collide */
    }
    return NULL;
}

struct entry *py_dict_find(struct py *p, const struct dict *d, struct obj key)
{
    return find(p, d, key, hash_of(p, key));
}

static void index_add(struct dict *d, uint32_t entry)
{
    uint32_t at = d->entries[entry].hash & (d->index_size - 1);

    while (d->index[at])
        at = (at + 1) & (d->index_size - 1);
    d->index[at] = entry + 1;
}

/* Makes the index anew for the present number of entries, at most a quarter full. */
static void rebuild_index(struct py *p, struct dict *d)
{
    d->index_size = 32;
    while (d->index_size < 4 * d->len)
        d->index_size *= 2;
    d->index = py_alloc(p, d->index_size * sizeof(d->index[0]));
    memset(d->index, 0, d->index_size * sizeof(d->index[0]));
    for (uint32_t i = 0; i < d->len; i++)
        index_add(d, i);
    py_charge_scan(p, d->index_size);
}

/* Closes the gaps that deleted entries left. */
static void compact(struct py *p, struct dict *d)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < d->len; i++)
        if (d->entries[i].key.type != T_UNSET)
            d->entries[n++] = d->entries[i];
    d->len = n;
    if (d->index)
        rebuild_index(p, d);
}

void py_dict_set(struct py *p, struct dict *d, struct obj key, struct obj value)
{
    uint32_t hash = hash_of(p, key);
    struct entry *old = find(p, d, key, hash);

    if (old) {
        old->value = value;
        return;
    }
    if (d->len >= PY_LIST_MAX)
        py_raise(p, &py_Limit, "a dict may not have more than %d entries", PY_LIST_MAX);
    if (d->len == d->cap && d->live < d->len / 2)
        compact(p, d);
    if (d->len == d->cap) {
        uint32_t cap = d->cap ? 2 * d->cap : 4;
        d->entries = py_grow(p, d->entries, d->cap * sizeof(*old), cap * sizeof(*old));
        d->cap = cap;
    }
    d->entries[d->len++] = (struct entry){key, value, hash};
    d->live++;
    if (d->index && 2 * d->len <= d->index_size)
        index_add(d, d->len - 1);
    else if (d->len >= INDEX_FROM)
        rebuild_index(p, d);
}

/* The entry stays as a gap, so that iteration goes on undisturbed; compact() closes it. */
bool py_dict_remove(struct py *p, struct dict *d, struct obj key)
{
    struct entry *entry = py_dict_find(p, d, key);

    if (!entry)
        return false;
    entry->key = (struct obj){.type = T_UNSET};
    if (--d->live == 0)
        py_dict_clear(d);
    return true;
}

void py_dict_clear(struct dict *d)
{
    d->len = d->live = 0;
    d->index = NULL;
    d->index_size = 0;
}

/* From a dict, or from pairs. */
void py_dict_update(struct py *p, struct dict *d, struct obj from)
{
    struct obj item;
    struct iter it;

    if (from.type == T_DICT) {
        for (uint32_t i = 0; i < from.dict->len; i++)
            if (from.dict->entries[i].key.type != T_UNSET)
                py_dict_set(p, d, from.dict->entries[i].key, from.dict->entries[i].value);
        return;
    }
    for (it = py_iter(p, from); py_iter_next(&it, &item);) {
        struct obj pair;
        py_charge(p, 1);
        pair = py_list_of(p, item);
        if (pair.list->len != 2)
            py_raise(p, &py_ValueError, "a dict is made of pairs, not of %u items", pair.list->len);
        py_dict_set(p, d, pair.list->items[0], pair.list->items[1]);
    }
}

struct obj py_set_of(struct py *p, struct obj iterable)
{
    struct obj set = py_set_new(p), item;
    struct iter it;

    for (it = py_iter(p, iterable); py_iter_next(&it, &item);)
        py_dict_set(p, set.dict, item, py_none());
    return set;
}

bool py_set_within(struct py *p, const struct dict *a, const struct dict *b)
{
    for (uint32_t i = 0; i < a->len; i++)
        if (a->entries[i].key.type != T_UNSET && !py_dict_find(p, b, a->entries[i].key))
            return false;
    return true;
}

/* Adds the items of a that are (want) or are not in b. */
static void add_filtered(struct py *p, struct dict *to, const struct dict *a, const struct dict *b,
                         bool want)
{
    for (uint32_t i = 0; i < a->len; i++)
        if (a->entries[i].key.type != T_UNSET && !!py_dict_find(p, b, a->entries[i].key) == want)
            py_dict_set(p, to, a->entries[i].key, py_none());
}

static void add_keys(struct py *p, struct dict *to, const struct dict *a)
{
    for (uint32_t i = 0; i < a->len; i++)
        if (a->entries[i].key.type != T_UNSET)
            py_dict_set(p, to, a->entries[i].key, py_none());
}

/* Order of the result: a's items first, then b's. */
struct obj py_set_op(struct py *p, char op, struct obj a, struct obj b)
{
    struct obj set = py_set_new(p);

    switch (op) {
    case '&':
        add_filtered(p, set.dict, a.dict, b.dict, true);
        break;
    case '|':
        add_keys(p, set.dict, a.dict);
        add_keys(p, set.dict, b.dict);
        break;
    default:
        add_filtered(p, set.dict, a.dict, b.dict, false);
        if (op == '^')
            add_filtered(p, set.dict, b.dict, a.dict, false);
    }
    return set;
}
