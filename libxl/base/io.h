/*
 * Files, sockets and deadlines. Every descriptor is close-on-exec. Everything here may block and
 * is safe from any thread.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libxl/base/buf.h"
#include "libxl/base/err.h"

/* Milliseconds of CLOCK_MONOTONIC: what all deadlines count in. */
int64_t now_ms(void);

/* Writes all n bytes, over short writes and EINTR. Errors name no file: the caller adds it. */
int write_all(int fd, const void *p, size_t n, struct err *e);

/* Reads until end of file; ERR_TOO_LARGE when there is more than max_bytes. Appends to *out. */
int read_all(int fd, size_t max_bytes, struct buf *out, struct err *e);
/* Exactly n bytes; ERR_INVALID when there are fewer. */
int read_full(int fd, void *p, size_t n, struct err *e);
/*
 * How long a blocking read (or write) of fd waits before it fails, in ms for poll(): what whoever
 * opened a socket has set for its other side (SO_RCVTIMEO, SO_SNDTIMEO). -1: for ever.
 */
int fd_patience_ms(int fd, bool writing);
int read_file(const char *path, size_t max_bytes, struct buf *out, struct err *e);

/*
 * Replaces path as a whole or not at all, durably: temporary file beside it, fsync, rename, fsync
 * of the directory.
 */
int write_file_atomic(const char *path, const void *p, size_t n, mode_t mode, struct err *e);

/* The same, but only against a dying process, not a power cut: for what is lost at boot anyway. */
int write_file_whole(const char *path, const void *p, size_t n, mode_t mode, struct err *e);

/* Removes what a process that died in one of these two has left in a directory. While nobody else
 * writes there. */
void remove_unfinished(const char *dir);

/* The directory that path is in, on disk: what was renamed there stays so. */
int sync_parent(const char *path, struct err *e);
/* Makes a directory and its parents; existing ones are fine and keep their mode. */
int make_dirs(const char *path, mode_t mode, struct err *e);

/*
 * Stream sockets on the file system. Paths of any length up to PATH_MAX work: those over 107
 * bytes go through /proc/self/fd. Listening replaces a dead socket file (nobody answers on it),
 * never a live one (ERR_BUSY).
 */
int unix_listen(const char *path, mode_t mode, struct err *e);
int unix_connect(const char *path, struct err *e);

/* dir + "/" + name; the caller frees. */
char *path_join(const char *dir, const char *name);

/* The absolute form of path seen from the working directory, "." and ".." left as they are. */
char *path_absolute(const char *path);

#endif
