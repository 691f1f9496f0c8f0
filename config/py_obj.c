/* Objects: making, comparing, naming their types. Called by the evaluator and the builtins. */
#include <stdarg.h>
#include <stdio.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

#define PRINTF_MAX 800 /* the longest is a float with all the digits that a format may ask for */

static const struct {
    const char *name, *text;
} types[T_END] = {
    [T_UNSET] = {"unset", "nothing"},
    [T_NONE] = {"NoneType", "None"},
    [T_BOOL] = {"bool", "a boolean"},
    [T_INT] = {"int", "an integer"},
    [T_FLOAT] = {"float", "a float"},
    [T_STR] = {"str", "a string"},
    [T_LIST] = {"list", "a list"},
    [T_TUPLE] = {"tuple", "a tuple"},
    [T_DICT] = {"dict", "a dict"},
    [T_SET] = {"set", "a set"},
    [T_FUNC] = {"function", "a function"},
    [T_BUILTIN] = {"builtin_function_or_method", "a function"},
    [T_METHOD] = {"builtin_function_or_method", "a method"},
    [T_MODULE] = {"module", "a module"},
    [T_CLASS] = {"type", "an exception class"},
    [T_EXC] = {"exception", "an exception"},
    [T_REGEX] = {"Pattern", "a compiled pattern"},
    [T_MATCH] = {"Match", "a match"},
    [T_VARS] = {"Vars", "xm_vars"},
    [T_FILE] = {"file", "a file"},
    [T_HASH] = {"hash", "a hash"},
};

const char *py_type_text(struct obj o)
{
    return types[o.type].text;
}

const char *py_type_name(struct obj o)
{
    return o.type == T_EXC ? o.exc->cls->name : types[o.type].name;
}

/* Texts in the arena: hints, names, numbers. */
char *py_printf(struct py *p, const char *fmt, ...)
{
    char text[PRINTF_MAX], *copy;
    size_t n;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    n = strlen(text) + 1;
    copy = py_alloc(p, n);
    memcpy(copy, text, n);
    return copy;
}

struct obj py_str_copy(struct py *p, const char *s, size_t n)
{
    char *copy;

    if (n > PY_STR_MAX)
        py_raise(p, &py_Limit, "a string may not be longer than %u bytes", PY_STR_MAX);
    copy = py_alloc(p, n ? n : 1);
    memcpy(copy, s, n);
    return py_strn(copy, n);
}

/* Room for cap items at once; it grows beyond that by doubling. */
static struct obj new_list(struct py *p, uint32_t type, uint32_t cap)
{
    struct list *l = py_alloc(p, sizeof(*l));

    *l = (struct list){0};
    if (cap > PY_LIST_MAX)
        py_raise(p, &py_Limit, "a list may not be longer than %d items", PY_LIST_MAX);
    if (cap) {
        l->items = py_alloc(p, cap * sizeof(l->items[0]));
        l->cap = cap;
    }
    return (struct obj){.type = type, .list = l};
}

struct obj py_list_new(struct py *p, uint32_t cap)
{
    return new_list(p, T_LIST, cap);
}

struct obj py_tuple_new(struct py *p, uint32_t cap)
{
    return new_list(p, T_TUPLE, cap);
}

void py_list_add(struct py *p, struct list *l, struct obj item)
{
    if (l->len >= PY_LIST_MAX)
        py_raise(p, &py_Limit, "a list may not be longer than %d items", PY_LIST_MAX);
    if (l->len == l->cap) {
        uint32_t cap = l->cap ? 2 * l->cap : 4;
        l->items = py_grow(p, l->items, l->cap * sizeof(item), cap * sizeof(item));
        l->cap = cap;
    }
    l->items[l->len++] = item;
}

