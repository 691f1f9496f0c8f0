/* libxl/field: structs described by tables, on a small table of its own. */
#include "libxl/base/buf.h"
#include "libxl/field.h"
#include "tests/unit/cunit.h"

struct thing {
    char *name, *mode;
    int64_t size;
    bool on, off;
    int colour;
    struct value *parts;
};

static const char *const colours[] = {"red", "green", NULL};

static int check_lower(const char *text, struct err *e)
{
    if (*text >= 'a' && *text <= 'z')
        return 0;
    err_set(e, ERR_INVALID, "'%s' is not in lower case", text);
    return err_hint(e, "use small letters");
}

static const struct field thing_rows[] = {
    {.name = "name", .offset = offsetof(struct thing, name), .check = check_lower},
    {.name = "mode", .offset = offsetof(struct thing, mode), .dflt = "slow"},
    {.name = "size",
     .type = FIELD_INT,
     .offset = offsetof(struct thing, size),
     .dflt = "128",
     .min = 1,
     .max = 1000,
     .unit = "MiB"},
    {.name = "on", .type = FIELD_BOOL, .offset = offsetof(struct thing, on), .dflt = "1"},
    {.name = "off", .type = FIELD_BOOL, .offset = offsetof(struct thing, off)},
    {.name = "colour",
     .type = FIELD_WORD,
     .offset = offsetof(struct thing, colour),
     .words = colours,
     .dflt = "green"},
    {.name = "parts", .type = FIELD_LIST, .offset = offsetof(struct thing, parts)},
};
static const struct fields table = {thing_rows, ARRAY_LEN(thing_rows)};

static void test_defaults(void)
{
    struct thing t = {0};
    AUTO(value_freep) struct value *map = value_map(), *all = value_map();

    fields_init(&table, &t);
    CU_ASSERT_PTR_NULL(t.name);
    CU_ASSERT_STRING_EQUAL(t.mode, "slow");
    CU_ASSERT_EQUAL(t.size, 128);
    CU_ASSERT_TRUE(t.on && !t.off);
    CU_ASSERT_EQUAL(t.colour, 1);
    CU_ASSERT_PTR_NULL(t.parts);
    for (size_t i = 0; i < table.n; i++)
        CU_ASSERT_TRUE(field_is_default(&thing_rows[i], &t));
    fields_write(&table, &t, false, map);
    CU_ASSERT_EQUAL(value_len(map), 0);
    fields_write(&table, &t, true, all);
    CU_ASSERT_EQUAL(value_len(all), table.n);
    fields_clear(&table, &t);
    CU_ASSERT_PTR_NULL(t.mode);
}

/* Reads one value for one field; the text of the problem, or "" (the caller frees). */
static char *problem_of(struct thing *t, const char *name, struct value *v_take)
{
    struct problems p = {0};
    int r = field_read(field_find(&table, name), t, v_take, "/x", &p);
    char *text = p.len ? xasprintf("%s|%s|%s", p.ptr[0].where, p.ptr[0].text,
                                   p.ptr[0].hint ? p.ptr[0].hint : "")
                       : xstrdup("");

    CU_ASSERT_EQUAL(r < 0, p.len == 1);
    problems_clear(&p);
    value_free(v_take);
    return text;
}

#define GIVES(name, v, want)                                                                       \
    do {                                                                                           \
        AUTO(freep) char *got_ = problem_of(&t, name, v);                                          \
        if (strcmp(got_, want) != 0)                                                               \
            fprintf(stderr, "\n  got: %s\n", got_);                                                \
        CU_ASSERT_STRING_EQUAL(got_, want);                                                        \
    } while (0)

static struct value *list_of(struct value *a_take, struct value *b_take)
{
    struct value *list = value_list();

    value_add_take(list, a_take);
    if (b_take)
        value_add_take(list, b_take);
    return list;
}

