/*
 * xm network-list, block-list, pci-list and channel-list. Programs parse their columns: widths,
 * words and the missing header of an empty list are the original's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/sxp.h"
#include "libxl/base/mem.h"
#include "libxl/device.h"
#include "xm/domains.h"

const struct option device_list_options[] = {
    {'l', "long", NULL, "List all that is known, as SXP."},
    {0, "json", NULL, "Print JSON."},
    {0},
};

/* What the original prints for what it does not know. */
static int number(const struct value *device, const char *key, int missing)
{
    const struct value *v = domain_number(device, key);

    return v ? (int)value_as_int(v) : missing;
}

static const char *text(const struct value *device, const char *key)
{
    const char *s = value_get_str(device, key, NULL);

    return s && *s ? s : "??";
}

static void print_vif(const struct value *d)
{
    AUTO(freep) char *mac = clean_text(text(d, "key")), *path = clean_text(text(d, "backend"));
    int id = number(d, "devid", -1);

    printf("%-3d %-3d%-17s    %-3d   %-3d    %-3d   %-5d/%-5d   %-30s  \n", id,
           number(d, "backend_id", -1), mac, value_get_bool(d, "live", false) ? id : 0,
           number(d, "state", -1), number(d, "event_channel", -1), number(d, "ring", -1),
           number(d, "rx_ring", -1), path);
}

static void print_disk(const struct value *d)
{
    AUTO(freep) char *path = clean_text(text(d, "backend"));

    printf("%-5" PRId64 "  %-3d  %-3d   %-3d    %-3d    %-5d %-30s  \n",
           value_get_int(d, "devid", -1), number(d, "backend_id", -1), 0, number(d, "state", -1),
           number(d, "event_channel", -1), number(d, "ring", -1), path);
}

static const char *vslot_of(const struct value *d)
{
    const struct value *config = value_get(d, "config");

    return config && value_type(config) == VALUE_MAP ? value_get_str(config, "vslot", NULL) : NULL;
}

static void print_pci(const struct value *d)
{
    AUTO(freep) char *bdf = clean_text(text(d, "key"));

    puts(bdf);
}

/* When the place in the guest of any of them is known. */
static void print_pci_with_slot(const struct value *d)
{
    AUTO(freep) char *bdf = clean_text(text(d, "key"));
    AUTO(freep) char *slot = vslot_of(d) ? xasprintf("%s.0", vslot_of(d)) : xstrdup("-");

    printf("%-4s %s\n", slot, bdf);
}

/* As xl prints it, and the name behind. */
static void print_channel(const struct value *d)
{
    const struct value *config = value_get(d, "config");
    bool known = config && value_type(config) == VALUE_MAP;
    const char *planned = known ? value_get_str(config, "path", NULL) : NULL;
    AUTO(freep) char *name = clean_text(text(d, "key"));
    AUTO(freep) char *path = clean_text(planned ? planned : text(d, "backend"));
    AUTO(freep)
    char *connection = clean_text(known ? value_get_str(config, "connection", "??") : "??");

    printf("%-3d %-2d %-5d %-6d %-8d %-10s %-30s %s\n", number(d, "devid", -1),
           number(d, "backend_id", -1), number(d, "state", -1), number(d, "event_channel", -1),
           number(d, "ring", -1), connection, path, name);
}

/* One kind of list. */
static const struct kind {
    const char *class, *header;
    void (*print)(const struct value *device);
} vif_kind = {"vif", "Idx BE     MAC Addr.     handle state evt-ch tx-/rx-ring-ref BE-path",
              print_vif},
  disk_kind = {"disk", "Vdev  BE handle state evt-ch ring-ref BE-path", print_disk},
  pci_kind = {"pci", "Device", print_pci},
  pci_slot_kind = {"pci", "Vdev Device", print_pci_with_slot},
  channel_kind = {"channel",
                  "Idx BE state evt-ch ring-ref connection params                         name",
                  print_channel};

static void add_pair(struct value *list, const char *key, const struct value *v)
{
    struct value *pair;

    if (!v || value_type(v) == VALUE_NIL)
        return;
    pair = value_list();
    value_add_take(pair, value_str(key));
    value_add_take(pair, value_copy(v));
    value_add_take(list, pair);
}

/* What a frontend has in xenstore, by the names that it has there. */
static struct value *frontend_form(const struct value *d, enum device_class class)
{
    static const char *const names[][4] = {
        /* ours, of a vif, of a vbd, of a channel */
        {"backend_id", "backend-id", "backend-id", "backend-id"},
        {"devid", "handle", "virtual-device", NULL},
        {"key", "mac", NULL, "name"},
        {"state", "state", "state", "state"},
        {"backend", "backend", "backend", "backend"},
        {"event_channel", "event-channel", "event-channel", "port"},
        {"ring", "tx-ring-ref", "ring-ref", "ring-ref"},
        {"rx_ring", "rx-ring-ref", NULL, NULL},
    };
    int column = class == DEVICE_VIF ? 1 : class == DEVICE_CHANNEL ? 3 : 2;
    struct value *list = value_list();

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *name = names[i][column];

        if (name)
            add_pair(list, name, value_get(d, names[i][0]));
    }
    return list;
}

/* (0 ((backend-id 0) ...)) of a running one; (0 (vif (mac ...) ...)) of one that will be. */
static void print_long(const struct value *d, const struct kind *kind)
{
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(device_freep) struct device *config = NULL;
    AUTO(value_freep) struct value *form = value_list();
    AUTO(buf_clear) struct buf out = BUF_INIT;
    enum device_class class = (enum device_class)device_class_find(kind->class);

    value_add_take(form, value_int(value_get_int(d, "devid", 0)));
    if (value_get_bool(d, "live", false))
        value_add_take(form, frontend_form(d, class));
    else if ((config = device_from_value(class, value_get(d, "config"), "", &faults)))
        value_add_take(form, device_to_sxp(config));
    sxp_print_pretty(form, 80, &out);
    print_clean(stdout, buf_str(&out), out.len);
}

static int list(struct xm *xm, const struct args *a, const struct kind *kind)
{
    AUTO(freep) char *suffix = xasprintf("/devices?class=%s", kind->class);
    AUTO(freep) char *path = domain_path(args_word(a, 0), suffix);
    AUTO(value_freep) struct value *reply = NULL;
    const struct value *devices;
    struct err e;

    if (domain_check(args_word(a, 0), &e) < 0 || !(reply = xend_get(xm, path, &e)))
        return xm_fail(&e);
    devices = value_get(reply, "devices");
    for (size_t i = 0; kind == &pci_kind && i < value_len(devices); i++)
        if (vslot_of(value_at(devices, i)))
            kind = &pci_slot_kind;
    if (args_has(a, "json"))
        print_json(devices);
    for (size_t i = 0; !args_has(a, "json") && i < value_len(devices); i++) {
        if (args_has(a, "long")) {
            print_long(value_at(devices, i), kind);
            continue;
        }
        if (i == 0)
            puts(kind->header);
        kind->print(value_at(devices, i));
    }
    return EXIT_SUCCESS;
}

int cmd_network_list(struct xm *xm, const struct args *a)
{
    return list(xm, a, &vif_kind);
}

int cmd_block_list(struct xm *xm, const struct args *a)
{
    return list(xm, a, &disk_kind);
}

int cmd_channel_list(struct xm *xm, const struct args *a)
{
    return list(xm, a, &channel_kind);
}

int cmd_pci_list(struct xm *xm, const struct args *a)
{
    return list(xm, a, &pci_kind);
}
