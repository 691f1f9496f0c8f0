/*
 * What the qemu driver does with what it finds after a restart of xend, and with a QEMU that talks
 * nonsense: tried with processes that are no QEMU and a QMP server of our own. Needs
 * neither KVM nor a guest; QEMU itself only because the driver does not open without.
 */
#include <fcntl.h>
#include <signal.h>

#include "config/json.h"
#include "tests/unit/fake_qemu.h"

#define WAIT_MS 20000

static void scan(struct rig *r)
{
    r->n_found = 0;
    r->found = NULL;
    OK(r->d->ops->scan(r->d, on_found, r, e));
}

/* Ends what the scan found. */
static void end_found(struct rig *r)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(r->found);
    end(r, r->found);
}

/* It is not taken over, and so many directories are left. */
static void expect_none(struct rig *r, int left)
{
    scan(r);
    CU_ASSERT_EQUAL(r->n_found, 0);
    CU_ASSERT_EQUAL(guests_left(r), left);
}

static void test_ready(void)
{
    struct rig r;
    struct fake f;

    rig_init(&r);
    fake_init(&f, &r);
    fake_save(&f, PHASE_READY);
    fake_serve(&f);
    scan(&r);
    CU_ASSERT_EQUAL(r.n_found, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r.found);
    CU_ASSERT_STRING_EQUAL(r.found->uuid, f.g->pub.uuid);
    CU_ASSERT_EQUAL(r.found->domid, 7);
    CU_ASSERT_EQUAL(r.found->start_time, 1234.5);
    CU_ASSERT_EQUAL(r.found_state, GUEST_RUNNING);
    CU_ASSERT_STRING_EQUAL(r.found_spec->kernel, "/boot/vmlinuz");
    end_found(&r);
    CU_ASSERT(!alive(&f));
    fake_clear(&f);
    rig_clear(&r);
}

/* create had not ended, but all is there: finished, and xend decides what becomes of it. */
static void test_started_answers(void)
{
    struct rig r;
    struct fake f;

    rig_init(&r);
    fake_init(&f, &r);
    f.status = "prelaunch";
    fake_save(&f, PHASE_STARTED);
    fake_serve(&f);
    scan(&r);
    CU_ASSERT_EQUAL(r.n_found, 1);
    CU_ASSERT_EQUAL(r.found_state, GUEST_PAUSED);
    end_found(&r);
    fake_clear(&f);
    rig_clear(&r);
}

/* Half made, and nobody answers: undone. */
static void test_started_silent(void)
{
    struct rig r;
    struct fake f;

    rig_init(&r);
    fake_init(&f, &r);
    fake_save(&f, PHASE_STARTED);
    expect_none(&r, 0);
    CU_ASSERT(!alive(&f));
    fake_clear(&f);
    rig_clear(&r);
}

/* It was ready: it is never ended for not answering; and heard again when it does. */
static void test_ready_silent(void)
{
    struct rig r;
    struct fake f;

    rig_init(&r);
    fake_init(&f, &r);
    fake_save(&f, PHASE_READY);
    scan(&r); /* no socket at all */
    CU_ASSERT_EQUAL(r.n_found, 1);
    CU_ASSERT(alive(&f));
    {
        struct err e = {0};

        CU_ASSERT_EQUAL(r.d->ops->pause(r.found, &e), -1);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "qmp.sock"));
    }
    f.status = "paused";
    fake_serve(&f);
    OK(r.d->ops->resume(r.found, e));
    CU_ASSERT(next_change(&r, GUEST_PAUSED, WAIT_MS)); /* what it turned out to be */
    end_found(&r);
    fake_clear(&f);
    rig_clear(&r);
}

/* A number that was given to another process: not ours, not touched. */
static void test_other_process(void)
{
    struct rig r;
    struct fake f;

    rig_init(&r);
    fake_init(&f, &r);
    f.g->pid_start--;
    fake_save(&f, PHASE_READY);
    f.g->pid_start++;
    expect_none(&r, 0);
    CU_ASSERT(alive(&f));
    fake_clear(&f);
    rig_clear(&r);
}

