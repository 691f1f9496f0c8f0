/* Builtin functions about many values: range, sorted, zip... Rows: py_lib.c. What Python 3 makes
 * lazily (range, map, zip...) is made at once, as a list. */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

/* The number of items is known, and bounded, before any is made. */
struct obj py_lib_range(struct py *p, struct call *c)
{
    bool one = c->a[1].type == T_UNSET;
    int64_t start = one ? 0 : py_arg_int(p, c, 0, 0), stop = py_arg_int(p, c, one ? 0 : 1, 0);
    int64_t step = py_arg_int(p, c, 2, 1);
    uint64_t count, span, pace = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    struct obj list;

    if (pace == 0)
        py_raise(p, &py_ValueError, "the step of range() cannot be 0");
    if (step > 0 ? start >= stop : start <= stop)
        return py_list_new(p, 0);
    span = step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
    count = (span - 1) / pace + 1;
    if (count > PY_LIST_MAX)
        py_raise(p, &py_Limit, "a range may not be longer than %d items", PY_LIST_MAX);
    list = py_list_new(p, (uint32_t)count);
    for (uint64_t i = 0; i < count; i++)
        py_list_add(p, list.list, py_int(start + (int64_t)i * step));
    py_charge_scan(p, count);
    return list;
}

struct obj py_lib_list(struct py *p, struct call *c)
{
    return c->a[0].type == T_UNSET ? py_list_new(p, 0) : py_list_of(p, c->a[0]);
}

struct obj py_lib_tuple(struct py *p, struct call *c)
{
    struct obj list = py_lib_list(p, c);

    list.type = T_TUPLE;
    return list;
}

struct obj py_lib_set(struct py *p, struct call *c)
{
    return c->a[0].type == T_UNSET ? py_set_new(p) : py_set_of(p, c->a[0]);
}

struct obj py_lib_dict(struct py *p, struct call *c)
{
    struct obj dict = py_dict_new(p);

    if (c->npos)
        py_dict_update(p, dict.dict, c->pos[0]);
    for (uint32_t i = 0; i < c->nkw; i++)
        py_dict_set(p, dict.dict, c->kw[i].key, c->kw[i].value);
    return dict;
}

/* A sort on its way; cmp is Python 2's function of two items, or unset. */
struct sort {
    struct py *p;
    struct obj cmp;
    int sign;
};

static int compare_keys(const struct sort *s, struct obj a, struct obj b)
{
    struct obj pair[2] = {a, b}, result;
    struct call c = {.pos = pair, .npos = 2};

    if (s->cmp.type == T_UNSET || s->cmp.type == T_NONE)
        return s->sign * py_compare(s->p, a, b, "<");
    result = py_call(s->p, s->cmp, &c);
    if (!py_is_int(result))
        py_raise_hint(s->p, &py_TypeError, "a function of one item is given as key=",
                      "a comparison gives a number, not %s", py_type_text(result));
    return s->sign * (result.i > 0) - s->sign * (result.i < 0);
}

/* Merges the sorted halves [0, mid) and [mid, n) of pairs (key, item). */
static void merge(const struct sort *s, struct obj *a, struct obj *tmp, uint32_t mid, uint32_t n)
{
    uint32_t left = 0, right = mid, k = 0;

    while (left < mid && right < n) {
        bool take_right = compare_keys(s, a[2 * right], a[2 * left]) < 0;
        uint32_t from = take_right ? right++ : left++;
        tmp[2 * k] = a[2 * from];
        tmp[2 * k++ + 1] = a[2 * from + 1];
    }
    for (; left < mid; left++, k++)
        memcpy(tmp + 2 * k, a + 2 * left, 2 * sizeof(a[0]));
    memcpy(a, tmp, 2 * k * sizeof(a[0]));
}

static void merge_sort(const struct sort *s, struct obj *a, struct obj *tmp, uint32_t n)
{
    if (n < 2)
        return;
    merge_sort(s, a, tmp, n / 2);
    merge_sort(s, a + 2 * (n / 2), tmp, n - n / 2);
    merge(s, a, tmp, n / 2, n);
}

