/*
 * Jobs that poke a guest: its memory as a core file, system request keys, triggers. The core is
 * written beside its place and gets its name when it is whole.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/intent.h"
#include "xend/ops.h"
#include "xend/policy.h"
#include "xend/xend.h"

/* /var/xen/dump/NAME/YYYY-mmdd-HHMM.SS-NAME.ID.core, as the original; makes the directory. */
static char *default_file(struct xend *x, const struct domain *d, struct err *e)
{
    AUTO(freep) char *dir = path_join(x->paths.dump_dir, d->spec->name);
    time_t now = time(NULL);
    char when[32];
    struct tm tm;

    if (make_dirs(dir, 0700, e) < 0)
        return NULL;
    localtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y-%m%d-%H%M.%S", &tm);
    return xasprintf("%s/%s-%s.%u.core", dir, when, d->spec->name, d->domid);
}

/* To the file or not at all: what was begun is removed. */
static int write_core(struct xend *x, struct domain *d, struct task *t, const char *file,
                      const char *partial, struct err *e)
{
    AUTO(closep)
    int fd = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return err_sys(e, "%s", partial);
    job_step(&t->job, "writing its memory");
    fault_point("dump.begin");
    r = x->driver->ops->dump(d->guest, fd, &t->job, e);
    if (r == 0 && fsync(fd) < 0)
        r = err_sys(e, "%s", partial);
    if (r == 0 && rename(partial, file) < 0)
        r = err_sys(e, "%s", file);
    fault_point("dump.done");
    if (r < 0)
        unlink(partial);
    return r;
}

/* Stands still meanwhile, unless live; goes on afterwards, whatever became of the dump. */
static int dump_still(struct xend *x, struct domain *d, struct task *t, const char *file, bool live,
                      struct err *e)
{
    AUTO(freep) char *partial = xasprintf("%s-incomplete", file);
    const struct driver_ops *ops = x->driver->ops;
    enum stop_reason reason;
    struct err not_resumed;
    int r;

    if (live || ops->state(d->guest, &reason) != GUEST_RUNNING)
        return write_core(x, d, t, file, partial, e);
    if (intent_write_more(x, d, INTENT_DUMP, &(struct intent_more){.file = partial}, e) < 0)
        return -1;
    r = ops->pause(d->guest, e) < 0 ? err_add(e, "pausing") : 0;
    fault_point("dump.paused");
    if (r == 0)
        r = write_core(x, d, t, file, partial, e);
    if (ops->resume(d->guest, &not_resumed) < 0) {
        log_error("domain=%s: going on after its dump: %s", t->name, not_resumed.msg);
        if (r == 0)
            *e = not_resumed;
        r = -1;
    }
    intent_clear(x, d->uuid);
    return r;
}

int domain_dump(struct xend *x, struct domain *d, struct task *t, const char *file, int64_t how,
                struct err *e)
{
    AUTO(freep) char *path = NULL;
    struct stat st;

    if (!x->driver->ops->dump)
        return driver_lacks(x->driver, "dump-core", e);
    path = *file ? xstrdup(file) : default_file(x, d, e);
    if (!path || dump_still(x, d, t, path, how & DUMP_LIVE, e) < 0)
        return -1;
    log_info("domain=%s: its memory is in %s", t->name, path);
    value_free(t->result);
    t->result = value_map();
    value_set_str(t->result, "file", path);
    value_set_int(t->result, "bytes", stat(path, &st) == 0 ? (int64_t)st.st_size : 0);
    return 0;
}

static int run_dump(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    int r;

    r = domain_dump(x, d, t, value_as_str(t->arg_value), t->arg, e);
    if (r == 0 && t->arg & DUMP_CRASH) {
        r = domain_guest_end(x, d, e);
        if (r == 0)
            domain_forget_if_transient(x, d);
    } else if (r == 0 && t->arg & DUMP_RESET) {
        r = domain_restart(x, d, t, false, e);
    }
    return r == 0 ? 0 : err_add(e, "%s: dump-core", t->name);
}

static int run_sysrq(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    if (!x->driver->ops->sysrq)
        return driver_lacks(x->driver, "sysrq", e);
    fault_point("sysrq.begin");
    if (x->driver->ops->sysrq(d->guest, (char)t->arg, e) < 0)
        return err_add(e, "%s: sysrq %c", t->name, (char)t->arg);
    return 0;
}

static int run_trigger(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    enum trigger what = (enum trigger)(t->arg >> 32);

    if (!x->driver->ops->trigger)
        return driver_lacks(x->driver, "trigger", e);
    xend_lock(x);
    d->reboot_asked = d->reboot_asked || what == TRIGGER_RESET;
    xend_unlock(x);
    fault_point("trigger.begin");
    if (x->driver->ops->trigger(d->guest, what, (unsigned)(t->arg & UINT32_MAX), e) < 0)
        return err_add(e, "%s: trigger %s", t->name, trigger_name(what));
    return 0;
}

const struct task_kind op_dump = {.name = "dump-core", .verb = "dump core for", .run = run_dump};
const struct task_kind op_sysrq = {.name = "sysrq", .run = run_sysrq};
const struct task_kind op_trigger = {.name = "trigger", .run = run_trigger};
