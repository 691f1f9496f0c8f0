/*
 * The qemu driver with real guests (TCG: works everywhere). Needs QEMU and the guest of
 * scripts/mkguest in build/guest. Waits for events, with deadlines; sleeps for nothing.
 */
#include <fcntl.h>
#include <signal.h>

#include "libxl/base/log.h"
#include "tests/unit/test_qemu_guest.h"

static bool stop_until_shutdown(struct rig *r, struct guest *g, enum stop_reason how)
{
    OK(r->d->ops->stop(g, how, e));
    return next_change(r, GUEST_SHUTDOWN, WAIT_MS) && r->seen[r->n_read - 1].reason == how;
}

static void test_life(void)
{
    struct guest_sample now;
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct stat st;
    char *log;
    int fd;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("life", "");
    free(s->kernel);
    s->kernel = path_absolute(BZIMAGE);
    g = must_create(&r, s);
    CU_ASSERT_STRING_EQUAL(g->uuid, s->uuid);
    CU_ASSERT_EQUAL(g->domid, 1);
    fd = boot(&r, g);
    OK(r.d->ops->pause(g, e));
    CU_ASSERT(next_change(&r, GUEST_PAUSED, 10000));
    now = sample(&r);
    CU_ASSERT_EQUAL(now.state, GUEST_PAUSED);
    CU_ASSERT_EQUAL(now.mem_kib, 128 * 1024);
    CU_ASSERT_EQUAL(now.vcpus_online, 1);
    CU_ASSERT(now.cpu_ns > 100000000);
    let_run(&r, g);
    CU_ASSERT(stop_until_shutdown(&r, g, STOP_POWEROFF));
    log = r.d->ops->console_log(g);
    CU_ASSERT(stat(log, &st) == 0 && st.st_size > 100);
    free(log);
    end(&r, g);
    close(fd);
    spec_free(s);
    rig_clear(&r);
}

static void test_reboot(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("reboot", "");
    g = must_create(&r, s);
    close(boot(&r, g));
    CU_ASSERT(stop_until_shutdown(&r, g, STOP_REBOOT)); /* asked for */
    end(&r, g);
    spec_free(s);

    s = make_spec("reboot", "reboot"); /* by itself */
    g = must_create(&r, s);
    close(boot(&r, g));
    CU_ASSERT(next_change(&r, GUEST_SHUTDOWN, WAIT_MS));
    CU_ASSERT_EQUAL(r.seen[r.n_read - 1].reason, STOP_REBOOT);
    end_all(&r, g, s);
}

static void test_crash(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("crash", "crash");
    g = must_create(&r, s);
    close(boot(&r, g));
    CU_ASSERT(next_change(&r, GUEST_CRASHED, WAIT_MS));
    end_all(&r, g, s);
}

static void test_killed(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("killed", "");
    g = must_create(&r, s);
    let_run(&r, g);
    kill(((struct qguest *)g)->pid, SIGKILL);
    CU_ASSERT(next_change(&r, GUEST_GONE, 10000));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.seen[r.n_read - 1].detail, "killed by signal 9"));
    {
        struct err e;
        CU_ASSERT_EQUAL(r.d->ops->pause(g, &e), -1);
        ASSERT_ERR(e, ERR_STATE, "gone");
    }
    end_all(&r, g, s); /* what is left of it */
}

static void test_adopt(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;
    pid_t pid;
    uint32_t domid;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("adopt", "");
    g = must_create(&r, s);
    close(boot(&r, g));
    pid = ((struct qguest *)g)->pid;
    domid = g->domid;
    r.d->ops->forget(g);
    rig_close(&r);

    rig_open(&r);
    OK(r.d->ops->scan(r.d, on_found, &r, e));
    rig_watch(&r);
    CU_ASSERT_EQUAL(r.n_found, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r.found);
    g = r.found;
    CU_ASSERT_STRING_EQUAL(g->uuid, s->uuid);
    CU_ASSERT_EQUAL(g->domid, domid);
    CU_ASSERT_EQUAL(((struct qguest *)g)->pid, pid);
    CU_ASSERT_EQUAL(r.found_state, GUEST_RUNNING);
    CU_ASSERT_STRING_EQUAL(r.found_spec->name, "adopt");

    /* it ends while nobody looks: what it did is still known */
    CU_ASSERT(stop_until_shutdown(&r, g, STOP_POWEROFF));
    r.d->ops->forget(g);
    rig_close(&r);
    rig_open(&r);
    OK(r.d->ops->scan(r.d, on_found, &r, e));
    rig_watch(&r);
    CU_ASSERT_EQUAL(r.n_found, 2);
    CU_ASSERT_EQUAL(r.found_state, GUEST_SHUTDOWN);
    CU_ASSERT_EQUAL(((struct qguest *)r.found)->reason, STOP_POWEROFF);
    end_all(&r, r.found, s);
}

