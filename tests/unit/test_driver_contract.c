/*
 * What every driver must do (libxl/driver.h), tried on each that opens on this host: xen in a dom0
 * (tests/rig); elsewhere test and qemu, which needs QEMU. xen and qemu boot the guest of
 * scripts/mkguest (GUEST_DIR, build/guest).
 * Waits for changes with deadlines, sleeps for nothing.
 */
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

static void node_info(struct rig *r)
{
    struct err e = {0};
    AUTO(value_freep) struct value *map = r->ops->node_info(r->d, &e);

    CU_ASSERT_PTR_NOT_NULL_FATAL(map);
    CU_ASSERT_TRUE(value_get_int(map, "nr_cpus", 0) > 0);
    CU_ASSERT_TRUE(value_get_int(map, "total_memory", 0) > 0);
    CU_ASSERT_TRUE(value_get_int(map, "free_memory", -1) >= 0);
    CU_ASSERT_PTR_NOT_NULL(value_get(map, "host"));
}

static void create_ends_paused(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    struct census c = take_census(r, s->uuid);

    CU_ASSERT_STRING_EQUAL(g->uuid, s->uuid);
    CU_ASSERT_PTR_EQUAL(g->driver, r->d);
    CU_ASSERT_TRUE(g->domid >= 1);
    CU_ASSERT_TRUE(g->start_time > (double)time(NULL) - 600 &&
                   g->start_time < (double)time(NULL) + 2);
    CU_ASSERT_EQUAL(c.n, 1);
    CU_ASSERT_EQUAL(c.n_found, 1);
    CU_ASSERT_EQUAL(c.found.state, GUEST_PAUSED);
    CU_ASSERT_EQUAL(c.found.mem_kib, (uint64_t)s->memory * 1024);
    CU_ASSERT_EQUAL(c.found.vcpus_online, 1);
    destroy(r, g);
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
}

static void pause_and_resume(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    struct err e = {0};

    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_RUNNING);
    must(r->ops->pause(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_PAUSED, NULL));
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_PAUSED);
    must(r->ops->pause(g, &e), &e); /* once more does no harm */
    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    destroy(r, g); /* of one that runs */
}

static void stop_is_obeyed(struct rig *r, enum stop_reason how)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    enum stop_reason reason = STOP_CRASH;
    struct err e = {0};

    boot(r, g);
    CU_ASSERT_TRUE(stop_until(r, g, how, &reason));
    CU_ASSERT_EQUAL(reason, how);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_SHUTDOWN);
    /* it is still there, but cannot go on */
    CU_ASSERT_EQUAL(r->ops->resume(g, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_STATE);
    CU_ASSERT_EQUAL(r->ops->pause(g, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_STATE);
    destroy(r, g);
}

static void poweroff_is_obeyed(struct rig *r)
{
    stop_is_obeyed(r, STOP_POWEROFF);
}

/* The other half of stop; drivers that cannot ask for it say so. */
static void reboot_is_obeyed(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    enum stop_reason reason = STOP_CRASH;
    struct err e = {0};

    boot(r, g);
    if (r->ops->stop(g, STOP_REBOOT, &e) < 0) {
        CU_ASSERT_EQUAL(e.code, ERR_UNSUPPORTED);
    } else {
        if (!see_change(r, g, GUEST_SHUTDOWN, 3, &reason))
            CU_ASSERT_TRUE(stop_until(r, g, STOP_REBOOT, &reason));
        CU_ASSERT_EQUAL(reason, STOP_REBOOT);
    }
    destroy(r, g);
}

static void crash_is_told(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->crashing);
    struct guest *g = must_create(r, s);
    struct err e = {0};

    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_CRASHED, NULL));
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_CRASHED);
    CU_ASSERT_EQUAL(r->ops->resume(g, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_STATE);
    destroy(r, g);
}

static void sample_sees_each_once(struct rig *r)
{
    AUTO(spec_freep) struct spec *a = new_spec(r, r->subject->plain);
    AUTO(spec_freep) struct spec *b = new_spec(r, r->subject->plain);
    struct guest *ga = must_create(r, a), *gb = must_create(r, b);

    CU_ASSERT_EQUAL(take_census(r, a->uuid).n, 2);
    CU_ASSERT_EQUAL(take_census(r, a->uuid).n_found, 1);
    CU_ASSERT_EQUAL(take_census(r, b->uuid).n_found, 1);
    destroy(r, ga);
    CU_ASSERT_EQUAL(take_census(r, a->uuid).n_found, 0);
    CU_ASSERT_EQUAL(take_census(r, b->uuid).n, 1);
    destroy(r, gb);
}

