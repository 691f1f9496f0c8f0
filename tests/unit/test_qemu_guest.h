/*
 * The guest of scripts/mkguest under the qemu driver: specs of it, booting it, hearing what it
 * says. Shared by test_qemu_live.c, test_qemu_ops.c and test_qemu_dump.c.
 */
#ifndef TESTS_QEMU_GUEST_H
#define TESTS_QEMU_GUEST_H

#include <poll.h>

#include "tests/unit/test_qemu_rig.h"

#define WAIT_MS 90000 /* 2 to 4 s here; sanitizers and other people's builds take their share */

#define KERNEL "build/guest/vmlinux" /* ELF: boots in half the time of */
#define BZIMAGE "build/guest/vmlinuz"
#define RAMDISK "build/guest/initrd.img"

static inline struct spec *make_spec(const char *name, const char *extra)
{
    struct spec *s = spec_new();
    char uuid[UUID_TEXT_SIZE];

    uuid_make(uuid);
    s->name = xstrdup(name);
    s->uuid = xstrdup(uuid);
    s->kernel = path_absolute(KERNEL);
    s->ramdisk = path_absolute(RAMDISK);
    s->extra = xasprintf("quiet %s", extra);
    s->memory = 128;
    return s;
}

static inline struct guest *create(struct rig *r, const struct spec *s, struct err *e)
{
    struct job j = JOB_INIT;

    return r->d->ops->create(r->d, s, &j, e);
}

static inline struct guest *must_create(struct rig *r, const struct spec *s)
{
    int64_t start = now_ms();
    struct err e;
    struct guest *g = create(r, s, &e);

    if (!g)
        fprintf(stderr, "\n  create: %s\n", e.msg);
    else
        fprintf(stderr, "(create %d ms) ", (int)(now_ms() - start));
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    return g;
}

/* Reads the console until these words come; true when they did. */
static inline bool read_until(int fd, const char *words, int timeout_ms)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    int64_t deadline = now_ms() + timeout_ms;

    while (now_ms() < deadline) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char chunk[4096];
        ssize_t n;

        if (poll(&p, 1, (int)(deadline - now_ms())) <= 0)
            break;
        n = read(fd, chunk, sizeof(chunk));
        if (n <= 0)
            break;
        buf_add(&b, chunk, (size_t)n);
        if (strstr(b.ptr, words))
            return true;
    }
    fprintf(stderr, "\n  console: no \"%s\" in: %s\n", words, buf_str(&b));
    return false;
}

static inline bool have_guest(void)
{
    if (access(KERNEL, R_OK) == 0 && access(RAMDISK, R_OK) == 0)
        return true;
    test_skip("no build/guest: run scripts/mkguest");
    return false;
}

/* The numbers of the only guest; those of the host come, too. */
static inline void count_sample(void *arg, const struct guest_sample *s)
{
    struct guest_sample *out = arg;

    if (strcmp(s->uuid, HOST_UUID) == 0)
        return;
    *out = *s;
    out->uuid = NULL;
}

static inline struct guest_sample sample(struct rig *r)
{
    struct guest_sample s = {0};

    OK(r->d->ops->sample(r->d, count_sample, &s, e));
    return s;
}

/* Its QEMU says so (or not so) within a while: for what the driver does not report. */
static inline bool status_becomes(struct guest *guest, const char *status, bool so)
{
    struct qguest *g = (struct qguest *)guest;
    int64_t deadline = now_ms() + WAIT_MS;
    unsigned seen = 0;

    while (now_ms() < deadline) {
        AUTO(value_freep) struct value *v = NULL;

        OK(qguest_call_take(g, "query-status", NULL, &v, e));
        if ((strcmp(value_get_str(v, "status", ""), status) == 0) == so)
            return true;
        qguest_wait_news(g, &seen, 200);
    }
    return false;
}

static inline bool becomes(struct guest *g, const char *status)
{
    return status_becomes(g, status, true);
}

/* The end of a test with one guest. */
static inline void end_all(struct rig *r, struct guest *g, struct spec *s)
{
    end(r, g);
    spec_free(s);
    rig_clear(r);
}

/* Starts it and waits until its init says that it is ready. */
static inline int boot(struct rig *r, struct guest *g)
{
    int64_t start = now_ms();
    int fd = -1;

    OK(fd = r->d->ops->console(g, e));
    let_run(r, g);
    CU_ASSERT(read_until(fd, "guest: ready", WAIT_MS));
    fprintf(stderr, "(boot %d ms) ", (int)(now_ms() - start));
    return fd;
}

#endif
