/* Evaluates expressions. Called by py_exec.c and, for bodies of functions, by py_call.c. */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

typedef struct obj eval_fn(struct py *p, const struct node *n);

static struct obj eval_const(struct py *p, const struct node *n)
{
    (void)p;
    return n->value;
}

/* NameError, with the nearest name that would work, or what to do instead. */
static _Noreturn void unknown_name(struct py *p, const struct sym *name)
{
    struct py_near near = py_near_start(p, name->name, name->len);
    const char *hint;

    for (const struct frame *f = p->frame; f; f = f->outer)
        for (uint32_t i = 0; i < f->n; i++)
            if (f->slots[i].type != T_UNSET)
                py_near_offer(&near, f->names[i]->name, f->names[i]->len);
    for (const struct sym *s = p->globals; s; s = s->next_global)
        if (s->global.type != T_UNSET)
            py_near_offer(&near, s->name, s->len);
    py_near_offer_rows(&near, py_builtins);
    py_near_offer(&near, "True", 4);
    py_near_offer(&near, "False", 5);
    py_near_offer(&near, "None", 4);
    hint =
        name->len == 4 && memcmp(name->name, "null", 4) == 0 ? "write `None`" : py_near_hint(&near);
    if (!hint && py_module_find(name->name, name->len))
        hint = py_printf(p, "write `import %.*s` before", (int)name->len, name->name);
    py_raise_hint(p, &py_NameError,
                  hint ? hint : "text stands in quotes; variables are set before they are used",
                  "name `%.*s` is not defined", (int)name->len, name->name);
}

/* Locals from the inside out, then globals, builtins, exception classes. */
static struct obj eval_name(struct py *p, const struct node *n)
{
    struct sym *name = n->name;
    const struct exc_class *cls;

    for (struct frame *f = p->frame; f; f = f->outer)
        for (uint32_t i = 0; i < f->n; i++)
            if (f->names[i] == name) {
                if (f->slots[i].type != T_UNSET)
                    return f->slots[i];
                p->here = n;
                py_raise_hint(p, &py_NameError,
                              name->global.type != T_UNSET
                                  ? "inside a function, `global` gives access to change it"
                                  : NULL,
                              "local variable `%.*s` is used before it is set", (int)name->len,
                              name->name);
            }
    if (name->global.type != T_UNSET)
        return name->global;
    if (py_builtin_of(name))
        return (struct obj){.type = T_BUILTIN, .row = name->builtin};
    cls = py_exc_class_find(name->name, name->len);
    if (cls)
        return (struct obj){.type = T_CLASS, .cls = cls};
    p->here = n;
    if (name->broken)
        py_raise(p, &py_Broken, "see the error before");
    unknown_name(p, name);
}

/* Adds the items of *a, or the pairs of **a. */
static void add_all(struct py *p, struct obj to, const struct node *star)
{
    struct obj from = py_value_of(p, star->kind == N_STAR ? star->a : star->arg), item;
    struct iter it;

    p->here = star;
    if (to.type == T_DICT) {
        if (from.type != T_DICT)
            py_raise(p, &py_TypeError, "a dict stands after **, not %s", py_type_text(from));
        py_dict_update(p, to.dict, from);
        return;
    }
    for (it = py_iter(p, from); py_iter_next(&it, &item);) {
        py_charge(p, 1);
        if (to.type == T_SET)
            py_dict_set(p, to.dict, item, py_none());
        else
            py_list_add(p, to.list, item);
    }
}

/* Lists and tuples. */
static struct obj eval_list(struct py *p, const struct node *n)
{
    struct obj list = n->kind == N_LIST ? py_list_new(p, n->n) : py_tuple_new(p, n->n);

    for (const struct node *item = n->items; item; item = item->next) {
        if (item->kind == N_STAR)
            add_all(p, list, item);
        else
            py_list_add(p, list.list, py_value_of(p, item));
    }
    return list;
}

/* Dicts and sets; items of a dict come in pairs. */
static struct obj eval_dict(struct py *p, const struct node *n)
{
    struct obj dict = n->kind == N_DICT ? py_dict_new(p) : py_set_new(p);

    for (const struct node *item = n->items; item; item = item->next) {
        const struct node *where = item;
        struct obj key, value = py_none();
        if (item->kind == N_STAR || item->kind == N_KEYWORD) {
            add_all(p, dict, item);
            continue;
        }
        key = py_value_of(p, item);
        if (n->kind == N_DICT) {
            item = item->next;
            value = py_value_of(p, item);
        }
        p->here = where;
        py_dict_set(p, dict.dict, key, value);
    }
    return dict;
}

static struct obj eval_unary(struct py *p, const struct node *n)
{
    struct obj a = py_value_of(p, n->a);

    p->here = n;
    return py_unary(p, n->op, a);
}

static struct obj eval_binary(struct py *p, const struct node *n)
{
    struct obj a = py_value_of(p, n->a), b = py_value_of(p, n->b);