static void expect_failure_beside(struct rig *r, struct spec *s, enum err_code code,
                                  const char *words, int others)
{
    struct err e = {0};
    struct guest *g = create(r, s, &e);

    CU_ASSERT_PTR_NULL(g);
    ASSERT_ERR(e, code, words);
    CU_ASSERT_EQUAL(guests_left(r), others);
    spec_free(s);
}

static void expect_failure(struct rig *r, struct spec *s, enum err_code code, const char *words)
{
    expect_failure_beside(r, s, code, words, 0);
}

static void test_failures(void)
{
    struct rig r;
    struct spec *s;
    struct job cancelled = JOB_INIT;
    struct err e;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("bad", "");
    free(s->kernel);
    s->kernel = xstrdup("/no/such/kernel");
    expect_failure(&r, s, ERR_NOT_FOUND, "/no/such/kernel: No such file");
    s = make_spec("bad", "");
    free(s->kernel);
    s->kernel = path_absolute("Makefile");
    expect_failure(&r, s, ERR_INVALID, "not a kernel");
    s = make_spec("bad", "");
    s->memory = 100000000;
    expect_failure(&r, s, ERR_NO_RESOURCE, "memory: 100000000 MiB asked for, the host has");
    s = make_spec("bad", "");
    s->machine = xstrdup("pc-i440fx-99.9");
    expect_failure(&r, s, ERR_INVALID, "no such machine type");
    s = make_spec("bad", "");
    s->cpu_model = xstrdup("abacus");
    expect_failure(&r, s, ERR_INVALID, "no such CPU model");

    s = make_spec("bad", "");
    atomic_store(&cancelled.cancelled, true);
    CU_ASSERT_PTR_NULL(r.d->ops->create(r.d, s, &cancelled, &e));
    ASSERT_ERR(e, ERR_CANCELLED, "cancelled");
    spec_free(s);
    CU_ASSERT_EQUAL(r.n_seen, 0); /* xend never heard of any of them */
    rig_clear(&r);
}

static void add_disk(struct spec *s, const char *vdev, const char *path, const char *format,
                     enum disk_mode mode, enum disk_devtype devtype)
{
    struct device *d = device_new(DEVICE_DISK);

    d->disk.vdev = xstrdup(vdev);
    d->disk.type = path ? xstrdup("file") : NULL;
    d->disk.target = xstrdup_null(path);
    free(d->disk.format);
    d->disk.format = xstrdup_null(format);
    d->disk.mode = mode;
    d->disk.devtype = devtype;
    vec_push(&s->devices, d);
}

static void add_vif(struct spec *s, const char *model)
{
    struct device *d = device_new(DEVICE_VIF);

    free(d->vif.model);
    d->vif.model = xstrdup_null(model);
    vec_push(&s->devices, d);
}

