/* Calls: binding arguments to builtins and functions; attributes. Called by py_eval.c. */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

static const struct py_row *const methods[T_END] = {
    [T_STR] = py_str_methods,     [T_LIST] = py_list_methods,   [T_TUPLE] = py_tuple_methods,
    [T_DICT] = py_dict_methods,   [T_SET] = py_set_methods,     [T_VARS] = py_vars_methods,
    [T_REGEX] = py_regex_methods, [T_MATCH] = py_match_methods, [T_FILE] = py_file_methods,
    [T_HASH] = py_hash_methods};

const struct py_row *py_row_find(const struct py_row *rows, const char *name, size_t len)
{
    for (; rows && rows->name; rows++)
        if (rows->name[0] == name[0] && strncmp(rows->name, name, len) == 0 &&
            rows->name[len] == '\0')
            return rows;
    return NULL;
}

const struct py_row *py_method_find(struct py *p, struct obj o, const struct sym *name)
{
    (void)p;
    return py_row_find(methods[o.type], name->name, name->len);
}

/* AttributeError, with the nearest method that there is. */
static _Noreturn void no_attr(struct py *p, struct obj o, const struct sym *name)
{
    struct py_near near = py_near_start(p, name->name, name->len);

    if (methods[o.type])
        py_near_offer_rows(&near, methods[o.type]);
    py_raise_hint(p, &py_AttributeError, py_near_hint(&near), "%s has no `%.*s`", py_type_text(o),
                  (int)name->len, name->name);
}

/* Names of the items of some tuples, by the tag in their obj.len. */
static const char *const fields[][5] = {
    [PY_UNAME] = {"sysname", "nodename", "release", "version", "machine"},
    [PY_VERSION] = {"major", "minor", "micro"},
};

static bool tuple_field(struct obj o, struct obj name, struct obj *value)
{
    for (uint32_t i = 0; o.len && i < o.list->len; i++)
        if (py_str_is(name, fields[o.len][i])) {
            *value = o.list->items[i];
            return true;
        }
    return false;
}

/* The methods of a type, by the type's own name: str.upper, to be called with a string. */
static const struct py_row *unbound_method(struct obj type, const struct sym *name)
{
    for (uint32_t t = T_STR; type.type == T_BUILTIN && t <= T_SET; t++)
        if (type.row->types == 1u << t)
            return py_row_find(methods[t], name->name, name->len);
    return NULL;
}

/* Attributes that are values: of exceptions, and the name of classes and functions. */
static bool data_attr(struct obj o, struct obj name, struct obj *value)
{
    if (o.type == T_TUPLE)
        return tuple_field(o, name, value);
    if (o.type == T_EXC && py_str_is(name, "args"))
        *value = o.exc->args;
    else if (o.type == T_EXC && py_str_is(name, "message"))
        *value = o.exc->text;
    else if (o.type == T_CLASS && py_str_is(name, "__name__"))
        *value = py_str(o.cls->name);
    else if (o.type == T_BUILTIN && py_str_is(name, "__name__"))
        *value = py_str(o.row->name);
    else if (o.type == T_FUNC && py_str_is(name, "__name__"))
        *value = o.func->def->name ? py_strn(o.func->def->name->name, o.func->def->name->len)
                                   : py_str("<lambda>");
    else
        return false;
    return true;
}

/* Looks at module members, methods, methods of types, data, in this order. */
struct obj py_attr(struct py *p, struct obj o, const struct sym *name)
{
    const struct py_row *row = py_method_find(p, o, name);
    struct obj value;

    if (o.type == T_MODULE)
        return py_module_member(p, o.module, name);
    if (!row && (row = unbound_method(o, name)))
        o.type = T_UNSET;
    if (row) {
        struct method *m = py_alloc(p, sizeof(*m));
        *m = (struct method){.self = o, .row = row};
        return (struct obj){.type = T_METHOD, .method = m};
    }
    if (!data_attr(o, py_strn(name->name, name->len), &value))
        no_attr(p, o, name);
    return value;
}

/* The place of a keyword in a row's blank-separated parameter names, or -1. */
static int param_index(const char *params, struct obj key)
{
    int i = 0;

    while (params && *params) {
        size_t n = strcspn(params, " ");
        if (n == key.len && memcmp(params, key.s, n) == 0)
            return i;
        params += n;
        params += *params == ' ';
        i++;
    }
    return -1;
}

static _Noreturn void no_param(struct py *p, const char *fn, const char *params, struct obj key)
{
    struct py_near near = py_near_start(p, key.s, key.len);

    while (params && *params) {
        size_t n = strcspn(params, " ");
        py_near_offer(&near, params, n);
        params += n;
        params += *params == ' ';
    }
    py_raise_hint(p, &py_TypeError, py_near_hint(&near), "%s() has no parameter `%.*s`", fn,
                  (int)key.len, key.s);
}

