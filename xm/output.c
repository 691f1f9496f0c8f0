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

/* Bytes of a terminal's control sequence (ESC [ ... letter) at the start of the text; 0: none. */
static size_t sequence_length(const char *text, size_t len)
{
    size_t n = 2;

    if (len < 3 || text[0] != '\033' || text[1] != '[')
        return 0;
    while (n < len && text[n] >= ' ' && text[n] < '@')
        n++;
    return n < len && text[n] >= '@' && text[n] <= '~' ? n + 1 : 0;
}

void print_clean(FILE *f, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        size_t colour = sequence_length(text + i, len - i);

        if (colour) {
            i += colour - 1;
            continue;
        }
        if (c == '\r' && i + 1 < len && (text[i + 1] == '\n' || text[i + 1] == '\r'))
            continue; /* how consoles end a line */
        if (c == '\t')
            c = ' ';
        putc((c < ' ' && c != '\n') || c == 0x7f ? '?' : c, f);
    }
}

/* The same for a text that ends the line, which blank lines of its own would not. */
static void print_line(FILE *f, const char *text)
{
    size_t len = strlen(text);

    while (len && strchr("\r\n", text[len - 1]))
        len--;
    print_clean(f, text, len);
    putc('\n', f);
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
    print_line(stderr, e->msg);
    if (e->hint[0])
        print_line(stderr, e->hint);
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
    print_line(stderr, buf_str(&text));
    putc('\n', stderr);
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
    print_line(stderr, buf_str(&text));
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

void print_result(const struct value *job)
{
    AUTO(value_freep) struct value *none = value_nil();
    const struct value *result = value_get(job, "result");

    print_json(result ? result : none);
}
