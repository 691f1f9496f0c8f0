/* Methods of strings that take them apart and put them together. Rows: py_str.c. */
#include <ctype.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

/* Only strings are joined, as in Python: the error says which item is none. */
struct obj py_str_join(struct py *p, struct call *c)
{
    struct iter it = py_iter(p, c->a[0]);
    struct text t = {.p = p};
    struct obj item;

    for (uint32_t i = 0; py_iter_next(&it, &item); i++) {
        if (item.type != T_STR)
            py_raise_hint(p, &py_TypeError, "str(...) makes a string of anything",
                          "join() puts strings together; item %u is %s", i, py_type_text(item));
        if (i)
            py_text_add(&t, c->self.s, c->self.len);
        py_text_add(&t, item.s, item.len);
        py_charge(p, 1);
    }
    return py_text_done(&t);
}

static void add_part(struct py *p, struct obj list, const char *from, const char *to)
{
    py_charge(p, 1);
    py_list_add(p, list.list, py_strn(from, (size_t)(to - from)));
}

/* Runs of blanks separate; those at the ends give no empty parts. */
static struct obj split_blanks(struct py *p, struct obj s, int64_t most)
{
    struct obj list = py_list_new(p, 0);
    const char *at = s.s, *end = s.s + s.len, *from;

    for (;;) {
        while (at < end && isspace((unsigned char)*at))
            at++;
        if (at == end)
            return list;
        from = at;
        if (most-- == 0)
            break;
        while (at < end && !isspace((unsigned char)*at))
            at++;
        add_part(p, list, from, at);
    }
    add_part(p, list, from, end);
    return list;
}

/* The same from the right; parts come out in reverse. */
static struct obj rsplit_blanks(struct py *p, struct obj s, int64_t most)
{
    struct obj list = py_list_new(p, 0);
    const char *at = s.s + s.len, *to;

    for (;;) {
        while (at > s.s && isspace((unsigned char)at[-1]))
            at--;
        if (at == s.s)
            return list;
        to = at;
        if (most-- == 0)
            break;
        while (at > s.s && !isspace((unsigned char)at[-1]))
            at--;
        add_part(p, list, at, to);
    }
    add_part(p, list, s.s, to);
    return list;
}

const char *py_find_last(struct py *p, struct obj s, struct obj what)
{
    for (size_t i = s.len; i >= what.len; i--) {
        if (s.s[i - what.len] != what.s[0])
            continue;
        py_charge_scan(p, what.len);
        if (memcmp(s.s + i - what.len, what.s, what.len) == 0)
            return s.s + i - what.len;
    }
    return NULL;
}

static void reverse(struct list *l)
{
    for (uint32_t i = 0; i < l->len / 2; i++) {
        struct obj item = l->items[i];
        l->items[i] = l->items[l->len - 1 - i];
        l->items[l->len - 1 - i] = item;
    }
}

/* The separator of split and rsplit; T_NONE: blanks. */
static struct obj separator(struct py *p, const struct call *c)
{
    py_charge_scan(p, c->self.len);
    if (c->a[0].type == T_UNSET || c->a[0].type == T_NONE)
        return py_none();
    if (py_arg_str(p, c, 0).len == 0)
        py_raise(p, &py_ValueError, "the separator is empty");
    return c->a[0];
}

struct obj py_str_split(struct py *p, struct call *c)
{
    struct obj sep = separator(p, c), list;
    int64_t most = py_arg_int(p, c, 1, -1);
    const char *at = c->self.s, *end = at + c->self.len, *hit;

    if (sep.type == T_NONE)
        return split_blanks(p, c->self, most);
    list = py_list_new(p, 0);
    while (most-- != 0 && (hit = memmem(at, (size_t)(end - at), sep.s, sep.len))) {
        add_part(p, list, at, hit);
        at = hit + sep.len;
    }
    add_part(p, list, at, end);
    return list;
}

struct obj py_str_rsplit(struct py *p, struct call *c)
{
    struct obj sep = separator(p, c), list;
    int64_t most = py_arg_int(p, c, 1, -1);
    const char *end = c->self.s + c->self.len, *hit;

    if (sep.type == T_NONE) {
        list = rsplit_blanks(p, c->self, most);
        reverse(list.list);
        return list;
    }
    list = py_list_new(p, 0);
    while (most-- != 0 &&
           (hit = py_find_last(p, py_strn(c->self.s, (size_t)(end - c->self.s)), sep))) {
        add_part(p, list, hit + sep.len, end);
        end = hit;
    }
    add_part(p, list, c->self.s, end);
    reverse(list.list);
    return list;
}

/* \n, \r and \r\n end lines. */
struct obj py_str_splitlines(struct py *p, struct call *c)
{
    struct obj list = py_list_new(p, 0);
    const char *at = c->self.s, *end = at + c->self.len;
    bool keep = c->a[0].type != T_UNSET && py_truth(c->a[0]);

    while (at < end) {
        const char *stop = at, *next;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        next = stop + (stop < end);
        if (next < end && *stop == '\r' && *next == '\n')
            next++;
        add_part(p, list, at, keep ? next : stop);
        at = next;
    }
    return list;
}

static struct obj three(struct py *p, struct obj a, struct obj b, struct obj c)
{
    struct obj t = py_tuple_new(p, 3);

    py_list_add(p, t.list, a);
    py_list_add(p, t.list, b);
    py_list_add(p, t.list, c);
    return t;
}

static struct obj partition(struct py *p, struct call *c, bool last)
{
    struct obj s = c->self, sep = separator(p, c), none = py_strn("", 0);
    const char *hit;

    if (sep.type != T_STR)
        py_raise(p, &py_TypeError, "%s() takes a string", c->row->name);
    hit = last ? py_find_last(p, s, sep) : memmem(s.s, s.len, sep.s, sep.len);
    if (!hit)
        return last ? three(p, none, none, s) : three(p, s, none, none);
    return three(p, py_strn(s.s, (size_t)(hit - s.s)), sep,
                 py_strn(hit + sep.len, (size_t)(s.s + s.len - hit - sep.len)));
}

struct obj py_str_partition(struct py *p, struct call *c)
{
    return partition(p, c, false);
}

struct obj py_str_rpartition(struct py *p, struct call *c)
{
    return partition(p, c, true);
}
