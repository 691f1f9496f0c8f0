/*
 * xm usb-add, usb-del, usb-list, usb-list-assignable-devices; and usb-attach, usb-detach and
 * usb-hc-*, the original's for paravirtual controllers, on the one controller that there is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/device.h"
#include "xm/xm.h"

/* The device that a word names, as in usbdevice=; NULL after an error with the usage. */
static struct device *read_usb(struct xm *xm, const char *word)
{
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(value_freep) struct value *map = value_map();
    AUTO(device_freep) struct device *dev = NULL;
    struct usb_name n;
    struct err e;

    value_set_str(map, "device", word);
    dev = device_from_value(DEVICE_USBDEV, map, "", &faults);
    if (!dev)
        problems_to_err(&faults, &e);
    else if (usb_name_parse(device_key(dev) ? device_key(dev) : "", &n, &e) == 0) {
        usbdev_make_absolute(&dev->usbdev);
        if (n.kind != USB_OTHER)
            return steal(dev);
        err_set(&e, ERR_INVALID, "'%.60s' is not a USB device", word);
        usb_name_hint(&e);
    }
    xm_usage_error(xm->command, "%s%s%s", e.msg, e.hint[0] ? "\n" : "", e.hint);
    return NULL;
}

static int attach(struct xm *xm, const struct args *a, const struct device *dev)
{
    AUTO(value_freep) struct value *body = value_map(), *job = NULL;
    int status;

    value_set_str(body, "class", device_class_name(dev->class));
    value_set_take(body, "device", device_to_value(dev));
    status = domain_act(xm, a, "/devices", body, &job);
    if (status == EXIT_SUCCESS && args_has(a, "json"))
        print_result(job);
    return status;
}

int cmd_usb_add(struct xm *xm, const struct args *a)
{
    AUTO(device_freep) struct device *dev = read_usb(xm, args_word(a, 1));

    return dev ? attach(xm, a, dev) : EXIT_ERROR;
}

static int detach(struct xm *xm, const struct args *a, const char *key)
{
    AUTO(freep) char *escaped = url_escape(key);
    AUTO(freep) char *action = xasprintf("/devices/usbdev/%s", escaped);

    return domain_ask(xm, a, "DELETE", action, NULL, NULL);
}

int cmd_usb_del(struct xm *xm, const struct args *a)
{
    AUTO(device_freep) struct device *dev = read_usb(xm, args_word(a, 1));

    return dev ? detach(xm, a, device_key(dev)) : EXIT_ERROR;
}

/* DevId and Port of the command line; false after an error. */
static bool read_port(struct xm *xm, const struct args *a, int64_t *port, int *status)
{
    int64_t controller;
    struct err e;

    if (!parse_int(args_word(a, 1), &controller) || !parse_int(args_word(a, 2), port) ||
        *port < 1) {
        *status = xm_usage_error(xm->command, "Invalid argument.");
        return false;
    }
    if (controller == 0)
        return true;
    err_set(&e, ERR_NOT_FOUND, "Device %.20s (vusb) is not connected", args_word(a, 1));
    err_hint(&e, "a domain has one USB controller, number 0");
    *status = xm_fail(&e);
    return false;
}

int cmd_usb_attach(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *reply = NULL;
    const char *bus = args_word(a, 3);
    const struct value *list;
    int64_t port;
    int status;
    struct err e;

    if (!read_port(xm, a, &port, &status))
        return status;
    if (!(reply = xend_get(xm, "/v1/usb", &e)))
        return xm_fail(&e);
    list = value_get(reply, "devices");
    for (size_t i = 0; i < value_len(list); i++) {
        const struct value *d = value_at(list, i);
        AUTO(device_freep) struct device *dev = NULL;

        if (strcmp(value_get_str(d, "path", ""), bus) != 0)
            continue;
        dev = device_new(DEVICE_USBDEV);
        dev->usbdev.device = xasprintf("host:%" PRId64 ".%" PRId64, value_get_int(d, "bus", 0),
                                       value_get_int(d, "addr", 0));
        dev->usbdev.port = port;
        return attach(xm, a, dev);
    }
    err_set(&e, ERR_NOT_FOUND, "this host has no USB device at %.60s", bus);
    err_hint(&e, "xm usb-list-assignable-devices lists those that it has");
    return xm_fail(&e);
}

