/* A child that evaluates configuration files: see evaluate.h. */
#include "xend/evaluate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/json.h"
#include "config/py.h"
#include "libxl/base/io.h"
#include "libxl/base/proc.h"

#define REPLY_MAX (4 * 1024 * 1024) /* a spec of a text of 1 MiB, printed */
#define NOBODY 65534
/* The interpreter takes 32 MiB at most, and writes nothing. A sanitizer's shadow takes all there
 * is, and is a file. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_BYTES RLIM_INFINITY
#define FILE_BYTES RLIM_INFINITY
#else
#define MEMORY_BYTES (512ul * 1024 * 1024)
#define FILE_BYTES 0
#endif

/* What stands before each file; its bytes follow in this order. */
struct request_head {
    uint32_t n_name, n_path, n_text; /* name: what the domain is called by default */
};

struct evaluator {
    pid_t pid; /* 0: no child */
    int fd, pidfd;
};

/* ---- the child */

static void put_err(struct value *reply, const struct err *e)
{
    value_set_str(reply, "error", e->msg);
    value_set_str(reply, "hint", e->hint);
}

static struct value *evaluate(const char *name, char *path, const struct buf *text)
{
    AUTO(problems_clear) struct problems faults = {0}, notes = {0};
    AUTO(buf_clear) struct buf settled = BUF_INIT;
    bool other = py_settle_text(buf_str(text), text->len, &settled);
    struct py_input in = {.name = path, .text = buf_str(other ? &settled : text)};
    AUTO(value_freep) struct value *vars = NULL;
    AUTO(spec_freep) struct spec *s = NULL;
    struct value *reply = value_map();
    struct err e;

    in.len = other ? settled.len : text->len;
    in.include = py_include_beside;
    in.include_arg = path;
    vars = py_eval(&in, &e);
    if (vars)
        s = spec_from_xm(vars, name, &faults, &notes);
    if (vars && !s) {
        problems_to_err(&faults, &e);
        err_add(&e, "%s", path);
    }
    if (s)
        value_set_take(reply, "spec", spec_to_value_secrets(s));
    else
        put_err(reply, &e);
    return reply;
}

/* One part of a request, as text. */
static char *read_part(uint32_t n, struct err *e)
{
    char *part = xcalloc(1, (size_t)n + 1);

    if (read_full(STDIN_FILENO, part, n, e) == 0)
        return part;
    free(part);
    return NULL;
}

static int serve_one(const struct request_head *head, struct err *e)
{
    AUTO(freep) char *name = read_part(head->n_name, e);
    AUTO(freep) char *path = name ? read_part(head->n_path, e) : NULL;
    AUTO(freep) char *bytes = path ? read_part(head->n_text, e) : NULL;
    AUTO(buf_clear) struct buf text = BUF_INIT, out = BUF_INIT;
    AUTO(value_freep) struct value *reply = NULL;
    uint32_t n;

    if (!bytes)
        return -1;
    buf_add(&text, bytes, head->n_text);
    reply = evaluate(name, path, &text);
    json_print(reply, &out);
    n = (uint32_t)out.len;
    return write_all(STDOUT_FILENO, &n, sizeof(n), e) < 0 ||
                   write_all(STDOUT_FILENO, out.ptr, out.len, e) < 0
               ? -1
               : 0;
}

int evaluate_child(void)
{
    struct request_head head;
    struct err e;

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* others of this user may not look in */
    while (read_full(STDIN_FILENO, &head, sizeof(head), &e) == 0)
        if (serve_one(&head, &e) < 0)
            _exit(1);
    _exit(0);
}

/* ---- xend's side */

struct evaluator *evaluator_new(void)
{
    struct evaluator *v = xcalloc(1, sizeof(*v));

    v->fd = v->pidfd = -1;
    return v;
}

static void end_child(struct evaluator *v)
{
    struct err ignored;
    int status;

    if (!v->pid)
        return;
    kill(v->pid, SIGKILL);
    proc_wait(v->pid, v->pidfd, -1, &status, &ignored);
    close_fd(&v->fd);
    close_fd(&v->pidfd);
    v->pid = 0;
}

void evaluator_free(struct evaluator *v)
{
    end_child(v);
    free(v);
}

/* Nobody: not the user of guests' processes, who could then speak for the host's admin. */
static void set_user(struct proc_spec *p)
{
    struct passwd *pw = getpwnam("nobody");

    p->set_ids = geteuid() == 0;
    p->uid = pw ? pw->pw_uid : NOBODY;
    p->gid = pw ? pw->pw_gid : NOBODY;
}

