/*
 * Intents: what the next xend makes of them when xend died at any moment, when the power of the
 * host failed (which changes its boot id), and when the disk fails while they are written.
 */
#include "tests/unit/cunit.h"
#include "tests/unit/disk.h"
#include "tests/unit/power_cut.h"
#include "xend/domain.h"
#include "xend/intent.h"
#include "xend/queue.h"
#include "xend/savefile.h"
#include "xend/xend.h"

#define BOOT "\"boot\": \""

static const char uuid[] = "00000000-0000-4000-8000-000000000001";

struct setting {
    struct xend x;
    struct domain d;
    char *dir, *intents, *partial, *saved;
};

static struct setting setting_at(char *dir)
{
    struct setting s = {.dir = dir, .x = {.paths = {.run_dir = dir}}};

    pthread_mutex_init(&s.x.lock, NULL);
    s.d.spec = spec_new();
    s.d.spec->name = xstrdup("web1");
    s.d.spec->uuid = xstrdup(uuid);
    snprintf(s.d.uuid, sizeof(s.d.uuid), "%s", uuid);
    s.intents = path_join(dir, "intents");
    s.partial = path_join(dir, "saved-incomplete");
    s.saved = path_join(dir, "saved");
    return s;
}

static void setting_clear(struct setting *s)
{
    spec_free(s->d.spec);
    free(s->intents);
    free(s->partial);
    free(s->saved);
}

/* A save: the intent, the file, the intent that knows which file it is, its name, the end of it. */
static int save(struct setting *s, struct err *e)
{
    struct intent_more more = {.file = s->partial, .name = s->saved};
    AUTO(closep) int fd = -1;
    struct stat st;

    if (intent_write_more(&s->x, &s->d, INTENT_SAVE, &more, e) < 0)
        return -1;
    fd = savefile_create(s->partial, e);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    more.inode = st.st_ino;
    if (intent_write_more(&s->x, &s->d, INTENT_SAVE, &more, e) < 0 ||
        write_all(fd, "all of it", 9, e) < 0 || savefile_commit(fd, s->partial, s->saved, e) < 0)
        return -1;
    intent_clear(&s->x, uuid);
    return 0;
}

static int work(struct setting *s, struct err *e)
{
    static const enum intent_op ops[] = {INTENT_CREATE, INTENT_DUMP, INTENT_CHECKPOINT,
                                         INTENT_DESTROY};

    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (intent_write(&s->x, &s->d, ops[i], e) < 0)
            return -1;
        intent_clear(&s->x, uuid);
    }
    return save(s, e);
}

/* Makes an intent that is there one of this directory, not of the recorded one (the names are as
 * long), and perhaps of another boot of the host. */
static void move_here(const struct setting *s, bool other_boot)
{
    AUTO(freep) char *path = xasprintf("%s/%s.json", s->intents, uuid);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;
    char *at;

    if (read_file(path, 1 << 20, &text, &e) < 0)
        return;
    at = strstr(buf_str(&text), BOOT);
    if (other_boot && at && at[strlen(BOOT)])
        at[strlen(BOOT)] = 'x';
    while (power_top && (at = strstr(buf_str(&text), power_top)))
        memcpy(at, s->dir, strlen(s->dir));
    CU_ASSERT_EQUAL(write_file_whole(path, buf_str(&text), text.len, 0600, &e), 0);
}

/* The next xend, which has the domain's guest no more; twice. Jobs would need a queue: there is
 * none. */
static void resume(struct setting *s)
{
    s->x.domains = domains_new(&s->x);
    for (int again = 0; again < 2; again++) {
        intents_resume(&s->x);
        CU_ASSERT_EQUAL(disk_count(s->intents, NULL), disk_count(s->intents, ".bad"));
    }
    domains_free(s->x.domains);
}

/* What has its name is whole. */
static void check_saved(const struct setting *s)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;

    if (read_file(s->saved, 1 << 20, &text, &e) == 0)
        CU_ASSERT_STRING_EQUAL(buf_str(&text), "all of it");
}

