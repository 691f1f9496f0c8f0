/* libxl/test: what the test driver does on demand, its scale, its stream and its state files. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/proc.h"
#include "libxl/test/test.h"
#include "tests/unit/cunit.h"

#define WAIT_MS 20000 /* only when something is broken */

static struct driver *open_driver(const char *dir, const char *control, bool persist)
{
    AUTO(value_freep) struct value *config = value_map();
    struct driver_env env = {.run_dir = dir, .log_dir = dir, .config = config};
    struct err e = {0};
    struct driver *d;

    value_set_str(config, "test-control", control);
    value_set_str(config, "test-persist", persist ? "yes" : "no");
    d = driver_test.open(&env, &e);
    if (!d)
        fprintf(stderr, "\n  %s\n", e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    return d;
}

static struct driver *plain_driver(void)
{
    return open_driver("/nowhere", NULL, false);
}

static char *temp_dir(void)
{
    char *dir = xstrdup("/tmp/test_driver-XXXXXX");

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    return dir;
}

static void remove_dir(char **dir)
{
    const char *const argv[] = {"rm", "-rf", *dir, NULL};
    struct buf out = BUF_INIT;
    struct err e;
    int status;

    CU_ASSERT_EQUAL(proc_run(argv, 10000, &out, &status, &e), 0);
    buf_clear(&out);
    free(*dir);
}

static struct spec *new_spec(const char *extra)
{
    struct spec *s = spec_new();
    char uuid[UUID_TEXT_SIZE];

    uuid_make(uuid);
    s->uuid = xstrdup(uuid);
    s->name = xstrdup("web1");
    s->extra = xstrdup_null(extra);
    return s;
}

static struct guest *create(struct driver *d, const char *extra, struct err *e)
{
    AUTO(spec_freep) struct spec *s = new_spec(extra);
    struct job j = JOB_INIT;

    return driver_test.create(d, s, &j, e);
}

static struct guest *must_create(struct driver *d, const char *extra)
{
    struct err e = {0};
    struct guest *g = create(d, extra, &e);

    if (!g)
        fprintf(stderr, "\n  %s\n", e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    return g;
}

static void must(int result, const struct err *e)
{
    if (result < 0)
        fprintf(stderr, "\n  %s\n", e->msg);
    CU_ASSERT_TRUE(result >= 0);
}

static void find_state(void *arg, const struct guest_sample *s)
{
    struct guest_sample *want = arg;

    if (strcmp(want->uuid, s->uuid) == 0)
        *want = *s;
}

static struct guest_sample sample_of(struct driver *d, const struct guest *g)
{
    struct guest_sample s = {.uuid = g->uuid, .state = GUEST_GONE};
    struct err e = {0};

