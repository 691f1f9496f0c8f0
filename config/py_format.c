/* The % operator of strings, in full. Called by py_op.c. */
#include <stdio.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

#define WIDTH_MAX 10000 /* of one field: far wider than any line */

/* A % operation on its way through its format. */
struct percent {
    struct py *p;
    struct text out;
    const char *at, *end;
    struct obj args;
    uint32_t used;
    bool mapped; /* a %(name)s was there */
};

/* The next value: of a tuple its next item, else the one value. */
static struct obj next_arg(struct percent *f)
{
    struct obj args = f->args;

    if (args.type != T_TUPLE) {
        if (f->used++)
            py_raise(f->p, &py_TypeError, "the format has more %% fields than there are values");
        return args;
    }
    if (f->used >= args.list->len)
        py_raise(f->p, &py_TypeError, "the format has more %% fields than the %u value%s given",
                 args.list->len, args.list->len == 1 ? "" : "s");
    return args.list->items[f->used++];
}

static char peek(const struct percent *f)
{
    if (f->at == f->end)
        py_raise_hint(f->p, &py_ValueError, "a percent sign that stands for itself is written %%",
                      "the format ends within a %% field");
    return *f->at;
}

/* Width or precision: digits, or * for one of the values. */
static int32_t read_number(struct percent *f)
{
    int64_t n = 0;

    if (peek(f) == '*') {
        struct obj arg = next_arg(f);
        f->at++;
        if (!py_is_int(arg))
            py_raise(f->p, &py_TypeError, "`*` in a format takes an integer, not %s",
                     py_type_text(arg));
        n = arg.i;
    } else {
        for (; peek(f) >= '0' && peek(f) <= '9' && n <= WIDTH_MAX; f->at++)
            n = 10 * n + (*f->at - '0');
    }
    if (n > WIDTH_MAX || n < -WIDTH_MAX)
        py_raise(f->p, &py_Limit, "a field may not be wider than %d", WIDTH_MAX);
    return (int32_t)n;
}

/* %(name)...: the value of a dict. */
static struct obj mapped_arg(struct percent *f)
{
    const char *from = ++f->at;
    int depth = 1;

    if (f->args.type != T_DICT)
        py_raise(f->p, &py_TypeError, "%%(name) fields need a dict after %%, not %s",
                 py_type_text(f->args));
    for (; depth > 0; f->at++)
        depth += peek(f) == '(' ? 1 : peek(f) == ')' ? -1 : 0;
    f->mapped = true;
    return py_index(f->p, f->args, py_strn(from, (size_t)(f->at - 1 - from)));
}

/* Any of - + blank 0 #. */
static void read_flags(struct percent *f, struct layout *l)
{
    for (;; f->at++) {
        switch (peek(f)) {
        case '-':
            l->align = '<';
            break;
        case '+':
            l->sign = '+';
            break;
        case ' ':
            l->sign = l->sign ? l->sign : ' ';
            break;
        case '0':
            l->zero = true;
            break;
        case '#':
            l->alternate = true;
            break;
        default:
            return;
        }
    }
}

/* %c takes a character or its number. */
static void add_char(struct percent *f, struct obj arg, struct layout *l)
{
    struct text t = {.p = f->p};

    if (arg.type == T_STR && arg.len == 1)
        py_text_add(&t, arg.s, 1);
    else if (py_is_int(arg) && arg.i >= 0 && arg.i <= 0x10ffff)
        py_text_add_utf8(&t, (uint32_t)arg.i);
    else
        py_raise(f->p, &py_TypeError, "%%c takes one character or its number, not %s",
                 py_type_text(arg));
    l->zero = false;
    py_format_padded(&f->out, t.ptr, t.len, l);
}

/* %s and %r; a precision cuts. */
static void add_text(struct percent *f, struct obj arg, struct layout *l, char kind)
{
    struct obj s = kind == 's' ? py_to_str(f->p, arg) : py_to_repr(f->p, arg);

    l->zero = false;
    if (l->precision >= 0 && s.len > (uint32_t)l->precision)
        s.len = (uint32_t)l->precision;
    py_format_padded(&f->out, s.s, s.len, l);
}

/* %d cuts the fraction of floats off, as Python does; %x takes integers only. */
static void add_integer(struct percent *f, struct obj arg, struct layout *l, char kind)
{
    if (arg.type == T_FLOAT && (kind == 'd' || kind == 'i' || kind == 'u') && arg.f > -9.2e18 &&
        arg.f < 9.2e18)
        arg = py_int((int64_t)arg.f);
    if (!py_is_int(arg))
        py_raise_hint(f->p, &py_TypeError,
                      arg.type == T_STR ? "%s takes a string; int(...) makes a number of it" : NULL,
                      "%%%c takes a number, not %s", kind, py_type_text(arg));
    l->type = kind == 'i' || kind == 'u' ? 'd' : kind;
    py_format_int(&f->out, arg.i, l);
}

/* One field, from behind its percent sign. */
static void add_field(struct percent *f)
{
    struct layout l = {.fill = ' ', .align = '>', .width = -1, .precision = -1};
    struct obj arg = {.type = T_UNSET};
    char kind;

    if (peek(f) == '(')
        arg = mapped_arg(f);
    read_flags(f, &l);
    l.width = read_number(f);
    if (l.width < 0) {
        l.align = '<';
        l.width = -l.width;
    }
    if (peek(f) == '.') {
        f->at++;
        l.precision = read_number(f);
        l.precision = l.precision < 0 ? 0 : l.precision;
    }
    while (peek(f) == 'l' || peek(f) == 'h' || peek(f) == 'L')
        f->at++;
    kind = peek(f);
    f->at++;
    if (kind == '%') {
        py_text_adds(&f->out, "%");
        return;
    }
    if (!kind || !strchr("diouxXeEfFgGcrsa", kind))
        py_raise_hint(f->p, &py_ValueError, "a percent sign that stands for itself is written %%",
                      "`%%%c` is not a field of a format", kind < 0x20 ? '?' : kind);
    if (arg.type == T_UNSET)
        arg = next_arg(f);
    if (l.align == '<')
        l.zero = false;
    if (strchr("diouxX", kind)) {
        add_integer(f, arg, &l, kind);
    } else if (kind == 'c') {
        add_char(f, arg, &l);
    } else if (strchr("rsa", kind)) {
        add_text(f, arg, &l, kind);
    } else {
        if (!py_is_number(arg))
            py_raise(f->p, &py_TypeError, "%%%c takes a number, not %s", kind, py_type_text(arg));
        l.type = kind;
        py_format_float(&f->out, py_as_float(arg), &l);
    }
}

struct obj py_percent(struct py *p, struct obj format, struct obj args)
{
    struct percent f = {.p = p, .at = format.s, .end = format.s + format.len, .args = args};

    f.out.p = p;
    while (f.at < f.end) {
        const char *percent = memchr(f.at, '%', (size_t)(f.end - f.at));
        const char *stop = percent ? percent : f.end;
        py_text_add(&f.out, f.at, (size_t)(stop - f.at));
        f.at = stop;
        if (!percent)
            break;
        f.at++;
        py_charge(p, 1);
        add_field(&f);
    }
    if (!f.mapped && ((args.type == T_TUPLE && f.used < args.list->len) ||
                      (args.type != T_TUPLE && args.type != T_DICT && !f.used)))
        py_raise(p, &py_TypeError, "the format has fewer %% fields than there are values");
    return py_text_done(&f.out);
}