/* It has ended, but nobody has reaped it yet. */
static void test_zombie(void)
{
    struct rig r;
    struct fake f;
    siginfo_t info;

    rig_init(&r);
    fake_init(&f, &r);
    fake_save(&f, PHASE_READY);
    CU_ASSERT_EQUAL(kill(f.g->pid, SIGKILL), 0);
    CU_ASSERT_EQUAL(waitid(P_PID, (id_t)f.g->pid, &info, WEXITED | WNOWAIT), 0);
    expect_none(&r, 0);
    fake_clear(&f);
    rig_clear(&r);
}

/* xend died around the exec: the nonce on the command line tells the process. */
static void test_intent(void)
{
    struct rig r;
    struct fake f;
    pid_t other;

    rig_init(&r);
    fake_init(&f, &r);
    other = sleeper(f.g->pub.uuid, "without-the-nonce");
    fake_save(&f, PHASE_INTENT);
    expect_none(&r, 0);
    CU_ASSERT(!alive(&f));
    CU_ASSERT_EQUAL(kill(other, SIGKILL), 0); /* it was still there */
    waitpid(other, NULL, 0);
    fake_clear(&f);
    rig_clear(&r);
}

static void edit_state(const struct fake *f, const char *key, struct value *v)
{
    AUTO(freep) char *path = path_join(f->g->dir, "state.json");
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(value_freep) struct value *state = NULL;

    OK(read_file(path, 1 << 20, &text, e));
    state = json_parse(text.ptr, text.len, path, &(struct err){0});
    CU_ASSERT_PTR_NOT_NULL_FATAL(state);
    value_set_take(state, key, v);
    buf_clear(&text);
    json_print(state, &text);
    OK(write_file_atomic(path, text.ptr, text.len, 0600, e));
}

/* Of an earlier boot of the host: the number means nothing now, even if all seems to fit. */
static void test_earlier_boot(void)
{
    struct rig r;
    struct fake f;

    rig_init(&r);
    fake_init(&f, &r);
    fake_save(&f, PHASE_READY);
    edit_state(&f, "boot", value_str("11111111-2222-3333-4444-555555555555"));
    expect_none(&r, 0);
    CU_ASSERT(alive(&f));
    fake_clear(&f);
    rig_clear(&r);
}

/* Files that we do not understand are left alone, process and all: a newer xend's, or damaged. */
static void test_not_understood(void)
{
    AUTO(freep) char *path = NULL;
    struct rig r;
    struct fake f;

    rig_init(&r);
    fake_init(&f, &r);
    fake_save(&f, PHASE_READY);
    edit_state(&f, "spec", value_str("no spec"));
    expect_none(&r, 1);
    fake_save(&f, PHASE_READY);
    edit_state(&f, "version", value_int(99));
    expect_none(&r, 1);
    path = path_join(f.g->dir, "state.json");
    OK(write_file_atomic(path, "{\"versi", 7, 0600, e));
    expect_none(&r, 1);
    CU_ASSERT(alive(&f));
    state_tidy(f.g->dir);
    fake_clear(&f);
    rig_clear(&r);
}

/* An empty directory is less than an intent. */
static void test_before_intent(void)
{
    struct rig r;
    struct fake f;

    rig_init(&r);
    fake_init(&f, &r);
    expect_none(&r, 0);
    fake_clear(&f);
    rig_clear(&r);
}

/* Somebody else answers on its socket: not believed, and no command goes there. */
static void test_wrong_nonce(void)
{
    struct rig r;
    struct fake f;

    rig_init(&r);
    fake_init(&f, &r);
    f.nonce = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    fake_save(&f, PHASE_READY);
    fake_serve(&f);
    scan(&r);
    CU_ASSERT_EQUAL(r.n_found, 1); /* the process is ours by pid and start time */
    {
        struct err e = {0};

        CU_ASSERT_EQUAL(r.d->ops->pause(r.found, &e), -1);
        ASSERT_ERR(e, ERR_STATE, "another QEMU answers");
    }
    end_found(&r);
    CU_ASSERT(!alive(&f));
    fake_clear(&f);
    rig_clear(&r);
}