    must(driver_test.sample(d, find_state, &s, &e), &e);
    return s;
}

static enum guest_state state_of(struct driver *d, const struct guest *g)
{
    return sample_of(d, g).state;
}

static void test_words_fail(void)
{
    struct driver *d = plain_driver();
    struct err e = {0};
    struct guest *g;

    CU_ASSERT_PTR_NULL(create(d, "quiet test:fail=create", &e));
    ASSERT_ERR(e, ERR_BACKEND, "test driver: create fails on demand");
    CU_ASSERT_PTR_NULL(create(d, "test:fail=create:no-resource", &e));
    ASSERT_ERR(e, ERR_NO_RESOURCE, "on demand");
    CU_ASSERT_EQUAL(test_driver_guests(d), 0);
    g = must_create(d, "test:fail=pause:2:timeout x test:fail=destroy:1");
    must(driver_test.resume(g, &e), &e);
    must(driver_test.pause(g, &e), &e);
    CU_ASSERT_EQUAL(driver_test.pause(g, &e), -1); /* the second call */
    CU_ASSERT_EQUAL(e.code, ERR_TIMEOUT);
    must(driver_test.pause(g, &e), &e);
    CU_ASSERT_EQUAL(driver_test.destroy(g, &e), -1);
    CU_ASSERT_EQUAL(test_driver_guests(d), 1); /* it is still whole */
    must(driver_test.destroy(g, &e), &e);
    CU_ASSERT_EQUAL(test_driver_guests(d), 0);
    driver_test.close(d);
}

static void test_bad_words(void)
{
    static const char *const words[] = {"fail",
                                        "fail=x",
                                        "delay-create",
                                        "delay-create=5",
                                        "delay-create=5m",
                                        "delay-create=-5ms",
                                        "delay-x=5ms",
                                        "hang-x",
                                        "hang-create=1",
                                        "crash-on-x",
                                        "crash-in",
                                        "burn",
                                        "cpu=1",
                                        "memory=5",
                                        "crash-on-create=1",
                                        ""};
    AUTO(value_freep) struct value *config = value_map();
    struct driver_env env = {.run_dir = "/nowhere", .log_dir = "/nowhere", .config = config};
    struct driver *d = plain_driver();
    struct err e = {0};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        AUTO(freep) char *extra = xasprintf("test:%s", words[i]);

        CU_ASSERT_PTR_NULL(create(d, extra, &e));
        ASSERT_ERR(e, ERR_INVALID, "is not a word that it knows");
        CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, words[i]));
    }
    driver_test.close(d);
    value_set_str(config, "test-control", "fail=create nonsense");
    CU_ASSERT_PTR_NULL(driver_test.open(&env, &e));
    ASSERT_ERR(e, ERR_INVALID, "'nonsense'");
    value_set_str(config, "test-control", "");
    value_set_str(config, "test-persist", "yes");
    CU_ASSERT_PTR_NULL(driver_test.open(
        &(struct driver_env){.run_dir = "/proc/x", .log_dir = "/", .config = config}, &e));
}

static void test_control_key(void)
{
    struct driver *d = open_driver("/nowhere", "memory=300 fail=create:2 cpu=1500ms", false);
    struct err e = {0};
    struct guest *g = must_create(d, NULL);

    CU_ASSERT_PTR_NULL(create(d, NULL, &e));
    CU_ASSERT_EQUAL(e.code, ERR_BACKEND);
    struct guest *other = must_create(d, NULL);
    CU_ASSERT_PTR_NULL(create(d, NULL, &e)); /* 2 x 128 of 300 MiB are taken */
    ASSERT_ERR(e, ERR_NO_RESOURCE, "Not enough free memory: 128 MiB wanted, 44 MiB free");
    must(driver_test.destroy(other, &e), &e);
    must_create(d, NULL);
    CU_ASSERT_EQUAL(sample_of(d, g).cpu_ns, 0);
    must(driver_test.resume(g, &e), &e);
    CU_ASSERT_EQUAL(sample_of(d, g).cpu_ns, 1500000000u);
    test_guest_cpu(d, g->uuid, 7);
    CU_ASSERT_EQUAL(sample_of(d, g).cpu_ns, 7); /* time stands still but for us */
    driver_test.close(d);                       /* with guests in it */
}

static void test_from_c(void)
{
    struct driver *d = plain_driver();
    struct guest *g = must_create(d, NULL);
    struct err e = {0};
    int64_t start;

    test_driver_fail(d, TEST_RESUME, 2, ERR_BUSY);
    must(driver_test.resume(g, &e), &e);
    CU_ASSERT_EQUAL(driver_test.resume(g, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_BUSY);
    must(driver_test.resume(g, &e), &e);
    test_driver_fail(d, TEST_NODE_INFO, 0, ERR_SYSTEM);
    CU_ASSERT_PTR_NULL(driver_test.node_info(d, &e));
    CU_ASSERT_PTR_NULL(driver_test.node_info(d, &e));
    test_driver_delay(d, TEST_PAUSE, 50);
    start = now_ms();
    must(driver_test.pause(g, &e), &e);
    CU_ASSERT_TRUE(now_ms() - start >= 50);
    test_driver_release(d);
    AUTO(value_freep) struct value *map = driver_test.node_info(d, &e);
    CU_ASSERT_PTR_NOT_NULL(map);
    must(driver_test.resume(g, &e), &e);
    test_guest_end(d, g->uuid, STOP_CRASH);
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_CRASHED);
    test_guest_end(d, g->uuid, STOP_POWEROFF); /* it cannot end twice */
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_CRASHED);
    driver_test.close(d);
}

