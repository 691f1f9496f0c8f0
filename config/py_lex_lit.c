/*
 * Literals: numbers and strings, in the spellings of Python 2 and 3. Called by py_lex.c and, for
 * the text between the fields of f-strings, by the parser.
 */
#include <ctype.h>
#include <stdlib.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Letters after digits are mostly a unit (512M) or text without quotes. */
static _Noreturn void bad_number(struct py *p, struct py_lex *lex, uint32_t end)
{
    const char *text = p->text + lex->at;

    while (end < lex->len && is_word(p->text[end]))
        end++;
    if (isalpha((unsigned char)p->text[end - 1]))
        py_syntax(p, lex->at, end, "numbers stand without a unit; text stands in quotes",
                  "`%.*s` is not a number", (int)(end - lex->at), text);
    py_syntax(p, lex->at, end, NULL, "`%.*s` is not a number", (int)(end - lex->at), text);
}

/* The number's base; *digits is where its digits begin. 0644 is octal, as in Python 2. */
static int number_base(const struct py *p, const struct py_lex *lex, uint32_t *digits)
{
    const char *s = p->text + lex->at;
    char c = lex->at + 1 < lex->len ? (char)tolower((unsigned char)s[1]) : '\0';

    *digits = lex->at;
    if (s[0] != '0')
        return 10;
    if (c == 'x' || c == 'o' || c == 'b') {
        *digits += 2;
        return c == 'x' ? 16 : c == 'o' ? 8 : 2;
    }
    return isdigit((unsigned char)c) ? 8 : 10;
}

/* Ends a number; nothing but Python 2's L may stick to it. */
static void end_number(struct py *p, struct py_lex *lex, uint32_t end, struct obj value)
{
    if (end < lex->len && value.type == T_INT && (p->text[end] == 'L' || p->text[end] == 'l'))
        end++;
    if (end < lex->len && is_word(p->text[end]))
        bad_number(p, lex, end);
    lex->tok.type = TOK_CONST;
    lex->tok.at = lex->at;
    lex->tok.end = lex->at = end;
    lex->tok.value = value;
}

static uint32_t skip_digits(const struct py *p, const struct py_lex *lex, uint32_t i)
{
    while (i < lex->len && (isdigit((unsigned char)p->text[i]) || p->text[i] == '_'))
        i++;
    return i;
}

/* A float if it looks like one: digits with a point or an exponent. */
static bool lex_float(struct py *p, struct py_lex *lex)
{
    char buf[64];
    uint32_t i = skip_digits(p, lex, lex->at), end, n = 0;

    end = i;
    if (i < lex->len && p->text[i] == '.')
        end = skip_digits(p, lex, i + 1);
    if (end < lex->len && (p->text[end] == 'e' || p->text[end] == 'E')) {
        uint32_t exp = end + 1;
        if (exp < lex->len && (p->text[exp] == '+' || p->text[exp] == '-'))
            exp++;
        if (exp < lex->len && isdigit((unsigned char)p->text[exp]))
            end = skip_digits(p, lex, exp);
    }
    if (end == i)
        return false;
    for (uint32_t k = lex->at; k < end; k++) {
        if (n == sizeof(buf) - 1)
            bad_number(p, lex, end);
        if (p->text[k] != '_')
            buf[n++] = p->text[k];
    }
    buf[n] = '\0';
    end_number(p, lex, end, py_float(strtod(buf, NULL)));
    return true;
}

/* An integer of any base, or a float. */
void py_lex_number(struct py *p, struct py_lex *lex)
{
    uint32_t i, from;
    int base = number_base(p, lex, &from);
    int64_t v = 0;

    if ((base == 10 || base == 8) && from == lex->at && lex_float(p, lex))
        return;
    for (i = from; i < lex->len && is_word(p->text[i]); i++) {
        char c = (char)tolower((unsigned char)p->text[i]);
        int digit = isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
        if (c == '_' && i > from)
            continue;
        if (digit >= base)
            break;
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v))
            py_syntax(p, lex->at, skip_digits(p, lex, i), NULL,
                      "this number does not fit into 64 bits");
    }
    if (i == from)
        bad_number(p, lex, i);
    if (i < lex->len && base == 8 && isdigit((unsigned char)p->text[i]))
        py_syntax(p, lex->at, skip_digits(p, lex, i), "a leading 0 makes a number octal: drop it",
                  "%c is not an octal digit", p->text[i]);
    end_number(p, lex, i, py_int(v));
}

/* Prefix letters before a quote: r, b, u, f in any case and order. Their number, or -1. */
static int string_prefix(const struct py *p, const struct py_lex *lex, bool *raw, bool *format)
{
    for (uint32_t n = 0; n < 4 && lex->at + n < lex->len; n++) {
        switch (p->text[lex->at + n]) {
        case '"':
        case '\'':
            return (int)n;
        case 'r':
        case 'R':
            *raw = true;
            break;
        case 'f':
        case 'F':
            *format = true;
            break;
        case 'b':
        case 'B':
        case 'u':
        case 'U':
            break;
        default:
            return -1;
        }
    }
    return -1;
}

