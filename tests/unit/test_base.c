/* libxl/base: what touches no system: errors, buffers, vectors, indexes, texts. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "libxl/base/arena.h"
#include "libxl/base/buf.h"
#include "libxl/base/err.h"
#include "libxl/base/index.h"
#include "libxl/base/near.h"
#include "libxl/base/parallel.h"
#include "libxl/base/utf8.h"
#include "libxl/base/uuid.h"
#include "libxl/base/vec.h"
#include "tests/unit/cunit.h"

static void test_err_table(void)
{
    for (int c = 1; c < ERR_CODE_END; c++) {
        const struct err_info *i = err_info((enum err_code)c);

        CU_ASSERT_PTR_NOT_NULL_FATAL(i->name);
        CU_ASSERT_EQUAL(err_code_from_name(i->name), (enum err_code)c);
        CU_ASSERT_TRUE(i->http_status >= 400 && i->http_status < 600);
        CU_ASSERT_TRUE(i->exit_status == (c == ERR_NO_DOMAIN ? 3 : 1));
    }
    CU_ASSERT_EQUAL(err_code_from_name("of the future"), ERR_BACKEND);
    CU_ASSERT_PTR_EQUAL(err_info(0), err_info(ERR_SYSTEM));
    CU_ASSERT_PTR_EQUAL(err_info(ERR_CODE_END), err_info(ERR_SYSTEM));
}

static void test_err_texts(void)
{
    struct err e = {0};
    char longer[2000];

    CU_ASSERT_EQUAL(err_set(&e, ERR_BUSY, "%s is %d", "x", 3), -1);
    ASSERT_ERR(e, ERR_BUSY, "x is 3");
    CU_ASSERT_EQUAL(e.sys, 0);
    CU_ASSERT_EQUAL(err_add(&e, "web1"), -1);
    CU_ASSERT_STRING_EQUAL(e.msg, "web1: x is 3");
    err_hint(&e, "wait");
    CU_ASSERT_STRING_EQUAL(e.hint, "wait");
    err_set(&e, ERR_STATE, "again");
    CU_ASSERT_STRING_EQUAL(e.hint, ""); /* a new error takes no old hint along */

    errno = ENOENT;
    CU_ASSERT_EQUAL(err_sys(&e, "/srv/%s", "a"), -1);
    CU_ASSERT_STRING_EQUAL(e.msg, "/srv/a: No such file or directory");
    CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(e.sys, ENOENT);

    memset(longer, 'y', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    err_set(&e, ERR_INVALID, "%s", longer);
    CU_ASSERT_EQUAL(strlen(e.msg), sizeof(e.msg) - 1);
    err_add(&e, "front");
    CU_ASSERT_EQUAL(strncmp(e.msg, "front: yyy", 10), 0);
    CU_ASSERT_TRUE(strlen(e.msg) < sizeof(e.msg));
    err_add(&e, "%s", longer);
    CU_ASSERT_TRUE(strlen(e.msg) < sizeof(e.msg));
}

static void test_errno_codes(void)
{
    static const struct {
        int sys;
        enum err_code code;
    } rows[] = {{EACCES, ERR_DENIED},     {EPERM, ERR_DENIED},       {ENOENT, ERR_NOT_FOUND},
                {EEXIST, ERR_EXISTS},     {ENOSPC, ERR_NO_RESOURCE}, {EMFILE, ERR_NO_RESOURCE},
                {ETIMEDOUT, ERR_TIMEOUT}, {EBUSY, ERR_BUSY},         {EIO, ERR_UNAVAILABLE}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e;
        errno = rows[i].sys;
        err_sys(&e, "x");
        CU_ASSERT_EQUAL(e.code, rows[i].code);
    }
}