/* Empty things, zero and None are false. */
bool py_truth(struct obj o)
{
    switch (o.type) {
    case T_NONE:
        return false;
    case T_BOOL:
    case T_INT:
        return o.i != 0;
    case T_FLOAT:
        return o.f != 0;
    case T_STR:
        return o.len != 0;
    case T_LIST:
    case T_TUPLE:
        return o.list->len != 0;
    case T_DICT:
    case T_SET:
        return o.dict->live != 0;
    default:
        return true;
    }
}

/* `is`: identity for what can change; values are the same when they are equal. */
bool py_same(struct obj a, struct obj b)
{
    if (a.type != b.type)
        return false;
    return a.type == T_STR ? a.len == b.len && memcmp(a.s, b.s, a.len) == 0
                           : a.type == T_NONE || a.i == b.i;
}

/* In any order. */
static bool dict_equal(struct py *p, const struct dict *a, const struct dict *b)
{
    if (a->live != b->live)
        return false;
    for (uint32_t i = 0; i < a->len; i++) {
        struct entry *other;
        if (a->entries[i].key.type == T_UNSET)
            continue;
        other = py_dict_find(p, b, a->entries[i].key);
        if (!other || !py_equal(p, a->entries[i].value, other->value))
            return false;
    }
    return true;
}

static bool list_equal(struct py *p, const struct list *a, const struct list *b)
{
    if (a->len != b->len)
        return false;
    for (uint32_t i = 0; i < a->len && i < b->len; i++)
        if (!py_equal(p, a->items[i], b->items[i]))
            return false;
    return true;
}

/* Numbers are equal across int, float and bool; else types have to agree. */
bool py_equal(struct py *p, struct obj a, struct obj b)
{
    bool same;

    py_charge(p, 1);
    if (py_is_number(a) && py_is_number(b))
        return a.type == T_FLOAT || b.type == T_FLOAT ? py_as_float(a) == py_as_float(b)
                                                      : a.i == b.i;
    if (a.type != b.type)
        return false;
    if (a.type == T_STR) {
        if (a.len != b.len)
            return false;
        py_charge_scan(p, a.len);
        return memcmp(a.s, b.s, a.len) == 0;
    }
    if (a.type < T_LIST || a.type > T_SET)
        return py_same(a, b);
    py_enter(p);
    same = a.type <= T_TUPLE ? list_equal(p, a.list, b.list) : dict_equal(p, a.dict, b.dict);
    py_leave(p);
    return same;
}

static int compare_str(struct py *p, struct obj a, struct obj b)
{
    uint32_t n = a.len < b.len ? a.len : b.len;
    int c = memcmp(a.s, b.s, n);

    py_charge_scan(p, n);
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

/* The first difference decides, then the length. */
static int compare_list(struct py *p, const struct list *a, const struct list *b, const char *op)
{
    for (uint32_t i = 0; i < a->len && i < b->len; i++)
        if (!py_equal(p, a->items[i], b->items[i])) {
            int c;
            py_enter(p);
            c = py_compare(p, a->items[i], b->items[i], op);
            py_leave(p);
            return c;
        }
    return (a->len > b->len) - (a->len < b->len);
}

/* Only numbers, strings, and lists or tuples of these have an order. */
int py_compare(struct py *p, struct obj a, struct obj b, const char *op)
{
    py_charge(p, 1);
    if (py_is_int(a) && py_is_int(b))
        return (a.i > b.i) - (a.i < b.i);
    if (py_is_number(a) && py_is_number(b))
        return (py_as_float(a) > py_as_float(b)) - (py_as_float(a) < py_as_float(b));
    if (a.type == T_STR && b.type == T_STR)
        return compare_str(p, a, b);
    if (a.type == b.type && (a.type == T_LIST || a.type == T_TUPLE))
        return compare_list(p, a.list, b.list, op);
    py_raise_hint(p, &py_TypeError,
                  a.type == T_STR && py_is_number(b)   ? "int(...) makes a number of a string"
                  : b.type == T_STR && py_is_number(a) ? "int(...) makes a number of a string"
                                                       : NULL,
                  "%s and %s cannot be compared with `%s`", py_type_text(a), py_type_text(b), op);
}
