/* A text through py_eval(), and what comes of it: for test_py.c and test_py_limits.c. */
#ifndef TESTS_TEST_PY_H
#define TESTS_TEST_PY_H

#include "config/json.h"
#include "config/py.h"
#include "config/py_obj.h"
#include "libxl/base/buf.h"
#include "tests/unit/cunit.h"

static struct err e;

static inline struct value *eval_n(const char *text, size_t len)
{
    struct py_input in = {.name = "t.cfg", .text = text, .len = len};

    memset(&e, 0, sizeof(e));
    return py_eval(&in, &e);
}

static inline struct value *eval(const char *text)
{
    return eval_n(text, strlen(text));
}

/* The result as JSON, or the message. */
static inline void check(const char *text, const char *want)
{
    AUTO(value_freep) struct value *v = eval(text);
    AUTO(buf_clear) struct buf out = BUF_INIT;

    if (v)
        json_print(v, &out);
    else
        buf_adds(&out, e.msg);
    CU_ASSERT_STRING_EQUAL(buf_str(&out), want);
    if (strcmp(buf_str(&out), want) != 0)
        fprintf(stderr, "\n  got:  %s\n  want: %s\n", buf_str(&out), want);
}

static inline void check_fails(const char *text, enum err_code code, const char *words)
{
    AUTO(value_freep) struct value *v = eval(text);

    CU_ASSERT_PTR_NULL(v);
    ASSERT_ERR(e, code, words);
}

static inline void check_passes(const char *text)
{
    AUTO(value_freep) struct value *v = eval(text);

    CU_ASSERT_PTR_NOT_NULL(v);
    if (!v)
        fprintf(stderr, "\n  %s\n", e.msg);
}

#endif
