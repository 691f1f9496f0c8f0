/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing over U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "libxl/base/buf.h"

/* Bytes of the character that begins at p, of n bytes left; 0 when there is none. */
size_t utf8_char(const char *p, size_t n);

bool utf8_is_valid(const char *p, size_t n);

/* Appends p with each byte that belongs to no character replaced by U+FFFD. */
void utf8_add_repaired(struct buf *b, const char *p, size_t n);

#endif
