/* config/sxp: the original's S-expressions, to the letter of its reader and printer. */
#include "config/sxp.h"
#include "libxl/base/io.h"
#include "tests/unit/cunit.h"

static struct value *parse(const char *text, struct err *e)
{
    return sxp_parse(text, strlen(text), "f", e);
}

/* What is read into an arena is the same, errors as well. */
static void reads_in_arena(const char *in, const struct value *wanted, const struct err *fault)
{
    AUTO(arena_clear) struct arena arena = {.limit = 1 << 20};
    struct err e = {0};
    const struct value *v = sxp_parse_in(&arena, in, strlen(in), "f", &e);

    CU_ASSERT_EQUAL(v != NULL, wanted != NULL);
    if (v && wanted)
        CU_ASSERT_TRUE(value_equal(v, wanted));
    CU_ASSERT_STRING_EQUAL(e.msg, fault->msg);
}

/* All forms of `in`, printed on one line each. */
static void reads(const char *in, const char *out)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};
    AUTO(value_freep) struct value *v = parse(in, &e);

    if (!v)
        fprintf(stderr, "\n  %s: %s\n", in, e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    reads_in_arena(in, v, &e);
    for (size_t i = 0; i < value_len(v); i++) {
        buf_adds(&b, i ? "|" : "");
        sxp_print(value_at(v, i), &b);
    }
    if (strcmp(buf_str(&b), out) != 0)
        fprintf(stderr, "\n  %s -> %s, not %s\n", in, buf_str(&b), out);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), out);
}

static void test_reader(void)
{
    reads("", "");
    reads("(a b)", "(a b)");
    reads(" ( a\t(b)\n) # comment )\n(c)", "(a (b))|(c)");
    reads("()", "()");
    reads("(())", "(())");
    reads("atom", "atom");
    reads("a b", "a|b");
    reads("(a;b{c}d[e]f<g>h)", "(a b c d e f g h)"); /* all of these separate */
    reads("(a#c\nb)", "(a b)");                      /* a comment ends an atom */
    reads("(a'b'c)", "(a b c)");
    reads("('a b' \"c'd\")", "('a b' \"c'd\")");
    reads("(k '')", "(k )");
    reads("(http://x/~y:1-2_3.4)", "(http://x/~y:1-2_3.4)");
    reads("(x=y,z)", "('x=y,z')");
}

static void test_escapes(void)
{
    static const struct {
        const char *in, *text;
    } rows[] = {
        {"'\\a\\b\\t\\n\\v\\f\\r\\\\\\'\\\"'", "\a\b\t\n\v\f\r\\'\""},
        {"'\\x41\\x4\\x4g'", "A\x04\x04g"},
        {"'\\101\\60\\7'", "A0\a"},
        {"'\\400'", " 0"},      /* 0400 is over a byte: two digits, then a 0 */
        {"'\\q\\.'", "\\q\\."}, /* unknown escapes stand for themselves */
        {"\"^localhost\\\\.x$\"", "^localhost\\.x$"},
        {"'two\nlines'", "two\nlines"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        AUTO(value_freep) struct value *v = parse(rows[i].in, &e);

        CU_ASSERT_PTR_NOT_NULL_FATAL(v);
        CU_ASSERT_EQUAL_FATAL(value_len(v), 1);
        CU_ASSERT_STRING_EQUAL(value_as_str(value_at(v, 0)), rows[i].text);
    }
}

static void test_faults(void)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"(a", "f:1:1: '(' without ')'"},
        {"(a\n (b)\n  (c", "f:3:3: '(' without ')'"},
        {"(a))", "f:1:4: ')' without '('"},
        {"(a\n 'b c)", "f:2:2: string without end"},
        {"'a\\", "f:1:1: string without end"},
        {"'a\\x'", "f:1:3: \\x without hexadecimal digits"},
        {"'a\\0'", "f:1:3: NUL character"},
        {"'a\\x00'", "f:1:3: NUL character"},
        {"(a\001b)", "f:1:3: control character"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};

        CU_ASSERT_PTR_NULL(parse(rows[i].text, &e));
        ASSERT_ERR(e, ERR_INVALID, rows[i].words);
    }
    struct err e = {0};
    CU_ASSERT_PTR_NULL(sxp_parse("(a\0b)", 5, "f", &e));
    CU_ASSERT_PTR_NULL(sxp_parse("\0", 1, "f", &e));
    CU_ASSERT_PTR_NULL(sxp_parse("'a\0b'", 5, "f", &e));
    CU_ASSERT_PTR_NULL(sxp_parse("'a\\\0b'", 6, "f", &e));
}

static void test_depth(void)
{
    for (int depth = VALUE_DEPTH_MAX; depth <= VALUE_DEPTH_MAX + 1; depth++) {
        AUTO(buf_clear) struct buf b = BUF_INIT;
        AUTO(value_freep) struct value *v = NULL;
        struct err e = {0};

        buf_fill(&b, '(', (size_t)depth);
        buf_fill(&b, ')', (size_t)depth);
        v = parse(b.ptr, &e);
        CU_ASSERT_EQUAL(v != NULL, depth == VALUE_DEPTH_MAX);
        if (!v)
            ASSERT_ERR(e, ERR_INVALID, "nested too deep");
    }
}

