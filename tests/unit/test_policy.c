/* What follows the end of a guest: every reason with every action, and the restart that is too
 * fast. */
#include "tests/unit/cunit.h"
#include "xend/policy.h"

static enum end_action action(const char *poweroff, const char *reboot, const char *crash,
                              enum guest_state end, enum stop_reason reason, double lived_s,
                              bool asked)
{
    AUTO(value_freep) struct value *v = value_map();
    AUTO(problems_clear) struct problems faults = {0};
    struct spec *s;
    enum end_action a;

    value_set_str(v, "name", "x");
    value_set_str(v, "on_poweroff", poweroff);
    value_set_str(v, "on_reboot", reboot);
    value_set_str(v, "on_crash", crash);
    s = spec_from_value(v, &faults);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    a = policy_action(s, end, reason, lived_s, asked);
    spec_free(s);
    return a;
}

static void test_defaults(void)
{
    CU_ASSERT_EQUAL(action(NULL, NULL, NULL, GUEST_SHUTDOWN, STOP_POWEROFF, 1, false), END_DESTROY);
    CU_ASSERT_EQUAL(action(NULL, NULL, NULL, GUEST_SHUTDOWN, STOP_REBOOT, 100, false), END_RESTART);
    CU_ASSERT_EQUAL(action(NULL, NULL, NULL, GUEST_CRASHED, STOP_CRASH, 100, false), END_RESTART);
    CU_ASSERT_EQUAL(action(NULL, NULL, NULL, GUEST_GONE, STOP_POWEROFF, 100, false), END_RESTART);
}

static void test_each_end_has_its_own(void)
{
    CU_ASSERT_EQUAL(
        action("preserve", "destroy", "destroy", GUEST_SHUTDOWN, STOP_POWEROFF, 1, false),
        END_PRESERVE);
    CU_ASSERT_EQUAL(action("destroy", "preserve", "destroy", GUEST_SHUTDOWN, STOP_REBOOT, 1, false),
                    END_PRESERVE);
    CU_ASSERT_EQUAL(action("destroy", "destroy", "preserve", GUEST_CRASHED, STOP_CRASH, 1, false),
                    END_PRESERVE);
    CU_ASSERT_EQUAL(action("preserve", "preserve", "preserve", GUEST_SHUTDOWN, STOP_HALT, 1, false),
                    END_DESTROY);
}

static void test_too_fast(void)
{
    CU_ASSERT_EQUAL(action(NULL, NULL, NULL, GUEST_CRASHED, STOP_CRASH, 59.9, false), END_DESTROY);
    CU_ASSERT_EQUAL(action(NULL, NULL, NULL, GUEST_CRASHED, STOP_CRASH, 60.0, false), END_RESTART);
    CU_ASSERT_EQUAL(action(NULL, NULL, NULL, GUEST_SHUTDOWN, STOP_REBOOT, 1, false), END_DESTROY);
    CU_ASSERT_EQUAL(action(NULL, NULL, NULL, GUEST_SHUTDOWN, STOP_REBOOT, 1, true), END_RESTART);
}

static void test_coredumps(void)
{
    CU_ASSERT_EQUAL(action(NULL, NULL, "coredump-destroy", GUEST_CRASHED, STOP_CRASH, 100, false),
                    END_COREDUMP_DESTROY);
    CU_ASSERT_EQUAL(action(NULL, NULL, "coredump-restart", GUEST_CRASHED, STOP_CRASH, 100, false),
                    END_COREDUMP_RESTART);
    CU_ASSERT_EQUAL(action(NULL, NULL, "coredump-restart", GUEST_CRASHED, STOP_CRASH, 1, false),
                    END_COREDUMP_DESTROY);
}

TESTS("policy", {"the original's defaults", test_defaults},
      {"each end has its own action", test_each_end_has_its_own},
      {"a restart that comes too fast is refused, but not to xm", test_too_fast},
      {"a core is written even when a restart comes too fast", test_coredumps})
