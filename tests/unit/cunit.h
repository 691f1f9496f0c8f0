/*
 * main() of a CUnit program: one program per module, so that a crash in one hides no other.
 *     static void test_x(void) { CU_ASSERT_EQUAL(...); }
 *     TESTS("module", {"what it shows", test_x}, ...)
 * Counts (tests, not asserts) go to the file named by TEST_COUNTS as "passed failed skipped".
 */
#ifndef TESTS_CUNIT_H
#define TESTS_CUNIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

#include "libxl/base/mem.h"

struct test_row {
    const char *what;
    void (*fn)(void);
};

static unsigned tests_skipped;

/* Says loudly why the running test cannot run here, and counts it. Return right after it. */
static inline void test_skip(const char *why)
{
    fprintf(stderr, "SKIPPED: %s\n", why);
    tests_skipped++;
}

static inline int tests_main(const char *module, const struct test_row *rows, size_t n)
{
    const char *counts = getenv("TEST_COUNTS");
    unsigned run, failed;
    CU_pSuite suite;
    FILE *f;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    suite = CU_add_suite(module, NULL, NULL);
    for (size_t i = 0; i < n; i++)
        if (!suite || !CU_add_test(suite, rows[i].what, rows[i].fn))
            return 2;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    run = CU_get_number_of_tests_run();
    failed = CU_get_number_of_tests_failed();
    if (counts && (f = fopen(counts, "w"))) {
        fprintf(f, "%u %u %u\n", run - failed - tests_skipped, failed, tests_skipped);
        fclose(f);
    }
    CU_cleanup_registry();
    return failed != 0;
}

#define TESTS(module, ...)                                                                         \
    int main(void)                                                                                 \
    {                                                                                              \
        static const struct test_row rows[] = {__VA_ARGS__};                                       \
        return tests_main(module, rows, ARRAY_LEN(rows));                                          \
    }

/* The error has this code and its text holds these words. */
#define ASSERT_ERR(e, want_code, words)                                                            \
    do {                                                                                           \
        CU_ASSERT_EQUAL((e).code, want_code);                                                      \
        CU_ASSERT_PTR_NOT_NULL(strstr((e).msg, words));                                            \
        if ((e).code != (want_code) || !strstr((e).msg, words))                                    \
            fprintf(stderr, "\n  got: %d %s\n", (int)(e).code, (e).msg);                           \
    } while (0)

#endif
