/*
 * xm_vars: a file declares with var() which variables it wants from the command line, and check()
 * runs their check functions. See "xm_vars" in DESIGN.md.
 */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

struct xm_var {
    struct sym *name;
    struct obj use, check;
    struct xm_var *next;
};

/* Declares; nothing is checked before check(). */
static struct obj vars_var(struct py *p, struct call *c)
{
    struct xm_var *v = py_alloc(p, sizeof(*v));
    struct obj name = py_arg_str(p, c, 0);

    *v = (struct xm_var){.name = py_intern(p, name.s, name.len), .use = c->a[1], .check = c->a[2]};
    *p->vars_end = v;
    p->vars_end = &v->next;
    return py_none();
}

/* The check function sees the name and the value (None when not given). */
static void run_check(struct py *p, void *arg)
{
    const struct xm_var *v = arg;
    struct obj value = v->name->global, args[2];
    struct call c = {.pos = args, .npos = 2};

    args[0] = py_strn(v->name->name, v->name->len);
    args[1] = value.type == T_UNSET ? py_none() : value;
    value = py_call(p, v->check, &c);
    py_store(p, v->name, value, v->name->global.type == T_UNSET ? PY_NOWHERE : v->name->at);
}

/* The exception of a check function, with the variable's name before it and its use as hint. */
static _Noreturn void throw_named(struct py *p, struct exc *x, const struct xm_var *v)
{
    struct obj text = x->text.len ? x->text : py_str(x->cls->name);
    bool missing = v->name->global.type == T_UNSET;

    if (!py_exc_is(x, &py_BaseException))
        py_throw(p, x);
    x->text = py_str(py_printf(p, "%.*s - %.*s", (int)v->name->len, v->name->name,
                               text.len > 200 ? 200 : (int)text.len, text.s));
    x->by_file = false;
    x->final = true;
    if (v->use.type == T_STR)
        x->hint = py_printf(p, "%s%.*s%s%.*s", missing ? "give it on the command line: " : "",
                            missing ? (int)v->name->len : 0, v->name->name, missing ? "=...: " : "",
                            v->use.len > 150 ? 150 : (int)v->use.len, v->use.s);
    py_throw(p, x);
}

/* The functions run outside any function of the text, so they store global variables. */
static struct obj vars_check(struct py *p, struct call *c)
{
    struct frame *saved = p->frame;

    (void)c;
    if (p->in->help)
        py_raise(p, &py_Finished, "the variables are known");
    p->frame = NULL; /* variables are stored at top level */
    for (struct xm_var *v = p->vars; v; v = v->next)
        if (v->check.type != T_UNSET && v->check.type != T_NONE && !py_protect(p, run_check, v))
            throw_named(p, p->exc, v);
    p->frame = saved;
    return py_none();
}

const struct py_row py_vars_methods[] = {
    {"var", vars_var, 1, 3, "name use check", 0},
    {"check", vars_check, 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

struct value *py_vars_declared(const struct py *p)
{
    struct value *vars = value_map();

    for (const struct xm_var *v = p->vars; v; v = v->next) {
        AUTO(freep) char *name = xstrndup(v->name->name, v->name->len);
        value_set_take(vars, name,
                       v->use.type == T_STR ? value_strn(v->use.s, v->use.len) : value_str(""));
    }
    return vars;
}
