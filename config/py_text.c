/* Strings that grow, and objects as text (str and repr). Called by evaluator and builtins. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

/* Doubles; the arena extends the newest block in place. */
static void reserve(struct text *t, size_t more)
{
    size_t need = t->len + more, cap = t->cap ? 2 * (size_t)t->cap : 32;

    if (need <= t->cap)
        return;
    if (need > PY_STR_MAX)
        py_raise(t->p, &py_Limit, "a string may not be longer than %u bytes", PY_STR_MAX);
    while (cap < need)
        cap *= 2;
    t->ptr = py_grow(t->p, t->ptr, t->cap, cap);
    t->cap = (uint32_t)cap;
}

void py_text_add(struct text *t, const char *s, size_t n)
{
    if (!n)
        return;
    reserve(t, n);
    memcpy(t->ptr + t->len, s, n);
    t->len += (uint32_t)n;
}

void py_text_adds(struct text *t, const char *s)
{
    py_text_add(t, s, strlen(s));
}

void py_text_fill(struct text *t, char c, size_t n)
{
    if (!n)
        return;
    reserve(t, n);
    memset(t->ptr + t->len, c, n);
    t->len += (uint32_t)n;
}

void py_text_add_utf8(struct text *t, uint32_t code)
{
    char b[4];
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = n; i-- > 1; code >>= 6)
        b[i] = (char)(0x80 | (code & 0x3f));
    b[0] = (char)(lead[n] | code);
    py_text_add(t, b, n);
}

struct obj py_text_done(struct text *t)
{
    if (t->cap > t->len + 64) /* gives the unused part back */
        t->ptr = py_grow(t->p, t->ptr, t->cap, t->len);
    return py_strn(t->ptr ? t->ptr : "", t->len);
}

/* The shortest digits that read back as the same number, laid out as Python does. */
static void add_float(struct text *t, double f)
{
    char digits[40], mantissa[40];
    int exponent = 0;
    size_t n;

    if (isnan(f) || isinf(f)) {
        py_text_adds(t, isnan(f) ? "nan" : f < 0 ? "-inf" : "inf");
        return;
    }
    for (int precision = 0; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*e", precision, f);
        if (strtod(digits, NULL) == f)
            break;
    }
    exponent = atoi(strchr(digits, 'e') + 1);
    if (exponent >= -5 + 1 && exponent < 16) {
        int shown = (int)(strchr(digits, 'e') - digits) - 2 - (digits[0] == '-');
        int decimals = shown - exponent;
        char fixed[64];
        snprintf(fixed, sizeof(fixed), "%.*f", decimals < 1 ? 1 : decimals, f);
        py_text_adds(t, fixed);
        return;
    }
    n = (size_t)(strchr(digits, 'e') - digits);
    memcpy(mantissa, digits, n);
    mantissa[n] = '\0';
    py_text_adds(t, mantissa);
    snprintf(digits, sizeof(digits), "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    py_text_adds(t, digits);
}

/* Bytes over 0x7f stay: they are UTF-8. */
static void add_repr_char(struct text *t, char c, char quote)
{
    static const char named[] = "\n\r\t\\", letters[] = "nrt\\";
    const char *found = c ? strchr(named, c) : NULL;
    char hex[8];

    if (found) {
        py_text_add(t, "\\", 1);
        py_text_add(t, letters + (found - named), 1);
    } else if ((unsigned char)c < 0x20 || c == 0x7f) {
        snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)c);
        py_text_adds(t, hex);
    } else {
        if (c == quote)
            py_text_add(t, "\\", 1);
        py_text_add(t, &c, 1);
    }
}

/* Single quotes, unless only those are in the string. */
static void add_repr_str(struct text *t, struct obj o)
{
    char quote = memchr(o.s, '\'', o.len) && !memchr(o.s, '"', o.len) ? '"' : '\'';

    py_text_add(t, &quote, 1);
    for (uint32_t i = 0; i < o.len; i++)
        add_repr_char(t, o.s[i], quote);
    py_text_add(t, &quote, 1);
    py_charge_scan(t->p, o.len);
}

static void add_list(struct text *t, const struct obj *o)
{
    bool is_list = o->type == T_LIST;

    py_text_adds(t, is_list ? "[" : "(");
    for (uint32_t i = 0; i < o->list->len; i++) {
        py_text_adds(t, i ? ", " : "");
        py_text_add_repr(t, o->list->items[i]);
    }
    py_text_adds(t, is_list ? "]" : o->list->len == 1 ? ",)" : ")");
}