static void console_speaks_and_hears(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    struct err e = {0};
    int fd;

    boot(r, g); /* opens and closes one: a second one must work, too */
    fd = r->ops->console(g, &e);
    must(fd < 0 ? -1 : 0, &e);
    CU_ASSERT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    must(write_all(fd, "echo heard-$((1+1))\r", 20, &e), &e);
    CU_ASSERT_TRUE(console_says(r, g, fd, "heard-"));
    close(fd);
    destroy(r, g);
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

static void scan_finds_the_forgotten(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s), before = *g;
    struct find f = {0};
    struct err e = {0};

    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    r->ops->forget(g);
    rig_close(r);
    CU_ASSERT_TRUE_FATAL(rig_open(r));
    must(r->ops->scan(r->d, on_found, &f, &e), &e);
    rig_watch(r);
    CU_ASSERT_EQUAL_FATAL(f.n, 1);
    CU_ASSERT_STRING_EQUAL(f.g->uuid, before.uuid);
    CU_ASSERT_EQUAL(f.g->domid, before.domid);
    CU_ASSERT_TRUE(f.g->start_time > before.start_time - 1.5 &&
                   f.g->start_time < before.start_time + 1.5);
    CU_ASSERT_EQUAL(f.state, GUEST_RUNNING);
    CU_ASSERT_STRING_EQUAL(f.s->name, "contract");
    CU_ASSERT_EQUAL(f.s->memory, s->memory);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).n_found, 1);
    must(r->ops->pause(f.g, &e), &e); /* it obeys its new owner */
    CU_ASSERT_TRUE(wait_change(r, f.g, GUEST_PAUSED, NULL));
    destroy(r, f.g);
    spec_free(f.s);
}

static void scan_finds_nothing_after_destroy(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct find f = {0};
    struct err e = {0};

    destroy(r, must_create(r, s));
    rig_close(r);
    CU_ASSERT_TRUE_FATAL(rig_open(r));
    must(r->ops->scan(r->d, on_found, &f, &e), &e);
    rig_watch(r);
    CU_ASSERT_EQUAL(f.n, 0);
}

static void failed_create_leaves_nothing(struct rig *r)
{
    AUTO(spec_freep)
    struct spec *s = new_spec(r, r->subject->broken ? r->subject->broken : r->subject->plain);
    struct err e = {0};

    if (!r->subject->broken) {
        free(s->kernel);
        s->kernel = xstrdup("/nowhere/vmlinuz");
    }
    CU_ASSERT_PTR_NULL(create(r, s, &e));
    CU_ASSERT_TRUE(e.msg[0] != '\0');
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
    /* the same domain, repaired */
    free(s->kernel);
    s->kernel = xstrdup_null(r->kernel);
    free(s->extra);
    s->extra = NULL;
    destroy(r, must_create(r, s));
    scan_finds_nothing_after_destroy(r);
}

static void cancelled_create_leaves_nothing(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct job j = {.cancelled = true, .cancel_fd = eventfd(1, EFD_CLOEXEC)};
    struct err e = {0};

    CU_ASSERT_PTR_NULL(r->ops->create(r->d, s, &j, &e));
    CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
    close(j.cancel_fd);
}

static void impossible_memory_is_refused(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct err e = {0};

    s->memory = field_find(&spec_fields, "memory")->max;
    CU_ASSERT_PTR_NULL(create(r, s, &e));
    CU_ASSERT_EQUAL(e.code, ERR_NO_RESOURCE);
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
}

static void one_guest_for_a_uuid(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s);
    struct err e = {0};

    CU_ASSERT_PTR_NULL(create(r, s, &e));
    CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).n_found, 1); /* the first one has not suffered */
    destroy(r, g);
}

static void domids_are_not_reused(struct rig *r)
{
    uint32_t last = 0;

    for (int i = 0; i < 3; i++) {
        AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
        struct guest *g = must_create(r, s);

        CU_ASSERT_TRUE(g->domid > last);
        last = g->domid;
        destroy(r, g);
        if (i == 1) { /* nor by the next xend */
            rig_close(r);
            CU_ASSERT_TRUE_FATAL(rig_open(r));
            rig_watch(r);
        }
    }
}

