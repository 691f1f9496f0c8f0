/* libxl/qemu: saves and restores that fail, at any moment and from any damage. Real guests. */
#include "tests/unit/test_qemu_save.h"

static void check_nothing_left(struct rig *r)
{
    struct guest_sample s = {.mem_kib = 0};

    CU_ASSERT_EQUAL(guests_left(r), 0);
    OK(r->d->ops->sample(r->d, count_sample, &s, e));
    CU_ASSERT_EQUAL(s.mem_kib, 0);
}

/* Somebody at the other end of a socket: reads so much, then does this. */
struct peer {
    int fd;
    size_t enough;
    void (*then)(struct peer *p);
    struct job *job;
    struct rig *r;
    struct qguest *g;
    int console;
    pthread_t thread;
};

static void *peer_main(void *arg)
{
    struct peer *p = arg;
    AUTO(freep) char *chunk = xmalloc(MIB);
    size_t n = 0;
    ssize_t got = 1;

    while (n < p->enough && (got = read(p->fd, chunk, MIB)) > 0)
        n += (size_t)got;
    p->then(p);
    while (p->fd >= 0 && got > 0)
        got = read(p->fd, chunk, MIB);
    return NULL;
}

/* Returns our end. */
static int peer_start(struct peer *p)
{
    int ends[2];

    CU_ASSERT_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    p->fd = ends[1];
    pthread_create(&p->thread, NULL, peer_main, p);
    return ends[0];
}

static void peer_end(struct peer *p, int fd)
{
    close(fd);
    pthread_join(p->thread, NULL);
    if (p->fd >= 0)
        close(p->fd);
}

static void then_cancel(struct peer *p)
{
    uint64_t one = 1;

    p->job->cancelled = true;
    CU_ASSERT_EQUAL(write(p->job->cancel_fd, &one, sizeof(one)), sizeof(one));
}

static void then_close(struct peer *p)
{
    close(p->fd);
    p->fd = -1;
}

static void then_kill(struct peer *p)
{
    process_signal(p->g->pidfd, SIGKILL);
}

static void then_power_off(struct peer *p)
{
    struct err err;

    CU_ASSERT_EQUAL(write_all(p->console, "poweroff\r", 9, &err), 0);
    CU_ASSERT(read_until(p->console, "powering off", WAIT_MS));
    CU_ASSERT(next_change(p->r, GUEST_SHUTDOWN, WAIT_MS));
}

/* As it was before, and nobody heard of anything. */
static void check_unharmed(struct rig *r, struct guest *g, enum guest_state state)
{
    AUTO(value_freep) struct value *v = NULL;
    enum stop_reason reason;

    CU_ASSERT_EQUAL(r->d->ops->state(g, &reason), state);
    OK(qguest_call_take((struct qguest *)g, "query-status", NULL, &v, e));
    CU_ASSERT_STRING_EQUAL(value_get_str(v, "status", ""), guest_state_name(state));
    CU_ASSERT_EQUAL(r->n_seen, r->n_read);
}

/* One save that fails for what the peer does. */
static void fail_by(struct rig *r, struct guest *g, bool live, void (*then)(struct peer *p),
                    int console, struct err *e)
{
    struct job j = {.cancel_fd = eventfd(0, EFD_CLOEXEC)};
    struct peer p = {.enough = 2 * MIB,
                     .then = then,
                     .job = &j,
                     .r = r,
                     .g = (struct qguest *)g,
                     .console = console};
    int fd = peer_start(&p);

    CU_ASSERT_EQUAL(r->d->ops->save(g, fd, live, &j, e), -1);
    peer_end(&p, fd);
    close(j.cancel_fd);
}