static void check_cut(size_t calls, enum left left)
{
    AUTO(freep) char *dir = disk_new();
    struct setting s = setting_at(dir);

    power_cut(calls, left, dir);
    move_here(&s, left != LEFT_WHOLE);
    resume(&s);
    check_saved(&s);
    if (left == LEFT_WHOLE) { /* nobody tore anything */
        CU_ASSERT_EQUAL(disk_count(s.intents, NULL), 0);
        CU_ASSERT(access(s.partial, F_OK) < 0);
    }
    setting_clear(&s);
    disk_remove(dir);
}

static void test_power_cut(void)
{
    AUTO(freep) char *dir = disk_new();
    struct setting s = setting_at(dir);
    struct err e;

    power_record(dir);
    CU_ASSERT_EQUAL_FATAL(work(&s, &e), 0);
    fs_hook(NULL, NULL, NULL);
    CU_ASSERT(power_notes.len > 30);
    for (size_t calls = 0; calls <= power_notes.len; calls++)
        for (int left = 0; left <= LEFT_WHOLE; left++)
            check_cut(calls, (enum left)left);
    power_stop();
    power_top = NULL;
    setting_clear(&s);
    disk_remove(dir);
}

/* One that waits when the host comes up again is dropped: its guest is gone. The same boot: gone
 * on. */
static void test_boot(void)
{
    for (int other = 0; other < 2; other++) {
        AUTO(freep) char *dir = disk_new();
        struct setting s = setting_at(dir);
        struct intent_more more = {.file = s.partial, .name = s.saved};
        struct domain *d;
        struct err e;

        s.x.domains = domains_new(&s.x);
        s.x.driver = &(struct driver){.ops = driver_find("test")};
        s.x.queue = queue_new(&s.x);
        d = domain_add_take(s.x.domains, spec_copy(s.d.spec), &e);
        CU_ASSERT_PTR_NOT_NULL_FATAL(d);
        CU_ASSERT_EQUAL(intent_write_more(&s.x, d, INTENT_SAVE, &more, &e), 0);
        CU_ASSERT_EQUAL(write_file_whole(s.partial, "half", 4, 0600, &e), 0);
        move_here(&s, other);
        intents_resume(&s.x);
        CU_ASSERT(access(s.partial, F_OK) < 0);
        CU_ASSERT_EQUAL(queue_find(s.x.queue, 1) != NULL, !other);
        if (other)
            CU_ASSERT_EQUAL(disk_count(s.intents, NULL), 0);
        CU_ASSERT(queue_stop(s.x.queue, 60));
        domains_free(s.x.domains);
        queue_free(s.x.queue);
        setting_clear(&s);
        disk_remove(dir);
    }
}

/* The n-th call fails: it is told, nothing stays that is no intent, and the next one works. */
static void test_failures(void)
{
    for (int op = 0; op < FS_OPS; op++)
        for (int n = 1;; n++) {
            AUTO(freep) char *dir = disk_new();
            struct setting s = setting_at(dir);
            struct trouble t = {(enum fs_op)op, n, ENOSPC, false, false};
            struct err e = {0};
            int r;

            fs_hook(trouble_hook, NULL, &t);
            r = work(&s, &e);
            fs_hook(NULL, NULL, NULL);
            if (r < 0)
                CU_ASSERT_EQUAL(e.sys, ENOSPC);
            CU_ASSERT_EQUAL(disk_count(s.intents, ".tmp-"), 0);
            CU_ASSERT_EQUAL(work(&s, &e), 0);
            CU_ASSERT_EQUAL(disk_count(s.intents, NULL), 0);
            check_saved(&s);
            setting_clear(&s);
            disk_remove(dir);
            if (!t.happened)
                break;
            CU_ASSERT_FATAL(n < 100);
        }
}

/* Writes that are cut short or interrupted are gone on with. */
static void test_tired(void)
{
    AUTO(freep) char *dir = disk_new();
    struct setting s = setting_at(dir);
    int writes = 0;
    struct err e;

    fs_hook(tired_hook, NULL, &writes);
    CU_ASSERT_EQUAL(work(&s, &e), 0);
    fs_hook(NULL, NULL, NULL);
    CU_ASSERT(writes > 50);
    check_saved(&s);
    setting_clear(&s);
    disk_remove(dir);
}

TESTS("intents", {"xend or its host dies at any moment", test_power_cut},
      {"an intent of another boot is dropped", test_boot}, {"a call that fails", test_failures},
      {"writes that are short or interrupted", test_tired})
