/* py_eval(): sets an evaluation up, runs it, hands its variables out. See py.h. */
#include "config/py.h"

#include "config/py_ast.h"
#include "libxl/base/mem.h"
#include "libxl/base/utf8.h"

/* What the original imported before it ran a file: names that are there unasked. */
static const char *const preset_modules[] = {"sys", "os"};

static void preset(struct py *p, const char *name, struct obj value)
{
    struct sym *s = py_intern(p, name, strlen(name));

    s->global = value;
    s->preset = 1;
}

/* What the command line gave; ordinary variables of the file from here on. */
static void preset_variables(struct py *p)
{
    const struct value *vars = p->in->preset;

    for (size_t i = 0; i < value_len(vars); i++) {
        const char *key = value_key(vars, i);
        struct obj value = py_from_value(p, value_at(vars, i));
        py_store(p, py_intern(p, key, strlen(key)), value, PY_NOWHERE);
    }
}

/* Names that are there without an import, as the original had them; not in the result. */
static void preset_names(struct py *p)
{
    for (size_t i = 0; i < ARRAY_LEN(preset_modules); i++)
        preset(
            p, preset_modules[i],
            (struct obj){.type = T_MODULE,
                         .module = py_module_find(preset_modules[i], strlen(preset_modules[i]))});
    for (const struct py_row *row = py_ip_rows; row->name; row++)
        preset(p, row->name, (struct obj){.type = T_BUILTIN, .row = row});
    preset(p, "xm_file", py_str(p->in->name));
    preset(p, "__file__", py_str(p->in->name));
    preset(p, "xm_help", p->in->help ? py_int(1) : py_none());
    preset(p, "xm_vars", (struct obj){.type = T_VARS});
    preset(p, "__name__", py_str("__main__"));
}

/* Ends of lines that neither Unix nor Windows writes, and what is no UTF-8: Latin-1. */
bool py_settle_text(const char *text, size_t len, struct buf *out)
{
    bool latin1 = !utf8_is_valid(text, len);
    bool cr = len && memchr(text, '\r', len) && !memchr(text, '\n', len);

    for (size_t i = 0; (latin1 || cr) && i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\r' && cr)
            c = '\n';
        if (c >= 0x80 && latin1) {
            buf_addc(out, (char)(0xc0 | c >> 6));
            c = 0x80 | (c & 0x3f);
        }
        buf_addc(out, (char)c);
    }
    return latin1 || cr;
}

/* Bounds the text before anything looks at it. */
static void check_text(struct py *p)
{
    const char *nul;

    if (p->in->len > PY_TEXT_MAX)
        py_raise_at(p, &py_Limit, 0, 1, NULL, "this file is longer than %u bytes", PY_TEXT_MAX);
    nul = memchr(p->text, '\0', p->len);
    if (nul)
        py_raise_at(p, &py_SyntaxError, (uint32_t)(nul - p->text), (uint32_t)(nul - p->text) + 1,
                    "is this a text file?", "this file contains a NUL byte");
}

/* The whole evaluation; run under py_protect(), as every step may raise. */
static void run(struct py *p, void *arg)
{
    struct py_lex lex;
    struct value **result = arg;
    struct node *first;

    check_text(p);
    if (py_settle_text(p->text, p->len, &p->settled)) {
        p->text = p->settled.ptr;
        p->len = (uint32_t)p->settled.len;
    }
    preset_names(p);
    preset_variables(p);
    py_lex_init(p, &lex, p->len >= 3 && memcmp(p->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, p->len,
                false);
    first = p->in->rest ? py_parse_on(p) : py_parse(p);
    p->lex = NULL;
    if (p->in->rest)
        py_exec_on(p, first);
    else
        py_exec(p, first);
    *result = py_result(p);
}

/* What ended the evaluation: of several errors the first. */
static void report(struct py *p, struct err *e)
{
    bool limit = p->exc->cls != &py_Broken;

    if (limit)
        py_report(p, p->exc, e);
    if (limit && p->in->rest)
        py_recover_note(p, p->exc);
    if (limit)
        return;
    err_set(e, ERR_INVALID, "%s", p->errors[0].report);
    if (*p->errors[0].hint)
        err_hint(e, "%s", p->errors[0].hint);
    if (!py_protect(p, py_result_late, &p->in->rest->vars))
        p->in->rest->vars = NULL;
}

struct value *py_eval(const struct py_input *in, struct err *e)
{
    static const struct node nowhere = {0};
    struct value *result = NULL;
    struct py p = {.in = in, .text = in->text, .here = &nowhere};
    bool ok;

    p.len = in->len > PY_TEXT_MAX ? PY_TEXT_MAX : (uint32_t)in->len;
    p.globals_end = &p.globals;
    p.vars_end = &p.vars;
    arena_init(&p.arena, PY_BYTES_MAX);
    ok = py_protect(&p, run, &result);
    if (!ok && p.exc->cls == &py_Finished)
        ok = py_protect(&p, py_result_late, &result);
    if (!ok) {
        report(&p, e);
        value_free(result);
        result = NULL;
    }
    if (in->rest)
        py_recover_done(&p);
    py_result_extras(&p);
    arena_clear(&p.arena);
    buf_clear(&p.settled);
    buf_clear(&p.included);
    return result;
}
