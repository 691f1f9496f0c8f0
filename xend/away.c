/* Notes of domains that were migrated away: see away.h. */
#include "xend/away.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "libxl/base/fsops.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/base/uuid.h"
#include "xend/xend.h"

#define UUID_LENGTH (UUID_TEXT_SIZE - 1)
#define TO_BYTES_MAX 4096

static char *folder_of(const struct xend *x)
{
    return path_join(x->paths.lib_dir, "migrated");
}

void away_open(const struct xend *x)
{
    AUTO(freep) char *folder = folder_of(x);

    remove_unfinished(folder);
}

static bool is_note(const char *file)
{
    return strlen(file) > UUID_LENGTH + 1 && file[UUID_LENGTH] == '.';
}

static bool is_of(const char *file, const char *uuid, const char *name)
{
    return (uuid && strncmp(file, uuid, UUID_LENGTH) == 0) ||
           (name && strcmp(file + UUID_LENGTH + 1, name) == 0);
}

/* The path of a note of this domain; NULL: there is none. The caller frees. */
static char *find(const struct xend *x, const char *uuid, const char *name)
{
    AUTO(freep) char *folder = folder_of(x);
    DIR *d = opendir(folder);
    struct dirent *entry;
    char *path = NULL;

    while (d && !path && (entry = readdir(d)))
        if (is_note(entry->d_name) && is_of(entry->d_name, uuid, name))
            path = path_join(folder, entry->d_name);
    if (d)
        closedir(d);
    return path;
}

/* Those of names that never come back must not fill the disk. */
static void bound(const char *folder)
{
    AUTO(freep) char *oldest = NULL;
    DIR *d = opendir(folder);
    struct dirent *entry;
    struct timespec since = {0};
    int n = 0;

    while (d && (entry = readdir(d))) {
        AUTO(freep) char *path = path_join(folder, entry->d_name);
        struct stat st;

        if (!is_note(entry->d_name) || stat(path, &st) < 0)
            continue;
        if (!n++ || st.st_mtim.tv_sec < since.tv_sec ||
            (st.st_mtim.tv_sec == since.tv_sec && st.st_mtim.tv_nsec < since.tv_nsec)) {
            free(oldest);
            oldest = steal(path);
            since = st.st_mtim;
        }
    }
    if (d)
        closedir(d);
    if (n > AWAY_MAX)
        fs_unlink(oldest);
}

int away_set(const struct xend *x, const char *uuid, const char *name, const char *to,
             struct err *e)
{
    AUTO(freep) char *folder = folder_of(x);
    AUTO(freep) char *path = xasprintf("%s/%s.%s", folder, uuid, name);

    if (make_dirs(folder, 0700, e) < 0 || sync_parent(folder, e) < 0 ||
        write_file_atomic(path, to, strlen(to), 0600, e) < 0)
        return -1;
    bound(folder);
    return 0;
}

char *away_where(const struct xend *x, const char *uuid, const char *name)
{
    AUTO(freep) char *path = find(x, uuid, name);
    AUTO(buf_clear) struct buf to = BUF_INIT;
    struct err e;

    if (!path)
        return NULL;
    if (read_file(path, TO_BYTES_MAX, &to, &e) < 0)
        log_warn("%s", e.msg);
    return to.len ? buf_steal(&to) : xstrdup("another host");
}

/* One that is not away has no note, most often: nothing is written then. */
void away_end(const struct xend *x, const char *uuid, const char *name)
{
    struct err e;

    for (;;) {
        AUTO(freep) char *path = find(x, uuid, name);

        if (!path)
            return;
        if (fs_unlink(path) < 0 || sync_parent(path, &e) < 0) {
            log_warn("%s: not removed: %s", path, strerror(errno));
            return;
        }
    }
}
