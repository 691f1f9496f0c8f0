/*
 * Structs described by tables. A row says where a member lives, how it reads, its default, range,
 * unit and meaning; reading, printing, checking, error texts and documents follow from it. The
 * spec of a domain and every device class are such tables: adding a variable adds a row.
 */
#ifndef LIBXL_FIELD_H
#define LIBXL_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/value.h"
#include "libxl/base/err.h"
#include "libxl/base/vec.h"

/* One fault of an input. `where` is a JSON pointer ("/disk/0/mode"). All strings are owned. */
struct problem {
    char *where;
    char *text;
    char *hint; /* or NULL */
};
struct problems VEC(struct problem);

/* More are not told: each costs a search for what was meant, and nobody reads them. */
#define PROBLEMS_MAX 256

void problems_add(struct problems *p, const char *where, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void problems_clear(struct problems *p);
/* Forgets the first n. */
void problems_drop(struct problems *p, size_t n);
/* 0 when there are none; else -1 and *e says them all, one a line. */
int problems_to_err(const struct problems *p, struct err *e);

enum field_type {
    FIELD_STR,  /* char *, NULL when not given */
    FIELD_INT,  /* int64_t */
    FIELD_BOOL, /* bool; reads 0/1, yes/no, true/false, on/off too */
    FIELD_WORD, /* int: an index into words */
    FIELD_LIST, /* struct value *: a list of strings, NULL when not given; check is each item's */
};

/* Which drivers honour a field. */
enum { ON_XEN = 1, ON_QEMU = 2, ON_TEST = 4, ON_ALL = 7 };

struct field {
    const char *name; /* the xm variable; the key in JSON */
    enum field_type type;
    size_t offset;
    bool in_map;              /* kept only when given, as an entry of the map at offset */
    const char *sxp;          /* its place in the original's SXP: "key", "image/key", or NULL */
    const char *dflt;         /* default as text; NULL: absent, 0, false, the first word */
    int64_t min, max;         /* FIELD_INT; both inclusive */
    const char *unit;         /* or NULL */
    const char *const *words; /* FIELD_WORD; NULL-terminated */
    int (*check)(const char *text, struct err *e); /* FIELD_STR, _LIST; NULL: any text */
    unsigned drivers;
    bool secret;     /* FIELD_STR: a password: SECRET_HIDDEN stands where it is shown or stored */
    const char *doc; /* one sentence */
};

/*
 * What is shown and stored in a secret's place, as the original shows it. Read back it means:
 * there was one that is not known here; a driver then lets nobody in.
 */
#define SECRET_HIDDEN "XXXXXXXX"

struct fields {
    const struct field *rows;
    size_t n;
};

const struct field *field_find(const struct fields *t, const char *name);

/* Sets every member of a zeroed object to its default; frees what members own. */
void fields_init(const struct fields *t, void *object);
void fields_clear(const struct fields *t, void *object);
/* Copies every member into an object that fields_init or zeroes made. */
void fields_copy(const struct fields *t, void *to, const void *from);

/* Reads one value into its member; -1 and a problem at `where` when it does not fit. */
int field_read(const struct field *f, void *object, const struct value *v, const char *where,
               struct problems *p);

/*
 * A member as a value (the caller's), nil when absent; and whether it holds its default. What is
 * in_map has no default: it was given or not.
 */
struct value *field_value(const struct field *f, const void *object);
bool field_is_default(const struct field *f, const void *object);
/* The same with SECRET_HIDDEN for a secret that was given: for all that leaves the process. */
struct value *field_shown(const struct field *f, const void *object);
/* Puts the secrets into a map that was written without them; copies those that `to` only has as
 * SECRET_HIDDEN. */
void fields_reveal(const struct fields *t, const void *object, struct value *map);
void fields_fill_secrets(const struct fields *t, void *to, const void *from);

/*
 * Reads a map; keys the table does not know are problems with a hint at the nearest one. Keys for
 * which skip(key) is true belong to somebody else. `where` is the pointer of the map itself ("").
 */
void fields_read(const struct fields *t, void *object, const struct value *map, const char *where,
                 bool (*skip)(const char *key), struct problems *p);

/* Adds the members to a map: all that are not at their default, or all; secrets hidden. */
void fields_write(const struct fields *t, const void *object, bool all, struct value *map);

/* "did you mean X?" for a mistyped name, or NULL; the caller frees. */
char *fields_nearest(const struct fields *t, const char *name);

/* A whole number in decimal, or 0x hexadecimal; false when text is not just that. */
bool parse_int(const char *text, int64_t *out);
/* 1 yes, 0 no, -1 neither; the original's words: yes y 1 on true t / no n 0 off false f. */
int parse_bool(const char *text);

#endif