static void *pause_guest(void *arg)
{
    struct err e = {0};

    must(driver_test.pause(arg, &e), &e);
    return NULL;
}

/* What hangs hangs until it is let go, and does not keep others from working meanwhile. */
static void test_hang(void)
{
    struct driver *d = plain_driver();
    struct guest *g = must_create(d, NULL), *other = must_create(d, NULL);
    struct err e = {0};
    pthread_t thread;

    must(driver_test.resume(g, &e), &e);
    test_driver_hang(d, TEST_PAUSE);
    pthread_create(&thread, NULL, pause_guest, g);
    must(driver_test.resume(other, &e), &e);
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_RUNNING);
    test_driver_release(d);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_PAUSED);
    test_driver_hang(d, TEST_PAUSE); /* a new one is not let go by the old release */
    pthread_create(&thread, NULL, pause_guest, other);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    CU_ASSERT_EQUAL(pthread_timedjoin_np(thread, NULL, &soon), ETIMEDOUT);
    test_driver_release(d);
    pthread_join(thread, NULL);
    driver_test.close(d);
}

static void *cancel(void *arg)
{
    struct job *j = arg;
    struct err e = {0};

    atomic_store(&j->cancelled, true);
    must(write_all(j->cancel_fd, "\1\0\0\0\0\0\0\0", 8, &e), &e);
    return NULL;
}

/* A job that is cancelled ends a create that takes for ever, and leaves nothing. */
static void test_cancel(void)
{
    struct driver *d = plain_driver();
    AUTO(spec_freep) struct spec *s = new_spec("test:delay-create=100s");
    struct job j = {.cancel_fd = eventfd(0, EFD_CLOEXEC)};
    struct err e = {0};
    pthread_t thread;

    pthread_create(&thread, NULL, cancel, &j);
    CU_ASSERT_PTR_NULL(driver_test.create(d, s, &j, &e));
    CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(test_driver_guests(d), 0);
    close(j.cancel_fd);
    driver_test.close(d);
}

static void test_endings(void)
{
    struct driver *d = plain_driver();
    struct err e = {0};
    struct guest *g = must_create(d, "test:crash-on-resume");

    must(driver_test.resume(g, &e), &e);
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_CRASHED);
    g = must_create(d, "test:poweroff-on-create");
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_SHUTDOWN);
    g = must_create(d, "test:ignore-shutdown");
    must(driver_test.resume(g, &e), &e);
    must(driver_test.stop(g, STOP_POWEROFF, &e), &e);
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_RUNNING);
    g = must_create(d, NULL); /* a paused guest hears it when it runs again */
    must(driver_test.stop(g, STOP_REBOOT, &e), &e);
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_PAUSED);
    must(driver_test.resume(g, &e), &e);
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_SHUTDOWN);
    CU_ASSERT_EQUAL(driver_test.stop(g, STOP_POWEROFF, &e), -1);
    ASSERT_ERR(e, ERR_STATE, "cannot stop: the guest is shutdown");
    driver_test.close(d);
}

struct watcher {
    struct driver *d;
    int stop_fd;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum guest_state last;
    enum stop_reason reason;
    char detail[64];
    int n;
    pthread_t thread;
};

