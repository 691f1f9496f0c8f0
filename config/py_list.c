/* Methods of lists, tuples, dicts and sets. */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

static struct obj list_append(struct py *p, struct call *c)
{
    py_list_add(p, c->self.list, c->a[0]);
    return py_none();
}

/* The items are copied first: l.extend(l) doubles l. */
static struct obj list_extend(struct py *p, struct call *c)
{
    struct obj more = py_list_of(p, c->a[0]);

    for (uint32_t i = 0; i < more.list->len; i++)
        py_list_add(p, c->self.list, more.list->items[i]);
    return py_none();
}

/* Places beyond the ends mean the ends. */
static struct obj list_insert(struct py *p, struct call *c)
{
    struct list *l = c->self.list;
    int64_t at = py_arg_int(p, c, 0, 0);

    at = at < 0 ? at + l->len : at;
    at = at < 0 ? 0 : at > l->len ? l->len : at;
    py_list_add(p, l, py_none());
    memmove(l->items + at + 1, l->items + at, (l->len - 1 - (size_t)at) * sizeof(l->items[0]));
    l->items[at] = c->a[1];
    py_charge_scan(p, l->len);
    return py_none();
}

/* The last item by default. */
static struct obj list_pop(struct py *p, struct call *c)
{
    struct obj at = c->a[0].type == T_UNSET ? py_int(-1) : c->a[0], item;

    if (!c->self.list->len)
        py_raise(p, &py_IndexError, "pop() from a list that is empty");
    item = py_index(p, c->self, at);
    py_index_del(p, c->self, at);
    return item;
}

/* The place of an item; raises when it is not there. */
static struct obj find_item(struct py *p, struct call *c)
{
    for (uint32_t i = 0; i < c->self.list->len; i++)
        if (py_equal(p, c->self.list->items[i], c->a[0]))
            return py_int(i);
    py_raise(p, &py_ValueError, "%s() finds no such item in %s", c->row->name,
             py_type_text(c->self));
}

static struct obj list_remove(struct py *p, struct call *c)
{
    py_index_del(p, c->self, find_item(p, c));
    return py_none();
}

static struct obj list_count(struct py *p, struct call *c)
{
    int64_t n = 0;

    for (uint32_t i = 0; i < c->self.list->len; i++)
        n += py_equal(p, c->self.list->items[i], c->a[0]);
    return py_int(n);
}

static struct obj list_reverse(struct py *p, struct call *c)
{
    struct list *l = c->self.list;

    py_charge_scan(p, l->len);
    for (uint32_t i = 0; i < l->len / 2; i++) {
        struct obj item = l->items[i];
        l->items[i] = l->items[l->len - 1 - i];
        l->items[l->len - 1 - i] = item;
    }
    return py_none();
}

/* In place, stable. */
static struct obj list_sort(struct py *p, struct call *c)
{
    bool reverse = c->a[2].type != T_UNSET && py_truth(c->a[2]);

    *c->self.list = *py_sorted(p, c->self, c->a[0], c->a[1], reverse).list;
    return py_none();
}

static struct obj list_copy(struct py *p, struct call *c)
{
    return py_list_of(p, c->self);
}

static struct obj list_clear(struct py *p, struct call *c)
{
    (void)p;
    c->self.list->len = 0;
    return py_none();
}

