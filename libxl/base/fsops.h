/*
 * The calls that change files which must last: one place where tests count them, make the n-th
 * fail, or write them down to see what a power cut would leave. Without a hook each is the system
 * call and one comparison. Called by io.c and by those who keep state.
 */
#ifndef BASE_FSOPS_H
#define BASE_FSOPS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum fs_op {
    FS_OPEN, /* for writing */
    FS_WRITE,
    FS_SYNC,
    FS_RENAME,
    FS_MKDIR,
    FS_UNLINK,
    FS_RMDIR,
    FS_OPS
};

/* What is about to be done; fd is -1 and to is NULL where they do not apply. */
struct fs_call {
    enum fs_op op;
    const char *path, *to;
    int fd;
    const void *data;
    size_t size;
};

#define FS_SHORT (-1) /* of a hook: only half of a write is done */

/* Called before each, from any thread: an errno makes it fail, 0 lets it be done. */
typedef int fs_hook_fn(void *arg, const struct fs_call *c);
/* done (or NULL): after an open that succeeded. Before there are threads; NULL takes it back. */
typedef void fs_opened_fn(void *arg, const char *path, int fd);
void fs_hook(fs_hook_fn *hook, fs_opened_fn *opened, void *arg);

/* As the system calls, errno and all. template: as mkostemp's. */
int fs_temp(char *template);
/* A new file, for writing. */
int fs_create(const char *path, mode_t mode);
ssize_t fs_write(int fd, const void *p, size_t n);
int fs_fsync(int fd);
/* fsync of a directory by its name. */
int fs_sync_dir(const char *path);
int fs_rename(const char *from, const char *to);
int fs_mkdir(const char *path, mode_t mode);
int fs_unlink(const char *path);
int fs_rmdir(const char *path);

/* How often this process has waited for a disk. */
uint64_t fs_syncs(void);

#endif
