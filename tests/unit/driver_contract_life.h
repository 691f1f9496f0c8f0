/*
 * Of the contract: guests come, run, stop, are found again and are never left behind. Included by
 * test_driver_contract.c.
 */
#ifndef TESTS_DRIVER_CONTRACT_LIFE_H
#define TESTS_DRIVER_CONTRACT_LIFE_H

#include "tests/unit/driver_contract.h"

static void node_info(struct rig *r)
{
    struct err e = {0};
    AUTO(value_freep) struct value *map = r->ops->node_info(r->d, &e);

    CU_ASSERT_PTR_NOT_NULL_FATAL(map);
    CU_ASSERT_TRUE(value_get_int(map, "nr_cpus", 0) > 0);
    CU_ASSERT_TRUE(value_get_int(map, "total_memory", 0) > 0);
    CU_ASSERT_TRUE(value_get_int(map, "free_memory", -1) >= 0);
    CU_ASSERT_PTR_NOT_NULL(value_get(map, "host"));
}

static void create_ends_paused(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    struct census c = take_census(r, s->uuid);

    CU_ASSERT_STRING_EQUAL(g->uuid, s->uuid);
    CU_ASSERT_PTR_EQUAL(g->driver, r->d);
    CU_ASSERT_TRUE(g->domid >= 1);
    CU_ASSERT_TRUE(g->start_time > (double)time(NULL) - 600 &&
                   g->start_time < (double)time(NULL) + 2);
    CU_ASSERT_EQUAL(c.n, 1);
    CU_ASSERT_EQUAL(c.n_found, 1);
    CU_ASSERT_EQUAL(c.found.state, GUEST_PAUSED);
    CU_ASSERT_EQUAL(c.found.mem_kib, (uint64_t)s->memory * 1024);
    CU_ASSERT_EQUAL(c.found.vcpus_online, 1);
    destroy(r, g);
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
}

static void pause_and_resume(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    struct err e = {0};

    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_RUNNING);
    must(r->ops->pause(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_PAUSED, NULL));
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_PAUSED);
    must(r->ops->pause(g, &e), &e); /* once more does no harm */
    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    destroy(r, g); /* of one that runs */
}

static void stop_is_obeyed(struct rig *r, enum stop_reason how)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    enum stop_reason reason = STOP_CRASH;
    struct err e = {0};

    boot(r, g);
    CU_ASSERT_TRUE(stop_until(r, g, how, &reason));
    CU_ASSERT_EQUAL(reason, how);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_SHUTDOWN);
    /* it is still there, but cannot go on */
    CU_ASSERT_EQUAL(r->ops->resume(g, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_STATE);
    CU_ASSERT_EQUAL(r->ops->pause(g, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_STATE);
    destroy(r, g);
}

static void poweroff_is_obeyed(struct rig *r)
{
    stop_is_obeyed(r, STOP_POWEROFF);
}

/* The other half of stop; drivers that cannot ask for it say so. */
static void reboot_is_obeyed(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    enum stop_reason reason = STOP_CRASH;
    struct err e = {0};

    boot(r, g);
    if (r->ops->stop(g, STOP_REBOOT, &e) < 0) {
        CU_ASSERT_EQUAL(e.code, ERR_UNSUPPORTED);
    } else {
        if (!see_change(r, g, GUEST_SHUTDOWN, 3, &reason))
            CU_ASSERT_TRUE(stop_until(r, g, STOP_REBOOT, &reason));
        CU_ASSERT_EQUAL(reason, STOP_REBOOT);
    }
    destroy(r, g);
}

static void crash_is_told(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->crashing);
    struct guest *g = must_create(r, s);
    struct err e = {0};

    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_CRASHED, NULL));
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_CRASHED);
    CU_ASSERT_EQUAL(r->ops->resume(g, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_STATE);
    destroy(r, g);
}

static void sample_sees_each_once(struct rig *r)
{
    AUTO(spec_freep) struct spec *a = new_spec(r, r->subject->plain);
    AUTO(spec_freep) struct spec *b = new_spec(r, r->subject->plain);
    struct guest *ga = must_create(r, a), *gb = must_create(r, b);

    CU_ASSERT_EQUAL(take_census(r, a->uuid).n, 2);
    CU_ASSERT_EQUAL(take_census(r, a->uuid).n_found, 1);
    CU_ASSERT_EQUAL(take_census(r, b->uuid).n_found, 1);
    destroy(r, ga);
    CU_ASSERT_EQUAL(take_census(r, a->uuid).n_found, 0);
    CU_ASSERT_EQUAL(take_census(r, b->uuid).n, 1);
    destroy(r, gb);
}