static int start_child(struct evaluator *v, struct err *e)
{
    static const char *const argv[] = {"/proc/self/exe", "--evaluate", NULL};
    static const struct proc_limit limits[] = {
        {RLIMIT_AS, MEMORY_BYTES}, {RLIMIT_FSIZE, FILE_BYTES}, {RLIMIT_CORE, 0}};
    struct proc_spec p = {
        .argv = argv, .limits = limits, .n_limits = ARRAY_LEN(limits), .no_oom_favour = true};
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return err_sys(e, "evaluating configuration files");
    fcntl(ends[1], F_SETFL, 0); /* the child's end waits */
    struct proc_fd fds[] = {{ends[1], 0}, {ends[1], 1}};
    p.fds = fds;
    p.n_fds = ARRAY_LEN(fds);
    set_user(&p);
    v->pid = proc_spawn(&p, &v->pidfd, e);
    close(ends[1]);
    v->fd = ends[0];
    if (v->pid > 0)
        return 0;
    v->pid = 0;
    close_fd(&v->fd);
    return err_add(e, "evaluating configuration files");
}

/* All n bytes in (POLLIN) or out (POLLOUT) until the deadline; -1 also when the child is gone. */
static int transfer(int fd, void *p, size_t n, short events, int64_t deadline)
{
    for (size_t done = 0; done < n;) {
        struct pollfd pfd = {.fd = fd, .events = events};
        int64_t left = deadline - now_ms();
        ssize_t r;

        if (left <= 0 || (poll(&pfd, 1, (int)left) < 0 && errno != EINTR))
            return -1;
        r = events == POLLIN ? recv(fd, (char *)p + done, n - done, 0)
                             : send(fd, (char *)p + done, n - done, MSG_NOSIGNAL);
        if (r == 0 || (r < 0 && errno != EAGAIN && errno != EINTR))
            return -1;
        done += r > 0 ? (size_t)r : 0;
    }
    return 0;
}

/* The child's answer to one file; NULL when there is none, and then no child either. */
static struct value *ask(struct evaluator *v, const char *name, const char *path,
                         const struct buf *text, struct err *e)
{
    struct request_head head = {(uint32_t)strlen(name), (uint32_t)strlen(path),
                                (uint32_t)text->len};
    int64_t deadline = now_ms() + EVALUATE_MS;
    AUTO(buf_clear) struct buf request = BUF_INIT;
    AUTO(freep) char *bytes = NULL;
    uint32_t n;

    buf_add(&request, &head, sizeof(head));
    buf_addf(&request, "%s%s", name, path);
    buf_add(&request, text->ptr, text->len);
    if (transfer(v->fd, request.ptr, request.len, POLLOUT, deadline) == 0 &&
        transfer(v->fd, &n, sizeof(n), POLLIN, deadline) == 0 && n <= REPLY_MAX) {
        bytes = xcalloc(1, (size_t)n + 1);
        if (transfer(v->fd, bytes, n, POLLIN, deadline) == 0)
            return json_parse(bytes, n, path, e);
    }
    end_child(v);
    err_set(e, ERR_TOO_LARGE, "%s: it takes too much time or memory", path);
    return NULL;
}

/* What xm create would open: a file, and no pipe that nobody writes to. */
static int read_text(const char *path, struct buf *text, struct err *e)
{
    AUTO(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_sys(e, "%s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INVALID, "%s: not a regular file", path);
    return read_all(fd, PY_TEXT_MAX, text, e) < 0 ? err_add(e, "%s", path) : 0;
}

struct spec *evaluate_file(struct evaluator *v, const char *path, struct err *e)
{
    char *real = realpath(path, NULL); /* what it includes is beside the file, not the link */
    AUTO(freep) char *file = real ? real : xstrdup(path);
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(value_freep) struct value *reply = NULL;
    struct spec *s;

    if (read_text(file, &text, e) < 0 || (!v->pid && start_child(v, e) < 0))
        return NULL;
    reply = ask(v, strrchr(path, '/') + 1, file, &text, e);
    if (!reply)
        return NULL;
    if (!value_get(reply, "spec")) {
        err_set(e, ERR_INVALID, "%s", value_get_str(reply, "error", "no answer"));
        err_hint(e, "%s", value_get_str(reply, "hint", ""));
        return NULL;
    }
    s = spec_from_value(value_get(reply, "spec"), &faults);
    if (!s)
        problems_to_err(&faults, e);
    return s;
}
