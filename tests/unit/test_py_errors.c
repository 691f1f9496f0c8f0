/*
 * What is left of a file with errors (struct py_rest): all errors in the order of the text, the
 * variables that other statements set, and the names that are broken. Golden cases have the texts.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config/py.h"
#include "libxl/base/mem.h"
#include "tests/unit/cunit.h"

static struct err e;

static void rest_clear(struct py_rest *rest)
{
    value_free(rest->errors);
    value_free(rest->vars);
    value_free(rest->broken);
}

static struct py_rest rest_of(const char *text)
{
    struct py_rest rest = {0};
    struct py_input in = {.name = "f", .text = text, .len = strlen(text), .rest = &rest};

    CU_ASSERT_PTR_NULL(py_eval(&in, &e));
    CU_ASSERT_PTR_NOT_NULL_FATAL(rest.errors);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rest.broken);
    return rest;
}

/* The places of all errors: "1:5 3:1". */
static void places(const char *text, const char *want)
{
    struct py_rest rest = rest_of(text);
    AUTO(buf_clear) struct buf got = BUF_INIT;

    for (size_t i = 0; i < value_len(rest.errors); i++) {
        const char *report = value_as_str(value_at(value_at(rest.errors, i), 0));
        buf_addf(&got, "%s%.*s", i ? " " : "", (int)strcspn(report + 2, " ") - 1, report + 2);
    }
    CU_ASSERT_STRING_EQUAL(buf_str(&got), want);
    if (strcmp(buf_str(&got), want) != 0)
        printf("%s: %s\n", text, buf_str(&got));
    rest_clear(&rest);
}

static void test_no_error(void)
{
    struct py_rest rest = {0};
    struct py_input in = {.name = "f", .text = "a = 1", .len = 5, .rest = &rest};
    AUTO(value_freep) struct value *v = py_eval(&in, &e);

    CU_ASSERT_PTR_NOT_NULL(v);
    CU_ASSERT_PTR_NULL(rest.vars);
    CU_ASSERT_EQUAL(value_len(rest.errors) + value_len(rest.broken), 0);
    rest_clear(&rest);
}

static void test_variables(void)
{
    struct py_rest rest =
        rest_of("a = 1\nb = 2 3\nc = b + 1\nd = a + 1\ne = 1\ne = x\nb2 = 3 +\nb2 = 4\n");

    CU_ASSERT_PTR_NOT_NULL_FATAL(rest.vars);
    CU_ASSERT_EQUAL(value_len(rest.vars), 3);
    CU_ASSERT_EQUAL(value_get_int(rest.vars, "d", 0), 2);
    CU_ASSERT_EQUAL(value_get_int(rest.vars, "b2", 0), 4);
    CU_ASSERT_PTR_NOT_NULL(value_get(rest.broken, "b"));
    CU_ASSERT_PTR_NOT_NULL(value_get(rest.broken, "c"));
    CU_ASSERT_PTR_NOT_NULL(value_get(rest.broken, "e"));
    CU_ASSERT_PTR_NULL(value_get(rest.broken, "b2"));
    CU_ASSERT_EQUAL(value_len(rest.errors), 3);
    CU_ASSERT(strncmp(e.msg, "f:2:7: ", 7) == 0);
    rest_clear(&rest);
}

static void test_places(void)
{
    places("a = 1 1\nb = 2 2\nc = d\n", "1:7 2:7 3:5");
    places("l = [ 'a',\n'b'\nc = 1\nd = 1 1\n", "3:1 4:7"); /* an open bracket */
    places("l = [ 'a',\nc = 1\nd = 1 1\n", "2:3 3:7");      /* the same behind a comma */
    places("def f(:\n  return 1\nelse:\n  x\na = f(1)\nb = $\n", "1:7 6:5");
    places("a = '''x\nb = 1 1\n", "1:5");                          /* all of it is text */
    places("a = 1 1\nraise ValueError('no')\nb = c\n", "1:7 2:1"); /* the file gives up */
    places("a = b\nimport sys\nsys.exit(1)\nc = d\n", "1:5 3:1");
    places("try:\n  a = b\nexcept NameError:\n  a = c\nd = a\n", "4:7"); /* d is told by a */
    places("a = b\ntry:\n  c = a\nexcept:\n  c = 1\nd = c\n", "1:5");    /* nothing catches it */
}

/* A limit ends it, and nothing is left; the errors before it are told. */
static void test_limit(void)
{
    struct py_rest rest = rest_of("a = b\nwhile 1: pass\nc = d\n");

    CU_ASSERT_EQUAL(e.code, ERR_TOO_LARGE);
    CU_ASSERT_EQUAL(value_len(rest.errors), 2);
    CU_ASSERT_PTR_NULL(rest.vars);
    rest_clear(&rest);
}

static void repeat(const char *line, size_t n, size_t want)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct py_rest rest;
    clock_t start;

    while (b.len < n)
        buf_adds(&b, line);
    start = clock();
    rest = rest_of(buf_str(&b));
    CU_ASSERT(clock() - start < CLOCKS_PER_SEC);
    CU_ASSERT_EQUAL(value_len(rest.errors), want);

    rest_clear(&rest);
}

static void test_many(void)
{
    repeat("a = 1 1\n", 19 * 8, 19);
    repeat("a = 1 1\n", 20 * 8, 20);
    repeat("a = 1 1\n", 21 * 8, 20);
    repeat("a = 1 1\n", 1000000, 20);
    repeat("a = b\n", 100000, 20);
    repeat("a = [ 1\n", 1000000, 20);
    repeat("a = a + b\n", 100000, 1); /* the others need what the first has broken */
}

TESTS("py_errors", {"no error, nothing to tell", test_no_error},
      {"variables: set, broken, mended", test_variables}, {"where reading goes on", test_places},
      {"limits end it", test_limit}, {"at most 20, in less than a second", test_many})
