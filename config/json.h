/*
 * JSON (RFC 8259) to and from values. json.c is the only file that knows yajl. Readers refuse
 * duplicate keys, nesting over VALUE_DEPTH_MAX, numbers outside int64/double, NUL in strings, bad
 * UTF-8 and anything after the value; errors give line and column.
 */
#ifndef CONFIG_JSON_H
#define CONFIG_JSON_H

#include "config/value.h"
#include "libxl/base/buf.h"

/* name: what the text is, for errors ("request body", a file name). The result is the caller's. */
struct value *json_parse(const char *text, size_t len, const char *name, struct err *e);

/* Appends v: on one line, or indented for people. Reals that JSON cannot say become null. */
void json_print(const struct value *v, struct buf *out);
void json_print_pretty(const struct value *v, struct buf *out);

#endif