static void check_failures(struct rig *r, struct guest *g, enum guest_state state)
{
    AUTO(closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct job cancelled = {.cancelled = true, .cancel_fd = -1};
    struct err err = {0};

    for (int live = 0; live < 2; live++) {
        CU_ASSERT_EQUAL(save(r, g, full, live, &err), -1);
        ASSERT_ERR(err, ERR_NO_RESOURCE, "writing: No space left");
        check_unharmed(r, g, state);
        CU_ASSERT_EQUAL(r->d->ops->save(g, full, live, &cancelled, &err), -1);
        ASSERT_ERR(err, ERR_CANCELLED, "cancelled");
        check_unharmed(r, g, state);
        fail_by(r, g, live, then_cancel, -1, &err);
        ASSERT_ERR(err, ERR_CANCELLED, "cancelled");
        check_unharmed(r, g, state);
        fail_by(r, g, live, then_close, -1, &err);
        CU_ASSERT(err.sys == EPIPE || err.sys == ECONNRESET);
        check_unharmed(r, g, state);
    }
}

static void test_failures(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct err err = {0};
    enum stop_reason reason;
    int fd, tick;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("failures", "tick=1");
    g = must_create(&r, s);
    fd = boot(&r, g);
    close(fd);
    check_failures(&r, g, GUEST_RUNNING);
    OK(r.d->ops->pause(g, e));
    CU_ASSERT(next_change(&r, GUEST_PAUSED, WAIT_MS));
    check_failures(&r, g, GUEST_PAUSED);
    tick = last_tick(&r, g);
    check_ticks(&r, g, tick);

    close(must_save(&r, g, "after all"));
    tick = last_tick(&r, g);
    check_ticks(&r, g, tick);
    OK(fd = r.d->ops->console(g, e));
    fail_by(&r, g, true, then_power_off, fd, &err); /* its end comes before that of the save */
    ASSERT_ERR(err, ERR_STATE, "it is shutdown");
    CU_ASSERT_EQUAL(r.d->ops->state(g, &reason), GUEST_SHUTDOWN);
    CU_ASSERT_EQUAL(reason, STOP_POWEROFF);
    close(fd);
    end(&r, g);

    g = must_create(&r, s);
    close(boot(&r, g));
    fail_by(&r, g, false, then_kill, -1, &err);
    if (err.code != ERR_STATE) /* the monitor may have seen its end before the next step */
        ASSERT_ERR(err, ERR_BACKEND, "QEMU was killed by signal 9");
    else
        ASSERT_ERR(err, ERR_STATE, "it is gone");
    CU_ASSERT(next_change(&r, GUEST_GONE, WAIT_MS));
    OK(r.d->ops->destroy(g, e));
    CU_ASSERT(next_change(&r, GUEST_GONE, WAIT_MS));
    spec_free(s);
    rig_clear(&r);
}

/* What is tried with a damaged file, a byte at a time. */
struct damage {
    struct rig *r;
    const struct spec *s;
    int file;
    off_t size;
};

static void refuse(const struct damage *d, enum err_code code, const char *words)
{
    struct err err = {0};

    CU_ASSERT_EQUAL(lseek(d->file, 0, SEEK_SET), 0);
    CU_ASSERT_PTR_NULL(restore(d->r, d->s, d->file, &err));
    ASSERT_ERR(err, code, words);
    check_nothing_left(d->r);
}

static void refuse_changed(const struct damage *d, off_t at, enum err_code code, const char *words)
{
    unsigned char byte, other;

    CU_ASSERT_EQUAL(pread(d->file, &byte, 1, at), 1);
    other = byte ^ 0x10;
    CU_ASSERT_EQUAL(pwrite(d->file, &other, 1, at), 1);
    refuse(d, code, words);
    CU_ASSERT_EQUAL(pwrite(d->file, &byte, 1, at), 1);
}

/* From its end to its beginning: each cut is the last one's. */
static void cut(const struct damage *d)
{
    static const int from_start[] = {40000, 700, 100, 30, 25, 18, 10, 0};

    for (int i = 0; i < 12; i++) {
        CU_ASSERT_EQUAL(ftruncate(d->file, d->size - 1 - i * (d->size / 12)), 0);
        refuse(d, ERR_INVALID, "the saved guest ends early, after");
    }
    for (size_t i = 0; i < ARRAY_LEN(from_start); i++) {
        CU_ASSERT_EQUAL(ftruncate(d->file, from_start[i]), 0);
        refuse(d, ERR_INVALID, "the saved guest ends early, after");
    }
}

static void change(const struct damage *d)
{
    refuse_changed(d, 0, ERR_INVALID, "this is no guest that the qemu driver saved");
    refuse_changed(d, 16, ERR_UNSUPPORTED, "saved by a newer xend"); /* "1" becomes "!" */
    refuse_changed(d, 19, ERR_INVALID, "is damaged at byte 18");     /* a length */
    refuse_changed(d, 24, ERR_INVALID, "is damaged at byte 18");     /* a checksum */
    refuse_changed(d, 30, ERR_INVALID, "is damaged at byte 18");     /* the description */
    for (int i = 1; i < 12; i++)
        refuse_changed(d, i * (d->size / 12), ERR_INVALID, "");
    refuse_changed(d, d->size - 8, ERR_INVALID, "");
    refuse_changed(d, d->size - 1, ERR_INVALID, "is damaged at byte");
    CU_ASSERT_EQUAL(pwrite(d->file, "x", 1, d->size), 1);
    refuse(d, ERR_INVALID, "something follows the saved guest, at byte");
    CU_ASSERT_EQUAL(ftruncate(d->file, d->size), 0);
}

static void other_machines(const struct damage *d)
{
    struct damage other = *d;
    struct spec *s = spec_copy(d->s);

    other.s = s;
    free(s->machine);
    s->machine = xstrdup("pc-i440fx-7.1");
    refuse(&other, ERR_INVALID, "saved on the machine type pc-i440fx-7.2, to be restored on pc-i4");
    free(s->machine);
    s->machine = xstrdup("q35");
    refuse(&other, ERR_INVALID, "saved on the machine type pc-i440fx-7.2, to be restored on q35");
    free(s->machine);
    s->machine = xstrdup("pc"); /* any of them */
    vec_push(&s->devices, disk(d->r, "xvdz"));
    refuse(&other, ERR_INVALID, "saved with the devices none, to be restored with xvdz");
    spec_free(s);
}

/* The same blocks behind another description: whole and undamaged, but not what it says. */
static void retell(const struct damage *d, void (*lie)(struct saved *s), enum err_code code,
                   const char *words)
{
    struct job j = JOB_INIT;
    struct frames in, out;
    struct saved saved;
    struct damage other = *d;
    size_t n = 1;

    other.file = temp_file(d->r, "retold");
    CU_ASSERT_EQUAL(lseek(d->file, 0, SEEK_SET), 0);
    frames_init(&in, d->file, &j);
    frames_init(&out, other.file, &j);
    OK(saved_read(&saved, &in, e));
    lie(&saved);
    OK(saved_write(&saved, &out, e));
    while (n) {
        OK(frame_get(&in, &n, e));
        memcpy(out.data, in.data, n);
        OK(frame_put(&out, n, e));
    }
    refuse(&other, code, words);
    frames_clear(&in);
    frames_clear(&out);
    saved_clear(&saved);
    close(other.file);
}

static void grow(struct saved *s)
{
    s->mem_most_kib *= 2;
}

static void be_kvm(struct saved *s)
{
    strcpy(s->accel, "kvm");
}

static void be_old(struct saved *s)
{
    strcpy(s->qemu, "6.2");
}

static void be_none(struct saved *s)
{
    s->vcpus = 0;
}

static void be_nothing(struct saved *s)
{
    strcpy(s->machine, "a,b");
}

static void be_unknown(struct saved *s)
{
    strcpy(s->machine, "pc-9");
}

static void be_large(struct saved *s)
{
    s->mem_most_kib = (uint64_t)field_find(&spec_fields, "memory")->max * 1024;
}

static void test_damage(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;
    struct damage d;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("damage", "");
    g = must_create(&r, s);
    close(boot(&r, g));
    d = (struct damage){&r, s, must_save(&r, g, "file"), 0};
    d.size = lseek(d.file, 0, SEEK_END);
    end(&r, g);
    change(&d);
    other_machines(&d);
    retell(&d, grow, ERR_INVALID, "QEMU cannot take the saved guest: ");
    if (!kvm_usable((struct qemu *)r.d, &(const char *){NULL}))
        retell(&d, be_kvm, ERR_UNSUPPORTED, "saved with cpu max under kvm, this host has tcg: ");
    retell(&d, be_old, ERR_UNSUPPORTED, "saved with cpu max under QEMU 6.2, this host has QEMU ");
    retell(&d, be_none, ERR_INVALID, "makes no sense");
    retell(&d, be_large, ERR_NO_RESOURCE, "MiB asked for, the host has");
    retell(&d, be_nothing, ERR_INVALID, "machine: 'a,b'");
    retell(&d, be_unknown, ERR_INVALID, "QEMU has no such machine type");
    end(&r, must_restore(&r, s, d.file)); /* nothing of all this has changed it */
    cut(&d);
    close(d.file);
    spec_free(s);
    rig_clear(&r);
}

/* Puts the beginning of a file into a socket, and then cancels who reads it. */
static void *feed(void *arg)
{
    struct peer *p = arg;
    AUTO(freep) char *half = xmalloc(p->enough);
    struct err err;

    CU_ASSERT_EQUAL(pread(p->console, half, p->enough, 0), (ssize_t)p->enough);
    CU_ASSERT_EQUAL(write_all(p->fd, half, p->enough, &err), 0);
    p->then(p);
    return NULL;
}

/* No time is known in which it ends by itself: nothing more would ever come. */
static void test_cancelled_restore(void)
{
    static const size_t sizes[] = {0, 10, 100, 30000, 20 * MIB};
    struct rig r;
    struct spec *s;
    struct guest *g;
    int file;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("cancelled", "");
    g = must_create(&r, s);
    close(boot(&r, g));
    file = must_save(&r, g, "file");
    end(&r, g);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct job j = {.cancel_fd = eventfd(0, EFD_CLOEXEC)};
        struct peer p = {.enough = sizes[i], .then = then_cancel, .job = &j, .console = file};
        struct err err = {0};
        int ends[2];

        CU_ASSERT_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        p.fd = ends[1];
        pthread_create(&p.thread, NULL, feed, &p);
        CU_ASSERT_PTR_NULL(r.d->ops->restore(r.d, s, ends[0], &j, &err));
        ASSERT_ERR(err, ERR_CANCELLED, "cancelled");
        peer_end(&p, ends[0]);
        close(j.cancel_fd);
        check_nothing_left(&r);
    }
    close(file);
    spec_free(s);
    rig_clear(&r);
}

TESTS("qemu save, failures", {"a save that fails changes nothing", test_failures},
      {"damaged files, other machines", test_damage},
      {"a cancelled restore leaves nothing", test_cancelled_restore})