static void test_numbers(void)
{
    struct thing t = {0};

    fields_init(&table, &t);
    GIVES("size", value_int(1), "");
    GIVES("size", value_int(1000), "");
    GIVES("size", value_int(0), "/x|size: 0 is not between 1 and 1000 MiB|");
    GIVES("size", value_int(1001), "/x|size: 1001 is not between 1 and 1000 MiB|");
    CU_ASSERT_EQUAL(t.size, 1000); /* what does not fit changes nothing */
    GIVES("size", value_str("256"), "");
    CU_ASSERT_EQUAL(t.size, 256);
    GIVES("size", value_str("0x10"), "");
    CU_ASSERT_EQUAL(t.size, 16);
    GIVES("size", value_real(99.9), "");
    CU_ASSERT_EQUAL(t.size, 99);
    GIVES("size", value_str("64M"), "/x|size: '64M' is not a whole number|");
    GIVES("size", value_str(""), "/x|size: '' is not a whole number|");
    GIVES("size", value_real(1e300), "/x|size: a number is not a whole number|");
    GIVES("size", value_list(), "/x|size: a list is not a whole number|");
    GIVES("size", value_nil(), ""); /* nothing: no change */
    CU_ASSERT_EQUAL(t.size, 99);
    fields_clear(&table, &t);
}

static void test_booleans_and_words(void)
{
    static const char *const yes[] = {"yes", "Y", "1", "ON", "true", "t"};
    static const char *const no[] = {"no", "N", "0", "off", "False", "f"};
    struct thing t = {0};

    fields_init(&table, &t);
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        GIVES("off", value_str(yes[i]), "");
        CU_ASSERT_TRUE(t.off);
        GIVES("off", value_str(no[i]), "");
        CU_ASSERT_FALSE(t.off);
    }
    GIVES("off", value_int(2), "");
    CU_ASSERT_TRUE(t.off);
    GIVES("off", value_str("maybe"), "/x|off: 'maybe' is not yes or no|");
    GIVES("off", value_map(), "/x|off: a map is not yes or no|");
    GIVES("colour", value_str("red"), "");
    CU_ASSERT_EQUAL(t.colour, 0);
    GIVES("colour", value_str("Red"), "/x|colour: 'Red' is not one of red, green|");
    GIVES("colour", value_int(1), "/x|colour: 1 is not one of red, green|");
    fields_clear(&table, &t);
}

static void test_texts_and_lists(void)
{
    struct thing t = {0};

    fields_init(&table, &t);
    GIVES("name", value_str("abc"), "");
    CU_ASSERT_STRING_EQUAL(t.name, "abc");
    GIVES("name", value_str("Abc"), "/x|name: 'Abc' is not in lower case|use small letters");
    CU_ASSERT_STRING_EQUAL(t.name, "abc");
    GIVES("name", value_bool(true), "/x|name: a boolean is not a string|");
    GIVES("name", value_str(""), ""); /* not given */
    CU_ASSERT_PTR_NULL(t.name);
    GIVES("mode", value_int(5), "");
    CU_ASSERT_STRING_EQUAL(t.mode, "5");
    GIVES("mode", value_str(""), ""); /* back to the default */
    CU_ASSERT_STRING_EQUAL(t.mode, "slow");
    GIVES("parts", value_str("one"), "");
    CU_ASSERT_EQUAL(value_len(t.parts), 1);
    GIVES("parts", list_of(value_str("a"), value_str("b")), "");
    CU_ASSERT_EQUAL(value_len(t.parts), 2);
    GIVES("parts", list_of(value_str("a"), value_int(1)), "/x|parts: 1 is not a string|");
    GIVES("parts", value_int(1), "/x|parts: 1 is not a list of strings|");
    CU_ASSERT_EQUAL(value_len(t.parts), 2);
    GIVES("parts", value_list(), "");
    CU_ASSERT_PTR_NULL(t.parts);
    fields_clear(&table, &t);
}

static bool is_mine(const char *key)
{
    return strcmp(key, "mine") == 0;
}

