/*
 * Specs from each notation and back as text, for the tests of specs.
 */
#ifndef TESTS_TEST_SPEC_H
#define TESTS_TEST_SPEC_H

#include <unistd.h>

#include "config/json.h"
#include "config/py.h"
#include "config/sxp.h"
#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/spec.h"
#include "tests/unit/cunit.h"

static inline struct value *json(const char *text)
{
    struct err e = {0};
    struct value *v = json_parse(text, strlen(text), "t", &e);

    if (!v)
        fprintf(stderr, "\n  %s\n", e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    return v;
}

/* Texts of problems, "; " between them. The caller frees. */
static inline char *texts_of(struct problems *p)
{
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < p->len; i++)
        buf_addf(&b, "%s%s", i ? "; " : "", p->ptr[i].text);
    problems_clear(p);
    return buf_steal(&b);
}

/* The spec as JSON text; or its problems, "!" before them. Frees both. */
static inline char *shown_take(struct spec *s, struct problems *p)
{
    struct buf b = BUF_INIT;

    CU_ASSERT_EQUAL(s != NULL, p->len == 0);
    if (s) {
        AUTO(value_freep) struct value *v = spec_to_value_secrets(s);
        json_print(v, &b);
    } else {
        AUTO(freep) char *texts = texts_of(p);
        buf_addf(&b, "!%s", texts);
    }
    problems_clear(p);
    spec_free(s);
    return buf_steal(&b);
}

static inline char *from_json(const char *text)
{
    AUTO(value_freep) struct value *v = json(text);
    struct problems p = {0};

    return shown_take(spec_from_value(v, &p), &p);
}

static inline char *from_sxp(const char *text)
{
    struct problems p = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *forms = sxp_parse(text, strlen(text), "t", &e);

    if (!forms)
        fprintf(stderr, "\n  %s: %s\n", text, e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(forms);
    return shown_take(spec_from_sxp(value_at(forms, 0), &p), &p);
}

static inline void same(const char *in, char *got_take, const char *want)
{
    if (strcmp(got_take, want) != 0)
        fprintf(stderr, "\n  %s\n  gives %s\n  not   %s\n", in, got_take ? got_take : "", want);
    CU_ASSERT_STRING_EQUAL(got_take, want);
    free(got_take);
}

static inline struct value *through_text(const struct spec *s, const char *head, size_t width)
{
    AUTO(value_freep) struct value *form = spec_to_sxp(s, head);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};
    struct value *forms;

    sxp_print_pretty(form, width, &b);
    forms = sxp_parse(b.ptr, b.len, "t", &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(forms);
    return forms;
}

/* The text for people to edit: nothing is lost in it, either. */
static inline void goes_round_as_text(const struct spec *s, const char *want)
{
    AUTO(freep) char *text = spec_to_xm(s, false);
    struct py_input in = {.name = "t", .text = text, .len = strlen(text)};
    struct problems p = {0}, notes = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *vars = py_eval(&in, &e);

    if (!vars)
        fprintf(stderr, "\n  %s\n", e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(vars);
    same(text, shown_take(spec_from_xm(vars, "file", &p, &notes), &p), want);
    problems_clear(&notes);
}

/* JSON, both SXP forms as text, and the form as it stands in memory: the same spec each time. */
static inline void goes_round(const struct spec *s)
{
    AUTO(value_freep) struct value *v = spec_to_value_secrets(s);
    AUTO(value_freep) struct value *domain = through_text(s, "domain", 80);
    AUTO(value_freep)
    struct value *vm = through_text(s, "vm", 20), *form = spec_to_sxp(s, "domain");
    const struct value *forms[] = {value_at(domain, 0), value_at(vm, 0), form, NULL};
    AUTO(spec_freep) struct spec *copy = spec_copy(s);
    AUTO(value_freep) struct value *v_copy = spec_to_value_secrets(copy);
    AUTO(buf_clear) struct buf want = BUF_INIT;

    CU_ASSERT_TRUE(value_equal(v, v_copy));
    json_print(v, &want);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct problems p = {0};
        struct spec *again = forms[i] ? spec_from_sxp(forms[i], &p) : spec_from_value(v, &p);
        char *got = shown_take(again, &p);

        if (strcmp(got, buf_str(&want)) != 0)
            fprintf(stderr, "\n  (%zu)", i);
        same("round", got, buf_str(&want));
    }
    goes_round_as_text(s, buf_str(&want));
}

static const char *const texts[] = {"x",  "two words", "it's", "a\"b",      "a\\b", "(x)",
                                    "#x", "\xc3\xa4",  "1",    "a=b c='d'", "nil",  "x\ny"};

#define V "{\"name\":\"n\""
static inline void test_vcpus(void)
{
    static const int rows[][2] = {{1, 1},  {1, 2},   {2, 4},   {61, 62},   {62, 62},
                                  {1, 63}, {63, 64}, {64, 65}, {511, 512}, {512, 512}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(spec_freep) struct spec *s = spec_new();
        struct problems p = {0};

        s->name = xstrdup("n");
        s->vcpus = rows[i][0];
        s->maxvcpus = rows[i][1];
        spec_finish(s, &p);
        CU_ASSERT_EQUAL(p.len, 0);
        goes_round(s);
    }
    same("short cpus",
         from_json("{\"name\":\"n\",\"vcpus\":2,\"maxvcpus\":4,\"cpus\":[\"0\",\"1\"]}"),
         "{\"vcpus\":2,\"maxvcpus\":4,\"name\":\"n\",\"cpus\":[\"0\",\"1\",\"\",\"\"]}");
    same("mask", from_sxp("(vm (name n) (vcpus 4) (vcpu_avail 5))"),
         "{\"vcpus\":2,\"maxvcpus\":4,\"name\":\"n\"}");
    same("all", from_sxp("(vm (name n) (vcpus 4) (vcpu_avail 15))"),
         "{\"vcpus\":4,\"name\":\"n\"}");
    same("negative", from_sxp("(vm (name n) (vcpus -4) (vcpu_avail 15))"),
         "!vcpus: -4 is not between 1 and 512");
    same("none", from_sxp("(vm (name n) (vcpus 4) (vcpu_avail 0))"),
         "{\"vcpus\":4,\"name\":\"n\"}");
}

#endif