/* Every byte but NUL comes back through a quoted string. */
static void test_all_bytes(void)
{
    for (int c = 1; c < 256; c++) {
        char text[] = {'x', (char)c, '\'', '"', '\0'};
        AUTO(value_freep) struct value *v = value_str(text), *again = NULL;
        AUTO(buf_clear) struct buf b = BUF_INIT;
        struct err e = {0};

        sxp_print(v, &b);
        again = parse(buf_str(&b), &e);
        CU_ASSERT_PTR_NOT_NULL_FATAL(again);
        CU_ASSERT_EQUAL_FATAL(value_len(again), 1);
        CU_ASSERT_TRUE(value_equal(value_at(again, 0), v));
        for (size_t i = 0; i < b.len; i++) /* the output is plain text */
            CU_ASSERT_TRUE(b.ptr[i] >= ' ' && b.ptr[i] < 0x7f);
    }
}

static void test_printer(void)
{
    AUTO(value_freep) struct value *v = value_list(), *map = value_map();
    AUTO(buf_clear) struct buf b = BUF_INIT;

    value_add_take(v, value_int(-5));
    value_add_take(v, value_bool(true));
    value_add_take(v, value_bool(false));
    value_add_take(v, value_real(1.5));
    value_add_take(v, value_nil());
    value_add_take(v, value_str(""));
    value_add_take(v, value_str("it's \"q\""));
    value_set_int(map, "k", 1);
    value_set_str(map, "two words", "x");
    value_add_take(v, value_copy(map));
    sxp_print(v, &b);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "(-5 1 0 1.5   'it\\'s \"q\"' ((k 1) ('two words' x)))");
}

/* The original's layout, byte for byte. */
static void test_pretty(void)
{
    static const char in[] =
        "(domain (domid 1) (name web1) (image (linux (kernel /boot/vmlinuz-guest) (args "
        "'root=/dev/xvda1 ro console=hvc0'))) (device (vif (bridge xenbr0))) (cpus (())))";
    static const char want[] = "(domain\n"
                               "    (domid 1)\n"
                               "    (name web1)\n"
                               "    (image\n"
                               "        (linux\n"
                               "            (kernel /boot/vmlinuz-guest)\n"
                               "            (args 'root=/dev/xvda1 ro console=hvc0')\n"
                               "        )\n"
                               "    )\n"
                               "    (device (vif (bridge xenbr0)))\n"
                               "    (cpus (()))\n"
                               ")\n";
    AUTO(buf_clear) struct buf b = BUF_INIT, one = BUF_INIT;
    struct err e = {0};
    AUTO(value_freep) struct value *v = parse(in, &e), *again = NULL;

    sxp_print_pretty(value_at(v, 0), 80, &b);
    if (strcmp(buf_str(&b), want) != 0)
        fprintf(stderr, "\n%s", buf_str(&b));
    CU_ASSERT_STRING_EQUAL(buf_str(&b), want);
    again = parse(buf_str(&b), &e);
    CU_ASSERT_TRUE(value_equal(v, again));
    sxp_print_pretty(value_at(v, 0), 1000, &one);
    CU_ASSERT_EQUAL(strlen(buf_str(&one)), one.len);
    CU_ASSERT_PTR_EQUAL(strchr(buf_str(&one), '\n'), one.ptr + one.len - 1);
}

static void test_children(void)
{
    struct err e = {0};
    AUTO(value_freep)
    struct value *v = parse("(domain x (name web1) (empty) (name web2) ((a)))", &e);
    const struct value *form = value_at(v, 0);

    CU_ASSERT_STRING_EQUAL(sxp_head(form), "domain");
    CU_ASSERT_STRING_EQUAL(value_as_str(sxp_child_value(form, "name")), "web1"); /* the first */
    CU_ASSERT_PTR_NOT_NULL(sxp_child(form, "empty"));
    CU_ASSERT_PTR_NULL(sxp_child_value(form, "empty"));
    CU_ASSERT_PTR_NULL(sxp_child(form, "x"));
    CU_ASSERT_PTR_NULL(sxp_child(NULL, "x"));
    CU_ASSERT_STRING_EQUAL(sxp_head(value_at(form, 5)), "");
    CU_ASSERT_STRING_EQUAL(sxp_head(value_at(form, 1)), "");
}

/* The shipped configuration, as it is and with its commented keys switched on. */
static void test_shipped_config(void)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e = {0};

    CU_ASSERT_EQUAL_FATAL(read_file("etc/xen/xend-config.sxp", 1 << 16, &text, &e), 0);
    for (int pass = 0; pass < 2; pass++) {
        AUTO(value_freep) struct value *forms = sxp_parse(text.ptr, text.len, "f", &e);

        CU_ASSERT_PTR_NOT_NULL_FATAL(forms);
        CU_ASSERT_TRUE(value_len(forms) > (pass ? 5 : 0));
        for (size_t i = 0; i < value_len(forms); i++)
            CU_ASSERT_EQUAL(value_len(value_at(forms, i)), 2);
        for (char *at = text.ptr; (at = strstr(at, "\n#("));)
            at[1] = ' ';
    }
}

/* A megabyte of forms in well under a second: the reader is linear. */
static void test_large(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};
    AUTO(value_freep) struct value *v = NULL;

    for (int i = 0; i < 40000; i++)
        buf_addf(&b, "(k%d 'a value' (x %d))\n", i, i);
    v = sxp_parse(b.ptr, b.len, "f", &e);
    CU_ASSERT_EQUAL(value_len(v), 40000);
}

TESTS("sxp", {"reader", test_reader}, {"escapes", test_escapes},
      {"faults have a place", test_faults}, {"depth on both sides of the limit", test_depth},
      {"every byte comes back", test_all_bytes}, {"printer", test_printer},
      {"pretty layout", test_pretty}, {"children", test_children},
      {"shipped configuration", test_shipped_config}, {"large input", test_large})
