/* xm iface-*: the host's network interfaces. */
#include <stdio.h>
#include <stdlib.h>

#include "libxl/base/mem.h"
#include "libxl/hostif.h"
#include "xm/xm.h"

const struct option iface_force_options[] = {
    {'f', "force", NULL, "Also while guests are on it: they lose their network."},
    {0},
};

static void print_interface(const struct value *v)
{
    const struct value *addresses = value_get(v, "addresses");
    bool up = value_get_bool(v, "active", false);
    AUTO(freep) char *name = clean_text(value_get_str(v, "name", ""));
    AUTO(buf_clear) struct buf all = BUF_INIT;

    for (size_t i = 0; i < value_len(addresses); i++)
        buf_addf(&all, "%s%s", i ? " " : "", value_as_str(value_at(addresses, i)));
    AUTO(freep) char *shown = clean_text(all.len ? buf_str(&all) : "-");
    printf("%-15s %-10s %-9s %-17s %-15s %s\n", name,
           !up                                   ? "inactive"
           : value_get_bool(v, "carrier", false) ? "active"
                                                 : "no-carrier",
           value_get_str(v, "type", "-"), value_get_str(v, "mac", "-"),
           value_get_str(v, "bridge", "-"), shown);
}

int cmd_iface_list(struct xm *xm, const struct args *a)
{
    struct err e;
    AUTO(value_freep) struct value *reply = xend_get(xm, "/v1/interfaces", &e);
    const struct value *list = value_get(reply, "interfaces");

    if (!reply)
        return xm_fail(&e);
    if (args_has(a, "json")) {
        print_json(list);
        return EXIT_SUCCESS;
    }
    printf("%-15s %-10s %-9s %-17s %-15s %s\n", "Name", "State", "Type", "MAC", "Bridge",
           "Addresses");
    for (size_t i = 0; i < value_len(list); i++)
        print_interface(value_at(list, i));
    return EXIT_SUCCESS;
}

static int act(struct xm *xm, const struct args *a, const char *action, const struct value *body)
{
    struct err e;

    if (check_interface(args_word(a, 0), &e) < 0)
        return xm_fail(&e);
    AUTO(freep) char *path = xasprintf("/v1/interfaces/%s/%s", args_word(a, 0), action);
    AUTO(value_freep) struct value *job = job_run(xm, path, body, &e);
    return job ? EXIT_SUCCESS : xm_fail(&e);
}

int cmd_iface_bridge(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();

    value_set_str(body, "bridge", args_word(a, 1));
    return act(xm, a, "bridge", body);
}

int cmd_iface_unbridge(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();

    value_set_bool(body, "force", args_has(a, "force"));
    return act(xm, a, "unbridge", body);
}
