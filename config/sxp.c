/* S-expressions: see sxp.h. */
#include "config/sxp.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/base/vec.h"

struct reader {
    const char *name;
    const char *start, *at, *end;
    struct arena *arena;                    /* where the values go, or NULL */
    struct buf text;                        /* of the atom or string being read */
    struct items VEC(struct value *) items; /* of all open lists, one behind the other */
    size_t opened[VALUE_DEPTH_MAX + 1];     /* where those of each begin */
    const char *opened_at[VALUE_DEPTH_MAX + 1];
    size_t depth;
    struct value *lines; /* of the top-level forms, or NULL */
    const char *counted; /* up to here, `line` is known */
    size_t line;
};

/* A form begins. */
static void note_line(struct reader *r)
{
    if (!r->lines || r->depth)
        return;
    for (; r->counted < r->at; r->counted++)
        r->line += *r->counted == '\n';
    value_add_take(r->lines, value_int((int64_t)r->line));
}

static int fail(const struct reader *r, const char *at, struct err *e, const char *what)
{
    size_t line = 1, column = 1;

    for (const char *p = r->start; p < at; p++) {
        column++;
        if (*p == '\n') {
            line++;
            column = 1;
        }
    }
    return err_set(e, ERR_INVALID, "%s:%zu:%zu: %s", r->name, line, column, what);
}

/* The NUL, too. */
static bool is_separator(char c)
{
    static const bool table[256] = {
        ['\0'] = true, [' '] = true,  ['\t'] = true, ['\n'] = true, ['\v'] = true,
        ['\f'] = true, ['\r'] = true, ['{'] = true,  ['}'] = true,  ['<'] = true,
        ['>'] = true,  ['['] = true,  [']'] = true,  [';'] = true};

    return table[(unsigned char)c];
}

/* What ends an atom besides. */
static bool is_special(char c)
{
    return c == '(' || c == ')' || c == '#' || c == '\'' || c == '"';
}

static int octal(const char **p, const char *end)
{
    int n = 0, digits = 0;

    while (*p < end && digits < 3 && **p >= '0' && **p <= '7' && n * 8 + (**p - '0') <= 0xff) {
        n = n * 8 + (**p - '0');
        (*p)++;
        digits++;
    }
    return n;
}

static int hex(const char **p, const char *end)
{
    int n = 0, digits = 0;

    while (*p < end && digits < 2 && isxdigit((unsigned char)**p)) {
        int c = tolower((unsigned char)**p);
        n = n * 16 + (isdigit(c) ? c - '0' : c - 'a' + 10);
        (*p)++;
        digits++;
    }
    return digits ? n : -1;
}

/* After a backslash at r->at - 1. */
static int read_escape(struct reader *r, struct err *e)
{
    static const char names[] = "abtnvfr\\'\"", chars[] = "\a\b\t\n\v\f\r\\'\"";
    const char *start = r->at - 1, *found;
    int c;

    if (r->at == r->end)
        return 0; /* the caller reports the string without end */
    found = strchr(names, *r->at);
    if (found && *found) {
        buf_addc(&r->text, chars[found - names]);
        r->at++;
        return 0;
    }
    if (*r->at == 'x') {
        r->at++;
        c = hex(&r->at, r->end);
        if (c < 0)
            return fail(r, start, e, "\\x without hexadecimal digits");
    } else if (*r->at >= '0' && *r->at <= '7') {
        c = octal(&r->at, r->end);
    } else if (*r->at != '\0') {
        buf_addc(&r->text, '\\');
        buf_addc(&r->text, *r->at++);
        return 0;
    } else {
        c = 0;
    }
    if (c == 0)
        return fail(r, start, e, "NUL character in a string");
    buf_addc(&r->text, (char)c);
    return 0;
}

static void add_text(struct reader *r, const char *text, size_t len)
{
    vec_push(&r->items, value_strn_in(r->arena, text, len));
}

