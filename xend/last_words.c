/* What a guest said last: see last_words.h. */
#include "xend/last_words.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/mem.h"

#define TAIL_BYTES 600 /* of an error's 1,024 */
#define TAIL_LINES 5

/* The end of a file, NUL-terminated; its length. */
static size_t read_tail(const char *path, char out[TAIL_BYTES + 1])
{
    AUTO(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    ssize_t n = 0;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        n = pread(fd, out, TAIL_BYTES, st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0);
    out[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

/* What a terminal would not print is left out: a guest must not write on ours. */
static size_t keep_printable(char *text, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (text[i] == '\n' || (text[i] >= ' ' && text[i] < 0x7f))
            text[kept++] = text[i];
    while (kept && text[kept - 1] == '\n')
        kept--;
    text[kept] = '\0';
    return kept;
}

/* Where the last lines begin; one that was cut at its front does not count. */
static const char *last_lines(const char *text, size_t n, bool cut)
{
    const char *at = text + n;

    for (int lines = 0; at > text; at--)
        if (at[-1] == '\n' && ++lines == TAIL_LINES)
            return at;
    if (cut && strchr(text, '\n'))
        return strchr(text, '\n') + 1;
    return text;
}

void err_add_last_words(struct err *e, struct guest *g)
{
    AUTO(freep) char *path = g->driver->ops->console_log(g), *line = NULL;
    char text[TAIL_BYTES + 1];
    size_t got, n, used = strlen(e->msg);
    char *rest, *next;

    if (!path)
        return;
    got = read_tail(path, text);
    n = keep_printable(text, got);
    line = xstrdup(last_lines(text, n, got == TAIL_BYTES));
    if (!*line)
        return;
    used += (size_t)snprintf(e->msg + used, sizeof(e->msg) - used, "; its console said last:");
    for (rest = line; (next = strsep(&rest, "\n")) && used + 4 < sizeof(e->msg);)
        used += (size_t)snprintf(e->msg + used, sizeof(e->msg) - used, "\n    %s", next);
}