static void add_dict(struct text *t, const struct obj *o)
{
    bool first = true;

    if (o->type == T_SET && o->dict->live == 0) {
        py_text_adds(t, "set()");
        return;
    }
    py_text_adds(t, "{");
    for (uint32_t i = 0; i < o->dict->len; i++) {
        const struct entry *entry = &o->dict->entries[i];
        if (entry->key.type == T_UNSET)
            continue;
        py_text_adds(t, first ? "" : ", ");
        first = false;
        py_text_add_repr(t, entry->key);
        if (o->type == T_SET)
            continue;
        py_text_adds(t, ": ");
        py_text_add_repr(t, entry->value);
    }
    py_text_adds(t, "}");
}

/* What has no notation of its own: <function f>. */
static void add_other(struct text *t, struct obj o)
{
    const char *name = o.type == T_BUILTIN  ? o.row->name
                       : o.type == T_METHOD ? o.method->row->name
                       : o.type == T_MODULE ? o.module->name
                       : o.type == T_CLASS  ? o.cls->name
                                            : "";

    py_text_adds(t, "<");
    py_text_adds(t, o.type == T_BUILTIN && o.row->types ? "class" : py_type_name(o));
    py_text_adds(t, *name ? " '" : "");
    py_text_adds(t, name);
    if (o.type == T_FUNC && o.func->def->name) {
        py_text_adds(t, " ");
        py_text_add(t, o.func->def->name->name, o.func->def->name->len);
    }
    py_text_adds(t, *name ? "'>" : ">");
}

/* Depth-bounded, as lists may contain themselves. */
void py_text_add_repr(struct text *t, struct obj o)
{
    char number[32];

    py_charge(t->p, 1);
    py_enter(t->p);
    switch (o.type) {
    case T_NONE:
        py_text_adds(t, "None");
        break;
    case T_BOOL:
        py_text_adds(t, o.i ? "True" : "False");
        break;
    case T_INT:
        snprintf(number, sizeof(number), "%lld", (long long)o.i);
        py_text_adds(t, number);
        break;
    case T_FLOAT:
        add_float(t, o.f);
        break;
    case T_STR:
        add_repr_str(t, o);
        break;
    case T_LIST:
    case T_TUPLE:
        add_list(t, &o);
        break;
    case T_DICT:
    case T_SET:
        add_dict(t, &o);
        break;
    case T_EXC:
        py_text_adds(t, o.exc->cls->name);
        if (o.exc->args.list->len == 1)
            py_text_adds(t, "(");
        py_text_add_repr(t, o.exc->args.list->len == 1 ? o.exc->args.list->items[0] : o.exc->args);
        if (o.exc->args.list->len == 1)
            py_text_adds(t, ")");
        break;
    default:
        add_other(t, o);
    }
    py_leave(t->p);
}

/* Of an exception; of a KeyError Python shows the key as it would be written. */
static struct obj exc_str(struct py *p, const struct exc *x)
{
    if (py_exc_is(x, &py_KeyError) && x->args.list->len == 1)
        return py_to_repr(p, x->args.list->items[0]);
    return x->text;
}

void py_text_add_str(struct text *t, struct obj o)
{
    struct obj text = o.type == T_EXC ? exc_str(t->p, o.exc) : o;

    if (o.type == T_STR)
        py_text_add(t, o.s, o.len);
    else if (o.type == T_EXC)
        py_text_add(t, text.s, text.len);
    else
        py_text_add_repr(t, o);
}

struct obj py_to_str(struct py *p, struct obj o)
{
    struct text t = {.p = p};

    if (o.type == T_STR)
        return o;
    if (o.type == T_EXC)
        return exc_str(p, o.exc);
    py_text_add_repr(&t, o);
    return py_text_done(&t);
}

struct obj py_to_repr(struct py *p, struct obj o)
{
    struct text t = {.p = p};

    py_text_add_repr(&t, o);
    return py_text_done(&t);
}

/* For C functions; a NUL inside would cut the string short, so it is refused. */
const char *py_cstr(struct py *p, struct obj s)
{
    char *copy = py_alloc(p, s.len + 1);

    if (memchr(s.s, '\0', s.len))
        py_raise(p, &py_ValueError, "this string contains a NUL byte");
    memcpy(copy, s.s, s.len);
    copy[s.len] = '\0';
    return copy;
}
