/* Assignment: names, items, slices, unpacking. Called by py_exec.c and by what binds names. */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

static bool has_local(const struct frame *f, const struct sym *name)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->names[i] == name)
            return true;
    return false;
}

/* To a local when the function has this name as a local, else to the global. */
void py_store(struct py *p, struct sym *name, struct obj value, uint32_t at)
{
    struct frame *f = p->frame;

    for (uint32_t i = 0; f && i < f->n; i++)
        if (f->names[i] == name) {
            f->slots[i] = value;
            return;
        }
    if (!name->listed) {
        name->listed = 1;
        *p->globals_end = name;
        p->globals_end = &name->next_global;
    }
    name->preset = name->broken = 0;
    name->at = at;
    name->set_to = NULL;
    name->global = value;
}

void py_store_outer(struct py *p, struct sym *name, struct obj value, uint32_t at)
{
    struct frame *saved = p->frame;

    while (p->frame && !has_local(p->frame, name))
        p->frame = p->frame->outer;
    py_store(p, name, value, at); /* raises only for want of memory, and then nothing goes on */
    p->frame = saved;
}

/* Bounds of a slice that are not given are None. */
void py_bounds(struct py *p, const struct node *slice, struct obj bounds[3])
{
    bounds[0] = slice->a ? py_value_of(p, slice->a) : py_none();
    bounds[1] = slice->b ? py_value_of(p, slice->b) : py_none();
    bounds[2] = slice->c ? py_value_of(p, slice->c) : py_none();
}

/* Unpacking: as many names as values; the one behind * takes what the others leave. */
static void assign_items(struct py *p, const struct node *target, struct obj value)
{
    struct obj all = value.type == T_LIST || value.type == T_TUPLE ? value : py_list_of(p, value);
    struct iter it = py_iter(p, all);
    uint32_t have = py_len(p, all), want = 0, stars = 0;
    struct obj item;

    for (const struct node *t = target->items; t; t = t->next) {
        stars += t->kind == N_STAR;
        want += t->kind != N_STAR;
    }
    if (stars ? have < want : have != want)
        py_raise(p, &py_ValueError, "%u value%s cannot be shared out to %u name%s", have,
                 have == 1 ? "" : "s", want, want == 1 ? "" : "s");
    for (const struct node *t = target->items; t; t = t->next) {
        if (t->kind == N_STAR) {
            struct obj rest = py_list_new(p, have - want);
            for (uint32_t i = 0; i < have - want && py_iter_next(&it, &item); i++)
                py_list_add(p, rest.list, item);
            py_assign(p, t->a, rest);
        } else if (py_iter_next(&it, &item)) {
            py_assign(p, t, item);
        }
    }
}

void py_assign(struct py *p, const struct node *target, struct obj value)
{
    struct obj of, bounds[3], key;

    p->here = target;
    switch (target->kind) {
    case N_NAME:
        (target->op ? py_store_outer : py_store)(p, target->name, value, target->at);
        break;
    case N_INDEX:
        of = py_value_of(p, target->a);
        if (target->b->kind == N_SLICE) {
            py_bounds(p, target->b, bounds);
            p->here = target;
            py_slice_set(p, of, bounds, value);
            break;
        }
        key = py_value_of(p, target->b);
        p->here = target;
        py_index_set(p, of, key, value);
        break;
    default:
        py_enter(p);
        assign_items(p, target, value);
        py_leave(p);
    }
}
