/*
 * The one error type. An error is a value on the caller's stack: a code for programs, a text for
 * people, outermost context first: "web1: starting: disk xvda: /srv/web1.img: No such file or
 * directory". It never allocates. `struct err *e` is the last parameter of every function that
 * can fail for a reason outside the program; it is never NULL and untouched on success.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
    ERR_INVALID = 1, /* the caller's input is wrong */
    ERR_NO_DOMAIN,   /* no such domain (xm's exit status 3) */
    ERR_NOT_FOUND,   /* something else that was named does not exist */
    ERR_EXISTS,      /* name, uuid, id or file is taken */
    ERR_STATE,       /* not possible in the domain's present state */
    ERR_BUSY,        /* somebody else holds it; try again */
    ERR_DENIED,      /* the caller or xend lacks the right */
    ERR_UNSUPPORTED, /* this driver or build cannot do it */
    ERR_NO_RESOURCE, /* memory, disk space, descriptors, ids */
    ERR_TIMEOUT,     /* a deadline passed */
    ERR_CANCELLED,   /* the job was cancelled */
    ERR_TOO_LARGE,   /* input over a documented limit */
    ERR_UNAVAILABLE, /* xend or a peer cannot answer now */
    ERR_SYSTEM,      /* a system call failed; see sys */
    ERR_BACKEND,     /* the hypervisor, QEMU or a script said no */
    ERR_CHANGED,     /* somebody else changed it meanwhile */
    ERR_CODE_END
};

struct err {
    enum err_code code;
    int sys;        /* errno at the point of failure, or 0 */
    char msg[1024]; /* what was being done to what, and what went wrong */
    char hint[256]; /* what to do about it, or "" */
};

/* What a code means outside: one row each, walked by a test. */
struct err_info {
    const char *name; /* in JSON */
    int http_status;
    int exit_status;
};
const struct err_info *err_info(enum err_code code);

/* The code with this JSON name, or ERR_BACKEND when unknown (a newer peer's code). */
enum err_code err_code_from_name(const char *name);

/* Each fills *e and returns -1, so that a failing function ends in one line. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same from errno: code by errno, ": strerror" appended. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prepends "context: " to the message. */
int err_add(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the hint: one sentence that tells what to do. */
int err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