/* Stable. Keys are made once for each item, and stand beside the items while sorting. */
struct obj py_sorted(struct py *p, struct obj iterable, struct obj cmp, struct obj key,
                     bool reverse)
{
    struct sort s = {.p = p, .cmp = cmp, .sign = reverse ? -1 : 1};
    struct obj list = py_list_of(p, iterable), *pairs, *tmp;
    uint32_t n = list.list->len;

    pairs = py_alloc(p, (2 * n + 1) * sizeof(*pairs));
    tmp = py_alloc(p, (2 * n + 1) * sizeof(*tmp));
    for (uint32_t i = 0; i < n; i++) {
        pairs[2 * i + 1] = list.list->items[i];
        pairs[2 * i] = key.type == T_UNSET || key.type == T_NONE
                           ? list.list->items[i]
                           : py_call1(p, key, list.list->items[i]);
    }
    merge_sort(&s, pairs, tmp, n);
    for (uint32_t i = 0; i < n; i++)
        list.list->items[i] = pairs[2 * i + 1];
    return list;
}

struct obj py_lib_sorted(struct py *p, struct call *c)
{
    return py_sorted(p, c->a[0], c->a[1], c->a[2], c->a[3].type != T_UNSET && py_truth(c->a[3]));
}

/* Python 2's comparison. */
struct obj py_lib_cmp(struct py *p, struct call *c)
{
    int order = py_equal(p, c->a[0], c->a[1]) ? 0 : py_compare(p, c->a[0], c->a[1], "<");

    return py_int((order > 0) - (order < 0));
}

/* A list that remembers how far next() has come. */
struct obj py_lib_iter(struct py *p, struct call *c)
{
    struct obj list = c->a[0];

    if (list.type == T_LIST && list.len == PY_ITERATOR)
        return list;
    list = py_list_of(p, list);
    list.len = PY_ITERATOR;
    return list;
}

struct obj py_lib_next(struct py *p, struct call *c)
{
    struct obj it = c->a[0], item;
    struct iter at;

    if (it.type != T_LIST || it.len != PY_ITERATOR)
        py_raise_hint(p, &py_TypeError, "iter(...) makes one", "next() takes an iterator, not %s",
                      py_type_text(it));
    at = py_iter(p, it);
    if (py_iter_next(&at, &item))
        return item;
    if (c->a[1].type == T_UNSET)
        py_raise(p, &py_StopIteration, "there is no next item");
    return c->a[1];
}

struct obj py_lib_fromkeys(struct py *p, struct call *c)
{
    struct obj dict = py_dict_new(p), key;

    for (struct iter it = py_iter(p, c->a[0]); py_iter_next(&it, &key);) {
        py_charge(p, 1);
        py_dict_set(p, dict.dict, key, c->a[1].type == T_UNSET ? py_none() : c->a[1]);
    }
    return dict;
}

struct obj py_lib_reversed(struct py *p, struct call *c)
{
    struct obj list = py_list_of(p, c->a[0]);
    struct list *l = list.list;

    for (uint32_t i = 0; i < l->len / 2; i++) {
        struct obj item = l->items[i];
        l->items[i] = l->items[l->len - 1 - i];
        l->items[l->len - 1 - i] = item;
    }
    return list;
}

/* min and max: of several arguments or of one that holds the items. */
static struct obj extreme(struct py *p, struct call *c, int sign)
{
    struct obj seq = c->npos == 1 ? c->pos[0] : py_tuple_new(p, c->npos), item;
    struct obj best = {.type = T_UNSET}, best_key = best, key = best, fallback = best;
    struct iter it;

    for (uint32_t i = 0; c->npos > 1 && i < c->npos; i++)
        py_list_add(p, seq.list, c->pos[i]);
    for (uint32_t i = 0; i < c->nkw; i++) {
        if (py_str_is(c->kw[i].key, "key"))
            key = c->kw[i].value;
        else if (py_str_is(c->kw[i].key, "default"))
            fallback = c->kw[i].value;
    }
    for (it = py_iter(p, seq); py_iter_next(&it, &item);) {
        struct obj k = key.type == T_UNSET ? item : py_call1(p, key, item);
        if (best.type != T_UNSET && sign * py_compare(p, k, best_key, "<") <= 0)
            continue;
        best = item;
        best_key = k;
    }
    if (best.type == T_UNSET && fallback.type == T_UNSET)
        py_raise(p, &py_ValueError, "%s() of nothing", c->row->name);
    return best.type == T_UNSET ? fallback : best;
}

struct obj py_lib_max(struct py *p, struct call *c)
{
    return extreme(p, c, 1);
}

struct obj py_lib_min(struct py *p, struct call *c)
{
    return extreme(p, c, -1);
}

