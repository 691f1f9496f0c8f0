/*
 * Virtual CPUs: which are plugged in, the threads of QEMU that they are, and the host CPUs that
 * these may use. Adding and removing them is hotplug.c's, their numbers are sample.c's.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

void vcpus_init(struct qguest *g, unsigned most)
{
    vcpus_clear(g);
    g->vcpus = xcalloc(most, sizeof(*g->vcpus));
    g->vcpus_most = most;
}

/* Under the lock, or of a guest that nobody else knows. */
static void unplug_all(struct qguest *g)
{
    for (unsigned i = 0; i < g->vcpus_most; i++) {
        g->vcpus[i].tid = 0;
        free(steal(g->vcpus[i].path));
    }
}

void vcpus_clear(struct qguest *g)
{
    unplug_all(g);
    free(steal(g->vcpus));
    g->vcpus_most = 0;
}

int vcpus_learn(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *cpus = NULL;

    /* "fast": QEMU interrupts no virtual CPU for it */
    if (qmp_call_take(g->qmp, "query-cpus-fast", NULL, QMP_TIMEOUT_MS, &cpus, e) < 0)
        return -1;
    pthread_mutex_lock(&g->d->lock);
    unplug_all(g);
    for (size_t i = 0; i < value_len(cpus); i++) {
        const struct value *cpu = value_at(cpus, i);
        int64_t number = value_get_int(cpu, "cpu-index", -1);

        if (number < 0 || number >= g->vcpus_most || g->vcpus[number].path)
            continue;
        g->vcpus[number].tid = (pid_t)value_get_int(cpu, "thread-id", 0);
        g->vcpus[number].path = xstrdup(value_get_str(cpu, "qom-path", ""));
    }
    pthread_mutex_unlock(&g->d->lock);
    return 0;
}

unsigned vcpus_online(const struct qguest *g)
{
    unsigned n = 0;

    for (unsigned i = 0; i < g->vcpus_most; i++)
        n += g->vcpus[i].path != NULL;
    return n;
}

void vcpus_removed(struct qguest *g, const char *path)
{
    for (unsigned i = 0; i < g->vcpus_most; i++) {
        if (!g->vcpus[i].path || strcmp(g->vcpus[i].path, path) != 0)
            continue;
        g->vcpus[i].tid = 0;
        free(steal(g->vcpus[i].path));
    }
}

struct cpuset host_cpus(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct cpuset all;
    struct err e;

    if (read_file("/sys/devices/system/cpu/online", 4096, &b, &e) == 0 && b.len) {
        b.ptr[strcspn(b.ptr, "\n")] = '\0';
        if (cpuset_parse(b.ptr, &all, &e) == 0 && cpuset_count(&all))
            return all;
    }
    return cpuset_first((unsigned)sysconf(_SC_NPROCESSORS_ONLN));
}

/* Those of `wanted` that the host has, or ERR_INVALID when there is none. */
static int host_cpus_of(const struct cpuset *wanted, struct cpuset *out, struct err *e)
{
    struct cpuset host = host_cpus();
    AUTO(freep) char *wanted_text = cpuset_print(wanted);
    AUTO(freep) char *host_text = cpuset_print(&host);

    *out = cpuset_and(wanted, &host);
    if (cpuset_count(out))
        return 0;
    return err_set(e, ERR_INVALID, "CPUs '%.100s': this host has %s", wanted_text, host_text);
}

/* QEMU may have been taken over by its guest: what it calls a thread of its own must be one. */
int thread_pin(const struct qguest *g, pid_t tid, const struct cpuset *cpus, struct err *e)
{
    AUTO(freep) char *task = xasprintf("/proc/%d/task/%d", (int)g->pid, (int)tid);
    AUTO(freep) char *text = NULL;
    cpu_set_t mask;

    if (tid <= 0 || access(task, F_OK) < 0)
        return err_set(e, ERR_BACKEND, "QEMU has no thread %d", (int)tid);
    CPU_ZERO(&mask);
    for (unsigned i = 0; i < CPUSET_MAX; i++)
        if (cpuset_has(cpus, i))
            CPU_SET(i, &mask);
    if (sched_setaffinity(tid, sizeof(mask), &mask) == 0)
        return 0;
    text = cpuset_print(cpus);
    if (errno == EINVAL) /* a cpuset of the control group that xend or QEMU is in */
        return err_set(e, ERR_INVALID, "CPUs '%.100s': the host keeps QEMU away from them", text);
    return err_sys(e, "CPUs '%.100s'", text);
}

bool thread_affinity(pid_t tid, struct cpuset *out)
{
    cpu_set_t mask;

    memset(out, 0, sizeof(*out));
    if (sched_getaffinity(tid, sizeof(mask), &mask) < 0)
        return false;
    for (unsigned i = 0; i < CPUSET_MAX; i++)
        if (CPU_ISSET(i, &mask))
            cpuset_add(out, i);
    return true;
}

/* One text for all, or one for each; for numbers beyond there is no wish. */
int vcpus_wish(struct qguest *g, struct err *e)
{
    const struct value *cpus = g->spec->cpus;
    size_t n = value_len(cpus);

    for (unsigned i = 0; i < g->vcpus_most; i++) {
        size_t at = n == 1 ? 0 : i;
        struct cpuset wanted;

        if (at >= n)
            break;
        if (cpuset_parse(value_as_str(value_at(cpus, at)), &wanted, e) < 0 ||
            host_cpus_of(&wanted, &g->vcpus[i].pins, e) < 0)
            return err_add(e, "cpus");
    }
    return 0;
}

int vcpus_pin(struct qguest *g, struct err *e)
{
    bool pinned = false;

    for (unsigned i = 0; i < g->vcpus_most; i++) {
        if (!g->vcpus[i].path || !cpuset_count(&g->vcpus[i].pins))
            continue;
        if (!pinned)
            fault_point("qemu.pinning");
        pinned = true;
        if (thread_pin(g, g->vcpus[i].tid, &g->vcpus[i].pins, e) < 0)
            return err_add(e, "virtual CPU %u", i);
    }
    if (pinned)
        fault_point("qemu.pinned");
    return 0;
}

/* One that is not plugged in keeps the wish until it is. */
int qemu_pin_vcpu(struct guest *guest, unsigned vcpu, const struct cpuset *cpus, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    struct cpuset pins;
    pid_t tid;

    if (qguest_check_lives(g, e) < 0)
        return -1;
    if (vcpu >= g->vcpus_most)
        return err_set(e, ERR_INVALID, "virtual CPU %u: it has 0 to %u", vcpu, g->vcpus_most - 1);
    if (host_cpus_of(cpus, &pins, e) < 0)
        return -1;
    pthread_mutex_lock(&g->d->lock);
    tid = g->vcpus[vcpu].tid;
    pthread_mutex_unlock(&g->d->lock);
    fault_point("qemu.pinning");
    if (tid && thread_pin(g, tid, &pins, e) < 0)
        return -1;
    fault_point("qemu.pinned");
    pthread_mutex_lock(&g->d->lock);
    g->vcpus[vcpu].pins = pins;
    pthread_mutex_unlock(&g->d->lock);
    return 0;
}