    p->here = n;
    return py_binary(p, n->op, a, b);
}

static struct obj eval_and(struct py *p, const struct node *n)
{
    struct obj a = py_value_of(p, n->a);

    return py_truth(a) ? py_value_of(p, n->b) : a;
}

static struct obj eval_or(struct py *p, const struct node *n)
{
    struct obj a = py_value_of(p, n->a);

    return py_truth(a) ? a : py_value_of(p, n->b);
}

static struct obj eval_not(struct py *p, const struct node *n)
{
    return py_bool(!py_truth(py_value_of(p, n->a)));
}

/* a < b < c compares b with both, evaluates it once, and stops at the first that fails. */
static struct obj eval_compare(struct py *p, const struct node *n)
{
    const struct node *operand = n->items;
    struct obj a = py_value_of(p, operand), b;

    while ((operand = operand->next)) {
        b = py_value_of(p, operand->a);
        p->here = n;
        if (!py_test(p, operand->op, a, b))
            return py_bool(false);
        a = b;
    }
    return py_bool(true);
}

static struct obj eval_cond(struct py *p, const struct node *n)
{
    return py_value_of(p, py_truth(py_value_of(p, n->b)) ? n->a : n->c);
}

/* Positional arguments: the first few stand on the caller's stack, more in the arena. */
static void add_arg(struct py *p, struct call *c, uint32_t *cap, struct obj value)
{
    if (c->npos == *cap) {
        struct obj *more = py_alloc(p, 2 * *cap * sizeof(value));
        memcpy(more, c->pos, c->npos * sizeof(value));
        c->pos = more;
        *cap *= 2;
    }
    c->pos[c->npos++] = value;
}

/* Keywords keep their order, for **kwargs. */
static void add_keyword(struct py *p, struct call *c, struct obj key, struct obj value)
{
    if (key.type != T_STR)
        py_raise(p, &py_TypeError, "the keys of ** arguments are strings");
    if ((c->nkw & (c->nkw - 1)) == 0) /* grows at powers of two */
        c->kw = py_grow(p, c->kw, c->nkw * sizeof(c->kw[0]),
                        (c->nkw ? 2 * c->nkw : 1) * sizeof(c->kw[0]));
    c->kw[c->nkw++] = (struct entry){.key = key, .value = value};
}

/* *list and **dict in a call. */
static void add_stars(struct py *p, struct call *c, uint32_t *cap, const struct node *arg)
{
    struct obj value = py_value_of(p, arg->kind == N_STAR ? arg->a : arg->arg), item;
    struct iter it;

    p->here = arg;
    if (arg->kind == N_STAR) {
        for (it = py_iter(p, value); py_iter_next(&it, &item);)
            add_arg(p, c, cap, item);
        return;
    }
    if (value.type != T_DICT)
        py_raise(p, &py_TypeError, "a dict stands after **, not %s", py_type_text(value));
    for (uint32_t i = 0; i < value.dict->len; i++)
        if (value.dict->entries[i].key.type != T_UNSET)
            add_keyword(p, c, value.dict->entries[i].key, value.dict->entries[i].value);
}

/* Arguments are evaluated in the order they stand in. */
static void eval_args(struct py *p, struct call *c, uint32_t cap, const struct node *args)
{
    for (const struct node *arg = args; arg; arg = arg->next) {
        if (arg->kind == N_STAR || (arg->kind == N_KEYWORD && !arg->keyword))
            add_stars(p, c, &cap, arg);
        else if (arg->kind == N_KEYWORD)
            add_keyword(p, c, py_strn(arg->keyword->name, arg->keyword->len),
                        py_value_of(p, arg->arg));
        else
            add_arg(p, c, &cap, py_value_of(p, arg));
    }
}

/* A call; object.method(...) goes to the method's row without making a bound method. */
static struct obj eval_call(struct py *p, const struct node *n)
{
    struct obj few[4], fn;
    struct call c = {.pos = few};
    const struct py_row *row = NULL;

    if (n->fn->kind == N_ATTR) {
        c.self = py_value_of(p, n->fn->of);
        p->here = n->fn;
        row = py_method_find(p, c.self, n->fn->attr);
    }
    if (row)
        fn = (struct obj){.type = T_BUILTIN, .row = row};
    else if (n->fn->kind == N_ATTR)
        fn = py_attr(p, c.self, n->fn->attr);
    else
        fn = py_value_of(p, n->fn);
    eval_args(p, &c, ARRAY_LEN(few), n->args);
    p->here = n;
    return py_call(p, fn, &c);
}

static struct obj eval_attr(struct py *p, const struct node *n)
{
    struct obj of = py_value_of(p, n->of);

    p->here = n;
    return py_attr(p, of, n->attr);
}

/* Indexing and slicing. */
static struct obj eval_index(struct py *p, const struct node *n)
{
    struct obj of = py_value_of(p, n->a), bounds[3], key;

