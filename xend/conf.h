/* xend-config.sxp: a sequence of (key value). Read once at start. */
#ifndef XEND_CONF_H
#define XEND_CONF_H

#include "config/value.h"
#include "libxl/base/err.h"

struct conf {
    struct value *map; /* every key of the table below, with its value as text or default */
};

/*
 * Reads the file; a missing one means defaults. *e tells all faults, one a line, each with file and
 * line. What is ignored (unknown keys) is collected in *notes likewise (a list, the caller's).
 */
int conf_read(struct conf *c, const char *path, struct value **notes, struct err *e);
void conf_clear(struct conf *c);

/* The value of a key that the table has; NULL when it has no default and was not given. */
const char *conf_str(const struct conf *c, const char *key);
/* Likewise of a key whose values are numbers. */
int64_t conf_int(const struct conf *c, const char *key);

#endif
