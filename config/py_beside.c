/* What execfile() may read: see py_include_beside in py.h. Called by xm and by xend's evaluator. */
#include <string.h>
#include <sys/stat.h>

#include "config/py.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"

int py_include_beside(void *arg, const char *name, struct buf *out, struct err *e)
{
    const char *program = arg, *slash = strrchr(program, '/');
    size_t len = slash ? (size_t)(slash - program) + 1 : 0;
    AUTO(freep) char *dir = xstrndup(program, len);
    AUTO(freep) char *path = xasprintf("%s%s", dir, name);
    struct stat st;

    if (name[0] == '/' && len && strncmp(name, dir, len) == 0) {
        free(path);
        path = xstrdup(name);
    } else if (name[0] == '/') {
        err_set(e, ERR_INVALID, "%s may not be included", name);
        return err_hint(e, "only files beside %s may", program);
    }
    if (strstr(path + len, "..")) {
        err_set(e, ERR_INVALID, "%s may not be included", name);
        return err_hint(e, "only files beside %s may", program);
    }
    if (stat(path, &st) < 0)
        return err_sys(e, "%s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INVALID, "%s is not a file", path);
    return read_file(path, PY_TEXT_MAX, out, e);
}
