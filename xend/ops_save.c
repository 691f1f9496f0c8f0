/*
 * Jobs that put a guest into a file and take it out again. The file gets its name when it is whole
 * and on disk; only then does the guest go. Until then it can go on, and does after any failure.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/claims.h"
#include "xend/intent.h"
#include "xend/away.h"
#include "xend/managed.h"
#include "xend/ops.h"
#include "xend/policy.h"
#include "xend/savefile.h"
#include "xend/vnet.h"
#include "xend/xend.h"

/* What is there already must be an ordinary file: it will be replaced. */
static int check_place(const char *file, struct err *e)
{
    struct stat st;

    if (lstat(file, &st) < 0 || S_ISREG(st.st_mode))
        return 0;
    return err_set(e, ERR_EXISTS, "%s: is there and is no ordinary file", file);
}

/* What a save is made of. */
struct saving {
    const char *file;
    char *partial;
    bool checkpoint, was_running;
    int fd;
};

/* The file, and the intent that knows it: by its inode a later xend tells whether it has its name.
 */
static int begin(struct xend *x, struct domain *d, struct saving *s, struct err *e)
{
    enum intent_op op = s->checkpoint ? INTENT_CHECKPOINT : INTENT_SAVE;
    struct intent_more more = {.file = s->partial, .name = s->file, .paused = !s->was_running};
    struct stat st;

    if (check_place(s->file, e) < 0 || intent_write_more(x, d, op, &more, e) < 0)
        return -1;
    s->fd = savefile_create(s->partial, e);
    if (s->fd < 0)
        return -1;
    if (fstat(s->fd, &st) < 0)
        return err_sys(e, "%s", s->partial);
    more.inode = (uint64_t)st.st_ino;
    return intent_write_more(x, d, op, &more, e);
}

/* Frame and stream, under the partial name. */
static int write_file(struct xend *x, struct domain *d, struct task *t, const struct saving *s,
                      struct err *e)
{
    AUTO(spec_freep) struct spec *spec = NULL;

    xend_lock(x);
    spec = spec_copy(d->spec);
    xend_unlock(x);
    job_step(&t->job, "writing its memory");
    if (savefile_write(s->fd, spec, x->driver->ops->name, e) < 0)
        return err_add(e, "%s", s->partial);
    fault_point("save.begin");
    if (x->driver->ops->save(d->guest, s->fd, false, &t->job, e) < 0)
        return err_add(e, "%s", s->partial);
    return 0;
}

/* The whole file under its name, or nothing under either. */
static int save_to(struct xend *x, struct domain *d, struct task *t, struct saving *s,
                   struct err *e)
{
    int r = begin(x, d, s, e);

    if (r == 0)
        r = write_file(x, d, t, s, e);
    if (r == 0)
        r = savefile_commit(s->fd, s->partial, s->file, e);
    fault_point("save.named");
    if (r < 0 && s->fd >= 0)
        unlink(s->partial);
    close_fd(&s->fd);
    return r;
}

void domain_runs_here(struct xend *x, const struct domain *d)
{
    AUTO(freep) char *name = NULL;

    xend_lock(x);
    name = xstrdup(d->spec->name);
    xend_unlock(x);
    away_end(x, d->uuid, name);
}

void domain_stands_still(struct xend *x, struct domain *d)
{
    enum stop_reason reason;

    if (x->driver->ops->state(d->guest, &reason) != GUEST_SHUTDOWN || reason != STOP_SUSPEND)
        return;
    xend_lock(x);
    d->reason = STOP_SUSPEND;
    domain_set_state(x->domains, d, DOMAIN_SHUTDOWN);
    xend_unlock(x);
}

