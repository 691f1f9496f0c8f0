/* libxl/qemu: guests saved and restored, and live from one driver to another. Real guests. */
#include "tests/unit/test_qemu_save.h"

/* Has the guest's shell do something; true when it then says what is expected. */
static bool shell(int fd, const char *command, const char *expected)
{
    struct err err;
    AUTO(freep) char *line = xasprintf("%s\r", command);

    return write_all(fd, line, strlen(line), &err) == 0 && read_until(fd, expected, WAIT_MS);
}

/* Counts on where it was; also from the second save of what was restored. */
static void test_ticks(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;
    int fd, file, tick;
    uint32_t domid;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("ticks", "tick=1");
    g = must_create(&r, s);
    domid = g->domid;
    fd = boot(&r, g);
    CU_ASSERT(read_until(fd, "guest: tick 2", WAIT_MS));
    CU_ASSERT(shell(fd, "echo kept-$((6*7)) >/word; cat /word", "\nkept-42"));
    close(fd);
    file = must_save(&r, g, "one");
    tick = last_tick(&r, g);
    end(&r, g);
    free(s->kernel); /* it has booted: nobody needs them any more */
    s->kernel = xstrdup("/nowhere/kernel");
    g = must_restore(&r, s, file);
    CU_ASSERT_EQUAL(qemu_state(g, &(enum stop_reason){0}), GUEST_PAUSED);
    CU_ASSERT(g->domid > domid);
    close(file);
    check_ticks(&r, g, tick);

    file = must_save(&r, g, "two");
    tick = last_tick(&r, g);
    end(&r, g);
    g = must_restore(&r, s, file);
    close(file);
    check_ticks(&r, g, tick);
    OK(fd = r.d->ops->console(g, e));
    CU_ASSERT(shell(fd, "cat /word", "\nkept-42"));
    OK(r.d->ops->stop(g, STOP_POWEROFF, e)); /* while somebody reads */
    CU_ASSERT(read_until(fd, "powering off", WAIT_MS));
    CU_ASSERT(next_change(&r, GUEST_SHUTDOWN, WAIT_MS));
    close(fd);
    end_all(&r, g, s);
}

/* A checkpoint: it goes on, its disks its own again; so does a later xend let it. */
static void test_checkpoint(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct err err = {0};
    int file, tick;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("checkpoint", "tick=1");
    g = must_create(&r, s);
    close(boot(&r, g));
    file = must_save(&r, g, "file");
    tick = last_tick(&r, g);
    CU_ASSERT_EQUAL(r.d->ops->pause(g, &err), -1);
    ASSERT_ERR(err, ERR_STATE, "it is shutdown");
    CU_ASSERT_EQUAL(save(&r, g, file, false, &err), -1);
    ASSERT_ERR(err, ERR_STATE, "it is shutdown");
    check_ticks(&r, g, tick);
    close(file);

    OK(r.d->ops->pause(g, e));
    CU_ASSERT(next_change(&r, GUEST_PAUSED, WAIT_MS));
    close(must_save(&r, g, "paused"));
    tick = last_tick(&r, g);
    r.d->ops->forget(g);
    rig_close(&r);
    rig_open(&r);
    OK(r.d->ops->scan(r.d, on_found, &r, e));
    rig_watch(&r);
    CU_ASSERT_EQUAL_FATAL(r.n_found, 1);
    g = r.found;
    CU_ASSERT_EQUAL(r.found_state, GUEST_SHUTDOWN);
    {
        enum stop_reason reason;

        CU_ASSERT_EQUAL(r.d->ops->state(g, &reason), GUEST_SHUTDOWN);
        CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
    }
    check_ticks(&r, g, tick);
    file = must_save(&r, g, "again");
    end(&r, g); /* as it stands */
    close(file);
    spec_free(s);
    rig_clear(&r);
}

static void add_devices(struct rig *r, struct spec *s)
{
    struct device *cd = device_new(DEVICE_DISK), *vif = device_new(DEVICE_VIF);

    vec_push(&s->devices, disk(r, "xvda"));
    vec_push(&s->devices, disk(r, "xvdb"));
    cd->disk.vdev = xstrdup("hdc");
    cd->disk.devtype = DISK_CDROM;
    cd->disk.mode = DISK_READ;
    vec_push(&s->devices, cd);
    vif->vif.type = xstrdup("user");
    vif_set_mac(&vif->vif);
    vec_push(&s->devices, vif);
    s->vnc = true;
    s->vncunused = true;
    s->vncpasswd = xstrdup("secret12");
}

