/* Which disks are one and the same: see sharing.h. */
#include "libxl/sharing.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/loop.h>
#include <linux/major.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"

#define MOUNTS_BYTES_MAX (4 * 1024 * 1024)
#define STACK_MAX 8 /* a volume of LVM on RAID on partitions has three */

/* The disk of a partition, else the device itself. */
static dev_t whole_of(dev_t dev)
{
    AUTO(freep) char *dir = xasprintf("/sys/dev/block/%u:%u", major(dev), minor(dev));
    AUTO(freep) char *partition = path_join(dir, "partition"), *disk = path_join(dir, "../dev");
    AUTO(buf_clear) struct buf b = BUF_INIT;
    unsigned ma, mi;
    struct err none;

    if (access(partition, F_OK) < 0 || read_file(disk, 64, &b, &none) < 0 ||
        sscanf(buf_str(&b), "%u:%u", &ma, &mi) != 2)
        return dev;
    return makedev(ma, mi);
}

static void identify_file(const struct stat *st, struct disk_identity *out)
{
    *out = (struct disk_identity){.kind = PLACE_FILE, .dev = st->st_dev, .ino = st->st_ino};
}

/* A loop device is its file, wherever that has gone since. */
static bool identify_loop(const char *path, struct disk_identity *out)
{
    AUTO(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct loop_info64 info;

    if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
        return false;
    *out = (struct disk_identity){
        .kind = PLACE_FILE, .dev = (dev_t)info.lo_device, .ino = (ino_t)info.lo_inode};
    return true;
}

/* path: a node of it, for a look inside. */
static void identify_block(const char *path, dev_t dev, struct disk_identity *out)
{
    dev_t whole = whole_of(dev);

    if (major(dev) == LOOP_MAJOR && identify_loop(path, out))
        return;
    *out = (struct disk_identity){.kind = PLACE_BLOCK, .dev = dev, .whole = whole};
}

void disk_identify_device(dev_t dev, struct disk_identity *out)
{
    AUTO(freep) char *link = xasprintf("/sys/dev/block/%u:%u", major(dev), minor(dev));
    char target[PATH_MAX], path[300] = "";
    ssize_t n = readlink(link, target, sizeof(target) - 1);

    if (n > 0) {
        target[n] = '\0';
        snprintf(path, sizeof(path), "/dev/%.255s", strrchr(target, '/') + 1);
    }
    identify_block(path, dev, out);
}

static void identify_path(const char *path, struct disk_identity *out)
{
    struct stat st;

    *out = (struct disk_identity){.kind = PLACE_NONE};
    if (stat(path, &st) < 0)
        return;
    if (S_ISBLK(st.st_mode))
        identify_block(path, st.st_rdev, out);
    else if (S_ISREG(st.st_mode))
        identify_file(&st, out);
}

void disk_identify(const struct disk *k, struct disk_identity *out)
{
    *out = (struct disk_identity){.kind = PLACE_NONE};
    if (!k->target || !k->target[0])
        return;
    if (k->target[0] == '/')
        identify_path(k->target, out);
    else if (snprintf(out->name, sizeof(out->name), "%s:%s", k->type ? k->type : "", k->target) <
             (int)sizeof(out->name))
        out->kind = PLACE_NET;
}

bool disk_overlaps(const struct disk_identity *a, const struct disk_identity *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case PLACE_FILE:
        return a->dev == b->dev && a->ino == b->ino;
    case PLACE_BLOCK: /* two partitions of one disk are two */
        return a->dev == b->dev || a->dev == b->whole || a->whole == b->dev;
    case PLACE_NET:
        return strcmp(a->name, b->name) == 0;
    default:
        return false;
    }
}

bool disk_conflicts(int wanted, int held)
{
    if (wanted == DISK_WRITE_SHARED)
        return false;
    return wanted == DISK_WRITE || held != DISK_READ;
}

