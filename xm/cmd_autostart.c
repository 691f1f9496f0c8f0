/* xm autostart: what starts with the host: sets it, lists it, does it (the xendomains service). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/xm.h"

const struct option autostart_options[] = {
    {0, "disable", NULL, "It does not start with the host any more."},
    {0, "order", "N", "When: 1 first, then 2, ...; 0: after all that have a number."},
    {0, "delay", "SECONDS", "How long domains that start after it wait once it runs."},
    {0, "after", "NAMES", "Domains that start before it, with commas between; '' for none."},
    {'l', "list", NULL, "List what starts with the host, in its order; set nothing."},
    {0, "start", NULL, "Start now what starts with the host and does not run."},
    {0, "auto", "DIR", "With --list or --start: the configuration files; else /etc/xen/auto."},
    {0, "saved", "DIR", "Likewise: a file there of a domain's name keeps it from starting."},
    {0, "gap", "MS", "With --start: one at a time, with so many milliseconds between."},
    {'q', "quiet", NULL, "With --start: print nothing but errors and warnings."},
    {0, "json", NULL, "Print JSON."},
    {0},
};

/* A whole number of an option into the body; -1 after an error with the usage. */
static int take_number(struct xm *xm, const struct args *a, const char *option, const char *key,
                       struct value *body)
{
    const char *text = args_get(a, option);
    int64_t n;

    if (!text)
        return 0;
    if (!parse_int(text, &n) || n < 0) {
        xm_usage_error(xm->command, "--%s: '%.60s' is not a number", option, text);
        return -1;
    }
    value_set_int(body, key, n);
    return 0;
}

static void take_names(const char *text, struct value *body)
{
    AUTO(freep) char *copy = xstrdup(text);
    struct value *names = value_list();
    char *at = copy, *word;

    while ((word = strsep(&at, ", ")))
        if (*word)
            value_add_take(names, value_str(word));
    value_set_take(body, "start_after", names);
}

/* Order, delay and predecessors alone change nothing about whether it starts. */
static int set(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();
    const char *after = args_get(a, "after");

    if (args_has(a, "disable") || !(args_has(a, "order") || args_has(a, "delay") || after))
        value_set_bool(body, "autostart", !args_has(a, "disable"));
    if (take_number(xm, a, "order", "start_order", body) < 0 ||
        take_number(xm, a, "delay", "start_delay", body) < 0)
        return EXIT_ERROR;
    if (after)
        take_names(after, body);
    return domain_act(xm, a, "/autostart", body, NULL);
}

/* The files may be elsewhere; relative paths are the caller's. */
static void take_dir(const struct args *a, const char *option, struct value *body)
{
    if (args_has(a, option)) {
        AUTO(freep) char *path = path_absolute(args_get(a, option));
        value_set_str(body, option, path);
    }
}

/* What the job answers, the caller's; NULL after its error. */
static struct value *ask(struct xm *xm, const struct args *a, const char *path)
{
    AUTO(value_freep) struct value *body = value_map(), *job = NULL;
    struct err e;

    take_dir(a, "auto", body);
    take_dir(a, "saved", body);
    if (take_number(xm, a, "gap", "gap_ms", body) < 0)
        return NULL;
    interrupt_note("xend goes on with it: see xm jobs, and xm job-cancel.\n");
    job = job_run(xm, path, body, &e);
    interrupt_note(NULL);
    if (!job) {
        xm_fail(&e);
        return NULL;
    }
    return value_get(job, "result") ? value_copy(value_get(job, "result")) : value_map();
}

/* What the order cannot be, one warning each. */
static void print_problems(const struct value *result)
{
    const struct value *problems = value_get(result, "problems");

    for (size_t i = 0; i < value_len(problems); i++) {
        const struct value *p = value_at(problems, i);
        AUTO(freep) char *name = clean_text(value_get_str(p, "name", ""));
        AUTO(freep) char *detail = clean_text(value_get_str(p, "detail", ""));
        xm_warn("%s: %s (%s)", name, detail, value_get_str(p, "hint", ""));
    }
}

/* Each that was left alone and why, as a warning; saved ones are xm restore's. */
static void print_migrated(const struct value *result)
{
    const struct value *domains = value_get(result, "domains");

    for (size_t i = 0; i < value_len(domains); i++) {
        const struct value *d = value_at(domains, i);
        AUTO(freep) char *why = clean_text(value_get_str(d, "error", ""));

        if (strcmp(value_get_str(d, "state", ""), "migrated") == 0)
            xm_warn("%s (%s)", why, value_get_str(d, "hint", ""));
    }
}

