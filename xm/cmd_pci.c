/* xm pci-list-assignable-devices, pci-assignable-add, pci-assignable-remove. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/device.h"
#include "xm/xm.h"

const struct option pci_assignable_list_options[] = {
    {'a', "all", NULL, "All PCI devices of the host: class, ids, driver, IOMMU group, domain."},
    {0, "json", NULL, "Print JSON."},
    {0},
};
const struct option pci_assignable_add_options[] = {
    {'f', "force", NULL, "Also when the host uses it: a network card, a disk."},
    {0},
};
const struct option pci_assignable_remove_options[] = {
    {'r', "rebind", NULL, "Give it back to its old driver; that is always done."},
    {0},
};

static bool is_assignable(const struct value *d)
{
    return value_get_bool(d, "assigned", false) && !value_get_str(d, "domain", NULL);
}

static void print_all(const struct value *list)
{
    printf("%-12s %-5s %-9s %-15s %5s %s\n", "Device", "Class", "ID", "Driver", "Group", "Domain");
    for (size_t i = 0; i < value_len(list); i++) {
        const struct value *d = value_at(list, i);
        AUTO(freep)
        char *id =
            xasprintf("%s:%s", value_get_str(d, "vendor", "?"), value_get_str(d, "device", "?"));
        AUTO(freep) char *domain = clean_text(value_get_str(d, "domain", "-"));

        printf("%-12s %-5s %-9s %-15s %5s %s\n", value_get_str(d, "bdf", ""),
               value_get_str(d, "class", "-"), id, value_get_str(d, "driver", "-"),
               value_get_str(d, "group", "-"), domain);
    }
}

int cmd_pci_assignable_list(struct xm *xm, const struct args *a)
{
    struct err e;
    AUTO(value_freep) struct value *reply = xend_get(xm, "/v1/pci", &e), *chosen = value_list();
    const struct value *list = value_get(reply, "devices");

    if (!reply)
        return xm_fail(&e);
    for (size_t i = 0; i < value_len(list); i++)
        if (args_has(a, "all") || is_assignable(value_at(list, i)))
            value_add_take(chosen, value_copy(value_at(list, i)));
    if (args_has(a, "json"))
        print_json(chosen);
    else if (args_has(a, "all"))
        print_all(chosen);
    else
        for (size_t i = 0; i < value_len(chosen); i++)
            puts(value_get_str(value_at(chosen, i), "bdf", ""));
    return EXIT_SUCCESS;
}

/* The result of the job, or NULL; then the error is told, and *status is set. */
static struct value *act(struct xm *xm, const struct args *a, const char *action, int *status)
{
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(device_freep)
    struct device *dev = device_from_xm(DEVICE_PCI, args_word(a, 0), "", &faults);
    AUTO(value_freep) struct value *body = value_map();
    AUTO(freep) char *path = NULL, *bdf = NULL;
    struct value *job;
    struct err e;

    if (!dev) {
        problems_to_err(&faults, &e);
        *status = xm_usage_error(xm->command, "%s%s%s", e.msg, e.hint[0] ? "\n" : "", e.hint);
        return NULL;
    }
    bdf = url_escape(dev->pci.bdf);
    path = xasprintf("/v1/pci/%s/%s", bdf, action);
    value_set_bool(body, "force", args_has(a, "force"));
    job = job_run(xm, path, body, &e);
    *status = job ? EXIT_SUCCESS : xm_fail(&e);
    return job;
}

int cmd_pci_assignable_add(struct xm *xm, const struct args *a)
{
    int status;
    AUTO(value_freep) struct value *job = act(xm, a, "assign", &status);
    const char *others = value_get_str(value_get(job, "result"), "group_others", NULL);

    if (others)
        xm_warn("No guest can have it before these of its IOMMU group are assigned, too: %s",
                others);
    return status;
}

int cmd_pci_assignable_remove(struct xm *xm, const struct args *a)
{
    int status;

    value_free(act(xm, a, "release", &status));
    return status;
}
