/* Lists of faults: see field.h. */
#include <stdarg.h>
#include <stdio.h>

#include "libxl/base/buf.h"
#include "libxl/field.h"

void problems_add(struct problems *p, const char *where, const char *hint, const char *fmt, ...)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    va_list ap;

    if (p->len >= PROBLEMS_MAX)
        return;
    va_start(ap, fmt);
    if (p->len == PROBLEMS_MAX - 1) {
        buf_adds(&b, "there are more faults than these");
        hint = NULL;
    } else {
        buf_vaddf(&b, fmt, ap);
    }
    va_end(ap);
    vec_push(p, ((struct problem){xstrdup(where), buf_steal(&b), xstrdup_null(hint)}));
}

void problems_clear(struct problems *p)
{
    for (size_t i = 0; i < p->len; i++) {
        free(p->ptr[i].where);
        free(p->ptr[i].text);
        free(p->ptr[i].hint);
    }
    vec_clear(p);
}

void problems_drop(struct problems *p, size_t n)
{
    for (size_t i = 0; i < p->len; i++) {
        if (i < n) {
            free(p->ptr[i].where);
            free(p->ptr[i].text);
            free(p->ptr[i].hint);
        } else {
            p->ptr[i - n] = p->ptr[i];
        }
    }
    p->len -= n < p->len ? n : p->len;
}

int problems_to_err(const struct problems *p, struct err *e)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (!p->len)
        return 0;
    for (size_t i = 0; i < p->len; i++) {
        buf_addf(&b, "%s%s", i ? "\n" : "", p->ptr[i].text);
        if (p->ptr[i].hint && p->len > 1)
            buf_addf(&b, " (%s)", p->ptr[i].hint);
    }
    err_set(e, ERR_INVALID, "%s", buf_str(&b));
    if (p->len == 1 && p->ptr[0].hint)
        err_hint(e, "%s", p->ptr[0].hint);
    return -1;
}
