/*
 * Dumps of real guests under the qemu driver (see test_qemu_guest.h): running, paused, crashed; and
 * those that fail.
 */
#include <elf.h>
#include <fcntl.h>

#include "tests/unit/test_qemu_guest.h"

static void check_core(int fd, bool sparse)
{
    Elf64_Ehdr header = {0};
    struct stat st;

    CU_ASSERT_EQUAL(pread(fd, &header, sizeof(header), 0), sizeof(header));
    CU_ASSERT_EQUAL(memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
    CU_ASSERT_EQUAL(header.e_type, ET_CORE);
    CU_ASSERT(fstat(fd, &st) == 0 && st.st_size > 128 << 20);
    if (sparse)
        CU_ASSERT(st.st_blocks * 512 < st.st_size * 9 / 10);
    fprintf(stderr, "(core %d MiB, %d on disk) ", (int)(st.st_size >> 20),
            (int)(st.st_blocks >> 11));
}

static int open_core(struct rig *r, const char *name)
{
    AUTO(freep) char *path = path_join(r->dir, name);

    return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static void check_failing_dumps(struct rig *r, struct guest *g)
{
    struct job j = JOB_INIT, cancelled = {.cancelled = true};
    AUTO(closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    AUTO(closep) int fd = open_core(r, "cancelled");
    struct err err = {0};

    CU_ASSERT_EQUAL(r->d->ops->dump(g, full, &j, &err), -1);
    ASSERT_ERR(err, ERR_NO_RESOURCE, "dump: ");
    cancelled.cancel_fd = eventfd(1, EFD_CLOEXEC);
    CU_ASSERT_EQUAL(r->d->ops->dump(g, fd, &cancelled, &err), -1);
    ASSERT_ERR(err, ERR_CANCELLED, "cancelled");
    close(cancelled.cancel_fd);
    CU_ASSERT_EQUAL(sample(r).state, GUEST_RUNNING);
    CU_ASSERT(becomes(g, "running"));
}

static void test_dump(void)
{
    struct job j = JOB_INIT;
    struct rig r;
    struct spec *s;
    struct guest *g;
    int fd, core;

    if (!have_guest())
        return;
    rig_init(&r);
    s = make_spec("dump", "tick=1");
    g = must_create(&r, s);
    fd = boot(&r, g);
    core = open_core(&r, "core");
    OK(r.d->ops->dump(g, core, &j, e));
    check_core(core, true);
    close(core);
    CU_ASSERT(j.total > 128 << 20 && j.done == j.total);
    check_failing_dumps(&r, g);
    CU_ASSERT(read_until(fd, "guest: tick", WAIT_MS)); /* it runs on */
    CU_ASSERT_EQUAL(r.n_seen, r.n_read);               /* and nobody heard of a pause */
    close(fd); /* a viewer that does not read stops a guest after 300 bytes or so */

    OK(r.d->ops->pause(g, e));
    CU_ASSERT(next_change(&r, GUEST_PAUSED, WAIT_MS));
    core = open_core(&r, "core2");
    OK(r.d->ops->dump(g, core, &j, e));
    check_core(core, true);
    close(core);
    CU_ASSERT_EQUAL(sample(&r).state, GUEST_PAUSED);
    let_run(&r, g);
    OK(r.d->ops->sysrq(g, 'c', e));
    CU_ASSERT(next_change(&r, GUEST_CRASHED, WAIT_MS));
    core = open_core(&r, "core3");
    OK(r.d->ops->dump(g, core, &j, e)); /* what on_crash=coredump-destroy wants */
    check_core(core, true);
    close(core);
    CU_ASSERT_EQUAL(sample(&r).state, GUEST_CRASHED);
    end_all(&r, g, s);
}

TESTS("qemu dump", {"dump", test_dump})
