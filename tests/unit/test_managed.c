/*
 * Managed domains on disk: what is answered lasts. How often the disk is waited for, what the n-th
 * failure of each call leaves, and what a power cut leaves at any moment.
 */
#include <pthread.h>

#include "tests/unit/cunit.h"
#include "tests/unit/disk.h"
#include "tests/unit/power_cut.h"
#include "xend/managed.h"
#include "xend/savefile.h"
#include "xend/xend.h"

#define DOMAINS 3 /* 1 to 3; their memory tells the definition: 64 + version */

static struct xend xend_at(char *dir)
{
    return (struct xend){.paths = {.lib_dir = dir}};
}

static void uuid_of(int n, char out[UUID_TEXT_SIZE])
{
    snprintf(out, UUID_TEXT_SIZE, "00000000-0000-4000-8000-%012d", n);
}

static int define(const struct xend *x, int n, int version, struct err *e)
{
    AUTO(spec_freep) struct spec *s = spec_new();
    char uuid[UUID_TEXT_SIZE];

    uuid_of(n, uuid);
    s->name = xasprintf("d%d", n);
    s->uuid = xstrdup(uuid);
    s->kernel = xstrdup("/k");
    s->memory = 64 + version;
    return managed_write(x, s, e);
}

static int forget(const struct xend *x, int n, struct err *e)
{
    char uuid[UUID_TEXT_SIZE];

    uuid_of(n, uuid);
    return managed_remove(x, uuid, e);
}

/* The version of each that is there, 0 for none. */
struct found {
    int version[DOMAINS + 1];
    bool suspended[DOMAINS + 1];
};

static void on_found(void *arg, struct spec *s_take, bool suspended)
{
    struct found *f = arg;
    int n = s_take->name[1] - '0';

    CU_ASSERT_FATAL(n >= 1 && n <= DOMAINS);
    CU_ASSERT_EQUAL(f->version[n], 0);
    f->version[n] = (int)s_take->memory - 64;
    f->suspended[n] = suspended;
    spec_free(s_take);
}

static struct found load(const struct xend *x)
{
    struct found f = {0};
    struct err e = {0};

    CU_ASSERT_EQUAL_FATAL(managed_load(x, on_found, &f, &e), 0);
    return f;
}

/* What is beside the domains' own directories. */
static int strangers(const char *dir)
{
    AUTO(freep) char *dirs = path_join(dir, "domains");

    return disk_count(dirs, "."); /* those have none */
}

static void test_counts(void)
{
    AUTO(freep) char *dir = disk_new();
    struct xend x = xend_at(dir);
    struct err e;
    uint64_t before;

    load(&x);
    before = fs_syncs();
    CU_ASSERT_EQUAL(define(&x, 1, 1, &e), 0); /* the file, its directory, its name in the list */
    CU_ASSERT_EQUAL(fs_syncs() - before, 3);
    before = fs_syncs();
    CU_ASSERT_EQUAL(define(&x, 1, 2, &e), 0); /* the file, its directory */
    CU_ASSERT_EQUAL(fs_syncs() - before, 2);
    before = fs_syncs();
    CU_ASSERT_EQUAL(forget(&x, 1, &e), 0); /* its name */
    CU_ASSERT_EQUAL(fs_syncs() - before, 1);
    before = fs_syncs();
    CU_ASSERT_EQUAL(load(&x).version[1], 0);
    CU_ASSERT_EQUAL(fs_syncs() - before, 0);
    disk_remove(dir);
}

/* The first fsync of the list is held until everybody else has asked for one. */
struct crowd {
    struct xend *x;
    pthread_mutex_t lock;
    pthread_cond_t come;
    int here, wanted, syncs;
};

static int hold_first(void *arg, const struct fs_call *c)
{
    struct crowd *k = arg;

    pthread_mutex_lock(&k->lock);
    if (c->op == FS_RENAME) {
        k->here++;
        pthread_cond_broadcast(&k->come);
    } else if (c->op == FS_SYNC && k->syncs++ == 0) {
        while (k->here < k->wanted)
            pthread_cond_wait(&k->come, &k->lock);
    }
    pthread_mutex_unlock(&k->lock);
    return 0;
}

struct member {
    struct crowd *crowd;
    pthread_t thread;
    int n, r;
};

static void *leave(void *arg)
{
    struct member *m = arg;
    struct err e;

    m->r = forget(m->crowd->x, m->n, &e);
    return NULL;
}

static void test_group(void)
{
    AUTO(freep) char *dir = disk_new();
    struct xend x = xend_at(dir);
    struct crowd k = {&x, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 64, 0};
    struct member members[64];
    struct err e;

    for (int i = 0; i < 64; i++)
        CU_ASSERT_EQUAL(define(&x, i + 1, 1, &e), 0);
    fs_hook(hold_first, NULL, &k);
    for (int i = 0; i < 64; i++) {
        members[i] = (struct member){&k, 0, i + 1, -1};
        pthread_create(&members[i].thread, NULL, leave, &members[i]);
    }
    for (int i = 0; i < 64; i++) {
        pthread_join(members[i].thread, NULL);
        CU_ASSERT_EQUAL(members[i].r, 0);
    }
    fs_hook(NULL, NULL, NULL);
    CU_ASSERT(k.syncs <= 3); /* one held; one for all that came meanwhile; perhaps the last */
    CU_ASSERT_EQUAL(load(&x).version[1], 0);
    disk_remove(dir);
}

