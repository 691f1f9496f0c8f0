/* What holds items: iterating, indexing, slicing, joining. Called by evaluator and builtins. */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

struct iter py_iter(struct py *p, struct obj o)
{
    if (o.type < T_STR || o.type > T_SET)
        py_raise(p, &py_TypeError, "%s has no items to go through", py_type_text(o));
    return (struct iter){.seq = o,
                         .at = o.type == T_LIST && o.len == PY_ITERATOR ? o.list->taken : 0};
}

bool py_iter_next(struct iter *it, struct obj *item)
{
    struct dict *d = it->seq.dict;

    switch (it->seq.type) {
    case T_STR:
        if (it->at >= it->seq.len)
            return false;
        *item = py_strn(it->seq.s + it->at++, 1);
        return true;
    case T_LIST:
    case T_TUPLE:
        if (it->at >= it->seq.list->len)
            return false;
        *item = it->seq.list->items[it->at++];
        if (it->seq.type == T_LIST && it->seq.len == PY_ITERATOR)
            it->seq.list->taken = it->at;
        return true;
    default:
        while (it->at < d->len && d->entries[it->at].key.type == T_UNSET)
            it->at++;
        if (it->at >= d->len)
            return false;
        *item = d->entries[it->at++].key;
        return true;
    }
}

struct obj py_list_of(struct py *p, struct obj iterable)
{
    struct iter it = py_iter(p, iterable);
    struct obj list = py_list_new(p, py_len(p, iterable)), item;

    if (iterable.type == T_LIST && iterable.len == PY_ITERATOR)
        py_charge_scan(p, it.at);
    while (py_iter_next(&it, &item))
        py_list_add(p, list.list, item);
    py_charge_scan(p, list.list->len);
    return list;
}

/* Number of items or bytes. */
uint32_t py_len(struct py *p, struct obj o)
{
    switch (o.type) {
    case T_STR:
        return o.len;
    case T_LIST:
    case T_TUPLE:
        return o.list->len;
    case T_DICT:
    case T_SET:
        return o.dict->live;
    default:
        py_raise(p, &py_TypeError, "%s has no length", py_type_text(o));
    }
}

/* `in`: part of a string, key of a dict, item of anything else. */
bool py_contains(struct py *p, struct obj box, struct obj item)
{
    struct iter it;
    struct obj each;

    if (box.type == T_STR) {
        if (item.type != T_STR)
            py_raise(p, &py_TypeError, "only a string can be in a string, not %s",
                     py_type_text(item));
        py_charge_scan(p, box.len);
        return item.len == 0 || memmem(box.s, box.len, item.s, item.len) != NULL;
    }
    if (box.type == T_DICT || box.type == T_SET)
        return py_dict_find(p, box.dict, item) != NULL;
    for (it = py_iter(p, box); py_iter_next(&it, &each);)
        if (py_equal(p, each, item))
            return true;
    return false;
}

/* The position that key means in n items; raises IndexError beyond them. */
static uint32_t position(struct py *p, struct obj o, struct obj key, uint32_t n)
{
    int64_t i = key.i;

    if (!py_is_int(key))
        py_raise(p, &py_TypeError, "the index of %s is an integer, not %s", py_type_text(o),
                 py_type_text(key));
    if (i < 0)
        i += n;
    if (i < 0 || i >= n)
        py_raise(p, &py_IndexError, "index %lld is beyond the end: %s of %u item%s",
                 (long long)key.i, py_type_text(o), n, n == 1 ? "" : "s");
    return (uint32_t)i;
}

/* KeyError whose argument is the key, as programs expect, and whose text explains. */
static _Noreturn void no_key(struct py *p, const struct dict *d, struct obj key)
{
    struct py_near near = py_near_start(p, key.type == T_STR ? key.s : "", key.len);
    struct obj args = py_tuple_new(p, 1), text = py_to_repr(p, key);
    struct exc *x;

    py_list_add(p, args.list, key);
    x = py_exc_new(p, &py_KeyError, args);
    for (uint32_t i = 0; i < d->len && i < 1000; i++)
        if (d->entries[i].key.type == T_STR)
            py_near_offer(&near, d->entries[i].key.s, d->entries[i].key.len);
    x->at = p->here->at;
    x->end = p->here->end;
    x->hint = py_near_hint(&near);
    x->text = py_str(
        py_printf(p, "the dict has no key %.*s", text.len > 100 ? 100 : (int)text.len, text.s));
    py_throw(p, x);
}

