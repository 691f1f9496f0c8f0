/*
 * The log of events and their ids: what a power cut, the death of xend or a disk that fails leaves
 * of them. Whatever was shown once, its id never comes again.
 */
#include <fcntl.h>
#include <stdatomic.h>

#include "tests/unit/cunit.h"
#include "tests/unit/disk.h"
#include "xend/domain.h"
#include "xend/events.h"
#include "xend/xend.h"

#define EVENTS 2500 /* more than two reservations */
#define BOOT "\"boot\":\""

static struct spec the_spec = {.name = (char *)"web1"};
static struct domain the_domain = {.spec = &the_spec,
                                   .uuid = "00000000-0000-4000-8000-000000000001"};

/* Opens the log, tells n events of the domain and has all of them written. The id of the last. */
static uint64_t tell(const char *dir, int n)
{
    struct xend x = {0};
    uint64_t last;
    struct err e;

    x.events = events_open(&x, dir, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(x.events);
    for (int i = 0; i < n; i++)
        event_domain(&x, &the_domain, "changed");
    last = events_last(x.events);
    events_close(x.events);
    return last;
}

/* The id of the first event that the next xend tells, that it has started; and that log as text. */
static uint64_t first_id(const char *dir, struct buf *text)
{
    AUTO(freep) char *path = path_join(dir, "events.log");
    const char *line;
    struct err e;

    tell(dir, 0);
    text->len = 0;
    CU_ASSERT_EQUAL_FATAL(read_file(path, 1 << 24, text, &e), 0);
    line = strstr(buf_str(text), "\"type\":\"xend-started\"");
    for (const char *next = line; next; next = strstr(next + 1, "\"type\":\"xend-started\""))
        line = next;
    while (line && line > text->ptr && line[-1] != '\n')
        line--;
    return line ? strtoull(line + strlen("{\"id\":"), NULL, 10) : 0;
}

/* The first `len` bytes of a log, perhaps of another boot of the host; and the ids beside it. */
static void make_log(const char *dir, const struct buf *log, size_t len, bool other_boot,
                     const struct buf *ids)
{
    AUTO(freep) char *path = path_join(dir, "events.log"), *ids_path = path_join(dir, "events.ids");
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;
    char *boot;

    buf_add(&text, log->ptr, len);
    boot = strstr(buf_str(&text), BOOT);
    if (boot && other_boot && boot[strlen(BOOT)])
        boot[strlen(BOOT)] = 'x';
    CU_ASSERT_EQUAL(write_file_whole(path, buf_str(&text), text.len, 0600, &e), 0);
    unlink(ids_path);
    if (ids)
        CU_ASSERT_EQUAL(write_file_whole(ids_path, ids->ptr, ids->len, 0600, &e), 0);
}

static void test_cut(void)
{
    AUTO(freep) char *dir = disk_new(), *path = path_join(dir, "events.log");
    AUTO(freep) char *ids_path = path_join(dir, "events.ids");
    AUTO(buf_clear) struct buf log = BUF_INIT, ids = BUF_INIT, text = BUF_INIT;
    uint64_t last = tell(dir, EVENTS), reserved, id;
    struct err e;

    CU_ASSERT_EQUAL(last, EVENTS + 1); /* the first tells of the start */
    CU_ASSERT_EQUAL_FATAL(read_file(path, 1 << 24, &log, &e), 0);
    CU_ASSERT_EQUAL_FATAL(read_file(ids_path, 64, &ids, &e), 0);
    reserved = strtoull(ids.ptr, NULL, 10);
    CU_ASSERT(reserved >= last);

    make_log(dir, &log, log.len, false, &ids); /* the host lives: nothing is skipped */
    CU_ASSERT_EQUAL(first_id(dir, &text), last + 1);
    for (int other = 0; other < 2; other++) { /* as an older xend left it, or a disk that failed */
        make_log(dir, &log, log.len, other, NULL);
        CU_ASSERT(first_id(dir, &text) > last + 10000);
    }

    for (size_t len = 0; len <= log.len; len += log.len / 20 - 7) {
        make_log(dir, &log, len, true, &ids);
        id = first_id(dir, &text);
        CU_ASSERT_EQUAL(id, reserved + 1);
        CU_ASSERT_EQUAL(memcmp(text.ptr, log.ptr, len ? 5 : 0), 0); /* what was there stays */
        id = first_id(dir, &text);                                  /* and now the host lives on */
        CU_ASSERT_EQUAL(id, reserved + 2);
    }
    disk_remove(dir);
}

/* Looks on from the writer's thread: which id is reserved durably, and which one is written next.
 */
struct onlooker {
    uint64_t told, renamed, durable;
    int syncs, early;
};

static int look_on(void *arg, const struct fs_call *c)
{
    struct onlooker *o = arg;
    const char *at;

    if (c->op == FS_WRITE && c->size < 24 && c->size > 1) {
        o->told = strtoull(c->data, NULL, 10);
    } else if (c->op == FS_RENAME) {
        o->renamed = o->told;
    } else if (c->op == FS_SYNC) {
        o->syncs++;
        o->durable = c->path ? o->renamed : o->durable;
    } else if (c->op == FS_WRITE && c->size > 24) { /* the last line of a batch */
        for (at = (const char *)c->data + c->size - 1;
             at > (const char *)c->data && at[-1] != '\n';)
            at--;
        o->early += strtoull(at + strlen("{\"id\":"), NULL, 10) > o->durable;
    }
    return 0;
}

static void test_reserved_first(void)
{
    AUTO(freep) char *dir = disk_new();
    struct onlooker o = {0};
    uint64_t last;

    fs_hook(look_on, NULL, &o);
    last = tell(dir, EVENTS);
    fs_hook(NULL, NULL, NULL);
    CU_ASSERT_EQUAL(o.early, 0);
    CU_ASSERT(o.durable >= last);
    CU_ASSERT(o.syncs >= 2 &&
              o.syncs <= 6); /* of the file and its directory, for a thousand each */
    o.syncs = 0;
    fs_hook(look_on, NULL, &o);
    tell(dir, 1); /* there are ids left */
    fs_hook(NULL, NULL, NULL);
    CU_ASSERT_EQUAL(o.syncs, 0);
    disk_remove(dir);
}

/* A disk that fails holds up nobody; when it works again, so does the log, and what it tells is
 * read. */
static void test_failures(void)
{
    static const enum fs_op ops[] = {FS_OPEN, FS_WRITE, FS_SYNC, FS_RENAME, FS_OPS};

    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        for (int n = 1; n < 6; n++) {
            AUTO(freep) char *dir = disk_new();
            AUTO(buf_clear) struct buf text = BUF_INIT;
            struct trouble t = {ops[i], n, ENOSPC, n == 1 && ops[i] != FS_OPS, false};
            uint64_t last;

            tell(dir, 3);
            fs_hook(trouble_hook, NULL, &t);
            last = tell(dir, 1500);
            fs_hook(NULL, NULL, NULL);
            CU_ASSERT(first_id(dir, &text) > last);
            last = tell(dir, 1500);
            CU_ASSERT_EQUAL(first_id(dir, &text), last + 1);
            CU_ASSERT_EQUAL(disk_count(dir, ".tmp-"), 0);
            disk_remove(dir);
        }
}

/* Half a line, left by a full disk, takes none of the next with it. */
static int half_then_full(void *arg, const struct fs_call *c)
{
    int *n = arg;

    if (c->op != FS_WRITE || c->size < 24 || *n > 1)
        return 0;
    return (*n)++ ? ENOSPC : FS_SHORT;
}

static void test_torn(void)
{
    AUTO(freep) char *dir = disk_new();
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct xend x = {0};
    uint64_t last, oldest, newest;
    int n = 0;
    struct err e;

    tell(dir, 1);
    fs_hook(half_then_full, NULL, &n);
    x.events = events_open(&x, dir, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(x.events);
    do
        events_range(x.events, &oldest, &newest); /* until the start is told, and torn on disk */
    while (newest < 3);
    event_domain(&x, &the_domain, "changed");
    last = events_last(x.events);
    events_close(x.events);
    fs_hook(NULL, NULL, NULL);
    CU_ASSERT_EQUAL(n, 2);
    CU_ASSERT_EQUAL(first_id(dir, &text), last + 1);
    disk_remove(dir);
}

TESTS("events", {"an id never comes again", test_cut},
      {"ids are reserved on disk before they are shown", test_reserved_first},
      {"a disk that fails", test_failures}, {"a line that was torn", test_torn})
