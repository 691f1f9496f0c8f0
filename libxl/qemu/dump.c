/*
 * A guest's memory as an ELF core file. QEMU writes into a pipe of ours and we into the file: so a
 * cancelled dump ends at once (QEMU has no command for that), empty pages take no room on the
 * disk, and a xend that dies leaves no QEMU that writes on. The guest stands still meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

#define FD_NAME "dump"
#define CHUNK_BYTES (1024 * 1024) /* also the pipe's size: fewer changes of process */
#define BLOCK_BYTES 4096          /* what may be a hole */
#define END_MS 15000              /* from the last byte to a guest that runs again */

/* Where it goes. */
struct out {
    int fd;
    bool sparse; /* holes can be left */
    bool hole;   /* the last block was one */
};

/* Holes only in a regular file that has nothing there yet. */
static bool can_leave_holes(int fd)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    struct stat st;

    return at >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= at &&
           !(fcntl(fd, F_GETFL) & O_APPEND);
}

static bool is_empty(const char *p, size_t n)
{
    return !p[0] && memcmp(p, p + 1, n - 1) == 0;
}

/* How many bytes at p are all of holes, or all not. */
static size_t run_length(const char *p, size_t n, bool *hole)
{
    size_t len = 0;

    while (len < n) {
        size_t block = n - len < BLOCK_BYTES ? n - len : BLOCK_BYTES;
        bool empty = block == BLOCK_BYTES && is_empty(p + len, block);

        if (len && empty != *hole)
            break;
        *hole = empty;
        len += block;
    }
    return len;
}

static int put(struct out *out, const char *p, size_t n, struct err *e)
{
    if (!out->sparse)
        return write_all(out->fd, p, n, e);
    while (n) {
        size_t len = run_length(p, n, &out->hole);

        if (!out->hole && write_all(out->fd, p, len, e) < 0)
            return -1;
        if (out->hole && lseek(out->fd, (off_t)len, SEEK_CUR) < 0)
            return err_sys(e, "seeking");
        p += len;
        n -= len;
    }
    return 0;
}

/* A hole at the end is none until the file is that long. */
static int finish(const struct out *out, struct err *e)
{
    off_t end = out->sparse ? lseek(out->fd, 0, SEEK_CUR) : 0;

    if (!out->hole)
        return 0;
    return end < 0 || ftruncate(out->fd, end) < 0 ? err_sys(e, "its length") : 0;
}

/* All that QEMU writes, until it closes the pipe. */
static int copy(int from, struct out *out, uint64_t total, struct job *j, struct err *e)
{
    AUTO(freep) char *chunk = xmalloc(CHUNK_BYTES);
    uint64_t done = 0;

    for (;;) {
        struct pollfd p[] = {{.fd = from, .events = POLLIN},
                             {.fd = j->cancel_fd, .events = POLLIN}};
        ssize_t n;

        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return err_sys(e, "dump");
        if (job_check(j, e) < 0)
            return -1;
        if (!p[0].revents)
            continue;
        n = read(from, chunk, CHUNK_BYTES);
        if (n < 0 && errno != EINTR)
            return err_sys(e, "dump");
        if (n == 0)
            return finish(out, e);
        if (n > 0 && put(out, chunk, (size_t)n, e) < 0)
            return err_add(e, "dump");
        done += n > 0 ? (uint64_t)n : 0;
        job_progress(j, done < total ? done : total, total);
    }
}

/* What QEMU says of its dump: "active", "completed", "failed"; and how much it is. */
static int query(struct qguest *g, bool *completed, uint64_t *total, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;

    if (qguest_call_take(g, "query-dump", NULL, &v, e) < 0)
        return -1;
    *completed = strcmp(value_get_str(v, "status", ""), "completed") == 0;
    *total = (uint64_t)value_get_int(v, "total", 0);
    return 0;
}

/* Hands QEMU the pipe's end (swallowed) and lets it begin. */
static int begin_take(struct qguest *g, int pipe_fd, struct err *e)
{
    struct value *args;

    if (qguest_name_fd_take(g, pipe_fd, FD_NAME, e) < 0)
        return -1;
    args = value_map();
    value_set_bool(args, "paging", false);
    value_set_str(args, "protocol", "fd:" FD_NAME);
    value_set_bool(args, "detach", true);
    value_set_str(args, "format", "elf");
    return qguest_call_take(g, "dump-guest-memory", args, NULL, e);
}

/* The guest goes on as soon as QEMU has closed what it wrote to; until then it is "save-vm". */
static void await_end(struct qguest *g)
{
    int64_t deadline = now_ms() + END_MS;
    bool stands = true;
    unsigned seen = 0;
    struct err ignored;

    while (stands && now_ms() < deadline) {
        AUTO(value_freep) struct value *status = NULL;

        if (qguest_call_take(g, "query-status", NULL, &status, &ignored) < 0)
            break;
        stands = strcmp(value_get_str(status, "status", ""), "save-vm") == 0;
        if (stands)
            qguest_wait_news(g, &seen, NEWS_SLICE_MS);
    }
}

static void set_dumping(struct qguest *g, bool on)
{
    pthread_mutex_lock(&g->d->lock);
    g->dumping = on;
    pthread_mutex_unlock(&g->d->lock);
}

static int dump(struct qguest *g, int from, int to, struct out *out, struct job *j, struct err *e)
{
    AUTO(closep) int from_qemu = from;
    bool completed;
    uint64_t total;

    fault_point("qemu.dumping");
    if (begin_take(g, to, e) < 0 || query(g, &completed, &total, e) < 0)
        return -1;
    fault_point("qemu.dump-begun");
    if (copy(from_qemu, out, total, j, e) < 0 || query(g, &completed, &total, e) < 0)
        return -1;
    return completed ? 0 : err_set(e, ERR_BACKEND, "QEMU could not dump the guest's memory");
}

/* Of a guest in any state that still has its QEMU: a crashed one above all. */
int qemu_dump(struct guest *guest, int fd, struct job *j, struct err *e)
{
    struct out out = {.fd = fd, .sparse = can_leave_holes(fd)};
    struct qguest *g = qguest_of(guest);
    struct err ignored;
    int ends[2], r;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "dump");
    fcntl(ends[0], F_SETPIPE_SZ, CHUNK_BYTES); /* fine when that is too much for this user */
    job_step(j, "dumping its memory");
    set_dumping(g, true);
    r = dump(g, ends[0], ends[1], &out, j, e);
    await_end(g);
    set_dumping(g, false);
    qguest_refresh(g, &ignored);
    fault_point("qemu.dumped");
    return r;
}
