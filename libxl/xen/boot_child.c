/*
 * The child that becomes a bootloader: gives itself a view of the host in which there is nothing to
 * write to but one directory, no network and no socket, and takes a user that nobody else is.
 * Started by bootloader.c.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libxl/xen/bootloader.h"
#include "libxl/xen/helper.h"

#define MIB (1UL << 20)

static const struct proc_limit_row {
    int resource;
    rlim_t value;
} limits[] = {{RLIMIT_AS, 1024 * MIB}, {RLIMIT_FSIZE, KERNEL_BYTES_MAX},
              {RLIMIT_CPU, 60},        {RLIMIT_NOFILE, 64},
              {RLIMIT_NPROC, 1},       {RLIMIT_CORE, 0}};

static int fail(const char *what)
{
    printf("confining it: %s: %s\n", what, strerror(errno));
    return 1;
}

/* The disk is a node of its own, which only this user may read. */
static int put_disk(uid_t uid, unsigned major_number, unsigned minor_number)
{
    if (mount("none", "/var/tmp", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k") < 0 ||
        mknod(BOOT_DISK, S_IFBLK | 0400, makedev(major_number, minor_number)) < 0 ||
        chown(BOOT_DISK, uid, uid) < 0)
        return -1;
    return mount("none", "/var/tmp", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL);
}

/* An empty file system where others leave sockets and files. */
static int hide(const char *path)
{
    if (mount("none", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k") == 0)
        return 0;
    return errno == ENOENT ? 0 : -1;
}

static int enter(const char *dir, const char *device, uid_t uid)
{
    unsigned major_number, minor_number;

    if (sscanf(device, "%u:%u", &major_number, &minor_number) != 2)
        return -1;
    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(dir, BOOT_DIR, NULL, MS_BIND, NULL) < 0 ||
        put_disk(uid, major_number, minor_number) < 0)
        return -1;
    return hide("/dev/shm") < 0 || hide("/run") < 0 || hide("/var/lib/xend") < 0 ? -1 : 0;
}

static int drop(uid_t uid)
{
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        if (setrlimit((unsigned)limits[i].resource,
                      &(struct rlimit){limits[i].value, limits[i].value}) < 0)
            return -1;
    return helper_drop(uid) < 0 || chdir(BOOT_DIR) < 0 ? -1 : 0;
}

int boot_child(int argc, char **argv)
{
    uid_t uid = helper_uid();

    if (argc < 3)
        return 1;
    if (chown(argv[0], uid, uid) < 0 || enter(argv[0], argv[1], uid) < 0)
        return fail("its view of the host");
    umask(077);
    if (drop(uid) < 0)
        return fail("its rights");
    setenv("TERM", "vt100", 1);
    setenv("TMPDIR", BOOT_DIR, 1);
    setenv("HOME", BOOT_DIR, 1);
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
    execv(argv[2], argv + 2);
    printf("%s: %s\n", argv[2], strerror(errno));
    return 1;
}
