/*
 * What every driver must do (libxl/driver.h), tried on each that opens on this host: xen in a dom0
 * (tests/rig); elsewhere test and qemu, which needs QEMU. xen and qemu boot the guest of
 * scripts/mkguest (GUEST_DIR, build/guest).
 * Waits for changes with deadlines, sleeps for nothing.
 */
#include "tests/unit/driver_contract.h"
#include "tests/unit/driver_contract_change.h"
#include "tests/unit/driver_contract_life.h"
#include "tests/unit/driver_contract_save.h"

/* sysrq c crashes it; what it had in memory can be written down before and after. */
static void dump_of_a_crash(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(freep) char *path = path_join(r->dir, "core");
    AUTO(closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct guest *g = must_create(r, s);
    struct job j = JOB_INIT;
    struct err e = {0};

    boot(r, g);
    if (r->ops->dump) {
        must(r->ops->dump(g, fd, &j, &e), &e);
        CU_ASSERT_TRUE(lseek(fd, 0, SEEK_END) > 0);
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_RUNNING);
    }
    if (r->ops->sysrq) {
        must(r->ops->sysrq(g, 'c', &e), &e);
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_CRASHED, NULL));
    }
    if (r->ops->dump && r->ops->sysrq) {
        CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET) + ftruncate(fd, 0), 0);
        must(r->ops->dump(g, fd, &j, &e), &e);
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_CRASHED);
    }
    destroy(r, g);
}

static void cancelled_dump_harms_nothing(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(closep) int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct guest *g = must_create(r, s);
    struct job j = {.cancelled = true, .cancel_fd = eventfd(1, EFD_CLOEXEC)};
    struct err e = {0};

    if (r->ops->dump) {
        CU_ASSERT_EQUAL(r->ops->dump(g, fd, &j, &e), -1);
        CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_PAUSED);
    }
    close(j.cancel_fd);
    destroy(r, g);
}

