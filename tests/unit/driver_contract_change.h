/*
 * Of the contract: virtual CPUs, memory, devices and what is kept change while a guest runs.
 * Included by test_driver_contract.c.
 */
#ifndef TESTS_DRIVER_CONTRACT_CHANGE_H
#define TESTS_DRIVER_CONTRACT_CHANGE_H

#include "tests/unit/driver_contract.h"

/* True for a driver that does not have these operations yet. */
static bool lacks_changes(const struct rig *r)
{
    if (r->ops->vcpus && r->ops->pin_vcpu && r->ops->set_vcpus && r->ops->set_memory &&
        r->ops->set_maxmem && r->ops->keep_spec)
        return false;
    test_skip("this driver cannot change its guests yet");
    return true;
}

/* The virtual CPUs of one guest. */
struct roll {
    const char *uuid;
    unsigned n, online;
    bool in_order, pinned; /* pinned: number 0, and where to */
    struct cpuset first;
};

static void on_vcpu(void *arg, const struct vcpu_sample *v)
{
    struct roll *roll = arg;

    if (strcmp(v->uuid, roll->uuid) != 0)
        return;
    roll->in_order = v->vcpu == roll->n && (roll->in_order || !roll->n);
    if (v->vcpu == 0 && v->affinity) {
        roll->pinned = true;
        roll->first = *v->affinity;
    }
    CU_ASSERT_TRUE(v->online || (v->cpu == -1 && !v->running));
    roll->online += v->online;
    roll->n++;
}

static struct roll call_roll(struct rig *r, const char *uuid, bool ask_for_all)
{
    struct roll roll = {.uuid = uuid};
    struct err e = {0};

    must(r->ops->vcpus(r->d, ask_for_all ? NULL : uuid, on_vcpu, &roll, &e), &e);
    return roll;
}

static void vcpus_are_told(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    unsigned online = r->subject->raises_vcpus ? 1 : 2;
    struct guest *g;
    struct roll one, all;

    if (lacks_changes(r))
        return;
    s->vcpus = 2;
    s->maxvcpus = 3;
    g = must_create(r, s);
    one = call_roll(r, s->uuid, false);
    all = call_roll(r, s->uuid, true);
    CU_ASSERT_TRUE(one.n == 3 && one.online == online && one.in_order);
    CU_ASSERT_TRUE(all.n == 3 && all.online == online && all.in_order);
    destroy(r, g);
    CU_ASSERT_EQUAL(call_roll(r, s->uuid, false).n, 0);
}

/* Number 0 may run on CPU 0 only; a host with one CPU has no narrower set than all. */
static bool is_pinned(struct rig *r, const char *uuid)
{
    struct err e = {0};
    AUTO(value_freep) struct value *host = r->ops->node_info(r->d, &e);
    struct cpuset first = call_roll(r, uuid, false).first;

    if (value_get_int(host, "nr_cpus", 0) == 1)
        return true;
    return cpuset_count(&first) == 1 && cpuset_has(&first, 0);
}