/* The guest is as it was before the save, which may have got as far as making it stand still. */
int domain_go_on(struct xend *x, struct domain *d, bool was_running, struct err *e)
{
    const struct driver_ops *ops = x->driver->ops;
    enum stop_reason reason;
    enum guest_state state = ops->state(d->guest, &reason);
    bool suspended = state == GUEST_SHUTDOWN && reason == STOP_SUSPEND;

    domain_runs_here(x, d);
    if (suspended || (state == GUEST_PAUSED && was_running)) {
        if (ops->resume(d->guest, e) < 0 || (!was_running && ops->pause(d->guest, e) < 0)) {
            domain_stands_still(x, d);
            return -1;
        }
    } else if (state != GUEST_RUNNING && state != GUEST_PAUSED) {
        return 0; /* it ended meanwhile */
    }
    xend_lock(x);
    if (!d->privileged)
        domain_set_state(x->domains, d, was_running ? DOMAIN_RUNNING : DOMAIN_PAUSED);
    xend_unlock(x);
    return 0;
}

/* Under its intent: until the file has its name a later xend lets the guest go on, then ends it. */
int domain_save(struct xend *x, struct domain *d, struct task *t, const char *file, bool checkpoint,
                struct err *e)
{
    AUTO(freep) char *own = managed_checkpoint(x, d->uuid);
    AUTO(freep)
    char *partial =
        strcmp(file, own) == 0 ? managed_partial(x, d->uuid) : xasprintf("%s-incomplete", file);
    struct saving s = {.file = file, .partial = partial, .checkpoint = checkpoint, .fd = -1};
    enum stop_reason reason;
    struct err more;
    int r;

    s.was_running = x->driver->ops->state(d->guest, &reason) == GUEST_RUNNING;
    r = save_to(x, d, t, &s, e);
    if ((r < 0 || checkpoint) && domain_go_on(x, d, s.was_running, &more) < 0) {
        log_error("domain=%s: going on after its save: %s", t->name, more.msg);
        if (r == 0)
            *e = more;
        r = -1;
    }
    if (r == 0 && !checkpoint)
        r = domain_guest_end(x, d, e);
    if (r == 0 && !checkpoint)
        domain_forget_if_transient(x, d);
    intent_clear(x, t->uuid);
    return r;
}

static int run_save(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    const char *file = value_as_str(t->arg_value);
    struct stat st;

    if (domain_save(x, d, t, file, t->arg, e) < 0)
        return err_add(e, "%s: saving", t->name);
    t->result = value_map();
    value_set_str(t->result, "file", file);
    value_set_int(t->result, "bytes", stat(file, &st) == 0 ? (int64_t)st.st_size : 0);
    return 0;
}

/* The managed domain that was saved, if it can go on from the file; NULL: there is none. */
static struct domain *find_halted(struct xend *x, const struct spec *s)
{
    struct domain *d = domain_find_uuid(x->domains, s->uuid);

    return d && d->managed && d->state == DOMAIN_HALTED && !d->guest && !d->first && !d->running
               ? d
               : NULL;
}

int domain_enter_saved_take(struct xend *x, struct domain *d, struct task *t, struct spec *s_take,
                            struct err *e)
{
    struct domain *old;
    int r = 0;

    xend_lock(x);
    old = find_halted(x, s_take);
    if (old) {
        free(s_take->name);
        s_take->name = xstrdup(old->spec->name);
        domain_take_over_take(x->domains, d, old, s_take);
    } else {
        r = domain_enter_take(x->domains, d, s_take, e);
    }
    if (r == 0)
        task_rename(t, d);
    xend_unlock(x);
    return r;
}

int domain_restore(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    AUTO(spec_freep) struct spec *s = NULL;
    struct guest *g;

    xend_lock(x);
    s = spec_copy(d->spec);
    xend_unlock(x);
    if (vnet_need(x, s, e) < 0)
        return -1;
    job_step(&t->job, "reading its memory");
    if (claims_take(x, d, s, e) < 0)
        return -1;
    fault_point("restore.begin");
    g = x->driver->ops->restore(x->driver, s, fd, &t->job, e);
    fault_point("restore.done");
    return g ? domain_guest_take(x, d, t, g, true, e) : domain_unclaim(x, d);
}