/* The error of a call with too few or too many arguments, for builtins. */
static _Noreturn void wrong_count(struct py *p, const char *fn, uint32_t min, uint32_t max,
                                  uint32_t given)
{
    uint32_t want = given < min ? min : max;

    py_raise(p, &py_TypeError, "%s() takes %s%u argument%s, %u given", fn,
             min == max    ? ""
             : given < min ? "at least "
                           : "at most ",
             want, want == 1 ? "" : "s", given);
}

/* Puts positional and keyword arguments into a[], and checks their number. */
static void bind_row(struct py *p, const struct py_row *row, struct call *c)
{
    if (c->npos > (uint32_t)row->max)
        wrong_count(p, row->name, (uint32_t)row->min, (uint32_t)row->max, c->npos);
    for (uint32_t i = 0; i < c->npos; i++)
        c->a[i] = c->pos[i];
    for (uint32_t i = 0; i < c->nkw; i++) {
        int at = param_index(row->params, c->kw[i].key);
        if (at < 0)
            no_param(p, row->name, row->params, c->kw[i].key);
        if (c->a[at].type != T_UNSET)
            py_raise(p, &py_TypeError, "%s() got `%.*s` twice", row->name, (int)c->kw[i].key.len,
                     c->kw[i].key.s);
        c->a[at] = c->kw[i].value;
    }
    for (int i = 0; i < row->min; i++)
        if (c->a[i].type == T_UNSET)
            wrong_count(p, row->name, (uint32_t)row->min, (uint32_t)row->max, c->npos + c->nkw);
}

/* Rows with PY_ANY read the arguments themselves; only their minimum is checked here. */
static struct obj call_row(struct py *p, const struct py_row *row, struct call *c)
{
    c->row = row;
    if (row->max >= 0)
        bind_row(p, row, c);
    else if (row->max == PY_ANY && c->npos < (uint32_t)(row->min > 0 ? row->min : 0))
        wrong_count(p, row->name, (uint32_t)row->min, (uint32_t)row->min, c->npos);
    return row->fn(p, c);
}

/* A function made from a def or lambda: defaults are evaluated now, once, as in Python. */
struct obj py_func_new(struct py *p, const struct func_def *def)
{
    struct func *fn = py_alloc(p, sizeof(*fn));

    *fn = (struct func){.def = def, .outer = p->frame};
    fn->defaults = py_alloc(p, (def->nparams + 1) * sizeof(struct obj));
    for (uint32_t i = 0; i < def->nparams; i++)
        fn->defaults[i] = def->params[i].initial ? py_value_of(p, def->params[i].initial)
                                                 : (struct obj){.type = T_UNSET};
    return (struct obj){.type = T_FUNC, .func = fn};
}

static const char *func_name(struct py *p, const struct func_def *def)
{
    return def->name ? py_printf(p, "%.*s", (int)def->name->len, def->name->name) : "lambda";
}

/* Positional arguments to parameters; the rest goes to *args if there is one. */
static void bind_positional(struct py *p, const struct func_def *def, const struct call *c,
                            struct frame *f)
{
    uint32_t given = 0;

    for (uint32_t i = 0; i < def->nparams; i++) {
        if (def->params[i].stars == 2)
            continue;
        if (def->params[i].stars == 0) {
            if (given < c->npos)
                f->slots[i] = c->pos[given++];
            continue;
        }
        f->slots[i] = py_tuple_new(p, c->npos - given);
        while (given < c->npos)
            py_list_add(p, f->slots[i].list, c->pos[given++]);
        break;
    }
    if (given < c->npos)
        py_raise(p, &py_TypeError, "%s() takes %u argument%s, %u given", func_name(p, def),
                 def->nparams, def->nparams == 1 ? "" : "s", c->npos);
}

static _Noreturn void no_parameter(struct py *p, const struct func_def *def, struct obj key)
{
    struct py_near near = py_near_start(p, key.s, key.len);

    for (uint32_t i = 0; i < def->nparams; i++)
        py_near_offer(&near, def->params[i].name->name, def->params[i].name->len);
    py_raise_hint(p, &py_TypeError, py_near_hint(&near), "%s() has no parameter `%.*s`",
                  func_name(p, def), (int)key.len, key.s);
}

/* One name=value argument to its parameter, or to **kwargs. */
static void bind_keyword(struct py *p, const struct func_def *def, const struct entry *kw,
                         struct frame *f)
{
    for (uint32_t i = 0; i < def->nparams; i++) {
        const struct sym *name = def->params[i].name;
        if (def->params[i].stars == 2) {
            py_dict_set(p, f->slots[i].dict, kw->key, kw->value);
            return;
        }
        if (def->params[i].stars || name->len != kw->key.len ||
            memcmp(name->name, kw->key.s, name->len) != 0)
            continue;
        if (f->slots[i].type != T_UNSET)
            py_raise(p, &py_TypeError, "%s() got `%.*s` twice", func_name(p, def), (int)name->len,
                     name->name);
        f->slots[i] = kw->value;
        return;
    }
    no_parameter(p, def, kw->key);
}

