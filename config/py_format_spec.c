/*
 * Numbers and text laid out by width, sign, precision...: what %, str.format, f-strings and
 * format() share; and the mini-language [[fill]align][sign][#][0][width][,][.precision][type].
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

#define WIDTH_MAX 10000
#define PRECISION_MAX 400 /* keeps a float's digits within a fixed buffer */

/* Fills up to the width, to the left of numbers and to the right of text by default. */
void py_format_padded(struct text *t, const char *s, size_t n, const struct layout *l)
{
    size_t width = l->width > 0 ? (size_t)l->width : 0, more = width > n ? width - n : 0;
    size_t left = l->align == '>' ? more : l->align == '^' ? more / 2 : 0;

    py_text_fill(t, l->fill ? l->fill : ' ', left);
    py_text_add(t, s, n);
    py_text_fill(t, l->fill ? l->fill : ' ', more - left);
}

/* Sign, prefix and digits: zeros go between the prefix and the digits. */
static void add_number(struct text *t, const char *lead, const char *digits, struct layout l)
{
    size_t have = strlen(lead) + strlen(digits);
    struct text whole = {.p = t->p};

    py_text_adds(&whole, lead);
    if ((l.zero || l.align == '=') && l.width > 0 && have < (size_t)l.width)
        py_text_fill(&whole, l.zero ? '0' : l.fill ? l.fill : ' ', (size_t)l.width - have);
    py_text_adds(&whole, digits);
    l.align = l.align ? l.align : '>';
    py_format_padded(t, whole.ptr, whole.len, &l);
}

/* Puts a comma (or _) before each group of three digits of the integer part. */
static void add_commas(char *digits, size_t size, char comma)
{
    size_t whole = strspn(digits, "0123456789"), n = strlen(digits);

    for (size_t i = whole; i > 3 && n + 1 < size; n++) {
        i -= 3;
        memmove(digits + i + 1, digits + i, n - i + 1);
        digits[i] = comma;
    }
}

static const char *sign_of(bool negative, char sign)
{
    return negative ? "-" : sign == '+' ? "+" : sign == ' ' ? " " : "";
}