static void test_buf(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    char *s;

    CU_ASSERT_STRING_EQUAL(buf_str(&b), "");
    buf_adds(&b, "ab");
    buf_addc(&b, 'c');
    buf_addf(&b, "%d", 42);
    buf_fill(&b, '-', 3);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "abc42---");
    CU_ASSERT_EQUAL(b.len, 8);
    buf_shift(&b, 3);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "42---");
    buf_shift(&b, 0);
    buf_shift(&b, 5);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "");
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "%0100d", i);
    CU_ASSERT_EQUAL(b.len, 100000);
    CU_ASSERT_EQUAL(strlen(b.ptr), 100000);
    s = buf_steal(&b);
    CU_ASSERT_EQUAL(strlen(s), 100000);
    free(s);
    CU_ASSERT_PTR_NULL(b.ptr);
    s = buf_steal(&b);
    CU_ASSERT_STRING_EQUAL(s, "");
    free(s);
    buf_add(&b, "a\0b", 3);
    CU_ASSERT_EQUAL(b.len, 3);
    CU_ASSERT_EQUAL(b.ptr[3], '\0');
}

static void test_vec(void)
{
    struct numbers VEC(int) v = {0};

    for (int i = 0; i < 100; i++)
        vec_push(&v, i);
    CU_ASSERT_EQUAL(v.len, 100);
    vec_remove(&v, 0);
    vec_remove(&v, 98);
    vec_remove(&v, 49);
    CU_ASSERT_EQUAL(v.len, 97);
    CU_ASSERT_EQUAL(v.ptr[0], 1);
    CU_ASSERT_EQUAL(v.ptr[48], 49);
    CU_ASSERT_EQUAL(v.ptr[49], 51);
    CU_ASSERT_EQUAL(v.ptr[96], 98);
    vec_clear(&v);
    CU_ASSERT_EQUAL(v.len, 0);
}

static void test_index(void)
{
    struct index x = {0};
    char keys[500][8];

    CU_ASSERT_PTR_NULL(index_get(&x, "none"));
    for (int i = 0; i < 500; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%d", i);
        index_put(&x, keys[i], keys[i]);
    }
    for (int i = 0; i < 500; i += 2)
        index_remove(&x, keys[i]);
    index_remove(&x, "none");
    for (int i = 0; i < 500; i++)
        CU_ASSERT_PTR_EQUAL(index_get(&x, keys[i]), i % 2 ? keys[i] : NULL);
    index_put(&x, keys[0], keys[0]);
    CU_ASSERT_PTR_EQUAL(index_get(&x, "k0"), keys[0]);
    index_clear(&x);
    CU_ASSERT_PTR_NULL(index_get(&x, "k0"));
}

static void test_arena(void)
{
    struct arena a;
    char *p, *q;

    arena_init(&a, 100000);
    p = arena_alloc(&a, 10);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    memset(p, 'x', 10);
    q = arena_grow(&a, p, 10, 5000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(q);
    CU_ASSERT_EQUAL(memcmp(q, "xxxxxxxxxx", 10), 0);
    CU_ASSERT_PTR_NULL(arena_alloc(&a, 100001));
    CU_ASSERT_PTR_NULL(arena_grow(&a, q, 5000, 100001));
    for (p = q; p;)
        p = arena_alloc(&a, 1000);
    CU_ASSERT_TRUE(a.used <= 100000);
    arena_clear(&a);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 1000));
    arena_clear(&a);
}

static void test_near(void)
{
    static const struct {
        const char *word, *candidate;
        bool near;
    } rows[] = {{"memroy", "memory", true}, {"vcpsu", "vcpus", true}, {"memory", "memory", true},
                {"mem", "memory", false},   {"x", "y", true},         {"ip", "cpu", false},
                {"boot", "root", true},     {"", "x", true},          {"kernal", "kernel", true}};
    struct near n = {.word = "vcpus"};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct near one = {.word = rows[i].word};
        near_try(&one, rows[i].candidate);
        CU_ASSERT_EQUAL(one.best != NULL, rows[i].near);
    }
    near_try(&n, "vcpsu");
    near_try(&n, "vcpus");
    near_try(&n, "vcpuz");
    CU_ASSERT_STRING_EQUAL(n.best, "vcpus"); /* the nearest */
}

