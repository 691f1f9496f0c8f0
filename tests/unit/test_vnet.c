/*
 * The records of virtual networks: what is answered lasts. A call that fails changes nothing, and
 * a power cut at any moment leaves what was before or what is after. The script does nothing here.
 */
#include <sys/stat.h>

#include "tests/unit/cunit.h"
#include "tests/unit/disk.h"
#include "tests/unit/power_cut.h"
#include "xend/domain.h"
#include "xend/queue.h"
#include "xend/vnet.h"
#include "xend/xend.h"

enum what { NEW, SETTING, DELETED, WHATS };
static const struct task_kind *const kinds[] = {&op_net_new, &op_net_autostart, &op_net_delete};

struct setting {
    struct xend x;
    struct driver driver;
};

static void begin(struct setting *s, char *lib_dir, char *scripts_dir)
{
    struct err e;

    *s = (struct setting){.driver = {.ops = driver_find("test")}};
    s->x.paths.lib_dir = s->x.paths.run_dir = lib_dir;
    s->x.paths.scripts_dir = scripts_dir;
    s->x.driver = &s->driver;
    pthread_mutex_init(&s->x.lock, NULL);
    s->x.domains = domains_new(&s->x);
    CU_ASSERT_EQUAL_FATAL(vnet_open(&s->x, &e), 0);
}

static void end(struct setting *s)
{
    vnet_close(&s->x);
    domains_free(s->x.domains);
}

/* 0 none, 1 new, 2 its setting changed */
static int state(const struct setting *s)
{
    const struct value *n = vnet_find(&s->x, "blue");

    return !n ? 0 : strcmp(value_get_str(n, "cidr", ""), "10.9.0.0/24") != 0 ? -1 : 1;
}

static int work(struct setting *s, enum what what, struct err *e)
{
    struct task t = {.arg_value = value_map()};
    int r;

    value_set_str(t.arg_value, "name", "blue");
    value_set_str(t.arg_value, "cidr", "10.9.0.0/24");
    value_set_bool(t.arg_value, "autostart", false);
    value_set_bool(t.arg_value, "start", false);
    r = kinds[what]->run(&s->x, NULL, &t, e);
    value_free(t.arg_value);
    return r;
}

static char *make_scripts(void)
{
    AUTO(freep) char *dir = disk_new(), *path = path_join(dir, "network-virtual");
    struct err e;

    CU_ASSERT_EQUAL(write_file_whole(path, "#!/bin/sh\n", 10, 0700, &e), 0);
    return steal(dir);
}

/* What a new xend finds. */
static int state_on_disk(char *dir)
{
    struct setting s;
    int found;

    begin(&s, dir, dir);
    found = state(&s);
    end(&s);
    return found;
}

static void test_failures(void)
{
    AUTO(freep) char *scripts = make_scripts();

    for (int what = NEW; what < WHATS; what++)
        for (int op = 0; op < FS_OPS; op++)
            for (int n = 1;; n++) {
                AUTO(freep) char *dir = disk_new(), *networks = path_join(dir, "networks");
                struct trouble t = {(enum fs_op)op, n, EIO, false, false};
                struct err e = {0};
                struct setting s;
                int r;

                begin(&s, dir, scripts);
                if (what != NEW)
                    CU_ASSERT_EQUAL(work(&s, NEW, &e), 0);
                fs_hook(trouble_hook, NULL, &t);
                r = work(&s, (enum what)what, &e);
                fs_hook(NULL, NULL, NULL);
                CU_ASSERT_EQUAL(disk_count(networks, ".tmp-"), 0);
                if (r < 0) {
                    CU_ASSERT_EQUAL(e.sys, EIO);
                    /* once it has its name, or none, only the sync of the directory can fail */
                    CU_ASSERT(op == FS_SYNC || state_on_disk(dir) == (what != NEW));
                    if (op != FS_SYNC)
                        CU_ASSERT_EQUAL(work(&s, (enum what)what, &e), 0);
                }
                end(&s);
                if (op != FS_SYNC)
                    CU_ASSERT_EQUAL(state_on_disk(dir), what != DELETED);
                disk_remove(dir);
                if (!t.happened)
                    break;
                CU_ASSERT_FATAL(n < 100);
            }
    disk_remove(scripts);
}

static void test_power_cut(void)
{
    AUTO(freep) char *dir = disk_new(), *scripts = make_scripts();
    size_t ends[WHATS + 1], step = 0;
    struct setting s;
    struct err e;

    power_record(dir);
    begin(&s, dir, scripts);
    ends[0] = power_notes.len;
    for (int what = NEW; what < WHATS; what++) {
        CU_ASSERT_EQUAL(work(&s, (enum what)what, &e), 0);
        ends[what + 1] = power_notes.len;
    }
    fs_hook(NULL, NULL, NULL);
    end(&s);
    for (size_t calls = 0; calls <= power_notes.len; calls++) {
        while (step < WHATS && calls >= ends[step + 1])
            step++;
        for (int left = 0; left <= LEFT_WHOLE; left++) {
            AUTO(freep) char *there = disk_new(), *networks = path_join(there, "networks");
            bool before = step == SETTING || step == DELETED, after = step < DELETED;
            int found;

            power_cut(calls, (enum left)left, there);
            found = state_on_disk(there);
            CU_ASSERT(found == before || found == (step == WHATS ? before : after));
            CU_ASSERT_EQUAL(disk_count(networks, ".tmp-"), 0);
            disk_remove(there);
        }
    }
    power_stop();
    disk_remove(dir);
    disk_remove(scripts);
}

static void test_tired(void)
{
    AUTO(freep) char *dir = disk_new(), *scripts = make_scripts();
    struct setting s;
    int writes = 0;
    struct err e;

    begin(&s, dir, scripts);
    fs_hook(tired_hook, NULL, &writes);
    CU_ASSERT_EQUAL(work(&s, NEW, &e), 0);
    CU_ASSERT_EQUAL(work(&s, SETTING, &e), 0);
    fs_hook(NULL, NULL, NULL);
    end(&s);
    CU_ASSERT(writes > 10);
    CU_ASSERT_EQUAL(state_on_disk(dir), 1);
    disk_remove(dir);
    disk_remove(scripts);
}

TESTS("vnet", {"a call that fails changes nothing", test_failures},
      {"a power cut at any moment", test_power_cut},
      {"writes that are short or interrupted", test_tired})
