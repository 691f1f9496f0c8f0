/*
 * Numbers of guests and of their virtual CPUs: all from the cache and from /proc, so no guest and
 * no QEMU is waited for. Those of the host are hoststat.c's.
 */
#include <string.h>
#include <time.h>

#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

#define TASK_BYTES_MAX 4096

/* CPU time of a whole process; 0 when it has just ended. */
static uint64_t cpu_time(pid_t pid)
{
    struct timespec t;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* From what the events told, and one system call per guest. each is called without the lock. */
int qemu_sample(struct driver *driver, guest_sample_fn *each, void *arg, struct err *e)
{
    struct qemu *d = qemu_of(driver);
    struct samples VEC(struct guest_sample) all = {0};
    struct names VEC(char *) uuids = {0};

    (void)e;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.len; i++) {
        struct qguest *g = d->guests.ptr[i];
        struct guest_sample s = {.state = g->destroying ? GUEST_DYING : g->state,
                                 .cpu_ns = cpu_time(g->pid),
                                 .mem_kib = g->mem_kib,
                                 .vcpus_online = vcpus_online(g)};

        if (!g->announced || g->ended)
            continue;
        vec_push(&all, s);
        vec_push(&uuids, xstrdup(g->pub.uuid));
    }
    pthread_mutex_unlock(&d->lock);
    host_sample(each, arg);
    for (size_t i = 0; i < all.len; i++) {
        all.ptr[i].uuid = uuids.ptr[i];
        each(arg, &all.ptr[i]);
        free(uuids.ptr[i]);
    }
    vec_clear(&all);
    vec_clear(&uuids);
    return 0;
}

/* What is copied of a virtual CPU under the lock. */
struct shot {
    char uuid[UUID_TEXT_SIZE];
    pid_t pid, tid;
    bool online, runs;
    struct vcpu_sample out;
    struct cpuset affinity;
};
struct shots VEC(struct shot);

/* "123 (CPU 0/TCG) R 1 ...": the state, and the CPU that it was on last (the 39th word). */
static void read_stat(struct shot *s)
{
    AUTO(freep) char *path = xasprintf("/proc/%d/task/%d/stat", (int)s->pid, (int)s->tid);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    uint64_t user = 0, system = 0;
    struct err e;
    char *word, *rest;

    if (read_file(path, TASK_BYTES_MAX, &b, &e) < 0 || !(rest = strrchr(buf_str(&b), ')')))
        return;
    rest += strspn(rest, ") ");
    for (int i = 3; i <= 39 && (word = strsep(&rest, " ")); i++) {
        if (i == 3)
            s->out.running = s->runs && word[0] == 'R';
        else if (i == 14)
            user = strtoull(word, NULL, 10);
        else if (i == 15)
            system = strtoull(word, NULL, 10);
        else if (i == 39)
            s->out.cpu = atoi(word);
    }
    s->out.cpu_ns = ticks_to_ns(user + system);
}

/* Nanoseconds instead of ticks, where the kernel counts them. */
static void read_schedstat(struct shot *s)
{
    AUTO(freep) char *path = xasprintf("/proc/%d/task/%d/schedstat", (int)s->pid, (int)s->tid);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    uint64_t ns;
    struct err e;

    if (read_file(path, TASK_BYTES_MAX, &b, &e) == 0 && (ns = strtoull(buf_str(&b), NULL, 10)))
        s->out.cpu_ns = ns;
}

static void read_shot(struct shot *s, const struct cpuset *host)
{
    struct cpuset usable;

    s->out.uuid = s->uuid;
    s->out.cpu = -1;
    if (s->tid) {
        read_stat(s);
        read_schedstat(s);
        thread_affinity(s->tid, &s->affinity);
    }
    usable = cpuset_and(&s->affinity, host);
    if (cpuset_count(&usable) && cpuset_count(&usable) < cpuset_count(host))
        s->out.affinity = &s->affinity;
}

/* Under the lock. */
static void take_shots(const struct qguest *g, struct shots *out)
{
    for (unsigned i = 0; i < g->vcpus_most; i++) {
        struct shot s = {.pid = g->pid,
                         .tid = g->vcpus[i].tid,
                         .runs = g->state == GUEST_RUNNING,
                         .out = {.vcpu = i, .online = g->vcpus[i].path != NULL},
                         .affinity = g->vcpus[i].pins};

        memcpy(s.uuid, g->pub.uuid, sizeof(s.uuid));
        vec_push(out, s);
    }
}

int qemu_vcpus(struct driver *driver, const char *uuid, vcpu_sample_fn *each, void *arg,
               struct err *e)
{
    struct qemu *d = qemu_of(driver);
    struct cpuset host = host_cpus();
    struct shots shots = {0};

    (void)e;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.len; i++) {
        const struct qguest *g = d->guests.ptr[i];

        if (g->announced && !g->ended && (!uuid || strcmp(uuid, g->pub.uuid) == 0))
            take_shots(g, &shots);
    }
    pthread_mutex_unlock(&d->lock);
    if (!uuid || strcmp(uuid, HOST_UUID) == 0)
        host_vcpus(&host, each, arg);
    for (size_t i = 0; i < shots.len; i++) {
        read_shot(&shots.ptr[i], &host);
        each(arg, &shots.ptr[i].out);
    }
    vec_clear(&shots);
    return 0;
}
