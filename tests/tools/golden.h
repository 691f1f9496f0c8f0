/* What golden_py.c and golden_cfg.c print alike. */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <stdio.h>

#include "config/py.h"

/* Several have an empty line between them. */
static inline void print_errors(const struct py_rest *rest)
{
    for (size_t i = 0; i < value_len(rest->errors); i++) {
        const struct value *pair = value_at(rest->errors, i);

        printf("%s%s\n", i ? "\n" : "", value_as_str(value_at(pair, 0)));
        if (value_str_len(value_at(pair, 1)))
            printf("hint: %s\n", value_as_str(value_at(pair, 1)));
    }
}

#endif
