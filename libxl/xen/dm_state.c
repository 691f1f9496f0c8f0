/*
 * A device model's own state: what its emulated devices know, beside the guest's memory in a saved
 * stream. It is put into a file in memory, which the next QEMU reads. Called by save.c and
 * dm_start.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/xen/dm.h"

#define ANSWER_MS 20000
#define SLICE_MS 50

int dm_state_new(struct err *e)
{
    int fd = memfd_create("xend-dm-state", MFD_CLOEXEC);

    return fd < 0 ? err_sys(e, "memory for the state of its device model") : fd;
}

/* QEMU takes a descriptor only that is open for writing and nothing else. */
static int open_for_qemu(int fd, struct err *e)
{
    char path[32];
    int out;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    out = open(path, O_WRONLY | O_CLOEXEC);
    return out < 0 ? err_sys(e, "%s", path) : out;
}

static int save_devices(struct qmp *q, int out, bool live, struct err *e)
{
    struct value *args = value_map();
    char path[DM_SET_PATH];
    int64_t set;
    int r;

    if (dm_pass_fd(q, out, path, &set, e) < 0) {
        value_free(args);
        return -1;
    }
    value_set_str(args, "filename", path);
    value_set_bool(args, "live", live);
    r = qmp_call_take(q, "xen-save-devices-state", args, ANSWER_MS, NULL, e);
    dm_drop_set(q, set);
    return r;
}

int dm_freeze(struct xguest *g, int state, bool live, struct err *e)
{
    AUTO(closep) int out = open_for_qemu(state, e);
    struct qmp *q = out < 0 ? NULL : dm_dial(g, e);
    struct stat st;
    int r = -1;

    if (q && qmp_call_take(q, "stop", NULL, ANSWER_MS, NULL, e) == 0)
        r = save_devices(q, out, live, e);
    qmp_free(q);
    if (r == 0 && (fstat(state, &st) < 0 || st.st_size == 0 || st.st_size > DM_STATE_MAX))
        r = err_set(e, ERR_BACKEND, "QEMU has written no state, or over %d MiB",
                    DM_STATE_MAX >> 20);
    return r < 0 ? err_add(e, "its device model") : 0;
}

int dm_thaw(struct xguest *g, struct err *e)
{
    struct qmp *q = dm_dial(g, e);
    int r = q ? qmp_call_take(q, "cont", NULL, ANSWER_MS, NULL, e) : -1;

    qmp_free(q);
    return r < 0 ? err_add(e, "its device model") : 0;
}

int dm_logdirty(struct xguest *g, bool on, struct err *e)
{
    struct value *args = value_map();
    struct qmp *q = dm_dial(g, e);
    int r;

    value_set_bool(args, "enable", on);
    if (!q) {
        value_free(args);
        return -1;
    }
    r = qmp_call_take(q, "xen-set-global-dirty-log", args, ANSWER_MS, NULL, e);
    qmp_free(q);
    return r < 0 ? err_add(e, "its device model") : 0;
}

/* 1: it has read its state; 0: not yet. One that cannot ends itself, and says why. */
static int has_read(struct qmp *q, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;

    if (qmp_call_take(q, "query-status", NULL, ANSWER_MS, &v, e) < 0)
        return -1;
    return strcmp(value_get_str(v, "status", ""), "inmigrate") != 0;
}

int dm_await_state(struct qmp *q, struct job *j, struct err *e)
{
    int64_t deadline = now_ms() + ANSWER_MS;
    int r;

    while ((r = has_read(q, e)) == 0) {
        if (job_check(j, e) < 0)
            return -1;
        if (now_ms() > deadline)
            return err_set(e, ERR_TIMEOUT, "QEMU does not take the state of its devices");
        job_wait(j, SLICE_MS);
    }
    return r < 0 ? -1 : 0;
}