/* Digits of a number in the base that its type letter means. */
static void digits_of(char *out, size_t size, uint64_t v, char type)
{
    char reversed[72];
    size_t n = 0, k = 0;
    unsigned base = type == 'x' || type == 'X' ? 16 : type == 'o' ? 8 : type == 'b' ? 2 : 10;

    do
        reversed[n++] = (type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[v % base];
    while ((v /= base));
    while (n && k + 1 < size)
        out[k++] = reversed[--n];
    out[k] = '\0';
}

/* Precision (only % has one) means leading zeros. */
void py_format_int(struct text *t, int64_t i, const struct layout *l)
{
    char digits[PRECISION_MAX + 128], lead[8];
    size_t n, zeros;

    digits_of(digits, sizeof(digits), i < 0 ? 0 - (uint64_t)i : (uint64_t)i, l->type);
    n = strlen(digits);
    if (l->precision > PRECISION_MAX)
        py_raise(t->p, &py_Limit, "a precision may not be larger than %d", PRECISION_MAX);
    zeros = l->precision > (int32_t)n ? (size_t)l->precision - n : 0; /* only of % */
    memmove(digits + zeros, digits, n + 1);
    memset(digits, '0', zeros);
    if (l->comma)
        add_commas(digits, sizeof(digits), l->comma);
    snprintf(lead, sizeof(lead), "%s", sign_of(i < 0, l->sign));
    if (l->alternate && l->type && strchr("xXob", l->type)) {
        size_t at = strlen(lead);
        lead[at] = '0';
        lead[at + 1] = l->type;
        lead[at + 2] = '\0';
    }
    add_number(t, lead, digits, *l);
}

/* The C library lays the digits out; format strings are literals, so that they are checked. */
static void print_float(char *out, size_t size, double f, const struct layout *l)
{
    int precision = l->precision < 0 ? 6 : l->precision;

    switch (l->type) {
    case 'e':
        snprintf(out, size, l->alternate ? "%#.*e" : "%.*e", precision, f);
        break;
    case 'E':
        snprintf(out, size, l->alternate ? "%#.*E" : "%.*E", precision, f);
        break;
    case 'g':
        snprintf(out, size, l->alternate ? "%#.*g" : "%.*g", precision, f);
        break;
    case 'G':
        snprintf(out, size, l->alternate ? "%#.*G" : "%.*G", precision, f);
        break;
    case 'F':
        snprintf(out, size, l->alternate ? "%#.*F" : "%.*F", precision, f);
        break;
    default:
        snprintf(out, size, l->alternate ? "%#.*f" : "%.*f", precision, f);
    }
}

void py_format_float(struct text *t, double f, const struct layout *l)
{
    char digits[PRECISION_MAX + 512]; /* 309 digits before the point */
    struct layout layout = *l;

    if (l->precision > PRECISION_MAX)
        py_raise(t->p, &py_Limit, "a precision may not be larger than %d", PRECISION_MAX);
    if (isnan(f) || isinf(f))
        snprintf(digits, sizeof(digits), "%s", isnan(f) ? "nan" : "inf");
    else
        print_float(digits, sizeof(digits) - 128, fabs(f), l);
    if (l->comma)
        add_commas(digits, sizeof(digits) - 1, l->comma);
    if (l->percent)
        strcat(digits, "%");
    add_number(t, sign_of(signbit(f) && !isnan(f), l->sign), digits, layout);
}

/* Digits of a width or precision, bounded. */
static int32_t read_count(struct py *p, struct obj spec, uint32_t *at, int32_t most)
{
    int32_t n = 0;

    for (; *at < spec.len && isdigit((unsigned char)spec.s[*at]); ++*at) {
        n = 10 * n + (spec.s[*at] - '0');
        if (n > most)
            py_raise(p, &py_Limit, "a field may not be wider than %d", most);
    }
    return n;
}

static bool is_align(char c)
{
    return c == '<' || c == '>' || c == '^' || c == '=';
}

/* The mini-language, part by part in its fixed order. */
static struct layout read_spec(struct py *p, struct obj spec)
{
    struct layout l = {.width = -1, .precision = -1};
    uint32_t i = 0;

    if (spec.len >= 2 && is_align(spec.s[1])) {
        l.fill = spec.s[0];
        l.align = spec.s[1];
        i = 2;
    } else if (spec.len && is_align(spec.s[0])) {
        l.align = spec.s[i++];
    }
    if (i < spec.len && strchr("+- ", spec.s[i]))
        l.sign = spec.s[i++];
    if (i < spec.len && spec.s[i] == '#')
        l.alternate = ++i;
    if (i < spec.len && spec.s[i] == '0') {
        l.zero = !l.align;
        l.fill = l.fill ? l.fill : '0';
        i++;
    }
    if (i < spec.len && isdigit((unsigned char)spec.s[i]))
        l.width = read_count(p, spec, &i, WIDTH_MAX);
    if (i < spec.len && (spec.s[i] == ',' || spec.s[i] == '_'))
        l.comma = spec.s[i++];
    if (i < spec.len && spec.s[i] == '.') {
        i++;
        l.precision = read_count(p, spec, &i, PRECISION_MAX);
    }
    if (i < spec.len)
        l.type = spec.s[i++];
    if (i < spec.len)
        py_raise(p, &py_ValueError, "`%.*s` is not a format", spec.len > 60 ? 60 : (int)spec.len,
                 spec.s);
    return l;
}

static _Noreturn void bad_type(struct py *p, char type, struct obj value)
{
    py_raise(p, &py_ValueError, "format type `%c` does not work with %s", type < 0x20 ? '?' : type,
             py_type_text(value));
}

/*
 * A float of at most `precision` digits, as %g, but never looking like an integer: 3.0, 3.1e+02.
 * Without a precision as str() shows it.
 */
static const char *plain_float(struct py *p, double f, int32_t precision)
{
    char text[PRECISION_MAX + 64], *e;
    size_t digits;

    if (precision < 0)
        return py_cstr(p, py_to_str(p, py_float(f)));
    precision += precision == 0;
    snprintf(text, sizeof(text), "%.*e", precision - 1, f);
    e = strchr(text, 'e');
    if (e && atoi(e + 1) + 1 > precision - 1) {
        for (digits = (size_t)(e - text); memchr(text, '.', digits);)
            if (text[--digits] != '0') {
                digits += text[digits] != '.';
                break;
            }
        return py_printf(p, "%.*s%s", (int)digits, text, e);
    }
    snprintf(text, sizeof(text), "%.*g", precision, f);
    return py_printf(p, "%s%s", text, strpbrk(text, ".en") ? "" : ".0");
}

static void format_float_plain(struct text *t, double f, struct layout l)
{
    char digits[PRECISION_MAX + 256];

    snprintf(digits, sizeof(digits) - 128, "%s", plain_float(t->p, fabs(f), l.precision));
    if (l.comma)
        add_commas(digits, sizeof(digits) - 1, l.comma);
    add_number(t, sign_of(signbit(f) && !isnan(f), l.sign), digits, l);
}

/* What each type letter does with integers and floats. */
static void format_number(struct text *t, struct obj value, struct layout l)
{
    if (py_is_int(value) && (!l.type || strchr("bdoxXn", l.type))) {
        if (l.precision >= 0)
            py_raise(t->p, &py_ValueError, "an integer has no precision");
        l.type = !l.type || l.type == 'n' ? 'd' : l.type;
        py_format_int(t, value.i, &l);
    } else if (py_is_int(value) && l.type == 'c' && value.i >= 0 && value.i < 0x80) {
        char c = (char)value.i;
        py_format_padded(t, &c, 1, &l);
    } else if (value.type == T_FLOAT && !l.type) {
        format_float_plain(t, value.f, l);
    } else if (strchr("eEfFgGn", l.type)) {
        l.type = l.type == 'n' ? 'g' : l.type;
        py_format_float(t, py_as_float(value), &l);
    } else if (l.type == '%') {
        l.percent = true;
        l.type = 'f';
        py_format_float(t, py_as_float(value) * 100, &l);
    } else {
        bad_type(t->p, l.type, value);
    }
}

void py_format_spec(struct text *t, struct obj value, struct obj spec)
{
    struct layout l;
    struct obj s;

    if (!spec.len) {
        py_text_add_str(t, value);
        return;
    }
    l = read_spec(t->p, spec);
    if (py_is_number(value) && !(value.type == T_BOOL && !l.type)) {
        format_number(t, value, l);
        return;
    }
    if (l.type && l.type != 's')
        bad_type(t->p, l.type, value);
    s = py_to_str(t->p, value);
    if (l.precision >= 0 && s.len > (uint32_t)l.precision)
        s.len = (uint32_t)l.precision;
    if (l.align == '=' || l.sign || l.comma || l.alternate)
        py_raise(t->p, &py_ValueError, "`%.*s` formats numbers, not %s",
                 spec.len > 60 ? 60 : (int)spec.len, spec.s, py_type_text(value));
    py_format_padded(t, s.s, s.len, &l);
}