static void save_and_restore(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(freep) char *path = path_join(r->dir, "saved");
    AUTO(closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct guest *g = must_create(r, s);
    enum stop_reason reason = STOP_CRASH;
    struct job j = JOB_INIT;
    struct err e = {0};

    boot(r, g);
    if (r->ops->save(g, fd, false, &j, &e) < 0) {
        CU_ASSERT_EQUAL(e.code, ERR_UNSUPPORTED); /* complete or not at all */
        destroy(r, g);
        return;
    }
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_SHUTDOWN, &reason));
    CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
    destroy(r, g);
    CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    g = r->ops->restore(r->d, s, fd, &j, &e);
    must(g ? 0 : -1, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_PAUSED);
    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    CU_ASSERT_TRUE(stop_until(r, g, STOP_POWEROFF, NULL)); /* its operating system went on */
    destroy(r, g);
}

/* A new file, empty. */
static int new_file(const struct rig *r, const char *name)
{
    AUTO(freep) char *path = path_join(r->dir, name);

    return open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static int save_to(struct rig *r, struct guest *g, int fd, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->save(g, fd, false, &j, e);
}

static struct guest *restore_from(struct rig *r, const struct spec *s, int fd, struct err *e)
{
    struct job j = JOB_INIT;

    CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    return r->ops->restore(r->d, s, fd, &j, e);
}

/* One that was saved can go on, time and again; it waits for that until it is told to. */
static void checkpoint_goes_on(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(closep) int fd = new_file(r, "saved");
    struct guest *g = must_create(r, s);
    enum stop_reason reason = STOP_CRASH;
    struct err e = {0};

    boot(r, g);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET) + ftruncate(fd, 0), 0);
        must(save_to(r, g, fd, &e), &e);
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_SHUTDOWN, &reason));
        CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
        CU_ASSERT_EQUAL(r->ops->state(g, &reason), GUEST_SHUTDOWN);
        CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
        CU_ASSERT_TRUE(save_to(r, g, fd, &e) < 0 && e.code == ERR_STATE);
        CU_ASSERT_TRUE(r->ops->pause(g, &e) < 0 && e.code == ERR_STATE);
        must(r->ops->resume(g, &e), &e);
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    }
    must(r->ops->pause(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_PAUSED, NULL));
    must(save_to(r, g, fd, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_SHUTDOWN, &reason));
    CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
    destroy(r, g);
}

static void failed_save_changes_nothing(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC), fd = new_file(r, "saved");
    struct job cancelled = {.cancelled = true, .cancel_fd = eventfd(1, EFD_CLOEXEC)};
    const enum guest_state states[] = {GUEST_RUNNING, GUEST_PAUSED};
    struct guest *g = must_create(r, s);
    enum stop_reason reason;
    struct err e = {0};

    boot(r, g);
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        CU_ASSERT_TRUE(save_to(r, g, full, &e) < 0 && e.code == ERR_NO_RESOURCE);
        CU_ASSERT_EQUAL(r->ops->state(g, &reason), states[i]);
        CU_ASSERT_EQUAL(r->ops->save(g, fd, false, &cancelled, &e), -1);
        CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
        CU_ASSERT_EQUAL(r->ops->state(g, &reason), states[i]);
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, states[i]);
        must(r->ops->pause(g, &e), &e);
        CU_ASSERT_TRUE(i || wait_change(r, g, GUEST_PAUSED, NULL));
    }
    close(cancelled.cancel_fd);
    must(save_to(r, g, fd, &e), &e);
    destroy(r, g);
}

/* A host where it cannot be done says so, and the guest has not noticed. */
static void live_save_or_none(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(closep) int fd = new_file(r, "saved");
    struct guest *g = must_create(r, s);
    enum stop_reason reason = STOP_CRASH;
    struct job j = JOB_INIT;
    struct err e = {0};

    boot(r, g);
    if (r->ops->save(g, fd, true, &j, &e) < 0) {
        CU_ASSERT_EQUAL(e.code, ERR_UNSUPPORTED);
        CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_END), 0);
        CU_ASSERT_EQUAL(r->ops->state(g, &reason), GUEST_RUNNING);
        CU_ASSERT_TRUE(stop_until(r, g, STOP_POWEROFF, NULL));
    } else {
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_SHUTDOWN, &reason));
        CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
    }
    destroy(r, g);
}