static void test_utf8(void)
{
    static const struct {
        const char *text;
        size_t length;
    } rows[] = {{"a", 1},
                {"\x7f", 1},
                {"\x80", 0},
                {"\xbf", 0},
                {"\xc1\xbf", 0},
                {"\xc2\x80", 2},
                {"\xdf\xbf", 2},
                {"\xc2", 0},
                {"\xc2\x41", 0},
                {"\xe0\x9f\xbf", 0},
                {"\xe0\xa0\x80", 3},
                {"\xed\x9f\xbf", 3},
                {"\xed\xa0\x80", 0},
                {"\xee\x80\x80", 3},
                {"\xef\xbf\xbf", 3},
                {"\xe2\x82", 0},
                {"\xe2\x82\x41", 0},
                {"\xf0\x8f\xbf\xbf", 0},
                {"\xf0\x90\x80\x80", 4},
                {"\xf4\x8f\xbf\xbf", 4},
                {"\xf4\x90\x80\x80", 0},
                {"\xf5\x80\x80\x80", 0},
                {"\xff", 0}};
    AUTO(buf_clear) struct buf b = BUF_INIT;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CU_ASSERT_EQUAL(utf8_char(rows[i].text, strlen(rows[i].text)), rows[i].length);
    CU_ASSERT_EQUAL(utf8_char("", 0), 0);
    CU_ASSERT_TRUE(utf8_is_valid("a\xc3\xa4", 3));
    CU_ASSERT_FALSE(utf8_is_valid("a\xc3\xa4", 2));
    utf8_add_repaired(&b, "a\xff\xc3\xa4\xc3", 5);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd");
}

static void test_uuid(void)
{
    char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];

    uuid_make(a);
    uuid_make(b);
    CU_ASSERT_EQUAL(strlen(a), 36);
    CU_ASSERT_STRING_NOT_EQUAL(a, b);
    CU_ASSERT_EQUAL(a[14], '4');
    CU_ASSERT_TRUE(uuid_normalize("06ED00FE-1162-4FC4-B5D8-11993EE4A8B9", b));
    CU_ASSERT_STRING_EQUAL(b, "06ed00fe-1162-4fc4-b5d8-11993ee4a8b9");
    CU_ASSERT_TRUE(uuid_normalize(a, a));
    CU_ASSERT_FALSE(uuid_normalize("06ed00fe-1162-4fc4-b5d8-11993ee4a8b", b));
    CU_ASSERT_FALSE(uuid_normalize("06ed00fe-1162-4fc4-b5d8-11993ee4a8bg", b));
    CU_ASSERT_FALSE(uuid_normalize("", b));
}

/* The first and the third fail, when all have been called. */
static int count_up(void *arg, size_t i, struct err *e)
{
    atomic_fetch_add((_Atomic int *)arg, 1);
    return i % 2 ? err_set(e, ERR_STATE, "number %zu", i) : 0;
}

static void test_parallel(void)
{
    _Atomic int calls = 0;
    struct err e = {0};

    CU_ASSERT_EQUAL(parallel(0, count_up, &calls, &e), 0);
    CU_ASSERT_EQUAL(parallel(1, count_up, &calls, &e), 0);
    CU_ASSERT_EQUAL(atomic_load(&calls), 1);
    CU_ASSERT_EQUAL(parallel(4, count_up, &calls, &e), -1);
    CU_ASSERT_EQUAL(atomic_load(&calls), 5);
    ASSERT_ERR(e, ERR_STATE, "number 1");
}

TESTS("base", {"error codes have names, statuses and exit codes", test_err_table},
      {"error texts", test_err_texts}, {"errno becomes a code", test_errno_codes},
      {"buffers", test_buf}, {"vectors", test_vec}, {"indexes", test_index}, {"arenas", test_arena},
      {"near words", test_near}, {"UTF-8", test_utf8}, {"uuids", test_uuid},
      {"things at the same time", test_parallel})
