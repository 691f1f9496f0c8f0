/*
 * Files of saved guests: the original's frame around what a driver writes. 16 bytes
 * "LinuxGuestRecord", the length of the configuration (signed, 32 bit, big endian), the
 * configuration as a one-line SXP form (domain ...), then the driver's own stream (on Xen: Xen's,
 * version 2, and of a HVM guest its device model's state, see libxl/xen/stream.h). Ours has a child
 * (xend (version 1) (driver NAME)) in the form, which other readers pass over.
 */
#ifndef XEND_SAVEFILE_H
#define XEND_SAVEFILE_H

#include "libxl/driver.h"

#define SAVE_MAGIC "LinuxGuestRecord"
#define SAVE_CONFIG_MAX (1024 * 1024) /* the largest spec is a few KiB */

/* A new file of this name, in place of one that an earlier save has left; its descriptor or -1. */
int savefile_create(const char *partial, struct err *e);
/* All that was written is on disk, under its name, when this returns. */
int savefile_commit(int fd, const char *partial, const char *file, struct err *e);

/* Nobody goes on from it again, not after a power cut either; fine when it is gone. */
int savefile_remove(const char *file, struct err *e);

/* Writes the frame's beginning; the driver's stream follows. Secrets of the spec are in it. */
int savefile_write(int fd, const struct spec *s, const char *driver, struct err *e);

/*
 * Reads it, within so many seconds and until the job is cancelled; fd is then at the driver's
 * stream. The caller's; NULL and *e, with the place in the file, when it is none, is damaged, or
 * was written by another driver than this one.
 */
struct spec *savefile_read(int fd, const char *path, const char *driver, struct job *j,
                           int timeout_s, struct err *e);
#define SAVEFILE_READ_S 60 /* a few KiB */

#endif
