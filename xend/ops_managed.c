/*
 * Jobs of managed domains: those that exist whether or not they run. What is acknowledged is on
 * disk (managed.h).
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/api.h"
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

/* Before anything is on disk: a name that another domain has. */
static int check_free(struct xend *x, const struct domain *d, const char *name, struct err *e)
{
    const struct domain *other;

    xend_lock(x);
    other = domain_find_name(x->domains, name);
    xend_unlock(x);
    return other && other != d ? err_set(e, ERR_EXISTS, "Domain '%s' already exists", name) : 0;
}

/* On disk first; a running guest keeps what it has, the next one gets this. */
static int define_take(struct xend *x, struct domain *d, struct spec *s_take, struct err *e)
{
    AUTO(spec_freep) struct spec *s = s_take;
    int r;

    if (check_free(x, d, s->name, e) < 0 || managed_write(x, s, e) < 0)
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

const struct spec *domain_definition(const struct domain *d)
{
    return d->next ? d->next : d->spec;
}

char *domain_definition_etag(const struct domain *d)
{
    AUTO(value_freep) struct value *v = spec_to_value(domain_definition(d));
    AUTO(buf_clear) struct buf text = BUF_INIT;
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    json_print(v, &text);
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 1099511628211u;
    return xasprintf("\"%016" PRIx64 "\"", hash);
}

/* What the domain is called and what its secrets are is not the client's to say here. */
static struct spec *new_definition(struct xend *x, struct domain *d, const struct task *t,
                                   struct err *e)
{
    AUTO(problems_clear) struct problems faults = {0};
    const char *wanted = value_get_str(t->arg_value, "etag", NULL);
    AUTO(spec_freep) struct spec *s = spec_from_value(value_get(t->arg_value, "config"), &faults);
    AUTO(freep) char *etag = NULL;

    if (!s) {
        problems_to_err(&faults, e);
        return NULL;
    }
    xend_lock(x);
    etag = domain_definition_etag(d);
    spec_fill_secrets(s, domain_definition(d));
    xend_unlock(x);
    if (wanted && strcmp(wanted, "*") != 0 && strcmp(wanted, etag) != 0) {
        err_set(e, ERR_CHANGED, "it was changed meanwhile");
        err_hint(e, "look at what it is now and begin again");
        return NULL;
    }
    if (s->uuid && strcmp(s->uuid, d->uuid) != 0) {
        err_set(e, ERR_INVALID, "uuid: a domain keeps its uuid, %s", d->uuid);
        return NULL;
    }
    if (strcmp(s->name, d->spec->name) != 0) {
        err_set(e, ERR_INVALID, "name: '%.100s' is another", s->name);
        err_hint(e, "xm rename gives a domain another name");
        return NULL;
    }
    if (!s->uuid)
        s->uuid = xstrdup(d->uuid);
    xend_lock(x);
    spec_complete(x, s);
    xend_unlock(x);
    return steal(s);
}

static int run_configure(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    struct spec *s;

    fault_point("configure.begin");
    s = new_definition(x, d, t, e);
    if (!s || define_take(x, d, s, e) < 0)
        return err_add(e, "%s", t->name);
    t->result = domain_result(x, d);
    return 0;
}

/* It runs on; from now on it is there when it does not. */
static int run_keep(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(spec_freep) struct spec *s = NULL;

    if (d->managed)
        return err_set(e, ERR_STATE, "%s: Domain is managed already", t->name);
    s = job_spec(x, d, t, e);
    fault_point("keep.begin");
    if (!s || managed_write(x, s, e) < 0)
        return err_add(e, "%s", t->name);
    xend_lock(x);
    d->managed = true;
    domain_touch(x->domains, d);
    xend_unlock(x);
    t->result = domain_result(x, d);
    return 0;
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

    if (domain_save(x, d, t, file, false, e) < 0)
        return err_add(e, "%s: suspending", t->name);
    return 0;
}

static int resume_from(struct xend *x, struct domain *d, struct task *t, const char *file, int fd,
                       struct err *e)
{
    int r = domain_restore_once(x, d, t, file, fd, e);

    intent_clear(x, t->uuid);
    return r;
}

/* With the lock: the guest is what it was saved as; what was changed since is for the next one. */
static int go_on_as_take(struct xend *x, struct domain *d, struct spec *s_take, struct err *e)
{
    AUTO(spec_freep) struct spec *now = spec_copy(d->spec), *s = s_take;

    free(s->name); /* it may have been renamed meanwhile */
    s->name = xstrdup(d->spec->name);
    spec_fill_secrets(s, now);
    if (!d->next && !specs_ask_the_same(now, s))
        d->next = steal(now);
    return domain_set_spec_take(x->domains, d, steal(s), e);
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
    s = savefile_read(fd, file, x->driver->ops->name, &t->job, SAVEFILE_READ_S, e);
    if (s && strcmp(s->uuid, d->uuid) != 0)
        return err_set(e, ERR_INVALID, "%s: it is of another domain, %s", file, s->uuid);
    if (!s)
        return err_add(e, "%s: resuming", t->name);
    xend_lock(x);
    r = go_on_as_take(x, d, steal(s), e);
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
    int r;

    x->domains->loading = true; /* there are no other threads yet */
    r = managed_load(x, load, x, e);
    x->domains->loading = false;
    return r;
}

const struct task_kind op_new = {.name = "new", .run = run_new, .makes_domain = true};
const struct task_kind op_configure = {.name = "configure", .run = run_configure};
const struct task_kind op_keep = {.name = "keep", .run = run_keep};
const struct task_kind op_start = {.name = "start", .run = run_start};
const struct task_kind op_delete = {.name = "delete", .run = run_delete};
const struct task_kind op_suspend = {.name = "suspend", .run = run_suspend};
const struct task_kind op_resume = {.name = "resume", .run = run_resume};
