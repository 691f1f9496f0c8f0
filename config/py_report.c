/*
 * An exception as people see it: file, line, column, text, the line itself and a caret below; and
 * the search for a name that was meant. Nothing here raises but py_near_hint().
 */
#include <stdio.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

#define WIDTH_MAX 100     /* characters shown of a line */
#define NAME_MAX_SHOWN 60 /* longer names are no typing errors of others */

const struct py_part *py_part_of(const struct py *p, uint32_t at)
{
    const struct py_part *part = NULL;

    for (uint32_t i = 0; i < p->nparts; i++)
        if (at >= p->parts[i].start)
            part = &p->parts[i];
    return part;
}

/* Lines count from 1, in each file. */
uint32_t py_line_of(const struct py *p, uint32_t at)
{
    const struct py_part *part = py_part_of(p, at);
    uint32_t line = 1;
    const char *s = p->text + (part ? part->start : 0),
               *end = p->text + (at < p->len ? at : p->len);

    while ((s = memchr(s, '\n', (size_t)(end - s)))) {
        line++;
        s++;
    }
    return line;
}

static bool is_continuation(char c) /* a UTF-8 byte that begins no character */
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static uint32_t chars_between(const struct py *p, uint32_t from, uint32_t to)
{
    uint32_t n = 0;

    for (; from < to; from++)
        n += !is_continuation(p->text[from]);
    return n;
}

/* The part of the source that is shown: [from, to) around the caret at [at, end). */
struct view {
    uint32_t line_start, at, end, from, to;
};

/* Long lines are cut so that the caret is well inside, never within a character. */
static struct view view_of(const struct py *p, uint32_t at, uint32_t end)
{
    struct view v = {.at = at < p->len ? at : p->len};
    uint32_t i = v.at;

    while (i > 0 && p->text[i - 1] != '\n')
        i--;
    v.line_start = v.from = i;
    for (v.to = v.at; v.to < p->len && p->text[v.to] != '\n' && p->text[v.to] != '\r';)
        v.to++;
    if (v.at > v.to)
        v.at = v.to; /* the line's end is meant */
    v.end = end < v.to ? end : v.to;
    if (v.at - v.from > WIDTH_MAX - 30)
        v.from = v.at - (WIDTH_MAX - 30);
    if (v.to - v.from > WIDTH_MAX)
        v.to = v.from + WIDTH_MAX;
    while (v.from < v.at && is_continuation(p->text[v.from]))
        v.from++;
    while (v.to > v.at && v.to < p->len && is_continuation(p->text[v.to]))
        v.to--;
    if (v.end > v.to)
        v.end = v.to;
    return v;
}

/* The line, and below it blanks (tabs stay tabs) and the caret. */
static void add_source(const struct py *p, const struct view *v, struct buf *out)
{
    bool cut = v->from > v->line_start;
    uint32_t width = v->end > v->at ? chars_between(p, v->at, v->end) : 1;

    buf_addf(out, "\n    %s", cut ? "..." : "");
    for (uint32_t i = v->from; i < v->to; i++) {
        unsigned char c = (unsigned char)p->text[i];
        buf_addc(out, c < 0x20 && c != '\t' ? '?' : (char)c);
    }
    buf_addf(out, "\n    %s", cut ? "   " : "");
    for (uint32_t i = v->from; i < v->at; i++)
        if (!is_continuation(p->text[i]))
            buf_addc(out, p->text[i] == '\t' ? '\t' : ' ');
    buf_addc(out, '^');
    buf_fill(out, '~', width ? width - 1 : 0);
}

static void add_calls(const struct py *p, const struct exc *x, struct buf *out)
{
    for (uint32_t i = 0; i < x->ncalls; i++) {
        const struct sym *name = x->calls[i].def->name;
        buf_addf(out, "\n    in %.*s(), called from line %u", name ? (int)name->len : 6,
                 name ? name->name : "lambda", py_line_of(p, x->calls[i].at));
    }
}

/* Texts are shown with control characters masked: the report goes to terminals and logs. */
static void add_text(const struct exc *x, struct buf *out)
{
    if (x->by_file)
        buf_addf(out, "%s%s", x->cls->name, x->text.len ? ": " : "");
    for (uint32_t i = 0; i < x->text.len && i < 400; i++) {
        unsigned char c = (unsigned char)x->text.s[i];
        buf_addc(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
}

void py_report(const struct py *p, const struct exc *x, struct err *e)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    struct view v = view_of(p, x->at, x->end);
    const struct py_part *part = py_part_of(p, v.line_start);
    enum err_code code = x->cls == &py_Limit ? ERR_TOO_LARGE : ERR_INVALID;

    buf_addf(&out, "%s:%u:%u: ", part ? part->name : p->in->name, py_line_of(p, v.line_start),
             chars_between(p, v.line_start, v.at) + 1);
    add_text(x, &out);
    add_source(p, &v, &out);
    add_calls(p, x, &out);
    err_set(e, code, "%s", buf_str(&out));
    if (x->hint)
        err_hint(e, "%s", x->hint);
}

struct py_point py_point(const char *text, size_t len, size_t at, size_t end, struct buf *out)
{
    struct py p = {.text = text, .len = (uint32_t)len};
    struct view v = view_of(&p, (uint32_t)at, (uint32_t)end);

    add_source(&p, &v, out);
    return (struct py_point){.line = py_line_of(&p, v.line_start),
                             .column = chars_between(&p, v.line_start, v.at) + 1};
}

struct py_near py_near_start(struct py *p, const char *word, size_t len)
{
    return (struct py_near){.p = p, .near.word = py_printf(p, "%.*s", (int)len, word)};
}

void py_near_offer(struct py_near *n, const char *name, size_t len)
{
    char copy[NAME_MAX_SHOWN + 1];

    if (len >= sizeof(copy) || strlen(n->near.word) < 3)
        return;
    memcpy(copy, name, len);
    copy[len] = '\0';
    near_try(&n->near, copy);
    if (n->near.best == copy)
        n->near.best = py_printf(n->p, "%s", copy);
}

void py_near_offer_rows(struct py_near *n, const struct py_row *rows)
{
    for (; rows->name; rows++)
        py_near_offer(n, rows->name, strlen(rows->name));
}

const char *py_near_hint(const struct py_near *n)
{
    return n->near.best ? py_printf(n->p, "did you mean `%s`?", n->near.best) : NULL;
}