static void console_speaks_and_hears(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    struct err e = {0};
    int fd;

    boot(r, g); /* opens and closes one: a second one must work, too */
    fd = r->ops->console(g, &e);
    must(fd < 0 ? -1 : 0, &e);
    CU_ASSERT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    must(write_all(fd, "echo heard-$((1+1))\r", 20, &e), &e);
    CU_ASSERT_TRUE(console_says(r, g, fd, "heard-"));
    close(fd);
    destroy(r, g);
}

static void scan_finds_the_forgotten(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s), before = *g;
    struct find f = {0};
    struct err e = {0};

    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    r->ops->forget(g);
    rig_close(r);
    CU_ASSERT_TRUE_FATAL(rig_open(r));
    must(r->ops->scan(r->d, on_found, &f, &e), &e);
    rig_watch(r);
    CU_ASSERT_EQUAL_FATAL(f.n, 1);
    CU_ASSERT_STRING_EQUAL(f.g->uuid, before.uuid);
    CU_ASSERT_EQUAL(f.g->domid, before.domid);
    CU_ASSERT_TRUE(f.g->start_time > before.start_time - 1.5 &&
                   f.g->start_time < before.start_time + 1.5);
    CU_ASSERT_EQUAL(f.state, GUEST_RUNNING);
    CU_ASSERT_STRING_EQUAL(f.s->name, "contract");
    CU_ASSERT_EQUAL(f.s->memory, s->memory);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).n_found, 1);
    must(r->ops->pause(f.g, &e), &e); /* it obeys its new owner */
    CU_ASSERT_TRUE(wait_change(r, f.g, GUEST_PAUSED, NULL));
    destroy(r, f.g);
    spec_free(f.s);
}

static void scan_finds_nothing_after_destroy(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct find f = {0};
    struct err e = {0};

    destroy(r, must_create(r, s));
    rig_close(r);
    CU_ASSERT_TRUE_FATAL(rig_open(r));
    must(r->ops->scan(r->d, on_found, &f, &e), &e);
    rig_watch(r);
    CU_ASSERT_EQUAL(f.n, 0);
}

static void failed_create_leaves_nothing(struct rig *r)
{
    AUTO(spec_freep)
    struct spec *s = new_spec(r, r->subject->broken ? r->subject->broken : r->subject->plain);
    struct err e = {0};

    if (!r->subject->broken) {
        free(s->kernel);
        s->kernel = xstrdup("/nowhere/vmlinuz");
    }
    CU_ASSERT_PTR_NULL(create(r, s, &e));
    CU_ASSERT_TRUE(e.msg[0] != '\0');
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
    /* the same domain, repaired */
    free(s->kernel);
    s->kernel = xstrdup_null(r->kernel);
    free(s->extra);
    s->extra = NULL;
    destroy(r, must_create(r, s));
    scan_finds_nothing_after_destroy(r);
}

static void cancelled_create_leaves_nothing(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct job j = {.cancelled = true, .cancel_fd = eventfd(1, EFD_CLOEXEC)};
    struct err e = {0};

    CU_ASSERT_PTR_NULL(r->ops->create(r->d, s, &j, &e));
    CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
    close(j.cancel_fd);
}

static void impossible_memory_is_refused(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct err e = {0};

    s->memory = field_find(&spec_fields, "memory")->max;
    CU_ASSERT_PTR_NULL(create(r, s, &e));
    CU_ASSERT_EQUAL(e.code, ERR_NO_RESOURCE);
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
}

static void one_guest_for_a_uuid(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    struct err e = {0};

    CU_ASSERT_PTR_NULL(create(r, s, &e));
    CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).n_found, 1); /* the first one has not suffered */
    destroy(r, g);
}

static void domids_are_not_reused(struct rig *r)
{
    uint32_t last = 0;

    for (int i = 0; i < 3; i++) {
        AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
        struct guest *g = must_create(r, s);

        CU_ASSERT_TRUE(g->domid > last);
        last = g->domid;
        destroy(r, g);
        if (i == 1) { /* nor by the next xend */
            rig_close(r);
            CU_ASSERT_TRUE_FATAL(rig_open(r));
            rig_watch(r);
        }
    }
}

#endif