struct obj py_index(struct py *p, struct obj o, struct obj key)
{
    struct entry *entry;

    switch (o.type) {
    case T_STR:
        return py_strn(o.s + position(p, o, key, o.len), 1);
    case T_LIST:
    case T_TUPLE:
        return o.list->items[position(p, o, key, o.list->len)];
    case T_DICT:
        entry = py_dict_find(p, o.dict, key);
        if (!entry)
            no_key(p, o.dict, key);
        return entry->value;
    case T_MATCH:
        return py_match_group(p, o, key);
    default:
        py_raise(p, &py_TypeError, "%s has no items that [ ] could pick", py_type_text(o));
    }
}

void py_index_set(struct py *p, struct obj o, struct obj key, struct obj value)
{
    if (o.type == T_DICT)
        py_dict_set(p, o.dict, key, value);
    else if (o.type == T_LIST)
        o.list->items[position(p, o, key, o.list->len)] = value;
    else
        py_raise(p, &py_TypeError, "the items of %s cannot be changed", py_type_text(o));
}

static void remove_items(struct list *l, uint32_t from, uint32_t n)
{
    memmove(l->items + from, l->items + from + n, (l->len - from - n) * sizeof(l->items[0]));
    l->len -= n;
}

void py_index_del(struct py *p, struct obj o, struct obj key)
{
    if (o.type == T_LIST) {
        remove_items(o.list, position(p, o, key, o.list->len), 1);
        py_charge_scan(p, o.list->len);
    } else if (o.type != T_DICT) {
        py_raise(p, &py_TypeError, "the items of %s cannot be deleted", py_type_text(o));
    } else if (!py_dict_remove(p, o.dict, key)) {
        no_key(p, o.dict, key);
    }
}

#define STEP_MAX (1 << 24) /* more than any sequence has items */

/* A slice of n items as start, step and number of items taken. */
struct range {
    int64_t start, step;
    uint32_t count;
};

/* One bound of a slice, cut to what there is, as Python does. */
static int64_t bound(struct py *p, struct obj o, int64_t fallback, int64_t n, int64_t lowest)
{
    int64_t i = o.i;

    if (o.type == T_UNSET || o.type == T_NONE)
        return fallback;
    if (!py_is_int(o))
        py_raise(p, &py_TypeError, "slices are made of integers, not of %s", py_type_text(o));
    if (i < 0)
        i += n;
    return i < lowest ? lowest : i > n + lowest ? n + lowest : i;
}

static int64_t step_of(struct py *p, struct obj o)
{
    if (o.type == T_UNSET || o.type == T_NONE)
        return 1;
    if (!py_is_int(o))
        py_raise(p, &py_TypeError, "slices are made of integers, not of %s", py_type_text(o));
    return o.i > STEP_MAX ? STEP_MAX : o.i < -STEP_MAX ? -STEP_MAX : o.i;
}

/* What a slice takes of n items. */
static struct range range_of(struct py *p, const struct obj b[3], uint32_t n)
{
    struct range r = {.step = step_of(p, b[2])};
    int64_t stop;

    if (r.step == 0)
        py_raise(p, &py_ValueError, "the step of a slice cannot be 0");
    if (r.step > 0) {
        r.start = bound(p, b[0], 0, n, 0);
        stop = bound(p, b[1], n, n, 0);
        r.count = stop > r.start ? (uint32_t)((stop - r.start + r.step - 1) / r.step) : 0;
    } else {
        r.start = bound(p, b[0], (int64_t)n - 1, n, -1);
        stop = bound(p, b[1], -1, n, -1);
        r.count = stop < r.start ? (uint32_t)((r.start - stop - r.step - 1) / -r.step) : 0;
    }
    return r;
}

/* Slices of strings without a step share the string's bytes. */
struct obj py_slice(struct py *p, struct obj o, const struct obj bounds[3])
{
    struct range r;
    struct obj result;

