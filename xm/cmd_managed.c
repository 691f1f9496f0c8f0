/* xm start, suspend, resume and delete: managed domains, which exist whether or not they run. */
#include <stdio.h>
#include <stdlib.h>

#include "libxl/base/mem.h"
#include "xm/xm.h"

const struct option start_options[] = {
    {'p', "paused", NULL, "Leave the domain paused."},
    {'c', "console_autoconnect", NULL, "Attach to the console of the domain."},
    {0, "json", NULL, "Print JSON: the domain."},
    {0},
};

const struct option resume_options[] = {
    {'p', "paused", NULL, "Leave the domain paused."},
    {0, "json", NULL, "Print JSON: the domain."},
    {0},
};

/* Both take a domain that does not run and answer with one that does. */
static int set_going(struct xm *xm, const struct args *a, const char *action)
{
    AUTO(value_freep) struct value *body = value_map(), *job = NULL;
    int status;

    value_set_bool(body, "paused", args_has(a, "paused"));
    status = domain_act(xm, a, action, body, &job);
    if (status == EXIT_SUCCESS && args_has(a, "json"))
        print_json(value_get(value_get(job, "result"), "domain"));
    return status;
}

int cmd_start(struct xm *xm, const struct args *a)
{
    int status = set_going(xm, a, "/start");

    if (status != EXIT_SUCCESS || !args_has(a, "console_autoconnect"))
        return status;
    return console_attach(xm, args_word(a, 0), HISTORY_MAX, false);
}

int cmd_resume(struct xm *xm, const struct args *a)
{
    return set_going(xm, a, "/resume");
}

int cmd_suspend(struct xm *xm, const struct args *a)
{
    return domain_act(xm, a, "/suspend", NULL, NULL);
}

int cmd_delete(struct xm *xm, const struct args *a)
{
    return domain_act(xm, a, "/delete", NULL, NULL);
}
