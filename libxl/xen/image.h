/*
 * What a guest boots: kernel and ramdisk as bytes in memory, opened, bounded and looked at by us
 * before anything is made; libxenguest is handed the bytes. Compressed kernels are unpacked in a
 * child that may do nothing else, once: see cache.c.
 */
#ifndef XEN_IMAGE_H
#define XEN_IMAGE_H

#include <sys/stat.h>

#include "libxl/xen/xen.h"

struct image {
    void *at; /* read only; NULL: none */
    size_t size;
};

struct boot {
    struct image kernel, ramdisk;
    char *cmdline; /* that a bootloader found; NULL: the spec's */
};

/* path NULL: none, which is fine. keep: what comes out of a compressed one, for the next guest.
 * Errors begin with what it is: "kernel: /boot/x: Is a directory".
 */
int boot_open_kernel(struct xen *d, const char *path, bool keep, struct image *out, struct err *e);
int boot_open_ramdisk(const char *path, struct image *out, struct err *e);
void image_close(struct image *i);
/* Maps `size` bytes of the file from `offset` on, a multiple of the page size. */
int image_map(struct image *out, int fd, off_t offset, size_t size, struct err *e);

static inline int steal_fd(int *fd)
{
    int it = *fd;

    *fd = -1;
    return it;
}

/* ---- unpack.c */

/* A compressed kernel that the descriptor is of, as bytes in a file without a name: the caller's.
 */
int unpack(int fd, struct err *e);
/* The child's work, of stdin into descriptor 3; its exit status. */
int unpack_child(void);

/* ---- cache.c: unpacked kernels, by what stat() says of the compressed ones. Never an error. */

bool cache_find(const char *dir, const struct stat *of, struct image *out);
/* Keeps what the descriptor holds, and drops what was not used for longest when there is too much.
 */
void cache_keep(const char *dir, const struct stat *of, int fd, size_t size);

#endif
