/* Between objects and values: presets on the way in, the result on the way out. */
#include <stdio.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

struct obj py_from_value(struct py *p, const struct value *v)
{
    struct obj o;

    switch (value_type(v)) {
    case VALUE_NIL:
        return py_none();
    case VALUE_BOOL:
        return py_bool(value_as_bool(v));
    case VALUE_INT:
        return py_int(value_as_int(v));
    case VALUE_REAL:
        return py_float(value_as_real(v));
    case VALUE_STRING:
        return py_str_copy(p, value_as_str(v), value_str_len(v));
    case VALUE_LIST:
        o = py_list_new(p, (uint32_t)value_len(v));
        for (size_t i = 0; i < value_len(v); i++)
            py_list_add(p, o.list, py_from_value(p, value_at(v, i)));
        return o;
    default:
        o = py_dict_new(p);
        for (size_t i = 0; i < value_len(v); i++)
            py_dict_set(p, o.dict, py_str(value_key(v, i)), py_from_value(p, value_at(v, i)));
        return o;
    }
}

/* What has been handed out so far. The values are malloc'ed, so they are measured first. */
struct budget {
    struct py *p;
    const struct sym *sym;
    uint32_t items, bytes;
};

static _Noreturn void reject(struct budget *b, const struct exc_class *cls, const char *why)
{
    py_raise_at(b->p, cls, b->sym->at, b->sym->at + b->sym->len, NULL, "the value of `%.*s` %s",
                (int)b->sym->len, b->sym->name, why);
}

static void spend(struct budget *b, uint32_t items, uint32_t bytes)
{
    b->items += items;
    b->bytes += bytes;
    if (b->items > PY_RESULT_ITEMS_MAX || b->bytes > PY_RESULT_BYTES_MAX)
        reject(b, &py_Limit, "makes the result too large");
}

/*
 * True when o has a place in the result: data all the way down. Raises when it is data, but more
 * than the result may hold. After this, to_value() can't fail.
 */
static bool measure(struct budget *b, struct obj o, int depth)
{
    if (depth > VALUE_DEPTH_MAX - 2)
        reject(b, &py_Limit, "is nested too deep");
    spend(b, 1, o.type == T_STR ? o.len : 0);
    switch (o.type) {
    case T_NONE:
    case T_BOOL:
    case T_INT:
    case T_FLOAT:
        return true;
    case T_STR:
        if (memchr(o.s, '\0', o.len))
            reject(b, &py_ValueError, "contains a NUL byte");
        return true;
    case T_LIST:
        if (o.len == PY_ITERATOR)
            return false;
        /* fall through */
    case T_TUPLE:
        for (uint32_t i = 0; i < o.list->len; i++)
            if (!measure(b, o.list->items[i], depth + 1))
                return false;
        return true;
    case T_DICT:
        for (uint32_t i = 0; i < o.dict->len; i++) {
            const struct entry *entry = &o.dict->entries[i];
            if (entry->key.type == T_UNSET)
                continue;
            if (entry->key.type > T_STR || !measure(b, entry->key, depth + 1) ||
                !measure(b, entry->value, depth + 1))
                return false;
        }
        return true;
    default:
        return false;
    }
}

static struct value *to_value(struct obj o);

/* Keys that are no strings become their text, as in JSON. */
static void set_entry(struct value *map, const struct entry *entry)
{
    char key[40];
    AUTO(freep) char *text = NULL;

    if (entry->key.type == T_STR)
        text = xstrndup(entry->key.s, entry->key.len);
    else if (entry->key.type == T_FLOAT)
        snprintf(key, sizeof(key), "%g", entry->key.f);
    else if (entry->key.type == T_INT)
        snprintf(key, sizeof(key), "%lld", (long long)entry->key.i);
    else
        snprintf(key, sizeof(key), "%s",
                 entry->key.type == T_NONE ? "null"
                 : entry->key.i            ? "true"
                                           : "false");
    value_set_take(map, text ? text : key, to_value(entry->value));
}

static struct value *to_value(struct obj o)
{
    struct value *v;

    switch (o.type) {
    case T_BOOL:
        return value_bool(o.i);
    case T_INT:
        return value_int(o.i);
    case T_FLOAT:
        return value_real(o.f);
    case T_STR:
        return value_strn(o.s, o.len);
    case T_LIST:
    case T_TUPLE:
        v = value_list();
        for (uint32_t i = 0; i < o.list->len; i++)
            value_add_take(v, to_value(o.list->items[i]));
        return v;
    case T_DICT:
        v = value_map();
        for (uint32_t i = 0; i < o.dict->len; i++)
            if (o.dict->entries[i].key.type != T_UNSET)
                set_entry(v, &o.dict->entries[i]);
        return v;
    default:
        return value_nil();
    }
}

static bool is_public(const struct sym *s)
{
    return s->global.type != T_UNSET && !s->preset && s->name[0] != '_';
}

/* Measures everything first: once malloc'ed, nothing may raise. */
struct value *py_result(struct py *p)
{
    struct budget b = {.p = p};
    struct value *result;

    for (struct sym *s = p->globals; s; s = s->next_global) {
        b.sym = s;
        if (is_public(s) && !measure(&b, s->global, 0))
            s->preset = 1; /* no data */
    }
    result = value_map();
    for (const struct sym *s = p->globals; s; s = s->next_global)
        if (is_public(s)) {
            AUTO(freep) char *name = xstrndup(s->name, s->len);
            value_set_take(result, name, to_value(s->global));
        }
    return result;
}

void py_result_late(struct py *p, void *result)
{
    *(struct value **)result = py_result(p);
}

static void add_span(struct value *list, uint32_t at, uint32_t end)
{
    value_add_take(list, value_int(at));
    value_add_take(list, value_int(end));
}

/*
 * The value that stood behind the name, and its items; else the name. What an included file set is
 * where that file was asked for.
 */
#define PLACES_MAX 256 /* items of one list: more than a domain may have of anything */

static struct value *place_of(const struct py *p, const struct sym *s)
{
    const struct py_part *part = py_part_of(p, s->at);
    struct value *spans = value_list();
    int n_items = 0;

    if (part) {
        while (part->called_at >= p->parts[0].start)
            part = py_part_of(p, part->called_at);
        add_span(spans, part->called_at, part->called_at + 1);
        return spans;
    }
    if (!s->set_to) {
        add_span(spans, s->at, s->at + s->len);
        return spans;
    }
    add_span(spans, s->set_to->at, s->set_to->end);
    for (const struct node *n = s->set_to->kind == N_LIST ? s->set_to->items : NULL; n; n = n->next)
        if (n_items++ < PLACES_MAX)
            add_span(spans, n->at, n->end);
    return spans;
}

static struct value *places_of(const struct py *p)
{
    struct value *places = value_map();

    for (const struct sym *s = p->globals; s; s = s->next_global)
        if (is_public(s) && s->at != PY_NOWHERE) {
            AUTO(freep) char *name = xstrndup(s->name, s->len);
            value_set_take(places, name, place_of(p, s));
        }
    return places;
}

void py_result_extras(const struct py *p)
{
    if (p->in->places)
        *p->in->places = places_of(p);
    if (p->in->vars)
        *p->in->vars = py_vars_declared(p);
}
