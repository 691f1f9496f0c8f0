/* What xm prints: errors on stderr, data on stdout. Called by every command. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/json.h"
#include "libxl/base/buf.h"
#include "libxl/base/mem.h"
#include "xm/xm.h"

/* Error texts may quote a guest's or a program's output: lines stay, control characters do not. */
static void print_clean(FILE *f, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        putc((*p < ' ' && *p != '\n') || *p == 0x7f ? *p == '\t' ? ' ' : '?' : *p, f);
}

char *clean_text(const char *text)
{
    char *s = xstrdup(text);

    for (unsigned char *p = (unsigned char *)s; *p; p++)
        if (*p < ' ' || *p == 0x7f)
            *p = '?';
    return s;
}

void format_time(double seconds, char *out, size_t size)
{
    time_t t = (time_t)seconds;
    struct tm tm;

    if (!localtime_r(&t, &tm) || !strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm))
        snprintf(out, size, "-");
}

int xm_fail(const struct err *e)
{
    fflush(stdout);
    fputs("Error: ", stderr);
    print_clean(stderr, e->msg);
    if (e->hint[0]) {
        putc('\n', stderr);
        print_clean(stderr, e->hint);
    }
    putc('\n', stderr);
    return err_info(e->code)->exit_status;
}

int xm_usage_error(const struct command *c, const char *fmt, ...)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    fputs("Error: ", stderr);
    print_clean(stderr, buf_str(&text));
    fputs("\n\n", stderr);
    help_command(c);
    return EXIT_ERROR;
}

void xm_warn(const char *fmt, ...)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    fputs("Warning: ", stderr);
    print_clean(stderr, buf_str(&text));
    putc('\n', stderr);
}

int output_end(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (errno != EPIPE) /* a reader that has seen enough is no error to tell of */
        fprintf(stderr, "Error: standard output: %s\n", strerror(errno));
    return EXIT_ERROR;
}

void print_json(const struct value *v)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    json_print_pretty(v, &b);
    if (!b.len || b.ptr[b.len - 1] != '\n')
        buf_addc(&b, '\n');
    fwrite(b.ptr, 1, b.len, stdout);
}
