/* config/json: RFC 8259 both ways, its limits on both sides, errors with line and column. */
#include <math.h>

#include "config/json.h"
#include "tests/unit/cunit.h"

static struct value *parse(const char *text, struct err *e)
{
    return json_parse(text, strlen(text), "t", e);
}

static void same(const char *in, const char *out)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};
    AUTO(value_freep) struct value *v = parse(in, &e), *again = NULL;

    if (!v)
        fprintf(stderr, "\n  %s: %s\n", in, e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    json_print(v, &b);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), out);
    again = parse(buf_str(&b), &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_TRUE(value_equal(v, again));
}

static void test_both_ways(void)
{
    same("null", "null");
    same(" true ", "true");
    same("[]", "[]");
    same("{}", "{}");
    same("[1, -1, 0, 9223372036854775807, -9223372036854775808]",
         "[1,-1,0,9223372036854775807,-9223372036854775808]");
    same("{\"b\": 1, \"a\": [false, {\"x\": \"\"}]}", "{\"b\":1,\"a\":[false,{\"x\":\"\"}]}");
    same("\"a\\u00e4\\n\\\"\\\\ \\u20ac \\ud83d\\ude00\"", "\"aä\\n\\\"\\\\ € 😀\"");
    same("\"\\u0001\\u001f\"", "\"\\u0001\\u001F\"");
    same("1.5", "1.5");
    same("-1.5e3", "-1500.0");
}

static void test_reals(void)
{
    static const double reals[] = {0.1, 1e300, -2.2250738585072014e-308, 3.0, 123456789.123};
    AUTO(value_freep) struct value *inf = value_real(INFINITY), *nan = value_real(NAN);
    AUTO(buf_clear) struct buf odd = BUF_INIT;

    for (size_t i = 0; i < ARRAY_LEN(reals); i++) {
        AUTO(value_freep) struct value *v = value_real(reals[i]), *again = NULL;
        AUTO(buf_clear) struct buf b = BUF_INIT;
        struct err e = {0};

        json_print(v, &b);
        again = parse(buf_str(&b), &e);
        CU_ASSERT_PTR_NOT_NULL_FATAL(again);
        CU_ASSERT_EQUAL(value_type(again), VALUE_REAL); /* 3.0 does not become an integer */
        CU_ASSERT_EQUAL(value_as_real(again), reals[i]);
    }
    json_print(inf, &odd);
    json_print(nan, &odd);
    CU_ASSERT_STRING_EQUAL(buf_str(&odd), "nullnull");
}

static const struct {
    const char *text, *where, *words;
} faults[] = {
    {"", ":1:1:", "premature EOF"},
    {"  \n ", ":2:2:", "premature EOF"},
    {"{\"a\": 1,\n  \"b\": tru }", ":2:", "not JSON: "},
    {"[1,]", ":1:", "not JSON: "},
    {"{\"a\" 1}", ":1:", "not JSON: "},
    {"{a: 1}", ":1:", "not JSON: "},
    {"'a'", ":1:", "not JSON: "},
    {"[1", ":1:", "not JSON: "},
    {"[1}", ":1:", "not JSON: "},
    {"\"abc", ":1:", "not JSON: "},
    {"1 2", ":1:", "not JSON: "},
    {"{} x", ":1:", "not JSON: "},
    {"[] []", ":1:", "not JSON: "},
    {"01", ":1:", "not JSON: "},
    {"1.", ":1:", "not JSON: "},
    {"+1", ":1:", "not JSON: "},
    {"NaN", ":1:", "not JSON: "},
    {"9223372036854775808", ":1:", "out of range"},
    {"-9223372036854775809", ":1:", "out of range"},
    {"1e400", ":1:", "out of range"},
    {"\"a\\u0000b\"", ":1:", "NUL"},
    {"{\"a\\u0000b\": 1}", ":1:", "NUL"},
    {"{\"a\": 1, \"a\": 2}", ":1:", "key \"a\" given twice"},
    {"{\"x\": {\"a\": null,\n \"a\": null}}", ":2:", "key \"a\" given twice"},
    {"\"\xff\"", ":1:", "UTF8"},
    {"\"\xc3\"", ":1:", "UTF8"},
    {"\"\xc0\x80\"", ":1:", "UTF8"},
    {"\"\xed\xa0\x80\"", ":1:", "UTF8"},
    {"\"\xf4\x90\x80\x80\"", ":1:", "UTF8"},
    {"{\"\xe0\x80\x80\": 1}", ":1:", "UTF8"},
    {"\"a\tb\"", ":1:", "not JSON: "},
    {"\"\\x41\"", ":1:", "not JSON: "},
    {"\"\\u12g4\"", ":1:", "not JSON: "},
    {"/* c */ 1", ":1:", "not JSON: "},
};

