/* str.format: {} {0} {name.attr[key]!r:spec}. Called through the methods of strings. */
#include <ctype.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

struct format {
    struct py *p;
    const struct call *c;
    uint32_t next; /* of {} */
    bool automatic, manual;
};

static void format_text(struct format *f, struct text *out, struct obj s, int depth);

static struct obj arg_at(struct format *f, uint64_t i)
{
    if (i >= f->c->npos)
        py_raise(f->p, &py_IndexError, "the format asks for value %llu, but %u were given",
                 (unsigned long long)i, f->c->npos);
    return f->c->pos[i];
}

/* Digits only mean a place. */
static bool read_index(struct obj s, uint64_t *i)
{
    *i = 0;
    for (uint32_t k = 0; k < s.len; k++) {
        if (!isdigit((unsigned char)s.s[k]) || k > 8)
            return false;
        *i = *i * 10 + (uint64_t)(s.s[k] - '0');
    }
    return s.len > 0;
}

/* The argument a field's first word means. */
static struct obj arg_of(struct format *f, struct obj name)
{
    uint64_t i;
    bool numbered = read_index(name, &i);

    if (!name.len || numbered) {
        f->automatic |= !name.len;
        f->manual |= numbered;
        if (f->automatic && f->manual)
            py_raise(f->p, &py_ValueError, "{} and {0} cannot be mixed");
        return arg_at(f, numbered ? i : f->next++);
    }
    for (uint32_t k = 0; k < f->c->nkw; k++)
        if (f->c->kw[k].key.len == name.len && memcmp(f->c->kw[k].key.s, name.s, name.len) == 0)
            return f->c->kw[k].value;
    py_raise(f->p, &py_KeyError, "the format asks for `%.*s`, which was not given",
             name.len > 60 ? 60 : (int)name.len, name.s);
}

/* name.attr[key]... */
static struct obj lookup(struct format *f, struct obj path)
{
    uint32_t i = 0, from;
    struct obj value;
    uint64_t index;

    while (i < path.len && path.s[i] != '.' && path.s[i] != '[')
        i++;
    value = arg_of(f, py_strn(path.s, i));
    while (i < path.len) {
        bool attr = path.s[i] == '.';
        struct obj word;
        from = ++i;
        while (i < path.len && path.s[i] != ']' &&
               (!attr || (path.s[i] != '.' && path.s[i] != '[')))
            i++;
        word = py_strn(path.s + from, i - from);
        i += !attr && i < path.len;
        if (attr)
            value = py_attr(f->p, value, py_intern(f->p, word.s, word.len));
        else
            value = py_index(f->p, value, read_index(word, &index) ? py_int((int64_t)index) : word);
    }
    return value;
}

/* The content of one field, without its braces. */
static void format_field(struct format *f, struct text *out, struct obj field, int depth)
{
    uint32_t end = 0, brackets = 0, after;
    struct obj value, spec = py_strn("", 0);
    char conversion = '\0';

    for (; end < field.len; end++) {
        char c = field.s[end];
        brackets += c == '[' ? 1 : 0;
        brackets -= c == ']' && brackets ? 1 : 0;
        if (!brackets && (c == ':' || c == '!'))
            break;
    }
    after = end;
    if (after < field.len && field.s[after] == '!') {
        conversion = after + 1 < field.len ? field.s[after + 1] : '\0';
        if (!conversion || !strchr("rsa", conversion) ||
            (after + 2 < field.len && field.s[after + 2] != ':'))
            py_raise(f->p, &py_ValueError, "one of r, s, a stands after `!` in a format");
        after += 2;
    }
    value = lookup(f, py_strn(field.s, end));
    if (conversion)
        value = conversion == 's' ? py_to_str(f->p, value) : py_to_repr(f->p, value);
    if (after < field.len) {
        struct text t = {.p = f->p};
        format_text(f, &t, py_strn(field.s + after + 1, field.len - after - 1), depth + 1);
        spec = py_text_done(&t);
    }
    py_format_spec(out, value, spec);
}

/* The place of the brace that closes the field which begins at i. */
static uint32_t find_close(struct format *f, struct obj s, uint32_t i)
{
    int depth = 1;

    for (; i < s.len; i++) {
        depth += s.s[i] == '{' ? 1 : s.s[i] == '}' ? -1 : 0;
        if (depth == 0)
            return i;
    }
    py_raise_hint(f->p, &py_ValueError, "write `{{` for a brace that stands for itself",
                  "a `{` of the format is never closed");
}

/* Literal text and fields; in a spec (depth 1) braces are never doubled. */
static void format_text(struct format *f, struct text *out, struct obj s, int depth)
{
    for (uint32_t i = 0; i < s.len; i++) {
        char c = s.s[i];
        bool doubled = i + 1 < s.len && s.s[i + 1] == c;
        if (c != '{' && c != '}') {
            py_text_add(out, &c, 1);
        } else if (doubled && depth == 0) {
            py_text_add(out, &c, 1);
            i++;
        } else if (c == '}') {
            py_raise_hint(f->p, &py_ValueError, "write `}}` for a brace that stands for itself",
                          "a `}` of the format closes nothing");
        } else {
            uint32_t close = find_close(f, s, i + 1);
            if (depth > 1)
                py_raise(f->p, &py_ValueError, "the fields of a format are nested too deep");
            py_charge(f->p, 1);
            format_field(f, out, py_strn(s.s + i + 1, close - i - 1), depth);
            i = close;
        }
    }
    py_charge_scan(f->p, s.len);
}

struct obj py_str_format(struct py *p, struct call *c)
{
    struct format f = {.p = p, .c = c};
    struct text out = {.p = p};

    format_text(&f, &out, c->self, 0);
    return py_text_done(&out);
}
