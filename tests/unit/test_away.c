/*
 * Domains that were migrated away (xend/away.h): whom a note means, and a disk that fails while it
 * is written.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/cunit.h"
#include "tests/unit/disk.h"
#include "xend/away.h"
#include "xend/xend.h"

static const char one[] = "00000000-0000-4000-8000-000000000001";
static const char two[] = "00000000-0000-4000-8000-000000000002";

static struct xend xend_at(char *dir)
{
    return (struct xend){.paths = {.lib_dir = dir}};
}

static void is_at(const struct xend *x, const char *uuid, const char *name, const char *to)
{
    AUTO(freep) char *where = away_where(x, uuid, name);

    CU_ASSERT_STRING_EQUAL(where ? where : "here", to);
}

static void test_whom(void)
{
    AUTO(freep) char *dir = disk_new();
    struct xend x = xend_at(dir);
    struct err e;

    away_open(&x);
    away_end(&x, one, "web");
    is_at(&x, one, "web", "here");
    CU_ASSERT_EQUAL(away_set(&x, one, "web", "h2 port 8002", &e), 0);
    CU_ASSERT_EQUAL(away_set(&x, two, "db", "", &e), 0);
    is_at(&x, one, "renamed", "h2 port 8002");
    is_at(&x, NULL, "web", "h2 port 8002"); /* of a file without a uuid */
    is_at(&x, two, NULL, "another host");
    is_at(&x, NULL, "we", "here");
    is_at(&x, NULL, "web.", "here");

    CU_ASSERT_EQUAL(away_set(&x, one, "web2", "h3", &e), 0); /* it came back as, and went again */
    away_end(&x, one, NULL);
    is_at(&x, one, "web", "here");
    is_at(&x, one, "web2", "here");
    away_end(&x, one, "db"); /* another one of that name runs here now */
    is_at(&x, two, "db", "here");
    disk_remove(dir);
}

/* A call that fails: it is told, nothing half written means anybody, and the next one works. */
static void test_failures(void)
{
    for (int op = 0; op < FS_OPS; op++)
        for (int n = 1;; n++) {
            AUTO(freep) char *dir = disk_new();
            struct xend x = xend_at(dir);
            struct trouble t = {(enum fs_op)op, n, ENOSPC, false, false};
            struct err e = {0};
            int r;

            fs_hook(trouble_hook, NULL, &t);
            r = away_set(&x, one, "web", "h2", &e);
            away_end(&x, two, "db");
            fs_hook(NULL, NULL, NULL);
            CU_ASSERT_EQUAL(r < 0, t.happened);
            if (r < 0) /* once it has its name, only the sync of the name can fail */
                CU_ASSERT(e.sys == ENOSPC && (op == FS_SYNC || !away_where(&x, one, "web")));
            CU_ASSERT_EQUAL(away_set(&x, one, "web", "h2", &e), 0);
            is_at(&x, one, "web", "h2");

            t = (struct trouble){(enum fs_op)op, n, EIO, false, false};
            fs_hook(trouble_hook, NULL, &t);
            away_end(&x, one, "web");
            fs_hook(NULL, NULL, NULL);
            away_end(&x, one, "web");
            is_at(&x, one, "web", "here");
            disk_remove(dir);
            if (!t.happened && r == 0)
                break;
            CU_ASSERT_FATAL(n < 20);
        }
}

static void test_bound(void)
{
    AUTO(freep) char *dir = disk_new();
    AUTO(freep) char *notes = path_join(dir, "migrated");
    AUTO(freep) char *first = xasprintf("%s/%s.first", notes, one);
    static const struct timespec long_ago[2] = {{1, 0}, {1, 0}};
    struct xend x = xend_at(dir);
    struct err e;

    CU_ASSERT_EQUAL(away_set(&x, one, "first", "h1", &e), 0);
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, first, long_ago, 0), 0);
    CU_ASSERT_EQUAL(away_set(&x, two, "second", "h2", &e), 0);
    for (int i = 2; i < AWAY_MAX; i++) {
        AUTO(freep) char *path = xasprintf("%s/00000000-0000-4000-9000-%012d.d%d", notes, i, i);
        CU_ASSERT_EQUAL(write_file_whole(path, "h", 1, 0600, &e), 0);
    }
    CU_ASSERT_EQUAL(away_set(&x, two, "third", "h3", &e), 0);
    CU_ASSERT_EQUAL(disk_count(notes, NULL), AWAY_MAX);
    is_at(&x, one, "first", "here");
    is_at(&x, NULL, "second", "h2");
    is_at(&x, NULL, "third", "h3");
    disk_remove(dir);
}

TESTS("away", {"whom a note means", test_whom}, {"a disk that fails", test_failures},
      {"names that never come back", test_bound})
