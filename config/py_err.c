/*
 * Raising, catching, limits, and the report that people see. Called by all of config/py_*.c.
 */
#include <stdarg.h>
#include <stdio.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

#define CLASS(name_, parent_) const struct exc_class py_##name_ = {#name_, parent_};

CLASS(BaseException, NULL)
CLASS(Exception, &py_BaseException)
CLASS(SystemExit, &py_BaseException)
CLASS(TypeError, &py_Exception)
CLASS(ValueError, &py_Exception)
CLASS(NameError, &py_Exception)
CLASS(AttributeError, &py_Exception)
CLASS(ImportError, &py_Exception)
CLASS(AssertionError, &py_Exception)
CLASS(RuntimeError, &py_Exception)
CLASS(SyntaxError, &py_Exception)
static CLASS(LookupError, &py_Exception) CLASS(IndexError, &py_LookupError)
    CLASS(KeyError, &py_LookupError) static CLASS(ArithmeticError, &py_Exception)
        CLASS(ZeroDivisionError, &py_ArithmeticError)
            CLASS(OverflowError, &py_ArithmeticError) static CLASS(OSError, &py_Exception)
                CLASS(IOError, &py_OSError) static CLASS(NotImplementedError, &py_RuntimeError)
                    CLASS(StopIteration, &py_Exception) static CLASS(
                        KeyboardInterrupt, &py_BaseException) static CLASS(UnicodeError,
                                                                           &py_ValueError)
                        CLASS(Limit, NULL) /* no file can name or catch these */
    CLASS(Broken, NULL) CLASS(Finished, NULL)

    /* What a file can name. */
    static const struct exc_class *const classes[] = {
        &py_BaseException,  &py_Exception,         &py_SystemExit,      &py_TypeError,
        &py_ValueError,     &py_NameError,         &py_AttributeError,  &py_ImportError,
        &py_AssertionError, &py_RuntimeError,      &py_SyntaxError,     &py_LookupError,
        &py_IndexError,     &py_KeyError,          &py_ArithmeticError, &py_ZeroDivisionError,
        &py_OverflowError,  &py_OSError,           &py_IOError,         &py_NotImplementedError,
        &py_StopIteration,  &py_KeyboardInterrupt, &py_UnicodeError};

static const struct {
    const char *name;
    const struct exc_class *cls;
} class_aliases[] = {{"StandardError", &py_Exception},
                     {"EnvironmentError", &py_OSError},
                     {"ModuleNotFoundError", &py_ImportError}};

/* Python 2's names for the same classes work, too. */
const struct exc_class *py_exc_class_find(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (strlen(classes[i]->name) == len && memcmp(classes[i]->name, name, len) == 0)
            return classes[i];
    for (size_t i = 0; i < ARRAY_LEN(class_aliases); i++)
        if (strlen(class_aliases[i].name) == len && memcmp(class_aliases[i].name, name, len) == 0)
            return class_aliases[i].cls;
    return NULL;
}

bool py_exc_is(const struct exc *x, const struct exc_class *cls)
{
    for (const struct exc_class *c = x->cls; c; c = c->parent)
        if (c == cls)
            return true;
    return false;
}

/* The only setjmp(). State that a jump would leave wrong is put back here. */
bool py_protect(struct py *p, void (*fn)(struct py *, void *), void *arg)
{
    struct py_catch c = {.outer = p->catch,
                         .active = p->active,
                         .handling = p->handling,
                         .lex = p->lex,
                         .frame = p->frame,
                         .depth = p->depth};

    p->catch = &c;
    if (setjmp(c.env) == 0) {
        fn(p, arg);
        p->catch = c.outer;
        return true;
    }
    p->catch = c.outer;
    p->active = c.active;
    p->handling = c.handling;
    p->lex = c.lex;
    p->frame = c.frame;
    p->depth = c.depth;
    return false;
}

/* Notes which functions were running when x was raised first. */
static void trace(const struct py *p, struct exc *x)
{
    x->traced = true;
    for (const struct py_active *a = p->active; a && x->ncalls < ARRAY_LEN(x->calls); a = a->outer)
        x->calls[x->ncalls++] = (struct exc_call){a->def, a->at};
}

void py_throw(struct py *p, struct exc *x)
{
    if (!x->traced)
        trace(p, x);
    p->exc = x;
    longjmp(p->catch->env, 1);
}

/* Its text is what str() gives: the one argument, or the tuple of several. */
struct exc *py_exc_new(struct py *p, const struct exc_class *cls, struct obj args)
{
    struct exc *x = py_alloc(p, sizeof(*x));

    *x = (struct exc){.cls = cls, .args = args, .text = py_str("")};
    if (args.list->len == 1 && args.list->items[0].type == T_STR)
        x->text = args.list->items[0];
    else if (args.list->len)
        x->text = py_to_str(p, args.list->len == 1 ? args.list->items[0] : args);
    return x;
}

/* All raising with a text of our own ends here. */
static _Noreturn void raise_text(struct py *p, const struct exc_class *cls, uint32_t at,
                                 uint32_t end, const char *hint, const char *text)
{
    struct obj args = py_tuple_new(p, 1);
    struct exc *x;

    py_list_add(p, args.list, py_str_copy(p, text, strlen(text)));
    x = py_exc_new(p, cls, args);
    x->at = at;
    x->end = end;
    x->hint = hint;
    py_throw(p, x);
}

void py_raise_at(struct py *p, const struct exc_class *cls, uint32_t at, uint32_t end,
                 const char *hint, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    raise_text(p, cls, at, end, hint, text);
}

void py_raise_hint(struct py *p, const struct exc_class *cls, const char *hint, const char *fmt,
                   ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    raise_text(p, cls, p->here->at, p->here->end, hint, text);
}

void py_raise(struct py *p, const struct exc_class *cls, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    raise_text(p, cls, p->here->at, p->here->end, NULL, text);
}

/*
 * Limits end the evaluation: no `except` sees them. Their exception is made without the arena,
 * which may be what has run out.
 */
static _Noreturn void raise_limit(struct py *p, const char *text, const char *hint)
{
    uint32_t at = p->lex ? p->lex->tok.at : p->here->at;
    uint32_t end = p->lex ? p->lex->tok.end : p->here->end;

    p->limit =
        (struct exc){.cls = &py_Limit, .text = py_str(text), .hint = hint, .at = at, .end = end};
    py_throw(p, &p->limit);
}

void py_charge(struct py *p, uint64_t n)
{
    if (n > PY_STEPS_MAX || (p->steps += (uint32_t)n) > PY_STEPS_MAX)
        raise_limit(p, "this takes too long: more than a million steps",
                    "is there a loop that never ends?");
}

void py_charge_scan(struct py *p, uint64_t n)
{
    py_charge(p, 1 + n / PY_SCAN_PER_STEP);
}

void py_enter(struct py *p)
{
    if (++p->depth > PY_DEPTH_MAX)
        raise_limit(p, "this is nested too deep", "does a function call itself without end?");
}

void py_leave(struct py *p)
{
    p->depth--;
}

void *py_alloc(struct py *p, size_t n)
{
    void *block = arena_alloc(&p->arena, n);

    if (!block)
        raise_limit(p, "this needs more than 16 MiB of memory", NULL);
    return block;
}

void *py_grow(struct py *p, void *old, size_t old_n, size_t n)
{
    void *block = arena_grow(&p->arena, old, old_n, n);

    if (!block)
        raise_limit(p, "this needs more than 16 MiB of memory", NULL);
    return block;
}
