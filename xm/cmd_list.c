/*
 * xm list. Programs parse its columns since 2005: the widths are a contract (the row is one
 * column narrower than the header, as it always was). -l prints the original's SXP.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/sxp.h"
#include "libxl/base/buf.h"
#include "libxl/base/mem.h"
#include "libxl/spec.h"
#include "xm/domains.h"

const struct option list_options[] = {
    {'l', "long", NULL, "Print everything known of the domains, as SXP."},
    {0, "json", NULL, "Print JSON."},
    {0, "state", "STATE",
     "Only domains that are running, paused, shutdown, crashed, dying, halted or suspended."},
    {'v', "verbose", NULL, "Changes nothing; the original had it."},
    {0},
};

/* All that the table shows; of many domains the reply is most of the time that xm takes. */
#define TABLE_QUERY "?fields=name,domid,memory_mib,vcpus,state,idle,cpu_time"

/* A state as three places show it: JSON and --state=, the six letters, the original's number. */
static const struct {
    const char *name, *letters;
    int power_state;
} states[] = {
    {"running", "r-----", 2}, {"paused", "--p---", 1}, {"shutdown", "---s--", 0},
    {"crashed", "----c-", 5}, {"dying", "-----d", 4},  {"halted", "", 0},
    {"suspended", "", 3},
};

/* The row of a state; an unknown one (of a newer xend) is shown as halted is. */
static size_t state_row(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (strcmp(states[i].name, name) == 0)
            return i;
    return 5;
}

/* The column is too narrow to tell running and idle apart otherwise. */
const char *domain_letters(const struct value *domain)
{
    size_t row = state_row(value_get_str(domain, "state", ""));

    return row == 0 && value_get_bool(domain, "idle", false) ? "-b----" : states[row].letters;
}

/* Whether there is a guest; of a domain without one ID and State stay blank. */
static bool is_active(const struct value *domain)
{
    return domain_number(domain, "domid") != NULL;
}

/* These widths are the contract. */
static void print_row(const struct value *domain)
{
    AUTO(freep) char *name = clean_text(value_get_str(domain, "name", ""));
    char id[24] = "";

    if (is_active(domain))
        snprintf(id, sizeof(id), "%" PRId64, value_get_int(domain, "domid", 0));
    printf("%-40s %5s %5" PRId64 " %5" PRId64 " %10s %8.1f\n", name, id,
           value_get_int(domain, "memory_mib", 0), value_get_int(domain, "vcpus", 0),
           domain_letters(domain), domain_real(domain, "cpu_time"));
}

static void print_table(const struct domains *d)
{
    printf("%-40s %5s %5s %5s %10s %9s\n", "Name", "ID", "Mem", "VCPUs", "State", "Time(s)");
    for (size_t i = 0; i < d->len; i++)
        print_row(d->ptr[i]);
}

/* (key text), the text being a number or atom in the original's notation. */
static struct value *pair(const char *key, struct value *take)
{
    struct value *form = value_list();

    value_add_take(form, value_str(key));
    value_add_take(form, take);
    return form;
}

/* Python 2's str() of a float, which is what the original printed. */
static struct value *float_text(double d)
{
    char text[40];

    snprintf(text, sizeof(text), "%.12g", d);
    if (!strpbrk(text, ".en"))
        strcat(text, ".0");
    return value_str(text);
}

/* What the running domain adds to its configuration, before (image ...) and after it. */
static void add_times(const struct value *domain, struct value *form)
{
    if (is_active(domain))
        value_add_take(form, pair("start_time", float_text(domain_real(domain, "start_time"))));
    value_add_take(form, pair("cpu_time", float_text(domain_real(domain, "cpu_time"))));
    value_add_take(
        form,
        pair("online_vcpus", value_int(is_active(domain) ? value_get_int(domain, "vcpus", 0) : 0)));
}

