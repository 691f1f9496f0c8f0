/*
 * Tables of the OpenAPI document, walked by openapi.c and query.c: the parameters and statuses that
 * the rows of route.c name, and the objects that handlers read and write. The spec and the devices
 * are not here: their own tables of fields describe them.
 */
#ifndef XEND_OPENAPI_KEYS_H
#define XEND_OPENAPI_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "xend/openapi.h"

enum words {
    ANY_WORD,
    DOMAIN_STATES,
    STOP_REASONS,
    SHUTDOWN_REASONS,
    JOB_STATES,
    ERROR_CODES,
    DETAILS,
    HOST_DETAILS,
    TRIGGERS,
    PROTOCOLS,
    STREAM_PROTOCOLS,
    DEVICE_CLASS_WORDS
};

/* The n-th word of an enumeration, NULL after the last. */
const char *word_of(enum words w, int n);

/* BOUNDED: min and max count. EXTENDED, of a schema: other keys with texts or whole numbers.
   LISTED, of a parameter: several words with commas between. */
#define RANGE(a, b) .flags = BOUNDED, .min = (a), .max = (b)
enum { NULLABLE = 1, OPTIONAL = 2, BOUNDED = 4, EXTENDED = 8, LISTED = 16 };

/* One value: a key of an object, or a parameter. */
struct key {
    const char *name;
    const char *type; /* JSON's; "any"; a schema's name (with a capital); "[X": a list of X */
    const char *doc;
    unsigned flags;
    enum words words;
    int64_t min, max; /* max INT64_MAX: none */
    const char *in;   /* of a parameter; NULL: the query */
};

extern const struct key params[PARAMS];
/* What stands in braces in paths. */
extern const struct key path_params[];
extern const size_t path_params_count;

struct answer {
    int status;
    const char *doc;
};
extern const struct answer answers[ANSWERS];

/* An object. */
struct schema {
    const char *name;
    const char *doc;
    const struct key *keys;
    size_t n;
    unsigned flags; /* NULLABLE; OPTIONAL: so is each key; EXTENDED */
};
extern const struct schema schemas[];
extern const size_t schemas_count;
/* More of them: the host's (openapi_host.c). */
extern const struct schema host_schemas[];
extern const size_t host_schemas_count;

#endif
