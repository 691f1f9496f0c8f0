/* Runs statements. Called by py_eval() in py.c and, for bodies of functions, by py_call.c. */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

typedef enum flow exec_fn(struct py *p, const struct node *n);

static enum flow exec_expr(struct py *p, const struct node *n)
{
    py_value_of(p, n->a);
    return FLOW_NEXT;
}

/* a = b = value: the value is evaluated once, targets are set left to right. */
static enum flow exec_assign(struct py *p, const struct node *n)
{
    struct obj value = py_value_of(p, n->from);

    for (const struct node *target = n->items; target; target = target->next) {
        py_assign(p, target, value);
        if (target->kind == N_NAME && !p->frame)
            target->name->set_to = n->from;
    }
    return FLOW_NEXT;
}

/* a += b changes a list in place, as all names of that list must see it. */
static bool extend_in_place(struct py *p, int op, struct obj a, struct obj b)
{
    struct obj more;

    if (op != TOK_PLUS || a.type != T_LIST)
        return false;
    more = py_list_of(p, b);
    for (uint32_t i = 0; i < more.list->len; i++)
        py_list_add(p, a.list, more.list->items[i]);
    return true;
}

/* xl: += adds to a text or a list, and begins it where there is none. */
static bool begins(const struct py *p, const struct node *n)
{
    const struct node *target = n->a;

    return n->op == TOK_PLUS && !p->frame && target->kind == N_NAME && !target->name->broken &&
           target->name->global.type == T_UNSET &&
           (n->b->kind == N_LIST || (n->b->kind == N_CONST && n->b->value.type == T_STR));
}

/* The container and key of a[k] += b are evaluated once. */
static enum flow exec_augment(struct py *p, const struct node *n)
{
    const struct node *target = n->a;
    struct obj of = {0}, key = {0}, a, b;
    bool indexed = target->kind == N_INDEX && target->b->kind != N_SLICE;

    if (begins(p, n)) {
        py_assign(p, target, py_value_of(p, n->b));
        return FLOW_NEXT;
    }
    if (indexed) {
        of = py_value_of(p, target->a);
        key = py_value_of(p, target->b);
        p->here = target;
        a = py_index(p, of, key);
    } else {
        a = py_value_of(p, target);
    }
    b = py_value_of(p, n->b);
    p->here = n;
    if (!extend_in_place(p, n->op, a, b))
        a = py_binary(p, n->op, a, b);
    if (indexed)
        py_index_set(p, of, key, a);
    else
        py_assign(p, target, a);
    return FLOW_NEXT;
}

/* Walks elif by elif instead of recursing: long chains are common. */
static enum flow exec_if(struct py *p, const struct node *n)
{
    while (!py_truth(py_value_of(p, n->test))) {
        n = n->orelse;
        if (!n || n->kind != N_IF || n->next)
            return py_exec(p, n);
    }
    return py_exec(p, n->body);
}

/* The else runs when the loop was not left by break. */
static enum flow exec_while(struct py *p, const struct node *n)
{
    while (py_truth(py_value_of(p, n->test))) {
        enum flow flow = py_exec(p, n->body);
        if (flow == FLOW_BREAK)
            return FLOW_NEXT;
        if (flow == FLOW_RETURN)
            return flow;
    }
    return py_exec(p, n->orelse);
}

/* Lists may grow while they are walked: they are read by index. */
static enum flow exec_for(struct py *p, const struct node *n)
{
    struct obj seq = py_value_of(p, n->iter), item;
    struct iter it;

    p->here = n->iter;
    for (it = py_iter(p, seq); py_iter_next(&it, &item);) {
        enum flow flow;
        py_charge(p, 1);
        py_assign(p, n->target, item);
        flow = py_exec(p, n->body);
        if (flow == FLOW_BREAK)
            return FLOW_NEXT;
        if (flow == FLOW_RETURN)
            return flow;
    }
    return py_exec(p, n->orelse);
}

/* def is an assignment of a new function. */
static enum flow exec_def(struct py *p, const struct node *n)
{
    py_store(p, n->def->name, py_func_new(p, n->def), n->at);
    return FLOW_NEXT;
}

static enum flow exec_return(struct py *p, const struct node *n)
{
    p->result = n->a ? py_value_of(p, n->a) : py_none();
    return FLOW_RETURN;
}

static enum flow exec_pass(struct py *p, const struct node *n)
{
    (void)p;
    (void)n;
    return FLOW_NEXT;
}

static enum flow exec_break(struct py *p, const struct node *n)
{
    (void)p;
    (void)n;
    return FLOW_BREAK;
}

static enum flow exec_continue(struct py *p, const struct node *n)
{
    (void)p;
    (void)n;
    return FLOW_CONTINUE;
}

static void delete_slice(struct py *p, struct obj of, const struct node *target)
{
    struct obj bounds[3];

    py_bounds(p, target->b, bounds);
    p->here = target;
    py_slice_set(p, of, bounds, py_list_new(p, 0));
}

