/* Managed domains on disk: see managed.h. */
#include "xend/managed.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/sxp.h"
#include "libxl/base/fault.h"
#include "libxl/base/fsops.h"
#include "libxl/base/groupsync.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/base/uuid.h"
#include "xend/xend.h"

#define CONFIG "config.sxp"
#define CHECKPOINT "checkpoint.chk"
#define CONFIG_BYTES_MAX (1024 * 1024) /* the largest spec is a few KiB */
#define REMOVED ".removed-"            /* a domain that was deleted, on its way out */
#define NEW ".new-"                    /* one that is being made */
#define WIDTH 78                       /* as the original wrote these files */

static char *domains_dir(const struct xend *x)
{
    return path_join(x->paths.lib_dir, "domains");
}

static char *file_of(const struct xend *x, const char *uuid, const char *name)
{
    return xasprintf("%s/domains/%s/%s", x->paths.lib_dir, uuid, name);
}

/* Files only: the store makes no directories in there. */
static void remove_home(const char *home)
{
    DIR *d = opendir(home);
    struct dirent *entry;

    while (d && (entry = readdir(d))) {
        AUTO(freep) char *path = path_join(home, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            fs_unlink(path);
    }
    if (d)
        closedir(d);
    if (fs_rmdir(home) < 0 && errno != ENOENT)
        log_warn("%s: not removed: %s", home, strerror(errno));
}

/* Changes of it that come together share one fsync. */
static struct group_sync domains_sync = GROUP_SYNC_INIT;

/* The directory of a new domain with its file, on disk but for its name. */
static int fill_home(const char *home, const struct buf *text, struct err *e)
{
    AUTO(freep) char *path = path_join(home, CONFIG);
    AUTO(closep) int fd = -1;

    if (fs_mkdir(home, 0700) < 0)
        return err_sys(e, "%s", home);
    fd = fs_create(path, 0600);
    if (fd < 0)
        return err_sys(e, "%s", path);
    if (write_all(fd, text->ptr, text->len, e) < 0)
        return err_add(e, "%s", path);
    return fs_fsync(fd) < 0 || fs_sync_dir(home) < 0 ? err_sys(e, "%s", path) : 0;
}

/* A domain that is there is there as a whole: made aside, it gets its name last. */
static int write_new(const char *dirs, const char *home, const char *uuid, const struct buf *text,
                     struct err *e)
{
    AUTO(freep) char *aside = xasprintf("%s/" NEW "%s", dirs, uuid);
    struct err ignored;

    if (make_dirs(dirs, 0700, e) < 0)
        return -1;
    remove_home(aside);
    if (fill_home(aside, text, e) == 0) {
        fault_point("managed.made");
        if (fs_rename(aside, home) < 0)
            err_sys(e, "%s", home);
        else if (group_sync(&domains_sync, dirs, e) == 0)
            return 0;
        else if (fs_rename(home, aside) < 0)
            log_error("%s: %s, and it cannot be taken back", home, e->msg);
    }
    remove_home(aside);
    group_sync(&domains_sync, dirs, &ignored);
    return -1;
}

static int write_config(const struct xend *x, const char *uuid, const struct buf *text,
                        struct err *e)
{
    AUTO(freep) char *dirs = domains_dir(x), *home = path_join(dirs, uuid);
    AUTO(freep) char *path = path_join(home, CONFIG);

    if (access(home, F_OK) < 0)
        return write_new(dirs, home, uuid, text, e);
    return write_file_atomic(path, text->ptr, text->len, 0600, e);
}

/* What fails here is mostly the disk, and no fault of the request. */
static int explain(const struct xend *x, struct err *e)
{
    if (e->sys == EIO)
        e->code = ERR_UNAVAILABLE;
    if (e->sys)
        err_hint(e, "nothing was changed; what domains are is kept in %s", x->paths.lib_dir);
    return -1;
}

int managed_write(const struct xend *x, const struct spec *s, struct err *e)
{
    AUTO(value_freep) struct value *form = spec_to_sxp(s, "domain");
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct value *own = value_list();

    value_add_take(own, value_str("xend"));
    value_add_take(own, sxp_pair("version", "1"));
    value_add_take(form, own);
    sxp_print_pretty(form, WIDTH, &text);
    fault_point("managed.writing");
    if (write_config(x, s->uuid, &text, e) < 0)
        return explain(x, e);
    fault_point("managed.written");
    return 0;
}

/* Out of sight in one step, then away. */
int managed_remove(const struct xend *x, const char *uuid, struct err *e)
{
    AUTO(freep) char *dirs = domains_dir(x), *home = path_join(dirs, uuid);
    AUTO(freep) char *away = xasprintf("%s/" REMOVED "%s", dirs, uuid);

    remove_home(away);
    fault_point("managed.removing");
    if (fs_rename(home, away) < 0)
        return errno == ENOENT ? 0 : (err_sys(e, "%s", home), explain(x, e));
    fault_point("managed.removed");
    if (group_sync(&domains_sync, dirs, e) < 0) {
        if (fs_rename(away, home) < 0)
            log_error("%s: %s, and it cannot be taken back", home, e->msg);
        return explain(x, e);
    }
    remove_home(away);
    return 0;
}

char *managed_checkpoint(const struct xend *x, const char *uuid)
{
    return file_of(x, uuid, CHECKPOINT);
}

bool managed_has_checkpoint(const struct xend *x, const char *uuid)
{
    AUTO(freep) char *path = managed_checkpoint(x, uuid);

    return access(path, F_OK) == 0;
}

int managed_remove_checkpoint(const struct xend *x, const char *uuid, struct err *e)
{
    AUTO(freep) char *path = managed_checkpoint(x, uuid);

    if (fs_unlink(path) < 0 && errno != ENOENT)
        return err_sys(e, "%s", path);
    return sync_parent(path, e);
}

/* The spec of one file; its uuid must be the directory's. */
static struct spec *read_config(const char *path, const char *uuid, struct err *e)
{
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(value_freep) struct value *forms = NULL;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct spec *s;

    if (read_file(path, CONFIG_BYTES_MAX, &text, e) < 0)
        return NULL;
    forms = sxp_parse(buf_str(&text), text.len, path, e);
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
    } else if (!s->uuid || strcmp(s->uuid, uuid) != 0) {
        err_set(e, ERR_INVALID, "%s: its uuid is %s, not that of its directory", path,
                s->uuid ? s->uuid : "missing");
        spec_free(s);
        s = NULL;
    }
    return s;
}

