/*
 * Sets of host CPUs, and the language of `cpus` and vcpu-pin: items with commas between them, each
 * a number, a range or, behind ^, one of these taken out of what precedes. "0-3,^1" is 0,2,3.
 */
#ifndef LIBXL_CPUSET_H
#define LIBXL_CPUSET_H

#include <stdbool.h>
#include <stdint.h>

#include "libxl/base/err.h"

#define CPUSET_MAX 1024 /* as glibc's cpu_set_t; Debian's Xen is built for 512 */

struct cpuset {
    uint64_t bits[CPUSET_MAX / 64];
};

void cpuset_add(struct cpuset *c, unsigned cpu); /* one beyond CPUSET_MAX is ignored */
bool cpuset_has(const struct cpuset *c, unsigned cpu);
unsigned cpuset_count(const struct cpuset *c);
/* The CPUs 0 to n-1. */
struct cpuset cpuset_first(unsigned n);
struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b);

/*
 * Reads the language; "all" and the empty text are all of 0 to CPUSET_MAX-1: the caller cuts it to
 * what the host has. ERR_INVALID with the item that is wrong; ERR_UNSUPPORTED for xl's nodes.
 */
int cpuset_parse(const char *text, struct cpuset *out, struct err *e);
/* The shortest text: "0-2,5"; "" for the empty set. The caller's. */
char *cpuset_print(const struct cpuset *c);

#endif
