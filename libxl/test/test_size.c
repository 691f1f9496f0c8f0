/* What a guest of the test driver has: memory, virtual CPUs and where these may run. */
#include <stdlib.h>
#include <string.h>

#include "libxl/test/test_driver.h"

/* The set for one virtual CPU by the spec's cpus: one text for all, or one for each. */
static int spec_affinity(const struct spec *s, unsigned vcpu, struct cpuset *out, struct err *e)
{
    size_t n = value_len(s->cpus);
    struct cpuset host = cpuset_first(HOST_CPUS), wanted;
    const char *text = value_as_str(value_at(s->cpus, n == 1 ? 0 : vcpu));

    if (cpuset_parse(text, &wanted, e) < 0)
        return err_add(e, "cpus");
    *out = cpuset_and(&wanted, &host);
    if (!cpuset_count(out))
        return err_set(e, ERR_INVALID, "cpus: '%.100s': the host has the CPUs 0 to %d", text,
                       HOST_CPUS - 1);
    return 0;
}

int guest_pin_by_spec(struct test_guest *g, const struct spec *s, struct err *e)
{
    if (!value_len(s->cpus))
        return 0;
    g->affinity = xcalloc(g->max_vcpus, sizeof(*g->affinity));
    for (unsigned i = 0; i < g->max_vcpus; i++)
        if (spec_affinity(s, i, &g->affinity[i], e) < 0)
            return -1;
    return 0;
}

/* A guest that has ended has nothing left to change. */
static int check_lives(const struct test_guest *g, const char *what, struct err *e)
{
    return g->state == GUEST_RUNNING || g->state == GUEST_PAUSED ? 0
                                                                 : guest_wrong_state(g, what, e);
}

/* Obeyed at once, also while paused; memory that the host does not have is refused. */
static int do_set_memory(struct test_driver *d, struct test_guest *g, uint64_t kib, struct err *e)
{
    if (check_lives(g, "change its memory", e) < 0)
        return -1;
    if (kib > g->max_kib)
        return err_set(e, ERR_INVALID, "%llu MiB is more than its maximum, %llu MiB",
                       (unsigned long long)kib / 1024, (unsigned long long)g->max_kib / 1024);
    if (kib > g->mem_kib && kib - g->mem_kib > d->memory_kib - d->used_kib)
        return err_set(e, ERR_NO_RESOURCE, "Not enough free memory: %llu MiB free",
                       (unsigned long long)(d->memory_kib - d->used_kib) / 1024);
    if (rule_ignores(d, g, TEST_SET_MEMORY))
        return err_set(e, ERR_TIMEOUT,
                       "the guest has not obeyed: it has %llu MiB, %llu MiB asked for",
                       (unsigned long long)g->mem_kib / 1024, (unsigned long long)kib / 1024);
    d->used_kib += kib - g->mem_kib;
    g->mem_kib = kib;
    state_update(d, g);
    return 0;
}

