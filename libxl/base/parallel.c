/* Threads for things that take a while: see parallel.h. */
#include "libxl/base/parallel.h"

#include <pthread.h>
#include <stdbool.h>

#include "libxl/base/mem.h"

struct task {
    int (*fn)(void *arg, size_t i, struct err *e);
    void *arg;
    size_t i;
    pthread_t thread;
    bool is_thread;
    int r;
    struct err e;
};

static void *run(void *arg)
{
    struct task *t = arg;

    t->r = t->fn(t->arg, t->i, &t->e);
    return NULL;
}

int parallel(size_t n, int (*fn)(void *arg, size_t i, struct err *e), void *arg, struct err *e)
{
    AUTO(freep) struct task *tasks = xcalloc(n, sizeof(*tasks));
    int r = 0;

    for (size_t i = 0; i < n; i++) {
        tasks[i] = (struct task){.fn = fn, .arg = arg, .i = i};
        /* the last is ours */
        tasks[i].is_thread =
            i + 1 < n && pthread_create(&tasks[i].thread, NULL, run, &tasks[i]) == 0;
        if (!tasks[i].is_thread)
            run(&tasks[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (tasks[i].is_thread)
            pthread_join(tasks[i].thread, NULL);
        if (tasks[i].r < 0 && r == 0) {
            *e = tasks[i].e;
            r = -1;
        }
    }
    return r;
}
