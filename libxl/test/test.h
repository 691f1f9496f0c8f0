/*
 * How tests steer the test driver: failures, latency, and what guests do from inside. The same on
 * demand in system tests, as words: key `test-control` of xend-config.sxp for all guests, or in a
 * guest's kernel command line (`extra`), each word then begun with "test:":
 *
 *     fail=OP[:N][:CODE]    the N-th call of OP (every one without N) fails, with err.h's CODE
 *     delay-OP=500ms        OP takes this long first (also s); a job that is cancelled ends it
 *     hang-OP               OP does not return until test_driver_release, or its job is cancelled
 *     HOW-on-OP             HOW is crash, poweroff or reboot: the guest does it after OP succeeded
 *     HOW-in=500ms          ... so long after each resume from the start (needs a watch)
 *     ignore-shutdown       the guest does not obey stop
 *     ignore-memory         nor set_memory; ignore-vcpus: nor set_vcpus
 *     ignore-detach         nor does it let go of a device
 *     cpu=1500ms            CPU time that the guest has used once it was resumed
 *     memory=4096           test-control only: the host's memory in MiB
 *     console-log           test-control only: consoles are kept in files of log_dir
 *
 * OP: create restore save destroy pause resume stop console scan sample node-info set-memory
 * set-vcpus pin keep-spec sysrq trigger dump attach detach set-media devices.
 * A guest's console obeys the lines poweroff, reboot, halt and crash, and answers any other; so
 * does sysrq with b, c and o. Keys and triggers that do nothing else are told on the console.
 */
#ifndef LIBXL_TEST_TEST_H
#define LIBXL_TEST_TEST_H

#include "libxl/driver.h"

enum test_op {
    TEST_CREATE,
    TEST_RESTORE,
    TEST_SAVE,
    TEST_DESTROY,
    TEST_PAUSE,
    TEST_RESUME,
    TEST_STOP,
    TEST_CONSOLE,
    TEST_SCAN,
    TEST_SAMPLE,
    TEST_NODE_INFO,
    TEST_SET_MEMORY,
    TEST_SET_VCPUS,
    TEST_PIN,
    TEST_KEEP_SPEC,
    TEST_SYSRQ,
    TEST_TRIGGER,
    TEST_DUMP,
    TEST_ATTACH,
    TEST_DETACH,
    TEST_SET_MEDIA,
    TEST_DEVICES,
    TEST_OPS
};

/*
 * All of these are safe from any thread; d is a driver that driver_test.open made. A guest that
 * is not there is a programming error (assert).
 */

/* The n-th call of op from now on fails with this code; n 0: every call. */
void test_driver_fail(struct driver *d, enum test_op op, unsigned n, enum err_code code);
/* Every call of op takes so long. */
void test_driver_delay(struct driver *d, enum test_op op, unsigned ms);
/* Every call of op hangs until test_driver_release. */
void test_driver_hang(struct driver *d, enum test_op op);
/* Takes back all of the above (not the words of guests) and lets go of what hangs. */
void test_driver_release(struct driver *d);

/* The guest powers off, reboots, crashes... from inside. */
void test_guest_end(struct driver *d, const char *uuid, enum stop_reason how);
/* The guest has used this much CPU time; it has no other clock. */
void test_guest_cpu(struct driver *d, const char *uuid, uint64_t cpu_ns);
/* Guests that exist now. */
size_t test_driver_guests(struct driver *d);

#endif