static void on_change(void *arg, const struct guest_change *c)
{
    struct watcher *w = arg;

    pthread_mutex_lock(&w->lock);
    w->last = c->state;
    w->reason = c->reason;
    snprintf(w->detail, sizeof(w->detail), "%s", c->detail ? c->detail : "");
    w->n++;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void *watch_main(void *arg)
{
    struct watcher *w = arg;
    struct err e = {0};

    must(driver_test.watch(w->d, w->stop_fd, on_change, w, &e), &e);
    return NULL;
}

static void watch(struct watcher *w, struct driver *d)
{
    *w = (struct watcher){.d = d, .stop_fd = eventfd(0, EFD_CLOEXEC)};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    pthread_create(&w->thread, NULL, watch_main, w);
}

static bool wait_state(struct watcher *w, enum guest_state state)
{
    struct timespec end;
    bool seen;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += WAIT_MS / 1000;
    pthread_mutex_lock(&w->lock);
    while ((w->n == 0 || w->last != state) &&
           pthread_cond_timedwait(&w->changed, &w->lock, &end) == 0)
        ;
    seen = w->last == state;
    pthread_mutex_unlock(&w->lock);
    return seen;
}

/* Until so many changes have been told. */
static bool wait_count(struct watcher *w, int n)
{
    struct timespec end;
    bool seen;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += WAIT_MS / 1000;
    pthread_mutex_lock(&w->lock);
    while (w->n < n && pthread_cond_timedwait(&w->changed, &w->lock, &end) == 0)
        ;
    seen = w->n == n;
    pthread_mutex_unlock(&w->lock);
    return seen;
}

static void unwatch(struct watcher *w)
{
    struct err e = {0};

    must(write_all(w->stop_fd, "\1\0\0\0\0\0\0\0", 8, &e), &e);
    pthread_join(w->thread, NULL);
    close(w->stop_fd);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
}

/* Changes of before the watch are not lost, and a guest ends when its time has come. */
static void test_watch(void)
{
    struct driver *d = plain_driver();
    struct guest *g = must_create(d, "test:reboot-in=30ms");
    struct watcher w;
    struct err e = {0};

    watch(&w, d);
    CU_ASSERT_TRUE(wait_state(&w, GUEST_PAUSED));
    must(driver_test.resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_state(&w, GUEST_SHUTDOWN));
    CU_ASSERT_EQUAL(w.reason, STOP_REBOOT);
    must(driver_test.destroy(g, &e), &e);
    CU_ASSERT_TRUE(wait_state(&w, GUEST_GONE));
    g = must_create(d, "test:crash-on-resume");
    must(driver_test.resume(g, &e), &e);
    CU_ASSERT_TRUE(wait_state(&w, GUEST_CRASHED));
    CU_ASSERT_STRING_EQUAL(w.detail, "test guest: crashed on demand");
    unwatch(&w);
    driver_test.close(d);
}

/* Reads until the console has said this. */
static bool says(int fd, const char *words)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;

    while (!strstr(buf_str(&text), words)) {
        struct pollfd p = {fd, POLLIN, 0};
        char bytes[256];
        ssize_t n;

        if (poll(&p, 1, WAIT_MS) != 1 || (n = read(fd, bytes, sizeof(bytes))) <= 0) {
            fprintf(stderr, "\n  not said: %s; but: %s\n", words, buf_str(&text));
            return false;
        }
        buf_add(&text, bytes, (size_t)n);
    }
    return true;
}

static bool has_ended(int fd)
{
    char bytes[256];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        ;
    return n == 0;
}

static void test_console(void)
{
    struct driver *d = plain_driver();
    struct guest *g = must_create(d, NULL);
    struct err e = {0};
    struct watcher w;
    int a = driver_test.console(g, &e), b;

    must(a, &e);
    CU_ASSERT_PTR_NULL(driver_test.console_log(g));
    watch(&w, d);
    must(write_all(a, "early\r", 6, &e), &e); /* typed while it stands still */
    must(driver_test.resume(g, &e), &e);
    CU_ASSERT_TRUE(says(a, "web1: early\r\n"));
    b = driver_test.console(g, &e); /* a second one hears what was said before it, too */
    CU_ASSERT_TRUE(says(b, "test guest web1: up\r\n"));
    must(write_all(b, "hel", 3, &e), &e);
    CU_ASSERT_TRUE(says(b, "hel")); /* the echo */
    must(write_all(b, "lo\n", 3, &e), &e);
    CU_ASSERT_TRUE(says(a, "web1: hello\r\n"));
    close(a); /* one viewer less */
    must(write_all(b, "poweroff\r", 9, &e), &e);
    CU_ASSERT_TRUE(wait_state(&w, GUEST_SHUTDOWN));
    CU_ASSERT_EQUAL(w.reason, STOP_POWEROFF);
    must(driver_test.destroy(g, &e), &e);
    CU_ASSERT_TRUE(has_ended(b));
    close(b);
    g = must_create(d, NULL);
    must(driver_test.resume(g, &e), &e);
    a = driver_test.console(g, &e);
    must(write_all(a, "\n\ncrash\n", 8, &e), &e);
    CU_ASSERT_TRUE(wait_state(&w, GUEST_CRASHED));
    unwatch(&w);
    driver_test.close(d); /* with a console open */
    CU_ASSERT_TRUE(has_ended(a));
    close(a);
}

