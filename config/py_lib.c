/* Builtin functions about single values: types, conversions, print. Those about many values are
 * in py_lib_seq.c; the table of all of them is at the end of this file. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

struct obj py_refused(struct py *p, struct call *c)
{
    py_raise_hint(p, &py_IOError, c->row->params, "`%s` is not available in config files",
                  c->row->name);
}

struct obj py_constant(struct py *p, struct call *c)
{
    (void)p;
    return py_str(c->row->params);
}

static struct obj lib_len(struct py *p, struct call *c)
{
    return py_int(py_len(p, c->a[0]));
}

static int digit_of(char c)
{
    return isdigit((unsigned char)c)   ? c - '0'
           : isalpha((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                       : 99;
}

static _Noreturn void bad_int(struct py *p, struct obj s)
{
    py_raise(p, &py_ValueError, "int() cannot read `%.*s` as a number",
             s.len > 60 ? 60 : (int)s.len, s.s);
}

/* 0x, 0o, 0b after the sign, where the base allows it; returns the base to use. */
static int64_t skip_prefix(const char **at, const char *end, int64_t base)
{
    char c = *at + 1 < end && **at == '0' ? (char)tolower((unsigned char)(*at)[1]) : '\0';
    int64_t meant = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;

    if (meant && (base == 0 || base == meant)) {
        *at += 2;
        return meant;
    }
    return base ? base : c && isdigit((unsigned char)c) ? 8 : 10;
}

/* Collects downwards from zero, so that the least number fits. */
struct obj py_int_parse(struct py *p, struct obj s, int64_t base)
{
    const char *at = s.s, *end = s.s + s.len;
    bool negative, any = false;
    int64_t v = 0;

    while (at < end && isspace((unsigned char)*at))
        at++;
    while (end > at && isspace((unsigned char)end[-1]))
        end--;
    negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    base = skip_prefix(&at, end, base);
    for (; at < end; at++) {
        int digit = digit_of(*at);
        if (*at == '_' && any)
            continue;
        if (digit >= base)
            bad_int(p, s);
        any = true;
        if (__builtin_mul_overflow(v, base, &v) ||
            __builtin_sub_overflow(v, digit, &v)) /* negative: reaches INT64_MIN */
            py_raise(p, &py_OverflowError, "this number does not fit into 64 bits");
    }
    if (!any)
        bad_int(p, s);
    if (!negative && v == INT64_MIN)
        py_raise(p, &py_OverflowError, "this number does not fit into 64 bits");
    return py_int(negative ? v : -v);
}

/* int() of nothing, numbers and strings. */
static struct obj lib_int(struct py *p, struct call *c)
{
    struct obj o = c->a[0];
    int64_t base = py_arg_int(p, c, 1, 10);

    if (base != 0 && (base < 2 || base > 36))
        py_raise(p, &py_ValueError, "the base of int() is 0 or 2 to 36");
    switch (o.type) {
    case T_UNSET:
        return py_int(0);
    case T_BOOL:
    case T_INT:
        return py_int(o.i);
    case T_FLOAT:
        if (!(o.f > -9.2233720368547e18 && o.f < 9.2233720368547e18))
            py_raise(p, &py_OverflowError, "this number does not fit into 64 bits");
        return py_int((int64_t)o.f);
    case T_STR:
        return py_int_parse(p, o, base);
    default:
        py_raise(p, &py_TypeError, "int() makes a number of a number or a string, not of %s",
                 py_type_text(o));
    }
}

/* strtod() also reads hexadecimal and nan(...): those are no floats here. */
static struct obj lib_float(struct py *p, struct call *c)
{
    struct obj o = c->a[0];
    const char *text;
    char *end;
    double f;

    if (o.type == T_UNSET)
        return py_float(0);
    if (py_is_number(o))
        return py_float(py_as_float(o));
    if (o.type != T_STR)
        py_raise(p, &py_TypeError, "float() makes a number of a number or a string, not of %s",
                 py_type_text(o));
    text = py_cstr(p, o);
    f = strtod(text, &end);
    while (isspace((unsigned char)*end))
        end++;
    if (end == text || *end || strpbrk(text, "xX("))
        py_raise(p, &py_ValueError, "float() cannot read `%.60s` as a number", text);
    return py_float(f);
}

static struct obj lib_str(struct py *p, struct call *c)
{
    return c->a[0].type == T_UNSET ? py_strn("", 0) : py_to_str(p, c->a[0]);
}

static struct obj lib_repr(struct py *p, struct call *c)
{
    return py_to_repr(p, c->a[0]);
}

