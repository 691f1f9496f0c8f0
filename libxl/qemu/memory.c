/*
 * The memory of a running guest: a balloon (virtio-balloon) that its kernel blows up, to give
 * memory back, or lets shrink. QEMU knows what the kernel says that it has given; more than QEMU
 * was started with a guest never has.
 */
#include <inttypes.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

#define PAGE_KIB 4 /* the balloon's unit */

void memory_told(struct qguest *g, int64_t bytes)
{
    uint64_t kib = bytes > 0 ? (uint64_t)bytes / 1024 : 0;

    g->mem_kib = kib < g->mem_most_kib ? kib : g->mem_most_kib;
}

int memory_learn(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *balloon = NULL;

    if (qmp_call_take(g->qmp, "query-balloon", NULL, QMP_TIMEOUT_MS, &balloon, e) < 0)
        return e->code == ERR_BACKEND ? 0 : -1; /* no balloon: what it was started with */
    if (value_get(balloon, "actual")) {
        pthread_mutex_lock(&g->d->lock);
        memory_told(g, value_get_int(balloon, "actual", 0));
        pthread_mutex_unlock(&g->d->lock);
    }
    return 0;
}

static uint64_t memory_of(struct qguest *g)
{
    uint64_t kib;

    pthread_mutex_lock(&g->d->lock);
    kib = g->mem_kib;
    pthread_mutex_unlock(&g->d->lock);
    return kib;
}

static int not_obeyed(struct qguest *g, uint64_t kib, struct err *e)
{
    err_set(e, ERR_TIMEOUT,
            "the guest has not obeyed: it has %" PRIu64 " MiB, %" PRIu64 " MiB asked for",
            memory_of(g) / 1024, kib / 1024);
    return err_hint(e, "The request stays. Its kernel must be up and have the driver "
                       "virtio_balloon, and memory to spare.");
}

/* How far it is from `before` on the way to `kib`. */
static uint64_t moved(uint64_t before, uint64_t now, uint64_t kib)
{
    if (kib > before)
        return now > before ? now - before : 0;
    return now < before ? before - now : 0;
}

/* QEMU tells of changes once a second at most: looked at in between, too. */
static int await(struct qguest *g, uint64_t kib, struct job *j, struct err *e)
{
    int64_t deadline = now_ms() + qguest_patience(g);
    uint64_t before = memory_of(g), last = before;
    unsigned seen = 0;

    for (;;) {
        uint64_t now;

        if (memory_learn(g, e) < 0)
            return -1;
        now = memory_of(g);
        job_progress(j, moved(before, now, kib), kib > before ? kib - before : before - kib);
        if (now == kib)
            return 0;
        if (now != last)
            deadline = now_ms() + g->d->patience_ms;
        last = now;
        if (job_check(j, e) < 0 || qguest_check_lives(g, e) < 0)
            return -1;
        if (now_ms() >= deadline)
            return not_obeyed(g, kib, e);
        qguest_wait_news(g, &seen, NEWS_SLICE_MS);
    }
}

/* A paused guest cannot answer: it finds the wish when it runs again, and nobody waits. */
int qemu_set_memory(struct guest *guest, uint64_t kib, struct job *j, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    struct value *args;
    enum stop_reason reason;

    if (qguest_check_lives(g, e) < 0)
        return -1;
    if (kib < PAGE_KIB || kib > g->mem_bound_kib) {
        err_set(e, ERR_INVALID, "%" PRIu64 " MiB of memory: it may have 1 to %" PRIu64 " MiB",
                kib / 1024, g->mem_bound_kib / 1024);
        return kib < PAGE_KIB ? -1 : err_hint(e, "xm mem-max, or maxmem at its start, allow more.");
    }
    kib = (kib + PAGE_KIB - 1) / PAGE_KIB * PAGE_KIB;
    args = value_map();
    value_set_int(args, "value", (int64_t)kib * 1024);
    fault_point("qemu.balloon-asking");
    if (qguest_call_take(g, "balloon", args, NULL, e) < 0)
        return -1;
    fault_point("qemu.balloon-asked");
    return qemu_state(guest, &reason) == GUEST_PAUSED ? 0 : await(g, kib, j, e);
}

int qemu_set_maxmem(struct guest *guest, uint64_t kib, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    uint64_t before = g->mem_bound_kib;

    if (qguest_check_lives(g, e) < 0)
        return -1;
    if (kib < memory_of(g))
        return err_set(e, ERR_INVALID, "%" PRIu64 " MiB is less than it has, %" PRIu64 " MiB",
                       kib / 1024, memory_of(g) / 1024);
    if (kib > g->mem_most_kib) {
        err_set(e, ERR_UNSUPPORTED,
                "%" PRIu64 " MiB: it was started for %" PRIu64
                " MiB at most, and QEMU cannot give more to a guest that runs",
                kib / 1024, g->mem_most_kib / 1024);
        return err_hint(e, "Set maxmem in its configuration: its next start takes that.");
    }
    g->mem_bound_kib = kib;
    fault_point("qemu.bound-keeping");
    if (state_save(g, PHASE_READY, e) < 0) {
        g->mem_bound_kib = before;
        return -1;
    }
    fault_point("qemu.bound-kept");
    return 0;
}
