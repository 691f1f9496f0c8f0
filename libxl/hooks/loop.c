/* Loop devices: see loop.h. */
#include "libxl/hooks/loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/loop.h>

#include "libxl/base/mem.h"

/* As losetup does: what cannot be written to is had for reading. */
static int open_file(const char *file, bool *read_only, struct err *e)
{
    int fd = open(file, (*read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);

    if (fd < 0 && !*read_only && (errno == EROFS || errno == EACCES || errno == EPERM)) {
        *read_only = true;
        fd = open(file, O_RDONLY | O_CLOEXEC);
    }
    return fd < 0 ? err_sys(e, "%s", file) : fd;
}

int loop_find(struct loop *out, struct err *e)
{
    AUTO(closep) int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int n = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);

    *out = (struct loop){.fd = -1};
    if (n < 0)
        return err_sys(e, "/dev/loop-control");
    snprintf(out->path, sizeof(out->path), "/dev/loop%d", n);
    out->fd = open(out->path, O_RDWR | O_CLOEXEC);
    return out->fd < 0 ? err_sys(e, "%s", out->path) : 0;
}

enum loop_result loop_set(const struct loop *l, const char *file, bool read_only, struct err *e)
{
    AUTO(closep) int fd = open_file(file, &read_only, e);
    struct loop_config config = {.fd = (unsigned)fd};

    if (fd < 0)
        return LOOP_FAILED;
    config.info.lo_flags = read_only ? LO_FLAGS_READ_ONLY : 0;
    snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", file);
    if (ioctl(l->fd, LOOP_CONFIGURE, &config) == 0)
        return LOOP_DONE;
    if (errno == EBUSY)
        return LOOP_TAKEN;
    if (errno == ENOTTY || errno == EINVAL)
        return LOOP_OLD;
    err_sys(e, "%s", l->path);
    return LOOP_FAILED;
}

void loop_drop(const char *path)
{
    AUTO(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        ioctl(fd, LOOP_CLR_FD, 0);
}

static bool get_status(const char *path, struct loop_info64 *out)
{
    AUTO(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    return fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, out) == 0;
}

bool loop_is_on(const char *path, const char *file)
{
    struct loop_info64 info;

    return get_status(path, &info) &&
           strncmp((const char *)info.lo_file_name, file, LO_NAME_SIZE - 1) == 0;
}

/* A directory of this name is there while the device is in use. */
static bool is_on(const char *name, const struct stat *file)
{
    AUTO(freep) char *sys = xasprintf("/sys/block/%s/loop", name);
    AUTO(freep) char *path = xasprintf("/dev/%s", name);
    struct loop_info64 info;

    return access(sys, F_OK) == 0 && get_status(path, &info) && info.lo_device == file->st_dev &&
           info.lo_inode == file->st_ino;
}

bool loop_on_file(const struct stat *file)
{
    DIR *d = opendir("/sys/block");
    bool found = false;

    for (const struct dirent *i; d && !found && (i = readdir(d));)
        found = strncmp(i->d_name, "loop", 4) == 0 && is_on(i->d_name, file);
    if (d)
        closedir(d);
    return found;
}
