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

static bool loop_status(dev_t dev, struct loop_info64 *out)
{
    AUTO(freep) char *link = xasprintf("/sys/dev/block/%u:%u", major(dev), minor(dev));
    char target[PATH_MAX], path[300];
    ssize_t n = readlink(link, target, sizeof(target) - 1);
    AUTO(closep) int fd = -1;

    if (major(dev) != LOOP_MAJOR || n < 0)
        return false;
    target[n] = '\0';
    snprintf(path, sizeof(path), "/dev/%.255s", strrchr(target, '/') + 1);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, out) == 0;
}

/* A loop device is its file, wherever that has gone since. */
static struct disk_place place_of(dev_t dev)
{
    struct loop_info64 loop;

    if (loop_status(dev, &loop))
        return (struct disk_place){
            .kind = PLACE_FILE, .dev = (dev_t)loop.lo_device, .ino = (ino_t)loop.lo_inode};
    return (struct disk_place){.kind = PLACE_BLOCK, .dev = dev, .whole = whole_of(dev)};
}

static void add_below(struct disk_identity *out, dev_t dev, int depth);

static void add_place(struct disk_identity *out, dev_t dev, int depth)
{
    if (out->n_below < DISK_BELOW_MAX)
        out->below[out->n_below++] = place_of(dev);
    if (depth > 0)
        add_below(out, dev, depth - 1);
}

static void add_slaves(struct disk_identity *out, dev_t dev, int depth)
{
    AUTO(freep) char *dir = xasprintf("/sys/dev/block/%u:%u/slaves", major(dev), minor(dev));
    DIR *d = opendir(dir);

    for (const struct dirent *i; d && (i = readdir(d));) {
        AUTO(freep) char *path = xasprintf("%s/%s/dev", dir, i->d_name);
        AUTO(buf_clear) struct buf b = BUF_INIT;
        unsigned ma, mi;
        struct err none;

        if (i->d_name[0] != '.' && read_file(path, 64, &b, &none) == 0 &&
            sscanf(buf_str(&b), "%u:%u", &ma, &mi) == 2)
            add_place(out, makedev(ma, mi), depth);
    }
    if (d)
        closedir(d);
}

/* What the device is made of: a partition of a loop device of its file, a loop device of the device
 * that it is on, others of what the kernel says. */
static void add_below(struct disk_identity *out, dev_t dev, int depth)
{
    dev_t whole = whole_of(dev);
    struct loop_info64 loop;

    if (major(whole) != LOOP_MAJOR)
        add_slaves(out, whole, depth);
    else if (whole != dev)
        add_place(out, whole, depth);
    else if (loop_status(dev, &loop) && loop.lo_rdevice)
        add_place(out, (dev_t)loop.lo_rdevice, depth);
}

void disk_identify_device(dev_t dev, struct disk_identity *out)
{
    *out = (struct disk_identity){.place = place_of(dev)};
    add_below(out, dev, STACK_MAX);
}

static void identify_path(const char *path, struct disk_identity *out)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return;
    if (S_ISBLK(st.st_mode))
        disk_identify_device(st.st_rdev, out);
    else if (S_ISREG(st.st_mode))
        out->place = (struct disk_place){.kind = PLACE_FILE, .dev = st.st_dev, .ino = st.st_ino};
}

void disk_identify(const struct disk *k, struct disk_identity *out)
{
    *out = (struct disk_identity){.n_below = 0};
    if (!k->target || !k->target[0])
        return;
    if (k->target[0] == '/')
        identify_path(k->target, out);
    else if (snprintf(out->name, sizeof(out->name), "%s:%s", k->type ? k->type : "", k->target) <
             (int)sizeof(out->name))
        out->place.kind = PLACE_NET;
    else
        out->name[0] = '\0';
}

static bool is_same(const struct disk_place *a, const struct disk_place *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == PLACE_FILE)
        return a->dev == b->dev && a->ino == b->ino;
    /* two partitions of one disk are two */
    return a->kind == PLACE_BLOCK && (a->dev == b->dev || a->dev == b->whole || a->whole == b->dev);
}

/* Two that are made of the same, as two volumes of LVM are, are two. */
static bool is_made_of(const struct disk_identity *a, const struct disk_place *b)
{
    for (size_t i = 0; i < a->n_below; i++)
        if (is_same(&a->below[i], b))
            return true;
    return false;
}

bool disk_overlaps(const struct disk_identity *a, const struct disk_identity *b)
{
    if (a->name[0] && strcmp(a->name, b->name) == 0)
        return true;
    return is_same(&a->place, &b->place) || is_made_of(a, &b->place) || is_made_of(b, &a->place);
}

bool disk_conflicts(int wanted, int held)
{
    if (wanted == DISK_WRITE_SHARED)
        return false;
    return wanted == DISK_WRITE || held != DISK_READ;
}

/* "36 35 98:0 /root /mnt rw,noatime ... - ext3 /dev/root rw,errors=continue" */
static void look_at_mount(int mode, const struct disk_identity *id, char *line,
                          struct disk_use *out)
{
    char point[256], options[256];
    const char *rest = strstr(line, " - ");
    struct disk_identity mounted;
    unsigned ma, mi;
    bool read_only;

    if (!rest || sscanf(line, "%*d %*d %u:%u %*s %255s", &ma, &mi, point) != 3 || ma == 0 ||
        sscanf(rest, " - %*s %*s %255s", options) != 1)
        return;
    read_only = strcmp(options, "ro") == 0 || strncmp(options, "ro,", 3) == 0;
    if (!disk_conflicts(mode, read_only ? DISK_READ : DISK_WRITE))
        return;
    disk_identify_device(makedev(ma, mi), &mounted);
    if (!disk_overlaps(id, &mounted))
        return;
    out->kind = read_only ? USE_MOUNT : USE_MOUNT_RW;
    snprintf(out->where, sizeof(out->where), "%s", point);
}

/* "/dev/sda2 partition 1048572 0 -2", after a line of headings. */
static void look_at_swap(int mode, const struct disk_identity *id, char *line, struct disk_use *out)
{
    struct disk_identity swap = {.n_below = 0};
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
    if (id->place.kind != PLACE_FILE && id->place.kind != PLACE_BLOCK)
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