/* Each change with its n-th call failing: it says so and changes nothing, and then it works. */
static void sweep(enum fs_op op, int error)
{
    for (int what = 0; what < 3; what++) /* new, again, removed */
        for (int n = 1;; n++) {
            AUTO(freep) char *dir = disk_new();
            struct xend x = xend_at(dir);
            struct trouble t = {op, n, error, false, false};
            struct err e = {0};
            int r, before = what ? 1 : 0;

            load(&x);
            if (what)
                CU_ASSERT_EQUAL(define(&x, 1, 1, &e), 0);
            fs_hook(trouble_hook, NULL, &t);
            r = what == 2 ? forget(&x, 1, &e) : define(&x, 1, 2, &e);
            fs_hook(NULL, NULL, NULL);
            if (r < 0) {
                int now = load(&x).version[1];
                CU_ASSERT_EQUAL(e.sys, error);
                /* again: once it has its name, only the sync of the name can fail */
                CU_ASSERT(now == before || (what == 1 && op == FS_SYNC && now == 2));
                CU_ASSERT_EQUAL(strangers(dir), 0);
                CU_ASSERT_EQUAL(what == 2 ? forget(&x, 1, &e) : define(&x, 1, 2, &e), 0);
            }
            CU_ASSERT_EQUAL(load(&x).version[1], what == 2 ? 0 : 2);
            CU_ASSERT_EQUAL(strangers(dir), 0);
            disk_remove(dir);
            if (!t.happened)
                break;
            CU_ASSERT_FATAL(n < 100);
        }
}

static void test_failures(void)
{
    static const int errors[] = {ENOSPC, EIO, EMFILE};

    for (int op = 0; op < FS_OPS; op++)
        for (size_t i = 0; i < ARRAY_LEN(errors); i++)
            if (op != FS_UNLINK && op != FS_RMDIR) /* tidying: the next start does it */
                sweep((enum fs_op)op, errors[i]);
}

/* What suspend and resume do to files; what is in a checkpoint is long, and ends with this. */
#define CHECKPOINT_END "the end"

static int suspend(const struct xend *x, int n, struct err *e)
{
    char uuid[UUID_TEXT_SIZE], block[5000];
    AUTO(freep) char *file = NULL, *partial = NULL;
    AUTO(closep) int fd = -1;

    uuid_of(n, uuid);
    file = managed_checkpoint(x, uuid);
    partial = managed_partial(x, uuid);
    fd = savefile_create(partial, e);
    memset(block, 'x', sizeof(block));
    return fd < 0 || write_all(fd, block, sizeof(block), e) < 0 ||
                   write_all(fd, CHECKPOINT_END, strlen(CHECKPOINT_END), e) < 0
               ? -1
               : savefile_commit(fd, partial, file, e);
}

static int resume(const struct xend *x, int n, struct err *e)
{
    AUTO(freep) char *path = NULL;
    char uuid[UUID_TEXT_SIZE];

    uuid_of(n, uuid);
    path = managed_checkpoint(x, uuid);
    return savefile_remove(path, e);
}

/* A checkpoint that has its name is whole, and nothing is beside it. */
static void check_checkpoint(const struct xend *x, int n, bool there)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(freep) char *file = NULL, *partial = NULL;
    char uuid[UUID_TEXT_SIZE];
    struct err e;

    uuid_of(n, uuid);
    file = managed_checkpoint(x, uuid);
    partial = managed_partial(x, uuid);
    CU_ASSERT(access(partial, F_OK) < 0);
    CU_ASSERT_EQUAL(access(file, F_OK) == 0, there);
    if (there && read_file(file, 1 << 20, &text, &e) == 0)
        CU_ASSERT(text.len == 5000 + strlen(CHECKPOINT_END) &&
                  strcmp(text.ptr + 5000, CHECKPOINT_END) == 0);
}

/* Writes that are cut short or interrupted are gone on with. */
static void test_tired(void)
{
    AUTO(freep) char *dir = disk_new();
    struct xend x = xend_at(dir);
    int writes = 0;
    struct err e;

    load(&x);
    fs_hook(tired_hook, NULL, &writes);
    CU_ASSERT_EQUAL(define(&x, 1, 1, &e), 0);
    CU_ASSERT_EQUAL(define(&x, 1, 2, &e), 0);
    CU_ASSERT_EQUAL(suspend(&x, 1, &e), 0);
    fs_hook(NULL, NULL, NULL);
    CU_ASSERT(writes > 20);
    CU_ASSERT_EQUAL(load(&x).version[1], 2);
    check_checkpoint(&x, 1, true);
    disk_remove(dir);
}

