/*
 * The qemu driver: what a guest may take of the host. Limits of its process, its share of the CPUs
 * (in a tree of files that looks like cgroup v2), and floods of words that must not fill a disk.
 */
#include <sys/inotify.h>

#include "libxl/base/log.h"
#include "tests/unit/test_qemu_boot.h"

static char *read_text(const char *dir, const char *name)
{
    AUTO(freep) char *path = path_join(dir, name);
    struct buf b = BUF_INIT;
    struct err e;

    if (read_file(path, 1 << 20, &b, &e) < 0)
        buf_adds(&b, e.msg);
    return buf_steal(&b);
}

static void expect_text(const char *dir, const char *name, const char *want)
{
    AUTO(freep) char *got = read_text(dir, name);

    CU_ASSERT_STRING_EQUAL(got, want);
}

static struct spec *disk_spec(struct rig *r, const char *name)
{
    AUTO(freep) char *disk = boot_disk(r, "disk.img", "disk");
    struct spec *s = bios_spec(name, "c");

    add_image(s, disk, "xvda", "w");
    return s;
}

static void test_process(void)
{
    AUTO(freep) char *proc = NULL;
    AUTO(freep) char *text = NULL;
    struct rig r;
    struct spec *s;
    struct guest *g;

    if (!have_qemu())
        return;
    rig_init(&r);
    s = disk_spec(&r, "limits");
    g = must_create(&r, s);
    proc = xasprintf("/proc/%d", (int)((struct qguest *)g)->pid);
    text = read_text(proc, "limits");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "Max core file size        0                    0                    bytes"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "Max open files            16384                16384                files"));
    expect_text(proc, "oom_score_adj", "0\n");
    end(&r, g);
    spec_free(s);
    rig_clear(&r);
}

/* A directory and a file in it, as a kernel with cgroup v2 would have them. */
static void make_control(const char *dir, const char *name, const char *text)
{
    AUTO(freep) char *path = path_join(dir, name);

    OK(make_dirs(dir, 0755, e));
    OK(write_file_atomic(path, text, strlen(text), 0644, e));
}

static void test_share(void)
{
    static const struct {
        int64_t weight, cap;
        const char *cpu_weight, *cpu_max;
    } rows[] = {{256, 0, "100", "max 100000"},
                {512, 50, "200", "50000 100000"},
                {1, 250, "1", "250000 100000"},
                {65535, 1, "10000", "1000 100000"},
                {128, 51200, "50", "51200000 100000"}};
    AUTO(freep) char *root = NULL;
    AUTO(freep) char *slice = NULL;
    struct rig r;

    if (!have_qemu())
        return;
    rig_init(&r);
    root = path_join(r.dir, "cgroup");
    slice = path_join(root, "xend.slice");
    rig_close(&r);
    value_set_str(r.config, "qemu-cgroups", root);
    rig_open(&r);
    rig_watch(&r);
    make_control(root, "cgroup.controllers", "cpuset cpu io\n");
    make_control(root, "cgroup.subtree_control", "");
    make_control(slice, "cgroup.subtree_control", "");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct spec *s = disk_spec(&r, "share");
        AUTO(freep) char *group = path_join(slice, s->uuid);
        AUTO(freep) char *pid = NULL;
        struct guest *g;

        s->cpu_weight = rows[i].weight;
        s->cpu_cap = rows[i].cap;
        make_control(group, "cpu.weight", "");
        make_control(group, "cpu.max", "");
        make_control(group, "cgroup.procs", "");
        g = must_create(&r, s);
        pid = xasprintf("%d", (int)((struct qguest *)g)->pid);
        expect_text(root, "cgroup.subtree_control", "+cpu");
        expect_text(slice, "cgroup.subtree_control", "+cpu");
        expect_text(group, "cpu.weight", rows[i].cpu_weight);
        expect_text(group, "cpu.max", rows[i].cpu_max);
        expect_text(group, "cgroup.procs", pid);
        end(&r, g);
        spec_free(s);
    }
    rig_clear(&r);
}

