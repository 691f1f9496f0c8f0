/* The frame of saved guests: see savefile.h. */
#include "xend/savefile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "config/sxp.h"
#include "libxl/base/fault.h"
#include "libxl/base/fsops.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"

#define OWN_CHILD "xend"
#define VERSION_NOW "1"

int savefile_create(const char *partial, struct err *e)
{
    int fd;

    if (fs_unlink(partial) < 0 && errno != ENOENT)
        return err_sys(e, "%s", partial);
    fd = fs_create(partial, 0600);
    return fd < 0 ? err_sys(e, "%s", partial) : fd;
}

int savefile_commit(int fd, const char *partial, const char *file, struct err *e)
{
    if (fs_fsync(fd) < 0)
        return err_sys(e, "%s", partial);
    fault_point("save.written");
    if (fs_rename(partial, file) < 0)
        return err_sys(e, "%s", file);
    return sync_parent(file, e);
}

int savefile_remove(const char *file, struct err *e)
{
    if (fs_unlink(file) < 0 && errno != ENOENT)
        return err_sys(e, "%s", file);
    return sync_parent(file, e);
}

int savefile_write(int fd, const struct spec *s, const char *driver, struct err *e)
{
    AUTO(value_freep) struct value *form = spec_to_sxp(s, "domain");
    struct value *own = value_list();
    AUTO(buf_clear) struct buf text = BUF_INIT;
    uint32_t length;

    value_add_take(own, value_str(OWN_CHILD));
    value_add_take(own, sxp_pair("version", VERSION_NOW));
    value_add_take(own, sxp_pair("driver", driver));
    value_add_take(form, own);
    sxp_print(form, &text);
    length = htonl((uint32_t)text.len);
    if (write_all(fd, SAVE_MAGIC, strlen(SAVE_MAGIC), e) < 0 ||
        write_all(fd, &length, sizeof(length), e) < 0 || write_all(fd, text.ptr, text.len, e) < 0)
        return err_add(e, "its configuration");
    return 0;
}

/* Where it is read from: a file, or a stream whose other side may be slow, or nobody. */
struct source {
    int fd;
    struct job *job;
    int64_t end_ms;
};

/* Exactly n bytes. */
static int get(const struct source *s, void *p, size_t n, struct err *e)
{
    for (size_t got = 0; got < n;) {
        struct pollfd fds[] = {{s->fd, POLLIN, 0}, {s->job->cancel_fd, POLLIN, 0}};
        int64_t left = s->end_ms - now_ms();
        ssize_t r;

        if (poll(fds, 2, left > 0 ? (int)left : 0) < 0 && errno != EINTR)
            return err_sys(e, "poll");
        if (job_check(s->job, e) < 0)
            return -1;
        if (left <= 0)
            return err_set(e, ERR_TIMEOUT, "it did not come in time");
        if (!fds[0].revents)
            continue;
        r = read(s->fd, (char *)p + got, n - got);
        if (r == 0)
            return err_set(e, ERR_INVALID, "it ends %zu bytes too early", n - got);
        if (r < 0 && errno != EINTR)
            return err_sys(e, "read");
        got += r > 0 ? (size_t)r : 0;
    }
    return 0;
}

/* The text of the configuration; not NUL-terminated to its end when it holds one. */
static int read_text(const struct source *s, struct buf *text, struct err *e)
{
    char magic[sizeof(SAVE_MAGIC) - 1];
    uint32_t length;
    int r = get(s, magic, sizeof(magic), e);

    if (r < 0 && e->code != ERR_INVALID)
        return -1;
    if (r < 0 || memcmp(magic, SAVE_MAGIC, sizeof(magic)) != 0)
        return err_set(e, ERR_INVALID, "not a saved domain: it does not begin with %s", SAVE_MAGIC);
    if (get(s, &length, sizeof(length), e) < 0)
        return err_add(e, "the length of its configuration, at byte %zu", sizeof(magic));
    length = ntohl(length);
    if (length == 0 || length > SAVE_CONFIG_MAX)
        return err_set(e, ERR_INVALID,
                       "at byte %zu: a configuration of %" PRIu32 " bytes: not from 1 to %d",
                       sizeof(magic), length, SAVE_CONFIG_MAX);
    buf_reserve(text, length);
    if (get(s, text->ptr, length, e) < 0)
        return err_add(e, "its configuration, at byte %zu", sizeof(magic) + sizeof(length));
    text->len = length;
    return 0;
}

static int check_own(const struct value *form, const char *driver, struct err *e)
{
    const struct value *own = sxp_child(form, OWN_CHILD);
    const struct value *version = sxp_child_value(own, "version");
    const struct value *by = sxp_child_value(own, "driver");

    if (!own || !by || value_type(by) != VALUE_STRING) {
        err_set(e, ERR_UNSUPPORTED, "it was not saved by this xend");
        return err_hint(e, "Files of Xen 4.4 and before have another stream behind the same head.");
    }
    if (!version || value_type(version) != VALUE_STRING ||
        strcmp(value_as_str(version), VERSION_NOW) != 0)
        return err_set(e, ERR_UNSUPPORTED, "it was saved by a newer xend");
    if (strcmp(value_as_str(by), driver) != 0)
        return err_set(e, ERR_UNSUPPORTED, "it was saved by the %.40s driver, this xend has %s",
                       value_as_str(by), driver);
    return 0;
}

static struct spec *read_spec(const struct buf *text, const char *driver, struct err *e)
{
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(value_freep) struct value *forms = NULL;
    struct spec *s;

    forms = sxp_parse(text->ptr, text->len, "its configuration", e);
    if (!forms)
        return NULL;
    if (value_len(forms) != 1) {
        err_set(e, ERR_INVALID, "its configuration: %zu forms, not one", value_len(forms));
        return NULL;
    }
    if (check_own(value_at(forms, 0), driver, e) < 0)
        return NULL;
    s = spec_from_sxp(value_at(forms, 0), &faults);
    if (!s) {
        problems_to_err(&faults, e);
        err_add(e, "its configuration");
    } else if (!s->uuid) {
        spec_free(s);
        s = NULL;
        err_set(e, ERR_INVALID, "its configuration has no uuid");
    }
    return s;
}

struct spec *savefile_read(int fd, const char *path, const char *driver, struct job *j,
                           int timeout_s, struct err *e)
{
    const struct source in = {fd, j, now_ms() + (int64_t)timeout_s * 1000};
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct spec *s = read_text(&in, &text, e) < 0 ? NULL : read_spec(&text, driver, e);

    if (!s)
        err_add(e, "%s", path);
    return s;
}