/* A sparse file in the rig's directory. */
static char *image(struct rig *r, const char *name, off_t size)
{
    char *path = path_join(r->dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    CU_ASSERT_FATAL(fd >= 0 && ftruncate(fd, size) == 0);
    close(fd);
    return path;
}

static char *qcow2_image(struct rig *r, const char *name)
{
    char *path = path_join(r->dir, name);
    const char *argv[] = {"qemu-img", "create", "-q", "-f", "qcow2", path, "8M", NULL};
    AUTO(buf_clear) struct buf out = BUF_INIT;
    int status = 1;

    OK(proc_run(argv, 20000, &out, &status, e));
    CU_ASSERT_EQUAL(status, 0);
    return path;
}

/* Every bus and format that the driver knows, in one guest; it writes to one and reads it back. */
static void test_disks(void)
{
    AUTO(freep) char *raw = NULL;
    AUTO(freep) char *qcow2 = NULL;
    AUTO(freep) char *read_only = NULL;
    AUTO(freep) char *iso = NULL;
    struct rig r;
    struct spec *s, *second;
    struct guest *g;
    char marker[512 + 1] = "";
    int fd;

    if (!have_guest())
        return;
    rig_init(&r);
    raw = image(&r, "raw.img", 8 << 20);
    qcow2 = qcow2_image(&r, "a,b \"c\".qcow2"); /* names that would break an option */
    read_only = image(&r, "ro.img", 1 << 20);
    iso = image(&r, "cd.iso", 1 << 20);
    s = make_spec("disks", "disk=vda");
    add_disk(s, "xvdb", qcow2, "qcow2", DISK_WRITE, DISK_DISK);
    add_disk(s, "xvda", raw, NULL, DISK_WRITE, DISK_DISK); /* the first, though listed later */
    add_disk(s, "sda", read_only, "raw", DISK_READ, DISK_DISK);
    add_disk(s, "xvdc", iso, "raw", DISK_READ, DISK_CDROM);
    add_disk(s, "hdc", NULL, NULL, DISK_READ, DISK_CDROM);
    g = must_create(&r, s);
    CU_ASSERT_EQUAL(chmod(r.dir, 0700), 0); /* its QEMU came by descriptors: it needs no path */
    fd = boot(&r, g);
    close(fd);

    second = make_spec("second", ""); /* would write to the same image: QEMU's locks tell */
    add_disk(second, "xvda", raw, NULL, DISK_WRITE, DISK_DISK);
    expect_failure_beside(&r, second, ERR_BUSY, "in use by another process", 1);
    end(&r, g);
    fd = open(raw, O_RDONLY | O_CLOEXEC);
    CU_ASSERT_EQUAL(pread(fd, marker, 512, 8 * 512), 512);
    CU_ASSERT_PTR_NOT_NULL(strstr(marker, "guest was here"));
    close(fd);

    s->devices.ptr[0]->disk.mode = DISK_WRITE; /* and now it is free again */
    g = must_create(&r, s);
    end_all(&r, g, s);
}

static void test_network_and_cpus(void)
{
    struct guest_sample now;
    struct rig r;
    struct spec *s;
    struct guest *g;
    int fd = -1;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("net", "ip=dhcp");
    s->vcpus = 2;
    add_vif(s, NULL);
    add_vif(s, "rtl8139");
    add_vif(s, "e1000");
    g = must_create(&r, s);
    OK(fd = r.d->ops->console(g, e));
    let_run(&r, g);
    CU_ASSERT(read_until(fd, "MiB, 2 cpus", WAIT_MS));
    CU_ASSERT(read_until(fd, "guest: net eth0 10.0.2.15", WAIT_MS));
    close(fd);
    now = sample(&r);
    CU_ASSERT_EQUAL(now.vcpus_online, 2);
    CU_ASSERT_EQUAL(now.state, GUEST_RUNNING);
    end_all(&r, g, s); /* as it runs */
}

/* Without a kernel the BIOS looks for one, and is heard on the console. */
static void test_bios(void)
{
    AUTO(freep) char *raw = NULL;
    struct rig r;
    struct spec *s;
    struct guest *g;
    int fd = -1;

    if (!have_guest())
        return;
    rig_init(&r);
    raw = image(&r, "empty.img", 1 << 20);
    s = make_spec("bios", "");
    free(s->kernel);
    s->kernel = xstrdup("/usr/lib/xen/boot/hvmloader");
    s->type = TYPE_HVM;
    s->acpi = true;
    add_disk(s, "hda", raw, NULL, DISK_WRITE, DISK_DISK);
    g = must_create(&r, s);
    OK(fd = r.d->ops->console(g, e));
    let_run(&r, g);
    CU_ASSERT(read_until(fd, "Booting from Hard Disk", WAIT_MS));
    close(fd);
    end_all(&r, g, s);
}

/* Asked to stop before its operating system is there: obeyed as soon as it is. */
static void test_stop_early(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("early", "");
    g = must_create(&r, s);
    let_run(&r, g);
    OK(r.d->ops->stop(g, STOP_POWEROFF, e));
    CU_ASSERT(next_change(&r, GUEST_SHUTDOWN, WAIT_MS));
    CU_ASSERT_EQUAL(r.seen[r.n_read - 1].reason, STOP_POWEROFF);
    end_all(&r, g, s);
}

/* A QEMU that is stopped answers nothing; a command says so in time, and destroy ends it. */
static void test_hung(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct err err = {0};
    int64_t start;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("hung", "");
    g = must_create(&r, s);
    kill(((struct qguest *)g)->pid, SIGSTOP);
    CU_ASSERT_EQUAL(r.d->ops->resume(g, &err), -1);
    ASSERT_ERR(err, ERR_TIMEOUT, "does not answer cont");
    start = now_ms();
    OK(r.d->ops->destroy(g, e));
    CU_ASSERT(now_ms() - start < 15000);
    CU_ASSERT(next_change(&r, GUEST_GONE, 10000));
    spec_free(s);
    rig_clear(&r);
}

static bool status_has(pid_t pid, const char *line)
{
    AUTO(freep) char *path = xasprintf("/proc/%d/status", (int)pid);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e;

    return read_file(path, 65536, &b, &e) == 0 && strstr(b.ptr, line);
}

/* What a guest that took over its QEMU would have: little. */
static void test_privileges(void)
{
    AUTO(freep) char *path = NULL;
    AUTO(freep) char *sock = NULL;
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct stat st;
    pid_t pid;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("priv", "");
    g = must_create(&r, s);
    pid = ((struct qguest *)g)->pid;
    CU_ASSERT(status_has(pid, "Seccomp:\t2"));
    if (geteuid() == 0) {
        CU_ASSERT(status_has(pid, "NoNewPrivs:\t1"));
        CU_ASSERT(status_has(pid, "CapEff:\t0000000000000000"));
        CU_ASSERT(!status_has(pid, "\nUid:\t0\t"));
        CU_ASSERT(status_has(pid, "\nGroups:\t \n"));
    }
    path = path_join(((struct qguest *)g)->dir, "");
    CU_ASSERT(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
    sock = path_join(((struct qguest *)g)->dir, "qmp.sock");
    CU_ASSERT(stat(sock, &st) == 0 && (st.st_mode & 0777) == 0600);
    end_all(&r, g, s);
}

/* Accel auto: whatever the host can, a guest starts; and nobody waits for the answer twice. */
static void test_auto(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct err err = {0};
    int64_t start;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("auto", "");
    s->accel = xstrdup("kvm");
    g = create(&r, s, &err);
    if (g) {
        close(boot(&r, g));
        end(&r, g);
    } else {
        ASSERT_ERR(err, ERR_UNSUPPORTED, "accel: kvm: ");
    }
    strcpy(s->accel, "tcg");
    start = now_ms();
    g = must_create(&r, s);
    end(&r, g);
    free(s->accel);
    s->accel = xstrdup("auto");
    g = must_create(&r, s); /* remembered: no second probe */
    fprintf(stderr, "(tcg and auto: %d ms) ", (int)(now_ms() - start));
    end_all(&r, g, s);
}

TESTS("qemu live", {"create, console, pause, resume, poweroff, destroy", test_life},
      {"reboot, asked for and not", test_reboot}, {"kernel panic", test_crash},
      {"QEMU killed", test_killed}, {"forget, scan, adopt", test_adopt},
      {"creations that fail leave nothing", test_failures},
      {"disks of all kinds, and a locked one", test_disks},
      {"network and two cpus", test_network_and_cpus}, {"BIOS", test_bios},
      {"stop before it is up", test_stop_early}, {"a QEMU that hangs", test_hung},
      {"privileges", test_privileges}, {"accel", test_auto})
