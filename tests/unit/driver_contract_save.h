/*
 * Of the contract: guests are saved and restored. Included by test_driver_contract.c.
 */
#ifndef TESTS_DRIVER_CONTRACT_SAVE_H
#define TESTS_DRIVER_CONTRACT_SAVE_H

#include "tests/unit/driver_contract.h"

static void save_and_restore(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(freep) char *path = path_join(r->dir, "saved");
    AUTO(closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct guest *g = must_create(r, s);
    enum stop_reason reason = STOP_CRASH;
    struct job j = JOB_INIT;
    struct err e = {0};

    boot(r, g);
    if (r->ops->save(g, fd, false, &j, &e) < 0) {
        CU_ASSERT_EQUAL(e.code, ERR_UNSUPPORTED); /* complete or not at all */
        destroy(r, g);
        return;
    }
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_SHUTDOWN, &reason));
    CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
    destroy(r, g);
    CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    g = r->ops->restore(r->d, s, fd, &j, &e);
    must(g ? 0 : -1, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_PAUSED);
    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    CU_ASSERT_TRUE(stop_until(r, g, STOP_POWEROFF, NULL)); /* its operating system went on */
    destroy(r, g);
}

/* A new file, empty. */
static int new_file(const struct rig *r, const char *name)
{
    AUTO(freep) char *path = path_join(r->dir, name);

    return open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static int save_to(struct rig *r, struct guest *g, int fd, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->save(g, fd, false, &j, e);
}

static struct guest *restore_from(struct rig *r, const struct spec *s, int fd, struct err *e)
{
    struct job j = JOB_INIT;

    CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    return r->ops->restore(r->d, s, fd, &j, e);
}

/* One that was saved can go on, time and again; it waits for that until it is told to. */
static void checkpoint_goes_on(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(closep) int fd = new_file(r, "saved");
    struct guest *g = must_create(r, s);
    enum stop_reason reason = STOP_CRASH;
    struct err e = {0};

    boot(r, g);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET) + ftruncate(fd, 0), 0);
        must(save_to(r, g, fd, &e), &e);
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_SHUTDOWN, &reason));
        CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
        CU_ASSERT_EQUAL(r->ops->state(g, &reason), GUEST_SHUTDOWN);
        CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
        CU_ASSERT_TRUE(save_to(r, g, fd, &e) < 0 && e.code == ERR_STATE);
        CU_ASSERT_TRUE(r->ops->pause(g, &e) < 0 && e.code == ERR_STATE);
        must(r->ops->resume(g, &e), &e);
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    }
    must(r->ops->pause(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_PAUSED, NULL));
    must(save_to(r, g, fd, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_SHUTDOWN, &reason));
    CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
    destroy(r, g);
}

static void failed_save_changes_nothing(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC), fd = new_file(r, "saved");
    struct job cancelled = {.cancelled = true, .cancel_fd = eventfd(1, EFD_CLOEXEC)};
    const enum guest_state states[] = {GUEST_RUNNING, GUEST_PAUSED};
    struct guest *g = must_create(r, s);
    enum stop_reason reason;
    struct err e = {0};

    boot(r, g);
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        CU_ASSERT_TRUE(save_to(r, g, full, &e) < 0 && e.code == ERR_NO_RESOURCE);
        CU_ASSERT_EQUAL(r->ops->state(g, &reason), states[i]);
        CU_ASSERT_EQUAL(r->ops->save(g, fd, false, &cancelled, &e), -1);
        CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
        CU_ASSERT_EQUAL(r->ops->state(g, &reason), states[i]);
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, states[i]);
        must(r->ops->pause(g, &e), &e);
        CU_ASSERT_TRUE(i || wait_change(r, g, GUEST_PAUSED, NULL));
    }
    close(cancelled.cancel_fd);
    must(save_to(r, g, fd, &e), &e);
    destroy(r, g);
}

/* The same guest under another number; one whose job is cancelled has not noticed. */
static void moves_to_its_own_host(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct job cancelled = {.cancelled = true, .cancel_fd = eventfd(1, EFD_CLOEXEC)}, j = JOB_INIT;
    struct guest *g = r->ops->move ? must_create(r, s) : NULL;
    uint32_t domid = g ? g->domid : 0;
    double start_time = g ? g->start_time : 0;
    struct err e = {0};

    if (g) {
        boot(r, g);
        CU_ASSERT_PTR_NULL(r->ops->move(g, false, &cancelled, &e));
        CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_RUNNING);
        g = r->ops->move(g, false, &j, &e);
        must(g ? 0 : -1, &e);
        CU_ASSERT_PTR_NOT_NULL_FATAL(g);
        CU_ASSERT_TRUE(g->domid != domid && g->start_time == start_time);
        CU_ASSERT_STRING_EQUAL(g->uuid, s->uuid);
        CU_ASSERT_EQUAL(take_census(r, NULL).n, 1);
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_PAUSED);
        must(r->ops->resume(g, &e), &e);
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
        CU_ASSERT_TRUE(stop_until(r, g, STOP_POWEROFF, NULL)); /* its operating system went on */
        destroy(r, g);
    }
    close(cancelled.cancel_fd);
}

/* A host where it cannot be done says so, and the guest has not noticed. */
static void live_save_or_none(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(closep) int fd = new_file(r, "saved");
    struct guest *g = must_create(r, s);
    enum stop_reason reason = STOP_CRASH;
    struct job j = JOB_INIT;
    struct err e = {0};

    boot(r, g);
    if (r->ops->save(g, fd, true, &j, &e) < 0) {
        CU_ASSERT_EQUAL(e.code, ERR_UNSUPPORTED);
        CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_END), 0);
        CU_ASSERT_EQUAL(r->ops->state(g, &reason), GUEST_RUNNING);
        CU_ASSERT_TRUE(stop_until(r, g, STOP_POWEROFF, NULL));
    } else {
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_SHUTDOWN, &reason));
        CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
    }
    destroy(r, g);
}

/* Cut at many places, changed in the middle, cancelled: nothing is left, and the whole is good. */
static void failed_restore_leaves_nothing(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(closep) int fd = new_file(r, "saved");
    struct job cancelled = {.cancelled = true, .cancel_fd = eventfd(1, EFD_CLOEXEC)};
    struct guest *g = must_create(r, s);
    struct err e = {0};
    char byte, other;
    off_t size;

    boot(r, g);
    must(save_to(r, g, fd, &e), &e);
    destroy(r, g);
    size = lseek(fd, 0, SEEK_END);
    CU_ASSERT_EQUAL(pread(fd, &byte, 1, size / 2), 1);
    other = (char)(byte ^ 4);
    CU_ASSERT_EQUAL(pwrite(fd, &other, 1, size / 2), 1);
    CU_ASSERT_TRUE(!restore_from(r, s, fd, &e) && e.code == ERR_INVALID);
    CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, size / 2), 1);
    CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CU_ASSERT_PTR_NULL(r->ops->restore(r->d, s, fd, &cancelled, &e));
    CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
    g = restore_from(r, s, fd, &e);
    must(g ? 0 : -1, &e);
    CU_ASSERT_TRUE(!restore_from(r, s, fd, &e) && e.code == ERR_EXISTS); /* it is there already */
    destroy(r, g);
    for (int i = 8; i >= 0; i--) {
        CU_ASSERT_EQUAL(ftruncate(fd, (size - 1) / 8 * i), 0);
        CU_ASSERT_TRUE(!restore_from(r, s, fd, &e) && e.code == ERR_INVALID);
        CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
    }
    close(cancelled.cancel_fd);
}

#endif
