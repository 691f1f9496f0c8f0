/* What there is to start: see autostart.h. Called by autostart.c, on its worker. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xend/autostart.h"
#include "xend/away.h"
#include "xend/evaluate.h"
#include "xend/xend.h"

void plan_clear(struct plan *p)
{
    for (size_t i = 0; i < p->starts.len; i++) {
        free(p->starts.ptr[i].name);
        free(p->starts.ptr[i].file);
        spec_free(p->starts.ptr[i].spec);
    }
    vec_clear(&p->starts);
    index_clear(&p->by_name);
}

/* Keeps the name in the index; false when somebody has it already. */
static bool add_take(struct plan *p, struct start s)
{
    bool is_new = !index_get(&p->by_name, s.name);

    if (is_new) {
        vec_push(&p->starts, s);
        index_put(&p->by_name, s.name, (void *)p->starts.len); /* never followed */
    }
    return is_new;
}

static void add_failed(struct plan *p, const char *base, const char *path, const struct err *e)
{
    struct start s = {.name = xstrdup(base), .file = xstrdup(path), .state = START_FAILED};

    s.err = *e;
    vec_push(&p->starts, s); /* in no index: it has no name of its own */
}

/* What was saved comes back by xm restore: starting it anew would damage its disks. */
static bool is_saved(const char *saved_dir, const char *name)
{
    AUTO(freep) char *path = saved_dir ? path_join(saved_dir, name) : NULL;

    return path && access(path, F_OK) == 0;
}

static void add_file(struct plan *p, struct evaluator *v, const char *dir, const char *base,
                     const char *saved_dir)
{
    AUTO(freep) char *path = path_join(dir, base);
    struct start s = {.file = xstrdup(path)};
    struct err e = {0};

    s.spec = evaluate_file(v, path, &e);
    if (!s.spec) {
        add_failed(p, base, path, &e);
        free(s.file);
        return;
    }
    s.name = xstrdup(s.spec->name);
    if (is_saved(saved_dir, base) || is_saved(saved_dir, s.name))
        s.state = START_SAVED;
    if (!add_take(p, s)) {
        err_set(&e, ERR_EXISTS, "%s: another file there is of domain '%s', too", path, s.name);
        add_failed(p, base, path, &e);
        free(s.name);
        free(s.file);
        spec_free(s.spec);
    }
}

/* As the shell's DIR/ * would have it, without directories. */
static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_type != DT_DIR;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_files(struct plan *p, const char *dir, const char *saved_dir)
{
    struct evaluator *v = evaluator_new();
    struct dirent **entries;
    int n = scandir(dir, &entries, is_visible, by_bytes);

    if (n < 0 && errno != ENOENT) {
        struct err e;
        err_sys(&e, "%s", dir);
        add_failed(p, dir, dir, &e);
    }
    for (int i = 0; i < n; i++) {
        add_file(p, v, dir, entries[i]->d_name, saved_dir);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    evaluator_free(v);
}

/* A managed domain that a file names, too, is that file's. */
static void add_managed(struct xend *x, struct plan *p, bool with_xend, const char *saved_dir)
{
    xend_lock(x);
    for (size_t i = 0; i < x->domains->n; i++) {
        const struct domain *d = x->domains->sorted[i];
        struct start s = {.name = NULL};

        if (!d->managed || !(with_xend ? d->spec->on_xend_start : d->spec->autostart))
            continue;
        s.name = xstrdup(d->spec->name);
        s.spec = spec_copy(d->spec);
        memcpy(s.uuid, d->uuid, sizeof(s.uuid));
        if (!add_take(p, s)) {
            free(s.name);
            spec_free(s.spec);
        }
    }
    xend_unlock(x);
    for (size_t i = 0; i < p->starts.len; i++)
        if (!p->starts.ptr[i].file && is_saved(saved_dir, p->starts.ptr[i].name))
            p->starts.ptr[i].state = START_SAVED;
}

/* One that was migrated away may run there. */
static void leave_migrated(const struct xend *x, struct start *s)
{
    AUTO(freep) char *to = NULL;

    if (s->state != START_WAITS)
        return;
    to = away_where(x, s->uuid[0] ? s->uuid : s->spec->uuid, s->name);
    if (!to)
        return;
    s->state = START_MIGRATED;
    err_set(&s->err, ERR_STATE, "%s: not started: it was migrated to %.200s, and may run there",
            s->name, to);
    if (s->file)
        err_hint(&s->err, "xm create %s starts it here", s->file);
    else
        err_hint(&s->err, "xm start %s starts it here", s->name);
}

void plan_read(struct xend *x, struct plan *p, int64_t how, const char *auto_dir,
               const char *saved_dir)
{
    if (!(how & AUTOSTART_WITH_XEND))
        add_files(p, auto_dir, saved_dir);
    add_managed(x, p, how & AUTOSTART_WITH_XEND, saved_dir);
    for (size_t i = 0; i < p->starts.len; i++)
        leave_migrated(x, &p->starts.ptr[i]);
}
