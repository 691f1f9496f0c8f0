/*
 * Command lines held by golden files: X.json gives X.args (one argument a line), or X.err where X
 * begins with fail-. UPDATE_GOLDEN=1 writes them anew; read the diff. For test_qemu_argv.c and
 * test_xen_dm.c.
 */
#ifndef TESTS_GOLDEN_ARGV_H
#define TESTS_GOLDEN_ARGV_H

#include <glob.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "tests/unit/cunit.h"

/* What a case gives: the arguments, or the error. */
typedef void golden_fn(const struct value *test, const char *path, struct buf *out);

static inline void golden_case(const char *path, golden_fn *run)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(buf_clear) struct buf want = BUF_INIT;
    AUTO(buf_clear) struct buf got = BUF_INIT;
    AUTO(value_freep) struct value *test = NULL;
    AUTO(freep) char *golden = NULL;
    bool fails = strstr(path, "/fail-");
    struct err e;

    CU_ASSERT_EQUAL_FATAL(read_file(path, 1 << 20, &text, &e), 0);
    test = json_parse(buf_str(&text), text.len, path, &e);
    if (!test)
        fprintf(stderr, "\n  %s\n", e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(test);
    run(test, path, &got);
    golden =
        xasprintf("%.*s.%s", (int)(strlen(path) - strlen(".json")), path, fails ? "err" : "args");
    CU_ASSERT_EQUAL(fails, buf_str(&got)[0] != '/');
    if (getenv("UPDATE_GOLDEN"))
        CU_ASSERT_EQUAL(write_file_atomic(golden, got.ptr, got.len, 0644, &e), 0);
    read_file(golden, 1 << 20, &want, &e);
    CU_ASSERT_STRING_EQUAL(buf_str(&got), buf_str(&want));
    if (strcmp(buf_str(&got), buf_str(&want)) != 0)
        fprintf(stderr, "\n  %s differs; got:\n%s\n", golden, buf_str(&got));
}

static inline void golden_all(const char *pattern, size_t at_least, golden_fn *run)
{
    glob_t g;

    CU_ASSERT_EQUAL_FATAL(glob(pattern, 0, NULL, &g), 0);
    CU_ASSERT(g.gl_pathc >= at_least);
    for (size_t i = 0; i < g.gl_pathc; i++)
        golden_case(g.gl_pathv[i], run);
    globfree(&g);
}

#endif
