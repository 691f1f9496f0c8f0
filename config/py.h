/*
 * The Python-like language of domain config files: a small interpreter that can compute but
 * touches nothing. What the language is, where it departs from Python and why is in DESIGN.md.
 *
 * Evaluation reads no file, runs no process and looks at nothing of the host but the machine's
 * name and type (os.uname) and a few environment variables (HOME, USER, ... and XM_*, XEN_*).
 * Time, memory and nesting are bounded: a hostile file costs less than a second and 32 MiB.
 * Safe from any thread; several evaluations may run at once.
 */
#ifndef CONFIG_PY_H
#define CONFIG_PY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/value.h"
#include "libxl/base/buf.h"
#include "libxl/base/err.h"

/* Largest source text: fifty times the largest file ever seen, yet parsed in milliseconds. */
#define PY_TEXT_MAX (1u << 20)

/*
 * What is left of a file with errors, for a caller that looks for more faults: then evaluation
 * goes on behind a statement that failed, and tells up to 20 errors. All are the caller's.
 */
struct py_rest {
    struct value *errors; /* in the order of the text: lists of a report and a hint ("": none) */
    struct value *vars;   /* the variables that statements without errors set; NULL after a limit */
    struct value *broken; /* map: the names that the others would have set -> true */
};

/* One evaluation. What is not needed stays zero. */
struct py_input {
    const char *name; /* file name: for errors, and the preset xm_file */
    const char *text;
    size_t len;
    const struct value *preset; /* map: variables preset before the first line; may be NULL */
    bool help;                  /* xm_help is 1; xm_vars.check() ends the evaluation well */

    /*
     * Reads the file that execfile('NAME') or `from NAME import *` asks for, and decides whether
     * it may be read: the text is appended to *out. NULL: nothing can be included.
     */
    int (*include)(void *arg, const char *name, struct buf *out, struct err *e);
    void *include_arg;

    /*
     * What comes back besides the result, also after an error; the pointers may be NULL.
     * vars:  map of what xm_vars.var() declared, name -> use text, for --help_config;
     * places: map, variable -> where it was assigned last, for errors about its value: a list of
     *     two offsets into the text (begin, end of the value), then two for each item when the
     *     value is a list that stands there;
     * printed: what print wrote (its first 64 KiB), appended.
     * The maps are the caller's.
     */
    struct value **vars;
    struct value **places;
    struct buf *printed;
    struct py_rest *rest; /* NULL: the first error ends the evaluation */
};

/*
 * The variables that stand at top level when the text has run, as a map in order of first
 * assignment: strings, integers, reals, booleans, nil, lists (tuples become lists) and maps.
 * Functions, modules, sets, names that begin with "_" and the presets of the original (xm_vars,
 * os, ...) are left out. The result is the caller's.
 *
 * NULL: ERR_INVALID, or ERR_TOO_LARGE for a limit. e->msg is the whole report:
 *     web1.cfg:3:10: name `memroy` is not defined
 *         memory = memroy * 2
 *                  ^~~~~~
 * and e->hint, often, what to do about it.
 */
struct value *py_eval(const struct py_input *in, struct err *e);

/*
 * An `include` whose argument is the program's path: a file in the directory of the program, or
 * below it. Other files are none of its business, and a device or a pipe is no text.
 */
int py_include_beside(void *path, const char *name, struct buf *out, struct err *e);

/*
 * A text with the line ends and the encoding that py_eval() works with: Latin-1 becomes UTF-8, CR
 * alone ends a line as well. False: *out is empty, the text is fine as it is.
 */
bool py_settle_text(const char *text, size_t len, struct buf *out);

/*
 * Points at [at, end) of a settled text: the line and the column (from 1) are set, and the line
 * itself with a caret below, each after a newline and four blanks, is appended to *out.
 */
struct py_point {
    uint32_t line, column;
};
struct py_point py_point(const char *text, size_t len, size_t at, size_t end, struct buf *out);

#endif