/* Each that failed, as an error; how many there are. */
static size_t print_failures(const struct value *result)
{
    const struct value *domains = value_get(result, "domains");
    size_t n = 0;

    for (size_t i = 0; i < value_len(domains); i++) {
        const struct value *d = value_at(domains, i);
        const char *state = value_get_str(d, "state", ""), *name = value_get_str(d, "name", "");
        struct err e = {0};

        if (strcmp(state, "slow") == 0)
            err_set(&e, ERR_TIMEOUT, "%s: it has not started yet: see xm jobs", name);
        else if (strcmp(state, "failed") == 0)
            err_set(&e, ERR_BACKEND, "%s", value_get_str(d, "error", name));
        else
            continue;
        err_hint(&e, "%s", value_get_str(d, "hint", ""));
        xm_fail(&e);
        n++;
    }
    return n;
}

static void print_row(const struct value *d)
{
    AUTO(freep) char *name = clean_text(value_get_str(d, "name", ""));
    AUTO(freep) char *file = clean_text(value_get_str(d, "file", "(managed)"));
    const struct value *after = value_get(d, "start_after");
    int64_t order = value_get_int(d, "start_order", 0), wave = value_get_int(d, "wave", 0);
    char wave_text[24] = "-", order_text[24] = "-";

    if (wave)
        snprintf(wave_text, sizeof(wave_text), "%" PRId64, wave);
    if (order)
        snprintf(order_text, sizeof(order_text), "%" PRId64, order);
    printf("%-32s %5s %5s %5" PRId64 " %-9s %s", name, wave_text, order_text,
           value_get_int(d, "start_delay", 0), value_get_str(d, "state", ""), file);
    for (size_t i = 0; i < value_len(after); i++)
        printf("%s%s", i ? "," : " after ", value_as_str(value_at(after, i)));
    putchar('\n');
}

/* In the order in which they start; what has no wave last. */
static void print_table(const struct value *domains)
{
    int64_t left = (int64_t)value_len(domains);

    printf("%-32s %5s %5s %5s %-9s %s\n", "Name", "Wave", "Order", "Delay", "State", "File");
    for (int64_t wave = 1; left > 0; wave++) {
        for (size_t i = 0; i < value_len(domains); i++) {
            int64_t own = value_get_int(value_at(domains, i), "wave", 0);
            if (own == wave || (!own && wave > (int64_t)value_len(domains))) {
                print_row(value_at(domains, i));
                left--;
            }
        }
        if (wave > (int64_t)value_len(domains))
            break;
    }
}

static int list(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *result = ask(xm, a, "/v1/autostart/plan");

    if (!result)
        return EXIT_ERROR;
    if (args_has(a, "json")) {
        print_json(result);
        return EXIT_SUCCESS;
    }
    print_table(value_get(result, "domains"));
    fflush(stdout);
    print_problems(result);
    print_migrated(result);
    return print_failures(result) ? EXIT_ERROR : EXIT_SUCCESS;
}

static int start(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *result = ask(xm, a, "/v1/autostart");
    const struct value *domains;

    if (!result)
        return EXIT_ERROR;
    domains = value_get(result, "domains");
    if (args_has(a, "json"))
        print_json(result);
    for (size_t i = 0; i < value_len(domains) && !args_has(a, "json") && !args_has(a, "quiet");
         i++) {
        const struct value *d = value_at(domains, i);
        if (strcmp(value_get_str(d, "state", ""), "started") == 0)
            printf("Started domain %s\n", value_get_str(d, "name", ""));
    }
    fflush(stdout);
    print_problems(result);
    print_migrated(result);
    return print_failures(result) ? EXIT_ERROR : EXIT_SUCCESS;
}

int cmd_autostart(struct xm *xm, const struct args *a)
{
    bool lists = args_has(a, "list"), starts = args_has(a, "start");
    static const char *const of_domain[] = {"disable", "order", "delay", "after"};

    for (size_t i = 0; i < ARRAY_LEN(of_domain); i++)
        if ((lists || starts) && args_has(a, of_domain[i]))
            return xm_usage_error(xm->command, "--%s goes with a domain", of_domain[i]);
    if (lists && starts)
        return xm_usage_error(xm->command, "Give either --list or --start");
    if (lists || starts)
        return a->words.len ? xm_usage_error(xm->command, "%s is about all domains",
                                             lists ? "--list" : "--start")
               : lists      ? list(xm, a)
                            : start(xm, a);
    if (!a->words.len)
        return xm_usage_error(xm->command, "'xm autostart' requires 1 argument.");
    if (args_has(a, "auto") || args_has(a, "saved") || args_has(a, "gap"))
        return xm_usage_error(xm->command, "--auto, --saved and --gap go with --list or --start");
    return set(xm, a);
}
