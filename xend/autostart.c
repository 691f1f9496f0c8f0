/* Starting domains in their order, as a job: see autostart.h. */
#include "xend/autostart.h"

#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/ops.h"
#include "xend/waves.h"
#include "xend/xend.h"

#define PARALLEL_DEFAULT_MAX 8 /* starts at once, on a host with that many CPUs */
#define SETTLE_MS 30000        /* for what an earlier xend left half done to be undone */

/* One autostart. */
struct storm {
    struct xend *xend;
    struct task *task;
    struct plan plan;
    struct waves *waves;
    struct places VEC(size_t) places, under_way; /* places: of the waves' items in the plan */
    struct problems faults;
    int note_fd; /* -1: nothing is noted */
    size_t n_done;
};

/* Whom the note names is not touched again. */
static void skip_noted(struct storm *s)
{
    AUTO(buf_clear) struct buf names = BUF_INIT;

    value_free(note_read(s->xend, &names));
    for (size_t i = 0; i < s->plan.starts.len; i++) {
        struct start *d = &s->plan.starts.ptr[i];
        if (d->state == START_WAITS && note_has(&names, d->name))
            d->state = START_BEFORE;
    }
}

/* ---- one domain */

static struct domain *record_of(const struct xend *x, const struct start *d)
{
    struct err none;
    const char *uuid = d->uuid[0] ? d->uuid : d->spec ? d->spec->uuid : NULL;
    struct domain *found = uuid ? domain_find_uuid(x->domains, uuid) : NULL;

    if (!found)
        found = domain_get(x->domains, d->name, &none);
    return found;
}

/* Queues its start; false when there is nothing to wait for. With the lock. */
static bool begin(struct storm *s, struct start *d)
{
    struct xend *x = s->xend;
    struct domain *found = record_of(x, d);
    const char *by = s->task->by;

    if (found && (found->domid != DOMID_NONE || (!found->managed && !found->removed))) {
        d->state = START_RAN;
        return false;
    }
    if (found && found->state == DOMAIN_SUSPENDED)
        d->task = queue_add(x->queue, found, &op_resume, by, false);
    else if (found && !d->file)
        d->task = queue_add(x->queue, found, &op_start, by, false);
    else if (d->file)
        d->task = domain_make_take(x, steal(d->spec), CREATE_START, false, by, &d->err);
    else
        err_set(&d->err, ERR_NO_DOMAIN, "Domain '%s' does not exist.", d->name); /* deleted */
    d->state = d->task ? START_UNDER_WAY : START_FAILED;
    if (d->task) {
        d->task->held = true;
        memcpy(d->uuid, d->task->uuid, sizeof(d->uuid));
    }
    return d->task != NULL;
}

/* What became of it. Somebody else may have been quicker. With the lock. */
static void end(const struct xend *x, struct start *d)
{
    const struct domain *found = domain_find_uuid(x->domains, d->uuid);

    d->state = d->task->state == TASK_DONE           ? START_DONE
               : found && found->domid != DOMID_NONE ? START_RAN
                                                     : START_FAILED;
    if (d->state == START_FAILED && queue_stopping(x->queue))
        d->state = START_WAITS; /* cancelled for that: it is the next xend's */
    d->err = d->task->err;
    d->task->held = false;
    d->task = NULL;
}

/* ---- all of them */

/* Begins what may begin now; the waves' items that ended at once go to *ended. With the lock. */
static void begin_all(struct storm *s, struct places *ended)
{
    size_t i;

    while (!atomic_load(&s->task->job.cancelled) && waves_next(s->waves, now_ms(), &i)) {
        if (begin(s, &s->plan.starts.ptr[s->places.ptr[i]]))
            vec_push(&s->under_way, i);
        else
            vec_push(ended, i);
    }
}

/* Moves those whose jobs have ended. With the lock. */
static void collect(struct storm *s, struct places *ended)
{
    for (size_t k = 0; k < s->under_way.len;) {
        size_t i = s->under_way.ptr[k];
        struct start *d = &s->plan.starts.ptr[s->places.ptr[i]];

        if (!task_ended(d->task)) {
            k++;
            continue;
        }
        end(s->xend, d);
        vec_push(ended, i);
        vec_remove(&s->under_way, k);
    }
}

/* Waits until something has ended or is due; false when the storm is over. */
static bool step(struct storm *s, struct places *ended)
{
    struct xend *x = s->xend;
    bool goes_on = true;

    xend_lock(x);
    while (!ended->len && goes_on) {
        begin_all(s, ended);
        collect(s, ended);
        goes_on = !waves_over(s->waves) && !atomic_load(&s->task->job.cancelled);
        if (!ended->len && goes_on)
            queue_wait(x->queue, waves_wake_ms(s->waves));
    }
    xend_unlock(x);
    return ended->len || goes_on;
}