/* The items of the innermost open list become one item of the one around it. */
static void close_list(struct reader *r)
{
    size_t first = r->opened[r->depth];
    struct value *list = value_list_in_take(r->arena, r->items.ptr + first, r->items.len - first);

    r->items.len = first;
    vec_push(&r->items, list);
}

static int read_string(struct reader *r, struct err *e)
{
    const char *start = r->at;
    char quote = *r->at++;

    r->text.len = 0;
    while (r->at < r->end && *r->at != quote) {
        if (*r->at == '\0')
            return fail(r, r->at, e, "NUL character in a string");
        if (*r->at++ != '\\')
            buf_addc(&r->text, r->at[-1]);
        else if (read_escape(r, e) < 0)
            return -1;
    }
    if (r->at == r->end)
        return fail(r, start, e, "string without end");
    r->at++;
    add_text(r, buf_str(&r->text), r->text.len);
    return 0;
}

static int read_atom(struct reader *r, struct err *e)
{
    const char *start = r->at;

    while (r->at < r->end && !is_separator(*r->at) && !is_special(*r->at)) {
        if ((unsigned char)*r->at < ' ' || *r->at == 0x7f)
            return fail(r, r->at, e, "control character");
        r->at++;
    }
    add_text(r, start, (size_t)(r->at - start));
    return 0;
}

static int read_forms(struct reader *r, struct err *e)
{
    while (r->at < r->end) {
        char c = *r->at;

        if (c == '\0') {
            return fail(r, r->at, e, "control character");
        } else if (is_separator(c)) {
            r->at++;
        } else if (c == '#') {
            while (r->at < r->end && *r->at != '\n')
                r->at++;
        } else if (c == '(') {
            if (r->depth == VALUE_DEPTH_MAX)
                return fail(r, r->at, e, "nested too deep");
            note_line(r);
            r->opened_at[++r->depth] = r->at++;
            r->opened[r->depth] = r->items.len;
        } else if (c == ')') {
            if (r->depth == 0)
                return fail(r, r->at, e, "')' without '('");
            r->at++;
            close_list(r);
            r->depth--;
        } else {
            note_line(r);
            if ((c == '\'' || c == '"' ? read_string(r, e) : read_atom(r, e)) < 0)
                return -1;
        }
    }
    if (r->depth)
        return fail(r, r->opened_at[r->depth], e, "'(' without ')'");
    return 0;
}

/* All forms as one list, or NULL. */
static struct value *read_all_forms(struct reader *r, struct err *e)
{
    struct value *all = NULL;
    int result;

    r->at = r->counted = r->start;
    r->line = 1;
    result = read_forms(r, e);
    if (result == 0)
        all = value_list_in_take(r->arena, r->items.ptr, r->items.len);
    for (size_t i = 0; result < 0 && !r->arena && i < r->items.len; i++)
        value_free(r->items.ptr[i]);
    buf_clear(&r->text);
    vec_clear(&r->items);
    return all;
}

struct value *sxp_parse(const char *text, size_t len, const char *name, struct err *e)
{
    return sxp_parse_lines(text, len, name, NULL, e);
}

struct value *sxp_parse_lines(const char *text, size_t len, const char *name, struct value **lines,
                              struct err *e)
{
    struct reader r = {.name = name, .start = text, .end = text + len};

    if (lines)
        *lines = r.lines = value_list();
    return read_all_forms(&r, e);
}

const struct value *sxp_parse_in(struct arena *a, const char *text, size_t len, const char *name,
                                 struct err *e)
{
    struct reader r = {.name = name, .start = text, .end = text + len, .arena = a};

    return read_all_forms(&r, e);
}

