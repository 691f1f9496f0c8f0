/*
 * Jobs of managed domains: those that exist whether or not they run. What is acknowledged is on
 * disk (managed.h).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/intent.h"
#include "xend/ops.h"
#include "xend/policy.h"
#include "xend/savefile.h"
#include "xend/managed.h"
#include "xend/xend.h"

/* The spec that a job was given, or a copy of the domain's own. */
static struct spec *job_spec(struct xend *x, const struct domain *d, const struct task *t,
                             struct err *e)
{
    AUTO(problems_clear) struct problems faults = {0};
    struct spec *s;

    if (t->arg_value) {
        s = spec_from_value(t->arg_value, &faults);
        if (!s)
            problems_to_err(&faults, e);
        return s;
    }
    xend_lock(x);
    s = spec_copy(d->spec);
    xend_unlock(x);
    return s;
}

/* On disk first; a running guest keeps what it has, the next one gets this. */
static int define_take(struct xend *x, struct domain *d, struct spec *s_take, struct err *e)
{
    AUTO(spec_freep) struct spec *s = s_take;
    int r;

    if (managed_write(x, s, e) < 0)
        return -1;
    xend_lock(x);
    if (d->guest) {
        spec_free(d->next);
        d->next = steal(s);
        r = 0;
    } else {
        r = domain_set_spec_take(x->domains, d, steal(s), e);
    }
    d->managed = true;
    domain_touch(x->domains, d);
    xend_unlock(x);
    return r;
}

static int start_guest(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    int r;

    if (d->guest)
        return err_set(e, ERR_STATE, "Domain is already running");
    if (managed_has_checkpoint(x, d->uuid)) {
        err_set(e, ERR_STATE, "Domain is suspended");
        return err_hint(e, "xm resume goes on where it was; xm delete forgets it");
    }
    fault_point("start.begin");
    r = intent_write(x, d, INTENT_CREATE, e);
    if (r == 0)
        r = domain_guest_start(x, d, t, t->arg & CREATE_PAUSED, e);
    if (r == 0)
        t->result = domain_result(x, d);
    intent_clear(x, t->uuid);
    return r;
}

/* A domain that could not be put on disk is none. */
static int run_new(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    struct spec *s = job_spec(x, d, t, e);

    fault_point("new.begin");
    if (!s || define_take(x, d, s, e) < 0) {
        domain_forget_if_transient(x, d);
        return err_add(e, "%s", t->name);
    }
    if (t->arg & CREATE_START)
        return start_guest(x, d, t, e) < 0 ? err_add(e, "%s", t->name) : 0;
    t->result = domain_result(x, d);
    return 0;
}

static int run_start(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    return start_guest(x, d, t, e) < 0 ? err_add(e, "%s", t->name) : 0;
}

static int run_delete(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    if (d->removed)
        return 0;
    if (d->guest)
        return err_set(e, ERR_STATE, "Domain is not halted.");
    if (managed_remove(x, d->uuid, e) < 0)
        return err_add(e, "%s: deleting", t->name);
    xend_lock(x);
    d->managed = false;
    xend_unlock(x);
    domain_forget_if_transient(x, d);
    return 0;
}

static int run_suspend(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(freep) char *file = managed_checkpoint(x, d->uuid);

    if (!d->guest)
        return op_no_guest(d, e);
    if (domain_save(x, d, t, file, false, e) < 0)
        return err_add(e, "%s: suspending", t->name);
    return 0;
}

/*
 * The checkpoint goes before the guest may run: whatever happens later, nobody goes on from it a
 * second time. Until then the guest is undone and the domain stays suspended.
 */
static int resume_from(struct xend *x, struct domain *d, struct task *t, const char *file, int fd,
                       struct err *e)
{
    struct intent_more more = {.name = file, .paused = t->arg & CREATE_PAUSED};
    int r = intent_write_more(x, d, INTENT_RESUME, &more, e);

    if (r == 0)
        r = domain_restore(x, d, t, fd, e);
    if (r == 0 && managed_remove_checkpoint(x, d->uuid, e) < 0) {
        struct err ignored;
        if (domain_guest_end(x, d, &ignored) < 0)
            log_error("domain=%s: giving back what was restored: %s", t->name, ignored.msg);
        r = -1;
    }
    fault_point("resume.committed");
    if (r == 0 && !(t->arg & CREATE_PAUSED))
        r = domain_let_go(x, d, e);
    intent_clear(x, t->uuid);
    return r;
}

static int run_resume(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(freep) char *file = managed_checkpoint(x, d->uuid);
    AUTO(closep) int fd = open(file, O_RDONLY | O_CLOEXEC);
    AUTO(spec_freep) struct spec *s = NULL;
    int r;

    if (d->guest || (fd < 0 && access(file, F_OK) < 0))
        return err_set(e, ERR_STATE, "Cannot resume domain that is not suspended.");
    if (fd < 0)
        return err_sys(e, "%s", file);
    s = savefile_read(fd, file, x->driver->ops->name, e);
    if (s && strcmp(s->uuid, d->uuid) != 0)
        return err_set(e, ERR_INVALID, "%s: it is of another domain, %s", file, s->uuid);
    if (!s)
        return err_add(e, "%s: resuming", t->name);
    free(s->name); /* it may have been renamed meanwhile */
    s->name = xstrdup(d->spec->name);
    xend_lock(x);
    r = domain_set_spec_take(x->domains, d, steal(s), e);
    xend_unlock(x);
    if (r < 0 || resume_from(x, d, t, file, fd, e) < 0)
        return err_add(e, "%s: resuming", t->name);
    t->result = domain_result(x, d);
    return 0;
}

static void load(void *arg, struct spec *s_take, bool suspended)
{
    AUTO(freep) char *name = xstrdup(s_take->name), *uuid = xstrdup(s_take->uuid);
    struct xend *x = arg;
    struct domain *d;
    struct err e;

    xend_lock(x);
    d = domain_add_take(x->domains, s_take, &e);
    if (d) {
        d->managed = true;
        d->state = suspended ? DOMAIN_SUSPENDED : DOMAIN_HALTED;
    }
    xend_unlock(x);
    if (!d)
        log_error("domain=%s: the managed domain %s is left out: %s", name, uuid, e.msg);
}

int ops_load(struct xend *x, struct err *e)
{
    return managed_load(x, load, x, e);
}

const struct task_kind op_new = {.name = "new", .run = run_new, .makes_domain = true};
const struct task_kind op_start = {.name = "start", .run = run_start, .halted = true};
const struct task_kind op_delete = {.name = "delete", .run = run_delete, .halted = true};
const struct task_kind op_suspend = {.name = "suspend", .run = run_suspend, .managed = true};
const struct task_kind op_resume = {.name = "resume", .run = run_resume, .halted = true};