static void test_maps(void)
{
    AUTO(value_freep) struct value *map = value_map(), *out = value_map();
    struct thing t = {0}, copy = {0};
    struct problems p = {0};
    struct err e = {0};

    fields_init(&table, &t);
    value_set_str(map, "name", "abc");
    value_set_int(map, "size", 7);
    value_set_bool(map, "on", false);
    value_set_str(map, "colour", "red");
    value_set_take(map, "parts", list_of(value_str("x"), NULL));
    value_set_int(map, "mine", 1);
    fields_read(&table, &t, map, "", is_mine, &p);
    CU_ASSERT_EQUAL(p.len, 0);
    CU_ASSERT_EQUAL(problems_to_err(&p, &e), 0);
    value_remove(map, "mine");
    fields_write(&table, &t, false, out);
    CU_ASSERT_TRUE(value_equal(map, out));

    fields_copy(&table, &copy, &t);
    fields_clear(&table, &t);
    value_free(out);
    out = value_map();
    fields_write(&table, &copy, false, out);
    CU_ASSERT_TRUE(value_equal(map, out));
    fields_clear(&table, &copy);
}

static void test_unknown_keys(void)
{
    AUTO(value_freep) struct value *map = value_map();
    struct thing t = {0};
    struct problems p = {0};
    struct err e = {0};

    fields_init(&table, &t);
    value_set_int(map, "siez", 1);
    value_set_int(map, "unlike", 1);
    value_set_str(map, "colour", "blue");
    fields_read(&table, &t, map, "/d/0", NULL, &p);
    CU_ASSERT_EQUAL_FATAL(p.len, 3);
    CU_ASSERT_STRING_EQUAL(p.ptr[0].where, "/d/0/siez");
    CU_ASSERT_STRING_EQUAL(p.ptr[0].text, "siez: not known here");
    CU_ASSERT_STRING_EQUAL(p.ptr[0].hint, "did you mean size?");
    CU_ASSERT_PTR_NULL(p.ptr[1].hint);
    CU_ASSERT_EQUAL(problems_to_err(&p, &e), -1);
    CU_ASSERT_STRING_EQUAL(e.msg, "siez: not known here (did you mean size?)\n"
                                  "unlike: not known here\n"
                                  "colour: 'blue' is not one of red, green");
    CU_ASSERT_STRING_EQUAL(e.hint, "");
    problems_clear(&p);
    problems_add(&p, "/a", "do this", "%s %d", "one", 1);
    CU_ASSERT_EQUAL(problems_to_err(&p, &e), -1);
    CU_ASSERT_STRING_EQUAL(e.msg, "one 1");
    CU_ASSERT_STRING_EQUAL(e.hint, "do this");
    problems_clear(&p);
    fields_clear(&table, &t);
}

static void test_parse_int(void)
{
    static const struct {
        const char *text;
        int64_t value; /* -1: refused */
    } rows[] = {{"0", 0},
                {"10", 10},
                {"+10", 10},
                {"010", 10},
                {"0x1f", 31},
                {"0X1F", 31},
                {"", -1},
                {" 1", -1},
                {"1 ", -1},
                {"1.5", -1},
                {"0x", -1},
                {"1e3", -1},
                {"--1", -1},
                {"0xg", -1},
                {"9223372036854775807", INT64_MAX},
                {"9223372036854775808", -1}};
    int64_t i;

    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        bool ok = parse_int(rows[k].text, &i);
        CU_ASSERT_EQUAL(ok, rows[k].value >= 0);
        if (ok)
            CU_ASSERT_EQUAL(i, rows[k].value);
    }
    CU_ASSERT_TRUE(parse_int("-9223372036854775808", &i) && i == INT64_MIN);
}

static void test_problems_limit(void)
{
    struct problems p = {0};

    for (int i = 0; i < PROBLEMS_MAX - 1; i++)
        problems_add(&p, "/x", NULL, "fault %d", i);
    CU_ASSERT_STRING_EQUAL(p.ptr[PROBLEMS_MAX - 2].text, "fault 254");
    for (int i = 0; i < 3; i++)
        problems_add(&p, "/x", NULL, "one more");
    CU_ASSERT_EQUAL(p.len, PROBLEMS_MAX);
    CU_ASSERT_STRING_EQUAL(p.ptr[PROBLEMS_MAX - 1].text, "there are more faults than these");
    problems_clear(&p);
}

TESTS("field", {"no more problems than anybody reads", test_problems_limit},
      {"defaults", test_defaults}, {"numbers", test_numbers},
      {"booleans and words", test_booleans_and_words}, {"texts and lists", test_texts_and_lists},
      {"maps both ways", test_maps}, {"unknown keys", test_unknown_keys},
      {"whole numbers", test_parse_int})
