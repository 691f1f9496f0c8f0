/*
 * A domain's configuration file: finding it, evaluating it here (never in xend: the file is the
 * caller's program) and making a spec of it. Called by `xm create`, check, convert and diff.
 */
#ifndef XM_DOMFILE_H
#define XM_DOMFILE_H

#include <stdbool.h>

#include "config/value.h"
#include "libxl/base/buf.h"
#include "libxl/spec.h"

struct domfile {
    char *path;              /* as it is shown and opened */
    bool data;               /* one SXP form, or JSON, instead of a program */
    struct value *overrides; /* name=value of the command line: strings, lists where repeated */
    struct value *vars;      /* what xm_vars.var() declared: name -> what for */
    struct value *places;    /* variable -> where it was assigned: see py_input */
    struct value *given;     /* the variables that the program left, and the command line's */
    struct buf text;         /* the file; of a program, as places count in it */
    bool loaded;             /* text is read: a pipe can be read once */
    bool default_name;       /* the file sets no name, so it is the file's own */
    struct buf printed;      /* what the program printed */
    struct value *errors;    /* of the program: lists of a report and a hint, or NULL */
    struct value *broken;    /* what it did not set because of them */
    struct problems faults, notes;
};

void domfile_clear(struct domfile *f);

/*
 * Sets path: the name itself, else in the directories of search ("." and a:b:c). NULL name means
 * xmdefconfig. ERR_NOT_FOUND when there is none.
 */
int domfile_find(struct domfile *f, const char *name, const char *search, struct err *e);

/* Sets data when the file begins like SXP or JSON: "(" or "{" begins no program. */
int domfile_guess(struct domfile *f, struct err *e);

/* Takes one name=value of the command line. */
int domfile_override(struct domfile *f, const char *text, struct err *e);

/*
 * Evaluates and checks. The result is the caller's; NULL with *e set, or with f->faults when the
 * file is in order but what it asks for is not. notes are filled in either case.
 */
struct spec *domfile_read(struct domfile *f, struct err *e);

/* Its variables, the command line's included, of a file that is no domain's. The caller's. */
struct value *domfile_read_values(struct domfile *f, struct err *e);
/* Evaluates the file only as far as xm_vars.check(), for f->vars. */
int domfile_read_vars(struct domfile *f, struct err *e);

/* Puts faults and notes into the order of the text. */
void domfile_sort(struct domfile *f);
/* Prints all faults to stderr, each with its place; returns how many. */
size_t domfile_print_faults(const struct domfile *f);
/* The notes, as warnings; source: with the line and a caret. */
void domfile_print_notes(const struct domfile *f, bool source);
/* Adds notes for what this driver (ON_...) ignores, but for what was noted already. */
void domfile_note_driver(struct domfile *f, const struct spec *s, unsigned driver);
/* "xen", "qemu" or "test" as ON_...; 0 for other words. */
unsigned driver_find(const char *name);
/* --strict: what is only noted is a fault. */
void domfile_be_strict(struct domfile *f);

#endif
