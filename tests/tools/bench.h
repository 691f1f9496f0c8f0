/* What the measuring tools share: a clock and the median. Called by pairs.c, httpload.c, bench_*.c.
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stdlib.h>
#include <time.h>

static inline double bench_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts v. n is at least 1. */
static inline double bench_median(double *v, size_t n)
{
    qsort(v, n, sizeof(v[0]), bench_compare);
    return v[n / 2];
}

#endif
