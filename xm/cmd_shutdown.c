/* xm shutdown and xm reboot. Asking is a job and quick; -w then waits for the guests (ending.c). */
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/domains.h"
#include "xm/ending.h"

#define TIMEOUT_MAX_S (366 * 86400) /* nobody waits longer; milliseconds of it fit anywhere */

const struct option shutdown_options[] = {
    {'w', "wait", NULL, "Wait until the domain has ended."},
    {'t', "timeout", "SECONDS", "Wait at most so long (implies -w)."},
    {'a', "all", NULL, "All domains but Domain-0."},
    {'R', "reboot", NULL, "Ask for a reboot."},
    {'H', "halt", NULL, "Ask to halt: no restart whatever the configuration says."},
    {0},
};

const struct option reboot_options[] = {
    {'w', "wait", NULL, "Wait until the domain runs again."},
    {'t', "timeout", "SECONDS", "Wait at most so long (implies -w)."},
    {'a', "all", NULL, "All domains but Domain-0."},
    {0},
};

/* The domains that were named, or all that run but Domain-0. */
static int find_targets(struct xm *xm, const struct args *a, struct targets *t, struct err *e)
{
    AUTO(domains_clear) struct domains d = {0};

    if (domains_fetch(&d, xm, a, "", e) < 0)
        return -1;
    for (size_t i = 0; i < d.len; i++)
        if (a->words.len || value_get_int(d.ptr[i], "domid", 0) > 0)
            target_add(t, d.ptr[i]);
    return 0;
}

/* Asks one; it is dropped from the targets when xend says no. */
static int ask(struct xm *xm, struct targets *t, size_t i, const char *reason)
{
    AUTO(freep) char *path = domain_path(t->ptr[i].uuid, "/shutdown");
    AUTO(value_freep) struct value *body = value_map(), *job = NULL;
    struct err e;
    int status;

    value_set_str(body, "reason", reason);
    job = job_run(xm, path, body, &e);
    if (job)
        return EXIT_SUCCESS;
    status = xm_fail(&e);
    target_drop(t, i);
    return status;
}

/* Asks all of them first, so that they end side by side, then waits. */
static int ask_all(struct xm *xm, struct targets *t, const char *reason)
{
    int status = EXIT_SUCCESS;

    for (size_t i = t->len; i-- > 0;) {
        int r = ask(xm, t, i, reason);
        if (r != EXIT_SUCCESS)
            status = r;
    }
    return status;
}

static int stop_domains(struct xm *xm, const struct args *a, const char *reason)
{
    const char *timeout = args_get(a, "timeout");
    bool wait = args_has(a, "wait") || timeout;
    AUTO(targets_clear) struct targets t = {0};
    int64_t timeout_s = 0;
    int status, r;
    struct err e;

    if (!args_has(a, "all") && !a->words.len)
        return xm_usage_error(xm->command, "No domain parameter given");
    if (args_has(a, "all") && a->words.len)
        return xm_usage_error(xm->command, "Give either -a or domains");
    if (timeout && (!parse_int(timeout, &timeout_s) || timeout_s <= 0 || timeout_s > TIMEOUT_MAX_S))
        return xm_usage_error(xm->command, "Invalid argument.");
    if (find_targets(xm, a, &t, &e) < 0)
        return xm_fail(&e);
    status = ask_all(xm, &t, reason);
    if (!wait || (!t.len && status != EXIT_SUCCESS))
        return status;
    r = targets_wait(xm, &t, strcmp(reason, "reboot") == 0, timeout_s);
    return r != EXIT_SUCCESS ? r : status;
}

int cmd_shutdown(struct xm *xm, const struct args *a)
{
    if (args_has(a, "reboot") && args_has(a, "halt"))
        return xm_usage_error(xm->command, "Can't specify halt and reboot");
    return stop_domains(xm, a,
                        args_has(a, "reboot") ? "reboot"
                        : args_has(a, "halt") ? "halt"
                                              : "poweroff");
}

int cmd_reboot(struct xm *xm, const struct args *a)
{
    return stop_domains(xm, a, "reboot");
}