int cmd_usb_detach(struct xm *xm, const struct args *a)
{
    AUTO(freep) char *path = domain_path(args_word(a, 0), "/devices?class=usbdev");
    AUTO(value_freep) struct value *reply = NULL;
    const struct value *list;
    int64_t port;
    int status;
    struct err e;

    if (!read_port(xm, a, &port, &status))
        return status;
    if (domain_check(args_word(a, 0), &e) < 0 || !(reply = xend_get(xm, path, &e)))
        return xm_fail(&e);
    list = value_get(reply, "devices");
    for (size_t i = 0; i < value_len(list); i++)
        if (value_get_int(value_at(list, i), "devid", 0) == port)
            return detach(xm, a, value_get_str(value_at(list, i), "key", ""));
    err_set(&e, ERR_NOT_FOUND, "nothing is plugged into USB port %" PRId64, port);
    return xm_fail(&e);
}

int cmd_usb_hc(struct xm *xm, const struct args *a)
{
    struct err e;

    (void)xm, (void)a;
    err_set(&e, ERR_UNSUPPORTED, "paravirtual USB controllers are not supported");
    err_hint(&e, "usb-add gives a domain the controller that it needs, with 15 ports");
    return xm_fail(&e);
}

static const struct value *host_device(const struct value *all, const char *place)
{
    for (size_t i = 0; i < value_len(all); i++) {
        const struct value *d = value_at(all, i);
        AUTO(freep)
        char *own = xasprintf("%" PRId64 ".%" PRId64, value_get_int(d, "bus", 0),
                              value_get_int(d, "addr", 0));

        if (strcmp(own, place) == 0)
            return d;
    }
    return NULL;
}

static void print_host_device(const struct value *d, const char *before)
{
    AUTO(freep) char *name = clean_text(value_get_str(d, "name", ""));

    printf("%sID %s:%s%s%s", before, value_get_str(d, "vendor", "????"),
           value_get_str(d, "product", "????"), *name ? " " : "", name);
}

/* As the original's "port N: BUS [ID vid:pid product]"; of what is no device of the host, what it
 * is. */
static void print_port(const struct value *d, const struct value *all)
{
    const char *key = value_get_str(d, "key", "");
    const struct value *host = NULL;
    AUTO(freep) char *text = clean_text(key);

    if (strncmp(key, "host:", 5) == 0)
        host = host_device(all, value_get_str(d, "backend", key + 5));
    printf("port %" PRId64 ": %s", value_get_int(d, "devid", 0),
           host ? value_get_str(host, "path", "") : text);
    if (host) {
        print_host_device(host, " [");
        putchar(']');
    }
    putchar('\n');
}

/* There is one controller: the guest's first, with all devices. */
static void print_ports(const struct value *devices, const struct value *all)
{
    bool live = false;

    for (size_t i = 0; i < value_len(devices); i++)
        live |= value_get_bool(value_at(devices, i), "live", false);
    printf("%-3s %-3s %-5s %-7s  %-30s\n", "Idx", "BE", "state", "usb-ver", "BE-path");
    printf("%-3d %-3d %-5d %-7s  %-30s\n", 0, live ? 0 : -1, live ? 4 : -1, "USB3.0", "??");
    for (size_t i = 0; i < value_len(devices); i++)
        print_port(value_at(devices, i), all);
}

int cmd_usb_list(struct xm *xm, const struct args *a)
{
    AUTO(freep) char *path = domain_path(args_word(a, 0), "/devices?class=usbdev");
    AUTO(value_freep) struct value *reply = NULL, *host = NULL;
    const struct value *devices;
    struct err e;

    if (domain_check(args_word(a, 0), &e) < 0 || !(reply = xend_get(xm, path, &e)))
        return xm_fail(&e);
    devices = value_get(reply, "devices");
    if (args_has(a, "json")) {
        print_json(devices);
        return EXIT_SUCCESS;
    }
    if (!value_len(devices))
        return EXIT_SUCCESS;
    host = xend_get(xm, "/v1/usb", &e);
    if (!host)
        return xm_fail(&e);
    print_ports(devices, value_get(host, "devices"));
    return EXIT_SUCCESS;
}

/* Those that no guest has. */
int cmd_usb_assignable_list(struct xm *xm, const struct args *a)
{
    struct err e;
    AUTO(value_freep) struct value *reply = xend_get(xm, "/v1/usb", &e), *chosen = value_list();
    const struct value *list = value_get(reply, "devices");

    if (!reply)
        return xm_fail(&e);
    for (size_t i = 0; i < value_len(list); i++)
        if (!value_get_str(value_at(list, i), "domain", NULL))
            value_add_take(chosen, value_copy(value_at(list, i)));
    if (args_has(a, "json")) {
        print_json(chosen);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < value_len(chosen); i++) {
        AUTO(freep) char *path = clean_text(value_get_str(value_at(chosen, i), "path", ""));
        AUTO(freep) char *before = xasprintf("%-13s: ", path);

        print_host_device(value_at(chosen, i), before);
        putchar('\n');
    }
    return EXIT_SUCCESS;
}