/* Numbers and lists add up; strings are better joined. */
struct obj py_lib_sum(struct py *p, struct call *c)
{
    struct iter it = py_iter(p, c->a[0]);
    struct obj total = c->a[1].type == T_UNSET ? py_int(0) : c->a[1], item;

    while (py_iter_next(&it, &item)) {
        py_charge(p, 1);
        if (total.type == T_STR || item.type == T_STR)
            py_raise_hint(p, &py_TypeError, "''.join(list) puts strings together",
                          "sum() adds numbers, not strings");
        total = py_binary(p, TOK_PLUS, total, item);
    }
    return total;
}

/* Pairs of number and item. */
struct obj py_lib_enumerate(struct py *p, struct call *c)
{
    struct iter it = py_iter(p, c->a[0]);
    int64_t i = py_arg_int(p, c, 1, 0);
    struct obj list = py_list_new(p, py_len(p, c->a[0])), item;

    while (py_iter_next(&it, &item)) {
        struct obj pair = py_tuple_new(p, 2);
        py_list_add(p, pair.list, py_binary(p, TOK_PLUS, py_int(i), py_int(list.list->len)));
        py_list_add(p, pair.list, item);
        py_list_add(p, list.list, pair);
        py_charge(p, 1);
    }
    return list;
}

/* Steps n iterators that stand in its; false when the shortest is done. */
static bool next_row(struct py *p, struct iter *its, uint32_t n, struct obj *row)
{
    *row = py_tuple_new(p, n);
    py_charge(p, 1);
    for (uint32_t i = 0; i < n; i++) {
        struct obj item;
        if (!py_iter_next(&its[i], &item))
            return false;
        py_list_add(p, row->list, item);
    }
    return n > 0;
}

static struct iter *iters_of(struct py *p, const struct obj *seqs, uint32_t n)
{
    struct iter *its = py_alloc(p, (n + 1) * sizeof(*its));

    for (uint32_t i = 0; i < n; i++)
        its[i] = py_iter(p, seqs[i]);
    return its;
}

/* As long as the shortest. */
struct obj py_lib_zip(struct py *p, struct call *c)
{
    struct iter *its = iters_of(p, c->pos, c->npos);
    struct obj list = py_list_new(p, 0), row;

    while (next_row(p, its, c->npos, &row))
        py_list_add(p, list.list, row);
    return list;
}

/* With several sequences the function gets one item of each. */
struct obj py_lib_map(struct py *p, struct call *c)
{
    struct iter *its = iters_of(p, c->pos + 1, c->npos - 1);
    struct obj list = py_list_new(p, 0), row;

    while (next_row(p, its, c->npos - 1, &row)) {
        struct call call = {.pos = row.list->items, .npos = row.list->len};
        py_list_add(p, list.list, py_call(p, c->pos[0], &call));
    }
    return list;
}

/* None in place of a function keeps what is true. */
struct obj py_lib_filter(struct py *p, struct call *c)
{
    struct iter it = py_iter(p, c->a[1]);
    struct obj list = py_list_new(p, 0), item;

    while (py_iter_next(&it, &item)) {
        py_charge(p, 1);
        if (py_truth(c->a[0].type == T_NONE ? item : py_call1(p, c->a[0], item)))
            py_list_add(p, list.list, item);
    }
    return list;
}

/* functools.reduce, a builtin in Python 2. */
struct obj py_lib_reduce(struct py *p, struct call *c)
{
    struct iter it = py_iter(p, c->a[1]);
    struct obj total = c->a[2], pair[2];

    if (total.type == T_UNSET && !py_iter_next(&it, &total))
        py_raise(p, &py_TypeError, "reduce() of nothing");
    while (py_iter_next(&it, &pair[1])) {
        struct call call = {.pos = pair, .npos = 2};
        pair[0] = total;
        total = py_call(p, c->a[0], &call);
    }
    return total;
}

struct obj py_lib_any(struct py *p, struct call *c)
{
    struct iter it = py_iter(p, c->a[0]);
    struct obj item;

    py_charge_scan(p, py_len(p, c->a[0]));
    while (py_iter_next(&it, &item))
        if (py_truth(item))
            return py_bool(true);
    return py_bool(false);
}

struct obj py_lib_all(struct py *p, struct call *c)
{
    struct iter it = py_iter(p, c->a[0]);
    struct obj item;

    py_charge_scan(p, py_len(p, c->a[0]));
    while (py_iter_next(&it, &item))
        if (!py_truth(item))
            return py_bool(false);
    return py_bool(true);
}
