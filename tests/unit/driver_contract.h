/*
 * An open driver and its guests, for the parts of test_driver_contract.c.
 */
#ifndef TESTS_DRIVER_CONTRACT_H
#define TESTS_DRIVER_CONTRACT_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/proc.h"
#include "libxl/driver.h"
#include "tests/unit/cunit.h"

#define WAIT_MS                                                                                    \
    90000 /* a boot takes 2 to 4 s under TCG, much longer with sanitizers and neighbours */

/* What differs between drivers: how to make a guest that does something. */
struct subject {
    const char *driver;
    const char *plain;    /* extra of a guest that runs on */
    const char *crashing; /* of one that crashes by itself */
    const char *broken;   /* of one that cannot be created, or NULL: a kernel that is not there */
    const char *ready;    /* what its console says once it obeys stop */
    bool boots;           /* needs a kernel */
    bool raises_vcpus;    /* the guest's kernel does it for all but the first, when it boots */
};

static const struct subject test_subject = {
    "test", "",   "test:crash-on-resume", "test:fail=create", "test guest contract: up",
    false,  false};
static const struct subject qemu_subject = {
    "qemu", "console=ttyS0 quiet", "console=ttyS0 quiet crash", NULL, "guest: ready", true, false};
static const struct subject xen_subject = {
    "xen", "console=hvc0 quiet", "console=hvc0 quiet crash", NULL, "guest: ready", true, true};

struct change {
    char uuid[UUID_TEXT_SIZE];
    uint32_t domid;
    enum guest_state state;
    enum stop_reason reason;
};

/* One open driver with a thread in watch(). */
struct rig {
    const struct subject *subject;
    const struct driver_ops *ops;
    char dir[64];
    char *run_dir, *log_dir, *kernel, *ramdisk;
    struct value *config;
    struct driver *d;
    int stop_fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct changes VEC(struct change) changes;
    size_t n_read;
};