/* Is the device it, or made of it: LVM, RAID, and what is stacked on them? */
static bool is_made_of(dev_t dev, const struct disk_identity *id, int depth)
{
    AUTO(freep) char *dir = xasprintf("/sys/dev/block/%u:%u/slaves", major(dev), minor(dev));
    struct disk_identity own;
    bool found;
    DIR *d;

    disk_identify_device(dev, &own);
    found = disk_overlaps(id, &own);
    d = found || depth == 0 ? NULL : opendir(dir);
    for (const struct dirent *i; d && !found && (i = readdir(d));) {
        AUTO(freep) char *path = xasprintf("%s/%s/dev", dir, i->d_name);
        AUTO(buf_clear) struct buf b = BUF_INIT;
        unsigned ma, mi;
        struct err none;

        found = i->d_name[0] != '.' && read_file(path, 64, &b, &none) == 0 &&
                sscanf(buf_str(&b), "%u:%u", &ma, &mi) == 2 &&
                is_made_of(makedev(ma, mi), id, depth - 1);
    }
    if (d)
        closedir(d);
    return found;
}

/* "36 35 98:0 /root /mnt rw,noatime ... - ext3 /dev/root rw,errors=continue" */
static void look_at_mount(int mode, const struct disk_identity *id, char *line,
                          struct disk_use *out)
{
    char point[256], options[256];
    const char *rest = strstr(line, " - ");
    unsigned ma, mi;
    bool read_only;

    if (!rest || sscanf(line, "%*d %*d %u:%u %*s %255s", &ma, &mi, point) != 3 || ma == 0 ||
        sscanf(rest, " - %*s %*s %255s", options) != 1)
        return;
    read_only = strcmp(options, "ro") == 0 || strncmp(options, "ro,", 3) == 0;
    if (!disk_conflicts(mode, read_only ? DISK_READ : DISK_WRITE) ||
        !is_made_of(makedev(ma, mi), id, STACK_MAX))
        return;
    out->kind = read_only ? USE_MOUNT : USE_MOUNT_RW;
    snprintf(out->where, sizeof(out->where), "%s", point);
}

/* "/dev/sda2 partition 1048572 0 -2", after a line of headings. */
static void look_at_swap(int mode, const struct disk_identity *id, char *line, struct disk_use *out)
{
    struct disk_identity swap;
    char path[256];

    if (line[0] != '/' || sscanf(line, "%255s", path) != 1)
        return;
    identify_path(path, &swap);
    if (disk_overlaps(id, &swap) && disk_conflicts(mode, DISK_WRITE))
        *out = (struct disk_use){USE_SWAP, "swap"};
}

/* A file that cannot be read, as in a container, tells nothing. */
static void look_at_lines(const char *path,
                          void (*look)(int, const struct disk_identity *, char *,
                                       struct disk_use *),
                          int mode, const struct disk_identity *id, struct disk_use *out)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err none;
    char *at, *line;

    if (read_file(path, MOUNTS_BYTES_MAX, &text, &none) < 0)
        return;
    buf_addc(&text, '\0');
    at = text.ptr;
    while (out->kind == USE_NONE && (line = strsep(&at, "\n")))
        look(mode, id, line, out);
}

void disk_host_use(int mode, const struct disk_identity *id, struct disk_use *out)
{
    *out = (struct disk_use){.kind = USE_NONE};
    if (id->kind != PLACE_FILE && id->kind != PLACE_BLOCK)
        return;
    look_at_lines("/proc/self/mountinfo", look_at_mount, mode, id, out);
    look_at_lines("/proc/swaps", look_at_swap, mode, id, out);
}

int disk_check_host(const struct disk *k, const struct disk_identity *id, struct err *e)
{
    static const char *const how[] = {
        [USE_MOUNT] = "mounted", [USE_MOUNT_RW] = "mounted read-write", [USE_SWAP] = "in use"};
    struct disk_use use;

    disk_host_use(k->mode, id, &use);
    if (use.kind == USE_NONE)
        return 0;
    err_set(e, ERR_BUSY,
            "disk %s: %s %s is %s in the privileged domain (%s), and so cannot be mounted by a "
            "guest",
            k->vdev, strncmp(k->target, "/dev/", 5) == 0 ? "Device" : "File", k->target,
            how[use.kind], use.where);
    return err_hint(e,
                    "Unmount it there, or say w! when both can live with what the other writes.");
}
