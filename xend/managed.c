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
#include "xend/away.h"
#include "xend/managed_parts.h"
#include "xend/xend.h"

#define WIDTH 78 /* as the original wrote these files */

char *managed_dir(const struct xend *x)
{
    return path_join(x->paths.lib_dir, "domains");
}

static char *file_of(const struct xend *x, const char *uuid, const char *name)
{
    return xasprintf("%s/domains/%s/%s", x->paths.lib_dir, uuid, name);
}

/* Files only: the store makes no directories in there. */
void managed_remove_home(const char *home)
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

void vtpm_forget(const struct xend *x, const char *uuid)
{
    AUTO(freep) char *home = xasprintf("%s/vtpm/%s", x->paths.lib_dir, uuid);

    if (access(home, F_OK) == 0)
        managed_remove_home(home);
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
    managed_remove_home(aside);
    if (fill_home(aside, text, e) == 0) {
        fault_point("managed.made");
        if (fs_rename(aside, home) < 0)
            err_sys(e, "%s", home);
        else if (group_sync(&domains_sync, dirs, e) == 0)
            return 0;
        else if (fs_rename(home, aside) < 0)
            log_error("%s: %s, and it cannot be taken back", home, e->msg);
    }
    managed_remove_home(aside);
    group_sync(&domains_sync, dirs, &ignored);
    return -1;
}

/* Made aside, too: so a start finds what is left of such writes without a look into each home. */
static int write_again(const char *dirs, const char *home, const char *uuid, const struct buf *text,
                       struct err *e)
{
    AUTO(freep) char *aside = xasprintf("%s/" NEW "%s.sxp", dirs, uuid);
    AUTO(freep) char *path = path_join(home, CONFIG);
    AUTO(closep) int fd = -1;

    fs_unlink(aside);
    fd = fs_create(aside, 0600);
    if (fd < 0)
        return err_sys(e, "%s", path);
    if (write_all(fd, text->ptr, text->len, e) < 0)
        err_add(e, "%s", path);
    else if (fs_fsync(fd) < 0 || fs_rename(aside, path) < 0)
        err_sys(e, "%s", path);
    else
        return sync_parent(path, e);
    fs_unlink(aside);
    return -1;
}

static int write_config(const struct xend *x, const char *uuid, const struct buf *text,
                        struct err *e)
{
    AUTO(freep) char *dirs = managed_dir(x), *home = path_join(dirs, uuid);

    return access(home, F_OK) < 0 ? write_new(dirs, home, uuid, text, e)
                                  : write_again(dirs, home, uuid, text, e);
}

/* What fails here is mostly the disk, and no fault of the request. */
static int explain(const struct xend *x, struct err *e)
{
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
    AUTO(freep) char *dirs = managed_dir(x), *home = path_join(dirs, uuid);
    AUTO(freep) char *away = xasprintf("%s/" REMOVED "%s", dirs, uuid);

    managed_remove_home(away);
    fault_point("managed.removing");
    if (fs_rename(home, away) < 0)
        return errno == ENOENT ? 0 : (err_sys(e, "%s", home), explain(x, e));
    fault_point("managed.removed");
    if (group_sync(&domains_sync, dirs, e) < 0) {
        if (fs_rename(away, home) < 0)
            log_error("%s: %s, and it cannot be taken back", home, e->msg);
        return explain(x, e);
    }
    managed_remove_home(away);
    away_end(x, uuid, NULL);
    vtpm_forget(x, uuid);
    return 0;
}

char *managed_checkpoint(const struct xend *x, const char *uuid)
{
    return file_of(x, uuid, CHECKPOINT);
}

char *managed_partial(const struct xend *x, const char *uuid)
{
    return xasprintf("%s/domains/" NEW "%s.chk", x->paths.lib_dir, uuid);
}

bool managed_has_checkpoint(const struct xend *x, const char *uuid)
{
    AUTO(freep) char *path = managed_checkpoint(x, uuid);

    return access(path, F_OK) == 0;
}
