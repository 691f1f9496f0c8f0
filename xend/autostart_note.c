/* How far an autostart is, in run_dir, for the next xend: see autostart.h. Called by autostart.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/fault.h"
#include "libxl/base/fsops.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/autostart.h"
#include "xend/xend.h"

#define BYTES_MAX (16 * 1024 * 1024) /* a name for each domain */
/* Around each name, and in none: what was cut short in between means nobody, nor swallows the next.
 */
#define NAMED "\n%s/"

static char *path_of(const struct xend *x)
{
    return path_join(x->paths.run_dir, "autostart");
}

int note_begin(const struct xend *x, const struct value *request)
{
    AUTO(freep) char *path = path_of(x);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e = {0};
    int fd = -1;

    if (request)
        json_print(request, &text);
    if (!request || write_file_whole(path, text.ptr, text.len, 0600, &e) == 0) {
        fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (fd < 0)
            err_sys(&e, "%s", path);
    }
    if (fd < 0)
        log_warn("autostart: if xend dies now, it will not go on: %s", e.msg);
    fault_point("autostart.begun");
    return fd;
}

void note_add(int fd, const char *name)
{
    AUTO(freep) char *text = xasprintf(NAMED, name);
    struct err e;

    fault_point("autostart.ended");
    if (write_all(fd, text, strlen(text), &e) < 0)
        log_warn("autostart: %s: %s", name, e.msg);
    fault_point("autostart.noted");
}

void note_remove(const struct xend *x)
{
    AUTO(freep) char *path = path_of(x);

    fault_point("autostart.over");
    if (fs_unlink(path) < 0 && errno != ENOENT)
        log_warn("%s: not removed: %s", path, strerror(errno));
}

struct value *note_read(const struct xend *x, struct buf *names)
{
    AUTO(freep) char *path = path_of(x);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    const char *end;
    struct err e;

    if (read_file(path, BYTES_MAX, &text, &e) < 0)
        return NULL;
    end = strchrnul(buf_str(&text), '\n');
    buf_adds(names, end);
    return json_parse(buf_str(&text), (size_t)(end - buf_str(&text)), path, &e);
}

bool note_has(const struct buf *names, const char *name)
{
    AUTO(freep) char *text = xasprintf(NAMED, name);

    return names->len && strstr(names->ptr, text);
}