/* Cut at many places, changed in the middle, cancelled: nothing is left, and the whole is good. */
static void failed_restore_leaves_nothing(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(closep) int fd = new_file(r, "saved");
    struct job cancelled = {.cancelled = true, .cancel_fd = eventfd(1, EFD_CLOEXEC)};
    struct guest *g = must_create(r, s);
    struct err e = {0};
    char byte, other;
    off_t size;

    boot(r, g);
    must(save_to(r, g, fd, &e), &e);
    destroy(r, g);
    size = lseek(fd, 0, SEEK_END);
    CU_ASSERT_EQUAL(pread(fd, &byte, 1, size / 2), 1);
    other = (char)(byte ^ 4);
    CU_ASSERT_EQUAL(pwrite(fd, &other, 1, size / 2), 1);
    CU_ASSERT_TRUE(!restore_from(r, s, fd, &e) && e.code == ERR_INVALID);
    CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, size / 2), 1);
    CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CU_ASSERT_PTR_NULL(r->ops->restore(r->d, s, fd, &cancelled, &e));
    CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
    g = restore_from(r, s, fd, &e);
    must(g ? 0 : -1, &e);
    CU_ASSERT_TRUE(!restore_from(r, s, fd, &e) && e.code == ERR_EXISTS); /* it is there already */
    destroy(r, g);
    for (int i = 8; i >= 0; i--) {
        CU_ASSERT_EQUAL(ftruncate(fd, (size - 1) / 8 * i), 0);
        CU_ASSERT_TRUE(!restore_from(r, s, fd, &e) && e.code == ERR_INVALID);
        CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
    }
    close(cancelled.cancel_fd);
}

/* True for a driver that does not have these operations yet. */
static bool lacks_changes(const struct rig *r)
{
    if (r->ops->vcpus && r->ops->pin_vcpu && r->ops->set_vcpus && r->ops->set_memory &&
        r->ops->set_maxmem && r->ops->keep_spec)
        return false;
    test_skip("this driver cannot change its guests yet");
    return true;
}

/* The virtual CPUs of one guest. */
struct roll {
    const char *uuid;
    unsigned n, online;
    bool in_order, pinned; /* pinned: number 0, and where to */
    struct cpuset first;
};

static void on_vcpu(void *arg, const struct vcpu_sample *v)
{
    struct roll *roll = arg;

    if (strcmp(v->uuid, roll->uuid) != 0)
        return;
    roll->in_order = v->vcpu == roll->n && (roll->in_order || !roll->n);
    if (v->vcpu == 0 && v->affinity) {
        roll->pinned = true;
        roll->first = *v->affinity;
    }
    CU_ASSERT_TRUE(v->online || (v->cpu == -1 && !v->running));
    roll->online += v->online;
    roll->n++;
}

static struct roll call_roll(struct rig *r, const char *uuid, bool ask_for_all)
{
    struct roll roll = {.uuid = uuid};
    struct err e = {0};

    must(r->ops->vcpus(r->d, ask_for_all ? NULL : uuid, on_vcpu, &roll, &e), &e);
    return roll;
}

static void vcpus_are_told(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    unsigned online = r->subject->raises_vcpus ? 1 : 2;
    struct guest *g;
    struct roll one, all;

    if (lacks_changes(r))
        return;
    s->vcpus = 2;
    s->maxvcpus = 3;
    g = must_create(r, s);
    one = call_roll(r, s->uuid, false);
    all = call_roll(r, s->uuid, true);
    CU_ASSERT_TRUE(one.n == 3 && one.online == online && one.in_order);
    CU_ASSERT_TRUE(all.n == 3 && all.online == online && all.in_order);
    destroy(r, g);
    CU_ASSERT_EQUAL(call_roll(r, s->uuid, false).n, 0);
}

/* Number 0 may run on CPU 0 only; a host with one CPU has no narrower set than all. */
static bool is_pinned(struct rig *r, const char *uuid)
{
    struct err e = {0};
    AUTO(value_freep) struct value *host = r->ops->node_info(r->d, &e);
    struct cpuset first = call_roll(r, uuid, false).first;

    if (value_get_int(host, "nr_cpus", 0) == 1)
        return true;
    return cpuset_count(&first) == 1 && cpuset_has(&first, 0);
}

