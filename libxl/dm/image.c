/*
 * Opening disk images. The format is the spec's, never guessed; but a qcow2 header may name other
 * files, which QEMU would open by itself and by guessing: such images are refused here. Called by
 * create.c. Does not attach anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "libxl/dm/dm.h"

#define SECTOR 512
/* qcow2, docs/interop/qcow2.txt: big-endian fields at these offsets */
#define QCOW2_BACKING_OFFSET 8
#define QCOW2_INCOMPATIBLE 72
#define QCOW2_EXTERNAL_DATA (1 << 2)

static uint64_t be64(const unsigned char *p)
{
    uint64_t n = 0;

    for (int i = 0; i < 8; i++)
        n = n << 8 | p[i];
    return n;
}

/* What the header says must be what the spec says, and must not lead anywhere else. */
static int check_qcow2(int fd, const char *path, struct err *e)
{
    unsigned char h[104] = {0};
    ssize_t n = pread(fd, h, sizeof(h), 0);

    if (n < 72 || memcmp(h, "QFI\xfb", 4) != 0)
        return err_set(e, ERR_INVALID, "%s: not a qcow2 image", path);
    if (be64(h + QCOW2_BACKING_OFFSET) != 0) {
        err_set(e, ERR_UNSUPPORTED, "%s: this qcow2 image stands on a backing file", path);
        return err_hint(e, "Make a self-contained copy: qemu-img convert -O qcow2 %.80s NEW.",
                        path);
    }
    if (h[7] >= 3 && (be64(h + QCOW2_INCOMPATIBLE) & QCOW2_EXTERNAL_DATA))
        return err_set(e, ERR_UNSUPPORTED, "%s: this qcow2 image keeps its data in another file",
                       path);
    return 0;
}

static int check_size(int fd, const struct stat *st, const char *path, struct err *e)
{
    uint64_t size = (uint64_t)st->st_size;

    if (S_ISBLK(st->st_mode) && ioctl(fd, BLKGETSIZE64, &size) < 0)
        return err_sys(e, "%s: size", path);
    if (size < SECTOR)
        return err_set(e, ERR_INVALID, "%s: %s", path, size ? "smaller than a sector" : "empty");
    return 0;
}

static int check_image(const struct disk *k, int fd, bool *block, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_sys(e, "%s", k->target);
    if (S_ISDIR(st.st_mode))
        return err_set(e, ERR_INVALID, "%s: Is a directory", k->target);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return err_set(e, ERR_INVALID, "%s: neither a file nor a block device", k->target);
    *block = S_ISBLK(st.st_mode);
    if (check_size(fd, &st, k->target, e) < 0)
        return -1;
    if (k->format && strcmp(k->format, "qcow2") == 0)
        return check_qcow2(fd, k->target, e);
    return 0;
}

int image_open(const struct disk *k, bool *block, struct err *e)
{
    bool read_only = k->mode == DISK_READ || k->devtype == DISK_CDROM;
    int fd;

    if (k->type && strcmp(k->type, "file") != 0 && strcmp(k->type, "phy") != 0 &&
        strcmp(k->type, "tap") != 0 && strcmp(k->type, "tap2") != 0)
        return err_set(e, ERR_UNSUPPORTED,
                       "disk %s: %s:%s: QEMU opens files and block devices only", k->vdev, k->type,
                       k->target);
    /* O_NONBLOCK: a FIFO in this place must not stop us; it means nothing to files */
    fd = open(k->target, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        err_sys(e, "disk %s: %s", k->vdev, k->target);
        if (e->sys == EACCES || e->sys == EROFS)
            err_hint(e, "To use it without writing to it, give the disk the mode r.");
        return -1;
    }
    if (check_image(k, fd, block, e) < 0) {
        err_add(e, "disk %s", k->vdev);
        close(fd);
        return -1;
    }
    return fd;
}
