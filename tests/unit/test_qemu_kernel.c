/* Kernels, ramdisks and disk images that are none: refused before QEMU is started, in our words. */
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"
#include "tests/unit/cunit.h"

static char dir[] = "/tmp/test_qemu_kernel-XXXXXX";

static char *make_file(const char *name, const void *p, size_t n, off_t size)
{
    char *path = path_join(dir, name);
    struct err e;

    if (write_file_atomic(path, p, n, 0600, &e) < 0 || (size && truncate(path, size) < 0))
        abort();
    return path;
}

static int open_kernel(const char *name, const void *p, size_t n, size_t *max, struct err *e)
{
    AUTO(freep) char *path = make_file(name, p, n, 0);

    return kernel_open(path, max, e);
}

static void fill_bzimage(unsigned char *h, int version, unsigned cmdline_size)
{
    memset(h, 0, 1024);
    h[0x1fe] = 0x55;
    h[0x1ff] = 0xaa;
    memcpy(h + 0x202, "HdrS", 4);
    h[0x206] = (unsigned char)version;
    h[0x207] = 2;
    h[0x238] = (unsigned char)cmdline_size;
    h[0x239] = (unsigned char)(cmdline_size >> 8);
}

static void test_bzimage(void)
{
    unsigned char h[1024];
    size_t max = 0;
    struct err e;
    int fd;

    fill_bzimage(h, 0x0f, 2047);
    fd = open_kernel("bz", h, sizeof(h), &max, &e);
    CU_ASSERT(fd >= 0);
    CU_ASSERT_EQUAL(max, 2047);
    close(fd);
    fill_bzimage(h, 0x05, 2047); /* before the field was there */
    fd = open_kernel("bz", h, sizeof(h), &max, &e);
    CU_ASSERT(fd >= 0);
    CU_ASSERT_EQUAL(max, 255);
    close(fd);
    h[0x202] = 'h';
    CU_ASSERT_EQUAL(open_kernel("bz", h, sizeof(h), &max, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "not a kernel");
    fill_bzimage(h, 0x0f, 2047);
    CU_ASSERT_EQUAL(open_kernel("bz", h, 0x205, &max, &e), -1); /* cut off within the magic */
    CU_ASSERT_EQUAL(open_kernel("bz", h, 0x100, &max, &e), -1);
}

/* An ELF file of one note segment. */
static size_t fill_elf(unsigned char *out, unsigned note_type, uint64_t note_size)
{
    Elf64_Ehdr eh = {.e_phoff = sizeof(eh), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1};
    Elf64_Phdr ph = {.p_type = PT_NOTE, .p_offset = sizeof(eh) + sizeof(ph), .p_filesz = note_size};
    uint32_t note[] = {4, 4, note_type, 0x006e6558 /* "Xen" */, 0x1000000};

    memcpy(eh.e_ident, ELFMAG "\x02\x01\x01", 7);
    memcpy(out, &eh, sizeof(eh));
    memcpy(out + sizeof(eh), &ph, sizeof(ph));
    memcpy(out + sizeof(eh) + sizeof(ph), note, sizeof(note));
    return sizeof(eh) + sizeof(ph) + sizeof(note);
}

static void test_elf(void)
{
    unsigned char h[1024] = {0};
    size_t n = fill_elf(h, 18, 20), max;
    struct err e;
    int fd = open_kernel("elf", h, n, &max, &e);

    CU_ASSERT(fd >= 0);
    close(fd);
    n = fill_elf(h, 6, 20);
    CU_ASSERT_EQUAL(open_kernel("elf", h, n, &max, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "without a PVH entry point");
    n = fill_elf(h, 18, 1ull << 60); /* sizes that lie */
    CU_ASSERT_EQUAL(open_kernel("elf", h, n, &max, &e), -1);
    n = fill_elf(h, 18, 8);
    CU_ASSERT_EQUAL(open_kernel("elf", h, n, &max, &e), -1);
    n = fill_elf(h, 18, 20);
    memset(h + 64 + 56, 0xff, 8); /* name and description of 4 GiB */
    CU_ASSERT_EQUAL(open_kernel("elf", h, n, &max, &e), -1);
    CU_ASSERT_EQUAL(open_kernel("elf", ELFMAG, 4, &max, &e), -1);
    fd = kernel_open("build/guest/vmlinux", &max, &e);
    if (access("build/guest/vmlinux", R_OK) == 0)
        CU_ASSERT(fd >= 0);
    close_fd(&fd);
}

static void test_not_files(void)
{
    AUTO(freep) char *fifo = path_join(dir, "fifo");
    AUTO(freep) char *secret = make_file("secret", "x", 1, 0);
    size_t max;
    struct err e;

    CU_ASSERT_EQUAL(kernel_open("/no/such/file", &max, &e), -1);
    ASSERT_ERR(e, ERR_NOT_FOUND, "kernel: /no/such/file: No such file or directory");
    CU_ASSERT_EQUAL(kernel_open(dir, &max, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "Is a directory");
    CU_ASSERT_EQUAL(ramdisk_open(dir, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "ramdisk: /tmp/");
    CU_ASSERT_EQUAL(mkfifo(fifo, 0600), 0);
    CU_ASSERT_EQUAL(kernel_open(fifo, &max, &e), -1); /* and does not wait for a writer */
    ASSERT_ERR(e, ERR_INVALID, "not a regular file");
    CU_ASSERT_EQUAL(open_kernel("empty", "", 0, &max, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "empty");
    CU_ASSERT_EQUAL(open_kernel("gz", "\x1f\x8b\x08 and so on", 12, &max, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "not a kernel");
    CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "gzip"));
    if (geteuid() == 0)
        return;
    CU_ASSERT_EQUAL(chmod(secret, 0), 0);
    CU_ASSERT_EQUAL(kernel_open(secret, &max, &e), -1);
    ASSERT_ERR(e, ERR_DENIED, "Permission denied");
}

static void test_sizes(void)
{
    unsigned char h[1024];
    AUTO(freep) char *fits = NULL;
    AUTO(freep) char *big = NULL;
    AUTO(freep) char *ramdisk_fits = make_file("rd", "x", 1, RAMDISK_BYTES_MAX);
    AUTO(freep) char *ramdisk_big = make_file("rd2", "x", 1, RAMDISK_BYTES_MAX + 1);
    size_t max;
    struct err e;
    int fd;

    fill_bzimage(h, 0x0f, 2047);
    fits = make_file("fits", h, sizeof(h), KERNEL_BYTES_MAX);
    big = make_file("big", h, sizeof(h), KERNEL_BYTES_MAX + 1);
    fd = kernel_open(fits, &max, &e);
    CU_ASSERT(fd >= 0);
    close(fd);
    CU_ASSERT_EQUAL(kernel_open(big, &max, &e), -1);
    ASSERT_ERR(e, ERR_TOO_LARGE, "larger than 256 MiB");
    fd = ramdisk_open(ramdisk_fits, &e);
    CU_ASSERT(fd >= 0);
    close(fd);
    CU_ASSERT_EQUAL(ramdisk_open(ramdisk_big, &e), -1);
    ASSERT_ERR(e, ERR_TOO_LARGE, "larger than 2048 MiB");
}

static void test_copy(void)
{
    AUTO(freep) char *path = make_file("copy", "all of it", 9, 0);
    struct ids other = {.set = true, .uid = 12345, .gid = 12345};
    AUTO(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO(closep) int copy = -1;
    char text[16] = "";
    struct err e;

    CU_ASSERT(!file_readable_by(fd, &other)); /* 0600 */
    copy = file_copy_to_memory(fd, &e);
    CU_ASSERT(copy >= 0);
    CU_ASSERT_EQUAL(pread(copy, text, sizeof(text), 0), 9);
    CU_ASSERT_STRING_EQUAL(text, "all of it");
    CU_ASSERT(file_readable_by(copy, &other));
    CU_ASSERT_EQUAL(chmod(path, 0644), 0);
    CU_ASSERT(file_readable_by(fd, &other));
    other.set = false;
    CU_ASSERT(file_readable_by(fd, &other));
}

/* ---- disk images ---- */

static int open_image(const char *name, const char *format, const void *p, size_t n, off_t size,
                      struct err *e)
{
    AUTO(freep) char *path = make_file(name, p, n, size);
    AUTO(freep) char *f = xstrdup_null(format);
    AUTO(freep) char *type = xstrdup("file");
    AUTO(freep) char *vdev = xstrdup("xvda");
    struct disk k = {.type = type, .format = f, .target = path, .vdev = vdev, .mode = DISK_WRITE};
    bool block = true;
    int fd = image_open(&k, &block, e);

    CU_ASSERT(fd < 0 || !block);
    return fd;
}

static void test_images(void)
{
    unsigned char q[512] = "QFI\xfb\0\0\0\x03";
    struct err e;
    int fd = open_image("raw", NULL, "x", 1, 1 << 20, &e);

    CU_ASSERT(fd >= 0);
    CU_ASSERT_EQUAL(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
    close(fd);
    CU_ASSERT_EQUAL(open_image("raw", "raw", "", 0, 0, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "disk xvda: ");
    ASSERT_ERR(e, ERR_INVALID, "empty");
    CU_ASSERT_EQUAL(open_image("raw", "raw", "x", 1, 511, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "smaller than a sector");
    CU_ASSERT_EQUAL(open_image("q", "qcow2", "x", 1, 1 << 20, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "not a qcow2 image");
    fd = open_image("q", "qcow2", q, sizeof(q), 0, &e);
    CU_ASSERT(fd >= 0);
    close(fd);
    q[15] = 1; /* a backing file: QEMU would open what the header names (XSA-48, XSA-258) */
    CU_ASSERT_EQUAL(open_image("q", "qcow2", q, sizeof(q), 0, &e), -1);
    ASSERT_ERR(e, ERR_UNSUPPORTED, "backing file");
    q[15] = 0;
    q[79] = 4;
    CU_ASSERT_EQUAL(open_image("q", "qcow2", q, sizeof(q), 0, &e), -1);
    ASSERT_ERR(e, ERR_UNSUPPORTED, "keeps its data in another file");
    fd = open_image("q", "raw", q, sizeof(q), 0, &e); /* as raw its header means nothing */
    CU_ASSERT(fd >= 0);
    close(fd);
}

static void test_probe_guest(void)
{
    AUTO(freep) char *binary = program_find("qemu-system-x86_64");
    struct qemu d = {.dir = dir, .binary = binary};
    struct err e = {0};

    if (!binary) {
        test_skip("no qemu-system-x86_64");
        return;
    }
    /* the test guest itself is right: it runs where guests run for certain */
    CU_ASSERT_EQUAL(kvm_probe_run(&d, "tcg", "max", &e), 0);
    CU_ASSERT_EQUAL(kvm_probe_run(&d, "tcg", "qemu64", &e), 0);
    CU_ASSERT_EQUAL(kvm_probe_run(&d, "tcg", "486", &e), -1); /* no long mode */
    CU_ASSERT_EQUAL(kvm_probe_run(&d, "tcg", "abacus", &e), -1);
    ASSERT_ERR(e, ERR_BACKEND, "unable to find CPU model");
}

static void test_logs(void)
{
    AUTO(freep) char *path = make_file("log", NULL, 0, 0);
    AUTO(freep) char *words = NULL;
    AUTO(freep) char *more = NULL;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct stat st;
    struct err e;
    int fd;

    CU_ASSERT_PTR_NULL(logfile_last_words(path));
    buf_adds(&b, "2026-11-22T01:36:13.870183Z qemu-system-x86_64: -cpu x: unable to find CPU model "
                 "'x'\n");
    CU_ASSERT_EQUAL(write_file_atomic(path, b.ptr, b.len, 0600, &e), 0);
    words = logfile_last_words(path);
    CU_ASSERT_STRING_EQUAL(words, "-cpu x: unable to find CPU model 'x'");
    last_words_to_err(words, "exited with status 1", &e);
    ASSERT_ERR(e, ERR_INVALID, "QEMU has no such CPU model");
    last_words_to_err("TLS credentials support requires GNUTLS", "exited with status 1", &e);
    ASSERT_ERR(e, ERR_UNSUPPORTED, "vnc-tls: this QEMU has no TLS");

    fd = logfile_open(path, &e); /* the old one is kept beside it */
    CU_ASSERT(fd >= 0);
    CU_ASSERT(fstat(fd, &st) == 0 && st.st_size == 0);
    more = xasprintf("%s.1", path);
    CU_ASSERT(stat(more, &st) == 0 && st.st_size == (off_t)b.len);
    buf_fill(&b, 'x', LOG_BYTES_MAX - b.len);
    CU_ASSERT_EQUAL(write_all(fd, b.ptr, b.len, &e), 0);
    logfile_trim(path);
    CU_ASSERT(fstat(fd, &st) == 0 && st.st_size == LOG_BYTES_MAX); /* at the limit: kept */
    CU_ASSERT_EQUAL(write_all(fd, "y", 1, &e), 0);
    logfile_trim(path);
    CU_ASSERT(fstat(fd, &st) == 0 && st.st_size == LOG_BYTES_KEPT);
    CU_ASSERT_EQUAL(write_all(fd, "z", 1, &e), 0); /* the writer goes on at the end */
    CU_ASSERT(fstat(fd, &st) == 0 && st.st_size == LOG_BYTES_KEPT + 1);
    close(fd);
}

static void test_setup(void)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
}

static void test_teardown(void)
{
    AUTO(freep) char *cmd = xasprintf("rm -rf %s", dir);

    CU_ASSERT_EQUAL(system(cmd), 0);
}

TESTS("qemu kernel", {"(a directory)", test_setup}, {"bzImage", test_bzimage}, {"ELF", test_elf},
      {"things that are no kernels", test_not_files}, {"sizes at the limits", test_sizes},
      {"a copy for QEMU's user", test_copy}, {"disk images", test_images},
      {"the test guest of the KVM probe", test_probe_guest},
      {"logs are bounded and quoted", test_logs}, {"(its end)", test_teardown})
