/* libxl/base: files, paths, sockets, processes and the log. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libxl/base/buf.h"
#include "libxl/base/err.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/paths.h"
#include "libxl/base/proc.h"
#include "tests/unit/cunit.h"

/* A directory of the test's own, removed at its end. */
static char *temp_dir(void)
{
    char *dir = xstrdup("/tmp/test_base-XXXXXX");

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    return dir;
}

static void remove_dir(char **dir)
{
    const char *const argv[] = {"rm", "-rf", *dir, NULL};
    AUTO(buf_clear) struct buf out = BUF_INIT;
    struct err e;
    int status;

    CU_ASSERT_EQUAL(proc_run(argv, 10000, &out, &status, &e), 0);
    free(*dir);
}

static void test_files(void)
{
    AUTO(remove_dir) char *dir = temp_dir();
    AUTO(freep) char *path = path_join(dir, "f"), *deep = path_join(dir, "a/b/c");
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct stat st;
    struct err e = {0};

    CU_ASSERT_EQUAL(write_file_atomic(path, "one", 3, 0640, &e), 0);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0640);
    CU_ASSERT_EQUAL(write_file_atomic(path, "three", 5, 0600, &e), 0);
    CU_ASSERT_EQUAL(read_file(path, 5, &b, &e), 0); /* exactly the limit */
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "three");
    CU_ASSERT_EQUAL(read_file(path, 4, &b, &e), -1); /* one over */
    ASSERT_ERR(e, ERR_TOO_LARGE, "larger than 4 bytes");
    CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, path));

    CU_ASSERT_EQUAL(make_dirs(deep, 0700, &e), 0);
    CU_ASSERT_EQUAL(make_dirs(deep, 0755, &e), 0);
    CU_ASSERT_EQUAL(stat(deep, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0700);

    CU_ASSERT_EQUAL(read_file("/nowhere/f", 9, &b, &e), -1);
    ASSERT_ERR(e, ERR_NOT_FOUND, "/nowhere/f: No such file");
    CU_ASSERT_EQUAL(write_file_atomic("/nowhere/f", "", 0, 0600, &e), -1);
    ASSERT_ERR(e, ERR_NOT_FOUND, "/nowhere/f: ");
    CU_ASSERT_EQUAL(make_dirs("/proc/x/y", 0700, &e), -1);
}

/* A write that cannot end leaves the old file and nothing beside it. */
static void test_atomic_write_fails(void)
{
    AUTO(remove_dir) char *dir = temp_dir();
    AUTO(freep) char *path = path_join(dir, "f"), *list = xasprintf("ls %s", dir);
    const char *const argv[] = {"sh", "-c", list, NULL};
    AUTO(buf_clear) struct buf b = BUF_INIT, names = BUF_INIT;
    struct rlimit old, small = {.rlim_cur = 10};
    struct err e = {0};
    int status;

    CU_ASSERT_EQUAL(write_file_atomic(path, "old", 3, 0600, &e), 0);
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    CU_ASSERT_EQUAL(write_file_atomic(path, "more than ten bytes", 19, 0600, &e), -1);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, path));
    CU_ASSERT_EQUAL(read_file(path, 100, &b, &e), 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "old");
    CU_ASSERT_EQUAL(proc_run(argv, 5000, &names, &status, &e), 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&names), "f\n");
}

static void test_paths(void)
{
    AUTO(freep) char *cwd = getcwd(NULL, 0);
    struct {
        const char *in, *tail;
    } rows[] = {{"a", "/a"}, {"./a", "/a"}, {"././a/../b", "/a/../b"}};
    struct paths p;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(freep) char *got = path_absolute(rows[i].in);
        AUTO(freep) char *want = xasprintf("%s%s", cwd, rows[i].tail);
        CU_ASSERT_STRING_EQUAL(got, want);
    }
    AUTO(freep) char *same = path_absolute("/x/y"), *joined = path_join("/x/", "y");
    CU_ASSERT_STRING_EQUAL(same, "/x/y");
    CU_ASSERT_STRING_EQUAL(joined, "/x/y");

    paths_init(&p, "/r/");
    CU_ASSERT_STRING_EQUAL(p.root, "/r");
    CU_ASSERT_STRING_EQUAL(p.socket, "/r/var/run/xend/xend.sock");
    CU_ASSERT_STRING_EQUAL(p.log_dir, "/r/var/log/xen");
    CU_ASSERT_STRING_EQUAL(p.pid_file, "/r/var/run/xend.pid");
    paths_clear(&p);
    setenv("XEND_CONFIG", "/c.sxp", 1);
    paths_init(&p, "/r");
    CU_ASSERT_STRING_EQUAL(p.config, "/c.sxp");
    paths_clear(&p);
    unsetenv("XEND_CONFIG");
    setenv("XEND_ROOT", "/e", 1);
    paths_init(&p, NULL);
    CU_ASSERT_STRING_EQUAL(p.etc_dir, "/e/etc/xen");
    paths_clear(&p);
    unsetenv("XEND_ROOT");
}

