/* Files, sockets and deadlines: see io.h. */
#include "libxl/base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/fsops.h"
#include "libxl/base/mem.h"

#define UNFINISHED ".tmp-XXXXXX" /* the end of the name of a file that is being written */

int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int write_all(int fd, const void *p, size_t n, struct err *e)
{
    const char *at = p;

    while (n) {
        ssize_t r = fs_write(fd, at, n);
        if (r < 0) {
            if (errno == EINTR)
                continue;
            return err_sys(e, "write");
        }
        at += r;
        n -= (size_t)r;
    }
    return 0;
}

int read_all(int fd, size_t max_bytes, struct buf *out, struct err *e)
{
    size_t start = out->len;

    for (;;) {
        ssize_t r;

        buf_reserve(out, 16384);
        r = read(fd, out->ptr + out->len, out->cap - out->len - 1);
        if (r < 0) {
            if (errno == EINTR)
                continue;
            return err_sys(e, "read");
        }
        out->len += (size_t)r;
        out->ptr[out->len] = '\0';
        if (r == 0)
            return 0;
        if (out->len - start > max_bytes)
            return err_set(e, ERR_TOO_LARGE, "larger than %zu bytes", max_bytes);
    }
}

int read_full(int fd, void *p, size_t n, struct err *e)
{
    size_t got = 0;

    while (got < n) {
        ssize_t r = read(fd, (char *)p + got, n - got);

        if (r == 0)
            return err_set(e, ERR_INVALID, "it ends %zu bytes too early", n - got);
        if (r < 0 && errno != EINTR)
            return err_sys(e, "read");
        if (r > 0)
            got += (size_t)r;
    }
    return 0;
}

int fd_patience_ms(int fd, bool writing)
{
    struct timeval t = {0};
    socklen_t n = sizeof(t);

    if (getsockopt(fd, SOL_SOCKET, writing ? SO_SNDTIMEO : SO_RCVTIMEO, &t, &n) < 0 ||
        (!t.tv_sec && !t.tv_usec))
        return -1;
    return (int)(t.tv_sec * 1000 + t.tv_usec / 1000);
}

int read_file(const char *path, size_t max_bytes, struct buf *out, struct err *e)
{
    AUTO(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_sys(e, "%s", path);
    if (read_all(fd, max_bytes, out, e) < 0)
        return err_add(e, "%s", path);
    return 0;
}

/* The directory part of path; the caller frees. */
static char *dir_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

int sync_parent(const char *path, struct err *e)
{
    AUTO(freep) char *dir = dir_of(path);

    return fs_sync_dir(dir) < 0 ? err_sys(e, "%s", dir) : 0;
}

static int replace_file(const char *path, const void *p, size_t n, mode_t mode, bool durable,
                        struct err *e)
{
    AUTO(freep) char *tmp = xasprintf("%s" UNFINISHED, path);
    AUTO(closep) int fd = fs_temp(tmp);

    if (fd < 0)
        return err_sys(e, "%s", path);
    if (write_all(fd, p, n, e) < 0)
        err_add(e, "%s", path);
    else if (fchmod(fd, mode) < 0 || (durable && fs_fsync(fd) < 0) || fs_rename(tmp, path) < 0)
        err_sys(e, "%s", path);
    else
        return durable ? sync_parent(path, e) : 0;
    fs_unlink(tmp);
    return -1;
}

int write_file_atomic(const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
    return replace_file(path, p, n, mode, true, e);
}

int write_file_whole(const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
    return replace_file(path, p, n, mode, false, e);
}

void remove_unfinished(const char *dir)
{
    size_t n = strlen(UNFINISHED), same = strcspn(UNFINISHED, "X");
    DIR *d = opendir(dir);
    struct dirent *entry;

    while (d && (entry = readdir(d))) {
        size_t len = strlen(entry->d_name);
        AUTO(freep) char *path = path_join(dir, entry->d_name);

        if (len > n && strncmp(entry->d_name + len - n, UNFINISHED, same) == 0)
            fs_unlink(path);
    }
    if (d)
        closedir(d);
}

int make_dirs(const char *path, mode_t mode, struct err *e)
{
    AUTO(freep) char *copy = xstrdup(path);

    for (char *at = copy + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (fs_mkdir(copy, 0755) < 0 && errno != EEXIST)
            return err_sys(e, "%s", copy);
        *at = '/';
    }
    if (fs_mkdir(copy, mode) < 0 && errno != EEXIST)
        return err_sys(e, "%s", copy);
    return 0;
}

/*
 * Fills addr for path. A path too long for sun_path is reached through a descriptor of its
 * directory, which is left open in *dir_fd (else -1) until the socket call is done.
 */
static int unix_address(const char *path, struct sockaddr_un *addr, int *dir_fd, struct err *e)
{
    const char *slash = strrchr(path, '/');
    AUTO(freep) char *dir = NULL;
    int n;

    *dir_fd = -1;
    memset(addr, 0, sizeof(*addr));
    addr->sun_family = AF_UNIX;
    if (strlen(path) < sizeof(addr->sun_path)) {
        memcpy(addr->sun_path, path, strlen(path) + 1);
        return 0;
    }
    if (strlen(path) >= PATH_MAX)
        return err_set(e, ERR_INVALID, "%.60s...: socket path longer than %d bytes", path,
                       PATH_MAX - 1);
    dir = dir_of(path);
    *dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*dir_fd < 0)
        return err_sys(e, "%s", dir);
    n = snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s", *dir_fd,
                 slash ? slash + 1 : path);
    if ((size_t)n >= sizeof(addr->sun_path)) {
        close_fd(dir_fd);
        return err_set(e, ERR_INVALID, "%s: socket file name too long", path);
    }
    return 0;
}

static int unix_socket(struct err *e)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 ? err_sys(e, "socket") : fd;
}

int unix_connect(const char *path, struct err *e)
{
    AUTO(closep) int dir_fd = -1;
    AUTO(closep) int fd = unix_socket(e);
    struct sockaddr_un addr;
    int r;

    if (fd < 0 || unix_address(path, &addr, &dir_fd, e) < 0)
        return -1;
    do
        r = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return err_sys(e, "%s", path);
    r = fd;
    fd = -1;
    return r;
}

int unix_listen(const char *path, mode_t mode, struct err *e)
{
    AUTO(closep) int dir_fd = -1;
    AUTO(closep) int fd = unix_socket(e);
    struct sockaddr_un addr;
    struct err ignored;
    struct stat st;
    mode_t old;
    int r;

    if (fd < 0 || unix_address(path, &addr, &dir_fd, e) < 0)
        return -1;
    r = unix_connect(path, &ignored);
    if (r >= 0) {
        close(r);
        return err_set(e, ERR_BUSY, "%s: somebody listens there already", path);
    }
    if (ignored.sys == ECONNREFUSED && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path); /* a plain file refuses, too: that one stays */
    old = umask(0777 & ~mode);
    r = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
    umask(old);
    if (r < 0 || listen(fd, SOMAXCONN) < 0)
        return err_sys(e, "%s", path);
    r = fd;
    fd = -1;
    return r;
}

char *path_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);

    return xasprintf("%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
}

char *path_absolute(const char *path)
{
    AUTO(freep) char *cwd = NULL;

    if (path[0] == '/')
        return xstrdup(path);
    cwd = getcwd(NULL, 0);
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    return cwd ? path_join(cwd, path) : xstrdup(path);
}
