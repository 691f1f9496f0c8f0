/*
 * Unpacked kernels, in files that only xend reads and writes: CACHE_DIR/kernel-DEV-INO, a head of
 * one page and the bytes. One is used for exactly the file that it was made of, and only as long as
 * nobody has changed either: a file of ours has the time of its kernel, which every later write to
 * it changes. Called by image.c, with the lock `unpacking`.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/xen/image.h"

#define CACHE_BYTES_MAX (KERNEL_BYTES_MAX + (64UL << 20)) /* four kernels as Debian's; any one */
#define HEAD_BYTES 4096
#define PREFIX "kernel-"
#define PREFIX_NEW "new-"

struct head {
    char magic[16];
    uint64_t dev, ino, size, mtime_s, mtime_ns, ctime_s, ctime_ns;
    uint64_t bytes; /* unpacked */
};

static struct head head_of(const struct stat *st, size_t bytes)
{
    return (struct head){.magic = "xend kernel 1",
                         .dev = st->st_dev,
                         .ino = st->st_ino,
                         .size = (uint64_t)st->st_size,
                         .mtime_s = (uint64_t)st->st_mtim.tv_sec,
                         .mtime_ns = (uint64_t)st->st_mtim.tv_nsec,
                         .ctime_s = (uint64_t)st->st_ctim.tv_sec,
                         .ctime_ns = (uint64_t)st->st_ctim.tv_nsec,
                         .bytes = bytes};
}

static char *path_of(const char *dir, const struct stat *st)
{
    return xasprintf("%s/" PREFIX "%" PRIx64 "-%" PRIx64, dir, (uint64_t)st->st_dev,
                     (uint64_t)st->st_ino);
}

/* Used now, and changed when its kernel was. */
static int stamp(int fd, const struct stat *of)
{
    return futimens(fd, (struct timespec[2]){{.tv_nsec = UTIME_NOW}, of->st_mtim});
}

static bool is_whole(int fd, const struct stat *of, struct head *h)
{
    struct stat st;
    struct head want;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        pread(fd, h, sizeof(*h), 0) != sizeof(*h))
        return false;
    want = head_of(of, h->bytes);
    return memcmp(h, &want, sizeof(want)) == 0 && h->bytes > 0 && h->bytes <= KERNEL_BYTES_MAX &&
           (uint64_t)st.st_size == HEAD_BYTES + h->bytes &&
           st.st_mtim.tv_sec == of->st_mtim.tv_sec && st.st_mtim.tv_nsec == of->st_mtim.tv_nsec;
}

bool cache_find(const char *dir, const struct stat *of, struct image *out)
{
    AUTO(freep) char *path = dir ? path_of(dir, of) : NULL;
    AUTO(closep) int fd = dir ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    struct head h;
    struct err ignored;

    if (fd < 0)
        return false;
    if (!is_whole(fd, of, &h)) {
        log_info("%s: not used: the kernel has changed, or it has", path);
        return false;
    }
    stamp(fd, of);
    return image_map(out, fd, HEAD_BYTES, h.bytes, &ignored) == 0;
}

/* ---- keeping */

static int copy(int to, int from, size_t size)
{
    off_t at = 0;

    while ((size_t)at < size)
        if (sendfile(to, from, &at, size - (size_t)at) <= 0)
            return -1;
    return 0;
}

static int fill(int to, const struct stat *of, int from, size_t size)
{
    struct head h = head_of(of, size);
    struct err ignored;

    return write_all(to, &h, sizeof(h), &ignored) < 0 || lseek(to, HEAD_BYTES, SEEK_SET) < 0 ||
                   copy(to, from, size) < 0 || stamp(to, of) < 0 || fsync(to) < 0
               ? -1
               : 0;
}

/* Files of ours: which was not used for longest, and how much all of them are. */
static uint64_t look_through(const char *dir, char oldest[NAME_MAX + 1])
{
    DIR *list = opendir(dir);
    struct timespec least = {0};
    struct dirent *entry;
    uint64_t sum = 0;
    struct stat st;

    oldest[0] = '\0';
    while (list && (entry = readdir(list))) {
        const struct timespec *t = &st.st_atim;

        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 ||
            fstatat(dirfd(list), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        sum += (uint64_t)st.st_size;
        if (!oldest[0] || t->tv_sec < least.tv_sec ||
            (t->tv_sec == least.tv_sec && t->tv_nsec < least.tv_nsec)) {
            least = *t;
            snprintf(oldest, NAME_MAX + 1, "%s", entry->d_name);
        }
    }
    if (list)
        closedir(list);
    return sum;
}

static void make_room(const char *dir, size_t size)
{
    char name[NAME_MAX + 1];

    while (look_through(dir, name) + HEAD_BYTES + size > CACHE_BYTES_MAX && name[0]) {
        AUTO(freep) char *path = path_join(dir, name);

        if (unlink(path) < 0)
            return;
    }
}

/* The name of an unfinished one is always the same: it replaces that of a dead xend. */
void cache_keep(const char *dir, const struct stat *of, int from, size_t size)
{
    AUTO(freep) char *path = dir ? path_of(dir, of) : NULL;
    AUTO(freep) char *temp = dir ? path_join(dir, PREFIX_NEW "kernel") : NULL;
    AUTO(closep) int fd = -1;
    struct err e;

    if (!dir)
        return;
    if (make_dirs(dir, 0700, &e) < 0) {
        log_warn("%s: unpacked kernels are not kept", e.msg);
        return;
    }
    unlink(path);
    unlink(temp);
    make_room(dir, size);
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 && fill(fd, of, from, size) == 0 && rename(temp, path) == 0)
        return;
    log_warn("%s: the unpacked kernel is not kept: %s", path, strerror(errno));
    unlink(temp);
}