static void *create_and_destroy(void *arg)
{
    struct rig *r = arg;

    for (int i = 0; i < (r->subject->boots ? 1 : 20); i++) {
        AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
        struct err e = {0};
        struct guest *g = create(r, s, &e);

        must(g ? 0 : -1, &e);
        if (!g)
            break;
        must(r->ops->resume(g, &e), &e);
        must(r->ops->pause(g, &e), &e);
        take_census(r, s->uuid);
        must(r->ops->destroy(g, &e), &e);
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(struct rig *r)
{
    pthread_t threads[3];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        CU_ASSERT_EQUAL(pthread_create(&threads[i], NULL, create_and_destroy, r), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
}

static void run(const struct subject *subject, void (*fn)(struct rig *r))
{
    struct rig r;

    if (rig_init(&r, subject)) {
        fn(&r);
        rig_close(&r);
    } else {
        CU_ASSERT_TRUE(subject->boots); /* the test driver opens everywhere */
        test_skip("qemu needs QEMU; qemu and xen need build/guest (make guest) or GUEST_DIR");
    }
    rig_clear(&r);
}

/* One CUnit test for each driver; FOR_TWO: what the xen driver cannot: its streams
 * have no checksums. */
#define FOR_TWO(fn)                                                                                \
    static void fn##_test(void)                                                                    \
    {                                                                                              \
        run(&test_subject, fn);                                                                    \
    }                                                                                              \
    static void fn##_qemu(void)                                                                    \
    {                                                                                              \
        run(&qemu_subject, fn);                                                                    \
    }
#define CONTRACT(fn)                                                                               \
    FOR_TWO(fn)                                                                                    \
    static void fn##_xen(void)                                                                     \
    {                                                                                              \
        run(&xen_subject, fn);                                                                     \
    }
CONTRACT(node_info)
CONTRACT(create_ends_paused)
CONTRACT(pause_and_resume)
CONTRACT(poweroff_is_obeyed)
CONTRACT(reboot_is_obeyed)
CONTRACT(crash_is_told)
CONTRACT(sample_sees_each_once)
CONTRACT(console_speaks_and_hears)
CONTRACT(scan_finds_the_forgotten)
CONTRACT(failed_create_leaves_nothing)
CONTRACT(cancelled_create_leaves_nothing)
CONTRACT(impossible_memory_is_refused)
CONTRACT(one_guest_for_a_uuid)
CONTRACT(domids_are_not_reused)
CONTRACT(save_and_restore)
CONTRACT(checkpoint_goes_on)
CONTRACT(failed_save_changes_nothing)
CONTRACT(moves_to_its_own_host)
CONTRACT(live_save_or_none)
FOR_TWO(failed_restore_leaves_nothing)
CONTRACT(vcpus_are_told)
CONTRACT(pins_hold)
CONTRACT(sizes_change)
CONTRACT(spec_is_kept)
CONTRACT(dead_is_set_aside)
CONTRACT(devices_come_and_go)
CONTRACT(devices_outlive_xend)
CONTRACT(failed_attach_leaves_nothing)
CONTRACT(reset_is_a_reboot)
CONTRACT(dump_of_a_crash)
CONTRACT(cancelled_dump_harms_nothing)
CONTRACT(threads_do_not_disturb_each_other)

#define ROW_OF_TWO(fn, what)                                                                       \
    {"test: " what, fn##_test},                                                                    \
    {                                                                                              \
        "qemu: " what, fn##_qemu                                                                   \
    }
#define ROW(fn, what)                                                                              \
    ROW_OF_TWO(fn, what),                                                                          \
    {                                                                                              \
        "xen: " what, fn##_xen                                                                     \
    }

static const struct test_row rows[] = {
    ROW(node_info, "node_info knows the host"),
    ROW(create_ends_paused, "create ends paused, destroy leaves nothing"),
    ROW(pause_and_resume, "pause and resume are told"),
    ROW(poweroff_is_obeyed, "stop(poweroff) becomes shutdown"),
    ROW(reboot_is_obeyed, "stop(reboot) becomes shutdown, or is refused"),
    ROW(crash_is_told, "a crash is told"),
    ROW(sample_sees_each_once, "sample sees each guest once"),
    ROW(console_speaks_and_hears, "the console speaks and hears"),
    ROW(scan_finds_the_forgotten, "scan finds what was forgotten"),
    ROW(failed_create_leaves_nothing, "a failing create leaves nothing"),
    ROW(cancelled_create_leaves_nothing, "a cancelled create leaves nothing"),
    ROW(impossible_memory_is_refused, "impossible memory is refused"),
    ROW(one_guest_for_a_uuid, "a uuid has one guest"),
    ROW(domids_are_not_reused, "domids are not reused"),
    ROW(save_and_restore, "save and restore, or neither"),
    ROW(checkpoint_goes_on, "one that was saved goes on when told to"),
    ROW(failed_save_changes_nothing, "a save that fails changes nothing"),
    ROW(moves_to_its_own_host, "it moves to its own host"),
    ROW(live_save_or_none, "a live save, or none"),
    ROW_OF_TWO(failed_restore_leaves_nothing, "a restore that fails leaves nothing"),
    ROW(vcpus_are_told, "each virtual CPU is told of"),
    ROW(pins_hold, "pins hold"),
    ROW(sizes_change, "memory and virtual CPUs change"),
    ROW(spec_is_kept, "a changed spec is kept"),
    ROW(dead_is_set_aside, "a dead one makes way"),
    ROW(devices_come_and_go, "devices come and go"),
    ROW(devices_outlive_xend, "devices outlive xend"),
    ROW(failed_attach_leaves_nothing, "a failing attach leaves nothing"),
    ROW(reset_is_a_reboot, "a reset ends it as a reboot"),
    ROW(dump_of_a_crash, "dumps, before and after a crash"),
    ROW(cancelled_dump_harms_nothing, "a cancelled dump harms nothing"),
    ROW(threads_do_not_disturb_each_other, "threads do not disturb each other")};

/* A dom0 has no other driver to try, and no other host has xen. */
int main(int argc, char **argv)
{
    driver_helper(argc, argv);
    bool dom0 = access("/proc/xen/privcmd", F_OK) == 0;
    struct test_row chosen[ARRAY_LEN(rows)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if ((strncmp(rows[i].what, "xen: ", 5) == 0) == dom0)
            chosen[n++] = rows[i];
    return tests_main("driver contract", chosen, n);
}
