/* The log file: see log.h. Called by xend at its top, by libraries for debug only. */
#include "libxl/base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"

#define LOG_ROTATE_BYTES (1024 * 1024) /* the original's sizes: scripts expect xend.log.1 .. .5 */
#define LOG_BACKUPS 5

static struct {
    pthread_mutex_t lock;
    char *path;
    int fd;
    off_t size;
    enum log_level level;
    void (*listener)(void *arg);
    void *listener_arg;
} the_log = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO, .level = LOG_INFO};

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

int log_open(const char *path, enum log_level level, struct err *e)
{
    struct stat st;
    int fd;

    the_log.level = level;
    if (!path)
        return 0;
    fd = open_file(path);
    if (fd < 0)
        return err_sys(e, "log file %s", path);
    if (the_log.fd != STDERR_FILENO)
        close(the_log.fd);
    free(the_log.path);
    the_log.path = xstrdup(path);
    the_log.fd = fd;
    the_log.size = fstat(fd, &st) == 0 ? st.st_size : 0;
    return 0;
}

void log_listen(void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&the_log.lock);
    the_log.listener = fn;
    the_log.listener_arg = arg;
    pthread_mutex_unlock(&the_log.lock);
}

int log_level_parse(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++)
        if (strcasecmp(text, level_names[i]) == 0)
            return (int)i;
    return -1;
}

/* A failed rotation keeps the old file: a long log is better than none. */
static void rotate(void)
{
    for (int i = LOG_BACKUPS; i > 0; i--) {
        AUTO(freep)
        char *from = i > 1 ? xasprintf("%s.%d", the_log.path, i - 1) : xstrdup(the_log.path);
        AUTO(freep) char *to = xasprintf("%s.%d", the_log.path, i);

        rename(from, to);
    }
    int fd = open_file(the_log.path);
    if (fd < 0)
        return;
    close(the_log.fd);
    the_log.fd = fd;
    the_log.size = 0;
}

void log_line(enum log_level level, const char *file, int line, const char *fmt, ...)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct timespec now;
    struct tm tm;
    char stamp[32];
    size_t start;
    va_list ap;
    struct err ignored;

    if (level < the_log.level)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &tm);
    strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
    buf_addf(&b, "[%s %d] %s (%s:%d) ", stamp, (int)getpid(), level_names[level], file, line);
    start = b.len;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    for (size_t i = start; i < b.len; i++) /* one event is one line, whatever a guest is called */
        if ((unsigned char)b.ptr[i] < ' ')
            b.ptr[i] = b.ptr[i] == '\n' ? '|' : '?';
    buf_addc(&b, '\n');

    pthread_mutex_lock(&the_log.lock);
    if (the_log.path && the_log.size + (off_t)b.len > LOG_ROTATE_BYTES)
        rotate();
    if (write_all(the_log.fd, b.ptr, b.len, &ignored) == 0)
        the_log.size += (off_t)b.len;
    if (the_log.listener)
        the_log.listener(the_log.listener_arg);
    pthread_mutex_unlock(&the_log.lock);
}
