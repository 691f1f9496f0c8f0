/*
 * A directory of a test's own, and a disk that fails: the n-th call of fsops.h with an error, once
 * or from then on; writes that are cut short or interrupted. Included by the tests of what must
 * last.
 */
#ifndef TESTS_DISK_H
#define TESTS_DISK_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "libxl/base/fsops.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"

/* Its name, which the caller frees. */
static inline char *disk_new(void)
{
    char *dir = xstrdup("/tmp/test-disk-XXXXXX");

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    return dir;
}

static inline void disk_remove(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *entry;

    while (d && (entry = readdir(d))) {
        AUTO(freep) char *inner = path_join(path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (entry->d_type == DT_DIR)
            disk_remove(inner);
        else
            unlink(inner);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

/* How many names there are in a directory with this in them; NULL: any. */
static inline int disk_count(const char *dir, const char *part)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    int n = 0;

    while (d && (entry = readdir(d)))
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
             (!part || strstr(entry->d_name, part));
    if (d)
        closedir(d);
    return n;
}

/* Fails the n-th call of an operation (all of them: FS_OPS), once or from then on. */
struct trouble {
    enum fs_op op;
    int left, error;
    bool stays, happened;
};

static inline int trouble_hook(void *arg, const struct fs_call *c)
{
    struct trouble *t = arg;

    if ((t->op != FS_OPS && c->op != t->op) || --t->left > 0 || (t->left < 0 && !t->stays))
        return 0;
    t->happened = true;
    return t->error;
}

/* Every write is cut in half, and every second one is interrupted: nobody may notice. */
static inline int tired_hook(void *arg, const struct fs_call *c)
{
    int *n = arg;

    if (c->op != FS_WRITE)
        return 0;
    return (*n)++ % 2 ? EINTR : FS_SHORT;
}

#endif
