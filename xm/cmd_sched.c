/*
 * xm sched-credit, sched-credit2 and sched-sedf: the shares of the host's CPUs. Programs parse the
 * columns: widths, and -1 for what is not known, are the original's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/domains.h"

const struct option sched_options[] = {
    {'d', "domain", "DOMAIN", "The domain to tell of, or to change."},
    {'w', "weight", "WEIGHT",
     "Its weight, 1 to 65535: a domain with 512 gets twice what one with "
     "256 does."},
    {'c', "cap", "CAP", "The most that it gets, in percent of one CPU; 0: no limit."},
    {0, "json", NULL, "Print JSON."},
    {0},
};

const struct option sedf_options[] = {
    {'p', "period", "MS", "Of the sedf scheduler, which Xen has no more."},
    {'s', "slice", "MS", "Likewise."},
    {'l', "latency", "MS", "Likewise."},
    {'e', "extra", "FLAG", "Likewise."},
    {'w', "weight", "FLOAT", "Likewise."},
    {0},
};

static bool is_of(const struct value *domain, const char *wanted)
{
    const struct value *id = domain_number(domain, "domid");
    char text[24] = "";

    if (id)
        snprintf(text, sizeof(text), "%" PRId64, value_as_int(id));
    return !wanted || strcmp(value_get_str(domain, "name", ""), wanted) == 0 ||
           strcmp(text, wanted) == 0 || strcmp(value_get_str(domain, "uuid", ""), wanted) == 0;
}

static int number(const struct value *domain, const char *key)
{
    const struct value *v = domain_number(domain, key);

    return v ? (int)value_as_int(v) : -1;
}

/* These widths are the contract. */
static void print_share(const struct value *domain, bool with_cap)
{
    AUTO(freep) char *name = clean_text(value_get_str(domain, "name", ""));
    char id[24] = "";

    if (domain_number(domain, "domid"))
        snprintf(id, sizeof(id), "%d", number(domain, "domid"));
    printf("%-32s %5s %6d", name, id, number(domain, "weight"));
    if (with_cap)
        printf(" %4d", number(domain, "cap"));
    putchar('\n');
}

static int list_shares(const struct value *domains, const struct args *a, bool with_cap)
{
    const char *wanted = args_get(a, "domain");
    AUTO(value_freep) struct value *list = value_list();
    struct err e;

    for (size_t i = 0; i < value_len(domains); i++)
        if (is_of(value_at(domains, i), wanted))
            value_add_take(list, value_copy(value_at(domains, i)));
    if (wanted && !value_len(list)) {
        err_set(&e, ERR_NO_DOMAIN, "Domain '%s' does not exist.", wanted);
        return xm_fail(&e);
    }
    if (args_has(a, "json")) {
        print_json(list);
        return EXIT_SUCCESS;
    }
    printf(with_cap ? "%-33s %4s %6s %4s\n" : "%-33s %4s %6s\n", "Name", "ID", "Weight", "Cap");
    for (size_t i = 0; i < value_len(list); i++)
        print_share(value_at(list, i), with_cap);
    return EXIT_SUCCESS;
}

/* -1 for what is no number. */
static int add_number(const struct args *a, const char *key, struct value *body)
{
    const char *text = args_get(a, key);
    int64_t n;

    if (!text)
        return 0;
    if (!parse_int(text, &n))
        return -1;
    value_set_int(body, key, n);
    return 0;
}

static int set_share(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map(), *job = NULL;
    const char *name = args_get(a, "domain");
    AUTO(freep) char *path = NULL;
    struct err e;

    if (!name)
        return xm_usage_error(xm->command, "No domain given.");
    if (add_number(a, "weight", body) < 0 || add_number(a, "cap", body) < 0)
        return xm_usage_error(xm->command, "Invalid argument.");
    if (domain_check(name, &e) < 0)
        return xm_fail(&e);
    path = domain_path(name, "/sched");
    job = job_run(xm, path, body, &e);
    return job ? EXIT_SUCCESS : xm_fail(&e);
}

/* Another scheduler than the command's. On a host without Xen, Linux's knows weights and caps. */
static int wrong_scheduler(const char *is)
{
    struct err e;

    if (strcmp(is, "linux") == 0)
        err_set(&e, ERR_UNSUPPORTED, "this host has none of Xen's schedulers");
    else
        err_set(&e, ERR_STATE, "Xen is running with the %s scheduler", is);
    err_hint(&e, "Try xm %s.", strcmp(is, "credit2") == 0 ? "sched-credit2" : "sched-credit");
    xm_fail(&e);
    return EXIT_ERROR;
}

static int run(struct xm *xm, const struct args *a, const char *scheduler, bool with_cap)
{
    AUTO(value_freep) struct value *reply = NULL;
    const char *is;
    struct err e;

    reply = xend_get(xm, "/v1/sched", &e);
    if (!reply)
        return xm_fail(&e);
    is = value_get_str(reply, "scheduler", "");
    if (strcmp(is, scheduler) != 0 && !(with_cap && strcmp(is, "linux") == 0))
        return wrong_scheduler(is);
    if (args_has(a, "weight") || args_has(a, "cap"))
        return set_share(xm, a);
    return list_shares(value_get(reply, "domains"), a, with_cap);
}

int cmd_sched_credit(struct xm *xm, const struct args *a)
{
    return run(xm, a, "credit", true);
}

/* The original's has no column for the cap, which its scheduler did not know. */
int cmd_sched_credit2(struct xm *xm, const struct args *a)
{
    return run(xm, a, "credit2", false);
}

int cmd_sched_sedf(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *reply = NULL;
    struct err e;

    (void)a;
    reply = xend_get(xm, "/v1/sched", &e);
    return reply ? wrong_scheduler(value_get_str(reply, "scheduler", "")) : xm_fail(&e);
}
