/*
 * Allocation that cannot fail, and ownership by type. Running out of memory aborts: xend may die
 * at any moment anyway (see DESIGN.md), so sizes that come from outside are bounded before they
 * get here. A const parameter is borrowed, a non-const result is the caller's, a function with
 * `take` in its name swallows its argument.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* AUTO(fn) T x = NULL; calls fn(&x) when x goes out of scope. Always initialise x. */
#define AUTO(fn) __attribute__((cleanup(fn)))

/* Hands out what an AUTO variable owns. */
#define steal(p)                                                                                   \
    ({                                                                                             \
        __typeof__(p) stolen_ = (p);                                                               \
        (p) = NULL;                                                                                \
        stolen_;                                                                                   \
    })

/* Number of elements; does not compile for a pointer. */
#define ARRAY_LEN(a)                                                                               \
    (sizeof(a) / sizeof((a)[0]) +                                                                  \
     0 * sizeof(char[1 - 2 * !!__builtin_types_compatible_p(__typeof__(a), __typeof__(&(a)[0]))]))

void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* NULL stays NULL. */
char *xstrdup_null(const char *s);

/* For AUTO(): free and close what the variable holds. */
void freep(void *p);
void closep(const int *fd);

/* Closes *fd if it is open and sets it to -1. Keeps errno. */
void close_fd(int *fd);

#endif