/* Those that are still under way when nobody waits any more. */
static void let_go(struct storm *s)
{
    xend_lock(s->xend);
    for (size_t k = 0; k < s->under_way.len; k++) {
        struct start *d = &s->plan.starts.ptr[s->places.ptr[s->under_way.ptr[k]]];
        d->task->held = false;
        d->task = NULL;
        d->state = START_SLOW;
    }
    xend_unlock(s->xend);
}

static void run_waves(struct storm *s)
{
    struct places ended = {0};

    while (step(s, &ended)) {
        for (size_t k = 0; k < ended.len; k++) {
            struct start *d = &s->plan.starts.ptr[s->places.ptr[ended.ptr[k]]];
            if (s->note_fd >= 0 && d->state != START_WAITS)
                note_add(s->note_fd, d->name);
            waves_ended(s->waves, ended.ptr[k], d->state == START_DONE, now_ms());
            job_progress(&s->task->job, ++s->n_done, s->places.len);
        }
        ended.len = 0;
    }
    vec_clear(&ended);
    let_go(s);
}

static bool exists(void *arg, const char *name)
{
    struct xend *x = arg;
    struct err none;
    bool found;

    xend_lock(x);
    found = domain_get(x->domains, name, &none) != NULL;
    xend_unlock(x);
    return found;
}

static size_t parallel(const struct xend *x)
{
    int64_t n = conf_int(&x->conf, "autostart-parallel");
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    if (n > 0)
        return (size_t)n;
    return cpus < 2 ? 2 : cpus > PARALLEL_DEFAULT_MAX ? PARALLEL_DEFAULT_MAX : (size_t)cpus;
}

/* The order of what is left to start. */
static void make_waves(struct storm *s)
{
    struct wave_limits limits = {
        .parallel = parallel(s->xend),
        .patience_ms = conf_int(&s->xend->conf, "autostart-patience") * 1000,
        .gap_ms = value_get_int(s->task->arg_value, "gap_ms", 0),
    };
    struct wave_item *items = xcalloc(s->plan.starts.len + 1, sizeof(*items));
    bool all = s->task->kind == &op_autostart_plan;

    for (size_t i = 0; i < s->plan.starts.len; i++) {
        const struct start *d = &s->plan.starts.ptr[i];
        if (!d->spec || (d->state != START_WAITS && !all))
            continue;
        items[s->places.len] = (struct wave_item){
            d->name, d->spec->start_order, d->spec->start_delay * 1000, d->spec->start_after};
        vec_push(&s->places, i);
    }
    s->waves = waves_new(items, s->places.len, &limits, exists, s->xend, &s->faults);
    free(items); /* the waves have numbers by now, no names */
}

/* What a plan only tells, an autostart leaves in the log as well. */
static void log_faults(const struct storm *s)
{
    for (size_t i = 0; i < s->plan.starts.len; i++)
        if (s->plan.starts.ptr[i].state == START_FAILED)
            log_error("autostart: %s", s->plan.starts.ptr[i].err.msg);
        else if (s->plan.starts.ptr[i].state == START_MIGRATED)
            log_warn("autostart: %s; %s", s->plan.starts.ptr[i].err.msg,
                     s->plan.starts.ptr[i].err.hint);
    for (size_t i = 0; i < s->faults.len; i++)
        log_warn("domain=%s: %s", s->faults.ptr[i].where, s->faults.ptr[i].text);
}

/* ---- what the job answers */

static const char *state_text(struct storm *s, const struct start *d)
{
    static const char *const names[] = {"waits",   "starting", "started", "running", "saved",
                                        "earlier", "failed",   "slow",    "migrated"};
    const struct domain *found;
    const char *text;

    if (s->task->kind != &op_autostart_plan || d->state != START_WAITS)
        return names[d->state];
    xend_lock(s->xend);
    found = record_of(s->xend, d);
    text = found ? domain_state_name(found->state) : "halted";
    xend_unlock(s->xend);
    return text;
}

/* wave 0: it is in none. */
static struct value *start_to_value(struct storm *s, const struct start *d, size_t wave)
{
    struct value *v = value_map();

    value_set_str(v, "name", d->name);
    value_set_take(v, "file", d->file ? value_str(d->file) : value_nil());
    value_set_str(v, "state", state_text(s, d));
    value_set_int(v, "wave", (int64_t)wave);
    if (d->spec && s->task->kind == &op_autostart_plan) {
        value_set_int(v, "start_order", d->spec->start_order);
        value_set_int(v, "start_delay", d->spec->start_delay);
        value_set_take(v, "start_after",
                       d->spec->start_after ? value_copy(d->spec->start_after) : value_list());
    }
    if (d->state == START_FAILED || d->state == START_MIGRATED) {
        value_set_str(v, "error", d->err.msg);
        value_set_str(v, "hint", d->err.hint);
    }
    return v;
}

/* {"domains":[in the order of the plan],"problems":[of the order]} */
static struct value *result(struct storm *s)
{
    size_t *waves = xcalloc(s->plan.starts.len + 1, sizeof(*waves));
    struct value *v = value_map(), *domains = value_list(), *problems = value_list();

