/* What is said of a domain's configuration file, each with its place: see domfile.h. */
#include <inttypes.h>
#include <string.h>

#include "config/py.h"
#include "libxl/base/mem.h"
#include "xm/domfile.h"
#include "xm/xm.h"

/* The span of a problem's item, or of the whole variable. */
static bool find_span(const struct domfile *f, const char *where, int64_t span[2])
{
    const char *slash = strchrnul(where, '/');
    AUTO(freep) char *name = xstrndup(where, (size_t)(slash - where));
    const struct value *spans = value_get(f->places, name);
    size_t item = 0;

    if (!spans)
        return false;
    if (slash[0] && slash[1] >= '0' && slash[1] <= '9')
        item = strtoul(slash + 1, NULL, 10) + 1;
    if (2 * item + 1 >= value_len(spans))
        item = 0;
    span[0] = value_as_int(value_at(spans, 2 * item));
    span[1] = value_as_int(value_at(spans, 2 * item + 1));
    return true;
}

/* Where a problem's variable was set in the text; what has no place there comes last. */
static int64_t place_of(const struct domfile *f, const struct problem *p)
{
    const char *where = *p->where == '/' ? p->where + 1 : p->where;
    AUTO(freep) char *name = xstrndup(where, strcspn(where, "/"));
    int64_t span[2];

    if (value_get(f->overrides, name) || !find_span(f, where, span))
        return INT64_MAX;
    return span[0];
}

/* In the order of the text; few, so by insertion. */
static void sort_problems(const struct domfile *f, struct problems *all)
{
    for (size_t i = 1; i < all->len; i++) {
        struct problem p = all->ptr[i];
        int64_t place = place_of(f, &p);
        size_t j = i;

        for (; j > 0 && place_of(f, &all->ptr[j - 1]) > place; j--)
            all->ptr[j] = all->ptr[j - 1];
        all->ptr[j] = p;
    }
}

void domfile_sort(struct domfile *f)
{
    sort_problems(f, &f->faults);
    sort_problems(f, &f->notes);
}

/*
 * "FILE:LINE:COLUMN: " where the variable of a problem was set (of a list, its item), or "command
 * line: "; the caller frees. The line itself with a caret below is appended to *source (or NULL).
 */
static char *place_text(const struct domfile *f, const struct problem *p, struct buf *source)
{
    const char *where = *p->where == '/' ? p->where + 1 : p->where;
    AUTO(freep) char *name = xstrndup(where, strcspn(where, "/"));
    AUTO(buf_clear) struct buf unused = BUF_INIT;
    struct py_point point;
    int64_t span[2];

    if (value_get(f->overrides, name))
        return xstrdup("command line: ");
    if (!find_span(f, where, span))
        return xasprintf("%s: ", f->path);
    point = py_point(buf_str(&f->text), f->text.len, (size_t)span[0], (size_t)span[1],
                     source ? source : &unused);
    return xasprintf("%s:%u:%u: ", f->path, point.line, point.column);
}

/* The program's own errors, then each fault with the place that it comes from. */
size_t domfile_print_faults(const struct domfile *f)
{
    struct err e;

    for (size_t i = 0; i < value_len(f->errors); i++) {
        const struct value *pair = value_at(f->errors, i);

        err_set(&e, ERR_INVALID, "%s", value_as_str(value_at(pair, 0)));
        if (value_str_len(value_at(pair, 1)))
            err_hint(&e, "%s", value_as_str(value_at(pair, 1)));
        xm_fail(&e);
    }
    for (size_t i = 0; i < f->faults.len; i++) {
        const struct problem *p = &f->faults.ptr[i];
        AUTO(buf_clear) struct buf source = BUF_INIT;
        AUTO(freep) char *place = place_text(f, p, &source);

        err_set(&e, ERR_INVALID, "%s%s%s", place, p->text, buf_str(&source));
        if (p->hint)
            err_hint(&e, "%s", p->hint);
        xm_fail(&e);
    }
    return value_len(f->errors) + f->faults.len;
}

/* What is suspicious but no fault: one line each, the hint in brackets. */
void domfile_print_notes(const struct domfile *f, bool source)
{
    for (size_t i = 0; i < f->notes.len; i++) {
        const struct problem *p = &f->notes.ptr[i];
        AUTO(buf_clear) struct buf lines = BUF_INIT;
        AUTO(freep) char *place = place_text(f, p, &lines);

        xm_warn("%s%s%s%s%s%s", place, p->text, p->hint ? " (" : "", p->hint ? p->hint : "",
                p->hint ? ")" : "", source ? buf_str(&lines) : "");
    }
}

unsigned driver_find(const char *name)
{
    return strcmp(name, "xen") == 0    ? ON_XEN
           : strcmp(name, "qemu") == 0 ? ON_QEMU
           : strcmp(name, "test") == 0 ? ON_TEST
                                       : 0;
}

void domfile_note_driver(struct domfile *f, const struct spec *s, unsigned driver)
{
    struct problems more = {0};
    size_t before = f->notes.len;

    spec_note_ignored(s, driver, &more);
    spec_name_variables(f->given, &more);
    for (size_t i = 0; i < more.len; i++) {
        bool known = false;

        for (size_t j = 0; j < before; j++)
            known |= strcmp(f->notes.ptr[j].where, more.ptr[i].where) == 0;
        if (!known)
            problems_add(&f->notes, more.ptr[i].where, more.ptr[i].hint, "%s", more.ptr[i].text);
    }
    problems_clear(&more);
    domfile_sort(f);
}

void domfile_be_strict(struct domfile *f)
{
    for (size_t i = 0; i < f->notes.len; i++)
        vec_push(&f->faults, f->notes.ptr[i]);
    f->notes.len = 0; /* their strings have moved */
}