/* Those of the spec from the start, others later; the host's first CPU is always there. */
static void pins_hold(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct cpuset zero = {0}, none = {0}, all = cpuset_first(CPUSET_MAX);
    struct err e = {0};
    struct guest *g;

    if (lacks_changes(r))
        return;
    cpuset_add(&zero, 0);
    cpuset_add(&none, CPUSET_MAX - 1);
    s->cpus = value_list();
    value_add_take(s->cpus, value_str("0"));
    g = must_create(r, s);
    CU_ASSERT_TRUE(is_pinned(r, s->uuid));
    must(r->ops->pin_vcpu(g, 0, &all, &e), &e);
    CU_ASSERT_FALSE(call_roll(r, s->uuid, false).pinned);
    must(r->ops->resume(g, &e), &e);
    must(r->ops->pin_vcpu(g, 0, &zero, &e), &e);
    CU_ASSERT_TRUE(is_pinned(r, s->uuid));
    CU_ASSERT_EQUAL(r->ops->pin_vcpu(g, 0, &none, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    CU_ASSERT_EQUAL(r->ops->pin_vcpu(g, 1, &zero, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    destroy(r, g);
}

static int set_vcpus(struct rig *r, struct guest *g, unsigned n, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->set_vcpus(g, n, &j, e);
}

static int set_memory(struct rig *r, struct guest *g, uint64_t kib, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->set_memory(g, kib, &j, e);
}

static void sizes_change(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct err e = {0};
    struct guest *g;

    if (lacks_changes(r))
        return;
    s->vcpus = 2;
    s->maxvcpus = 3;
    s->memory = 128;
    s->maxmem = 192;
    g = must_create(r, s);
    boot(r, g);
    must(set_vcpus(r, g, 3, &e), &e);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.vcpus_online, 3);
    if (set_vcpus(r, g, 1, &e) < 0) { /* some can only add */
        CU_ASSERT_EQUAL(e.code, ERR_UNSUPPORTED);
        CU_ASSERT_EQUAL(call_roll(r, s->uuid, false).online, 3);
    } else {
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.vcpus_online, 1);
        CU_ASSERT_EQUAL(call_roll(r, s->uuid, false).online, 1);
    }
    CU_ASSERT_EQUAL(set_vcpus(r, g, 4, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    CU_ASSERT_EQUAL(set_vcpus(r, g, 0, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);

    must(set_memory(r, g, 96 * 1024, &e), &e);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.mem_kib, 96 * 1024);
    must(set_memory(r, g, 160 * 1024, &e), &e);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.mem_kib, 160 * 1024);
    CU_ASSERT_EQUAL(set_memory(r, g, 256 * 1024, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    CU_ASSERT_EQUAL(r->ops->set_maxmem(g, 128 * 1024, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    must(r->ops->set_maxmem(g, 160 * 1024, &e), &e);
    CU_ASSERT_EQUAL(set_memory(r, g, 192 * 1024, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    destroy(r, g);
}

static void spec_is_kept(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g;
    struct find f = {0};
    struct err e = {0};

    if (lacks_changes(r))
        return;
    g = must_create(r, s);
    free(s->description);
    s->description = xstrdup("changed");
    must(r->ops->keep_spec(g, s, &e), &e);
    r->ops->forget(g);
    rig_close(r);
    CU_ASSERT_TRUE_FATAL(rig_open(r));
    must(r->ops->scan(r->d, on_found, &f, &e), &e);
    rig_watch(r);
    CU_ASSERT_EQUAL_FATAL(f.n, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f.s->description);
    CU_ASSERT_STRING_EQUAL(f.s->description, "changed");
    destroy(r, f.g);
    spec_free(f.s);
}

/* Its uuid is free for the next one at once, and the driver finds both again. */
static void dead_is_set_aside(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->crashing), *dead = spec_copy(s);
    AUTO(spec_freep) struct spec *again = new_spec(r, r->subject->plain);
    struct guest *g = must_create(r, s), *next;
    struct find f = {0};
    uint32_t domid = g->domid;
    char uuid[UUID_TEXT_SIZE];
    struct err e = {0};

    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_CRASHED, NULL));
    if (!r->ops->set_aside) {
        destroy(r, g);
        return;
    }
    uuid_make(uuid);
    free(dead->uuid);
    dead->uuid = xstrdup(uuid);
    must(r->ops->set_aside(g, dead, &e), &e);
    CU_ASSERT_STRING_EQUAL(g->uuid, uuid);
    CU_ASSERT_EQUAL(g->domid, domid);
    free(again->uuid);
    again->uuid = xstrdup(s->uuid);
    next = must_create(r, again);
    CU_ASSERT_EQUAL(take_census(r, uuid).found.state, GUEST_CRASHED);
    CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_PAUSED);
    destroy(r, next);
    r->ops->forget(g);
    rig_close(r);
    CU_ASSERT_TRUE_FATAL(rig_open(r));
    must(r->ops->scan(r->d, on_found, &f, &e), &e);
    rig_watch(r);
    CU_ASSERT_EQUAL_FATAL(f.n, 1);
    CU_ASSERT_STRING_EQUAL(f.g->uuid, uuid);
    CU_ASSERT_EQUAL(f.state, GUEST_CRASHED);
    destroy(r, f.g);
    spec_free(f.s);
}

/* What a guest has, as the driver tells it: of one class, and which of them is `key`. */
struct inventory {
    enum device_class class;
    const char *key;
    size_t n, n_found;
    int64_t devid;
    int state;
};

static void on_device(void *arg, const struct device_sample *s)
{
    struct inventory *v = arg;

    if (s->class != v->class)
        return;
    v->n++;
    if (strcmp(s->key, v->key) == 0) {
        v->n_found++;
        v->devid = s->devid;
        v->state = s->state;
    }
}

static struct inventory take_inventory(struct rig *r, const char *uuid, const struct device *dev)
{
    struct inventory v = {.class = dev->class, .key = device_key(dev)};
    struct err e = {0};

    must(r->ops->devices(r->d, uuid, on_device, &v, &e), &e);
    return v;
}

static int attach(struct rig *r, struct guest *g, const struct device *dev, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->attach(g, dev, &j, e);
}

static int detach(struct rig *r, struct guest *g, const struct device *dev, struct err *e)
{
    struct job j = JOB_INIT;

    return r->ops->detach(g, dev, false, &j, e);
}

static bool lacks_devices(const struct rig *r)
{
    return !r->ops->attach || !r->ops->detach || !r->ops->devices;
}

/* A disk of 1 MiB; its file is there unless `name` says "missing". */
static struct device *new_disk(struct rig *r, const char *name, const char *vdev)
{
    struct device *d = device_new(DEVICE_DISK);
    int fd;

    d->disk.type = xstrdup("file");
    d->disk.target = path_join(r->dir, name);
    d->disk.vdev = xstrdup(vdev);
    if (strcmp(name, "missing") == 0)
        return d;
    fd = open(d->disk.target, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(ftruncate(fd, 1 << 20), 0);
    close(fd);
    return d;
}

static void devices_come_and_go(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(device_freep) struct device *disk = new_disk(r, "b.img", "xvdb");
    struct inventory v;
    struct err e = {0};
    struct guest *g;

    if (lacks_devices(r))
        return;
    g = must_create(r, s);
    boot(r, g);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
    for (int i = 0; i < 2; i++) {
        must(attach(r, g, disk, &e), &e);
        v = take_inventory(r, s->uuid, disk);
        CU_ASSERT_EQUAL(v.n, 1);
        CU_ASSERT_EQUAL(v.n_found, 1);
        CU_ASSERT_EQUAL(v.devid, vdev_number("xvdb"));
        CU_ASSERT_EQUAL(attach(r, g, disk, &e), -1);
        CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
        CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 1);
        must(detach(r, g, disk, &e), &e);
        CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
    }
    must(detach(r, g, disk, &e), &e); /* what is not there is no failure */
    destroy(r, g);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
}

/* Whatever became of the xend that attached it. */
static void devices_outlive_xend(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(device_freep) struct device *disk = new_disk(r, "b.img", "xvdb");
    struct find f = {0};
    struct err e = {0};
    struct guest *g;

    if (lacks_devices(r))
        return;
    g = must_create(r, s);
    boot(r, g);
    must(attach(r, g, disk, &e), &e);
    r->ops->forget(g);
    rig_close(r);
    CU_ASSERT_TRUE_FATAL(rig_open(r));
    must(r->ops->scan(r->d, on_found, &f, &e), &e);
    rig_watch(r);
    CU_ASSERT_EQUAL_FATAL(f.n, 1);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n_found, 1);
    must(detach(r, f.g, disk, &e), &e);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
    must(attach(r, f.g, disk, &e), &e); /* nothing of the first one is in the way */
    destroy(r, f.g);
    spec_free(f.s);
}

static void failed_attach_leaves_nothing(struct rig *r)
{
    const char *failing = r->subject->boots ? r->subject->plain : "test:fail=attach:1";
    AUTO(spec_freep) struct spec *s = new_spec(r, failing);
    AUTO(device_freep) struct device *missing = new_disk(r, "missing", "xvdb");
    AUTO(device_freep) struct device *disk = new_disk(r, "b.img", "xvdb");
    AUTO(device_freep) struct device *odd = device_new(DEVICE_P9);
    struct job cancelled = JOB_INIT;
    struct err e = {0};
    struct guest *g;

    if (lacks_devices(r))
        return;
    g = must_create(r, s);
    boot(r, g);
    CU_ASSERT_EQUAL(attach(r, g, missing, &e), -1);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
    CU_ASSERT_EQUAL(attach(r, g, odd, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_UNSUPPORTED);
    atomic_store(&cancelled.cancelled, true);
    CU_ASSERT_EQUAL(r->ops->attach(g, disk, &cancelled, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
    CU_ASSERT_EQUAL(take_inventory(r, s->uuid, disk).n, 0);
    must(attach(r, g, disk, &e), &e);
    destroy(r, g);
}

static void reset_is_a_reboot(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    struct guest *g;
    enum stop_reason reason = STOP_CRASH;
    struct err e = {0};

    if (lacks_changes(r))
        return;
    g = must_create(r, s);
    must(r->ops->resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_change(r, g, GUEST_RUNNING, NULL));
    if (r->ops->trigger) {
        CU_ASSERT_EQUAL(r->ops->trigger(g, TRIGGER_NMI, 1, &e), -1);
        CU_ASSERT_EQUAL(e.code, ERR_INVALID);
        must(r->ops->trigger(g, TRIGGER_RESET, 0, &e), &e);
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_SHUTDOWN, &reason));
        CU_ASSERT_EQUAL(reason, STOP_REBOOT);
        /* one that has ended has nothing left to change */
        CU_ASSERT_TRUE(set_memory(r, g, 64 * 1024, &e) < 0 && e.code == ERR_STATE);
        CU_ASSERT_TRUE(set_vcpus(r, g, 1, &e) < 0 && e.code == ERR_STATE);
    }
    destroy(r, g);
}

/* sysrq c crashes it; what it had in memory can be written down before and after. */
static void dump_of_a_crash(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(freep) char *path = path_join(r->dir, "core");
    AUTO(closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct guest *g = must_create(r, s);
    struct job j = JOB_INIT;
    struct err e = {0};

    boot(r, g);
    if (r->ops->dump) {
        must(r->ops->dump(g, fd, &j, &e), &e);
        CU_ASSERT_TRUE(lseek(fd, 0, SEEK_END) > 0);
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_RUNNING);
    }
    if (r->ops->sysrq) {
        must(r->ops->sysrq(g, 'c', &e), &e);
        CU_ASSERT_TRUE(wait_change(r, g, GUEST_CRASHED, NULL));
    }
    if (r->ops->dump && r->ops->sysrq) {
        CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET) + ftruncate(fd, 0), 0);
        must(r->ops->dump(g, fd, &j, &e), &e);
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_CRASHED);
    }
    destroy(r, g);
}

static void cancelled_dump_harms_nothing(struct rig *r)
{
    AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
    AUTO(closep) int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct guest *g = must_create(r, s);
    struct job j = {.cancelled = true, .cancel_fd = eventfd(1, EFD_CLOEXEC)};
    struct err e = {0};

    if (r->ops->dump) {
        CU_ASSERT_EQUAL(r->ops->dump(g, fd, &j, &e), -1);
        CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
        CU_ASSERT_EQUAL(take_census(r, s->uuid).found.state, GUEST_PAUSED);
    }
    close(j.cancel_fd);
    destroy(r, g);
}

static void *create_and_destroy(void *arg)
{
    struct rig *r = arg;

    for (int i = 0; i < (r->subject->boots ? 1 : 20); i++) {
        AUTO(spec_freep) struct spec *s = new_spec(r, r->subject->plain);
        struct err e = {0};
        struct guest *g = create(r, s, &e);

        must(g ? 0 : -1, &e);
        if (!g)
            break;
        must(r->ops->resume(g, &e), &e);
        must(r->ops->pause(g, &e), &e);
        take_census(r, s->uuid);
        must(r->ops->destroy(g, &e), &e);
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(struct rig *r)
{
    pthread_t threads[3];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        CU_ASSERT_EQUAL(pthread_create(&threads[i], NULL, create_and_destroy, r), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(take_census(r, NULL).n, 0);
}

static void run(const struct subject *subject, void (*fn)(struct rig *r))
{
    struct rig r;

    if (rig_init(&r, subject)) {
        fn(&r);
        rig_close(&r);
    } else {
        CU_ASSERT_TRUE(subject->boots); /* the test driver opens everywhere */
        test_skip("qemu needs QEMU; qemu and xen need build/guest (make guest) or GUEST_DIR");
    }
    rig_clear(&r);
}

/* One CUnit test for each driver; FOR_TWO: what the xen driver cannot: its streams
 * have no checksums. */
#define FOR_TWO(fn)                                                                                \
    static void fn##_test(void)                                                                    \
    {                                                                                              \
        run(&test_subject, fn);                                                                    \
    }                                                                                              \
    static void fn##_qemu(void)                                                                    \
    {                                                                                              \
        run(&qemu_subject, fn);                                                                    \
    }
#define CONTRACT(fn)                                                                               \
    FOR_TWO(fn)                                                                                    \
    static void fn##_xen(void)                                                                     \
    {                                                                                              \
        run(&xen_subject, fn);                                                                     \
    }
CONTRACT(node_info)
CONTRACT(create_ends_paused)
CONTRACT(pause_and_resume)
CONTRACT(poweroff_is_obeyed)
CONTRACT(reboot_is_obeyed)
CONTRACT(crash_is_told)
CONTRACT(sample_sees_each_once)
CONTRACT(console_speaks_and_hears)
CONTRACT(scan_finds_the_forgotten)
CONTRACT(failed_create_leaves_nothing)
CONTRACT(cancelled_create_leaves_nothing)
CONTRACT(impossible_memory_is_refused)
CONTRACT(one_guest_for_a_uuid)
CONTRACT(domids_are_not_reused)
CONTRACT(save_and_restore)
CONTRACT(checkpoint_goes_on)
CONTRACT(failed_save_changes_nothing)
CONTRACT(live_save_or_none)
FOR_TWO(failed_restore_leaves_nothing)
CONTRACT(vcpus_are_told)
CONTRACT(pins_hold)
CONTRACT(sizes_change)
CONTRACT(spec_is_kept)
CONTRACT(dead_is_set_aside)
CONTRACT(devices_come_and_go)
CONTRACT(devices_outlive_xend)
CONTRACT(failed_attach_leaves_nothing)
CONTRACT(reset_is_a_reboot)
CONTRACT(dump_of_a_crash)
CONTRACT(cancelled_dump_harms_nothing)
CONTRACT(threads_do_not_disturb_each_other)

#define ROW_OF_TWO(fn, what)                                                                       \
    {"test: " what, fn##_test},                                                                    \
    {                                                                                              \
        "qemu: " what, fn##_qemu                                                                   \
    }
#define ROW(fn, what)                                                                              \
    ROW_OF_TWO(fn, what),                                                                          \
    {                                                                                              \
        "xen: " what, fn##_xen                                                                     \
    }

static const struct test_row rows[] = {
    ROW(node_info, "node_info knows the host"),
    ROW(create_ends_paused, "create ends paused, destroy leaves nothing"),
    ROW(pause_and_resume, "pause and resume are told"),
    ROW(poweroff_is_obeyed, "stop(poweroff) becomes shutdown"),
    ROW(reboot_is_obeyed, "stop(reboot) becomes shutdown, or is refused"),
    ROW(crash_is_told, "a crash is told"),
    ROW(sample_sees_each_once, "sample sees each guest once"),
    ROW(console_speaks_and_hears, "the console speaks and hears"),
    ROW(scan_finds_the_forgotten, "scan finds what was forgotten"),
    ROW(failed_create_leaves_nothing, "a failing create leaves nothing"),
    ROW(cancelled_create_leaves_nothing, "a cancelled create leaves nothing"),
    ROW(impossible_memory_is_refused, "impossible memory is refused"),
    ROW(one_guest_for_a_uuid, "a uuid has one guest"),
    ROW(domids_are_not_reused, "domids are not reused"),
    ROW(save_and_restore, "save and restore, or neither"),
    ROW(checkpoint_goes_on, "one that was saved goes on when told to"),
    ROW(failed_save_changes_nothing, "a save that fails changes nothing"),
    ROW(live_save_or_none, "a live save, or none"),
    ROW_OF_TWO(failed_restore_leaves_nothing, "a restore that fails leaves nothing"),
    ROW(vcpus_are_told, "each virtual CPU is told of"),
    ROW(pins_hold, "pins hold"),
    ROW(sizes_change, "memory and virtual CPUs change"),
    ROW(spec_is_kept, "a changed spec is kept"),
    ROW(dead_is_set_aside, "a dead one makes way"),
    ROW(devices_come_and_go, "devices come and go"),
    ROW(devices_outlive_xend, "devices outlive xend"),
    ROW(failed_attach_leaves_nothing, "a failing attach leaves nothing"),
    ROW(reset_is_a_reboot, "a reset ends it as a reboot"),
    ROW(dump_of_a_crash, "dumps, before and after a crash"),
    ROW(cancelled_dump_harms_nothing, "a cancelled dump harms nothing"),
    ROW(threads_do_not_disturb_each_other, "threads do not disturb each other")};

/* A dom0 has no other driver to try, and no other host has xen. */
int main(int argc, char **argv)
{
    driver_helper(argc, argv);
    bool dom0 = access("/proc/xen/privcmd", F_OK) == 0;
    struct test_row chosen[ARRAY_LEN(rows)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if ((strncmp(rows[i].what, "xen: ", 5) == 0) == dom0)
            chosen[n++] = rows[i];
    return tests_main("driver contract", chosen, n);
}
