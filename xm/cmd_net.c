/* xm net-*: virtual networks; xm ip: who has which address. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/device.h"
#include "xm/xm.h"

const struct option net_new_options[] = {
    {0, "mode", "MODE", "nat (default), routed, isolated, or bridge (a name for a host's bridge)."},
    {0, "cidr", "NET", "Its addresses, as 10.77.1.0/24; else a free one is taken."},
    {0, "cidr6", "NET", "Its IPv6 addresses, as fd00:1:2:3::/64, or auto; else it has none."},
    {0, "bridge", "NAME", "With --mode bridge: which bridge."},
    {0, "dhcp", "[yes|no]", "Whether guests get addresses; default yes."},
    {0, "dns", "[yes|no]", "Whether guests can ask for names; default yes."},
    {0, "no-autostart", NULL, "It does not start with xend."},
    {0, "no-start", NULL, "Only define it."},
    {0},
};
const struct option net_force_options[] = {
    {'f', "force", NULL, "Also while domains use it: they lose their network."},
    {0},
};
const struct option net_autostart_options[] = {
    {0, "disable", NULL, "It does not start with xend any more."},
    {0},
};

/* yes (also when it stands alone) or no of an option into the body; -1 after an error with the
 * usage. */
static int take_yes(struct xm *xm, const struct args *a, const char *option, struct value *body)
{
    const char *text = args_get(a, option);

    if (!text)
        return 0;
    if (*text && strcmp(text, "yes") != 0 && strcmp(text, "no") != 0) {
        xm_usage_error(xm->command, "--%s: '%.60s' is not yes or no", option, text);
        return -1;
    }
    value_set_bool(body, option, strcmp(text, "no") != 0);
    return 0;
}

static int run(const char *path, const struct value *body, struct xm *xm)
{
    struct err e;
    AUTO(value_freep) struct value *job = job_run(xm, path, body, &e);

    return job ? EXIT_SUCCESS : xm_fail(&e);
}

int cmd_net_new(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();

    value_set_str(body, "name", args_word(a, 0));
    value_set_str(body, "mode", args_get(a, "mode"));
    value_set_str(body, "cidr", args_get(a, "cidr"));
    value_set_str(body, "cidr6", args_get(a, "cidr6"));
    value_set_str(body, "bridge", args_get(a, "bridge"));
    if (take_yes(xm, a, "dhcp", body) < 0 || take_yes(xm, a, "dns", body) < 0)
        return EXIT_ERROR;
    if (args_has(a, "no-autostart"))
        value_set_bool(body, "autostart", false);
    if (args_has(a, "no-start"))
        value_set_bool(body, "start", false);
    return run("/v1/networks", body, xm);
}

/* "/start" on the network that the first word names. */
static int act(struct xm *xm, const struct args *a, const char *action, const struct value *body)
{
    struct err e;

    if (check_network(args_word(a, 0), &e) < 0)
        return xm_fail(&e);
    AUTO(freep) char *path = xasprintf("/v1/networks/%s%s", args_word(a, 0), action);
    return run(path, body, xm);
}

int cmd_net_start(struct xm *xm, const struct args *a)
{
    return act(xm, a, "/start", NULL);
}

static int act_force(struct xm *xm, const struct args *a, const char *action)
{
    AUTO(value_freep) struct value *body = value_map();

    value_set_bool(body, "force", args_has(a, "force"));
    return act(xm, a, action, body);
}

int cmd_net_stop(struct xm *xm, const struct args *a)
{
    return act_force(xm, a, "/stop");
}

int cmd_net_delete(struct xm *xm, const struct args *a)
{
    return act_force(xm, a, "/delete");
}

int cmd_net_autostart(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();

    value_set_bool(body, "autostart", !args_has(a, "disable"));
    return act(xm, a, "/autostart", body);
}

static const char *yes(const struct value *n, const char *key)
{
    return value_get_bool(n, key, false) ? "yes" : "no";
}

int cmd_net_list(struct xm *xm, const struct args *a)
{
    struct err e;
    AUTO(value_freep) struct value *reply = xend_get(xm, "/v1/networks", &e);
    const struct value *list = value_get(reply, "networks");

    if (!reply)
        return xm_fail(&e);
    if (args_has(a, "json")) {
        print_json(list);
        return EXIT_SUCCESS;
    }
    printf("%-12s %-8s %-10s %-18s %-4s %-4s %-9s %s\n", "Name", "State", "Mode", "Network", "DHCP",
           "DNS", "Autostart", "IPv6");
    for (size_t i = 0; i < value_len(list); i++) {
        const struct value *n = value_at(list, i);
        AUTO(freep)
        char *where = clean_text(value_get_str(n, "cidr", value_get_str(n, "bridge", "-")));

        printf("%-12s %-8s %-10s %-18s %-4s %-4s %-9s %s\n", value_get_str(n, "name", ""),
               value_get_bool(n, "active", false) ? "active" : "inactive",
               value_get_str(n, "mode", ""), where, yes(n, "dhcp"), yes(n, "dns"),
               yes(n, "autostart"), value_get_str(n, "cidr6", "-"));
    }
    return EXIT_SUCCESS;
}

/* The leases of one MAC address, as words or as items of a list. */
static size_t take_leases(const struct value *leases, const char *mac, struct value *out)
{
    size_t found = 0;

    for (size_t i = 0; i < value_len(leases); i++)
        if (strcmp(value_get_str(value_at(leases, i), "mac", ""), mac) == 0) {
            value_add_take(out, value_copy(value_at(leases, i)));
            found++;
        }
    return found;
}

int cmd_ip(struct xm *xm, const struct args *a)
{
    AUTO(freep) char *path = domain_path(args_word(a, 0), "/devices?class=vif");
    AUTO(value_freep) struct value *found = value_list(), *leases = NULL, *reply = NULL;
    const struct value *devices;
    struct err e;

    if (domain_check(args_word(a, 0), &e) < 0 || !(reply = xend_get(xm, path, &e)) ||
        !(leases = xend_get(xm, "/v1/leases", &e)))
        return xm_fail(&e);
    devices = value_get(reply, "devices");
    for (size_t i = 0; i < value_len(devices); i++) {
        const struct value *d = value_get(value_at(devices, i), "config");
        take_leases(value_get(leases, "leases"), value_get_str(d, "mac", ""), found);
    }
    if (args_has(a, "json")) {
        print_json(found);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < value_len(found); i++) {
        AUTO(freep) char *ip = clean_text(value_get_str(value_at(found, i), "ip", ""));
        puts(ip);
    }
    if (value_len(found))
        return EXIT_SUCCESS;
    err_set(&e, ERR_NOT_FOUND, "%s has no address from a virtual network", args_word(a, 0));
    err_hint(&e, "Only vif = ['network=...'] gets one from here, once its guest has asked.");
    return xm_fail(&e);
}
