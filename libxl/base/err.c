/* The error type: see err.h. Leaf code; called by everything. */
#include "libxl/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err_info infos[ERR_CODE_END] = {
    [ERR_INVALID] = {"invalid", 400, 1},         [ERR_NO_DOMAIN] = {"no-domain", 404, 3},
    [ERR_NOT_FOUND] = {"not-found", 404, 1},     [ERR_EXISTS] = {"exists", 409, 1},
    [ERR_STATE] = {"wrong-state", 409, 1},       [ERR_BUSY] = {"busy", 409, 1},
    [ERR_DENIED] = {"denied", 403, 1},           [ERR_UNSUPPORTED] = {"unsupported", 501, 1},
    [ERR_NO_RESOURCE] = {"no-resource", 507, 1}, [ERR_TIMEOUT] = {"timeout", 504, 1},
    [ERR_CANCELLED] = {"cancelled", 409, 1},     [ERR_TOO_LARGE] = {"too-large", 413, 1},
    [ERR_UNAVAILABLE] = {"unavailable", 503, 1}, [ERR_SYSTEM] = {"system", 500, 1},
    [ERR_BACKEND] = {"backend", 502, 1},         [ERR_CHANGED] = {"changed", 412, 1},
};

const struct err_info *err_info(enum err_code code)
{
    if (code <= 0 || code >= ERR_CODE_END)
        code = ERR_SYSTEM;
    return &infos[code];
}

enum err_code err_code_from_name(const char *name)
{
    for (int i = 1; i < ERR_CODE_END; i++)
        if (strcmp(infos[i].name, name) == 0)
            return (enum err_code)i;
    return ERR_BACKEND;
}

static void __attribute__((format(printf, 4, 0)))
err_fill(struct err *e, enum err_code code, int sys, const char *fmt, va_list ap)
{
    e->code = code;
    e->sys = sys;
    e->hint[0] = '\0';
    vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    err_fill(e, code, 0, fmt, ap);
    va_end(ap);
    return -1;
}

static enum err_code code_of_errno(int sys)
{
    switch (sys) {
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
        return ERR_NO_RESOURCE;
    case EIO:
        return ERR_UNAVAILABLE;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    case EBUSY:
        return ERR_BUSY;
    default:
        return ERR_SYSTEM;
    }
}

int err_sys(struct err *e, const char *fmt, ...)
{
    int sys = errno;
    size_t n;
    va_list ap;

    va_start(ap, fmt);
    err_fill(e, code_of_errno(sys), sys, fmt, ap);
    va_end(ap);
    n = strlen(e->msg);
    snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", strerror(sys));
    return -1;
}

int err_add(struct err *e, const char *fmt, ...)
{
    char old[sizeof(e->msg)];
    size_t n;
    va_list ap;

    memcpy(old, e->msg, sizeof(old));
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
    va_end(ap);
    n = strlen(e->msg);
    if (n < sizeof(e->msg) - 2)
        snprintf(e->msg + n, sizeof(e->msg) - n, ": %.*s", (int)(sizeof(e->msg) - n - 3), old);
    return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
    va_end(ap);
    return -1;
}
