/*
 * xm vcpu-list, vcpu-set and vcpu-pin. Programs parse the columns of vcpu-list: the widths, the
 * letters and the words of the affinity are the original's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/domains.h"

/* The affinity in the original's words. */
static const char *affinity_words(const struct value *vcpu)
{
    const char *text = value_get_str(vcpu, "affinity", "all");

    return strcmp(text, "all") == 0 ? "any cpu" : *text ? text : "no cpus";
}

/* CPU and state: empty when the domain does not run, "-" and "--p" for a vcpu that is off. */
static void format_place(const struct value *vcpu, bool active, char *cpu, size_t size,
                         const char **state)
{
    const struct value *n = domain_number(vcpu, "cpu");

    snprintf(cpu, size, "%s", active ? "-" : "");
    *state = active ? "--p" : "";
    if (!active || !value_get_bool(vcpu, "online", false))
        return;
    if (n)
        snprintf(cpu, size, "%" PRId64, value_as_int(n));
    *state = value_get_bool(vcpu, "running", false) ? "r--" : "-b-";
}

/* These widths are the contract. */
static void print_vcpus(const struct value *domain)
{
    AUTO(freep) char *name = clean_text(value_get_str(domain, "name", ""));
    bool active = domain_number(domain, "domid") != NULL;
    const struct value *vcpus = value_get(domain, "vcpus");
    char id[24] = "", cpu[24];
    const char *state;

    if (active)
        snprintf(id, sizeof(id), "%" PRId64, value_get_int(domain, "domid", 0));
    for (size_t i = 0; i < value_len(vcpus); i++) {
        const struct value *v = value_at(vcpus, i);
        AUTO(freep) char *affinity = clean_text(affinity_words(v));

        format_place(v, active, cpu, sizeof(cpu), &state);
        printf("%-32s %5s %5" PRId64 " %5s %5s  %8.1f %s\n", name, id, value_get_int(v, "vcpu", 0),
               cpu, state, domain_real(v, "cpu_time"), affinity);
    }
}

int cmd_vcpu_list(struct xm *xm, const struct args *a)
{
    AUTO(domains_clear) struct domains d = {0};
    struct err e;

    if (domains_fetch_at(&d, xm, a, "/v1/vcpus", "/vcpus", &e) < 0)
        return xm_fail(&e);
    if (args_has(a, "json")) {
        AUTO(value_freep) struct value *list = domains_to_value(&d);

        print_json(list);
        return EXIT_SUCCESS;
    }
    printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
           "CPU Affinity");
    for (size_t i = 0; i < d.len; i++)
        print_vcpus(d.ptr[i]);
    return EXIT_SUCCESS;
}

int cmd_vcpu_set(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();
    int64_t n;

    if (!parse_int(args_word(a, 1), &n))
        return xm_usage_error(xm->command, "Invalid argument.");
    value_set_int(body, "vcpus", n);
    return domain_act(xm, a, "/vcpus", body, NULL);
}

/* The language of the third word is xend's to read: it knows the CPUs of its host. */
int cmd_vcpu_pin(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();
    const char *vcpu = args_word(a, 1), *cpus = args_word(a, 2);
    int64_t n;

    if (strcmp(vcpu, "all") == 0)
        value_set_str(body, "vcpu", vcpu);
    else if (parse_int(vcpu, &n) && n >= 0)
        value_set_int(body, "vcpu", n);
    else
        return xm_usage_error(xm->command, "Invalid argument.");
    if (!cpus[strspn(cpus, " \t\n")]) /* which would be no restriction, as all is */
        return xm_usage_error(xm->command, "Invalid argument.");
    value_set_str(body, "cpus", cpus);
    return domain_act(xm, a, "/pin", body, NULL);
}
