/* Opening kernels and ramdisks: see image.h. Called by create.c before anything is made. */
#include "libxl/xen/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Linux, Documentation/arch/x86/boot.rst */
#define BZ_BOOT_FLAG 0x1fe /* 0xaa55 */
#define BZ_MAGIC 0x202     /* "HdrS" */

/* O_NONBLOCK: a FIFO must not stop us. */
static int open_regular(const char *path, size_t max, struct stat *st, struct err *e)
{
    AUTO(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, st) < 0)
        return err_sys(e, "%s", path);
    if (S_ISDIR(st->st_mode))
        return err_set(e, ERR_INVALID, "%s: Is a directory", path);
    if (!S_ISREG(st->st_mode))
        return err_set(e, ERR_INVALID, "%s: not a file", path);
    if (st->st_size == 0)
        return err_set(e, ERR_INVALID, "%s: empty", path);
    if ((size_t)st->st_size > max)
        return err_set(e, ERR_TOO_LARGE, "%s: larger than %zu MiB", path, max >> 20);
    return steal_fd(&fd);
}

int image_map(struct image *out, int fd, off_t offset, size_t size, struct err *e)
{
    void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, offset);

    if (at == MAP_FAILED)
        return err_sys(e, "mmap");
    *out = (struct image){at, size};
    return 0;
}

void image_close(struct image *i)
{
    if (i->at)
        munmap(i->at, i->size);
    i->at = NULL;
}

/* What libxenguest would unpack: gzip, and Linux's bzImage whatever is in it. */
static bool is_packed(const unsigned char *p, size_t n)
{
    return (n > 2 && p[0] == 0x1f && p[1] == 0x8b) ||
           (n > BZ_MAGIC + 4 && p[BZ_BOOT_FLAG] == 0x55 && p[BZ_BOOT_FLAG + 1] == 0xaa &&
            memcmp(p + BZ_MAGIC, "HdrS", 4) == 0);
}

/* ELF of this processor's family; other formats are libxenguest's to judge. */
static int check_elf(const struct image *i, struct err *e)
{
    const Elf64_Ehdr *h = i->at;

    if (i->size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return 0;
    if (h->e_ident[EI_DATA] == ELFDATA2LSB && (h->e_machine == EM_X86_64 || h->e_machine == EM_386))
        return 0;
    return err_set(e, ERR_INVALID, "it is for another processor: ELF machine %u, not x86",
                   h->e_ident[EI_DATA] == ELFDATA2MSB ? __builtin_bswap16(h->e_machine)
                                                      : h->e_machine);
}

static int open_packed(const char *cache, int fd, const struct stat *st, struct image *out,
                       struct err *e)
{
    AUTO(closep) int unpacked = -1;
    struct stat got;

    if (cache_find(cache, st, out))
        return 0;
    unpacked = unpack(fd, e);
    if (unpacked < 0)
        return -1;
    if (fstat(unpacked, &got) < 0)
        return err_sys(e, "fstat");
    cache_keep(cache, st, unpacked, (size_t)got.st_size);
    return image_map(out, unpacked, 0, (size_t)got.st_size, e);
}

/* One at a time: of many guests that start together with one kernel, the first unpacks it. */
static int unpack_once(struct xen *d, bool keep, int fd, const struct stat *st, struct image *out,
                       struct err *e)
{
    int r;

    pthread_mutex_lock(&d->unpacking);
    r = open_packed(keep ? d->cache_dir : NULL, fd, st, out, e);
    pthread_mutex_unlock(&d->unpacking);
    return r;
}

static int load(struct xen *d, bool keep, int fd, const struct stat *st, struct image *out,
                struct err *e)
{
    if (image_map(out, fd, 0, (size_t)st->st_size, e) < 0)
        return -1;
    if (is_packed(out->at, out->size)) {
        image_close(out);
        if (unpack_once(d, keep, fd, st, out, e) < 0)
            return -1;
    }
    return check_elf(out, e);
}

int boot_open_kernel(struct xen *d, const char *path, bool keep, struct image *out, struct err *e)
{
    struct stat st;
    AUTO(closep) int fd = path ? open_regular(path, KERNEL_BYTES_MAX, &st, e) : -1;

    if (!path)
        return 0;
    if (fd < 0)
        return err_add(e, "kernel");
    return load(d, keep, fd, &st, out, e) < 0 ? err_add(e, "kernel: %s", path) : 0;
}

int boot_open_ramdisk(const char *path, struct image *out, struct err *e)
{
    struct stat st;
    AUTO(closep) int fd = path ? open_regular(path, RAMDISK_BYTES_MAX, &st, e) : -1;

    if (!path)
        return 0;
    if (fd < 0)
        return err_add(e, "ramdisk");
    return image_map(out, fd, 0, (size_t)st.st_size, e) < 0 ? err_add(e, "ramdisk: %s", path) : 0;
}
