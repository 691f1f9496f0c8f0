/*
 * What the qemu driver changes in guests that run: virtual CPUs, memory, keys. Real guests
 * (see test_qemu_guest.h); waits for events, with deadlines; sleeps for nothing.
 */
#include <sched.h>

#include "tests/unit/test_qemu_guest.h"

#define MIB 1024 /* in KiB */

/* Of one guest with few virtual CPUs. */
struct seen_vcpus {
    unsigned n;
    struct vcpu_sample v[8];
    struct cpuset affinity[8];
};

static void on_vcpu(void *arg, const struct vcpu_sample *v)
{
    struct seen_vcpus *seen = arg;

    if (strcmp(v->uuid, HOST_UUID) == 0)
        return;
    CU_ASSERT_EQUAL_FATAL(v->vcpu, seen->n); /* by number */
    seen->v[seen->n] = *v;
    if (v->affinity)
        seen->affinity[seen->n] = *v->affinity;
    seen->n++;
}

static struct seen_vcpus vcpus(struct rig *r, const char *uuid)
{
    struct seen_vcpus seen = {0};

    OK(r->d->ops->vcpus(r->d, uuid, on_vcpu, &seen, e));
    return seen;
}

/* "" is all of the host's. */
static bool affinity_is(const struct seen_vcpus *seen, unsigned vcpu, const char *text)
{
    AUTO(freep) char *is = cpuset_print(&seen->affinity[vcpu]);

    return strcmp(is, text) == 0 && (seen->v[vcpu].affinity == NULL) == (*text == '\0');
}

static int set_vcpus(struct rig *r, struct guest *g, unsigned n, struct err *e)
{
    struct job j = JOB_INIT;
    int result = r->d->ops->set_vcpus(g, n, &j, e);

    CU_ASSERT(result < 0 || j.done == j.total);
    return result;
}

static int set_memory(struct rig *r, struct guest *g, uint64_t kib, struct err *e)
{
    struct job j = JOB_INIT;
    int result = r->d->ops->set_memory(g, kib, &j, e);

    CU_ASSERT(result < 0 || j.done == j.total);
    return result;
}

static struct cpuset cpus(const char *text)
{
    struct cpuset c = {0};

    OK(cpuset_parse(text, &c, e));
    return c;
}

static struct value *list_of(const char *const *texts)
{
    struct value *list = value_list();

    for (; *texts; texts++)
        value_add_take(list, value_str(*texts));
    return list;
}

/* As it was when the guest was made: no thread of QEMU's own is left where a guest's was put. */
static bool main_thread_is_free(struct guest *g)
{
    cpu_set_t is, ours;

    return sched_getaffinity(((struct qguest *)g)->pid, sizeof(is), &is) == 0 &&
           sched_getaffinity(0, sizeof(ours), &ours) == 0 && CPU_EQUAL(&is, &ours);
}

static void check_pins_at_start(struct rig *r, struct guest *g)
{
    struct seen_vcpus seen = vcpus(r, NULL);
    int64_t pid = ((struct qguest *)g)->pid;

    CU_ASSERT_EQUAL(seen.n, 4);
    CU_ASSERT(affinity_is(&seen, 0, "0"));
    CU_ASSERT(affinity_is(&seen, 1, "1"));
    CU_ASSERT(affinity_is(&seen, 2, "1"));
    CU_ASSERT(affinity_is(&seen, 3, ""));
    CU_ASSERT(seen.v[1].online && !seen.v[2].online && !seen.v[3].online);
    CU_ASSERT(!seen.v[0].running && seen.v[2].cpu == -1 && seen.v[2].cpu_ns == 0);
    CU_ASSERT(pid > 0 && main_thread_is_free(g));
    CU_ASSERT_EQUAL(vcpus(r, "00000000-0000-0000-0000-000000000001").n, 0);
}