/* The original shows a state of domains with a guest only, the number always. */
static void add_state(const struct value *domain, struct value *form)
{
    size_t row = state_row(value_get_str(domain, "state", ""));

    value_add_take(form, pair("status", value_int(states[row].power_state)));
    if (is_active(domain))
        value_add_take(form, pair("state", value_str(domain_letters(domain))));
}

/* The configuration as SXP; of a domain whose configuration is not understood, its name alone. */
static struct value *config_form(const struct value *domain)
{
    AUTO(spec_freep) struct spec *s = NULL;
    AUTO(problems_clear) struct problems ignored = {0};
    const struct value *config = value_get(domain, "config");
    struct value *form;

    if (config)
        s = spec_from_value(config, &ignored);
    if (s)
        return spec_to_sxp(s, "domain");
    form = value_list();
    value_add_take(form, value_str("domain"));
    value_add_take(form, pair("uuid", value_str(value_get_str(domain, "uuid", ""))));
    value_add_take(form, pair("name", value_str(value_get_str(domain, "name", ""))));
    value_add_take(form, pair("memory", value_int(value_get_int(domain, "memory_mib", 0))));
    return form;
}

/* The original's form: head, (domid N), configuration, times, image, state, devices. */
static struct value *domain_form(const struct value *domain)
{
    AUTO(value_freep) struct value *config = config_form(domain);
    const struct value *image = sxp_child(config, "image");
    const struct value *device = sxp_child(config, "device");
    struct value *form = value_list();
    bool times = false, state = false;

    value_add_take(form, value_str("domain"));
    if (is_active(domain))
        value_add_take(form, pair("domid", value_int(value_get_int(domain, "domid", 0))));
    for (size_t i = 1; i < value_len(config); i++) {
        const struct value *item = value_at(config, i);

        if (!times && (item == image || item == device)) {
            add_times(domain, form);
            times = true;
        }
        if (!state && item == device) {
            add_state(domain, form);
            state = true;
        }
        value_add_take(form, value_copy(item));
    }
    if (!times)
        add_times(domain, form);
    if (!state)
        add_state(domain, form);
    return form;
}

static void print_long(const struct domains *d)
{
    for (size_t i = 0; i < d->len; i++) {
        AUTO(value_freep) struct value *form = domain_form(d->ptr[i]);
        AUTO(buf_clear) struct buf b = BUF_INIT;

        sxp_print_pretty(form, 80, &b);
        fwrite(b.ptr, 1, b.len, stdout);
    }
}

/* Drops the domains in other states. */
static void keep_state(struct domains *d, const char *state)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->len; i++)
        if (strcmp(value_get_str(d->ptr[i], "state", ""), state) == 0)
            d->ptr[kept++] = d->ptr[i];
    d->len = kept;
}

/* --state=all is every state, the original's unknown is none's; the rest are those of the API. */
static int check_state(const struct command *c, const char *state)
{
    if (strcmp(state, "all") == 0 || strcmp(state, "unknown") == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (strcmp(states[i].name, state) == 0)
            return 0;
    return xm_usage_error(c, "there is no state '%s'", state);
}

static void print_domains_json(const struct domains *d)
{
    AUTO(value_freep) struct value *list = domains_to_value(d);

    print_json(list);
}

int cmd_list(struct xm *xm, const struct args *a)
{
    const char *state = args_get(a, "state"), *query;
    bool all = args_has(a, "long");
    AUTO(domains_clear) struct domains d = {0};
    struct err e;

    if (state && a->words.len)
        return xm_usage_error(xm->command,
                              "You may specify either a state or a particular VM, but not both");
    if (state && check_state(xm->command, state))
        return EXIT_ERROR;
    query = all ? "?detail=config" : args_has(a, "json") ? "" : TABLE_QUERY;
    if (domains_fetch(&d, xm, a, query, &e) < 0)
        return xm_fail(&e);
    if (state && strcmp(state, "all") != 0)
        keep_state(&d, state);
    if (args_has(a, "json"))
        print_domains_json(&d);
    else if (all)
        print_long(&d);
    else
        print_table(&d);
    return EXIT_SUCCESS;
}
