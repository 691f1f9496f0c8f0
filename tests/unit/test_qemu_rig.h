/*
 * A qemu driver under test with a thread in watch() that keeps what is reported: shared by
 * test_qemu_live.c and test_qemu_scan.c. Everything waits for changes, with deadlines.
 */
#ifndef TESTS_QEMU_RIG_H
#define TESTS_QEMU_RIG_H

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"
#include "tests/unit/cunit.h"

/* One driver under test, with a thread in watch() that keeps what is reported. */
struct rig {
    char dir[64];
    struct driver_env env;
    struct value *config;
    struct driver *d;
    int stop_fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct {
        enum guest_state state;
        enum stop_reason reason;
        char detail[512];
    } seen[64];
    int n_seen, n_read;
    struct guest *found, *all_found[8]; /* of the last scan: the last one, and all */
    struct spec *found_spec;
    enum guest_state found_state;
    int n_found;
};

static inline void on_change(void *arg, const struct guest_change *c)
{
    struct rig *r = arg;

    pthread_mutex_lock(&r->lock);
    if (r->n_seen < 64) {
        r->seen[r->n_seen].state = c->state;
        r->seen[r->n_seen].reason = c->reason;
        snprintf(r->seen[r->n_seen++].detail, 512, "%s", c->detail ? c->detail : "");
    }
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static inline void *watch_main(void *arg)
{
    struct rig *r = arg;
    struct err e;

    if (r->d->ops->watch(r->d, r->stop_fd, on_change, r, &e) < 0)
        fprintf(stderr, "watch: %s\n", e.msg);
    return NULL;
}

static inline void rig_open(struct rig *r)
{
    struct err e;

    r->d = driver_qemu.open(&r->env, &e);
    if (!r->d) {
        fprintf(stderr, "open: %s\n", e.msg);
        abort();
    }
    r->stop_fd = eventfd(0, EFD_CLOEXEC);
}

static inline void rig_watch(struct rig *r)
{
    pthread_create(&r->thread, NULL, watch_main, r);
}

static inline void rig_close(struct rig *r)
{
    uint64_t one = 1;

    CU_ASSERT_EQUAL(write(r->stop_fd, &one, sizeof(one)), sizeof(one));
    pthread_join(r->thread, NULL);
    close(r->stop_fd);
    r->d->ops->close(r->d);
}

static inline void rig_init(struct rig *r)
{
    char sub[2][96];

    memset(r, 0, sizeof(*r));
    strcpy(r->dir, "/tmp/test_qemu_live-XXXXXX");
    if (!mkdtemp(r->dir))
        abort();
    snprintf(sub[0], sizeof(sub[0]), "%s/run", r->dir);
    snprintf(sub[1], sizeof(sub[1]), "%s/log", r->dir);
    mkdir(sub[0], 0700);
    mkdir(sub[1], 0755);
    r->config = value_map();
    value_set_str(r->config, "qemu-accel", "tcg");
    value_set_str(r->config, "qemu-user", "nobody");
    r->env = (struct driver_env){
        .run_dir = xstrdup(sub[0]), .log_dir = xstrdup(sub[1]), .config = r->config};
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    rig_open(r);
    rig_watch(r);
}

static inline int count_entries(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *entry;
    char uuid[UUID_TEXT_SIZE];
    int n = 0;

    while (d && (entry = readdir(d)))
        n += uuid_normalize(entry->d_name, uuid);
    if (d)
        closedir(d);
    return n;
}

static inline int guests_left(struct rig *r)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/qemu", r->env.run_dir);
    return count_entries(path);
}

static inline void rig_clear(struct rig *r)
{
    AUTO(freep) char *cmd = xasprintf("rm -rf %s", r->dir);

    CU_ASSERT_EQUAL(guests_left(r), 0);
    rig_close(r);
    spec_free(r->found_spec);
    CU_ASSERT_EQUAL(waitpid(-1, NULL, WNOHANG), -1); /* no child, no zombie */
    value_free(r->config);
    free((char *)r->env.run_dir);
    free((char *)r->env.log_dir);
    CU_ASSERT_EQUAL(system(cmd), 0);
}

/* True when there is a change that was not looked at yet. */
static inline bool wait_change(struct rig *r, int timeout_ms)
{
    struct timespec until;
    bool there;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    pthread_mutex_lock(&r->lock);
    while (r->n_read == r->n_seen &&
           pthread_cond_timedwait(&r->changed, &r->lock, &until) != ETIMEDOUT)
        ;
    there = r->n_read < r->n_seen;
    pthread_mutex_unlock(&r->lock);
    return there;
}

/* Waits for the next change; true when it is this one. */
static inline bool next_change(struct rig *r, enum guest_state state, int timeout_ms)
{
    bool same = false;

    wait_change(r, timeout_ms);
    pthread_mutex_lock(&r->lock);
    if (r->n_read < r->n_seen) {
        same = r->seen[r->n_read++].state == state;
        if (!same)
            fprintf(stderr, "\n  change: %s instead of %s (%s)\n",
                    guest_state_name(r->seen[r->n_read - 1].state), guest_state_name(state),
                    r->seen[r->n_read - 1].detail);
    } else {
        fprintf(stderr, "\n  no change to %s in time\n", guest_state_name(state));
    }
    pthread_mutex_unlock(&r->lock);
    return same;
}

static inline void on_found(void *arg, struct guest *g, struct spec *s, enum guest_state state)
{
    struct rig *r = arg;

    if (r->n_found < 8)
        r->all_found[r->n_found++] = g;
    r->found = g;
    spec_free(r->found_spec);
    r->found_spec = s;
    r->found_state = state;
}

#define OK(expression)                                                                             \
    do {                                                                                           \
        struct err e_ = {0};                                                                       \
        struct err *e = &e_;                                                                       \
        int r_ = (expression);                                                                     \
        if (r_ < 0)                                                                                \
            fprintf(stderr, "\n  %s: %s\n", #expression, e_.msg);                                  \
        CU_ASSERT(r_ >= 0);                                                                        \
    } while (0)

#define END_MS 20000

static inline void let_run(struct rig *r, struct guest *g)
{
    OK(r->d->ops->resume(g, e));
    CU_ASSERT(next_change(r, GUEST_RUNNING, END_MS));
}

/* Destroys it, which is told. */
static inline void end(struct rig *r, struct guest *g)
{
    OK(r->d->ops->destroy(g, e));
    CU_ASSERT(next_change(r, GUEST_GONE, END_MS));
}

#endif
