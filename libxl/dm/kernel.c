/*
 * Opening and checking what a guest boots: kernel and ramdisk. A file that is not a kernel is
 * told here, in our words and before anything was started; its content is otherwise not trusted
 * and not parsed: QEMU loads it, without privileges. Called by create.c.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/dm/dm.h"

/* Linux, Documentation/arch/x86/boot.rst */
#define BZ_BOOT_FLAG 0x1fe /* 0xaa55 */
#define BZ_MAGIC 0x202     /* "HdrS" */
#define BZ_VERSION 0x206
#define BZ_CMDLINE_SIZE 0x238
#define BZ_HEADER_SIZE 0x260
#define BZ_CMDLINE_OLD 255 /* before protocol 2.06 */

#define ELF_CMDLINE_MAX 2047  /* COMMAND_LINE_SIZE of x86 */
#define NOTES_BYTES_MAX 65536 /* real ones: under 1 KiB */
#define SEGMENTS_MAX 64       /* Linux has 5 */
#define XEN_NOTE_PHYS32_ENTRY 18

/* O_NONBLOCK: a FIFO must not stop us. */
static int open_regular(const char *what, const char *path, int64_t max, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return err_sys(e, "%s: %s", what, path);
    if (fstat(fd, &st) < 0)
        err_sys(e, "%s: %s", what, path);
    else if (S_ISDIR(st.st_mode))
        err_set(e, ERR_INVALID, "%s: %s: Is a directory", what, path);
    else if (!S_ISREG(st.st_mode))
        err_set(e, ERR_INVALID, "%s: %s: not a regular file", what, path);
    else if (st.st_size == 0)
        err_set(e, ERR_INVALID, "%s: %s: empty", what, path);
    else if (st.st_size > max)
        err_set(e, ERR_TOO_LARGE, "%s: %s: larger than %lld MiB", what, path,
                (long long)(max >> 20));
    else
        return fd;
    close(fd);
    return -1;
}

/* A little-endian number. */
static uint32_t le(const unsigned char *p, int bytes)
{
    uint32_t n = 0;

    while (bytes--)
        n = n << 8 | p[bytes];
    return n;
}

/* The notes of one PT_NOTE segment: is the PVH entry point among them? */
static bool notes_have_entry(const unsigned char *p, size_t n)
{
    while (n >= 12) {
        size_t name = (le(p, 4) + 3u) & ~3u, desc = (le(p + 4, 4) + 3u) & ~3u;

        if (name > n || desc > n || 12 + name + desc > n)
            return false;
        if (le(p, 4) == 4 && memcmp(p + 12, "Xen", 4) == 0 && le(p + 8, 4) == XEN_NOTE_PHYS32_ENTRY)
            return true;
        p += 12 + name + desc;
        n -= 12 + name + desc;
    }
    return false;
}

/* Bounded: offset and size come from the file. */
static bool segment_has_entry(int fd, uint32_t type, uint64_t offset, uint64_t size)
{
    AUTO(freep) unsigned char *notes = NULL;

    if (type != PT_NOTE || size > NOTES_BYTES_MAX || offset > KERNEL_BYTES_MAX)
        return false;
    notes = xmalloc(size + 1);
    return pread(fd, notes, size, (off_t)offset) == (ssize_t)size && notes_have_entry(notes, size);
}

/* An x86 ELF image with the PVH entry note: what QEMU can start. */
static bool elf_has_entry(int fd, const unsigned char *h)
{
    bool wide = h[EI_CLASS] == ELFCLASS64;
    Elf64_Ehdr e64;
    Elf32_Ehdr e32;
    int count;

    memcpy(&e64, h, sizeof(e64));
    memcpy(&e32, h, sizeof(e32));
    count = wide ? e64.e_phnum : e32.e_phnum;
    for (int i = 0; i < count && i < SEGMENTS_MAX; i++) {
        Elf64_Phdr p64;
        Elf32_Phdr p32;
        bool found;

        if (wide) {
            off_t at = (off_t)(e64.e_phoff % KERNEL_BYTES_MAX) + i * (off_t)sizeof(p64);
            found = pread(fd, &p64, sizeof(p64), at) == (ssize_t)sizeof(p64) &&
                    segment_has_entry(fd, p64.p_type, p64.p_offset, p64.p_filesz);
        } else {
            off_t at = (off_t)e32.e_phoff + i * (off_t)sizeof(p32);
            found = pread(fd, &p32, sizeof(p32), at) == (ssize_t)sizeof(p32) &&
                    segment_has_entry(fd, p32.p_type, p32.p_offset, p32.p_filesz);
        }
        if (found)
            return true;
    }
    return false;
}

/* A bzImage tells how long its command line may be; other kinds have Linux's limit. */
static int check_kernel(int fd, const char *path, size_t *cmdline_max, struct err *e)
{
    unsigned char h[BZ_HEADER_SIZE] = {0};

    if (pread(fd, h, sizeof(h), 0) < 0)
        return err_sys(e, "kernel: %s", path);
    if (le(h + BZ_BOOT_FLAG, 2) == 0xaa55 && memcmp(h + BZ_MAGIC, "HdrS", 4) == 0) {
        *cmdline_max = le(h + BZ_VERSION, 2) >= 0x206 ? le(h + BZ_CMDLINE_SIZE, 4) : BZ_CMDLINE_OLD;
        return 0;
    }
    if (memcmp(h, ELFMAG, SELFMAG) == 0) {
        *cmdline_max = ELF_CMDLINE_MAX;
        if (elf_has_entry(fd, h))
            return 0;
        return err_set(e, ERR_INVALID, "kernel: %s: an ELF file without a PVH entry point", path);
    }
    err_set(e, ERR_INVALID, "kernel: %s: not a kernel", path);
    if (h[0] == 0x1f && h[1] == 0x8b)
        return err_hint(e, "It is compressed by gzip: unpack it, or use the bzImage (vmlinuz).");
    return err_hint(e, "A Linux bzImage (vmlinuz) is expected, or an ELF image with a PVH entry.");
}

int kernel_open(const char *path, size_t *cmdline_max, struct err *e)
{
    int fd = open_regular("kernel", path, KERNEL_BYTES_MAX, e);

    if (fd >= 0 && check_kernel(fd, path, cmdline_max, e) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int ramdisk_open(const char *path, struct err *e)
{
    return open_regular("ramdisk", path, RAMDISK_BYTES_MAX, e);
}

bool file_readable_by(int fd, const struct ids *ids)
{
    struct stat st;

    if (!ids->set)
        return true;
    if (fstat(fd, &st) < 0)
        return false;
    if (st.st_uid == ids->uid)
        return st.st_mode & S_IRUSR;
    if (st.st_gid == ids->gid)
        return st.st_mode & S_IRGRP;
    return st.st_mode & S_IROTH;
}

int file_copy_to_memory(int fd, struct err *e)
{
    int copy = memfd_create("xend-boot-file", MFD_CLOEXEC);
    off_t at = 0;
    ssize_t r = 1;

    if (copy < 0)
        return err_sys(e, "memfd");
    while (r > 0 || (r < 0 && errno == EINTR))
        r = sendfile(copy, fd, &at, 1 << 20);
    if (r < 0) {
        err_sys(e, "copying to memory");
        close(copy);
        return -1;
    }
    return copy;
}
