/*
 * xm log: the log of xend, through xend, so that it works from afar. Following is two requests:
 * what there is, then the stream, which begins with the same lines; those are passed over up to
 * the last that was printed. The same finds the place again after a restart of xend.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/client.h"
#include "xm/lines.h"
#include "xm/xm.h"

#define FOLLOW_LINES 10 /* of the past, as tail -f */
#define STAMP_LENGTH 20 /* "[2026-01-31 23:59:59": lines sort by it */

const struct option log_options[] = {
    {'f', "follow", NULL, "Go on with what comes, until Ctrl-C."},
    {'n', "lines", "LINES", "Only the last lines (all of them; 10 with -f)."},
    {0},
};

struct log {
    struct past_lines VEC(char *) past; /* what is not printed yet */
    int64_t keep;                       /* how many of them are wanted; -1: all */
    char *last;                         /* the newest line seen; NULL: none */
    char stamp[STAMP_LENGTH + 1];
    bool seeking; /* lines up to the last one come again */
};

static void log_clear(struct log *l)
{
    for (size_t i = 0; i < l->past.len; i++)
        free(l->past.ptr[i]);
    vec_clear(&l->past);
    free(l->last);
}

static void note_last(struct log *l, const char *line)
{
    free(l->last);
    l->last = xstrdup(line);
    if (*line == '[')
        snprintf(l->stamp, sizeof(l->stamp), "%s", line);
}

/* Gathers what there is. */
static bool on_past(void *arg, const char *line)
{
    struct log *l = arg;

    note_last(l, line);
    vec_push(&l->past, xstrdup(line));
    return true;
}

/* True for a line that was seen: up to the last one, or of a time before it. */
static bool seen(struct log *l, const char *line)
{
    if (!l->seeking || !l->last)
        return false;
    if (strcmp(line, l->last) == 0) {
        l->seeking = false;
        return true;
    }
    l->seeking = *line != '[' || strncmp(line, l->stamp, STAMP_LENGTH) <= 0;
    return l->seeking;
}

static void print_line(const char *line)
{
    AUTO(freep) char *clean = clean_text(line);

    puts(clean);
}

/* Prints what is new, at once. */
static bool on_new(void *arg, const char *line)
{
    struct log *l = arg;

    if (seen(l, line))
        return true;
    note_last(l, line);
    print_line(line);
    return fflush(stdout) == 0;
}

/*
 * "domain=NAME" of the query, or "". A domain that is gone may still be asked for while an event
 * tells of it; NULL and *e for any other.
 */
static char *domain_query(struct xm *xm, const struct args *a, struct err *e)
{
    AUTO(value_freep) struct value *domain = NULL, *events = NULL;
    AUTO(freep) char *escaped = NULL, *path = NULL;
    const char *word;

    if (!a->words.len)
        return xstrdup("");
    word = args_word(a, 0);
    domain = domain_get(xm, word, e);
    escaped = url_escape(value_get_str(domain, "name", word));
    path = xasprintf("/v1/events?limit=1&domain=%s", escaped);
    if (!domain && (e->code != ERR_NO_DOMAIN || !(events = xend_get(xm, path, e))))
        return NULL;
    return xasprintf("domain=%s", escaped);
}

static int read_past(struct xm *xm, struct log *l, const char *query, struct err *e)
{
    AUTO(freep) char *path = xasprintf("/v1/log?%s", query);
    AUTO(lines_clear) struct lines lines = {.line = on_past, .arg = l};
    struct stream s = {.path = path, .quiet_ms = 30000, .piece = lines_feed, .arg = &lines};

    if (xend_stream(xm, &s, e) < 0)
        return -1;
    for (size_t i = 0; i < l->past.len; i++)
        if (l->keep < 0 || l->past.len - i <= (size_t)l->keep)
            print_line(l->past.ptr[i]);
    return 0;
}

/* Until the reader of stdout is gone (0), or xend is and does not come back. */
static int follow(struct xm *xm, struct log *l, const char *query, struct err *e)
{
    AUTO(freep) char *path = xasprintf("/v1/log?follow=1&%s", query);
    int64_t lost_ms = 0;

    for (;;) {
        AUTO(lines_clear) struct lines lines = {.line = on_new, .arg = l};
        struct stream s = {.path = path, .piece = lines_feed, .arg = &lines};
        int r;

        l->seeking = true;
        r = xend_stream(xm, &s, e);
        if (r > 0)
            return 0;
        if (s.status && s.status < 400)
            lost_ms = 0;
        if (r == 0)
            err_set(e, ERR_UNAVAILABLE, "xend has ended");
        if (!xend_try_again(&lost_ms, e))
            return -1;
    }
}

int cmd_log(struct xm *xm, const struct args *a)
{
    AUTO(log_clear) struct log l = {.keep = args_has(a, "follow") ? FOLLOW_LINES : -1};
    const char *lines = args_get(a, "lines");
    AUTO(freep) char *query = NULL;
    struct err e;

    if (lines && (!parse_int(lines, &l.keep) || l.keep < 0))
        return xm_usage_error(xm->command, "Invalid argument.");
    query = domain_query(xm, a, &e);
    if (!query || read_past(xm, &l, query, &e) < 0)
        return xm_fail(&e);
    if (!args_has(a, "follow"))
        return EXIT_SUCCESS;
    if (fflush(stdout) != 0)
        return EXIT_ERROR;
    interrupt_quiet();
    return follow(xm, &l, query, &e) < 0 ? xm_fail(&e) : EXIT_SUCCESS;
}