    for (size_t i = 0; i < s->places.len; i++)
        waves[s->places.ptr[i]] = waves_number(s->waves, i);
    for (size_t i = 0; i < s->plan.starts.len; i++)
        value_add_take(domains, start_to_value(s, &s->plan.starts.ptr[i], waves[i]));
    free(waves);
    for (size_t i = 0; i < s->faults.len; i++) {
        struct value *p = value_map();
        value_set_str(p, "name", s->faults.ptr[i].where);
        value_set_str(p, "detail", s->faults.ptr[i].text);
        value_set_str(p, "hint", s->faults.ptr[i].hint);
        value_add_take(problems, p);
    }
    value_set_take(v, "domains", domains);
    value_set_take(v, "problems", problems);
    return v;
}

/* ---- the job */

/* Until what an earlier xend left half done is finished or undone by jobs of its own. */
static void settle(struct storm *s)
{
    struct xend *x = s->xend;
    int64_t until = now_ms() + SETTLE_MS;
    bool busy = true;

    job_step(&s->task->job, "waiting for what was left half done");
    xend_lock(x);
    while (busy && now_ms() < until && !atomic_load(&s->task->job.cancelled)) {
        busy = false;
        for (size_t i = 0; i < x->domains->n; i++)
            busy |= x->domains->sorted[i]->first || x->domains->sorted[i]->running;
        if (busy)
            queue_wait(x->queue, until);
    }
    xend_unlock(x);
}

static int start_them(struct storm *s, struct err *e)
{
    bool noted = !(s->task->arg & AUTOSTART_WITH_XEND), stopping;

    log_faults(s);
    if (noted)
        s->note_fd =
            note_begin(s->xend, s->task->arg & AUTOSTART_GO_ON ? NULL : s->task->arg_value);
    job_progress(&s->task->job, 0, s->places.len);
    job_step(&s->task->job, "starting domains");
    run_waves(s);
    xend_lock(s->xend);
    stopping = queue_stopping(s->xend->queue);
    xend_unlock(s->xend);
    if (noted && !stopping)
        note_remove(s->xend);
    if (job_check(&s->task->job, e) == 0)
        return 0;
    return noted && stopping
               ? err_set(e, ERR_CANCELLED, "autostart: xend is stopping; its next start goes on")
               : err_add(e, "autostart");
}

static int run_autostart(struct xend *x, struct domain *record, struct task *t, struct err *e)
{
    struct storm s = {.xend = x, .task = t, .note_fd = -1};
    AUTO(freep) char *dflt = path_join(x->paths.etc_dir, "auto");
    int r = 0;

    (void)record;
    if (t->arg & AUTOSTART_GO_ON)
        settle(&s);
    job_step(&t->job, "reading configuration files");
    plan_read(x, &s.plan, t->arg, value_get_str(t->arg_value, "auto", dflt),
              value_get_str(t->arg_value, "saved", NULL));
    if (t->arg & AUTOSTART_GO_ON)
        skip_noted(&s);
    make_waves(&s);
    if (t->kind != &op_autostart_plan)
        r = start_them(&s, e);
    t->result = result(&s);
    close_fd(&s.note_fd);
    waves_free(s.waves);
    vec_clear(&s.places);
    vec_clear(&s.under_way);
    problems_clear(&s.faults);
    plan_clear(&s.plan);
    return r;
}

const struct task_kind op_autostart = {.name = "autostart", .run = run_autostart};
const struct task_kind op_autostart_plan = {
    .name = "autostart-plan", .run = run_autostart, .hidden = true};

struct task *autostart_running(struct xend *x)
{
    struct task *t = x->autostart->running;

    if (t && !(t->arg & AUTOSTART_WITH_XEND))
        return t;
    for (t = x->autostart->first; t; t = t->next)
        if (!(t->arg & AUTOSTART_WITH_XEND))
            return t;
    return NULL;
}

static bool any_with_xend(const struct xend *x)
{
    for (size_t i = 0; i < x->domains->n; i++)
        if (x->domains->sorted[i]->managed && x->domains->sorted[i]->spec->on_xend_start)
            return true;
    return false;
}

void autostart_open(struct xend *x)
{
    AUTO(buf_clear) struct buf names = BUF_INIT;
    struct value *request = note_read(x, &names);

    xend_lock(x);
    x->autostart = domain_new(x->domains, "autostart");
    if (any_with_xend(x))
        queue_add(x->queue, x->autostart, &op_autostart, "xend", false)->arg = AUTOSTART_WITH_XEND;
    if (request) {
        struct task *t = queue_add(x->queue, x->autostart, &op_autostart, "xend", false);
        t->arg = AUTOSTART_GO_ON;
        t->arg_value = request;
        log_info("an earlier xend died while it was autostarting domains: going on");
    }
    xend_unlock(x);
}

void autostart_close(struct xend *x)
{
    if (x->autostart)
        domain_unref(x->autostart);
    x->autostart = NULL;
}