/* Removes what an interrupted write has left beside the file; whether it is suspended. */
static bool look_around(const char *home)
{
    DIR *d = opendir(home);
    struct dirent *entry;
    bool suspended = false;

    while (d && (entry = readdir(d))) {
        if (strncmp(entry->d_name, CONFIG ".tmp-", sizeof(CONFIG ".tmp-") - 1) == 0) {
            AUTO(freep) char *path = path_join(home, entry->d_name);
            unlink(path);
        }
        suspended |= strcmp(entry->d_name, CHECKPOINT) == 0;
    }
    if (d)
        closedir(d);
    return suspended;
}

static void load_one(const char *dirs, const char *name, managed_found_fn *found, void *arg)
{
    AUTO(freep) char *home = path_join(dirs, name), *path = path_join(home, CONFIG);
    char uuid[UUID_TEXT_SIZE];
    bool suspended;
    struct spec *s;
    struct err e;

    if (strncmp(name, REMOVED, strlen(REMOVED)) == 0 || strncmp(name, NEW, strlen(NEW)) == 0) {
        remove_home(home);
        return;
    }
    if (strlen(name) != UUID_TEXT_SIZE - 1 || !uuid_normalize(name, uuid) ||
        strcmp(name, uuid) != 0)
        return; /* not ours */
    suspended = look_around(home);
    s = read_config(path, uuid, &e);
    if (s) {
        found(arg, s, suspended);
    } else if (e.sys == ENOENT) {
        if (rmdir(home) < 0) /* made, and never written */
            log_error("%s: a domain without " CONFIG ", left as it is", home);
    } else if (e.sys) {
        log_error("%s: left as it is: %s", path, e.msg);
    } else {
        AUTO(freep) char *aside = xasprintf("%s.bad", path);
        log_error("%s: set aside as %s%s: %s", path, aside,
                  rename(path, aside) < 0 ? " (which failed)" : "", e.msg);
    }
}

int managed_load(const struct xend *x, managed_found_fn *found, void *arg, struct err *e)
{
    AUTO(freep) char *dirs = domains_dir(x);
    DIR *d = opendir(dirs);
    struct dirent *entry;

    if (!d && errno == ENOENT) /* the first xend here */
        return make_dirs(dirs, 0700, e) < 0 || sync_parent(dirs, e) < 0 ? -1 : 0;
    if (!d)
        return err_sys(e, "%s", dirs);
    while ((entry = readdir(d)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            load_one(dirs, entry->d_name, found, arg);
    closedir(d);
    return 0;
}
