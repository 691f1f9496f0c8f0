/*
 * One line per event, to a file that rotates at 1 MiB with 5 backups (as the original xend's), or
 * to stderr:   [YYYY-mm-dd HH:MM:SS PID] LEVEL (file:line) text
 * Library code returns errors and logs at most debug; an error is logged once, at the top, where
 * a job ends or a request is answered. Safe from any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "libxl/base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Until this is called, and with path NULL, lines go to stderr. Not thread-safe: call at start. */
int log_open(const char *path, enum log_level level, struct err *e);

/*
 * Calls fn(arg) after each line, from the thread that logged, maybe with locks of its own held: fn
 * must not lock, log or block. Not thread-safe: call at start; NULL fn ends it.
 */
void log_listen(void (*fn)(void *arg), void *arg);

/* DEBUG, INFO, WARNING, ERROR in any case; -1 when it is none. */
int log_level_parse(const char *text);

void log_line(enum log_level level, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#define log_debug(...) log_line(LOG_DEBUG, __FILE__, __LINE__, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __FILE__, __LINE__, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARNING, __FILE__, __LINE__, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __FILE__, __LINE__, __VA_ARGS__)

#endif
