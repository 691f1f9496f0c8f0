/*
 * Devices there and back, in each of their languages: for test_device.c and test_device_disk.c.
 */
#ifndef TESTS_TEST_DEVICE_H
#define TESTS_TEST_DEVICE_H

#include "config/json.h"
#include "config/sxp.h"
#include "libxl/base/buf.h"
#include "libxl/device.h"
#include "tests/unit/cunit.h"

/* JSON is written with ' for " in these tests. The caller frees. */
static inline char *requoted(const char *text, char from, char to)
{
    char *copy = xstrdup(text);

    for (char *at = copy; *at; at++)
        *at = *at == from ? to : *at;
    return copy;
}

static inline char *json_of(const struct device *d)
{
    AUTO(value_freep) struct value *v = device_to_value(d);
    AUTO(buf_clear) struct buf b = BUF_INIT;

    json_print(v, &b);
    return requoted(buf_str(&b), '"', '\'');
}

/* A device as one line of JSON; or its problems, "!" before each. */
static inline char *shown_take(struct device *d, struct problems *p)
{
    AUTO(freep) char *json = d ? json_of(d) : NULL;
    struct buf b = BUF_INIT;

    buf_adds(&b, json ? json : "");
    for (size_t i = 0; i < p->len; i++)
        buf_addf(&b, "!%s", p->ptr[i].text);
    CU_ASSERT_EQUAL(d != NULL, p->len == 0);
    problems_clear(p);
    device_free(d);
    return buf_steal(&b);
}

static inline char *read_xm(enum device_class class, const char *text)
{
    struct problems p = {0};
    struct device *d = device_from_xm(class, text, "/x/0", &p);

    return shown_take(d, &p);
}

static inline char *read_json(enum device_class class, const char *text)
{
    AUTO(freep) char *json = requoted(text, '\'', '"');
    struct problems p = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *v = json_parse(json, strlen(json), "t", &e);

    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    return shown_take(device_from_value(class, v, "/x/0", &p), &p);
}

static inline char *read_sxp(const char *text)
{
    struct problems p = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *v = sxp_parse(text, strlen(text), "t", &e);

    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    return shown_take(device_from_sxp(value_at(v, 0), "/x/0", &p), &p);
}

/* Not inlined: with a sanitizer gcc thinks of each text there as one that may be NULL. */
static __attribute__((noinline)) void same(const char *in, char *got_take, const char *want)
{
    if (strcmp(got_take, want) != 0)
        fprintf(stderr, "\n  %s\n  gives %s\n  not   %s\n", in, got_take, want);
    CU_ASSERT_STRING_EQUAL(got_take, want);
    free(got_take);
}

/* xm text -> device -> JSON, SXP and xm text, and each of these back to the same device. */
static inline void goes_round(enum device_class class, const char *text, const char *json,
                              const char *sxp, const char *xm)
{
    struct problems p = {0};
    AUTO(device_freep) struct device *d = device_from_xm(class, text, "/x/0", &p);
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (!d)
        fprintf(stderr, "\n  %s: %s\n", text, p.ptr[0].text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    AUTO(freep) char *printed = device_to_xm(d), *as_json = json_of(d);
    AUTO(value_freep) struct value *form = device_to_sxp(d);
    AUTO(device_freep) struct device *copy = device_copy(d);

    same(text, json_of(copy), json);
    same(text, read_json(class, as_json), json);
    sxp_print(form, &b);
    same(text, xstrdup(buf_str(&b)), sxp);
    same(text, read_sxp(buf_str(&b)), json);
    same(text, xstrdup(printed), xm);
    same(text, read_xm(class, printed), json);
    AUTO(freep) char *wrapped = xasprintf("(device %s)", sxp);
    same(text, read_sxp(wrapped), json);
}

#endif
