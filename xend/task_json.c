/* The wire form of jobs: see queue.h. With the lock. */
#include "xend/queue.h"

/* Seconds since the epoch, or nil for "not yet". */
static struct value *time_value(double t)
{
    return t > 0 ? value_real(t) : value_nil();
}

struct value *task_to_value(const struct task *t)
{
    const char *step = atomic_load(&t->job.step);
    struct value *v = value_map(), *error = NULL;

    value_set_int(v, "id", (int64_t)t->id);
    value_set_str(v, "kind", t->kind->name);
    value_set_str(v, "state", task_state_name(t->state));
    value_set_str(v, "domain", t->name);
    value_set_str(v, "uuid", t->uuid);
    value_set_str(v, "by", t->by);
    value_set_take(v, "queued", time_value(t->queued));
    value_set_take(v, "started", time_value(t->started));
    value_set_take(v, "ended", time_value(t->ended));
    value_set_take(v, "step", step ? value_str(step) : value_nil());
    value_set_int(v, "done", (int64_t)atomic_load(&t->job.done));
    value_set_int(v, "total", (int64_t)atomic_load(&t->job.total));
    /* until it has ended, result is its worker's */
    value_set_take(v, "result", task_ended(t) && t->result ? value_copy(t->result) : value_nil());
    if (t->state == TASK_FAILED || t->state == TASK_CANCELLED) {
        error = value_map();
        value_set_str(error, "code", err_info(t->err.code)->name);
        value_set_str(error, "message", t->err.msg);
        value_set_str(error, "hint", t->err.hint);
    }
    value_set_take(v, "error", error ? error : value_nil());
    return v;
}

struct value *queue_to_value(struct queue *q)
{
    struct value *v = value_map(), *list = value_list();

    for (const struct task *t = queue_newest(q); t; t = t->older)
        if (!t->kind->hidden)
            value_add_take(list, task_to_value(t));
    value_set_take(v, "jobs", list);
    return v;
}
