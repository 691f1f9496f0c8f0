/*
 * Loop devices by system calls, for block.c alone: found, set up by LOOP_CONFIGURE, known by the
 * file that they are on, let go of.
 */
#ifndef HOOKS_LOOP_H
#define HOOKS_LOOP_H

#include <stdbool.h>
#include <sys/stat.h>

#include "libxl/base/err.h"

struct loop {
    int fd; /* -1: none */
    char path[32];
};

/* A free one, which another program may take at any time; closed by the caller. */
int loop_find(struct loop *out, struct err *e);

/* Puts it on the file: done, or taken by another (find the next one), or failed; or this kernel has
 * no LOOP_CONFIGURE (before 5.8). What cannot be written to is had for reading, as by losetup. */
enum loop_result { LOOP_DONE, LOOP_TAKEN, LOOP_FAILED, LOOP_OLD };
enum loop_result loop_set(const struct loop *l, const char *file, bool read_only, struct err *e);

/* Frees the device, at once or when its last user closes it. Fine when it is free. */
void loop_drop(const char *path);
/* Is the device on a file that was called so? */
bool loop_is_on(const char *path, const char *file);
/* Is there any on this file, by whatever name? */
bool loop_on_file(const struct stat *file);

#endif
