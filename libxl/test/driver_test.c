/*
 * The test driver: guests in memory, complete for the interface, and the reference for what a
 * driver must do. One mutex guards everything; no guest costs a thread or a descriptor. What it
 * does wrong on demand is in test.h.
 */
#include <string.h>
#include <sys/eventfd.h>

#include "libxl/test/test_driver.h"

/* Opens on every host. The words of test-control are checked before anything is made. */
static struct driver *test_open(const struct driver_env *env, struct err *e)
{
    struct test_driver *d = xcalloc(1, sizeof(*d));
    const char *control = value_get_str(env->config, "test-control", "");
    const struct value *persist = value_get(env->config, "test-persist");
    bool keep = persist && value_type(persist) == VALUE_STRING
                    ? parse_bool(value_as_str(persist)) == 1
                    : value_get_bool(env->config, "test-persist", false);

    d->pub.ops = &driver_test;
    d->log_dir = env->log_dir;
    pthread_mutex_init(&d->lock, NULL);
    d->memory_kib = (uint64_t)HOST_MEMORY_MIB * 1024;
    d->console_epoll = d->console_wake = -1;
    d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    d->release_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->wake_fd < 0 || d->release_fd < 0)
        err_sys(e, "test driver");
    else if (rules_parse(&d->rules, d, control, "", e) == 0 &&
             (!keep || state_open(d, env->run_dir, e) == 0))
        return &d->pub;
    driver_test.close(&d->pub);
    return NULL;
}

/* Also of a driver that test_open did not finish. What is on disk stays there. */
static void test_close(struct driver *driver)
{
    struct test_driver *d = driver_of(driver);

    consoles_stop(d);
    for (size_t i = 0; i < d->guests.size; i++)
        if (d->guests.slots[i].key && d->guests.slots[i].item)
            guest_remove(d, d->guests.slots[i].item);
    index_clear(&d->guests);
    vec_clear(&d->rules);
    vec_clear(&d->changes);
    buf_clear(&d->host_log);
    close_fd(&d->wake_fd);
    close_fd(&d->release_fd);
    pthread_mutex_destroy(&d->lock);
    free(d->state_dir);
    free(d);
}

/* What create and restore share: a guest that has not run yet. */
static struct guest *add_guest(struct test_driver *d, const struct spec *s, enum test_op op,
                               struct job *j, struct test_guest *saved, struct err *e)
{
    struct rules rules = {0};
    struct test_guest *g;

    if (rules_parse(&rules, NULL, s->extra, "test:", e) < 0)
        return NULL;
    if (rules_enter(d, &rules, op, j, e) < 0) {
        vec_clear(&rules);
        return NULL;
    }
    pthread_mutex_lock(&d->lock);
    g = guest_add(d, s, 0, &rules, e);
    if (g && saved) {
        g->cpu_ns = saved->cpu_ns;
        g->booted = saved->booted;
    }
    if (g && (guest_pin_by_spec(g, s, e) < 0 || state_add(d, g, s, e) < 0)) {
        state_remove(d, g);
        guest_remove(d, g);
        g = NULL;
    }
    if (g) {
        guest_report(d, g, GUEST_PAUSED, NULL);
        host_log_add(d, "created", g);
        rules_leave(d, g, op);
    }
    pthread_mutex_unlock(&d->lock);
    return g ? &g->pub : NULL;
}

/* The spec is not kept: only what the guest needs of it. */
static struct guest *test_create(struct driver *driver, const struct spec *s, struct job *j,
                                 struct err *e)
{
    return add_guest(driver_of(driver), s, TEST_CREATE, j, NULL, e);
}

static struct guest *test_restore(struct driver *driver, const struct spec *s, int fd,
                                  struct job *j, struct err *e)
{
    struct test_guest saved = {0};

    if (stream_read(&saved, fd, j, e) < 0)
        return NULL;
    return add_guest(driver_of(driver), s, TEST_RESTORE, j, &saved, e);
}

/* Writes the guest, which stands still at the end; after a failure it is as it was. */
static int test_save(struct guest *guest, int fd, bool live, struct job *j, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest), copy;
    enum guest_state before;

    if (rules_enter(d, &g->rules, TEST_SAVE, j, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    before = g->state;
    copy = *g;
    if (!live && before == GUEST_RUNNING)
        guest_set_state(d, g, GUEST_PAUSED, NULL);
    pthread_mutex_unlock(&d->lock);
    if (before != GUEST_RUNNING && before != GUEST_PAUSED)
        return guest_wrong_state(&copy, "save", e);

    int r = stream_write(&copy, fd, j, e);
    pthread_mutex_lock(&d->lock);
    if (r == 0)
        guest_end(d, g, STOP_SUSPEND);
    else if (!live && before == GUEST_RUNNING && g->state == GUEST_PAUSED)
        guest_set_state(d, g, GUEST_RUNNING, NULL);
    if (r == 0)
        rules_leave(d, g, TEST_SAVE);
    pthread_mutex_unlock(&d->lock);
    return r;
}

/* A failure on demand leaves the guest whole, so that it can be tried again. */
static int test_destroy(struct guest *guest, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);

    if (rules_enter(d, &g->rules, TEST_DESTROY, NULL, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    guest_report(d, g, GUEST_GONE, NULL);
    host_log_add(d, "destroyed", g);
    state_remove(d, g);
    guest_remove(d, g);
    pthread_mutex_unlock(&d->lock);
    return 0;
}

static enum guest_state test_guest_state(struct guest *guest, enum stop_reason *reason)
{
    struct test_driver *d = driver_of(guest->driver);
    enum guest_state state;

    pthread_mutex_lock(&d->lock);
    state = guest_of(guest)->state;
    *reason = guest_of(guest)->reason;
    pthread_mutex_unlock(&d->lock);
    return state;
}

/* A guest that is kept on disk runs on for the next xend; any other is gone with its memory. */
static void test_forget(struct guest *guest)
{
    struct test_driver *d = driver_of(guest->driver);

    pthread_mutex_lock(&d->lock);
    guest_remove(d, guest_of(guest));
    pthread_mutex_unlock(&d->lock);
}

const struct driver_ops driver_test = {
    .name = "test",
    .flag = ON_TEST,
    .open = test_open,
    .close = test_close,
    .node_info = test_node_info,
    .host_log = test_host_log,
    .scan = test_scan,
    .sample = test_sample,
    .vcpus = test_vcpus,
    .watch = test_watch,
    .create = test_create,
    .restore = test_restore,
    .save = test_save,
    .destroy = test_destroy,
    .forget = test_forget,
    .state = test_guest_state,
    .pause = test_pause,
    .resume = test_resume,
    .stop = test_stop,
    .console = test_console_open,
    .console_log = test_console_log,
    .set_memory = test_set_memory,
    .set_maxmem = test_set_maxmem,
    .set_vcpus = test_set_vcpus,
    .pin_vcpu = test_pin_vcpu,
    .keep_spec = test_keep_spec,
    .set_aside = test_set_aside,
    .move = test_move,
    .set_sched = test_set_sched,
    .sysrq = test_sysrq,
    .trigger = test_trigger,
    .dump = test_dump,
    .attach = test_attach,
    .detach = test_detach,
    .set_media = test_set_media,
    .devices = test_devices,
};
