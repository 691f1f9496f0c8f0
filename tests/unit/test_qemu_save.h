/*
 * Guests into files and out of them again, for test_qemu_save.c and test_qemu_save_fails.c.
 */
#ifndef TESTS_TEST_QEMU_SAVE_H
#define TESTS_TEST_QEMU_SAVE_H

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "libxl/qemu/saved.h"
#include "tests/unit/test_qemu_guest.h"

#define MIB (1 << 20)

static inline int save(struct rig *r, struct guest *g, int fd, bool live, struct err *e)
{
    struct job j = JOB_INIT;
    int result = r->d->ops->save(g, fd, live, &j, e);

    CU_ASSERT(result < 0 || (j.done == j.total && j.done > MIB));
    return result;
}

static inline struct guest *restore(struct rig *r, const struct spec *s, int fd, struct err *e)
{
    struct job j = JOB_INIT;
    struct guest *g = r->d->ops->restore(r->d, s, fd, &j, e);

    CU_ASSERT(!g || (j.done == j.total && j.done > MIB));
    return g;
}

static inline struct guest *must_restore(struct rig *r, const struct spec *s, int fd)
{
    int64_t start = now_ms();
    struct err e = {0};
    struct guest *g;

    CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    g = restore(r, s, fd, &e);
    if (!g)
        fprintf(stderr, "\n  restore: %s\n", e.msg);
    else
        fprintf(stderr, "(restore %d ms) ", (int)(now_ms() - start));
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    CU_ASSERT_STRING_EQUAL(g->uuid, s->uuid);
    return g;
}

static inline int temp_file(struct rig *r, const char *name)
{
    AUTO(freep) char *path = path_join(r->dir, name);

    return open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

/* Saves into a new file; the guest is still there, suspended. */
static inline int must_save(struct rig *r, struct guest *g, const char *name)
{
    int fd = temp_file(r, name);
    int64_t start = now_ms();
    enum stop_reason reason;

    OK(save(r, g, fd, false, e));
    fprintf(stderr, "(save %d ms, %d MiB) ", (int)(now_ms() - start),
            (int)(lseek(fd, 0, SEEK_END) >> 20));
    CU_ASSERT(next_change(r, GUEST_SHUTDOWN, WAIT_MS));
    CU_ASSERT_EQUAL(r->seen[r->n_read - 1].reason, STOP_SUSPEND);
    CU_ASSERT_EQUAL(r->d->ops->state(g, &reason), GUEST_SHUTDOWN);
    CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
    return fd;
}

/* The number of the last tick that the console has told of; it may be told of again. */
static inline int last_tick(struct rig *r, struct guest *g)
{
    AUTO(freep) char *path = r->d->ops->console_log(g);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    int last = 0;

    OK(read_file(path, MIB, &b, e));
    for (const char *at = buf_str(&b); (at = strstr(at, "guest: tick ")); at++)
        last = atoi(at + 12);
    return last;
}

/* It runs on, from where it was. */
static inline void check_ticks(struct rig *r, struct guest *g, int after)
{
    AUTO(freep) char *words = xasprintf("guest: tick %d", after + 1);
    AUTO(closep) int fd = -1;

    OK(fd = r->d->ops->console(g, e));
    let_run(r, g);
    CU_ASSERT(read_until(fd, words, WAIT_MS));
}

static inline struct device *disk(struct rig *r, const char *vdev)
{
    AUTO(freep) char *path = path_join(r->dir, vdev);
    struct device *d = device_new(DEVICE_DISK);
    AUTO(closep) int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    CU_ASSERT_EQUAL(ftruncate(fd, 4 * MIB), 0);
    d->disk.vdev = xstrdup(vdev);
    d->disk.target = xstrdup(path);
    d->disk.mode = DISK_WRITE;
    return d;
}

/* The other host. */
struct other {
    struct rig r;
    const struct spec *s;
    int fd;
    struct guest *g;
    struct err err;
    pthread_t thread;
};

#endif