/* Where the host cannot, the guest runs all the same; who asked for a share is told. */
static void test_no_cgroups(void)
{
    AUTO(freep) char *root = NULL;
    AUTO(freep) char *log = NULL;
    AUTO(freep) char *said = NULL;
    struct rig r;
    struct spec *s;
    struct err err;

    if (!have_qemu())
        return;
    rig_init(&r);
    root = path_join(r.dir, "cgroup");
    log = path_join(r.dir, "xend.log");
    rig_close(&r);
    value_set_str(r.config, "qemu-cgroups", root);
    rig_open(&r);
    rig_watch(&r);
    CU_ASSERT_EQUAL(log_open(log, LOG_INFO, &err), 0);
    s = disk_spec(&r, "quiet");
    end(&r, must_create(&r, s));
    free(s->name);
    s->name = xstrdup("asks");
    s->cpu_cap = 50;
    end(&r, must_create(&r, s));
    make_control(root, "cgroup.controllers", "memory cpuset\n");
    end(&r, must_create(&r, s));
    CU_ASSERT_EQUAL(log_open(NULL, LOG_INFO, &err), 0);
    said = read_text(r.dir, "xend.log");
    CU_ASSERT_PTR_NULL(strstr(said, "quiet"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(said, "asks: cpu_weight and cpu_cap have no effect: this host has no cgroup v2 at"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "this host's cgroup v2 has no cpu controller"));
    spec_free(s);
    rig_clear(&r);
}

/* ---- floods ---- */

struct flood {
    off_t largest;
    int cuts;
    int64_t written;
};

/* Watches a log that grows until it was cut so many times. */
static bool watch_flood(const char *path, int cuts, struct flood *f)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    int64_t deadline = now_ms() + WAIT_MS;
    struct stat st = {0};
    off_t before = 0;

    memset(f, 0, sizeof(*f));
    CU_ASSERT_FATAL(fd >= 0 && inotify_add_watch(fd, path, IN_MODIFY) >= 0);
    while (f->cuts < cuts && now_ms() < deadline) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char events[4096];

        poll(&p, 1, 1000);
        while (read(fd, events, sizeof(events)) > 0)
            ;
        if (stat(path, &st) < 0)
            return false;
        if (st.st_size < before)
            f->cuts++;
        else
            f->written += st.st_size - before;
        if (st.st_size > f->largest)
            f->largest = st.st_size;
        before = st.st_size;
    }
    close(fd);
    fprintf(stderr, "(%lld KiB, at most %lld KiB at once, %d cuts) ", (long long)(f->written >> 10),
            (long long)(f->largest >> 10), f->cuts);
    return f->cuts >= cuts;
}

static struct guest *start_flood(struct rig *r, struct spec **s)
{
    struct guest *g;

    *s = bios_spec("flood", "c");
    (*s)->kernel = path_absolute("build/guest/vmlinux");
    (*s)->ramdisk = path_absolute("build/guest/initrd.img");
    (*s)->extra = xstrdup("quiet flood=1000000");
    (*s)->memory = 128;
    g = must_create(r, *s);
    OK(r->d->ops->resume(g, e));
    CU_ASSERT(next_change(r, GUEST_RUNNING, 20000));
    return g;
}

static void test_console_flood(void)
{
    AUTO(freep) char *log = NULL;
    AUTO(freep) char *tail = NULL;
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct flood f;
    struct timespec before, after;

    if (!have_qemu())
        return;
    if (access("build/guest/vmlinux", R_OK) < 0) {
        test_skip("no build/guest: run scripts/mkguest");
        return;
    }
    rig_init(&r);
    g = start_flood(&r, &s);
    log = r.d->ops->console_log(g);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    CU_ASSERT(watch_flood(log, 5, &f));
    CU_ASSERT(f.largest < 64 << 20);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    fprintf(stderr, "(cpu %lld ms, most of it this test's) ",
            (long long)((after.tv_sec - before.tv_sec) * 1000 +
                        (after.tv_nsec - before.tv_nsec) / 1000000));
    OK(r.d->ops->pause(g, e)); /* still obeys */
    CU_ASSERT(next_change(&r, GUEST_PAUSED, 20000));
    tail = read_text("/", log + 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(tail, "must not fill the disk of the host\r\nguest: a flood"));
    end(&r, g);
    spec_free(s);
    rig_clear(&r);
}

/* Its QEMU, too, may be made to talk: here by a trace of the serial port. */
static void test_stderr_flood(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct stat st;
    struct flood f;
    AUTO(freep) char *log = NULL;

    if (!have_qemu())
        return;
    if (access("build/guest/vmlinux", R_OK) < 0) {
        test_skip("no build/guest: run scripts/mkguest");
        return;
    }
    rig_init(&r);
    g = start_flood(&r, &s);
    {
        struct value *args = value_map();

        value_set_str(args, "name", "serial_*");
        value_set_bool(args, "enable", true);
        OK(qguest_call_take((struct qguest *)g, "trace-event-set-state", args, NULL, e));
    }
    log = xstrdup(((struct qguest *)g)->log);
    CU_ASSERT(watch_flood(log, 5, &f));
    CU_ASSERT(f.largest < 256 << 20);
    end(&r, g);
    CU_ASSERT(stat(log, &st) == 0 && st.st_size <= LOG_BYTES_MAX); /* the last time at its end */
    spec_free(s);
    rig_clear(&r);
}

TESTS("qemu limits", {"of the process", test_process}, {"a share of the CPUs", test_share},
      {"no cgroups", test_no_cgroups}, {"a flood on the console", test_console_flood},
      {"a flood of QEMU's own words", test_stderr_flood})
