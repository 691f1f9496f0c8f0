/*
 * Where PCI devices come while a guest runs. The machine pc has room on its root bus; q35, whose
 * root bus is fixed, gets root ports beforehand, with room for one device each. Pure functions but
 * pci_add_take. Called by argv.c, attach.c, usb.c, passthrough.c and devices.c.
 */
#include <stdio.h>
#include <string.h>

#include "libxl/qemu/qemu.h"

#define ROOT_PORTS 8 /* functions of one slot */
#define ROOT_PORTS_SLOT                                                                            \
    30 /* below those that are q35's own; found by nobody who looks for a free one */
#define PORT_KEY "rp0" /* in saved.slots of a guest that has them */

static bool is_q35(const char *machine)
{
    return machine && strstr(machine, "q35");
}

void argv_root_ports(const struct launch *l, struct strings *argv)
{
    if (!is_q35(l->machine) || (l->slots && !value_get(l->slots, PORT_KEY)))
        return;
    for (int i = 0; i < ROOT_PORTS; i++) {
        AUTO(value_freep) struct value *v = value_map();
        char id[8], addr[8];

        snprintf(id, sizeof(id), "rp%d", i);
        snprintf(addr, sizeof(addr), "%x.%d", ROOT_PORTS_SLOT, i);
        value_set_str(v, "driver", "pcie-root-port");
        value_set_str(v, "id", id);
        value_set_str(v, "bus", "pcie.0");
        value_set_str(v, "addr", addr);
        value_set_bool(v, "multifunction", true);
        value_set_int(v, "chassis", i + 1);
        args_add_json(argv, "-device", v);
    }
}

bool slot_is_sound(int64_t slot)
{
    return (slot >= 0 && slot < PCI_SLOTS) ||
           (slot >= SLOT_BEHIND_PORT && slot < SLOT_BEHIND_PORT + ROOT_PORTS);
}

void launch_place(const struct launch *l, struct value *device, const char *name)
{
    int64_t slot = l->slots ? value_get_int(l->slots, name, -1) : -1;
    char text[16];

    if (slot < 0)
        return;
    if (slot >= SLOT_BEHIND_PORT) {
        snprintf(text, sizeof(text), "rp%d", (int)slot - SLOT_BEHIND_PORT);
        value_set_str(device, "bus", text);
        slot = 0;
    }
    snprintf(text, sizeof(text), "%02x", (unsigned)slot);
    value_set_str(device, "addr", text);
}

const struct value *root_port_devices(const struct value *device, int64_t *port)
{
    const char *id = value_get_str(device, "qdev_id", "");

    if (strncmp(id, "rp", 2) != 0 || !parse_int(id + 2, port))
        return NULL;
    return value_get(value_get(device, "pci_bridge"), "devices");
}

/* The bus of a device that is to come, into args; without a free port QEMU says that it has no
 * place. */
static int choose_port(struct qguest *g, struct value *args, struct err *e)
{
    AUTO(value_freep) struct value *buses = NULL;
    const struct value *devices;
    bool any = false;
    int64_t port;

    if (qguest_call_take(g, "query-pci", NULL, &buses, e) < 0)
        return -1;
    devices = value_len(buses) ? value_get(value_at(buses, 0), "devices") : NULL;
    for (size_t i = 0; i < value_len(devices); i++) {
        const char *id = value_get_str(value_at(devices, i), "qdev_id", "");

        if (strncmp(id, "rp", 2) != 0 || !parse_int(id + 2, &port))
            continue;
        any = true;
        if (value_len(root_port_devices(value_at(devices, i), &port)))
            continue;
        value_set_str(args, "bus", id);
        return 0;
    }
    if (!any)
        return 0;
    return err_set(e, ERR_NO_RESOURCE, "all %d places of the guest for more devices are taken",
                   ROOT_PORTS);
}

int pci_add_take(struct qguest *g, struct value *args, struct err *e)
{
    if (is_q35(g->spec->machine) && !value_get(args, "bus") && choose_port(g, args, e) < 0) {
        value_free(args);
        return -1;
    }
    return qguest_call_take(g, "device_add", args, NULL, e);
}