static struct guest *found_of(struct rig *r, const struct fake *f)
{
    for (int i = 0; i < r->n_found; i++)
        if (strcmp(r->all_found[i]->uuid, f->uuid) == 0)
            return r->all_found[i];
    return NULL;
}

/* A QEMU gone mad: told once, others unaffected, and spoken to again at the next command. */
static void test_nonsense(void)
{
    struct rig r;
    struct fake mad, sane;
    struct guest *g;

    rig_init(&r);
    fake_init(&mad, &r);
    fake_init(&sane, &r);
    mad.outburst = "\xff\xfe{{{ what?\n";
    fake_save(&mad, PHASE_READY);
    fake_save(&sane, PHASE_READY);
    fake_serve(&mad);
    fake_serve(&sane);
    scan(&r);
    CU_ASSERT_EQUAL_FATAL(r.n_found, 2);
    CU_ASSERT(next_change(&r, GUEST_RUNNING, WAIT_MS));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.seen[r.n_read - 1].detail, "talks nonsense"));
    OK(r.d->ops->pause(found_of(&r, &sane), e));
    OK(r.d->ops->pause(found_of(&r, &mad), e)); /* over a new connection */
    CU_ASSERT_EQUAL(sane.connections, 1);
    CU_ASSERT_EQUAL(mad.connections, 2);
    g = found_of(&r, &mad);
    end(&r, found_of(&r, &sane));
    end(&r, g);
    fake_clear(&sane);
    fake_clear(&mad);
    rig_clear(&r);
}

static void test_domids(void)
{
    AUTO(freep) char *path = NULL;
    struct rig r;
    uint32_t domid = 0;

    rig_init(&r);
    path = path_join(((struct qemu *)r.d)->dir, "next-domid");
    OK(domid_next((struct qemu *)r.d, &domid, e));
    CU_ASSERT_EQUAL(domid, 1);
    OK(domid_next((struct qemu *)r.d, &domid, e));
    CU_ASSERT_EQUAL(domid, 2);
    OK(write_file_atomic(path, "32751\n", 6, 0600, e));
    OK(domid_next((struct qemu *)r.d, &domid, e));
    CU_ASSERT_EQUAL(domid, 32751);
    OK(domid_next((struct qemu *)r.d, &domid, e));
    CU_ASSERT_EQUAL(domid, 1);
    OK(write_file_atomic(path, "-5 junk\n", 8, 0600, e));
    OK(domid_next((struct qemu *)r.d, &domid, e));
    CU_ASSERT_EQUAL(domid, 1);
    rig_clear(&r);
}

/* One that runs with the next number makes the count skip it. */
static void test_domid_taken(void)
{
    struct rig r;
    struct fake f;
    uint32_t domid = 0;

    rig_init(&r);
    fake_init(&f, &r);
    f.g->pub.domid = 1;
    fake_save(&f, PHASE_READY);
    fake_serve(&f);
    scan(&r);
    OK(domid_next((struct qemu *)r.d, &domid, e));
    CU_ASSERT_EQUAL(domid, 2);
    end_found(&r);
    fake_clear(&f);
    rig_clear(&r);
}

TESTS("qemu scan", {"ready and answering: adopted", test_ready},
      {"started and answering: adopted", test_started_answers},
      {"started and silent: undone", test_started_silent},
      {"ready and silent: adopted, heard later", test_ready_silent},
      {"another process with its pid: untouched", test_other_process},
      {"a zombie: gone", test_zombie}, {"an intent: found by its nonce, undone", test_intent},
      {"an earlier boot of the host", test_earlier_boot},
      {"state files of another kind: left alone", test_not_understood},
      {"a directory without intent", test_before_intent},
      {"another answers on its socket", test_wrong_nonce},
      {"a QEMU that talks nonsense", test_nonsense}, {"domids wrap", test_domids},
      {"domids in use are skipped", test_domid_taken})
