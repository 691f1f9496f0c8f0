/* try/except/else/finally: the one statement that catches. Called by py_exec.c. */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

struct attempt {
    const struct node *body;
    enum flow flow;
};

static void run_body(struct py *p, void *arg)
{
    struct attempt *a = arg;

    a->flow = py_exec(p, a->body);
}

/* Classes may stand in tuples, tuples in tuples. */
static bool class_matches(struct py *p, const struct exc *x, struct obj cls)
{
    if (cls.type == T_CLASS)
        return py_exc_is(x, cls.cls);
    if (cls.type != T_TUPLE)
        py_raise(p, &py_TypeError, "an exception class stands after except, not %s",
                 py_type_text(cls));
    for (uint32_t i = 0; i < cls.list->len; i++) {
        bool matches;
        py_enter(p);
        matches = class_matches(p, x, cls.list->items[i]);
        py_leave(p);
        if (matches)
            return true;
    }
    return false;
}

/* The first that fits; classes are evaluated only as far as needed. */
static const struct node *find_handler(struct py *p, const struct node *n, const struct exc *x)
{
    for (const struct node *h = n->handlers; h; h = h->next) {
        struct obj cls;
        if (!h->cls)
            return h;
        cls = py_value_of(p, h->cls);
        p->here = h;
        if (class_matches(p, x, cls))
            return h;
    }
    return NULL;
}

/* While a handler runs, a bare raise raises x again. */
static enum flow handle(struct py *p, const struct node *handler, struct exc *x)
{
    struct exc *saved = p->handling;
    enum flow flow;

    p->handling = x;
    if (handler->bind)
        py_assign(p, handler->bind, (struct obj){.type = T_EXC, .exc = x});
    flow = py_exec(p, handler->handler);
    p->handling = saved;
    return flow;
}

/* The statement without its finally. */
static void run_try(struct py *p, void *arg)
{
    struct attempt *whole = arg, body = {.body = whole->body->tried};
    const struct node *n = whole->body, *handler;
    struct exc *x;

    if (py_protect(p, run_body, &body)) {
        whole->flow = body.flow == FLOW_NEXT ? py_exec(p, n->tried_else) : body.flow;
        return;
    }
    x = p->exc;
    handler = py_exc_is(x, &py_BaseException) ? find_handler(p, n, x) : NULL;
    if (!handler)
        py_throw(p, x);
    whole->flow = handle(p, handler, x);
}

/* What the finally block does (return, break) wins over what was on its way. */
enum flow py_exec_try(struct py *p, const struct node *n)
{
    struct attempt whole = {.body = n};
    struct exc *x = NULL;
    struct obj result;
    enum flow flow;

    if (!n->final) {
        run_try(p, &whole);
        return whole.flow;
    }
    if (!py_protect(p, run_try, &whole)) {
        x = p->exc;
        if (!py_exc_is(x, &py_BaseException))
            py_throw(p, x);
    }
    result = p->result; /* the finally block may call functions */
    flow = py_exec(p, n->final);
    if (flow != FLOW_NEXT)
        return flow;
    if (x)
        py_throw(p, x);
    p->result = result;
    return whole.flow;
}