/* A viewer that types too much, sends NULs or reads nothing does no harm. */
static void test_console_abuse(void)
{
    struct driver *d = plain_driver();
    struct guest *g = must_create(d, NULL);
    struct err e = {0};
    char bytes[5000];
    int fd = driver_test.console(g, &e), other;

    memset(bytes, 'x', sizeof(bytes));
    must(write_all(fd, bytes, sizeof(bytes), &e), &e);
    must(write_all(fd, "a\0b\n", 4, &e), &e);
    must(driver_test.resume(g, &e), &e);
    for (int i = 0; i < 100; i++)
        must(write_all(fd, bytes, sizeof(bytes), &e), &e); /* its echo is never read */
    other = driver_test.console(g, &e);
    must(write_all(other, "hello\r", 6, &e), &e);
    CU_ASSERT_TRUE(says(other, "web1: hello\r\n"));
    close(other);
    close(fd);
    driver_test.close(d);
}

static void test_console_log(void)
{
    AUTO(remove_dir) char *dir = temp_dir();
    struct driver *d = open_driver(dir, "console-log", false);
    struct guest *g = must_create(d, NULL);
    AUTO(freep) char *path = driver_test.console_log(g);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e = {0};
    int fd;

    must(driver_test.resume(g, &e), &e);
    fd = driver_test.console(g, &e);
    must(write_all(fd, "hello\r", 6, &e), &e);
    CU_ASSERT_TRUE(says(fd, "web1: hello\r\n"));
    close(fd);
    driver_test.close(d);
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    must(read_file(path, 1000, &text, &e), &e);
    CU_ASSERT_STRING_EQUAL(buf_str(&text), "test guest web1: up\r\n\r\nweb1: hello\r\n");
}

static void test_node_info(void)
{
    static const char keys[] =
        "host release version machine nr_cpus nr_nodes cores_per_socket "
        "threads_per_core cpu_mhz hw_caps virt_caps total_memory free_memory "
        "free_cpus cpu_topology numa_info xen_major xen_minor xen_extra xen_caps xen_scheduler "
        "xen_pagesize platform_params xen_changeset xen_commandline "
        "cc_compiler cc_compile_by cc_compile_domain cc_compile_date "
        "xend_config_format";
    struct driver *d = plain_driver();
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(value_freep) struct value *before = NULL, *after = NULL;
    struct err e = {0};

    before = driver_test.node_info(d, &e);
    for (size_t i = 0; i < value_len(before); i++)
        buf_addf(&b, "%s%s", i ? " " : "", value_key(before, i));
    CU_ASSERT_STRING_EQUAL(buf_str(&b), keys);
    must_create(d, NULL);
    after = driver_test.node_info(d, &e);
    CU_ASSERT_EQUAL(
        value_get_int(before, "free_memory", 0) - value_get_int(after, "free_memory", 0), 128);
    CU_ASSERT_EQUAL(value_get_int(before, "free_memory", 0),
                    value_get_int(before, "total_memory", 1));
    driver_test.close(d);
}

/* Saves a guest that runs into a file; the bytes are the caller's. */
static struct buf saved_guest(bool live)
{
    AUTO(remove_dir) char *dir = temp_dir();
    AUTO(freep) char *path = path_join(dir, "save");
    AUTO(closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct driver *d = plain_driver();
    AUTO(spec_freep) struct spec *s = new_spec(NULL);
    struct job j = JOB_INIT;
    struct buf b = BUF_INIT;
    struct err e = {0};

    s->memory = 3;
    struct guest *g = driver_test.create(d, s, &j, &e);
    must(driver_test.resume(g, &e), &e);
    test_guest_cpu(d, g->uuid, 42);
    must(driver_test.save(g, fd, live, &j, &e), &e);
    CU_ASSERT_EQUAL(j.done, 3);
    CU_ASSERT_EQUAL(j.total, 3);
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_SHUTDOWN);
    must(driver_test.resume(g, &e), &e); /* a checkpoint: it may go on */
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_RUNNING);
    driver_test.close(d);
    must(read_file(path, 1 << 20, &b, &e), &e);
    return b;
}