static void check_pin(struct rig *r, struct guest *g)
{
    struct cpuset zero = cpus("0"), all = cpus("all"), none = cpus("900-910");
    struct seen_vcpus seen;
    struct err err = {0};

    OK(r->d->ops->pin_vcpu(g, 1, &zero, e));
    OK(r->d->ops->pin_vcpu(g, 0, &all, e));
    seen = vcpus(r, g->uuid);
    CU_ASSERT(affinity_is(&seen, 1, "0"));
    CU_ASSERT(affinity_is(&seen, 0, ""));
    CU_ASSERT(seen.v[0].cpu_ns > 100000000);
    CU_ASSERT(seen.v[0].cpu >= 0 && seen.v[0].cpu < CPUSET_MAX);
    CU_ASSERT_EQUAL(r->d->ops->pin_vcpu(g, 1, &none, &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "CPUs '900-910': this host has 0-");
    CU_ASSERT_EQUAL(r->d->ops->pin_vcpu(g, 4, &zero, &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "virtual CPU 4: it has 0 to 3");
}

static void test_vcpus(void)
{
    struct seen_vcpus seen;
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct err err = {0};
    int fd;

    if (!have_guest())
        return;
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        test_skip("needs two CPUs");
        return;
    }
    rig_init(&r);
    s = make_spec("vcpus", "");
    s->vcpus = 2;
    s->maxvcpus = 4;
    s->cpus = list_of((const char *[]){"0", "1", "1", "all", NULL});
    g = must_create(&r, s);
    check_pins_at_start(&r, g);
    fd = boot(&r, g);
    CU_ASSERT_EQUAL(sample(&r).vcpus_online, 2);
    check_pin(&r, g);

    OK(set_vcpus(&r, g, 3, e));
    CU_ASSERT(read_until(fd, "guest: cpus 3", WAIT_MS));
    seen = vcpus(&r, g->uuid);
    CU_ASSERT(seen.v[2].online && !seen.v[3].online);
    CU_ASSERT(affinity_is(&seen, 2, "1")); /* as wished before it was there */
    CU_ASSERT_EQUAL(seen.v[2].cpu, 1);
    CU_ASSERT(main_thread_is_free(g));
    CU_ASSERT_EQUAL(sample(&r).vcpus_online, 3);
    OK(set_vcpus(&r, g, 3, e)); /* nothing to do */

    OK(r.d->ops->pause(g, e));
    CU_ASSERT(next_change(&r, GUEST_PAUSED, WAIT_MS));
    OK(set_vcpus(&r, g, 4, e)); /* at once: it takes it when it runs again */
    CU_ASSERT_EQUAL(sample(&r).vcpus_online, 4);
    let_run(&r, g);
    CU_ASSERT(read_until(fd, "guest: cpus 4", WAIT_MS));
    CU_ASSERT_EQUAL(set_vcpus(&r, g, 5, &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "5 virtual CPUs: it may have 1 to 4");
    CU_ASSERT_EQUAL(set_vcpus(&r, g, 0, &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "0 virtual CPUs");

    CU_ASSERT_EQUAL(set_vcpus(&r, g, 1, &err), -1);
    ASSERT_ERR(err, ERR_UNSUPPORTED, "QEMU without KVM cannot take virtual CPUs");
    CU_ASSERT_EQUAL(sample(&r).vcpus_online, 4);
    ((struct qemu *)r.d)->removes_without_kvm = true; /* its last deed: it is dying already */
    OK(set_vcpus(&r, g, 1, e));                       /* those that it was started with go, too */
    CU_ASSERT(read_until(fd, "guest: cpus 1", WAIT_MS));
    CU_ASSERT_EQUAL(sample(&r).vcpus_online, 1);
    CU_ASSERT_EQUAL(vcpus(&r, g->uuid).v[1].cpu, -1);
    close(fd);
    end_all(&r, g, s);
}

static void test_bad_cpus(void)
{
    struct rig r;
    struct spec *s;
    struct err err = {0};

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("pins", "");
    s->cpus = list_of((const char *[]){"900", NULL});
    CU_ASSERT_PTR_NULL(create(&r, s, &err));
    ASSERT_ERR(err, ERR_INVALID, "cpus: CPUs '900': this host has 0");
    spec_free(s);
    rig_clear(&r);
}

static void check_bounds(struct rig *r, struct guest *g)
{
    struct err err = {0};

    CU_ASSERT_EQUAL(set_memory(r, g, 256 * MIB, &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "256 MiB of memory: it may have 1 to 192 MiB");
    CU_ASSERT_EQUAL(set_memory(r, g, 0, &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "0 MiB of memory");
    CU_ASSERT_EQUAL(r->d->ops->set_maxmem(g, 96 * MIB, &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "96 MiB is less than it has, 192 MiB");
    CU_ASSERT_EQUAL(r->d->ops->set_maxmem(g, 256 * MIB, &err), -1);
    ASSERT_ERR(err, ERR_UNSUPPORTED, "256 MiB: it was started for");
    OK(set_memory(r, g, 112 * MIB, e));
    OK(r->d->ops->set_maxmem(g, 128 * MIB, e));
    CU_ASSERT_EQUAL(set_memory(r, g, 160 * MIB, &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "160 MiB of memory: it may have 1 to 128 MiB");
}

static void test_memory(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("memory", "");
    s->maxmem = 192;
    g = must_create(&r, s);
    let_run(&r, g);
    OK(set_memory(&r, g, 96 * MIB, e)); /* asked while it boots: done when it has */
    CU_ASSERT_EQUAL(sample(&r).mem_kib, 96 * MIB);
    OK(set_memory(&r, g, 192 * MIB, e));
    CU_ASSERT_EQUAL(sample(&r).mem_kib, 192 * MIB);
    check_bounds(&r, g);

    OK(r.d->ops->pause(g, e));
    CU_ASSERT(next_change(&r, GUEST_PAUSED, WAIT_MS));
    {
        struct job j = JOB_INIT;

        OK(r.d->ops->set_memory(g, 100 * MIB, &j, e)); /* at once: it obeys when it runs */
    }
    CU_ASSERT_EQUAL(sample(&r).mem_kib, 112 * MIB);
    let_run(&r, g);
    OK(set_memory(&r, g, 100 * MIB, e));
    end_all(&r, g, s);
}

/* A guest without a balloon driver and without ACPI. */
static void test_disobedience(void)
{
    struct job cancelled = JOB_INIT;
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct err err = {0};
    int fd;

    if (!have_guest())
        return;
    rig_init(&r);
    ((struct qemu *)r.d)->patience_ms = 1500;
    ((struct qemu *)r.d)->removes_without_kvm = true; /* it will not come to that */
    s = make_spec("deaf", "module_blacklist=virtio_balloon acpi=off noacpi");
    s->vcpus = 2;
    s->maxvcpus = 3;
    g = must_create(&r, s);
    fd = boot(&r, g);
    g->start_time -= 1000; /* old enough to be expected to answer */
    CU_ASSERT_EQUAL(set_memory(&r, g, 64 * MIB, &err), -1);
    ASSERT_ERR(err, ERR_TIMEOUT, "the guest has not obeyed: it has 128 MiB, 64 MiB asked for");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.hint, "virtio_balloon"));
    CU_ASSERT_EQUAL(sample(&r).mem_kib, 128 * MIB);
    CU_ASSERT_EQUAL(set_vcpus(&r, g, 3, &err), -1);
    ASSERT_ERR(err, ERR_TIMEOUT, "the guest has not taken virtual CPU 2");
    CU_ASSERT_EQUAL(set_vcpus(&r, g, 1, &err), -1);
    ASSERT_ERR(err, ERR_TIMEOUT, "the guest has not obeyed: it has 3 virtual CPUs, 1 asked for");
    cancelled.cancelled = true;
    CU_ASSERT_EQUAL(r.d->ops->set_memory(g, 64 * MIB, &cancelled, &err), -1);
    ASSERT_ERR(err, ERR_CANCELLED, "cancelled");
    CU_ASSERT_EQUAL(r.d->ops->set_vcpus(g, 1, &cancelled, &err), -1);
    ASSERT_ERR(err, ERR_CANCELLED, "cancelled");
    close(fd);
    end_all(&r, g, s);
}

/* The next xend finds what was changed. */
static void test_keep(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct err err = {0};

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("before", "");
    s->maxmem = 192;
    s->maxvcpus = 3;
    s->cpus = list_of((const char *[]){"0", NULL});
    g = must_create(&r, s);
    let_run(&r, g);
    OK(set_memory(&r, g, 96 * MIB, e));
    OK(r.d->ops->set_maxmem(g, 128 * MIB, e));
    strcpy(s->name, "after");
    s->maxvcpus = 1; /* what is to be at the next start changes nothing now */
    s->maxmem = 1024;
    OK(r.d->ops->keep_spec(g, s, e));
    r.d->ops->forget(g);
    rig_close(&r);

    rig_open(&r);
    OK(r.d->ops->scan(r.d, on_found, &r, e));
    rig_watch(&r);
    CU_ASSERT_EQUAL_FATAL(r.n_found, 1);
    CU_ASSERT_STRING_EQUAL(r.found_spec->name, "after");
    CU_ASSERT_EQUAL(r.found_spec->maxmem, 1024);
    CU_ASSERT_EQUAL(sample(&r).mem_kib, 96 * MIB);
    CU_ASSERT_EQUAL(sample(&r).vcpus_online, 1);
    CU_ASSERT_EQUAL(set_memory(&r, r.found, 160 * MIB, &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "may have 1 to 128 MiB");
    OK(r.d->ops->set_maxmem(r.found, 192 * MIB, e));
    OK(set_vcpus(&r, r.found, 3, e));
    {
        struct seen_vcpus seen = vcpus(&r, s->uuid);

        CU_ASSERT_EQUAL(seen.n, 3);
        CU_ASSERT(affinity_is(&seen, 2, sysconf(_SC_NPROCESSORS_ONLN) > 1 ? "0" : ""));
    }
    end_all(&r, r.found, s);
}

static bool wakes(struct guest *g)
{
    return status_becomes(g, "suspended", false);
}

static void test_keys(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct err err = {0};
    int fd;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("keys", "");
    g = must_create(&r, s);
    CU_ASSERT_EQUAL(r.d->ops->sysrq(g, 'h', &err), -1);
    ASSERT_ERR(err, ERR_STATE, "it is paused");
    fd = boot(&r, g);
    OK(r.d->ops->sysrq(g, 'h', e));
    CU_ASSERT(read_until(fd, "sysrq: HELP", WAIT_MS));
    CU_ASSERT_EQUAL(r.d->ops->sysrq(g, '\n', &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "a letter or a digit");
    OK(r.d->ops->trigger(g, TRIGGER_NMI, 0, e));
    CU_ASSERT(read_until(fd, "NMI received", WAIT_MS));
    CU_ASSERT_EQUAL(r.d->ops->trigger(g, TRIGGER_NMI, 1, &err), -1);
    ASSERT_ERR(err, ERR_INVALID, "virtual CPU 1: it has 0 to 0");
    CU_ASSERT_EQUAL(r.d->ops->trigger(g, TRIGGER_INIT, 0, &err), -1);
    ASSERT_ERR(err, ERR_UNSUPPORTED, "no way to send INIT");
    CU_ASSERT_EQUAL(r.d->ops->trigger(g, TRIGGER_S3RESUME, 0, &err), -1);
    ASSERT_ERR(err, ERR_STATE, "it does not sleep");
    OK(write_all(fd, "echo mem >/sys/power/state\r", 27, e));
    CU_ASSERT(becomes(g, "suspended"));
    CU_ASSERT_EQUAL(sample(&r).state, GUEST_RUNNING); /* by itself: nobody paused it */
    OK(r.d->ops->trigger(g, TRIGGER_S3RESUME, 0, e));
    CU_ASSERT(wakes(g));
    close(fd);
    OK(r.d->ops->destroy(g, e));
    while (wait_change(&r, WAIT_MS) && !next_change(&r, GUEST_GONE, WAIT_MS))
        ; /* this kernel and QEMU do not always survive the sleep */

    g = must_create(&r, s);
    let_run(&r, g);
    OK(r.d->ops->trigger(g, TRIGGER_RESET, 0, e));
    CU_ASSERT(next_change(&r, GUEST_SHUTDOWN, WAIT_MS));
    CU_ASSERT_EQUAL(r.seen[r.n_read - 1].reason, STOP_REBOOT);
    CU_ASSERT_EQUAL(r.d->ops->trigger(g, TRIGGER_POWER, 0, &err), -1);
    ASSERT_ERR(err, ERR_STATE, "it is shutdown");
    end(&r, g);

    g = must_create(&r, s);
    close(boot(&r, g));
    OK(r.d->ops->trigger(g, TRIGGER_POWER, 0, e));
    CU_ASSERT(next_change(&r, GUEST_SHUTDOWN, WAIT_MS));
    CU_ASSERT_EQUAL(r.seen[r.n_read - 1].reason, STOP_POWEROFF);
    end_all(&r, g, s);
}

static void on_host(void *arg, const struct guest_sample *s)
{
    CU_ASSERT_STRING_EQUAL(s->uuid, HOST_UUID);
    CU_ASSERT(s->cpu_ns > 1000000000 && s->mem_kib > 64 * MIB && s->vcpus_online > 0);
    ++*(int *)arg;
}

static void on_host_vcpu(void *arg, const struct vcpu_sample *v)
{
    unsigned *n = arg;

    CU_ASSERT_STRING_EQUAL(v->uuid, HOST_UUID);
    CU_ASSERT_EQUAL(v->vcpu, (*n)++);
    CU_ASSERT(!v->online || (v->cpu == (int)v->vcpu && v->cpu_ns > 0));
}

static void test_host(void)
{
    AUTO(buf_clear) struct buf log = BUF_INIT;
    struct rig r;
    struct err err = {0};
    unsigned cpus = 0;
    int n = 0;

    rig_init(&r);
    OK(r.d->ops->sample(r.d, on_host, &n, e));
    CU_ASSERT_EQUAL(n, 1);
    OK(r.d->ops->vcpus(r.d, NULL, on_host_vcpu, &cpus, e));
    CU_ASSERT(cpus >= (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
    if (r.d->ops->host_log(r.d, false, &log, &err) < 0)
        CU_ASSERT(err.code == ERR_DENIED || err.code == ERR_SYSTEM); /* of a host that hides it */
    CU_ASSERT(!log.len || (log.ptr[0] != '<' && log.ptr[log.len - 1] == '\n'));
    CU_ASSERT_EQUAL(r.d->ops->host_log(r.d, true, &log, &err), -1);
    ASSERT_ERR(err, ERR_UNSUPPORTED, "not xend's to clear");
    rig_clear(&r);
}

TESTS("qemu operations", {"virtual CPUs: pins, more, fewer", test_vcpus},
      {"CPUs that the host does not have", test_bad_cpus}, {"memory", test_memory},
      {"a guest that does not obey", test_disobedience},
      {"what is kept for the next xend", test_keep}, {"sysrq and triggers", test_keys},
      {"the host", test_host})
