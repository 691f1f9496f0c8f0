/*
 * Growable bytes. `ptr` is NUL-terminated after every call that adds, so text can be used as it
 * stands; it is NULL only while nothing was ever added. One owner, no thread safety.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
    char *ptr;
    size_t len, cap; /* len excludes the NUL */
};

#define BUF_INIT                                                                                   \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

void buf_clear(struct buf *b); /* frees; usable for AUTO() and usable again afterwards */
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_fill(struct buf *b, char c, size_t n);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Removes the first n bytes. */
void buf_shift(struct buf *b, size_t n);

/* Hands out the text (never NULL) and leaves the buffer empty. The caller frees. */
char *buf_steal(struct buf *b);

/* The text, "" when empty. Borrowed until the next change. */
const char *buf_str(const struct buf *b);

#endif
