/*
 * Managed domains are read from disk, at start: see managed.h. Thousands of small files, so by some
 * threads at once; what they find is handed over by the caller's.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/sxp.h"
#include "libxl/base/fsops.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/base/uuid.h"
#include "libxl/base/vec.h"
#include "xend/managed_parts.h"
#include "xend/xend.h"

#define CONFIG_BYTES_MAX (1024 * 1024) /* the largest spec is a few KiB */
#define ARENA_BYTES (100ul * CONFIG_BYTES_MAX)
#define THREADS_MAX 4
#define DOMAINS_A_THREAD 200 /* fewer are read sooner than a thread is made */

/* The spec of one file; its uuid must be the directory's. text: as sxp_parse has it. */
static struct spec *spec_of(const struct buf *text, const char *path, const char *uuid,
                            struct err *e)
{
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(arena_clear) struct arena values = {.limit = ARENA_BYTES};
    const struct value *forms = sxp_parse_in(&values, text->ptr, text->len, path, e);
    AUTO(spec_freep) struct spec *s = NULL;

    if (!forms)
        return NULL;
    if (value_len(forms) != 1) {
        err_set(e, ERR_INVALID, "%s: %zu forms, not one", path, value_len(forms));
        return NULL;
    }
    s = spec_from_sxp(value_at(forms, 0), &faults);
    if (!s) {
        problems_to_err(&faults, e);
        err_add(e, "%s", path);
        return NULL;
    }
    if (s->uuid && strcmp(s->uuid, uuid) == 0)
        return steal(s);
    err_set(e, ERR_INVALID, "%s: its uuid is %s, not that of its directory", path,
            s->uuid ? s->uuid : "missing");
    return NULL;
}

/* text: room for the file, used again and again. */
static struct spec *read_config(int dirs, const char *path, const char *uuid, struct buf *text,
                                struct err *e)
{
    char name[UUID_TEXT_SIZE + sizeof("/" CONFIG)];
    AUTO(closep) int fd = -1;

    snprintf(name, sizeof(name), "%s/" CONFIG, uuid);
    fd = openat(dirs, name, O_RDONLY | O_CLOEXEC);
    text->len = 0;
    buf_adds(text, "");
    if (fd < 0)
        err_sys(e, "%s", path);
    else if (read_all(fd, CONFIG_BYTES_MAX, text, e) < 0)
        err_add(e, "%s", path);
    else
        return spec_of(text, path, uuid, e);
    return NULL;
}

static bool is_suspended(int dirs, const char *uuid)
{
    char name[UUID_TEXT_SIZE + sizeof("/" CHECKPOINT)];

    snprintf(name, sizeof(name), "%s/" CHECKPOINT, uuid);
    return faccessat(dirs, name, F_OK, 0) == 0;
}

/* A name in the directory, and what was found there. */
struct found {
    char *name;
    struct spec *spec; /* NULL: no domain */
    bool suspended;
};

struct load {
    const char *dirs;
    int dir; /* the same, open */
    struct VEC(struct found) all;
    _Atomic size_t next;
};

/* One that cannot be read. */
static void set_aside(const char *home, const char *path, const struct err *e)
{
    if (e->sys == ENOENT) {
        if (rmdir(home) < 0) /* made, and never written */
            log_error("%s: a domain without " CONFIG ", left as it is", home);
    } else if (e->sys) {
        log_error("%s: left as it is: %s", path, e->msg);
    } else {
        AUTO(freep) char *aside = xasprintf("%s.bad", path);
        log_error("%s: set aside as %s%s: %s", path, aside,
                  rename(path, aside) < 0 ? " (which failed)" : "", e->msg);
    }
}

static void load_one(const struct load *l, struct found *f, struct buf *text)
{
    AUTO(freep) char *home = path_join(l->dirs, f->name), *path = path_join(home, CONFIG);
    char uuid[UUID_TEXT_SIZE];
    struct err e;

    if (strncmp(f->name, REMOVED, strlen(REMOVED)) == 0 ||
        strncmp(f->name, NEW, strlen(NEW)) == 0) {
        if (fs_unlink(home) < 0) /* of a write that was interrupted: a file or a directory */
            managed_remove_home(home);
        return;
    }
    if (strlen(f->name) != UUID_TEXT_SIZE - 1 || !uuid_normalize(f->name, uuid) ||
        strcmp(f->name, uuid) != 0)
        return; /* not ours */
    f->suspended = is_suspended(l->dir, uuid);
    f->spec = read_config(l->dir, path, uuid, text, &e);
    if (!f->spec)
        set_aside(home, path, &e);
}

static void *load_some(void *arg)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct load *l = arg;
    size_t i;

    while ((i = atomic_fetch_add(&l->next, 1)) < l->all.len)
        load_one(l, &l->all.ptr[i], &text);
    return NULL;
}

/* All of them, by this thread and, when there are many, by others. */
static void load_all(struct load *l)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t threads[THREADS_MAX];
    sigset_t all, old;
    size_t n = 0;

    sigfillset(&all); /* signals are xend's main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (n + 1 < THREADS_MAX && (long)n + 1 < cpus && (n + 1) * DOMAINS_A_THREAD < l->all.len &&
           pthread_create(&threads[n], NULL, load_some, l) == 0)
        n++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    load_some(l);
    while (n > 0)
        pthread_join(threads[--n], NULL);
}

static int by_name(const void *a, const void *b)
{
    const struct spec *s = ((const struct found *)a)->spec, *t = ((const struct found *)b)->spec;

    return s && t ? strcmp(s->name, t->name) : (s != NULL) - (t != NULL);
}

int managed_load(const struct xend *x, managed_found_fn *found, void *arg, struct err *e)
{
    AUTO(freep) char *dirs = managed_dir(x);
    DIR *d = opendir(dirs);
    struct load l = {.dirs = dirs, .dir = d ? dirfd(d) : -1};
    struct dirent *entry;

    if (!d && errno == ENOENT) /* the first xend here */
        return make_dirs(dirs, 0700, e) < 0 || sync_parent(dirs, e) < 0 ? -1 : 0;
    if (!d)
        return err_sys(e, "%s", dirs);
    while ((entry = readdir(d)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            vec_push(&l.all, ((struct found){.name = xstrdup(entry->d_name)}));
    load_all(&l);
    closedir(d);
    if (l.all.len)
        qsort(l.all.ptr, l.all.len, sizeof(l.all.ptr[0]), by_name); /* as the table has them */
    for (size_t i = 0; i < l.all.len; i++) {
        if (l.all.ptr[i].spec)
            found(arg, l.all.ptr[i].spec, l.all.ptr[i].suspended);
        free(l.all.ptr[i].name);
    }
    vec_clear(&l.all);
    return 0;
}
