/*
 * Configuration files that xend itself evaluates: those of /etc/xen/auto. They are programs, so a
 * child without privileges runs them: xend opens a file and hands its text over, a spec comes back.
 * The child lives as long as the evaluator, for one takes a thousand files; one that dies or takes
 * too long costs that file only. Called by autostart.c. Blocks; not with the lock.
 */
#ifndef XEND_EVALUATE_H
#define XEND_EVALUATE_H

#include "libxl/spec.h"

#define EVALUATE_MS 5000 /* for one file; the interpreter gives up after one second */

struct evaluator;

struct evaluator *evaluator_new(void); /* the child comes with the first file */
void evaluator_free(struct evaluator *v);

/* The spec of a file, the caller's. NULL: *e says where and why, as xm create would. */
struct spec *evaluate_file(struct evaluator *v, const char *path, struct err *e);

/* The child itself: what `xend --evaluate` is; serves its stdin until that ends. */
int evaluate_child(void);

#endif