    if (o.type != T_STR && o.type != T_LIST && o.type != T_TUPLE)
        py_raise(p, &py_TypeError, "%s cannot be sliced", py_type_text(o));
    r = range_of(p, bounds, py_len(p, o));
    py_charge_scan(p, r.count);
    if (o.type == T_STR && r.step == 1)
        return py_strn(o.s + r.start, r.count);
    if (o.type == T_STR) {
        struct text t = {.p = p};
        for (uint32_t i = 0; i < r.count; i++)
            py_text_add(&t, o.s + r.start + (int64_t)i * r.step, 1);
        return py_text_done(&t);
    }
    result = o.type == T_LIST ? py_list_new(p, r.count) : py_tuple_new(p, r.count);
    for (uint32_t i = 0; i < r.count; i++)
        py_list_add(p, result.list, o.list->items[r.start + (int64_t)i * r.step]);
    return result;
}

/* The items behind the slice are kept aside while the list is rebuilt. */
void py_slice_set(struct py *p, struct obj o, const struct obj bounds[3], struct obj value)
{
    struct list *l = o.list, *new;
    struct obj items;
    struct range r;
    uint32_t tail;

    if (o.type != T_LIST)
        py_raise(p, &py_TypeError, "the items of %s cannot be changed", py_type_text(o));
    r = range_of(p, bounds, l->len);
    if (r.step != 1)
        py_raise(p, &py_ValueError, "a slice with a step cannot be assigned to");
    items = py_list_of(p, value);
    new = items.list;
    tail = (uint32_t)r.start + r.count;
    for (uint32_t i = tail; i < l->len; i++)
        py_list_add(p, new, l->items[i]);
    l->len = (uint32_t)r.start;
    for (uint32_t i = 0; i < new->len; i++)
        py_list_add(p, l, new->items[i]);
    py_charge_scan(p, l->len);
}

/* The size is known, and bounded, before anything is copied. */
struct obj py_repeat(struct py *p, struct obj seq, int64_t times)
{
    uint32_t n = py_len(p, seq);
    struct obj result;

    if (times < 0 || n == 0)
        times = 0;
    if (times > (seq.type == T_STR ? (int64_t)PY_STR_MAX : PY_LIST_MAX) / (n ? n : 1))
        py_raise(p, &py_Limit, "%s may not be longer than %u items", py_type_text(seq),
                 seq.type == T_STR ? PY_STR_MAX : PY_LIST_MAX);
    py_charge_scan(p, (uint64_t)(times * n));
    if (seq.type == T_STR) {
        char *copy = py_alloc(p, (size_t)times * n + 1);
        for (int64_t i = 0; i < times; i++)
            memcpy(copy + i * n, seq.s, n);
        return py_strn(copy, (size_t)times * n);
    }
    result = seq.type == T_LIST ? py_list_new(p, (uint32_t)times * n)
                                : py_tuple_new(p, (uint32_t)times * n);
    for (int64_t i = 0; i < times; i++)
        for (uint32_t k = 0; k < n; k++)
            py_list_add(p, result.list, seq.list->items[k]);
    return result;
}

/* Both are copied: lists must not share items' places. */
struct obj py_concat(struct py *p, struct obj a, struct obj b)
{
    struct obj result;

    py_charge_scan(p, (uint64_t)py_len(p, a) + py_len(p, b));
    if (a.type == T_STR) {
        size_t n = (size_t)a.len + b.len;
        char *copy = py_alloc(p, n + 1);
        if (n > PY_STR_MAX)
            py_raise(p, &py_Limit, "a string may not be longer than %u bytes", PY_STR_MAX);
        memcpy(copy, a.s, a.len);
        memcpy(copy + a.len, b.s, b.len);
        return py_strn(copy, n);
    }
    result = a.type == T_LIST ? py_list_new(p, a.list->len + b.list->len)
                              : py_tuple_new(p, a.list->len + b.list->len);
    for (uint32_t i = 0; i < a.list->len; i++)
        py_list_add(p, result.list, a.list->items[i]);
    for (uint32_t i = 0; i < b.list->len; i++)
        py_list_add(p, result.list, b.list->items[i]);
    return result;
}