static struct guest *restore(struct driver *d, const char *bytes, size_t n, struct err *e)
{
    AUTO(spec_freep) struct spec *s = new_spec(NULL);
    struct job j = JOB_INIT;
    struct guest *g;
    struct err e2;
    FILE *f = tmpfile();

    must(write_all(fileno(f), bytes, n, &e2), &e2);
    CU_ASSERT_EQUAL(lseek(fileno(f), 0, SEEK_SET), 0);
    g = driver_test.restore(d, s, fileno(f), &j, e);
    fclose(f);
    return g;
}

static void test_restore(void)
{
    AUTO(buf_clear) struct buf b = saved_guest(false), live = saved_guest(true);
    struct driver *d = plain_driver();
    struct err e = {0};
    struct guest *g = restore(d, b.ptr, b.len, &e);

    CU_ASSERT_EQUAL(b.len, live.len);
    must(g ? 0 : -1, &e);
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_PAUSED);
    CU_ASSERT_EQUAL(sample_of(d, g).cpu_ns, 42);
    int fd = driver_test.console(g, &e);
    CU_ASSERT_TRUE(says(fd, "web1: up")); /* it had booted before it was saved */
    close(fd);
    must(driver_test.destroy(g, &e), &e);

    for (size_t n = 0; n < b.len; n += n < 100 ? 1 : 511) { /* cut anywhere: nothing is left */
        CU_ASSERT_PTR_NULL(restore(d, b.ptr, n, &e));
        CU_ASSERT_EQUAL(e.code, ERR_INVALID);
    }
    for (size_t i = 0; i < b.len; i += i < 30 ? 1 : 4096) { /* a wrong byte is seen, or harmless */
        b.ptr[i] ^= 0x20;
        g = restore(d, b.ptr, b.len, &e);
        if (g)
            must(driver_test.destroy(g, &e), &e);
        b.ptr[i] ^= 0x20;
    }
    CU_ASSERT_EQUAL(test_driver_guests(d), 0);
    driver_test.close(d);
}