static void check_written(struct rig *r, const char *name, const char *words)
{
    AUTO(freep) char *path = path_join(r->dir, name);
    AUTO(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char found[64] = "";

    CU_ASSERT_EQUAL(pread(fd, found, strlen(words), 0), (ssize_t)strlen(words));
    CU_ASSERT_STRING_EQUAL(found, words);
}

/* Disks, an empty drive, an interface, a screen, a CPU that came later, a balloon. */
static void test_devices(void)
{
    struct job j = JOB_INIT;
    struct guest_sample sample = {0};
    struct vnc_place place;
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct err err = {0};
    int fd, file;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("devices", "disk=vda");
    add_devices(&r, s);
    s->maxvcpus = 3;
    s->maxmem = 192;
    g = must_create(&r, s);
    fd = boot(&r, g);
    OK(r.d->ops->set_vcpus(g, 2, &j, e));
    CU_ASSERT(read_until(fd, "guest: cpus 2", WAIT_MS));
    OK(r.d->ops->set_memory(g, 128 * 1024, &j, e));
    CU_ASSERT(shell(fd, "echo first | dd of=/dev/vda conv=fsync; echo done-$((1+1))", "\ndone-2"));
    close(fd);
    file = must_save(&r, g, "file");
    check_written(&r, "xvda", "first");
    end(&r, g);

    g = must_restore(&r, s, file);
    OK(r.d->ops->sample(r.d, count_sample, &sample, e));
    CU_ASSERT_EQUAL(sample.vcpus_online, 2);
    CU_ASSERT_EQUAL(sample.mem_kib, 128 * 1024);
    OK(r.d->ops->vnc(g, &place, e));
    CU_ASSERT(place.password);
    OK(fd = r.d->ops->console(g, e));
    let_run(&r, g);
    CU_ASSERT(shell(fd, "nproc; head -c 5 /dev/vda; echo .", "\nfirst"));
    CU_ASSERT(shell(fd, "echo second | dd of=/dev/vdb conv=fsync; echo done-$((1+2))", "\ndone-3"));
    check_written(&r, "xvdb", "second");
    CU_ASSERT(shell(fd, "echo cpus-$(nproc)", "\ncpus-2"));
    OK(r.d->ops->set_vcpus(g, 3, &j, e)); /* and more can come */
    CU_ASSERT(read_until(fd, "guest: cpus 3", WAIT_MS));
    OK(r.d->ops->set_memory(g, 160 * 1024, &j, e));
    close(fd);
    CU_ASSERT_EQUAL(lseek(file, 0, SEEK_SET), 0);
    CU_ASSERT_PTR_NULL(restore(&r, s, file, &err));
    ASSERT_ERR(err, ERR_EXISTS, "runs already");
    close(file);

    close(must_save(&r, g, "again")); /* three now */
    let_run(&r, g);
    end_all(&r, g, s);
}

static void *receive(void *arg)
{
    struct other *o = arg;

    o->g = restore(&o->r, o->s, o->fd, &o->err);
    if (!o->g)
        fprintf(stderr, "\n  receiving: %s\n", o->err.msg);
    return NULL;
}

static void tell_downtime(struct guest *g, int64_t start)
{
    AUTO(value_freep) struct value *v = NULL;

    OK(qguest_call_take((struct qguest *)g, "query-migrate", NULL, &v, e));
    fprintf(stderr, "(live %d ms, of which it stood %d; %d passes) ", (int)(now_ms() - start),
            (int)value_get_int(v, "downtime", -1),
            (int)value_get_int(value_get(v, "ram"), "dirty-sync-count", -1));
}

/* From one driver to another, while it runs, with a disk that both open. */
static void test_live(void)
{
    struct other o = {.g = NULL};
    struct rig r;
    struct spec *s;
    struct guest *g;
    int ends[2], fd, tick;
    enum stop_reason reason;
    struct err err = {0};
    int64_t start;

    if (!have_guest())
        return;
    rig_init(&r);
    rig_init(&o.r);
    s = make_spec("live", "tick=1 disk=vda");
    vec_push(&s->devices, disk(&r, "xvda"));
    o.s = s;
    g = must_create(&r, s);
    fd = boot(&r, g);
    CU_ASSERT(read_until(fd, "guest: tick 2", WAIT_MS));
    close(fd);
    CU_ASSERT_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    o.fd = ends[1];
    start = now_ms();
    pthread_create(&o.thread, NULL, receive, &o);
    OK(save(&r, g, ends[0], true, e));
    pthread_join(o.thread, NULL);
    tell_downtime(g, start);
    CU_ASSERT_PTR_NOT_NULL_FATAL(o.g);
    CU_ASSERT(next_change(&r, GUEST_SHUTDOWN, WAIT_MS));
    CU_ASSERT_EQUAL(r.n_read, r.n_seen);
    tick = last_tick(&r, g);
    CU_ASSERT_EQUAL(r.d->ops->resume(g, &err), -1); /* its disk is the other's now */
    ASSERT_ERR(err, ERR_BUSY, "disk");
    CU_ASSERT_EQUAL(r.d->ops->state(g, &reason), GUEST_SHUTDOWN);
    CU_ASSERT_EQUAL(reason, STOP_SUSPEND);
    end(&r, g);
    check_ticks(&o.r, o.g, tick);
    OK(fd = o.r.d->ops->console(o.g, e));
    CU_ASSERT(shell(fd, "echo there | dd of=/dev/vda conv=fsync; echo done-$((1+1))", "\ndone-2"));
    close(fd);
    check_written(&r, "xvda", "there");
    end(&o.r, o.g);
    close(ends[0]);
    close(ends[1]);
    spec_free(s);
    rig_clear(&r);
    rig_clear(&o.r);
}

static void test_checksum(void)
{
    char text[1000];

    CU_ASSERT_EQUAL(crc32c(0, "123456789", 9), 0xe3069283); /* of everybody's test */
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 31 + i / 7);
    for (size_t n = 0; n < sizeof(text); n += 7) {
        uint32_t crc = crc32c(0, text, n);

        CU_ASSERT_EQUAL(crc, crc32c_plain(0, text, n));
        CU_ASSERT_EQUAL(crc, crc32c(crc32c(0, text, n / 3), text + n / 3, n - n / 3));
    }
}

TESTS("qemu save", {"checksums", test_checksum}, {"it goes on from where it was", test_ticks},
      {"a checkpoint, a paused guest, a later xend", test_checkpoint},
      {"disks, empty drive, interface, screen, hot-plugged CPU, balloon", test_devices},
      {"live, from one to another", test_live})