static void delete (struct py *p, const struct node *target)
{
    struct obj of, key;

    if (target->kind == N_STAR) {
        py_raise(p, &py_TypeError, "`*` has no place in del");
    } else if (target->kind == N_NAME) {
        py_value_of(p, target); /* raises when there is none */
        py_store(p, target->name, (struct obj){.type = T_UNSET}, target->at);
    } else if (target->kind != N_INDEX) {
        for (const struct node *item = target->items; item; item = item->next)
            delete (p, item);
    } else {
        of = py_value_of(p, target->a);
        if (target->b->kind == N_SLICE) {
            delete_slice(p, of, target);
            return;
        }
        key = py_value_of(p, target->b);
        p->here = target;
        py_index_del(p, of, key);
    }
}

static enum flow exec_del(struct py *p, const struct node *n)
{
    for (const struct node *target = n->items; target; target = target->next)
        delete (p, target);
    return FLOW_NEXT;
}

static enum flow exec_import(struct py *p, const struct node *n)
{
    py_exec_import(p, n);
    return FLOW_NEXT;
}

/* An exception from what stands after raise: a class, an exception, with Python 2's argument. */
static struct exc *exception_of(struct py *p, struct obj what, const struct node *arg)
{
    struct obj args = py_tuple_new(p, 1);

    if (what.type == T_EXC)
        return what.exc;
    if (what.type != T_CLASS)
        py_raise(p, &py_TypeError, "an exception is raised, not %s", py_type_text(what));
    if (arg)
        py_list_add(p, args.list, py_value_of(p, arg));
    return py_exc_new(p, what.cls, args);
}

/* An exception that is raised again keeps its first place. */
static enum flow exec_raise(struct py *p, const struct node *n)
{
    struct exc *x = p->handling;

    if (n->a) {
        struct obj what = py_value_of(p, n->a);
        p->here = n;
        x = exception_of(p, what, n->b);
    } else if (!x) {
        py_raise(p, &py_RuntimeError, "there is no exception to raise again");
    }
    if (!x->end) {
        x->at = n->at;
        x->end = n->end;
        x->by_file = true;
    }
    py_throw(p, x);
}

/* The caret stands under the test, as that is what did not hold. */
static enum flow exec_assert(struct py *p, const struct node *n)
{
    struct obj args;
    struct exc *x;

    if (py_truth(py_value_of(p, n->a)))
        return FLOW_NEXT;
    args = py_tuple_new(p, 1);
    py_list_add(p, args.list, n->b ? py_to_str(p, py_value_of(p, n->b)) : py_str("this is not so"));
    x = py_exc_new(p, &py_AssertionError, args);
    x->at = n->a->at;
    x->end = n->a->end;
    x->by_file = true;
    py_throw(p, x);
}

/* The statement of Python 2: a tuple's items with blanks between. */
static enum flow exec_print(struct py *p, const struct node *n)
{
    struct text t = {.p = p};
    struct obj what;

    if (!n->a) {
        py_print(p, py_str("\n"));
        return FLOW_NEXT;
    }
    what = py_value_of(p, n->a);
    if (n->a->kind != N_TUPLE)
        py_text_add_str(&t, what);
    for (uint32_t i = 0; n->a->kind == N_TUPLE && i < what.list->len; i++) {
        py_text_adds(&t, i ? " " : "");
        py_text_add_str(&t, what.list->items[i]);
    }
    py_text_adds(&t, "\n");
    py_print(p, py_text_done(&t));
    return FLOW_NEXT;
}

/* Generators are run to their end at once; what they yield is collected. */
static enum flow exec_yield(struct py *p, const struct node *n)
{
    struct obj value = n->a ? py_value_of(p, n->a) : py_none(), item;
    struct list *to = p->frame->yielded;
    struct iter it;

    p->here = n;
    if (to->len >= PY_LIST_MAX)
        py_raise_at(p, &py_Limit, n->at, n->end, "it is run to its end before the first is used",
                    "this generator gives more than %d values", PY_LIST_MAX);
    if (!n->op) {
        py_list_add(p, to, value);
        return FLOW_NEXT;
    }
    for (it = py_iter(p, value); py_iter_next(&it, &item);) {
        py_charge(p, 1);
        py_list_add(p, to, item);
    }
    return FLOW_NEXT;
}

static exec_fn *const execs[N_COUNT] = {
    [N_EXPR] = exec_expr,     [N_ASSIGN] = exec_assign,     [N_AUGMENT] = exec_augment,
    [N_IF] = exec_if,         [N_WHILE] = exec_while,       [N_FOR] = exec_for,
    [N_DEF] = exec_def,       [N_RETURN] = exec_return,     [N_PASS] = exec_pass,
    [N_BREAK] = exec_break,   [N_CONTINUE] = exec_continue, [N_DEL] = exec_del,
    [N_IMPORT] = exec_import, [N_FROM] = exec_import,       [N_TRY] = py_exec_try,
    [N_RAISE] = exec_raise,   [N_ASSERT] = exec_assert,     [N_PRINT] = exec_print,
    [N_YIELD] = exec_yield,
};

enum flow py_exec_one(struct py *p, const struct node *n)
{
    enum flow flow;

    p->here = n;
    py_charge(p, 1);
    py_enter(p);
    flow = execs[n->kind](p, n);
    py_leave(p);
    return flow;
}

/* Runs statements until one breaks, continues or returns. */
enum flow py_exec(struct py *p, const struct node *n)
{
    enum flow flow = FLOW_NEXT;

    for (; n && flow == FLOW_NEXT; n = n->next)
        flow = py_exec_one(p, n);
    return flow;
}
