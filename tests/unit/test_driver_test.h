/*
 * Guests of the test driver, for its tests.
 */
#ifndef TESTS_TEST_DRIVER_TEST_H
#define TESTS_TEST_DRIVER_TEST_H

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

static inline struct driver *open_driver(const char *dir, const char *control, bool persist)
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

static inline struct driver *plain_driver(void)
{
    return open_driver("/nowhere", NULL, false);
}

static inline char *temp_dir(void)
{
    char *dir = xstrdup("/tmp/test_driver-XXXXXX");

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    return dir;
}

static inline void remove_dir(char **dir)
{
    const char *const argv[] = {"rm", "-rf", *dir, NULL};
    struct buf out = BUF_INIT;
    struct err e;
    int status;

    CU_ASSERT_EQUAL(proc_run(argv, 10000, &out, &status, &e), 0);
    buf_clear(&out);
    free(*dir);
}

static inline struct spec *new_spec(const char *extra)
{
    struct spec *s = spec_new();
    char uuid[UUID_TEXT_SIZE];

    uuid_make(uuid);
    s->uuid = xstrdup(uuid);
    s->name = xstrdup("web1");
    s->extra = xstrdup_null(extra);
    return s;
}

static inline struct guest *create(struct driver *d, const char *extra, struct err *e)
{
    AUTO(spec_freep) struct spec *s = new_spec(extra);
    struct job j = JOB_INIT;

    return driver_test.create(d, s, &j, e);
}

static inline struct guest *must_create(struct driver *d, const char *extra)
{
    struct err e = {0};
    struct guest *g = create(d, extra, &e);

    if (!g)
        fprintf(stderr, "\n  %s\n", e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    return g;
}

static inline void must(int result, const struct err *e)
{
    if (result < 0)
        fprintf(stderr, "\n  %s\n", e->msg);
    CU_ASSERT_TRUE(result >= 0);
}

static inline void find_state(void *arg, const struct guest_sample *s)
{
    struct guest_sample *want = arg;

    if (strcmp(want->uuid, s->uuid) == 0)
        *want = *s;
}

static inline struct guest_sample sample_of(struct driver *d, const struct guest *g)
{
    struct guest_sample s = {.uuid = g->uuid, .state = GUEST_GONE};
    struct err e = {0};

    must(driver_test.sample(d, find_state, &s, &e), &e);
    return s;
}

static inline enum guest_state state_of(struct driver *d, const struct guest *g)
{
    return sample_of(d, g).state;
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

static inline void on_change(void *arg, const struct guest_change *c)
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

static inline void *watch_main(void *arg)
{
    struct watcher *w = arg;
    struct err e = {0};

    must(driver_test.watch(w->d, w->stop_fd, on_change, w, &e), &e);
    return NULL;
}

static inline void watch(struct watcher *w, struct driver *d)
{
    *w = (struct watcher){.d = d, .stop_fd = eventfd(0, EFD_CLOEXEC)};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    pthread_create(&w->thread, NULL, watch_main, w);
}

static inline bool wait_state(struct watcher *w, enum guest_state state)
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

static inline void unwatch(struct watcher *w)
{
    struct err e = {0};

    must(write_all(w->stop_fd, "\1\0\0\0\0\0\0\0", 8, &e), &e);
    pthread_join(w->thread, NULL);
    close(w->stop_fd);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
}

/* Reads until the console has said this. */
static inline bool says(int fd, const char *words)
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

#endif
