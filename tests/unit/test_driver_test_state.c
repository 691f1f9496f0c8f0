/* What the test driver keeps: saved guests, guests that survive xend, many of them. */
#include "tests/unit/test_driver_test.h"

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

TESTS("test driver, state", {"restore", test_restore}, {"a save that fails", test_save_fails},
      {"guests survive xend", test_persistence},
      {"state that cannot be kept", test_persistence_fails}, {"10,000 guests", test_scale},
      {"ids wrap", test_domids_wrap})
