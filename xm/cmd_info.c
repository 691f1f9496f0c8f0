/* Commands that tell one thing: info, version, domid, domname, domstate, uptime. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/sxp.h"
#include "libxl/base/buf.h"
#include "libxl/base/mem.h"
#include "xm/domains.h"

/* Columns of the original, which programs parse. */
#define INFO_WIDTH 23
#define CONFIG_WIDTH 38

const struct option json_options[] = {
    {0, "json", NULL, "Print JSON."},
    {0},
};

const struct option uptime_options[] = {
    {'s', "short", NULL, "The short form, without a header."},
    {0, "json", NULL, "Print JSON."},
    {0},
};

const struct option info_options[] = {
    {'c', "config", NULL, "Tell the configuration of xend."},
    {'n', "numa", NULL, "Tell of nodes, sockets and cores too."},
    {0, "json", NULL, "Print JSON."},
    {0},
};

/*
 * "key    : value", the key that wide; xend sends the keys in the original's order. A text of
 * several lines, a table, begins on the next one.
 */
static void print_info(const struct value *info, int width)
{
    for (size_t i = 0; i < value_len(info); i++) {
        const struct value *v = value_at(info, i);
        AUTO(buf_clear) struct buf b = BUF_INIT;
        const char *text;

        if (value_type(v) == VALUE_STRING)
            buf_adds(&b, value_as_str(v)); /* as it is, without the quotes of SXP */
        else if (value_type(v) == VALUE_NIL)
            buf_adds(&b, "(none)");
        else
            sxp_print(v, &b);
        text = buf_str(&b);
        if (strchr(text, '\n'))
            printf("%-*s:\n%s\n", width, value_key(info, i), text + (*text == '\n'));
        else
            printf("%-*s: %s\n", width, value_key(info, i), text);
    }
}

int cmd_info(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *info = NULL;
    bool config = args_has(a, "config");
    struct err e;

    info = xend_get(xm,
                    config                ? "/v1/config"
                    : args_has(a, "numa") ? "/v1/host?detail=numa"
                                          : "/v1/host",
                    &e);
    if (!info)
        return xm_fail(&e);
    if (args_has(a, "json"))
        print_json(info);
    else
        print_info(info, config ? CONFIG_WIDTH : INFO_WIDTH);
    return EXIT_SUCCESS;
}

/* Without xend the version of xm is still told, with the error. */
int cmd_version(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *server = NULL, *all = value_map();
    struct err e;

    server = xend_get(xm, "/v1", &e);
    value_set_str(all, "xm", VERSION);
    if (server) {
        value_set_str(all, "xend", value_get_str(server, "version", ""));
        value_set_int(all, "api", value_get_int(server, "api", 0));
        value_set_str(all, "driver", value_get_str(server, "driver", ""));
    }
    if (args_has(a, "json"))
        print_json(all);
    else
        print_info(all, INFO_WIDTH);
    return server ? EXIT_SUCCESS : xm_fail(&e);
}

/* One member of a domain; what a nil prints as is the command's. */
static int print_member(struct xm *xm, const struct args *a, const char *key)
{
    AUTO(value_freep) struct value *domain = NULL;
    const struct value *v;
    struct err e;

    domain = domain_get(xm, args_word(a, 0), &e);
    if (!domain)
        return xm_fail(&e);
    v = value_get(domain, key);
    if (args_has(a, "json") && v)
        print_json(v);
    else if (v && value_type(v) == VALUE_INT)
        printf("%" PRId64 "\n", value_as_int(v));
    else
        puts(value_get_str(domain, key, "None"));
    return EXIT_SUCCESS;
}

int cmd_domid(struct xm *xm, const struct args *a)
{
    return print_member(xm, a, "domid");
}

int cmd_domname(struct xm *xm, const struct args *a)
{
    return print_member(xm, a, "name");
}

/* The words of the original's domstate, which differ from the API's in three places. */
static const char *domstate_word(const struct value *domain)
{
    const char *state = value_get_str(domain, "state", "");

    if (strcmp(state, "running") == 0 && value_get_bool(domain, "idle", false))
        return "idle";
    return strcmp(state, "halted") == 0      ? "shutoff"
           : strcmp(state, "suspended") == 0 ? "saved"
                                             : state;
}

int cmd_domstate(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *domain = NULL, *word = NULL;
    struct err e;

    domain = domain_get(xm, args_word(a, 0), &e);
    if (!domain)
        return xm_fail(&e);
    word = value_str(domstate_word(domain));
    if (args_has(a, "json"))
        print_json(word);
    else
        puts(value_as_str(word));
    return EXIT_SUCCESS;
}

/* Whole seconds since the domain started, or -1 when it does not run. */
static int64_t uptime_of(const struct value *domain, time_t now)
{
    const struct value *v = domain_number(domain, "start_time");
    int64_t s;

    if (!v)
        return -1;
    s = (int64_t)((double)now - value_as_real(v));
    return s < 0 ? 0 : s;
}

/* One row; a domain that does not run has none. brief: as uptime(1) prints. */
static void print_uptime(const struct value *domain, time_t now, bool brief)
{
    AUTO(freep) char *name = clean_text(value_get_str(domain, "name", ""));
    int64_t s = uptime_of(domain, now), days = s / 86400, id = value_get_int(domain, "domid", 0);
    int hours = (int)(s / 3600 % 24), minutes = (int)(s / 60 % 60);
    struct tm tm;
    char day_text[40] = "";

    if (s < 0)
        return;
    if (days)
        snprintf(day_text, sizeof(day_text), "%" PRId64 " day%s, ", days, days > 1 ? "s" : "");
    if (!brief) {
        printf("%-32s %5" PRId64 " %s%2d:%02d:%02d\n", name, id, day_text, hours, minutes,
               (int)(s % 60));
        return;
    }
    localtime_r(&now, &tm);
    printf(" %02d:%02d:%02d up %s%2d:%02d, %s (%" PRId64 ")\n", tm.tm_hour, tm.tm_min, tm.tm_sec,
           day_text, hours, minutes, name, id);
}

/* [{"name","domid","uptime"}], in seconds; null when it does not run. */
static void print_uptimes_json(const struct domains *d, time_t now)
{
    AUTO(value_freep) struct value *out = value_list();

    for (size_t i = 0; i < d->len; i++) {
        const struct value *domain = d->ptr[i];
        struct value *row = value_map();
        int64_t s = uptime_of(domain, now);

        value_set_str(row, "name", value_get_str(domain, "name", ""));
        value_set_take(row, "domid", s < 0 ? value_nil() : value_copy(value_get(domain, "domid")));
        value_set_take(row, "uptime", s < 0 ? value_nil() : value_int(s));
        value_add_take(out, row);
    }
    print_json(out);
}

int cmd_uptime(struct xm *xm, const struct args *a)
{
    AUTO(domains_clear) struct domains d = {0};
    bool brief = args_has(a, "short");
    time_t now = time(NULL);
    struct err e;

    if (domains_fetch(&d, xm, a, "", &e) < 0)
        return xm_fail(&e);
    if (args_has(a, "json")) {
        print_uptimes_json(&d, now);
        return EXIT_SUCCESS;
    }
    if (!brief)
        printf("%-33s %4s %s \n", "Name", "ID", "Uptime");
    for (size_t i = 0; i < d.len; i++)
        print_uptime(d.ptr[i], now, brief);
    return EXIT_SUCCESS;
}