static struct obj lib_bool(struct py *p, struct call *c)
{
    (void)p;
    return py_bool(c->a[0].type != T_UNSET && py_truth(c->a[0]));
}

static struct obj lib_abs(struct py *p, struct call *c)
{
    if (c->a[0].type == T_FLOAT)
        return py_float(fabs(c->a[0].f));
    if (!py_is_int(c->a[0]))
        py_raise(p, &py_TypeError, "abs() takes a number, not %s", py_type_text(c->a[0]));
    return c->a[0].i < 0 ? py_unary(p, TOK_MINUS, c->a[0]) : py_int(c->a[0].i);
}

static struct obj in_base(struct py *p, struct call *c, char type)
{
    struct layout l = {.alternate = true, .type = type, .width = -1, .precision = -1};
    struct text t = {.p = p};

    py_format_int(&t, py_arg_int(p, c, 0, 0), &l);
    return py_text_done(&t);
}

static struct obj lib_hex(struct py *p, struct call *c)
{
    return in_base(p, c, 'x');
}

static struct obj lib_oct(struct py *p, struct call *c)
{
    return in_base(p, c, 'o');
}

static struct obj lib_bin(struct py *p, struct call *c)
{
    return in_base(p, c, 'b');
}

static struct obj lib_ord(struct py *p, struct call *c)
{
    if (py_arg_str(p, c, 0).len != 1)
        py_raise(p, &py_TypeError, "ord() takes one character, not %u", c->a[0].len);
    return py_int((unsigned char)c->a[0].s[0]);
}

static struct obj lib_chr(struct py *p, struct call *c)
{
    int64_t i = py_arg_int(p, c, 0, 0);
    struct text t = {.p = p};

    if (i < 0 || i > 0x10ffff || (i >= 0xd800 && i < 0xe000))
        py_raise(p, &py_ValueError, "%lld is not the number of a character", (long long)i);
    py_text_add_utf8(&t, (uint32_t)i);
    return py_text_done(&t);
}

/* The second argument is a type, an exception class, or a tuple of them. */
static bool is_instance(struct py *p, struct obj o, struct obj type)
{
    if (type.type == T_BUILTIN && type.row->types)
        return (type.row->types & (1u << o.type)) != 0;
    if (type.type == T_CLASS)
        return o.type == T_EXC && py_exc_is(o.exc, type.cls);
    if (type.type != T_TUPLE)
        py_raise(p, &py_TypeError, "isinstance() takes a type such as int or str, not %s",
                 py_type_text(type));
    for (uint32_t i = 0; i < type.list->len; i++) {
        bool is;
        py_enter(p);
        is = is_instance(p, o, type.list->items[i]);
        py_leave(p);
        if (is)
            return true;
    }
    return false;
}

static struct obj lib_isinstance(struct py *p, struct call *c)
{
    return py_bool(is_instance(p, c->a[0], c->a[1]));
}

static struct obj lib_callable(struct py *p, struct call *c)
{
    uint32_t type = c->a[0].type;

    (void)p;
    return py_bool(type == T_FUNC || type == T_BUILTIN || type == T_METHOD || type == T_CLASS);
}

/* Types are the builtins that make them, so type(x) == str works. */
static struct obj lib_type(struct py *p, struct call *c)
{
    const struct py_row *row =
        py_row_find(py_builtins, py_type_name(c->a[0]), strlen(py_type_name(c->a[0])));

    if (c->a[0].type == T_EXC)
        return (struct obj){.type = T_CLASS, .cls = c->a[0].exc->cls};
    if (row)
        return (struct obj){.type = T_BUILTIN, .row = row};
    return py_str_copy(p, py_type_name(c->a[0]), strlen(py_type_name(c->a[0])));
}

/* To the nearest, halves to the even neighbour: an integer unless digits are asked for. */
static struct obj lib_round(struct py *p, struct call *c)
{
    int64_t digits = py_arg_int(p, c, 1, 0);
    char text[512];

    if (py_is_int(c->a[0]))
        return py_int(c->a[0].i);
    if (c->a[0].type != T_FLOAT)
        py_raise(p, &py_TypeError, "round() takes a number, not %s", py_type_text(c->a[0]));
    if (c->a[1].type == T_UNSET) {
        if (!(fabs(c->a[0].f) < 9e18))
            py_raise(p, &py_OverflowError, "this number does not fit into 64 bits");
        return py_int((int64_t)nearbyint(c->a[0].f));
    }
    if (digits < 0 || digits > 30)
        py_raise(p, &py_ValueError, "round() keeps 0 to 30 digits");
    snprintf(text, sizeof(text), "%.*f", (int)digits, c->a[0].f);
    return py_float(strtod(text, NULL));
}

