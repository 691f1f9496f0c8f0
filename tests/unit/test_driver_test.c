/* The test driver: words and control, hanging and ending guests, its watch. */
#include "tests/unit/test_driver_test.h"

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
      {"how guests end", test_endings}, {"watch", test_watch}, {"node_info", test_node_info},
      {"bad specs", test_bad_specs}, {"threads", test_threads})
