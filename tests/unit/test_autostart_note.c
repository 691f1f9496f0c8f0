/*
 * How far an autostart is (xend/autostart.h): which domains the next xend leaves alone when the
 * disk failed while that was written, or xend died in the middle of a name.
 */
#include <fcntl.h>

#include "config/json.h"
#include "tests/unit/cunit.h"
#include "tests/unit/disk.h"
#include "xend/autostart.h"
#include "xend/xend.h"

/* Each is the beginning of the next. */
static const char *const names[] = {"d", "d1", "d12", "d123"};

static struct xend xend_at(char *dir)
{
    return (struct xend){.paths = {.run_dir = dir}};
}

static struct value *request_new(void)
{
    struct value *v = value_map();

    value_set_str(v, "auto", "/etc/xen/auto");
    value_set_int(v, "gap_ms", 7);
    return v;
}

/* Whom the note names, as bits; -1: there is no note. */
static int noted(const struct xend *x)
{
    AUTO(buf_clear) struct buf found = BUF_INIT;
    AUTO(value_freep) struct value *request = note_read(x, &found);
    int bits = 0;

    if (!request)
        return -1;
    CU_ASSERT_EQUAL(value_get_int(request, "gap_ms", 0), 7);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        bits |= note_has(&found, names[i]) << i;
    return bits;
}

/* The longest name first. */
static void add_all(int fd)
{
    for (size_t i = ARRAY_LEN(names); fd >= 0 && i-- > 0;)
        note_add(fd, names[i]);
}

static void test_whole(void)
{
    AUTO(freep) char *dir = disk_new();
    AUTO(value_freep) struct value *request = request_new();
    struct xend x = xend_at(dir);
    int fd = note_begin(&x, request);

    CU_ASSERT_EQUAL(noted(&x), 0);
    note_add(fd, "d12");
    CU_ASSERT_EQUAL(noted(&x), 4);
    close(fd);
    fd = note_begin(&x, NULL); /* the next xend */
    note_add(fd, "d");
    CU_ASSERT_EQUAL(noted(&x), 5);
    close(fd);
    note_remove(&x);
    CU_ASSERT_EQUAL(noted(&x), -1);
    CU_ASSERT_EQUAL(note_begin(&x, NULL), -1);
    disk_remove(dir);
}

/* The note that a xend left which died after so many bytes, and what the next one adds to it. */
static void test_cut(void)
{
    AUTO(freep) char *dir = disk_new();
    AUTO(freep) char *path = path_join(dir, "autostart");
    AUTO(value_freep) struct value *request = request_new();
    AUTO(buf_clear) struct buf whole = BUF_INIT;
    struct xend x = xend_at(dir);
    struct err e;
    int fd = note_begin(&x, request);
    size_t begin;

    CU_ASSERT_EQUAL_FATAL(read_file(path, 4096, &whole, &e), 0);
    begin = whole.len;
    note_add(fd, "d123");
    close(fd);
    buf_clear(&whole);
    CU_ASSERT_EQUAL_FATAL(read_file(path, 4096, &whole, &e), 0);
    for (size_t n = begin; n < whole.len; n++) {
        CU_ASSERT_EQUAL(truncate(path, (off_t)n), 0);
        CU_ASSERT_EQUAL(noted(&x), 0);
        fd = note_begin(&x, NULL);
        note_add(fd, "d1");
        close(fd);
        CU_ASSERT_EQUAL(noted(&x), 2);
        CU_ASSERT_EQUAL(write_file_whole(path, whole.ptr, whole.len, 0600, &e), 0);
    }
    disk_remove(dir);
}

/* The n-th write is done by half, and then the disk is full for this one. */
static int half_hook(void *arg, const struct fs_call *c)
{
    int *left = arg;

    if (c->op != FS_WRITE || --*left > 0)
        return 0;
    return *left == 0 ? FS_SHORT : *left == -1 ? ENOSPC : 0;
}

/* There is a note or there is none; and of the names just the one that failed is missing. */
static void check_failure(struct xend *x, const struct value *request, fs_hook_fn *hook, void *arg)
{
    int fd, bits, missing = 0;

    fs_hook(hook, NULL, arg);
    fd = note_begin(x, request);
    add_all(fd);
    fs_hook(NULL, NULL, NULL);
    bits = noted(x);
    CU_ASSERT_EQUAL(bits < 0, fd < 0);
    for (size_t i = 0; fd >= 0 && i < ARRAY_LEN(names); i++)
        missing += !(bits >> i & 1);
    CU_ASSERT(missing <= 1);
    CU_ASSERT_EQUAL(disk_count(x->paths.run_dir, NULL), fd >= 0);
    close_fd(&fd);
    fs_hook(hook, NULL, arg);
    note_remove(x);
    fs_hook(NULL, NULL, NULL);
    note_remove(x);
    CU_ASSERT_EQUAL(noted(x), -1);
}

static void test_failures(void)
{
    AUTO(freep) char *dir = disk_new();
    AUTO(value_freep) struct value *request = request_new();
    struct xend x = xend_at(dir);

    for (int op = 0; op < FS_OPS; op++)
        for (int n = 1; n < 8; n++) {
            struct trouble t = {(enum fs_op)op, n, ENOSPC, false, false};
            int half = n;

            check_failure(&x, request, trouble_hook, &t);
            if (op == FS_WRITE)
                check_failure(&x, request, half_hook, &half);
        }
    disk_remove(dir);
}

TESTS("autostart note", {"whom it names", test_whole}, {"a name that was cut short", test_cut},
      {"a disk that fails", test_failures})
