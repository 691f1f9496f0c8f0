/*
 * Guests that boot by the BIOS, from media that are made here: a boot sector of 40 bytes says its
 * name on the serial port, and then each key that is pressed. For test_qemu_boot.c and
 * test_qemu_vnc.c; they need QEMU, and no kernel.
 */
#ifndef TESTS_QEMU_BOOT_H
#define TESTS_QEMU_BOOT_H

#include <fcntl.h>
#include <poll.h>

#include "tests/unit/test_qemu_rig.h"

#define WAIT_MS 90000 /* a second here; sanitizers and other people's builds take their share */
#define SECTOR 512
#define CD_SECTOR 2048
#define CD_SECTORS 64

static inline bool have_qemu(void)
{
    AUTO(freep) char *path = program_find("qemu-system-x86_64");

    if (!path)
        test_skip("no QEMU");
    return path != NULL;
}

/* out: one sector. */
static inline void boot_sector(unsigned char *out, const char *name)
{
    static const unsigned char code[] = {
        0x31, 0xc0,       /*      xor ax, ax */
        0x8e, 0xd8,       /*      mov ds, ax */
        0xfc,             /*      cld */
        0xbe, 0x1d, 0x7c, /*      mov si, text */
        0xac,             /* say: lodsb */
        0x84, 0xc0,       /*      test al, al */
        0x74, 0x06,       /*      jz key */
        0xba, 0xf8, 0x03, /*      mov dx, 0x3f8 */
        0xee,             /*      out dx, al */
        0xeb, 0xf5,       /*      jmp say */
        0xb4, 0x00,       /* key: mov ah, 0 */
        0xcd, 0x16,       /*      int 0x16 */
        0xba, 0xf8, 0x03, /*      mov dx, 0x3f8 */
        0xee,             /*      out dx, al */
        0xeb, 0xf6,       /*      jmp key */
    };                    /* text: */

    memset(out, 0, SECTOR);
    memcpy(out, code, sizeof(code));
    snprintf((char *)out + sizeof(code), 128, "booted: %s.\r\n", name);
    out[510] = 0x55;
    out[511] = 0xaa;
}

/* A file in the rig's directory with this content and then zeros up to size. */
static inline char *make_file(struct rig *r, const char *name, const void *bytes, size_t n,
                              off_t size)
{
    char *path = path_join(r->dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CU_ASSERT_FATAL(fd >= 0 && write(fd, bytes, n) == (ssize_t)n && ftruncate(fd, size) == 0);
    close(fd);
    return path;
}

static inline char *boot_disk(struct rig *r, const char *file, const char *name)
{
    unsigned char sector[SECTOR];

    boot_sector(sector, name);
    return make_file(r, file, sector, sizeof(sector), 1 << 20);
}

/* El Torito, without emulation: the boot record names the catalog, that names the boot sector. */
static inline char *boot_cd(struct rig *r, const char *file, const char *name)
{
    static unsigned char cd[CD_SECTORS * CD_SECTOR];
    unsigned char *volume = cd + 16 * CD_SECTOR, *record = cd + 17 * CD_SECTOR;
    unsigned char *end = cd + 18 * CD_SECTOR, *catalog = cd + 19 * CD_SECTOR;

    memset(cd, 0, sizeof(cd));
    memcpy(volume, "\001CD001\001", 7);
    volume[80] = CD_SECTORS;
    memcpy(record, "\000CD001\001EL TORITO SPECIFICATION", 30);
    record[0x47] = 19;
    memcpy(end, "\377CD001\001", 7);
    catalog[0] = 1; /* valid, for x86; the words of the entry add up to zero */
    catalog[0x1c] = 0xaa;
    catalog[0x1d] = 0x55;
    catalog[0x1e] = 0x55;
    catalog[0x1f] = 0xaa;
    catalog[0x20] = 0x88; /* bootable */
    catalog[0x26] = 1;    /* one sector of 512 */
    catalog[0x28] = 20;
    boot_sector(cd + 20 * CD_SECTOR, name);
    return make_file(r, file, cd, sizeof(cd), sizeof(cd));
}

static inline struct spec *bios_spec(const char *name, const char *boot)
{
    struct spec *s = spec_new();
    char uuid[UUID_TEXT_SIZE];

    uuid_make(uuid);
    s->name = xstrdup(name);
    s->uuid = xstrdup(uuid);
    s->type = TYPE_HVM;
    free(s->boot);
    s->boot = xstrdup_null(boot);
    s->memory = 32;
    return s;
}

/* One device in the language of xm files. */
static inline void add_device(struct spec *s, enum device_class class, const char *text)
{
    struct problems p = {0};
    struct device *d = device_from_xm(class, text, "", &p);
    struct err e = {0};

    if (problems_to_err(&p, &e) < 0)
        fprintf(stderr, "\n  %s: %s\n", text, e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    vec_push(&s->devices, d);
}

static inline void add_image(struct spec *s, const char *path, const char *vdev, const char *mode)
{
    AUTO(freep) char *text = xasprintf("file:%s,%s,%s", path, vdev, mode);

    add_device(s, DEVICE_DISK, text);
}

static inline struct guest *must_create(struct rig *r, const struct spec *s)
{
    struct job j = JOB_INIT;
    struct err e = {0};
    struct guest *g = r->d->ops->create(r->d, s, &j, &e);

    if (!g)
        fprintf(stderr, "\n  create: %s\n", e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    return g;
}

/* It is refused with these words, and nothing is left of it. */
static inline void expect_refusal(struct rig *r, const struct spec *s, enum err_code code,
                                  const char *words)
{
    int before = guests_left(r);
    struct job j = JOB_INIT;
    struct err e = {0};

    CU_ASSERT_PTR_NULL(r->d->ops->create(r->d, s, &j, &e));
    ASSERT_ERR(e, code, words);
    CU_ASSERT_EQUAL(guests_left(r), before);
}

/* Lets it run; its console. */
static inline int run_guest(struct rig *r, struct guest *g)
{
    int fd = -1;

    OK(fd = r->d->ops->console(g, e));
    let_run(r, g);
    return fd;
}

/* Reads the console until these words come; true when they did. All that was read is in *b. */
static inline bool read_until(int fd, const char *words, struct buf *b)
{
    int64_t deadline = now_ms() + WAIT_MS;

    while (now_ms() < deadline) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char chunk[4096];
        ssize_t n;

        if (strstr(buf_str(b), words))
            return true;
        if (poll(&p, 1, (int)(deadline - now_ms())) <= 0)
            break;
        n = read(fd, chunk, sizeof(chunk));
        if (n <= 0)
            break;
        buf_add(b, chunk, (size_t)n);
    }
    fprintf(stderr, "\n  console: no \"%s\" in: %s\n", words, buf_str(b));
    return false;
}

#endif