int test_set_memory(struct guest *guest, uint64_t kib, struct job *j, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    uint64_t before;
    int r;

    if (rules_enter(d, &g->rules, TEST_SET_MEMORY, j, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    before = g->mem_kib;
    r = do_set_memory(d, g, kib, e);
    if (r == 0)
        rules_leave(d, g, TEST_SET_MEMORY);
    pthread_mutex_unlock(&d->lock);
    if (r == 0)
        job_progress(j, before > kib ? before - kib : kib - before,
                     before > kib ? before - kib : kib - before);
    return r;
}

/* This hypervisor can always give more. */
int test_set_maxmem(struct guest *guest, uint64_t kib, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    int r;

    pthread_mutex_lock(&d->lock);
    r = check_lives(g, "change its memory", e);
    if (r == 0 && kib < g->mem_kib)
        r = err_set(e, ERR_INVALID, "%llu MiB is less than it has, %llu MiB",
                    (unsigned long long)kib / 1024, (unsigned long long)g->mem_kib / 1024);
    if (r == 0)
        g->max_kib = kib;
    pthread_mutex_unlock(&d->lock);
    return r;
}

static int do_set_vcpus(struct test_driver *d, struct test_guest *g, unsigned n, struct err *e)
{
    if (check_lives(g, "change its virtual CPUs", e) < 0)
        return -1;
    if (n < 1 || n > g->max_vcpus)
        return err_set(e, ERR_INVALID, "%u virtual CPUs: it may have 1 to %u", n, g->max_vcpus);
    if (rule_ignores(d, g, TEST_SET_VCPUS))
        return err_set(e, ERR_TIMEOUT,
                       "the guest has not obeyed: %u virtual CPUs are online, %u asked for",
                       g->vcpus, n);
    g->vcpus = n;
    state_update(d, g);
    return 0;
}

int test_set_vcpus(struct guest *guest, unsigned online, struct job *j, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    int r;

    if (rules_enter(d, &g->rules, TEST_SET_VCPUS, j, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    r = do_set_vcpus(d, g, online, e);
    if (r == 0)
        rules_leave(d, g, TEST_SET_VCPUS);
    pthread_mutex_unlock(&d->lock);
    return r;
}

static int do_pin(struct test_guest *g, unsigned vcpu, const struct cpuset *cpus, struct err *e)
{
    struct cpuset host = cpuset_first(HOST_CPUS), left = cpuset_and(cpus, &host);

    if (check_lives(g, "pin its virtual CPUs", e) < 0)
        return -1;
    if (vcpu >= g->max_vcpus)
        return err_set(e, ERR_INVALID, "virtual CPU %u: it has 0 to %u", vcpu, g->max_vcpus - 1);
    if (!cpuset_count(&left))
        return err_set(e, ERR_INVALID, "the host has the CPUs 0 to %d", HOST_CPUS - 1);
    if (!g->affinity) {
        g->affinity = xcalloc(g->max_vcpus, sizeof(*g->affinity));
        for (unsigned i = 0; i < g->max_vcpus; i++)
            g->affinity[i] = host;
    }
    g->affinity[vcpu] = left;
    return 0;
}

int test_pin_vcpu(struct guest *guest, unsigned vcpu, const struct cpuset *cpus, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    int r;

    if (rules_enter(d, &g->rules, TEST_PIN, NULL, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    r = do_pin(g, vcpu, cpus, e);
    if (r == 0)
        rules_leave(d, g, TEST_PIN);
    pthread_mutex_unlock(&d->lock);
    return r;
}

/* Who has which share makes no difference in memory. */
int test_set_sched(struct driver *driver, const char *uuid, int64_t weight, int64_t cap,
                   struct err *e)
{
    struct test_driver *d = driver_of(driver);
    bool found;

    (void)weight, (void)cap;
    pthread_mutex_lock(&d->lock);
    found = guest_find(d, uuid);
    pthread_mutex_unlock(&d->lock);
    return found ? 0 : err_set(e, ERR_STATE, "it is gone");
}

/* A copy, for no lock is held while the caller looks at it. */
struct vcpu_copy {
    char uuid[UUID_TEXT_SIZE];
    struct vcpu_sample sample;
    struct cpuset affinity;
};
struct vcpu_copies VEC(struct vcpu_copy);

/* On the CPUs in turn; all have used the same time. */
static void copy_vcpus(const struct test_guest *g, struct vcpu_copies *out)
{
    struct cpuset host = cpuset_first(HOST_CPUS);

    for (unsigned i = 0; i < g->max_vcpus; i++) {
        bool online = i < g->vcpus;
        struct vcpu_copy c = {.sample = {.vcpu = i,
                                         .online = online,
                                         .running = online && g->state == GUEST_RUNNING,
                                         .cpu = online ? (int)(i % HOST_CPUS) : -1,
                                         .cpu_ns = online ? g->cpu_ns / g->vcpus : 0},
                              .affinity = g->affinity ? g->affinity[i] : host};

        memcpy(c.uuid, g->pub.uuid, sizeof(c.uuid));
        while (online && !cpuset_has(&c.affinity, (unsigned)c.sample.cpu))
            c.sample.cpu = (c.sample.cpu + 1) % HOST_CPUS;
        vec_push(out, c);
    }
}

/* The host's own: Domain-0. */
static void copy_host(struct vcpu_copies *out)
{
    for (unsigned i = 0; i < HOST_CPUS; i++) {
        struct vcpu_copy c = {.uuid = "00000000-0000-0000-0000-000000000000",
                              .sample = {.vcpu = i, .online = true, .running = true, .cpu = (int)i},
                              .affinity = cpuset_first(HOST_CPUS)};

        vec_push(out, c);
    }
}

int test_vcpus(struct driver *driver, const char *uuid, vcpu_sample_fn *each, void *arg,
               struct err *e)
{
    struct test_driver *d = driver_of(driver);
    struct vcpu_copies copies = {0};

    (void)e;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.size; i++) {
        const struct test_guest *g = d->guests.slots[i].key ? d->guests.slots[i].item : NULL;

        if (g && (!uuid || strcmp(uuid, g->pub.uuid) == 0))
            copy_vcpus(g, &copies);
    }
    pthread_mutex_unlock(&d->lock);
    if (!uuid || strcmp(uuid, "00000000-0000-0000-0000-000000000000") == 0)
        copy_host(&copies);
    for (size_t i = 0; i < copies.len; i++) {
        struct vcpu_copy *c = &copies.ptr[i];

        c->sample.uuid = c->uuid;
        c->sample.affinity = cpuset_count(&c->affinity) == HOST_CPUS ? NULL : &c->affinity;
        each(arg, &c->sample);
    }
    vec_clear(&copies);
    return 0;
}