/* A save that fails, or is cancelled, leaves the guest as it was. */
static void test_save_fails(void)
{
    AUTO(closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    AUTO(closep) int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct driver *d = plain_driver();
    struct guest *g = must_create(d, "test:fail=save:2");
    struct job j = JOB_INIT;
    struct err e = {0};

    must(driver_test.resume(g, &e), &e);
    CU_ASSERT_EQUAL(driver_test.save(g, full, false, &j, &e), -1);
    ASSERT_ERR(e, ERR_NO_RESOURCE, "saving: write: No space left");
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_RUNNING);
    CU_ASSERT_EQUAL(driver_test.save(g, null, false, &j, &e), -1); /* on demand */
    atomic_store(&j.cancelled, true);
    CU_ASSERT_EQUAL(driver_test.save(g, null, true, &j, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_CANCELLED);
    CU_ASSERT_EQUAL(state_of(d, g), GUEST_RUNNING);
    test_guest_end(d, g->uuid, STOP_POWEROFF);
    atomic_store(&j.cancelled, false);
    CU_ASSERT_EQUAL(driver_test.save(g, null, false, &j, &e), -1);
    ASSERT_ERR(e, ERR_STATE, "cannot save: the guest is shutdown");
    driver_test.close(d);
}

struct found {
    struct guest *g[8];
    enum guest_state state[8];
    int n;
};

static void on_found(void *arg, struct guest *g_take, struct spec *s_take, enum guest_state state)
{
    struct found *f = arg;

    CU_ASSERT_STRING_EQUAL(s_take->name, "web1");
    f->g[f->n] = g_take;
    f->state[f->n++] = state;
    spec_free(s_take);
}

/* Each state survives xend; words of guests go on to work; ids go on. */
static void test_persistence(void)
{
    static const enum guest_state states[] = {GUEST_PAUSED, GUEST_RUNNING, GUEST_SHUTDOWN,
                                              GUEST_CRASHED};
    AUTO(remove_dir) char *dir = temp_dir();
    struct driver *d = open_driver(dir, NULL, true);
    char uuids[4][UUID_TEXT_SIZE];
    struct found f = {0};
    struct err e = {0};

    for (int i = 0; i < 4; i++) {
        struct guest *g = must_create(d, "test:fail=pause");
        memcpy(uuids[i], g->uuid, sizeof(uuids[i]));
        if (i > 0)
            must(driver_test.resume(g, &e), &e);
        if (i > 1)
            test_guest_end(d, g->uuid, i == 2 ? STOP_REBOOT : STOP_CRASH);
    }
    driver_test.close(d); /* as a xend that was killed: nothing was forgotten in order */
    d = open_driver(dir, NULL, true);
    must(driver_test.scan(d, on_found, &f, &e), &e);
    CU_ASSERT_EQUAL_FATAL(f.n, 4);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++)
            if (strcmp(f.g[k]->uuid, uuids[i]) == 0) {
                CU_ASSERT_EQUAL(f.state[k], states[i]);
                CU_ASSERT_EQUAL(f.g[k]->domid, (uint32_t)i + 1);
                CU_ASSERT_EQUAL(driver_test.pause(f.g[k], &e), -1);
                CU_ASSERT_EQUAL(e.code, i < 4 ? ERR_BACKEND : 0);
            }
    CU_ASSERT_EQUAL(must_create(d, NULL)->domid, 5);
    for (int k = 0; k < 4; k++)
        must(driver_test.destroy(f.g[k], &e), &e);
    driver_test.close(d);
    d = open_driver(dir, NULL, true);
    f.n = 0;
    must(driver_test.scan(d, on_found, &f, &e), &e);
    CU_ASSERT_EQUAL(f.n, 1);
    driver_test.close(d);
    d = open_driver(dir, NULL, false); /* without the key nothing is found, nothing touched */
    f.n = 0;
    must(driver_test.scan(d, on_found, &f, &e), &e);
    CU_ASSERT_EQUAL(f.n, 0);
    driver_test.close(d);
}

