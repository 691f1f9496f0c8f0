/* Cards on bridges: see iface.h. Called by the queue, and by api_iface.c for its checks. */
#include "xend/iface.h"

#include <stdio.h>
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/device.h"
#include "libxl/hostif.h"
#include "libxl/hotplug.h"
#include "xend/xend.h"

#define BRIDGE_TIMEOUT_MS 60000 /* a card's carrier and a gateway may take their time */
#define SAID_BYTES_MAX 300

static int no_such(const char *name, struct err *e)
{
    err_set(e, ERR_NOT_FOUND, "Interface '%.60s' does not exist", name);
    return err_hint(e, "xm iface-list shows those that do");
}

/* The card of a bridge by network-bridge is renamed when the bridge takes its name. */
static const struct value *card_of(const struct value *list, const char *name, const char *bridge)
{
    AUTO(freep) char *renamed = xasprintf("p%s", name);

    return hostif_find(list, strcmp(name, bridge) == 0 ? renamed : name);
}

static int check_card(const struct value *list, const char *name, struct err *e)
{
    const struct value *v = hostif_find(list, name);
    const char *type = value_get_str(v, "type", ""), *on = value_get_str(v, "bridge", NULL);

    if (!v)
        return no_such(name, e);
    if (on)
        return err_set(e, ERR_STATE, "%s is a port of %s already", name, on);
    if (strcmp(type, "bridge") == 0)
        return err_set(e, ERR_INVALID, "%s is a bridge itself", name);
    if (strcmp(type, "loopback") == 0 || strcmp(type, "wireless") == 0 ||
        strcmp(type, "other") == 0 || !value_get_str(v, "mac", NULL))
        return err_set(e, ERR_INVALID, "%s cannot be on a bridge: its type is %s", name, type);
    return 0;
}

int iface_check_bridge(const char *name, const char *bridge, struct err *e)
{
    AUTO(value_freep) struct value *list = NULL;

    if (check_interface(name, e) < 0 || check_interface(bridge, e) < 0)
        return -1;
    list = hostif_list(e);
    if (!list || check_card(list, name, e) < 0)
        return -1;
    if (strcmp(name, bridge) != 0 && hostif_find(list, bridge)) {
        err_set(e, ERR_EXISTS, "Interface '%s' already exists", bridge);
        return err_hint(e, "Name a bridge that is to be made, as xenbr0.");
    }
    return 0;
}

int iface_check_unbridge(const char *bridge, struct err *e)
{
    AUTO(value_freep) struct value *list = NULL;
    const struct value *v;

    if (check_interface(bridge, e) < 0 || !(list = hostif_list(e)))
        return -1;
    v = hostif_find(list, bridge);
    if (!v)
        return no_such(bridge, e);
    if (strcmp(value_get_str(v, "type", ""), "bridge") == 0)
        return 0;
    err_set(e, ERR_INVALID, "%s is no bridge", bridge);
    return err_hint(e, "Name the bridge, not the card.");
}

/* The backend of a guest: it would lose its network. */
static bool is_guests(const struct value *v)
{
    return strcmp(value_get_str(v, "type", ""), "tun") == 0 ||
           strncmp(value_get_str(v, "name", ""), "vif", 3) == 0;
}

static int check_unused(const char *bridge, struct err *e)
{
    AUTO(value_freep) struct value *list = hostif_list(e);

    for (size_t i = 0; i < value_len(list); i++) {
        const struct value *v = value_at(list, i);

        if (!is_guests(v) || strcmp(value_get_str(v, "bridge", ""), bridge) != 0)
            continue;
        err_set(e, ERR_BUSY, "Bridge '%s' is in use by %s", bridge, value_get_str(v, "name", ""));
        return err_hint(e, "-f takes it away all the same: guests on it lose their network");
    }
    return list ? 0 : -1;
}

static int run_script(const struct xend *x, const char *action, const char *name,
                      const char *bridge, struct buf *said, struct err *e)
{
    AUTO(freep) char *path = hotplug_path(x->paths.scripts_dir, "network-bridge");
    AUTO(freep) char *netdev = xasprintf("netdev=%s", name ? name : "");
    AUTO(freep) char *on = xasprintf("bridge=%s", bridge);
    const char *const args[] = {action, on, name ? netdev : NULL, NULL};
    const struct hotplug h = {.path = path, .args = args, .timeout_ms = BRIDGE_TIMEOUT_MS};

    return hotplug_run(&h, said, e);
}

/* The script says in its log only why it leaves a card alone: with / on the network, it does. */
static int check_on(const char *name, const char *bridge, struct err *e)
{
    AUTO(value_freep) struct value *list = hostif_list(e);
    const struct value *card = list ? card_of(list, name, bridge) : NULL;

    if (!list)
        return -1;
    if (strcmp(value_get_str(card, "bridge", ""), bridge) == 0)
        return 0;
    err_set(e, ERR_STATE, "%s was left alone", name);
    return err_hint(e, "/var/log/xen/xen-hotplug.log tells why");
}

static int run_bridge(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    const char *name = value_get_str(t->arg_value, "interface", "");
    const char *bridge = value_get_str(t->arg_value, "bridge", "");

    (void)d;
    if (iface_check_bridge(name, bridge, e) < 0)
        return -1;
    fault_point("iface.bridging");
    if (run_script(x, "start", name, bridge, NULL, e) < 0 || check_on(name, bridge, e) < 0)
        return err_add(e, "%s", name);
    fault_point("iface.bridged");
    log_info("interface %s is on the bridge %s", name, bridge);
    return 0;
}

static int run_unbridge(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    const char *bridge = value_get_str(t->arg_value, "bridge", "");
    AUTO(buf_clear) struct buf said = BUF_INIT;
    struct err ignored;

    (void)d;
    if (iface_check_unbridge(bridge, e) < 0 ||
        (!value_get_bool(t->arg_value, "force", false) && check_unused(bridge, e) < 0))
        return -1;
    if (run_script(x, "status", NULL, bridge, &said, &ignored) < 0) {
        err_set(e, ERR_STATE, "Bridge '%s' was not made by xm iface-bridge", bridge);
        return err_hint(e, "nor by network-bridge: who made it must take it away");
    }
    fault_point("iface.unbridging");
    if (run_script(x, "stop", NULL, bridge, &said, e) < 0)
        return -1;
    fault_point("iface.unbridged");
    log_info("the bridge %s is gone", bridge);
    return 0;
}

const struct task_kind op_iface_bridge = {.name = "iface-bridge", .run = run_bridge};
const struct task_kind op_iface_unbridge = {.name = "iface-unbridge", .run = run_unbridge};
