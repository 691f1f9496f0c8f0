/* Text that comes in pieces, taken line by line: the log and the events of xend. */
#ifndef XM_LINES_H
#define XM_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "libxl/base/buf.h"

#define LINE_LENGTH_MAX (1024 * 1024) /* a longer one is taken in parts of this; xend's: 64 KiB */

struct lines {
    bool (*line)(void *arg, const char *line); /* without its end; false: enough */
    void *arg;
    struct buf part; /* what has no end yet */
};

/* Takes a piece; false when it was enough. Its type is that of struct stream's piece. */
bool lines_feed(void *lines, const char *text, size_t len);
void lines_clear(struct lines *l);

#endif
