/* xm start, suspend, resume, delete and clone: managed domains, which exist whether or not they
 * run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/spec.h"
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

const struct option clone_options[] = {
    {0, "json", NULL, "Print JSON: the new domain."},
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
    return console_attach(xm, args_word(a, 0), NULL, HISTORY_MAX, false);
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

/* disk=... words as the disks of the new one; NULL: there are none. -1 for other words. */
static int clone_disks(const struct args *a, struct value **disks, struct err *e)
{
    *disks = NULL;
    for (size_t i = 2; i < a->words.len; i++) {
        const char *word = args_word(a, i);

        if (strncmp(word, "disk=", 5) != 0)
            return err_set(e, ERR_INVALID, "'%.100s' is not disk=...", word);
        if (!*disks)
            *disks = value_list();
        value_add_take(*disks, value_str(word + 5));
    }
    return 0;
}

/* Two domains that write to one disk destroy what is on it. */
static void warn_of_shared_disks(struct xm *xm, const char *from, const char *name)
{
    AUTO(freep) char *path = domain_path(name, "/config");
    struct err ignored;
    AUTO(value_freep) struct value *v = xend_get(xm, path, &ignored);
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(spec_freep) struct spec *s = v ? spec_from_value(value_get(v, "config"), &faults) : NULL;
    AUTO(buf_clear) struct buf disks = BUF_INIT;

    for (size_t i = 0; s && i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];

        if (d->class == DEVICE_DISK && d->disk.mode == DISK_WRITE)
            buf_addf(&disks, "%s%s", disks.len ? ", " : "", d->disk.vdev);
    }
    if (disks.len)
        xm_warn("%s has the same disks as %s (%s): never run both; disk=... gives it others", name,
                from, disks.ptr);
}

int cmd_clone(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map(), *job = NULL;
    struct value *disks;
    int status;
    struct err e;

    if (clone_disks(a, &disks, &e) < 0)
        return value_free(disks), xm_usage_error(xm->command, "%s", e.msg);
    value_set_str(body, "name", args_word(a, 1));
    if (disks)
        value_set_take(body, "disk", disks);
    status = domain_act(xm, a, "/clone", body, &job);
    if (status != EXIT_SUCCESS)
        return status;
    if (!disks)
        warn_of_shared_disks(xm, args_word(a, 0), args_word(a, 1));
    if (args_has(a, "json"))
        print_json(value_get(value_get(job, "result"), "domain"));
    return EXIT_SUCCESS;
}