/* A checkpoint whose n-th call fails: there is none, or the old one, and the next one works. */
static void test_checkpoint_failures(void)
{
    for (int op = 0; op < FS_OPS; op++)
        for (int n = 1;; n++) {
            AUTO(freep) char *dir = disk_new();
            struct xend x = xend_at(dir);
            struct trouble t = {(enum fs_op)op, n, ENOSPC, false, false};
            struct err e = {0};
            int r;

            CU_ASSERT_EQUAL(define(&x, 1, 1, &e), 0);
            fs_hook(trouble_hook, NULL, &t);
            r = suspend(&x, 1, &e);
            fs_hook(NULL, NULL, NULL);
            if (r < 0) {
                CU_ASSERT_EQUAL(e.sys, ENOSPC);
                /* once it has its name, only the sync of the name can fail */
                CU_ASSERT(!load(&x).suspended[1] || op == FS_SYNC);
                CU_ASSERT_EQUAL(suspend(&x, 1, &e), 0);
            }
            check_checkpoint(&x, 1, true);
            disk_remove(dir);
            if (!t.happened)
                break;
            CU_ASSERT_FATAL(n < 100);
        }
}

/* A disk that fails from the n-th call on, whatever is called: the error comes, nothing hangs. */
static void test_dead_disk(void)
{
    for (int n = 1; n < 12; n++) {
        AUTO(freep) char *dir = disk_new();
        struct xend x = xend_at(dir);
        struct trouble t = {FS_OPS, n, EIO, true, false};
        struct err e = {0};
        int now, r;

        CU_ASSERT_EQUAL(define(&x, 1, 1, &e), 0);
        fs_hook(trouble_hook, NULL, &t);
        r = define(&x, 2, 1, &e);
        CU_ASSERT(define(&x, 1, 2, &e) < 0 || !t.happened || r == 0);
        fs_hook(NULL, NULL, NULL);
        now = load(&x).version[1];
        CU_ASSERT(now == 1 || now == 2);
        disk_remove(dir);
    }
}

/* What is done, and which versions there are before and after it. */
enum { REMOVE = 0, SUSPEND = -1, RESUME = -2 };
static const struct {
    int n, version;
} steps[] = {{1, 1}, {2, 1},      {1, 2},       {2, REMOVE},  {3, 1},      {2, 3},
             {1, 3}, {3, REMOVE}, {1, SUSPEND}, {2, SUSPEND}, {1, RESUME}, {2, REMOVE}};

static int do_step(const struct xend *x, size_t i, struct found *state, struct err *e)
{
    int n = steps[i].n, v = steps[i].version;

    if (v == SUSPEND || v == RESUME) {
        state->suspended[n] = v == SUSPEND;
        return v == SUSPEND ? suspend(x, n, e) : resume(x, n, e);
    }
    state->version[n] = v;
    state->suspended[n] = false;
    return v == REMOVE ? forget(x, n, e) : define(x, n, v, e);
}

static void check_cut(size_t calls, enum left left, const struct found *before,
                      const struct found *after)
{
    AUTO(freep) char *dir = disk_new();
    struct xend x = xend_at(dir);
    struct found f;

    power_cut(calls, left, dir);
    for (int again = 0; again < 2; again++) {
        f = load(&x);
        for (int n = 1; n <= DOMAINS; n++) {
            CU_ASSERT(f.version[n] == before->version[n] || f.version[n] == after->version[n]);
            CU_ASSERT(f.suspended[n] == before->suspended[n] ||
                      f.suspended[n] == after->suspended[n]);
            check_checkpoint(&x, n, f.suspended[n]);
        }
        CU_ASSERT_EQUAL(strangers(dir), 0);
    }
    disk_remove(dir);
}

static void test_power_cut(void)
{
    AUTO(freep) char *dir = disk_new();
    struct xend x = xend_at(dir);
    struct found state[ARRAY_LEN(steps) + 1] = {0};
    size_t ends[ARRAY_LEN(steps) + 1], step = 0;
    struct err e;

    power_record(dir);
    load(&x);
    ends[0] = power_notes.len;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        state[i + 1] = state[i];
        CU_ASSERT_EQUAL_FATAL(do_step(&x, i, &state[i + 1], &e), 0);
        ends[i + 1] = power_notes.len;
    }
    fs_hook(NULL, NULL, NULL);
    for (size_t calls = 0; calls <= power_notes.len; calls++) {
        while (step < ARRAY_LEN(steps) && calls >= ends[step + 1])
            step++;
        for (int left = 0; left < LEFT_ALL_KINDS; left++)
            check_cut(calls, (enum left)left, &state[step],
                      &state[step < ARRAY_LEN(steps) ? step + 1 : step]);
    }
    power_stop();
    disk_remove(dir);
}

TESTS("managed", {"how often the disk is waited for", test_counts},
      {"changes that come together wait together", test_group},
      {"a call that fails changes nothing", test_failures}, {"a disk that dies", test_dead_disk},
      {"a checkpoint that fails", test_checkpoint_failures},
      {"writes that are short or interrupted", test_tired},
      {"a power cut at any moment", test_power_cut})
