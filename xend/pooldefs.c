/* cpupools that are defined, LIB_DIR/cpupools/NAME.json: see pooldefs.h. */
#include "xend/pooldefs.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/base/paths.h"
#include "libxl/cpuset.h"

#define FOLDER "cpupools"
#define SUFFIX ".json"
#define BYTES_MAX 16384 /* a name, a scheduler, a list of CPUs */

static char *file_of(const struct xend *x, const char *name)
{
    return xasprintf("%s/" FOLDER "/%s" SUFFIX, x->paths.lib_dir, name);
}

static struct value *load(const struct xend *x, const char *name, struct err *e)
{
    AUTO(freep) char *path = file_of(x, name);
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (check_name(name, e) < 0 || access(path, F_OK) < 0) {
        err_set(e, ERR_NOT_FOUND, "Pool '%.64s' is not defined", name);
        return NULL;
    }
    return read_file(path, BYTES_MAX, &text, e) < 0 ? NULL
                                                    : json_parse(text.ptr, text.len, path, e);
}

static int save(const struct xend *x, const struct value *body, struct err *e)
{
    AUTO(freep) char *path = file_of(x, value_get_str(body, "name", ""));
    AUTO(freep) char *folder = path_join(x->paths.lib_dir, FOLDER);
    AUTO(buf_clear) struct buf text = BUF_INIT;

    json_print_pretty(body, &text);
    if (make_dirs(folder, 0700, e) < 0)
        return -1;
    return write_file_atomic(path, text.ptr, text.len, 0600, e);
}

static const struct value *find(const struct value *pools, const char *name)
{
    for (size_t i = 0; i < value_len(pools); i++)
        if (strcmp(value_get_str(value_at(pools, i), "name", ""), name) == 0)
            return value_at(pools, i);
    return NULL;
}

/* The CPUs that a text names; a count names none. */
static struct value *cpus_of(const struct value *def)
{
    const char *text = value_get_str(def, "cpus", NULL);
    struct value *list = value_list();
    struct cpuset set;
    struct err e;

    if (text && cpuset_parse(text, &set, &e) == 0)
        for (unsigned i = 0; i < CPUSET_MAX; i++)
            if (cpuset_has(&set, i))
                value_add_take(list, value_int(i));
    return list;
}

static void merge_one(struct xend *x, struct value *pools, const char *name)
{
    struct err e;
    AUTO(value_freep) struct value *def = load(x, name, &e);
    struct value *v = (struct value *)find(pools, name);

    if (!def) {
        log_warn("%s", e.msg);
        return;
    }
    if (!v) {
        v = value_map();
        value_set_str(v, "name", name);
        value_set_take(v, "id", value_nil());
        value_set_str(v, "scheduler", value_get_str(def, "scheduler", ""));
        value_set_take(v, "cpus", cpus_of(def));
        value_set_int(v, "domains", 0);
        value_set_bool(v, "active", false);
        value_add_take(pools, v);
    }
    value_set_bool(v, "managed", true);
}

void pooldefs_merge(struct xend *x, struct value *pools)
{
    AUTO(freep) char *folder = path_join(x->paths.lib_dir, FOLDER);
    struct dirent *entry;
    DIR *dir;

    for (size_t i = 0; i < value_len(pools); i++) {
        value_set_bool((struct value *)value_at(pools, i), "active", true);
        value_set_bool((struct value *)value_at(pools, i), "managed", false);
    }
    dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        size_t len = strlen(entry->d_name), end = strlen(SUFFIX);
        AUTO(freep) char *name = xstrndup(entry->d_name, len > end ? len - end : 0);

        if (*name && strcmp(entry->d_name + len - end, SUFFIX) == 0)
            merge_one(x, pools, name);
    }
    if (dir)
        closedir(dir);
}

/* 1: the hypervisor has one of this name, 0: not. */
static int is_active(struct xend *x, const char *name, struct err *e)
{
    AUTO(value_freep) struct value *pools = x->driver->ops->pools(x->driver, e);

    return !pools ? -1 : find(pools, name) != NULL;
}

static int define(struct xend *x, const struct value *body, struct err *e)
{
    const char *name = value_get_str(body, "name", "");
    AUTO(freep) char *path = file_of(x, name);
    int active;

    if (cpupool_check(body, e) < 0 || (active = is_active(x, name, e)) < 0)
        return -1;
    if (active || access(path, F_OK) == 0)
        return err_set(e, ERR_EXISTS, "Pool '%s' already exists", name);
    return save(x, body, e);
}

void api_cpupool_define(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    struct err e;
    int result;

    if (!cpupools_known(x, p))
        return;
    body = request_json(r, &e);
    result = body ? define(x, body, &e) : -1;
    cpupool_reply(x, r, p, result, "defined", value_get_str(body, "name", ""), &e);
}

void api_cpupool_start(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *def = NULL;
    const char *name = r->args[0];
    struct err e;
    int result = -1;

    if (!cpupools_known(x, p))
        return;
    def = load(x, name, &e);
    if (def)
        result = x->driver->ops->pool_new(x->driver, name, value_get_str(def, "scheduler", NULL),
                                          value_get(def, "cpus"), &e);
    cpupool_reply(x, r, p, result, "started", name, &e);
}

static int forget(struct xend *x, const char *name, struct err *e)
{
    AUTO(value_freep) struct value *def = load(x, name, e);
    AUTO(freep) char *path = file_of(x, name);
    int active = def ? is_active(x, name, e) : -1;

    if (active < 0)
        return -1;
    if (active) {
        err_set(e, ERR_STATE, "Pool '%s' is active", name);
        return err_hint(e, "xm cpupool-destroy %.64s ends it, and leaves it defined.", name);
    }
    return unlink(path) < 0 ? err_sys(e, "%s", path) : sync_parent(path, e);
}

void api_cpupool_delete(struct xend *x, struct request *r, struct reply *p)
{
    struct err e;

    if (cpupools_known(x, p))
        cpupool_reply(x, r, p, forget(x, r->args[0], &e), "deleted", r->args[0], &e);
}
