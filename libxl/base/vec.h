/*
 * A typed growable array by one macro, with public members:
 *     struct names VEC(char *);    struct names v = {0};    vec_push(&v, s);    vec_clear(&v);
 * The elements belong to whoever owns the vector; vec_clear frees only the array.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "libxl/base/mem.h"

#define VEC(type)                                                                                  \
    {                                                                                              \
        type *ptr;                                                                                 \
        size_t len, cap;                                                                           \
    }

#define vec_push(v, x)                                                                             \
    do {                                                                                           \
        if ((v)->len == (v)->cap) {                                                                \
            (v)->cap = (v)->cap ? 2 * (v)->cap : 8;                                                \
            (v)->ptr = xrealloc((v)->ptr, (v)->cap * sizeof((v)->ptr[0]));                         \
        }                                                                                          \
        (v)->ptr[(v)->len++] = (x);                                                                \
    } while (0)

/* Removes element i, keeping the order of the others. */
#define vec_remove(v, i)                                                                           \
    do {                                                                                           \
        size_t i_ = (i);                                                                           \
        (v)->len--;                                                                                \
        for (size_t j_ = i_; j_ < (v)->len; j_++)                                                  \
            (v)->ptr[j_] = (v)->ptr[j_ + 1];                                                       \
    } while (0)

#define vec_clear(v)                                                                               \
    do {                                                                                           \
        free((v)->ptr);                                                                            \
        (v)->ptr = NULL;                                                                           \
        (v)->len = (v)->cap = 0;                                                                   \
    } while (0)

#endif