/* Those of the spec from the start, others later; the host's first CPU is always there. */
static void pins_hold(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct cpuset zero = {0}, none = {0}, all = cpuset_first(CPUSET_MAX);
    struct err e = {0};
    struct guest *g;

    if (lacks_changes(r))
        return;
    cpuset_add(&zero, 0);
    cpuset_add(&none, CPUSET_MAX - 1);
    s->cpus = value_list();
    value_add_take(s->cpus, value_str("0"));
    g = must_create(r, s);
    CU_ASSERT_TRUE(is_pinned(r, s->uuid));
    must(r->ops->pin_vcpu(g, 0, &all, &e), &e);
    CU_ASSERT_FALSE(call_roll(r, s->uuid, false).pinned);
    must(r->ops->resume(g, &e), &e);
    must(r->ops->pin_vcpu(g, 0, &zero, &e), &e);
    CU_ASSERT_TRUE(is_pinned(r, s->uuid));
    CU_ASSERT_EQUAL(r->ops->pin_vcpu(g, 0, &none, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    CU_ASSERT_EQUAL(r->ops->pin_vcpu(g, 1, &zero, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    destroy(r, g);
}

static int set_vcpus(struct rig *r, struct guest *g, unsigned n, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->set_vcpus(g, n, &j, e);
}

static int set_memory(struct rig *r, struct guest *g, uint64_t kib, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->set_memory(g, kib, &j, e);
}

static void sizes_change(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct err e = {0};
    struct guest *g;

    if (lacks_changes(r))
        return;
    s->vcpus = 2;
    s->maxvcpus = 3;
    s->memory = 128;
    s->maxmem = 192;
    g = must_create(r, s);
    boot(r, g);
    must(set_vcpus(r, g, 3, &e), &e);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.vcpus_online, 3);
    if (set_vcpus(r, g, 1, &e) < 0) { /* some can only add */
        CU_ASSERT_EQUAL(e.code, ERR_UNSUPPORTED);
        CU_ASSERT_EQUAL(call_roll(r, s->uuid, false).online, 3);
    } else {
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.vcpus_online, 1);
        CU_ASSERT_EQUAL(call_roll(r, s->uuid, false).online, 1);
    }
    CU_ASSERT_EQUAL(set_vcpus(r, g, 4, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    CU_ASSERT_EQUAL(set_vcpus(r, g, 0, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);

    must(set_memory(r, g, 96 * 1024, &e), &e);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.mem_kib, 96 * 1024);
    must(set_memory(r, g, 160 * 1024, &e), &e);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.mem_kib, 160 * 1024);
    CU_ASSERT_EQUAL(set_memory(r, g, 256 * 1024, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    CU_ASSERT_EQUAL(r->ops->set_maxmem(g, 128 * 1024, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    must(r->ops->set_maxmem(g, 160 * 1024, &e), &e);
    CU_ASSERT_EQUAL(set_memory(r, g, 192 * 1024, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    destroy(r, g);
}

static void spec_is_kept(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g;
    struct find f = {0};
    struct err e = {0};

    if (lacks_changes(r))
        return;
    g = must_create(r, s);
    free(s->description);
    s->description = xstrdup("changed");
    must(r->ops->keep_spec(g, s, &e), &e);
    r->ops->forget(g);
    rig_close(r);
    CU_ASSERT_TRUE_FATAL(rig_open(r));
    must(r->ops->scan(r->d, on_found, &f, &e), &e);
    rig_watch(r);
    CU_ASSERT_EQUAL_FATAL(f.n, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f.s->description);
    CU_ASSERT_STRING_EQUAL(f.s->description, "changed");
    destroy(r, f.g);
    spec_free(f.s);
}

/* Its uuid is free for the next one at once, and the driver finds both again. */
static void dead_is_set_aside(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->crashing), *dead = spec_copy(s);
    AUTO(spec_freep) struct spec *again = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s), *next;
    struct find f = {0};
    uint32_t domid = g->domid;
    char uuid[UUID_TEXT_SIZE];
    struct err e = {0};

    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_CRASHED, NULL));
    if (!r->ops->set_aside) {
        destroy(r, g);
        return;
    }
    uuid_make(uuid);
    free(dead->uuid);
    dead->uuid = xstrdup(uuid);
    must(r->ops->set_aside(g, dead, &e), &e);
    CU_ASSERT_STRING_EQUAL(g->uuid, uuid);
    CU_ASSERT_EQUAL(g->domid, domid);
    free(again->uuid);
    again->uuid = xstrdup(s->uuid);
    next = must_create(r, again);
    CU_ASSERT_EQUAL(take_census(r, uuid).found.state, GUEST_CRASHED);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_PAUSED);
    destroy(r, next);
    r->ops->forget(g);
    rig_close(r);
    CU_ASSERT_TRUE_FATAL(rig_open(r));
    must(r->ops->scan(r->d, on_found, &f, &e), &e);
    rig_watch(r);
    CU_ASSERT_EQUAL_FATAL(f.n, 1);
    CU_ASSERT_STRING_EQUAL(f.g->uuid, uuid);
    CU_ASSERT_EQUAL(f.state, GUEST_CRASHED);
    destroy(r, f.g);
    spec_free(f.s);
}

/* What a guest has, as the driver tells it: of one class, and which of them is `key`. */
struct inventory {
    enum device_class class;
    const char *key;
    size_t n, n_found;
    int64_t devid;
    int state;
};

static void on_device(void *arg, const struct device_sample *s)
{
    struct inventory *v = arg;

    if (s->class != v->class)
        return;
    v->n++;
    if (strcmp(s->key, v->key) == 0) {
        v->n_found++;
        v->devid = s->devid;
        v->state = s->state;
    }
}

static struct inventory take_inventory(struct rig *r, const char *uuid, const struct device *dev)
{
    struct inventory v = {.class = dev->class, .key = device_key(dev)};
    struct err e = {0};

    must(r->ops->devices(r->d, uuid, on_device, &v, &e), &e);
    return v;
}

static int attach(struct rig *r, struct guest *g, const struct device *dev, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->attach(g, dev, &j, e);
}

static int detach(struct rig *r, struct guest *g, const struct device *dev, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->detach(g, dev, false, &j, e);
}

static bool lacks_devices(const struct rig *r)
{
    return !r->ops->attach || !r->ops->detach || !r->ops->devices;
}

/* A disk of 1 MiB; its file is there unless `name` says "missing". */
static struct device *new_disk(struct rig *r, const char *name, const char *vdev)
{
    struct device *d = device_new(DEVICE_DISK);
    int fd;

    d->disk.type = xstrdup("file");
    d->disk.target = path_join(r->dir, name);
    d->disk.vdev = xstrdup(vdev);
    if (strcmp(name, "missing") == 0)
        return d;
    fd = open(d->disk.target, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(ftruncate(fd, 1 << 20), 0);
    close(fd);
    return d;
}

static void devices_come_and_go(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(device_freep) struct device *disk = new_disk(r, "b.img", "xvdb");
    struct inventory v;
    struct err e = {0};
    struct guest *g;

    if (lacks_devices(r))
        return;
    g = must_create(r, s);
    boot(r, g);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
    for (int i = 0; i < 2; i++) {
        must(attach(r, g, disk, &e), &e);
        v = take_inventory(r, s->uuid, disk);
        CU_ASSERT_EQUAL(v.n, 1);
        CU_ASSERT_EQUAL(v.n_found, 1);
        CU_ASSERT_EQUAL(v.devid, vdev_number("xvdb"));
        CU_ASSERT_EQUAL(attach(r, g, disk, &e), -1);
        CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
        CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 1);
        must(detach(r, g, disk, &e), &e);
        CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
    }
    must(detach(r, g, disk, &e), &e); /* what is not there is no failure */
    destroy(r, g);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
}

/* Whatever became of the xend that attached it. */
static void devices_outlive_xend(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(device_freep) struct device *disk = new_disk(r, "b.img", "xvdb");
    struct find f = {0};
    struct err e = {0};
    struct guest *g;

    if (lacks_devices(r))
        return;
    g = must_create(r, s);
    boot(r, g);
    must(attach(r, g, disk, &e), &e);
    r->ops->forget(g);
    rig_close(r);
    CU_ASSERT_TRUE_FATAL(rig_open(r));
    must(r->ops->scan(r->d, on_found, &f, &e), &e);
    rig_watch(r);
    CU_ASSERT_EQUAL_FATAL(f.n, 1);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n_found, 1);
    must(detach(r, f.g, disk, &e), &e);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
    must(attach(r, f.g, disk, &e), &e); /* nothing of the first one is in the way */
    destroy(r, f.g);
    spec_free(f.s);
}

static void failed_attach_leaves_nothing(struct rig *r)
{
    const char *failing = r->subject->boots ? r->subject->plain : "test:fail=attach:1";
    AUTO(spec_freep) struct spec *s = new_spec(r, failing);
    AUTO(device_freep) struct device *missing = new_disk(r, "missing", "xvdb");
    AUTO(device_freep) struct device *disk = new_disk(r, "b.img", "xvdb");
    AUTO(device_freep) struct device *odd = device_new(DEVICE_P9);
    struct job cancelled = JOB_INIT;
    struct err e = {0};
    struct guest *g;

    if (lacks_devices(r))
        return;
    g = must_create(r, s);
    boot(r, g);
    CU_ASSERT_EQUAL(attach(r, g, missing, &e), -1);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
    CU_ASSERT_EQUAL(attach(r, g, odd, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_UNSUPPORTED);
    atomic_store(&cancelled.cancelled, true);
    CU_ASSERT_EQUAL(r->ops->attach(g, disk, &cancelled, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
    must(attach(r, g, disk, &e), &e);
    destroy(r, g);
}

static void reset_is_a_reboot(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g;
    enum stop_reason reason = STOP_CRASH;
    struct err e = {0};

    if (lacks_changes(r))
        return;
    g = must_create(r, s);
    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    if (r->ops->trigger) {
        CU_ASSERT_EQUAL(r->ops->trigger(g, TRIGGER_NMI, 1, &e), -1);
        CU_ASSERT_EQUAL(e.code, ERR_INVALID);
        must(r->ops->trigger(g, TRIGGER_RESET, 0, &e), &e);
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_SHUTDOWN, &reason));
        CU_ASSERT_EQUAL(reason, STOP_REBOOT);
        /* one that has ended has nothing left to change */
        CU_ASSERT_TRUE(set_memory(r, g, 64 * 1024, &e) < 0 && e.code == ERR_STATE);
        CU_ASSERT_TRUE(set_vcpus(r, g, 1, &e) < 0 && e.code == ERR_STATE);
    }
    destroy(r, g);
}

#endif
