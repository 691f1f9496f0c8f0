/* Lines out of pieces: see lines.h. */
#include "xm/lines.h"

#include <string.h>

#include "libxl/base/mem.h"

/* Hands out what was gathered. */
static bool flush(struct lines *l)
{
    AUTO(freep) char *line = buf_steal(&l->part);
    size_t len = strlen(line);

    if (len && line[len - 1] == '\r')
        line[len - 1] = '\0';
    return l->line(l->arg, line);
}

bool lines_feed(void *lines, const char *text, size_t len)
{
    struct lines *l = lines;

    while (len) {
        const char *end = memchr(text, '\n', len);
        size_t n = end ? (size_t)(end - text) : len, room = LINE_LENGTH_MAX - l->part.len;
        bool cut = n > room;

        if (cut)
            n = room;
        buf_add(&l->part, text, n);
        if (!end && !cut)
            return true;
        if (!flush(l))
            return false;
        n += !cut;
        text += n;
        len -= n;
    }
    return true;
}

void lines_clear(struct lines *l)
{
    buf_clear(&l->part);
}
