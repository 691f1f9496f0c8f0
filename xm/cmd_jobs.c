/* xm jobs, job-cancel, job-wait: what xend is doing, and did lately. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/domains.h"
#include "xm/xm.h"

/* Seconds as one number with a unit: the column is for a glance. */
static void format_age(double seconds, char *out, size_t size)
{
    static const struct {
        double length;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};

    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (seconds >= units[i].length) {
            snprintf(out, size, "%.0f%c", seconds / units[i].length - 0.5, units[i].unit);
            return;
        }
    }
    snprintf(out, size, "%ds", seconds > 0 ? (int)seconds : 0); /* clocks may differ by ssh */
}

static void print_row(const struct value *job, double now)
{
    AUTO(freep) char *domain = clean_text(value_get_str(job, "domain", ""));
    AUTO(freep) char *by = clean_text(value_get_str(job, "by", ""));
    char age[24];

    format_age(now - domain_real(job, "queued"), age, sizeof(age));
    printf("%6" PRId64 " %-12s %-24s %-10s %-12s %5s\n", value_get_int(job, "id", 0),
           value_get_str(job, "kind", ""), domain, value_get_str(job, "state", ""), by, age);
}

int cmd_jobs(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *reply = NULL, *none = value_list();
    const struct value *jobs;
    struct err e;

    reply = xend_get(xm, "/v1/jobs", &e);
    if (!reply)
        return xm_fail(&e);
    jobs = value_get(reply, "jobs");
    if (args_has(a, "json")) {
        print_json(jobs ? jobs : none);
        return EXIT_SUCCESS;
    }
    printf("%6s %-12s %-24s %-10s %-12s %5s\n", "ID", "KIND", "DOMAIN", "STATE", "BY", "AGE");
    for (size_t i = 0; i < value_len(jobs); i++)
        print_row(value_at(jobs, i), (double)time(NULL));
    return EXIT_SUCCESS;
}

/* The number of a job, or -1 after an error with the usage. */
static int64_t job_number(struct xm *xm, const struct args *a)
{
    int64_t id;

    if (parse_int(args_word(a, 0), &id) && id > 0)
        return id;
    xm_usage_error(xm->command, "Invalid argument.");
    return -1;
}

int cmd_job_cancel(struct xm *xm, const struct args *a)
{
    int64_t id = job_number(xm, a);
    AUTO(freep) char *path = xasprintf("/v1/jobs/%" PRId64, id);
    struct err e;

    if (id < 0)
        return EXIT_ERROR;
    return xend_request(xm, "DELETE", path, NULL, NULL, &e) < 0 ? xm_fail(&e) : EXIT_SUCCESS;
}

int cmd_job_wait(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *job = NULL;
    int64_t id = job_number(xm, a);
    struct err e;

    if (id < 0)
        return EXIT_ERROR;
    job = job_wait(xm, id, &e);
    if (!job)
        return xm_fail(&e);
    if (args_has(a, "json"))
        print_json(job);
    return EXIT_SUCCESS;
}
