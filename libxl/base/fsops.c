/* Calls that change files which must last: see fsops.h. */
#include "libxl/base/fsops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static fs_hook_fn *the_hook;
static fs_opened_fn *the_opened;
static void *the_arg;
static _Atomic uint64_t syncs;

void fs_hook(fs_hook_fn *hook, fs_opened_fn *opened, void *arg)
{
    the_hook = hook;
    the_opened = opened;
    the_arg = arg;
}

/* True when the hook wants it to fail; errno is set. */
static bool refused(const struct fs_call *c)
{
    int failure = the_hook ? the_hook(the_arg, c) : 0;

    if (failure)
        errno = failure;
    return failure;
}

static int opened(const char *path, int fd)
{
    if (fd >= 0 && the_opened)
        the_opened(the_arg, path, fd);
    return fd;
}

int fs_temp(char *template)
{
    struct fs_call c = {.op = FS_OPEN, .path = template, .fd = -1};

    return refused(&c) ? -1 : opened(template, mkostemp(template, O_CLOEXEC));
}

int fs_create(const char *path, mode_t mode)
{
    struct fs_call c = {.op = FS_OPEN, .path = path, .fd = -1};

    return refused(&c) ? -1
                       : opened(path, open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
}

ssize_t fs_write(int fd, const void *p, size_t n)
{
    struct fs_call c = {.op = FS_WRITE, .fd = fd, .data = p, .size = n};
    int failure = the_hook ? the_hook(the_arg, &c) : 0;

    if (failure == FS_SHORT)
        return write(fd, p, (n + 1) / 2);
    if (failure)
        errno = failure;
    return failure ? -1 : write(fd, p, n);
}

int fs_fsync(int fd)
{
    struct fs_call c = {.op = FS_SYNC, .fd = fd};

    atomic_fetch_add(&syncs, 1);
    return refused(&c) ? -1 : fsync(fd);
}

int fs_sync_dir(const char *path)
{
    struct fs_call c = {.op = FS_SYNC, .path = path, .fd = -1};
    int fd, r, saved;

    atomic_fetch_add(&syncs, 1);
    if (refused(&c))
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    r = fsync(fd);
    saved = errno;
    close(fd);
    errno = saved;
    return r;
}

int fs_rename(const char *from, const char *to)
{
    struct fs_call c = {.op = FS_RENAME, .path = from, .to = to, .fd = -1};

    return refused(&c) ? -1 : rename(from, to);
}

int fs_mkdir(const char *path, mode_t mode)
{
    struct fs_call c = {.op = FS_MKDIR, .path = path, .fd = -1};

    return refused(&c) ? -1 : mkdir(path, mode);
}

int fs_unlink(const char *path)
{
    struct fs_call c = {.op = FS_UNLINK, .path = path, .fd = -1};

    return refused(&c) ? -1 : unlink(path);
}

int fs_rmdir(const char *path)
{
    struct fs_call c = {.op = FS_RMDIR, .path = path, .fd = -1};

    return refused(&c) ? -1 : rmdir(path);
}

uint64_t fs_syncs(void)
{
    return atomic_load(&syncs);
}
