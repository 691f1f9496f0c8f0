/* libxl/cpuset: the language of cpus and vcpu-pin, both ways. */
#include <stdlib.h>

#include "libxl/base/mem.h"
#include "libxl/cpuset.h"
#include "tests/unit/cunit.h"

/* Reads and prints; "error" when it cannot be read. */
static void check(const char *text, const char *wanted)
{
    AUTO(freep) char *got = NULL;
    struct cpuset c;
    struct err e = {0};

    got = cpuset_parse(text, &c, &e) < 0 ? xstrdup("error") : cpuset_print(&c);
    if (strcmp(got, wanted) != 0)
        fprintf(stderr, "\n  '%s': '%s', not '%s'\n", text, got, wanted);
    CU_ASSERT_STRING_EQUAL(got, wanted);
    CU_ASSERT_EQUAL(e.msg[0] != '\0', strcmp(wanted, "error") == 0);
}

static void test_lists(void)
{
    check("3", "3");
    check("0-3", "0-3");
    check("0-3,^1", "0,2-3");
    check("0-3,^1,1", "0-3"); /* left to right */
    check(" 5 , 0 ", "0,5");
    check("0,1,2,5,63,64,65", "0-2,5,63-65");
    check("^1,1", "1");
    check("1,^1", "");
    check("2-2", "2");
    check("1023", "1023");
    check("all", "0-1023");
    check("", "0-1023");
    check("all,^0-1021", "1022-1023");
}

static void test_faults(void)
{
    static const char *const texts[] = {"x",   "1-",   "-1",        "3-1",    "1024", "99999999999",
                                        "1,,", ",",    "1 2",       "^",      "0x1",  "1-1024",
                                        "^^1", "node", "nodes:0-1", "node:0", "+1",   "1-2-3"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        check(texts[i], "error");
}

static void test_sets(void)
{
    struct cpuset a = cpuset_first(3), b = {0}, c;

    CU_ASSERT_EQUAL(cpuset_count(&a), 3);
    CU_ASSERT_EQUAL(cpuset_count(&b), 0);
    cpuset_add(&b, 2);
    cpuset_add(&b, 1023);
    cpuset_add(&b, 1024); /* beyond: ignored */
    CU_ASSERT_EQUAL(cpuset_count(&b), 2);
    CU_ASSERT_TRUE(cpuset_has(&b, 1023) && !cpuset_has(&b, 1024) && !cpuset_has(&b, 0));
    c = cpuset_and(&a, &b);
    CU_ASSERT_EQUAL(cpuset_count(&c), 1);
    c = cpuset_first(5000);
    CU_ASSERT_EQUAL(cpuset_count(&c), CPUSET_MAX);
}

TESTS("cpuset", {"lists", test_lists}, {"faults", test_faults}, {"sets", test_sets})
