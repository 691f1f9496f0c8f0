/*
 * Command-line options in GNU style, from a table: "-x", "-xy", "-x V", "-xV", "--long",
 * "--long=V", "--long V" and unique beginnings of long names; options may follow words, and
 * everything after "--" is a word. Error texts are those of Python's getopt, as the original's.
 */
#ifndef XM_OPTIONS_H
#define XM_OPTIONS_H

#include <stdbool.h>

#include "libxl/base/err.h"
#include "libxl/base/vec.h"

struct option {
    char letter;      /* 0: only the long form */
    const char *name; /* long; a row without name ends the table */
    const char *arg;  /* what its argument is called; NULL: it has none; "[X]": the long form
                         may stand without one (last, or another option follows), "" then */
    const char *doc;
};

#define OPTIONS_MAX 16 /* rows of the longest table; asserted */

/* All strings are borrowed from argv. Start with {0}; args_clear frees the array of words. */
struct args {
    struct words VEC(const char *) words;
    const struct option *options;
    const char *given[OPTIONS_MAX]; /* by row: NULL when not given, "" for a flag */
};

/* Returns 0, 1 when help was asked for (-h, --help), or -1. options may be NULL: there are none. */
int args_parse(struct args *a, const struct option *options, int argc, char **argv, struct err *e);
void args_clear(struct args *a);

/* The argument of an option by its long name; NULL when it was not given. */
const char *args_get(const struct args *a, const char *name);
bool args_has(const struct args *a, const char *name);
/* Word i; i < a->words.len. */
const char *args_word(const struct args *a, size_t i);

#endif