static void test_faults(void)
{
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        struct err e = {0};
        AUTO(value_freep) struct value *v = parse(faults[i].text, &e);

        if (v)
            fprintf(stderr, "\n  accepted: %s\n", faults[i].text);
        CU_ASSERT_PTR_NULL(v);
        ASSERT_ERR(e, ERR_INVALID, faults[i].where);
        ASSERT_ERR(e, ERR_INVALID, faults[i].words);
        CU_ASSERT_EQUAL(e.msg[0], 't');
    }
}

static void test_nul_in_text(void)
{
    struct err e = {0};

    CU_ASSERT_PTR_NULL(json_parse("[1]\0", 4, "t", &e));
    CU_ASSERT_PTR_NULL(json_parse("\"a\0b\"", 5, "t", &e));
}

static void test_depth(void)
{
    static const struct {
        const char *open, *close;
    } kinds[] = {{"[", "]"}, {"{\"k\":", "}"}};

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (int depth = VALUE_DEPTH_MAX; depth <= VALUE_DEPTH_MAX + 1; depth++) {
            AUTO(buf_clear) struct buf b = BUF_INIT;
            struct err e = {0};
            AUTO(value_freep) struct value *v = NULL;

            for (int i = 0; i < depth; i++)
                buf_adds(&b, kinds[k].open);
            buf_addc(&b, '1');
            for (int i = 0; i < depth; i++)
                buf_adds(&b, kinds[k].close);
            v = parse(b.ptr, &e);
            CU_ASSERT_EQUAL(v != NULL, depth == VALUE_DEPTH_MAX);
            if (!v)
                ASSERT_ERR(e, ERR_INVALID, "nested too deep");
        }
    }
}

static void test_long_numbers(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};

    buf_fill(&b, '1', 100);
    CU_ASSERT_PTR_NULL(parse(b.ptr, &e));
    ASSERT_ERR(e, ERR_INVALID, "number");
}

static void test_pretty(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};
    AUTO(value_freep) struct value *v = parse("{\"a\":[1,2],\"b\":{}}", &e), *again = NULL;

    json_print_pretty(v, &b);
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&b), "{\n  \"a\": [\n    1,\n    2\n  ],"));
    again = parse(buf_str(&b), &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_TRUE(value_equal(v, again));
    buf_clear(&b);
    value_free(again);
    again = value_list();
    json_print_pretty(again, &b);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "[]");
}

/* What came from SXP may be no UTF-8; what we print must be JSON all the same. */
static void test_foreign_bytes(void)
{
    AUTO(value_freep) struct value *v = value_str("caf\xe9 \xf0\x28\x8c\x28"), *again = NULL;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};

    json_print(v, &b);
    again = parse(buf_str(&b), &e);
    if (!again)
        fprintf(stderr, "\n  %s: %s\n", buf_str(&b), e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_STRING_EQUAL(value_as_str(again), "caf\xef\xbf\xbd \xef\xbf\xbd(\xef\xbf\xbd(");
}

TESTS("json", {"both ways", test_both_ways}, {"reals", test_reals}, {"faults", test_faults},
      {"NUL bytes", test_nul_in_text}, {"depth on both sides of the limit", test_depth},
      {"long numbers", test_long_numbers}, {"pretty", test_pretty},
      {"bytes that are no UTF-8", test_foreign_bytes})