/* The frame of a call with all parameters set. */
static struct frame *bind_func(struct py *p, const struct func *fn, const struct call *c)
{
    const struct func_def *def = fn->def;
    size_t size = sizeof(struct frame) + def->nlocals * sizeof(struct obj);
    struct frame *f = py_alloc(p, size);

    memset(f, 0, size);
    f->outer = fn->outer;
    f->names = def->locals;
    f->n = def->nlocals;
    for (uint32_t i = 0; i < def->nparams; i++)
        if (def->params[i].stars == 2)
            f->slots[i] = py_dict_new(p);
    if (def->yields)
        f->yielded = py_list_new(p, 0).list;
    bind_positional(p, def, c, f);
    for (uint32_t i = 0; i < c->nkw; i++)
        bind_keyword(p, def, &c->kw[i], f);
    for (uint32_t i = 0; i < def->nparams; i++) {
        if (f->slots[i].type == T_UNSET)
            f->slots[i] = fn->defaults[i];
        if (f->slots[i].type == T_UNSET)
            py_raise(p, &py_TypeError, "%s() needs its argument `%.*s`", func_name(p, def),
                     (int)def->params[i].name->len, def->params[i].name->name);
    }
    return f;
}

/* Runs a function of the text in a frame of its own. */
static struct obj call_func(struct py *p, const struct func *fn, const struct call *c)
{
    struct frame *frame = bind_func(p, fn, c), *saved = p->frame;
    struct py_active active = {.outer = p->active, .def = fn->def, .at = p->here->at};
    struct obj result = py_none();

    p->frame = frame;
    p->active = &active;
    if (fn->def->is_expr)
        result = py_value_of(p, fn->def->body);
    else if (py_exec(p, fn->def->body) == FLOW_RETURN)
        result = p->result;
    if (fn->def->yields)
        result = (struct obj){.type = T_LIST, .len = PY_ITERATOR, .list = frame->yielded};
    p->active = active.outer;
    p->frame = saved;
    return result;
}

/* Calling an exception class makes an exception. */
static struct obj call_class(struct py *p, const struct exc_class *cls, const struct call *c)
{
    struct obj args = py_tuple_new(p, c->npos);

    for (uint32_t i = 0; i < c->npos; i++)
        py_list_add(p, args.list, c->pos[i]);
    return (struct obj){.type = T_EXC, .exc = py_exc_new(p, cls, args)};
}

/* The first argument of a method taken from its type is the object. */
static void take_self(struct py *p, const struct py_row *row, struct call *c)
{
    if (row->fn == py_lib_fromkeys) /* of the type, not of a dict */
        return;
    if (!c->npos || py_row_find(methods[c->pos[0].type], row->name, strlen(row->name)) != row)
        py_raise(p, &py_TypeError, "%s() of a type takes an object of this type first", row->name);
    c->self = *c->pos++;
    c->npos--;
}

struct obj py_call(struct py *p, struct obj fn, struct call *c)
{
    py_charge(p, 1);
    switch (fn.type) {
    case T_BUILTIN:
        return call_row(p, fn.row, c);
    case T_METHOD:
        c->self = fn.method->self;
        if (c->self.type == T_UNSET)
            take_self(p, fn.method->row, c);
        return call_row(p, fn.method->row, c);
    case T_FUNC:
        return call_func(p, fn.func, c);
    case T_CLASS:
        return call_class(p, fn.cls, c);
    default:
        py_raise_hint(p, &py_TypeError,
                      fn.type == T_STR || fn.type == T_LIST || fn.type == T_TUPLE
                          ? "is a comma or an operator missing before the `(`?"
                          : NULL,
                      "%s is not a function and cannot be called", py_type_text(fn));
    }
}

struct obj py_call1(struct py *p, struct obj fn, struct obj arg)
{
    struct call c = {.pos = &arg, .npos = 1};

    return py_call(p, fn, &c);
}

struct obj py_arg_str(struct py *p, const struct call *c, int i)
{
    if (c->a[i].type != T_STR)
        py_raise(p, &py_TypeError, "%s() takes a string here, not %s", c->row->name,
                 py_type_text(c->a[i]));
    return c->a[i];
}

int64_t py_arg_int(struct py *p, const struct call *c, int i, int64_t fallback)
{
    if (c->a[i].type == T_UNSET)
        return fallback;
    if (!py_is_int(c->a[i]))
        py_raise(p, &py_TypeError, "%s() takes an integer here, not %s", c->row->name,
                 py_type_text(c->a[i]));
    return c->a[i].i;
}