/* The end of a string's content that begins at `at`; raises when there is none. */
static uint32_t find_close(struct py *p, const struct py_lex *lex, uint32_t at, char quote,
                           bool triple)
{
    for (uint32_t i = at; i < lex->len; i++) {
        char c = p->text[i];
        if (c == '\\')
            i++;
        else if (c == '\n' && !triple)
            break;
        else if (c == quote && (!triple || (i + 2 < lex->len && p->text[i + 1] == quote &&
                                            p->text[i + 2] == quote)))
            return i;
    }
    py_syntax(p, lex->at, at,
              triple ? NULL : "a string ends on its line; \"\"\" begins one that may be longer",
              "this string is never closed: %s is missing",
              triple ? (quote == '"' ? "\"\"\"" : "'''") : (quote == '"' ? "`\"`" : "`'`"));
}

/* A string literal, if one begins here. */
bool py_lex_string(struct py *p, struct py_lex *lex)
{
    bool raw = false, format = false, triple;
    int prefix = string_prefix(p, lex, &raw, &format);
    uint32_t at, end;
    char quote;

    if (prefix < 0)
        return false;
    at = lex->at + (uint32_t)prefix + 1;
    quote = p->text[at - 1];
    triple = at + 1 < lex->len && p->text[at] == quote && p->text[at + 1] == quote;
    at += triple ? 2 : 0;
    end = find_close(p, lex, at, quote, triple);
    lex->tok.at = lex->at;
    lex->tok.end = lex->at = end + (triple ? 3 : 1);
    lex->tok.type = format ? TOK_FSTRING : TOK_CONST;
    lex->tok.raw = raw;
    if (format) {
        lex->tok.inner.from = at;
        lex->tok.inner.to = end;
    } else {
        lex->tok.value = py_unescape(p, at, end, raw);
    }
    return true;
}

/* Reads up to max digits of a base at *at; the number of digits is how far *at moved. */
static uint32_t read_digits(const struct py *p, uint32_t *at, uint32_t end, int base, int max)
{
    uint32_t v = 0;

    for (; max > 0 && *at < end; max--, ++*at) {
        char c = (char)tolower((unsigned char)p->text[*at]);
        int digit = isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
        if (digit >= base)
            break;
        v = v * (uint32_t)base + (uint32_t)digit;
    }
    return v;
}

/* \xHH gives a byte, \uHHHH and \UHHHHHHHH give UTF-8. */
static void unescape_hex(struct py *p, struct text *t, uint32_t *at, uint32_t end, char kind)
{
    int want = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
    uint32_t from = *at, v = read_digits(p, at, end, 16, want);
    char byte = (char)v;

    if (*at - from != (uint32_t)want)
        py_syntax(p, from - 2, *at, NULL, "`\\%c` needs %d hexadecimal digits", kind, want);
    if (v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
        py_syntax(p, from - 2, *at, NULL, "this is not a Unicode character");
    if (kind == 'x')
        py_text_add(t, &byte, 1);
    else
        py_text_add_utf8(t, v);
}

/* One escape; *at is after the backslash. Unknown ones stay as they are, as in Python. */
static void unescape_one(struct py *p, struct text *t, uint32_t *at, uint32_t end)
{
    static const char names[] = "abfnrtv\\'\"", codes[] = "\a\b\f\n\r\t\v\\'\"";
    char c = p->text[(*at)++];
    const char *found = c ? strchr(names, c) : NULL;

    if (c == '\r' && *at < end && p->text[*at] == '\n') {
        ++*at;
    } else if (c == '\n') {
        return;
    } else if (found) {
        py_text_add(t, codes + (found - names), 1);
    } else if (c == 'x' || c == 'u' || c == 'U') {
        unescape_hex(p, t, at, end, c);
    } else if (c >= '0' && c <= '7') {
        --*at;
        c = (char)read_digits(p, at, end, 8, 3);
        py_text_add(t, &c, 1);
    } else {
        py_text_add(t, "\\", 1);
        py_text_add(t, &c, 1);
    }
}

/* The content of a literal. Without escapes it stays where it is in the text. */
struct obj py_unescape(struct py *p, uint32_t at, uint32_t end, bool raw)
{
    struct text t = {.p = p};

    if ((raw || !memchr(p->text + at, '\\', end - at)) && !memchr(p->text + at, '\r', end - at)) {
        if (end - at > PY_STR_MAX)
            py_raise_at(p, &py_Limit, at, at + 1, NULL, "this string is longer than %u bytes",
                        PY_STR_MAX);
        return py_strn(p->text + at, end - at);
    }
    while (at < end) {
        char c = p->text[at++];
        if (c == '\r' && at < end && p->text[at] == '\n')
            continue; /* lines that end in CR LF */
        if (c == '\\' && !raw && at < end)
            unescape_one(p, &t, &at, end);
        else
            py_text_add(&t, &c, 1);
    }
    return py_text_done(&t);
}
