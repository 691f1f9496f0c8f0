/* xm history: what was done to a domain, who asked for it, when, and how long it took. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/domains.h"
#include "xm/xm.h"

const struct option history_options[] = {
    {'n', "lines", "LINES", "Only the newest."},
    {0, "json", NULL, "Print JSON: a list."},
    {0},
};

#define ROW "%-19s  %-12s  %-10s  %10s  %s\n"

/* "0.012 s"; "3 h 20 min" of what is long; the caller's array. */
static void format_seconds(const struct value *entry, char *out, size_t size)
{
    double s = domain_real(entry, "seconds");

    if (!domain_number(entry, "seconds"))
        snprintf(out, size, "-");
    else if (s < 100)
        snprintf(out, size, "%.3f s", s);
    else if (s < 6000)
        snprintf(out, size, "%.0f s", s);
    else
        snprintf(out, size, "%.0f h %02d", (double)((int64_t)s / 3600),
                 (int)((int64_t)s / 60 % 60));
}

static void print_entry(const struct value *v)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(freep) char *clean = NULL, *by = clean_text(value_get_str(v, "by", "-"));
    const char *result = value_get_str(v, "result", ""), *detail = value_get_str(v, "detail", "");
    char time[32], took[32];

    format_time(domain_real(v, "time"), time, sizeof(time));
    format_seconds(v, took, sizeof(took));
    buf_adds(&text, result);
    if (domain_number(v, "domid"))
        buf_addf(&text, "id=%" PRId64, value_get_int(v, "domid", 0));
    if (*detail)
        buf_addf(&text, "%s%s", text.len ? ": " : "", detail);
    clean = clean_text(buf_str(&text));
    printf(ROW, time, value_get_str(v, "what", "?"), by, took, *clean ? clean : "-");
}

int cmd_history(struct xm *xm, const struct args *a)
{
    const char *lines = args_get(a, "lines");
    AUTO(value_freep) struct value *reply = NULL;
    AUTO(freep) char *query = NULL, *path = NULL;
    const struct value *list;
    int64_t limit = 0;
    struct err e;

    if (lines && (!parse_int(lines, &limit) || limit <= 0))
        return xm_usage_error(xm->command, "Invalid argument.");
    query = limit ? xasprintf("/history?limit=%" PRId64, limit) : xstrdup("/history");
    path = domain_path(args_word(a, 0), query);
    reply = domain_check(args_word(a, 0), &e) < 0 ? NULL : xend_get(xm, path, &e);
    if (!reply)
        return xm_fail(&e);
    list = value_get(reply, "history");
    if (args_has(a, "json")) {
        print_json(list);
        return EXIT_SUCCESS;
    }
    printf(ROW, "Time", "What", "By", "Took", "Result");
    for (size_t i = 0; i < value_len(list); i++)
        print_entry(value_at(list, i));
    return EXIT_SUCCESS;
}