static struct obj lib_divmod(struct py *p, struct call *c)
{
    struct obj pair = py_tuple_new(p, 2);

    py_list_add(p, pair.list, py_binary(p, TOK_DSLASH, c->a[0], c->a[1]));
    py_list_add(p, pair.list, py_binary(p, TOK_PERCENT, c->a[0], c->a[1]));
    return pair;
}

static struct obj lib_pow(struct py *p, struct call *c)
{
    return py_binary(p, TOK_DSTAR, c->a[0], c->a[1]);
}

static struct obj lib_format(struct py *p, struct call *c)
{
    struct text t = {.p = p};

    py_format_spec(&t, c->a[0], c->a[1].type == T_UNSET ? py_strn("", 0) : py_arg_str(p, c, 1));
    return py_text_done(&t);
}

void py_print(struct py *p, struct obj text)
{
    struct buf *out = p->in->printed;
    size_t left = out && out->len < PY_PRINTED_MAX ? PY_PRINTED_MAX - out->len : 0;

    if (left && text.len)
        buf_add(out, text.s, text.len < left ? text.len : left);
}

static struct obj keyword(const struct call *c, const char *name, struct obj fallback)
{
    for (uint32_t i = 0; i < c->nkw; i++)
        if (py_str_is(c->kw[i].key, name))
            return c->kw[i].value;
    return fallback;
}

/* The function of Python 3. */
static struct obj lib_print(struct py *p, struct call *c)
{
    struct obj sep = keyword(c, "sep", py_str(" ")), end = keyword(c, "end", py_str("\n"));
    struct text t = {.p = p};

    for (uint32_t i = 0; i < c->npos; i++) {
        if (i)
            py_text_add_str(&t, sep);
        py_text_add_str(&t, c->pos[i]);
    }
    py_text_add_str(&t, end);
    py_print(p, py_text_done(&t));
    return py_none();
}

static struct obj lib_hasattr(struct py *p, struct call *c)
{
    struct obj name = py_arg_str(p, c, 1);

    return py_bool(py_method_find(p, c->a[0], py_intern(p, name.s, name.len)) != NULL);
}

static struct obj lib_getattr(struct py *p, struct call *c)
{
    struct obj name = py_arg_str(p, c, 1);
    const struct sym *sym = py_intern(p, name.s, name.len);

    if (c->a[2].type != T_UNSET && c->a[0].type != T_MODULE && !py_method_find(p, c->a[0], sym))
        return c->a[2];
    return py_attr(p, c->a[0], sym);
}

/* A copy of the variables at top level: for "..." % globals(). Changing it changes nothing. */
static struct obj lib_globals(struct py *p, struct call *c)
{
    struct obj d = py_dict_new(p);

    (void)c;
    for (const struct sym *s = p->globals; s; s = s->next_global)
        if (s->global.type != T_UNSET)
            py_dict_set(p, d.dict, py_strn(s->name, s->len), s->global);
    return d;
}

/* The names of the running function, or those at top level. */
static struct obj lib_locals(struct py *p, struct call *c)
{
    struct obj d;

    if (!p->frame)
        return lib_globals(p, c);
    d = py_dict_new(p);
    for (uint32_t i = 0; i < p->frame->n; i++)
        if (p->frame->slots[i].type != T_UNSET)
            py_dict_set(p, d.dict, py_strn(p->frame->names[i]->name, p->frame->names[i]->len),
                        p->frame->slots[i]);
    return d;
}

static struct obj lib_dir(struct py *p, struct call *c)
{
    struct obj names = lib_locals(p, c);
    struct call sort = {.pos = &names, .npos = 1};
    struct sym *sorted = py_intern(p, "sorted", 6);

    py_builtin_of(sorted);
    return py_call(p, (struct obj){.type = T_BUILTIN, .row = sorted->builtin}, &sort);
}

#define BIT(t) (1u << (t))
#define NO_FILES "config files compute; they cannot read or write files"
#define NO_CODE "config files cannot run code made of text"
#define NO_INPUT "give values on the command line: xm create FILE name=value"

