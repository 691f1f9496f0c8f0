/* config/value: the tree that all notations read and write. */
#include "config/value.h"
#include "tests/unit/cunit.h"

static void test_scalars(void)
{
    AUTO(value_freep) struct value *nil = value_nil(), *yes = value_bool(true);
    AUTO(value_freep) struct value *least = value_int(INT64_MIN), *half = value_real(0.5);
    AUTO(value_freep) struct value *empty = value_str(""), *text = value_strn("abcdef", 3);

    CU_ASSERT_EQUAL(value_type(nil), VALUE_NIL);
    CU_ASSERT_TRUE(value_as_bool(yes));
    CU_ASSERT_EQUAL(value_as_int(least), INT64_MIN);
    CU_ASSERT_EQUAL(value_as_real(half), 0.5);
    CU_ASSERT_EQUAL(value_as_real(least), (double)INT64_MIN);
    CU_ASSERT_STRING_EQUAL(value_as_str(empty), "");
    CU_ASSERT_EQUAL(value_str_len(empty), 0);
    CU_ASSERT_STRING_EQUAL(value_as_str(text), "abc");
    CU_ASSERT_EQUAL(value_str_len(text), 3);
    CU_ASSERT_EQUAL(value_len(text), 0);
    CU_ASSERT_EQUAL(value_len(NULL), 0);
    for (int t = VALUE_NIL; t <= VALUE_MAP; t++)
        CU_ASSERT_TRUE(strlen(value_type_name((enum value_type)t)) > 3);
}

static void test_strings_of_all_lengths(void)
{
    char text[301];

    for (size_t n = 0; n <= 300; n++) {
        AUTO(value_freep) struct value *v = NULL, *copy = NULL;

        memset(text, 'x', n);
        text[n] = '\0';
        v = value_str(text);
        copy = value_copy(v);
        CU_ASSERT_STRING_EQUAL(value_as_str(v), text);
        CU_ASSERT_TRUE(value_equal(v, copy));
    }
}

static void test_lists(void)
{
    AUTO(value_freep) struct value *list = value_list(), *copy = NULL;

    for (int i = 0; i < 1000; i++)
        value_add_take(list, value_int(i));
    CU_ASSERT_EQUAL(value_len(list), 1000);
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL(value_as_int(value_at(list, (size_t)i)), i);
    copy = value_copy(list);
    CU_ASSERT_TRUE(value_equal(list, copy));
    value_add_take(copy, value_nil());
    CU_ASSERT_FALSE(value_equal(list, copy));
}

/* Around the size from which maps have an index, and with keys removed and set again. */
static void test_maps(void)
{
    for (int n = 0; n <= 70; n++) {
        AUTO(value_freep) struct value *map = value_map();
        char key[16];

        for (int i = 0; i < n; i++) {
            snprintf(key, sizeof(key), "key%d", i);
            value_set_int(map, key, i);
        }
        value_set_int(map, "key0", -1); /* replaces in place when there */
        if (n == 0)
            CU_ASSERT_TRUE(value_remove(map, "key0"));
        CU_ASSERT_EQUAL(value_len(map), (size_t)n);
        for (int i = 0; i < n; i++) {
            snprintf(key, sizeof(key), "key%d", i);
            CU_ASSERT_EQUAL(value_get_int(map, key, -9), i ? i : -1);
            CU_ASSERT_STRING_EQUAL(value_key(map, (size_t)i), key);
        }
        CU_ASSERT_PTR_NULL(value_get(map, "nokey"));
        CU_ASSERT_FALSE(value_remove(map, "nokey"));
        for (int i = 0; i < n; i += 2) {
            snprintf(key, sizeof(key), "key%d", i);
            CU_ASSERT_TRUE(value_remove(map, key));
        }
        for (int i = 0; i < n; i++) {
            snprintf(key, sizeof(key), "key%d", i);
            CU_ASSERT_EQUAL(value_get(map, key) != NULL, i % 2 == 1);
        }
        value_set_str(map, "again", "x");
        CU_ASSERT_STRING_EQUAL(value_get_str(map, "again", ""), "x");
        CU_ASSERT_STRING_EQUAL(value_key(map, value_len(map) - 1), "again");
    }
}

static void test_getters_have_fallbacks(void)
{
    AUTO(value_freep) struct value *map = value_map(), *list = value_list();

    value_set_str(map, "s", "text");
    value_set_str(map, "none", NULL);
    value_set_int(map, "i", 7);
    value_set_bool(map, "b", true);
    CU_ASSERT_EQUAL(value_len(map), 3);
    CU_ASSERT_STRING_EQUAL(value_get_str(map, "i", "f"), "f");
    CU_ASSERT_EQUAL(value_get_int(map, "s", 3), 3);
    CU_ASSERT_TRUE(value_get_bool(map, "b", false));
    CU_ASSERT_TRUE(value_get_bool(map, "x", true));
    CU_ASSERT_PTR_NULL(value_get(NULL, "x"));
    CU_ASSERT_PTR_NULL(value_get(list, "x"));
    CU_ASSERT_STRING_EQUAL(value_get_str(NULL, "x", "f"), "f");
}

static struct value *tree(bool swapped)
{
    struct value *map = value_map(), *list = value_list();

    value_add_take(list, value_str("a"));
    value_add_take(list, value_real(1.5));
    if (swapped)
        value_set_bool(map, "b", false);
    value_set_take(map, "l", list);
    if (!swapped)
        value_set_bool(map, "b", false);
    value_set_take(map, "n", value_nil());
    return map;
}

static void test_equal_and_copy(void)
{
    AUTO(value_freep) struct value *a = tree(false), *b = tree(true), *c = value_copy(a);

    CU_ASSERT_TRUE(value_equal(a, b)); /* maps in any order */
    CU_ASSERT_TRUE(value_equal(a, c));
    value_set_take(c, "n", value_int(0));
    CU_ASSERT_FALSE(value_equal(a, c)); /* nothing is not zero */
    value_remove(b, "n");
    CU_ASSERT_FALSE(value_equal(a, b));
    value_set_take(b, "m", value_nil());
    CU_ASSERT_FALSE(value_equal(a, b)); /* as many keys, another one */
}

TESTS("value", {"scalars", test_scalars}, {"strings of all lengths", test_strings_of_all_lengths},
      {"lists", test_lists}, {"maps of all sizes", test_maps},
      {"getters have fallbacks", test_getters_have_fallbacks},
      {"equality and copies", test_equal_and_copy})