static void try_socket(const char *dir, size_t path_len)
{
    AUTO(buf_clear) struct buf path = BUF_INIT;
    struct err e = {0};
    struct stat st;
    int server, client;
    char bytes[3] = "";

    buf_addf(&path, "%s/", dir);
    while (path.len + 21 < path_len) { /* directories of 20 characters */
        buf_fill(&path, 'd', path_len - path.len - 1 < 42 ? path_len - path.len - 21 : 20);
        CU_ASSERT_EQUAL_FATAL(make_dirs(path.ptr, 0700, &e), 0);
        buf_addc(&path, '/');
    }
    buf_fill(&path, 's', path_len - path.len);
    CU_ASSERT_EQUAL(path.len, path_len);

    server = unix_listen(path.ptr, 0660, &e);
    if (server < 0)
        fprintf(stderr, "\n  %zu: %s\n", path_len, e.msg);
    CU_ASSERT_TRUE_FATAL(server >= 0);
    CU_ASSERT_EQUAL(stat(path.ptr, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0660);
    CU_ASSERT_EQUAL(unix_listen(path.ptr, 0660, &e), -1); /* a live one is not replaced */
    ASSERT_ERR(e, ERR_BUSY, "listens");
    client = unix_connect(path.ptr, &e);
    CU_ASSERT_TRUE_FATAL(client >= 0);
    int peer = accept(server, NULL, NULL); /* the question of the second listen */
    close(peer);
    peer = accept(server, NULL, NULL);
    CU_ASSERT_EQUAL(write_all(client, "hi", 2, &e), 0);
    CU_ASSERT_EQUAL(read(peer, bytes, 2), 2);
    CU_ASSERT_STRING_EQUAL(bytes, "hi");
    close(peer);
    close(client);
    close(server);
    CU_ASSERT_EQUAL(unix_connect(path.ptr, &e), -1);
    CU_ASSERT_EQUAL(e.sys, ECONNREFUSED);
    server = unix_listen(path.ptr, 0600, &e); /* a dead one is */
    CU_ASSERT_TRUE(server >= 0);
    close(server);
}

static void test_sockets(void)
{
    static const size_t lengths[] = {60, 106, 107, 108, 109, 250, 1000};
    AUTO(remove_dir) char *dir = temp_dir();
    AUTO(freep) char *plain = path_join(dir, "plain");
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
        try_socket(dir, lengths[i]);
    CU_ASSERT_EQUAL(unix_connect("/nowhere/s", &e), -1);
    CU_ASSERT_EQUAL(e.sys, ENOENT);
    buf_fill(&b, 'x', 5000);
    CU_ASSERT_EQUAL(unix_connect(b.ptr, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "socket path longer than");
    b.len = 0;
    buf_addf(&b, "%s/", dir);
    buf_fill(&b, 'x', 150); /* a file name that fits nowhere */
    CU_ASSERT_EQUAL(unix_listen(b.ptr, 0600, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, "too long");
    /* what is no socket is not removed */
    CU_ASSERT_EQUAL(write_file_atomic(plain, "x", 1, 0600, &e), 0);
    CU_ASSERT_EQUAL(unix_listen(plain, 0600, &e), -1);
    CU_ASSERT_EQUAL(access(plain, F_OK), 0);
}

static int run(const char *script, int timeout_ms, struct buf *out, int *status, struct err *e)
{
    const char *const argv[] = {"sh", "-c", script, NULL};

    return proc_run(argv, timeout_ms, out, status, e);
}

/* Gone, or dead and not yet fetched by whoever adopted it. */
static bool has_ended(int pid)
{
    AUTO(freep) char *path = xasprintf("/proc/%d/stat", pid);

    CU_ASSERT_TRUE(pid > 1);
    for (int64_t end = now_ms() + 5000; now_ms() < end; usleep(1000)) {
        AUTO(buf_clear) struct buf b = BUF_INIT;
        struct err e;

        if (read_file(path, 4096, &b, &e) < 0 || strstr(buf_str(&b), ") Z "))
            return true;
    }
    return false;
}

static void test_proc_run(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    const char *const missing[] = {"/nowhere/program", NULL};
    const char *const unknown[] = {"no-such-program-here", NULL};
    struct err e = {0};
    int status = 0;
    int64_t start;

    CU_ASSERT_EQUAL(run("echo out; echo err >&2; exit 3", 5000, &b, &status, &e), 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "out\nerr\n");
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 3);
    AUTO(freep) char *text = proc_status_text(status);
    CU_ASSERT_STRING_EQUAL(text, "exited with status 3");
    CU_ASSERT_EQUAL(run("kill -9 $$", 5000, &b, &status, &e), 0);
    AUTO(freep) char *killed = proc_status_text(status);
    CU_ASSERT_STRING_EQUAL(killed, "was killed by signal 9 (Killed)");

    CU_ASSERT_EQUAL(proc_run(missing, 5000, &b, &status, &e), -1);
    ASSERT_ERR(e, ERR_NOT_FOUND, "/nowhere/program: No such file");
    CU_ASSERT_EQUAL(proc_run(unknown, 5000, &b, &status, &e), -1);
    ASSERT_ERR(e, ERR_NOT_FOUND, "no-such-program-here: ");

    buf_clear(&b);
    start = now_ms();
    CU_ASSERT_EQUAL(run("sleep 60 & echo $!; wait", 300, &b, &status, &e), -1);
    ASSERT_ERR(e, ERR_TIMEOUT, "no end after 300 ms");
    CU_ASSERT_TRUE(now_ms() - start < 10000);
    CU_ASSERT_TRUE(has_ended(atoi(buf_str(&b)))); /* the whole group is gone */

    AUTO(closep) int stop = eventfd(1, EFD_CLOEXEC);
    const char *const endless[] = {"sh", "-c", "sleep 60", NULL};
    const struct proc_spec stopped = {.argv = endless, .stop_fd = stop};
    CU_ASSERT_EQUAL(proc_capture(&stopped, 60000, &b, &status, &e), -1);
    ASSERT_ERR(e, ERR_CANCELLED, "cancelled");
    CU_ASSERT_TRUE(now_ms() - start < 20000);

    buf_clear(&b); /* output over the limit is read but not kept */
    CU_ASSERT_EQUAL(run("head -c 200000 /dev/zero | tr '\\0' x", 5000, &b, &status, &e), 0);
    CU_ASSERT_EQUAL(b.len, 64 * 1024);
}

/* Only what is listed reaches a child, also when this process has many descriptors open. */
static void test_proc_descriptors(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    int fds[400], n = 0, pipe_fds[2], status = 0;
    const char *const argv[] = {
        "sh", "-c",
        "for i in $(seq 0 600); do [ ! -e /proc/$$/fd/$i ] || echo $i; done;"
        "cat <&7; readlink /proc/$$/fd/0",
        NULL};
    struct err e = {0};
    char text[] = "/tmp/test_base-XXXXXX";
    int file = mkostemp(text, O_CLOEXEC), pidfd = -1;
    pid_t pid;

    CU_ASSERT_EQUAL(write_all(file, "seven\n", 6, &e), 0);
    CU_ASSERT_EQUAL(lseek(file, 0, SEEK_SET), 0);
    while (n < 400 && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
        n++;
    CU_ASSERT_EQUAL(pipe2(pipe_fds, O_CLOEXEC), 0);
    const struct proc_fd given[] = {{file, 7}, {pipe_fds[1], 1}};
    const struct proc_spec spec = {.argv = argv, .fds = given, .n_fds = 2};
    pid = proc_spawn(&spec, &pidfd, &e);
    if (pid < 0)
        fprintf(stderr, "\n  %s\n", e.msg);
    CU_ASSERT_TRUE(pid > 0);
    close(pipe_fds[1]);
    CU_ASSERT_EQUAL(read_all(pipe_fds[0], 4096, &b, &e), 0);
    CU_ASSERT_EQUAL(proc_wait(pid, pidfd, now_ms() + 5000, &status, &e), 0);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "0\n1\n2\n7\nseven\n/dev/null\n");
    while (n)
        close(fds[--n]);
    close(pipe_fds[0]);
    close(pidfd);
    close(file);
    unlink(text);
}

static void test_proc_environment(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};
    int status;

    setenv("SECRET", "x", 1);
    signal(SIGINT, SIG_IGN);
    CU_ASSERT_EQUAL(run("env; trap", 5000, &b, &status, &e), 0);
    signal(SIGINT, SIG_DFL);
    CU_ASSERT_PTR_NULL(strstr(buf_str(&b), "SECRET"));
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&b), "LC_ALL=C"));
    CU_ASSERT_TRUE(proc_start_time(getpid()) > 0);
    CU_ASSERT_EQUAL(proc_start_time(-1), 0);
}

