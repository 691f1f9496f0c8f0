/*
 * xm shutdown and xm reboot. Asking is a job and quick; -w then follows the list of domains by
 * long polls until each guest has ended (or come back).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/base/vec.h"
#include "xm/domains.h"

#define ABSENT_MS 30000 /* how long a rebooting domain may be away: the original's patience */

const struct option shutdown_options[] = {
    {'w', "wait", NULL, "Wait until the domain has ended."},
    {'a', "all", NULL, "All domains but Domain-0."},
    {'R', "reboot", NULL, "Ask for a reboot."},
    {'H', "halt", NULL, "Ask to halt: no restart whatever the configuration says."},
    {0},
};

const struct option reboot_options[] = {
    {'w', "wait", NULL, "Wait until the domain runs again."},
    {'a', "all", NULL, "All domains but Domain-0."},
    {0},
};

/* A domain that was asked, and the guest that it ran at that time. */
struct target {
    char *name, *uuid;
    int64_t domid;
    double started;
    int64_t absent_since; /* ms; 0 while it is there */
};
struct targets VEC(struct target);

/* With the domid it tells one guest from the next of the same domain. */
static double start_time(const struct value *domain)
{
    const struct value *v = domain_number(domain, "start_time");

    return v ? value_as_real(v) : 0;
}

/* Notes who is asked, and which guest it has now. */
static void target_add(struct targets *t, const struct value *domain)
{
    struct target new = {.name = xstrdup(value_get_str(domain, "name", "")),
                         .uuid = xstrdup(value_get_str(domain, "uuid", "")),
                         .domid = value_get_int(domain, "domid", -1),
                         .started = start_time(domain)};

    vec_push(t, new);
}

static void target_drop(struct targets *t, size_t i)
{
    free(t->ptr[i].name);
    free(t->ptr[i].uuid);
    vec_remove(t, i);
}

static void targets_clear(struct targets *t)
{
    while (t->len)
        target_drop(t, t->len - 1);
    vec_clear(t);
}

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

static const struct value *find_uuid(const struct value *list, const char *uuid)
{
    for (size_t i = 0; i < value_len(list); i++)
        if (strcmp(value_get_str(value_at(list, i), "uuid", ""), uuid) == 0)
            return value_at(list, i);
    return NULL;
}

/* Whether a guest runs: one that ended and is preserved (shutdown, crashed) has ended. */
static bool is_up(const struct value *domain)
{
    const char *state = value_get_str(domain, "state", "");

    return strcmp(state, "running") == 0 || strcmp(state, "paused") == 0 ||
           strcmp(state, "dying") == 0;
}

/* True when the guest that was asked is still there. */
static bool same_guest(const struct target *t, const struct value *domain)
{
    return is_up(domain) && value_get_int(domain, "domid", -1) == t->domid &&
           start_time(domain) == t->started;
}

/* One look at the list; targets that are done are told of and dropped. */
static int check_terminated(struct targets *t, const struct value *list)
{
    for (size_t i = t->len; i-- > 0;) {
        if (same_guest(&t->ptr[i], find_uuid(list, t->ptr[i].uuid)))
            continue;
        printf("Domain %s terminated\n", t->ptr[i].name);
        target_drop(t, i);
    }
    return EXIT_SUCCESS;
}

/* The same for a reboot; a domain that stays away is given up after ABSENT_MS. */
static int check_rebooted(struct targets *t, const struct value *list)
{
    int status = EXIT_SUCCESS;

    for (size_t i = t->len; i-- > 0;) {
        const struct value *domain = find_uuid(list, t->ptr[i].uuid);

        if (same_guest(&t->ptr[i], domain)) {
            t->ptr[i].absent_since = 0;
        } else if (is_up(domain)) {
            printf("Domain %s rebooted\n", t->ptr[i].name);
            target_drop(t, i);
        } else if (!t->ptr[i].absent_since) {
            t->ptr[i].absent_since = now_ms();
        } else if (now_ms() - t->ptr[i].absent_since >= ABSENT_MS) {
            fprintf(stderr, "Error: Domain %s destroyed for failed in rebooting\n", t->ptr[i].name);
            status = EXIT_ERROR;
            target_drop(t, i);
        }
    }
    return status;
}

/* How long to wait for the next change: until the first absent domain's time is over. */
static int wait_seconds(const struct targets *t)
{
    int64_t ms = (int64_t)WAIT_S * 1000;

    for (size_t i = 0; i < t->len; i++) {
        int64_t since = t->ptr[i].absent_since;
        if (since && since + ABSENT_MS - now_ms() < ms)
            ms = since + ABSENT_MS - now_ms();
    }
    return ms < 0 ? 0 : (int)((ms + 999) / 1000);
}

/*
 * Waits until the list changes, at most that long, and reads it into *list; when nothing changed
 * it stays what it was. generation "" reads at once.
 */
static int next_list(struct xm *xm, int seconds, struct value **list, struct err *e)
{
    AUTO(freep)
    char *path =
        xasprintf("/v1/domains?since=%s&wait=%d", value_get_str(*list, "generation", ""), seconds);
    struct value *reply = NULL;

    if (xend_request(xm, "GET", *list ? path : "/v1/domains", NULL, &reply, e) < 0)
        return -1;
    if (reply) {
        value_free(*list);
        *list = reply;
    }
    return 0;
}

/* Looks again at each change until no target is left. */
static int wait_for(struct xm *xm, struct targets *t, bool reboot)
{
    AUTO(value_freep) struct value *list = NULL;
    int status = EXIT_SUCCESS;
    int64_t lost_ms = 0;
    struct err e;

    while (t->len) {
        const struct value *domains;

        if (next_list(xm, wait_seconds(t), &list, &e) < 0) {
            if (!xend_try_again(&lost_ms, &e))
                return xm_fail(&e);
            value_free(list); /* its generation means nothing to the next xend */
            list = NULL;
            continue;
        }
        lost_ms = 0;
        domains = value_get(list, "domains");
        if ((reboot ? check_rebooted : check_terminated)(t, domains) != EXIT_SUCCESS)
            status = EXIT_ERROR;
        fflush(stdout);
    }
    if (status == EXIT_SUCCESS)
        printf("All domains %s\n", reboot ? "rebooted" : "terminated");
    return status;
}

/* Asks all of them first, so that they end side by side, then waits. */
static int stop_domains(struct xm *xm, const struct args *a, const char *reason)
{
    bool all = args_has(a, "all"), reboot = strcmp(reason, "reboot") == 0;
    AUTO(targets_clear) struct targets t = {0};
    int status = EXIT_SUCCESS;
    struct err e;

    if (!all && !a->words.len)
        return xm_usage_error(xm->command, "No domain parameter given");
    if (all && a->words.len)
        return xm_usage_error(xm->command, "Give either -a or domains");
    if (find_targets(xm, a, &t, &e) < 0)
        return xm_fail(&e);
    for (size_t i = t.len; i-- > 0;) {
        int r = ask(xm, &t, i, reason);
        if (r != EXIT_SUCCESS)
            status = r;
    }
    if (args_has(a, "wait") && (t.len || status == EXIT_SUCCESS)) {
        int r = wait_for(xm, &t, reboot);
        if (r != EXIT_SUCCESS)
            status = r;
    }
    return status;
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