static void on_change(void *arg, const struct guest_change *c)
{
    struct rig *r = arg;
    struct change copy = {.domid = c->domid, .state = c->state, .reason = c->reason};

    snprintf(copy.uuid, sizeof(copy.uuid), "%s", c->uuid);
    pthread_mutex_lock(&r->lock);
    vec_push(&r->changes, copy);
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void *watch_main(void *arg)
{
    struct rig *r = arg;
    struct err e = {0};

    if (r->ops->watch(r->d, r->stop_fd, on_change, r, &e) < 0)
        fprintf(stderr, "watch: %s\n", e.msg);
    return NULL;
}

/* The next change of this guest to this state; others before it are passed over. */
static bool see_change(struct rig *r, const struct guest *g, enum guest_state state, int seconds,
                       enum stop_reason *reason)
{
    struct timespec end;
    bool found = false;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += seconds;
    pthread_mutex_lock(&r->lock);
    while (!found) {
        for (; r->n_read < r->changes.len && !found; r->n_read++) {
            const struct change *c = &r->changes.ptr[r->n_read];

            found = c->state == state && strcmp(c->uuid, g->uuid) == 0;
            if (found)
                CU_ASSERT_EQUAL(c->domid, g->domid);
            if (found && reason)
                *reason = c->reason;
        }
        if (!found && pthread_cond_timedwait(&r->changed, &r->lock, &end) == ETIMEDOUT)
            break;
    }
    pthread_mutex_unlock(&r->lock);
    return found;
}

static bool wait_change(struct rig *r, const struct guest *g, enum guest_state state,
                        enum stop_reason *reason)
{
    if (see_change(r, g, state, WAIT_MS / 1000, reason))
        return true;
    fprintf(stderr, "\n  no change to %s within %d s\n", guest_state_name(state), WAIT_MS / 1000);
    return false;
}

static bool rig_open(struct rig *r)
{
    struct driver_env env = {.run_dir = r->run_dir, .log_dir = r->log_dir, .config = r->config};
    struct err e = {0};

    r->d = r->ops->open(&env, &e);
    if (!r->d) {
        fprintf(stderr, "\n  %s: %s\n", r->ops->name, e.msg);
        return false;
    }
    return true;
}

static void rig_watch(struct rig *r)
{
    r->stop_fd = eventfd(0, EFD_CLOEXEC);
    pthread_create(&r->thread, NULL, watch_main, r);
}

static void rig_close(struct rig *r)
{
    const uint64_t one = 1;

    CU_ASSERT_EQUAL(write(r->stop_fd, &one, sizeof(one)), sizeof(one));
    pthread_join(r->thread, NULL);
    close(r->stop_fd);
    r->ops->close(r->d);
}

static char *guest_file(const char *const *names)
{
    const char *dir = getenv("GUEST_DIR");

    for (; *names; names++) {
        AUTO(freep) char *path = path_join(dir ? dir : "build/guest", *names);
        if (access(path, R_OK) == 0)
            return path_absolute(path);
    }
    return NULL;
}

/* Files, and an open driver that is watched; false when this host lacks something: skip. */
static bool rig_init(struct rig *r, const struct subject *subject)
{
    static const char *const kernels[] = {"vmlinux", "vmlinuz", NULL};
    static const char *const ramdisks[] = {"initrd.img", NULL};
    pthread_condattr_t attr;

    *r = (struct rig){.subject = subject, .ops = driver_find(subject->driver)};
    strcpy(r->dir, "/tmp/test_contract-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(r->dir));
    chmod(r->dir, 0755);
    r->run_dir = path_join(r->dir, "run");
    r->log_dir = path_join(r->dir, "log");
    CU_ASSERT_EQUAL(mkdir(r->run_dir, 0700) + mkdir(r->log_dir, 0755), 0);
    r->config = value_map();
    value_set_str(r->config, "test-persist", "yes");
    value_set_str(r->config, "qemu-accel", "tcg");
    value_set_str(r->config, "qemu-user", "nobody");
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (subject->boots) {
        r->kernel = guest_file(kernels);
        r->ramdisk = guest_file(ramdisks);
    }
    if (!r->ops || (subject->boots && (!r->kernel || !r->ramdisk)) || !rig_open(r))
        return false;
    rig_watch(r);
    return true;
}

static void rig_clear(struct rig *r)
{
    const char *const argv[] = {"rm", "-rf", r->dir, NULL};
    struct buf out = BUF_INIT;
    struct err e;
    int status;

    CU_ASSERT_EQUAL(proc_run(argv, 10000, &out, &status, &e), 0);
    buf_clear(&out);
    free(r->run_dir);
    free(r->log_dir);
    free(r->kernel);
    free(r->ramdisk);
    value_free(r->config);
    vec_clear(&r->changes);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
}

static struct spec *new_spec(const struct rig *r, const char *extra)
{
    struct spec *s = spec_new();
    char uuid[UUID_TEXT_SIZE];

    uuid_make(uuid);
    s->name = xstrdup("contract");
    s->uuid = xstrdup(uuid);
    s->kernel = xstrdup_null(r->kernel);
    s->ramdisk = xstrdup_null(r->ramdisk);
    s->extra = xstrdup_null(*extra ? extra : NULL);
    s->tsc_mode = 2; /* for xen: never emulated; under QEMU's TCG that is slow */
    return s;
}

static struct guest *create(struct rig *r, const struct spec *s, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->create(r->d, s, &j, e);
}

/* A new guest, paused; says why and ends the test when there is none. */
static struct guest *must_create(struct rig *r, const struct spec *s)
{
    struct err e = {0};
    struct guest *g = create(r, s, &e);

    if (!g)
        fprintf(stderr, "\n  create: %s\n", e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    return g;
}

static void must(int result, const struct err *e)
{
    if (result < 0)
        fprintf(stderr, "\n  %s\n", e->msg);
    CU_ASSERT_EQUAL(result, 0);
}

static void destroy(struct rig *r, struct guest *g)
{
    struct guest copy = *g;
    struct err e = {0};

    must(r->ops->destroy(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, &copy, GUEST_GONE, NULL));
}

struct census {
    const char *uuid; /* the one that is looked for */
    size_t n, n_found;
    struct guest_sample found;
};

static void count_sample(void *arg, const struct guest_sample *s)
{
    struct census *c = arg;

    if (strcmp(s->uuid, "00000000-0000-0000-0000-000000000000") == 0)
        return; /* Domain-0, where the driver knows it */
    c->n++;
    if (c->uuid && strcmp(c->uuid, s->uuid) == 0) {
        c->n_found++;
        c->found = *s;
    }
}

static struct census take_census(struct rig *r, const char *uuid)
{
    struct census c = {.uuid = uuid};
    struct err e = {0};

    must(r->ops->sample(r->d, count_sample, &c, &e), &e);
    return c;
}

/* Reads from a console until it says `words`; also looks into the log, where there is one. */
static bool console_says(struct rig *r, struct guest *g, int fd, const char *words)
{
    AUTO(freep) char *log = r->ops->console_log(g);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    int64_t end = now_ms() + WAIT_MS;

    while (now_ms() < end) {
        struct pollfd p = {fd, POLLIN, 0};
        AUTO(buf_clear) struct buf kept = BUF_INIT;
        char bytes[512];
        ssize_t n;
        struct err e;

        if (strstr(buf_str(&text), words))
            return true;
        if (log && read_file(log, 1 << 20, &kept, &e) == 0 &&
            memmem(buf_str(&kept), kept.len, words, strlen(words)))
            return true;
        if (poll(&p, 1, 200) != 1)
            continue;
        n = read(fd, bytes, sizeof(bytes));
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n; i++)
            buf_addc(&text, bytes[i] ? bytes[i] : '?');
    }
    fprintf(stderr, "\n  the console never said '%s':\n%s\n", words, buf_str(&text));
    return false;
}

/* Resumes a guest and waits until its operating system obeys. */
static void boot(struct rig *r, struct guest *g)
{
    struct err e = {0};
    int fd = r->ops->console(g, &e);

    must(fd < 0 ? -1 : 0, &e);
    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    CU_ASSERT_TRUE(console_says(r, g, fd, r->subject->ready));
    close(fd);
}

/* Asks again and again: an operating system that is still starting may not hear it. */
static bool stop_until(struct rig *r, struct guest *g, enum stop_reason how,
                       enum stop_reason *reason)
{
    for (int tries = 0; tries < WAIT_MS / 3000; tries++) {
        struct err e = {0};

        if (r->ops->stop(g, how, &e) < 0)
            fprintf(stderr, "\n  stop: %s\n", e.msg);
        if (see_change(r, g, GUEST_SHUTDOWN, 3, reason))
            return true;
    }
    return false;
}

struct find {
    struct guest *g;
    struct spec *s;
    enum guest_state state;
    int n;
};

static void on_found(void *arg, struct guest *g_take, struct spec *s_take, enum guest_state state)
{
    struct find *f = arg;

    spec_free(f->s);
    f->g = g_take;
    f->s = s_take;
    f->state = state;
    f->n++;
}

#endif