static void test_proc_wait(void)
{
    const char *const argv[] = {"sleep", "60", NULL};
    const struct proc_spec spec = {.argv = argv, .new_session = true};
    struct err e = {0};
    int pidfd = -1, status;
    pid_t pid = proc_spawn(&spec, &pidfd, &e);

    CU_ASSERT_TRUE_FATAL(pid > 0);
    CU_ASSERT_EQUAL(getsid(pid), pid);
    CU_ASSERT_EQUAL(proc_wait(pid, pidfd, now_ms() + 50, &status, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_TIMEOUT);
    kill(pid, SIGTERM);
    CU_ASSERT_EQUAL(proc_wait(pid, pidfd, -1, &status, &e), 0);
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    close(pidfd);
}

static void *log_lines(void *arg)
{
    for (int i = 0; i < 4000; i++)
        log_info("thread %s line %d %0100d", (const char *)arg, i, i);
    return NULL;
}

/* 8,000 lines of two threads: over 1 MiB, so the log rotates; no line is lost or torn. */
static void test_log(void)
{
    AUTO(remove_dir) char *dir = temp_dir();
    AUTO(freep) char *path = path_join(dir, "x.log"), *older = xasprintf("%s.1", path);
    AUTO(freep)
    char *count = xasprintf("cat %s %s | grep -c '^\\[20..-..-.. ..:..:.. %d\\] INFO "
                            "([a-z/_]*.c:[0-9]*) thread [ab] line [0-9]* [0-9]*$'",
                            older, path, getpid());
    AUTO(buf_clear) struct buf b = BUF_INIT;
    pthread_t threads[2];
    struct err e = {0};
    struct stat st;
    int status;

    CU_ASSERT_EQUAL(log_level_parse("debug"), LOG_DEBUG);
    CU_ASSERT_EQUAL(log_level_parse("WARNING"), LOG_WARNING);
    CU_ASSERT_EQUAL(log_level_parse("loud"), -1);
    CU_ASSERT_EQUAL(log_open("/nowhere/x.log", LOG_INFO, &e), -1);
    ASSERT_ERR(e, ERR_NOT_FOUND, "log file /nowhere/x.log");
    CU_ASSERT_EQUAL_FATAL(log_open(path, LOG_INFO, &e), 0);
    log_debug("not written");
    pthread_create(&threads[0], NULL, log_lines, (void *)(uintptr_t) "a");
    pthread_create(&threads[1], NULL, log_lines, (void *)(uintptr_t) "b");
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    CU_ASSERT_EQUAL(stat(older, &st), 0);
    CU_ASSERT_TRUE(st.st_size <= 1024 * 1024 && st.st_size > 1024 * 1024 - 400);
    CU_ASSERT_EQUAL(run(count, 10000, &b, &status, &e), 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "8000\n");

    for (int i = 0; i < 6 * 4100; i++) /* six times full: five backups are kept */
        log_error("%0300d", i);
    for (int i = 1; i <= 6; i++) {
        AUTO(freep) char *backup = xasprintf("%s.%d", path, i);
        CU_ASSERT_EQUAL(access(backup, F_OK) == 0, i <= 5);
    }
    log_info("two\nlines\tand a tab"); /* one event, one line */
    buf_clear(&b);
    CU_ASSERT_EQUAL(read_file(path, 2 << 20, &b, &e), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&b), ") two|lines?and a tab\n"));
}

TESTS("base, system", {"files are replaced as a whole", test_files},
      {"a write that fails leaves the old file", test_atomic_write_fails}, {"paths", test_paths},
      {"sockets of any path length", test_sockets}, {"running programs", test_proc_run},
      {"only listed descriptors reach a child", test_proc_descriptors},
      {"a child has a clean environment", test_proc_environment},
      {"waiting for a child", test_proc_wait}, {"the log rotates, lines stay whole", test_log})