int domain_let_go(struct xend *x, struct domain *d, struct err *e)
{
    fault_point("guest.resuming");
    if (x->driver->ops->resume(d->guest, e) < 0)
        return -1;
    fault_point("guest.resumed");
    domain_runs_here(x, d);
    xend_lock(x);
    if (d->state == DOMAIN_PAUSED)
        domain_set_state(x->domains, d, DOMAIN_RUNNING);
    xend_unlock(x);
    return 0;
}

static int give_back(struct xend *x, struct domain *d, const struct task *t)
{
    struct err ignored;

    if (domain_guest_end(x, d, &ignored) < 0)
        log_error("domain=%s: giving back what was restored: %s", t->name, ignored.msg);
    return -1;
}

/* One that cannot run is ended. */
static int restore(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e)
{
    if (intent_write(x, d, INTENT_CREATE, e) < 0 || domain_restore(x, d, t, fd, e) < 0)
        return -1;
    if (t->arg & CREATE_PAUSED || domain_let_go(x, d, e) == 0)
        return 0;
    return give_back(x, d, t);
}

/*
 * The file goes before the guest may run: whatever happens later, nobody goes on from it a second
 * time. Until then the guest is undone and the file stays; after it the guest stays, if only
 * paused.
 */
int domain_restore_once(struct xend *x, struct domain *d, struct task *t, const char *file, int fd,
                        struct err *e)
{
    struct intent_more more = {.name = file, .paused = t->arg & CREATE_PAUSED};

    if (intent_write_more(x, d, INTENT_RESUME, &more, e) < 0 || domain_restore(x, d, t, fd, e) < 0)
        return -1;
    if (savefile_remove(file, e) < 0) {
        if (access(file, F_OK) == 0)
            return give_back(x, d, t);
        log_error("domain=%s: it goes on, and a power cut may bring its file back, which is of no "
                  "use then: %s",
                  t->name, e->msg);
    }
    fault_point("resume.committed");
    if (t->arg & CREATE_PAUSED || domain_let_go(x, d, e) == 0)
        return 0;
    return err_hint(e, "It is there, and paused: try xm unpause.");
}

void domain_settle_definition(struct xend *x, struct domain *d)
{
    struct err ignored; /* the name is its own */

    xend_lock(x);
    if (d->next && !d->guest) {
        domain_set_spec_take(x->domains, d, steal(d->next), &ignored);
    } else if (d->next && specs_ask_the_same(d->next, d->spec)) {
        spec_free(d->next);
        d->next = NULL;
    }
    xend_unlock(x);
}

static int run_restore(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    const char *file = value_as_str(t->arg_value);
    AUTO(closep) int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct spec *s;

    if (fd < 0)
        return err_sys(e, "restoring: %s", file);
    s = savefile_read(fd, file, x->driver->ops->name, &t->job, SAVEFILE_READ_S, e);
    if (!s || domain_enter_saved_take(x, d, t, s, e) < 0)
        return err_add(e, "restoring");
    if ((t->arg & RESTORE_ONCE ? domain_restore_once(x, d, t, file, fd, e)
                               : restore(x, d, t, fd, e)) < 0) {
        err_add(e, "%s: restoring %s", t->name, file);
        domain_settle_definition(x, d);
        domain_forget_if_transient(x, d);
        intent_clear(x, t->uuid);
        return -1;
    }
    domain_settle_definition(x, d);
    t->result = domain_result(x, d);
    intent_clear(x, t->uuid);
    return 0;
}

static int run_go_on(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    int r = d->guest ? domain_go_on(x, d, t->arg, e) : 0;

    intent_clear(x, t->uuid);
    return r < 0 ? err_add(e, "%s: letting it go on", t->name) : 0;
}

const struct task_kind op_go_on = {.name = "go-on", .run = run_go_on, .hidden = true};
const struct task_kind op_save = {.name = "save", .run = run_save};
const struct task_kind op_restore = {.name = "restore", .run = run_restore};