static void test_persistence_fails(void)
{
    AUTO(remove_dir) char *dir = temp_dir();
    struct driver *d = open_driver(dir, NULL, true);
    AUTO(freep) char *state = path_join(dir, "test"), *gone = path_join(dir, "gone");
    AUTO(freep) char *bad = path_join(gone, "06ed00fe-1162-4fc4-b5d8-11993ee4a8b9.spec");
    struct found f = {0};
    struct err e = {0};

    CU_ASSERT_EQUAL(rename(state, gone), 0);
    CU_ASSERT_PTR_NULL(create(d, NULL, &e)); /* what cannot be kept is not made */
    CU_ASSERT_EQUAL(test_driver_guests(d), 0);
    must(write_file_atomic(bad, "{", 1, 0600, &e), &e);
    CU_ASSERT_EQUAL(rename(gone, state), 0);
    CU_ASSERT_EQUAL(driver_test.scan(d, on_found, &f, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "06ed00fe-1162-4fc4-b5d8-11993ee4a8b9.spec");
    driver_test.close(d);
}

static void count(void *arg, const struct guest_sample *s)
{
    CU_ASSERT_EQUAL(s->mem_kib, 1024);
    ++*(size_t *)arg;
}

/* 10,000 guests: under 1 KiB and far under a millisecond each, and no descriptor. */
static void test_scale(void)
{
    enum { N = 10000 };
    struct driver *d = plain_driver();
    struct guest **guests = xcalloc(N, sizeof(guests[0]));
    AUTO(spec_freep) struct spec *s = new_spec(NULL);
    struct job j = JOB_INIT;
    struct err e = {0};
    size_t n = 0, before = mallinfo2().uordblks;
    int64_t start = now_ms();
    int fd = dup(0), fd_after;

    s->memory = 1;
    for (int i = 0; i < N; i++) {
        uuid_make(s->uuid);
        guests[i] = driver_test.create(d, s, &j, &e);
        CU_ASSERT_PTR_NOT_NULL_FATAL(guests[i]);
        must(driver_test.resume(guests[i], &e), &e);
    }
    size_t used = mallinfo2().uordblks - before;
    fd_after = dup(0);
    must(driver_test.sample(d, count, &n, &e), &e);
    CU_ASSERT_EQUAL(n, N);
    CU_ASSERT_EQUAL(fd_after, fd + 1);
    if (used / N > 1024)
        fprintf(stderr, "\n  %zu bytes for each guest\n", used / N);
    CU_ASSERT_TRUE(used / N <= 1024); /* 0 where a sanitizer's malloc does not count */
    for (int i = 0; i < N; i++)
        must(driver_test.destroy(guests[i], &e), &e);
    CU_ASSERT_EQUAL(test_driver_guests(d), 0);
    CU_ASSERT_TRUE(now_ms() - start < 10000);
    close(fd);
    close(fd_after);
    free(guests);
    driver_test.close(d);
}

/* The count of ids wraps after 32751 and passes over those in use. */
static void test_domids_wrap(void)
{
    struct driver *d = plain_driver();
    struct guest *first = must_create(d, NULL), *g;
    AUTO(spec_freep) struct spec *s = new_spec(NULL);
    struct job j = JOB_INIT;
    struct err e = {0};
    uint32_t last = 1;

    CU_ASSERT_EQUAL(first->domid, 1);
    s->memory = 1;
    for (int i = 0; i < 32755; i++) {
        g = driver_test.create(d, s, &j, &e);
        CU_ASSERT_PTR_NOT_NULL_FATAL(g);
        CU_ASSERT_EQUAL(g->domid, last == 32751 ? 2 : last + 1);
        last = g->domid;
        must(driver_test.destroy(g, &e), &e);
    }
    driver_test.close(d);
}

static void test_bad_specs(void)
{
    struct driver *d = plain_driver();
    AUTO(spec_freep) struct spec *s = new_spec(NULL);
    struct job j = JOB_INIT;
    struct err e = {0};

    free(s->uuid);
    s->uuid = NULL;
    CU_ASSERT_PTR_NULL(driver_test.create(d, s, &j, &e));
    ASSERT_ERR(e, ERR_INVALID, "no uuid");
    driver_test.close(d);
}

static void *churn(void *arg)
{
    struct driver *d = arg;

    for (int i = 0; i < 50; i++) {
        struct err e = {0};
        struct guest *g = must_create(d, NULL);
        int fd = driver_test.console(g, &e);

        must(driver_test.resume(g, &e), &e);
        must(write_all(fd, "x\r", 2, &e), &e);
        CU_ASSERT_TRUE(says(fd, "web1: x"));
        state_of(d, g);
        test_guest_cpu(d, g->uuid, (uint64_t)i);
        close(fd);
        must(driver_test.destroy(g, &e), &e);
    }
    return NULL;
}

static void test_threads(void)
{
    struct driver *d = plain_driver();
    struct watcher w;
    pthread_t threads[4];

    watch(&w, d);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_create(&threads[i], NULL, churn, d);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(test_driver_guests(d), 0);
    CU_ASSERT_TRUE(wait_count(&w, 4 * 50 * 3)); /* paused, running, gone: none is lost */
    unwatch(&w);
    driver_test.close(d);
}

TESTS("test driver", {"words let operations fail", test_words_fail}, {"bad words", test_bad_words},
      {"the key test-control", test_control_key}, {"control from C", test_from_c},
      {"hanging operations", test_hang}, {"a cancelled create", test_cancel},
      {"how guests end", test_endings}, {"watch", test_watch}, {"consoles", test_console},
      {"abused consoles", test_console_abuse}, {"console log", test_console_log},
      {"node_info", test_node_info}, {"restore", test_restore},
      {"a save that fails", test_save_fails}, {"guests survive xend", test_persistence},
      {"state that cannot be kept", test_persistence_fails}, {"10,000 guests", test_scale},
      {"ids wrap", test_domids_wrap}, {"bad specs", test_bad_specs}, {"threads", test_threads})