    if (n->b->kind == N_SLICE) {
        py_bounds(p, n->b, bounds);
        p->here = n;
        return py_slice(p, of, bounds);
    }
    key = py_value_of(p, n->b);
    p->here = n;
    return py_index(p, of, key);
}

static struct obj eval_lambda(struct py *p, const struct node *n)
{
    return py_func_new(p, n->def);
}

/* What a comprehension is making. */
struct comp {
    const struct node *n;
    struct obj result;
};

static void comp_clause(struct py *p, struct comp *c, const struct node *clause, struct obj seq);

/* Behind the last `for` of a comprehension: its element; else the next `for`. */
static void comp_item(struct py *p, struct comp *c, const struct node *next)
{
    struct obj item;

    if (next) {
        comp_clause(p, c, next, py_value_of(p, next->comp_iter));
        return;
    }
    item = py_value_of(p, c->n->elt);
    if (c->n->op == TOK_LBRACKET || c->n->op == TOK_LPAREN)
        py_list_add(p, c->result.list, item);
    else
        py_dict_set(p, c->result.dict, item, c->n->val ? py_value_of(p, c->n->val) : py_none());
}

/* One `for` of a comprehension with its conditions. */
static void comp_clause(struct py *p, struct comp *c, const struct node *clause, struct obj seq)
{
    struct obj item;
    struct iter it;

    p->here = clause->comp_iter;
    for (it = py_iter(p, seq); py_iter_next(&it, &item);) {
        const struct node *cond = clause->conditions;
        py_charge(p, 1);
        py_assign(p, clause->comp_target, item);
        while (cond && py_truth(py_value_of(p, cond)))
            cond = cond->next;
        if (!cond)
            comp_item(p, c, clause->next);
    }
}

static struct frame *comp_frame(struct py *p, const struct func_def *def)
{
    struct frame *f = py_alloc(p, sizeof(*f) + def->nlocals * sizeof(f->slots[0]));

    memset(f, 0, sizeof(*f) + def->nlocals * sizeof(f->slots[0]));
    f->outer = p->frame;
    f->names = def->locals;
    f->n = def->nlocals;
    return f;
}

/* Its loop variables live in a frame of their own, as in Python 3. */
static struct obj eval_comp(struct py *p, const struct node *n)
{
    struct comp c = {.n = n};
    struct frame *saved = p->frame;
    struct obj seq = py_value_of(p, n->clauses->comp_iter);

    c.result = n->op == TOK_LBRACE  ? py_set_new(p)
               : n->op == TOK_COLON ? py_dict_new(p)
                                    : py_list_new(p, 0);
    if (n->op == TOK_LPAREN)
        c.result.len = PY_ITERATOR;
    p->frame = comp_frame(p, n->def);
    comp_clause(p, &c, n->clauses, seq);
    p->frame = saved;
    return c.result;
}

/* {value!conversion:spec} of an f-string. */
static void add_field(struct py *p, struct text *t, const struct node *n)
{
    struct obj value = py_value_of(p, n->a);
    struct obj spec = n->b ? py_value_of(p, n->b) : py_strn("", 0);

    p->here = n;
    if (n->op)
        value = n->op == 's' ? py_to_str(p, value) : py_to_repr(p, value);
    py_format_spec(t, value, spec);
}

/* F-strings, and adjacent strings of which one is an f-string. */
static struct obj eval_fstring(struct py *p, const struct node *n)
{
    struct text t = {.p = p};

    for (const struct node *part = n->items; part; part = part->next) {
        if (part->kind == N_FIELD)
            add_field(p, &t, part);
        else
            py_text_add_str(&t, py_value_of(p, part));
    }
    return py_text_done(&t);
}

static struct obj eval_walrus(struct py *p, const struct node *n)
{
    struct obj value = py_value_of(p, n->b);

    py_store_outer(p, n->a->name, value, n->a->at);
    return value;
}

static eval_fn *const evals[N_COUNT] = {
    [N_CONST] = eval_const,     [N_NAME] = eval_name,     [N_LIST] = eval_list,
    [N_TUPLE] = eval_list,      [N_SET] = eval_dict,      [N_DICT] = eval_dict,
    [N_UNARY] = eval_unary,     [N_BINARY] = eval_binary, [N_AND] = eval_and,
    [N_OR] = eval_or,           [N_NOT] = eval_not,       [N_COMPARE] = eval_compare,
    [N_COND] = eval_cond,       [N_CALL] = eval_call,     [N_ATTR] = eval_attr,
    [N_INDEX] = eval_index,     [N_LAMBDA] = eval_lambda, [N_COMP] = eval_comp,
    [N_FSTRING] = eval_fstring, [N_WALRUS] = eval_walrus,
};

/* The one way into evaluation: counts, bounds the depth, notes where we are. */
struct obj py_value_of(struct py *p, const struct node *n)
{
    struct obj value;

    p->here = n;
    py_charge(p, 1);
    if (n->kind == N_CONST)
        return n->value;
    py_enter(p);
    value = evals[n->kind](p, n);
    py_leave(p);
    return value;
}
