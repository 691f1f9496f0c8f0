/* xend-config.sxp: defaults, values, and every fault with its place. */
#include <unistd.h>

#include "libxl/base/io.h"
#include "tests/unit/cunit.h"
#include "xend/conf.h"

static char path[] = "/tmp/test-conf-XXXXXX";

/* Reads text as a configuration; the result of conf_read. */
static int read_text(const char *text, struct conf *c, struct value **notes, struct err *e)
{
    struct err ignored;

    CU_ASSERT_EQUAL(write_file_atomic(path, text, strlen(text), 0600, &ignored), 0);
    return conf_read(c, path, notes, e);
}

static void expect_fault(const char *text, const char *words)
{
    struct conf c;
    AUTO(value_freep) struct value *notes = NULL;
    struct err e = {0};

    CU_ASSERT_EQUAL(read_text(text, &c, &notes, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, words);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, path));
    conf_clear(&c);
}

static void test_missing_file(void)
{
    struct conf c;
    AUTO(value_freep) struct value *notes = NULL;
    struct err e;

    CU_ASSERT_EQUAL(conf_read(&c, "/nonexistent/xend-config.sxp", &notes, &e), 0);
    CU_ASSERT_STRING_EQUAL(conf_str(&c, "loglevel"), "INFO");
    CU_ASSERT_PTR_NULL(conf_str(&c, "xend-driver"));
    conf_clear(&c);
}

static void test_values_and_notes(void)
{
    struct conf c;
    AUTO(value_freep) struct value *notes = NULL;
    struct err e;

    CU_ASSERT_EQUAL(read_text("# a comment\n(loglevel debug) (xend-driver 'test')\n"
                              "(xend-relocation-server no)\n(loglevl INFO)\n"
                              "(vncpasswd ninechars)\n",
                              &c, &notes, &e),
                    0);
    CU_ASSERT_STRING_EQUAL(conf_str(&c, "loglevel"), "debug");
    CU_ASSERT_STRING_EQUAL(conf_str(&c, "xend-driver"), "test");
    CU_ASSERT_EQUAL(value_len(notes), 3);
    CU_ASSERT_STRING_EQUAL(conf_str(&c, "vncpasswd"), "ninechar");
    CU_ASSERT_PTR_NOT_NULL(strstr(value_as_str(value_at(notes, 0)), ":3: xend-relocation"));
    CU_ASSERT_PTR_NOT_NULL(strstr(value_as_str(value_at(notes, 1)), "did you mean loglevel?"));
    conf_clear(&c);
}

static void test_faults(void)
{
    expect_fault("(loglevel LOUD)", "invalid xend config loglevel: expected DEBUG");
    expect_fault("(xend-driver vmware)", "invalid xend config xend-driver: expected");
    expect_fault("(test-persist maybe)", "expected bool: maybe");
    expect_fault("(loglevel", ":1:1: '(' without ')'");
    expect_fault("\n\n  loglevel)", ":3:11: ')' without '('");
    expect_fault("loglevel INFO", "expected (key value)");
    expect_fault("(loglevel a b)", "expected one value");
    expect_fault("# x\n(loglevel LOUD)\n\n(xend-driver\n vmware)",
                 ":2: invalid xend config loglevel");
    expect_fault("# x\n(loglevel LOUD)\n\n(xend-driver\n vmware)", ":4: invalid xend config xend-");
}

static void test_all(void)
{
    int fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
    test_values_and_notes();
    test_faults();
    unlink(path);
}

TESTS("conf", {"a missing file means defaults", test_missing_file},
      {"values, unknown keys, faults with their place", test_all})
