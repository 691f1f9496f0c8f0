/* The handler of xend's log: its end, or what comes, line by line. See API.md. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/server.h"
#include "xend/xend.h"

#define LOG_BYTES_MAX (1024 * 1024) /* the size at which the log rotates */

struct reader {
    char path[512];
    char domain[DOMAIN_NAME_MAX + 10]; /* "domain=NAME", or "" for all lines */
    ino_t file;                        /* the one that `at` belongs to */
    off_t at;
};

/* Whether a line of the log is about the reader's domain. */
static bool wanted(const struct reader *r, const char *line, size_t len)
{
    size_t n = strlen(r->domain);
    const char *found = n ? memmem(line, len, r->domain, n) : line;

    return found && (!n || (found + n < line + len && strchr(": ", found[n])));
}

/* Appends the whole lines beyond r->at, as far as max_bytes goes. */
static int read_lines(struct reader *r, size_t max_bytes, struct buf *out, struct err *e)
{
    AUTO(closep) int fd = open(r->path, O_RDONLY | O_CLOEXEC);
    AUTO(freep) char *text = NULL;
    const char *end;
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_sys(e, "%s", r->path);
    if (st.st_ino != r->file || st.st_size < r->at) { /* rotated */
        r->file = st.st_ino;
        r->at = 0;
    }
    text = xmalloc(max_bytes);
    n = pread(fd, text, max_bytes, r->at);
    if (n < 0)
        return err_sys(e, "%s", r->path);
    for (const char *line = text; (end = memchr(line, '\n', (size_t)(text + n - line)));
         line = end + 1) {
        size_t len = (size_t)(end + 1 - line);
        if (wanted(r, line, len))
            buf_add(out, line, len);
        r->at += (off_t)len;
    }
    return 0;
}

static void follow(void *arg, bool timed_out, size_t max_bytes, struct buf *out)
{
    struct err ignored; /* rotated this moment: the next line tells */

    (void)timed_out;
    if (read_lines(arg, max_bytes < 4096 ? 4096 : max_bytes, out, &ignored) < 0)
        out->len = 0;
}

/* The reader that a request asks for, placed `bytes` before the end of the log. */
static int make_reader(struct xend *x, struct request *q, struct reader *r, struct err *e)
{
    const char *domain = request_query(q, "domain");
    int64_t bytes;
    struct stat st;

    if (request_query_int(q, "bytes", 0, LOG_BYTES_MAX, LOG_BYTES_MAX, &bytes, e) < 0)
        return -1;
    if (!x->log_path)
        return err_set(e, ERR_UNAVAILABLE, "xend runs in the foreground: its log is on a terminal");
    if (strlen(x->log_path) >= sizeof(r->path) || (domain && strlen(domain) > DOMAIN_NAME_MAX))
        return err_set(e, ERR_INVALID, "a name that is too long");
    if (stat(x->log_path, &st) < 0)
        return err_sys(e, "%s", x->log_path);
    snprintf(r->path, sizeof(r->path), "%s", x->log_path);
    if (domain && *domain)
        snprintf(r->domain, sizeof(r->domain), "domain=%s", domain);
    r->file = st.st_ino;
    r->at = st.st_size > bytes ? st.st_size - bytes : 0;
    return 0;
}

void api_log(struct xend *x, struct request *q, struct reply *p)
{
    const char *asked = request_query(q, "follow");
    struct reader r = {.at = 0};
    struct err e;

    if (make_reader(x, q, &r, &e) < 0) {
        reply_err(p, &e);
        return;
    }
    p->type = "text/plain; charset=utf-8";
    p->status = 200;
    if (asked && parse_bool(asked) == 1) {
        p->stream = follow;
        p->stream_arg = memcpy(xmalloc(sizeof(r)), &r, sizeof(r));
        p->wait_key = WAKE_LOG;
    } else if (read_lines(&r, LOG_BYTES_MAX, &p->body, &e) < 0) {
        p->body.len = 0;
        reply_err(p, &e);
    }
}