static void print_string(const char *s, size_t len, struct buf *out)
{
    bool bare = true;
    char quote;

    for (size_t i = 0; i < len && bare; i++)
        bare = isalnum((unsigned char)s[i]) || strchr(".-_:/~", s[i]);
    if (bare) {
        buf_add(out, s, len);
        return;
    }
    quote = memchr(s, '\'', len) && !memchr(s, '"', len) ? '"' : '\'';
    buf_addc(out, quote);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '\\' || c == (unsigned char)quote)
            buf_addf(out, "\\%c", c);
        else if (c == '\n')
            buf_adds(out, "\\n");
        else if (c == '\t')
            buf_adds(out, "\\t");
        else if (c == '\r')
            buf_adds(out, "\\r");
        else if (c < ' ' || c >= 0x7f)
            buf_addf(out, "\\x%02x", c);
        else
            buf_addc(out, (char)c);
    }
    buf_addc(out, quote);
}

/* Prints v on one line; false as soon as out is longer than limit, so that trying costs little. */
static bool print_line(const struct value *v, size_t limit, struct buf *out)
{
    bool map = value_type(v) == VALUE_MAP;

    switch (value_type(v)) {
    case VALUE_NIL:
        break;
    case VALUE_BOOL:
        buf_addc(out, value_as_bool(v) ? '1' : '0');
        break;
    case VALUE_INT:
        buf_addf(out, "%" PRId64, value_as_int(v));
        break;
    case VALUE_REAL:
        buf_addf(out, "%.17g", value_as_real(v));
        break;
    case VALUE_STRING:
        print_string(value_as_str(v), value_str_len(v), out);
        break;
    case VALUE_LIST:
    case VALUE_MAP:
        buf_addc(out, '(');
        for (size_t i = 0; i < value_len(v); i++) {
            if (i)
                buf_addc(out, ' ');
            if (map) {
                buf_addc(out, '(');
                print_string(value_key(v, i), strlen(value_key(v, i)), out);
                buf_addc(out, ' ');
            }
            if (!print_line(value_at(v, i), limit, out))
                return false;
            if (map)
                buf_addc(out, ')');
        }
        buf_addc(out, ')');
        break;
    }
    return out->len <= limit;
}

void sxp_print(const struct value *v, struct buf *out)
{
    print_line(v, SIZE_MAX, out);
}

/* Prints v at column `indent`, where the line already ends. */
static void print_block(const struct value *v, size_t indent, size_t width, struct buf *out)
{
    size_t start = out->len;
    bool splits = value_type(v) == VALUE_LIST && value_len(v) > 0;
    size_t room = width > indent ? width - indent : 0;

    if (print_line(v, splits ? start + room : SIZE_MAX, out))
        return;
    out->len = start;
    buf_addc(out, '(');
    for (size_t i = 0; i < value_len(v); i++) {
        if (i || value_type(value_at(v, i)) == VALUE_LIST) {
            buf_addc(out, '\n');
            buf_fill(out, ' ', indent + 4);
        }
        print_block(value_at(v, i), indent + 4, width, out);
    }
    buf_addc(out, '\n');
    buf_fill(out, ' ', indent);
    buf_addc(out, ')');
}

void sxp_print_pretty(const struct value *v, size_t width, struct buf *out)
{
    print_block(v, 0, width, out);
    buf_addc(out, '\n');
}

const char *sxp_head(const struct value *form)
{
    if (value_len(form) == 0 || value_type(form) != VALUE_LIST ||
        value_type(value_at(form, 0)) != VALUE_STRING)
        return "";
    return value_as_str(value_at(form, 0));
}

struct value *sxp_child(const struct value *form, const char *key)
{
    for (size_t i = 0; i < value_len(form); i++) {
        struct value *child = value_at(form, i);
        const char *head = sxp_head(child); /* most differ in the first letter */
        if (head[0] == key[0] && value_type(child) == VALUE_LIST && strcmp(head, key) == 0)
            return child;
    }
    return NULL;
}

struct value *sxp_pair(const char *key, const char *text)
{
    struct value *v = value_list();

    value_add_take(v, value_str(key));
    value_add_take(v, value_str(text));
    return v;
}

struct value *sxp_child_value(const struct value *form, const char *key)
{
    struct value *child = sxp_child(form, key);

    return value_len(child) > 1 ? value_at(child, 1) : NULL;
}
