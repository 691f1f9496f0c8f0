/*
 * execfile('NAME'), and `from NAME import *` for a file beside the one that runs: the text is
 * lexed, parsed and run like the rest, within the same limits. Who calls py_eval() reads the file
 * and decides which may be read. The texts stand behind each other, so that a place is one number.
 */
#include "config/py_ast.h"
#include "libxl/base/mem.h"
#include "libxl/base/utf8.h"

/* Appends the file to p->text; returns where it begins. */
static uint32_t append_text(struct py *p, const char *name)
{
    struct py_part *part = &p->parts[p->nparts];
    struct buf settled = BUF_INIT;
    struct err e = {0};
    char *text;
    uint32_t n;

    if (p->nparts == PY_INCLUDES_MAX)
        py_raise(p, &py_Limit, "more than %d files are included", PY_INCLUDES_MAX);
    p->included.len = 0;
    if (p->in->include(p->in->include_arg, name, &p->included, &e) < 0)
        py_raise_hint(p, &py_IOError, e.hint[0] ? py_printf(p, "%s", e.hint) : NULL, "%s", e.msg);
    if (p->included.len + p->len > PY_TEXT_MAX)
        py_raise(p, &py_Limit, "the files together are longer than %u bytes", PY_TEXT_MAX);
    if (memchr(buf_str(&p->included), '\0', p->included.len))
        py_raise(p, &py_ValueError, "%s contains a NUL byte", name);
    if (py_settle_text(buf_str(&p->included), p->included.len, &settled)) {
        buf_clear(&p->included);
        p->included = settled;
    }
    n = (uint32_t)p->included.len;
    text = py_alloc(p, p->len + 1 + n);
    memcpy(text, p->text, p->len);
    text[p->len] = '\n';
    memcpy(text + p->len + 1, buf_str(&p->included), n);
    *part = (struct py_part){.name = name, .start = p->len + 1, .called_at = p->here->at};
    p->nparts++;
    p->text = text;
    p->len += n + 1;
    return part->start;
}

bool py_include(struct py *p, const char *name)
{
    struct frame *frame = p->frame;
    const struct node *here = p->here;
    struct py_lex lex;
    struct node *first;
    uint32_t start;

    if (!p->in->include)
        return false;
    py_enter(p);
    start = append_text(p, name);
    if (p->len - start >= 3 && memcmp(p->text + start, "\xef\xbb\xbf", 3) == 0)
        start += 3;
    py_lex_init(p, &lex, start, p->len, false);
    p->scope = NULL;
    p->nest = p->loops = 0;
    first = py_parse(p);
    p->lex = NULL;
    p->frame = NULL;
    py_exec(p, first);
    p->frame = frame;
    p->here = here;
    py_leave(p);
    return true;
}

struct obj py_lib_execfile(struct py *p, struct call *c)
{
    struct obj name = py_arg_str(p, c, 0);

    if (!py_include(p, py_cstr(p, name)))
        py_raise_hint(p, &py_IOError, "xm can include a file that stands beside this one",
                      "files cannot be included here");
    return py_none();
}
