/*
 * S-expressions as the original xend reads and writes them: xend-config.sxp, `xm list --long`,
 * state files, the (vm ...) form. Atoms and quoted strings both become VALUE_STRING, lists
 * VALUE_LIST. Reading is iterative and linear; errors give name:line:column.
 */
#ifndef CONFIG_SXP_H
#define CONFIG_SXP_H

#include "config/value.h"
#include "libxl/base/buf.h"

/*
 * All top-level forms of text, as one list (the caller's).
 * Lexical rules: lists in ( ); # starts a comment that ends with the line; blanks and
 * { } < > [ ] ; separate; strings in ' or " with the escapes \a \b \t \n \v \f \r \\ \' \" \xHH
 * and one to three octal digits; any other escape stands for itself, backslash included.
 */
struct value *sxp_parse(const char *text, size_t len, const char *name, struct err *e);

/* The same, and *lines is a list with the line of each form, counted from 1 (the caller's). */
struct value *sxp_parse_lines(const char *text, size_t len, const char *name, struct value **lines,
                              struct err *e);

/* The same in an arena (value_strn_in), for many texts that are read one after the other. Its limit
 * is beyond 64 bytes for each of text. */
const struct value *sxp_parse_in(struct arena *a, const char *text, size_t len, const char *name,
                                 struct err *e);

/*
 * Appends a value on one line. Strings of alnum and .-_:/~ are printed bare, the empty string as
 * nothing, others quoted with '...' ("..." when they hold a ' and no "). Numbers print in C
 * notation, true and false as 1 and 0, nil as the empty string, a map as a list of (key value).
 */
void sxp_print(const struct value *v, struct buf *out);

/*
 * The original's layout: a form that fits into `width` columns stays on one line; otherwise its
 * elements stand on their own lines, indented by 4, and the closing ) alone below its opening.
 * Ends with a newline.
 */
void sxp_print_pretty(const struct value *v, size_t width, struct buf *out);

/* (key text); the caller's. */
struct value *sxp_pair(const char *key, const char *text);
/* The value of (key X) within a form: its second element; NULL when there is no such child. */
struct value *sxp_child_value(const struct value *form, const char *key);
/* The child form whose head is key, or NULL. */
struct value *sxp_child(const struct value *form, const char *key);
/* The text of the first element, or "" when the form is no list with a string head. */
const char *sxp_head(const struct value *form);

#endif