const struct py_row py_builtins[] = {
    {"abs", lib_abs, 1, 1, NULL, 0},
    {"all", py_lib_all, 1, 1, NULL, 0},
    {"any", py_lib_any, 1, 1, NULL, 0},
    {"basestring", lib_str, 0, 1, NULL, BIT(T_STR)},
    {"bin", lib_bin, 1, 1, NULL, 0},
    {"bool", lib_bool, 0, 1, NULL, BIT(T_BOOL)},
    {"bytes", lib_str, 0, 1, NULL, BIT(T_STR)},
    {"callable", lib_callable, 1, 1, NULL, 0},
    {"chr", lib_chr, 1, 1, NULL, 0},
    {"cmp", py_lib_cmp, 2, 2, NULL, 0},
    {"compile", py_refused, 0, PY_ANY, NO_CODE, 0},
    {"dict", py_lib_dict, 0, PY_ANY, NULL, BIT(T_DICT)},
    {"dir", lib_dir, 0, 0, NULL, 0},
    {"divmod", lib_divmod, 2, 2, NULL, 0},
    {"enumerate", py_lib_enumerate, 1, 2, "iterable start", 0},
    {"eval", py_refused, 0, PY_ANY, NO_CODE, 0},
    {"execfile", py_lib_execfile, 1, 1, NULL, 0},
    {"file", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"filter", py_lib_filter, 2, 2, NULL, 0},
    {"float", lib_float, 0, 1, NULL, BIT(T_FLOAT)},
    {"format", lib_format, 1, 2, NULL, 0},
    {"frozenset", py_lib_set, 0, 1, NULL, BIT(T_SET)},
    {"getattr", lib_getattr, 2, 3, NULL, 0},
    {"globals", lib_globals, 0, 0, NULL, 0},
    {"hasattr", lib_hasattr, 2, 2, NULL, 0},
    {"hex", lib_hex, 1, 1, NULL, 0},
    {"input", py_refused, 0, PY_ANY, NO_INPUT, 0},
    {"int", lib_int, 0, 2, "x base", BIT(T_INT) | BIT(T_BOOL)},
    {"isinstance", lib_isinstance, 2, 2, NULL, 0},
    {"iter", py_lib_iter, 1, 1, NULL, 0},
    {"len", lib_len, 1, 1, NULL, 0},
    {"list", py_lib_list, 0, 1, NULL, BIT(T_LIST)},
    {"locals", lib_locals, 0, 0, NULL, 0},
    {"long", lib_int, 0, 2, "x base", BIT(T_INT)},
    {"map", py_lib_map, 2, PY_ANY, NULL, 0},
    {"max", py_lib_max, 1, PY_ANY, NULL, 0},
    {"min", py_lib_min, 1, PY_ANY, NULL, 0},
    {"next", py_lib_next, 1, 2, NULL, 0},
    {"oct", lib_oct, 1, 1, NULL, 0},
    {"open", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"ord", lib_ord, 1, 1, NULL, 0},
    {"pow", lib_pow, 2, 2, NULL, 0},
    {"print", lib_print, 0, PY_ANY, NULL, 0},
    {"range", py_lib_range, 1, 3, NULL, 0},
    {"raw_input", py_refused, 0, PY_ANY, NO_INPUT, 0},
    {"reduce", py_lib_reduce, 2, 3, NULL, 0},
    {"repr", lib_repr, 1, 1, NULL, 0},
    {"reversed", py_lib_reversed, 1, 1, NULL, 0},
    {"round", lib_round, 1, 2, "number ndigits", 0},
    {"set", py_lib_set, 0, 1, NULL, BIT(T_SET)},
    {"sorted", py_lib_sorted, 1, 4, "iterable cmp key reverse", 0},
    {"str", lib_str, 0, 1, NULL, BIT(T_STR)},
    {"sum", py_lib_sum, 1, 2, "iterable start", 0},
    {"tuple", py_lib_tuple, 0, 1, NULL, BIT(T_TUPLE)},
    {"type", lib_type, 1, 1, NULL, 0},
    {"unichr", lib_chr, 1, 1, NULL, 0},
    {"unicode", lib_str, 0, 1, NULL, BIT(T_STR)},
    {"vars", lib_locals, 0, 0, NULL, 0},
    {"xrange", py_lib_range, 1, 3, NULL, 0},
    {"zip", py_lib_zip, 0, PY_ANY, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

/* Found once per name; names that are no builtin are remembered by a row without a name. */
const struct py_row *py_builtin_of(struct sym *s)
{
    static const struct py_row none = {0};

    if (!s->builtin) {
        s->builtin = py_row_find(py_builtins, s->name, s->len);
        if (!s->builtin)
            s->builtin = &none;
    }
    return s->builtin == &none ? NULL : s->builtin;
}