const struct py_row py_list_methods[] = {
    {"append", list_append, 1, 1, NULL, 0},
    {"clear", list_clear, 0, 0, NULL, 0},
    {"copy", list_copy, 0, 0, NULL, 0},
    {"count", list_count, 1, 1, NULL, 0},
    {"extend", list_extend, 1, 1, NULL, 0},
    {"index", find_item, 1, 1, NULL, 0},
    {"insert", list_insert, 2, 2, NULL, 0},
    {"pop", list_pop, 0, 1, NULL, 0},
    {"remove", list_remove, 1, 1, NULL, 0},
    {"reverse", list_reverse, 0, 0, NULL, 0},
    {"sort", list_sort, 0, 3, "cmp key reverse", 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

const struct py_row py_tuple_methods[] = {
    {"count", list_count, 1, 1, NULL, 0},
    {"index", find_item, 1, 1, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

/* keys, values, items: lists, as in Python 2. */
static struct obj dict_list(struct py *p, const struct dict *d, bool keys, bool values)
{
    struct obj list = py_list_new(p, d->live);

    for (uint32_t i = 0; i < d->len; i++) {
        const struct entry *entry = &d->entries[i];
        struct obj item = keys ? entry->key : entry->value;
        if (entry->key.type == T_UNSET)
            continue;
        if (keys && values) {
            item = py_tuple_new(p, 2);
            py_list_add(p, item.list, entry->key);
            py_list_add(p, item.list, entry->value);
        }
        py_list_add(p, list.list, item);
    }
    py_charge_scan(p, d->len);
    return list;
}

static struct obj dict_keys(struct py *p, struct call *c)
{
    return dict_list(p, c->self.dict, true, false);
}

static struct obj dict_values(struct py *p, struct call *c)
{
    return dict_list(p, c->self.dict, false, true);
}

static struct obj dict_items(struct py *p, struct call *c)
{
    return dict_list(p, c->self.dict, true, true);
}

static struct obj dict_get(struct py *p, struct call *c)
{
    struct entry *entry = py_dict_find(p, c->self.dict, c->a[0]);

    return entry ? entry->value : c->a[1].type == T_UNSET ? py_none() : c->a[1];
}

static struct obj dict_has_key(struct py *p, struct call *c)
{
    return py_bool(py_dict_find(p, c->self.dict, c->a[0]) != NULL);
}

/* Without a default a missing key is an error. */
static struct obj dict_pop(struct py *p, struct call *c)
{
    struct obj value;

    if (c->a[1].type != T_UNSET && !py_dict_find(p, c->self.dict, c->a[0]))
        return c->a[1];
    value = py_index(p, c->self, c->a[0]);
    py_dict_remove(p, c->self.dict, c->a[0]);
    return value;
}

static struct obj dict_setdefault(struct py *p, struct call *c)
{
    struct entry *entry = py_dict_find(p, c->self.dict, c->a[0]);
    struct obj value = c->a[1].type == T_UNSET ? py_none() : c->a[1];

    if (entry)
        return entry->value;
    py_dict_set(p, c->self.dict, c->a[0], value);
    return value;
}

/* update(a, k=v): a dict or pairs, then keywords. */
static struct obj dict_update(struct py *p, struct call *c)
{
    if (c->npos)
        py_dict_update(p, c->self.dict, c->pos[0]);
    for (uint32_t i = 0; i < c->nkw; i++)
        py_dict_set(p, c->self.dict, c->kw[i].key, c->kw[i].value);
    return py_none();
}

static struct obj dict_copy(struct py *p, struct call *c)
{
    struct obj copy = py_dict_new(p);

    py_dict_update(p, copy.dict, c->self);
    return copy;
}

static struct obj dict_clear(struct py *p, struct call *c)
{
    (void)p;
    py_dict_clear(c->self.dict);
    return py_none();
}

const struct py_row py_dict_methods[] = {
    {"clear", dict_clear, 0, 0, NULL, 0},
    {"copy", dict_copy, 0, 0, NULL, 0},
    {"fromkeys", py_lib_fromkeys, 1, 2, NULL, 0},
    {"get", dict_get, 1, 2, NULL, 0},
    {"has_key", dict_has_key, 1, 1, NULL, 0},
    {"items", dict_items, 0, 0, NULL, 0},
    {"iteritems", dict_items, 0, 0, NULL, 0},
    {"iterkeys", dict_keys, 0, 0, NULL, 0},
    {"itervalues", dict_values, 0, 0, NULL, 0},
    {"keys", dict_keys, 0, 0, NULL, 0},
    {"pop", dict_pop, 1, 2, NULL, 0},
    {"setdefault", dict_setdefault, 1, 2, NULL, 0},
    {"update", dict_update, 0, PY_ANY, NULL, 0},
    {"values", dict_values, 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

static struct obj set_add(struct py *p, struct call *c)
{
    py_dict_set(p, c->self.dict, c->a[0], py_none());
    return py_none();
}

static struct obj set_discard(struct py *p, struct call *c)
{
    py_dict_remove(p, c->self.dict, c->a[0]);
    return py_none();
}

/* A set has a dict's entries, so a dict's way of removing works, with its error. */
static struct obj set_remove(struct py *p, struct call *c)
{
    py_index_del(p, (struct obj){.type = T_DICT, .dict = c->self.dict}, c->a[0]);
    return py_none();
}

static struct obj set_update(struct py *p, struct call *c)
{
    struct iter it = py_iter(p, c->a[0]);
    struct obj item;

    while (py_iter_next(&it, &item))
        py_dict_set(p, c->self.dict, item, py_none());
    return py_none();
}

static struct obj set_union(struct py *p, struct call *c)
{
    return py_set_op(p, '|', c->self, py_set_of(p, c->a[0]));
}

static struct obj set_intersection(struct py *p, struct call *c)
{
    return py_set_op(p, '&', c->self, py_set_of(p, c->a[0]));
}

static struct obj set_difference(struct py *p, struct call *c)
{
    return py_set_op(p, '-', c->self, py_set_of(p, c->a[0]));
}

static struct obj set_issubset(struct py *p, struct call *c)
{
    return py_bool(py_set_within(p, c->self.dict, py_set_of(p, c->a[0]).dict));
}

static struct obj set_issuperset(struct py *p, struct call *c)
{
    return py_bool(py_set_within(p, py_set_of(p, c->a[0]).dict, c->self.dict));
}

static struct obj set_copy(struct py *p, struct call *c)
{
    return py_set_of(p, c->self);
}

const struct py_row py_set_methods[] = {
    {"add", set_add, 1, 1, NULL, 0},           {"clear", dict_clear, 0, 0, NULL, 0},
    {"copy", set_copy, 0, 0, NULL, 0},         {"difference", set_difference, 1, 1, NULL, 0},
    {"discard", set_discard, 1, 1, NULL, 0},   {"intersection", set_intersection, 1, 1, NULL, 0},
    {"issubset", set_issubset, 1, 1, NULL, 0}, {"issuperset", set_issuperset, 1, 1, NULL, 0},
    {"remove", set_remove, 1, 1, NULL, 0},     {"union", set_union, 1, 1, NULL, 0},
    {"update", set_update, 1, 1, NULL, 0},     {NULL, NULL, 0, 0, NULL, 0},
};
