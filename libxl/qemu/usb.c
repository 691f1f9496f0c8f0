/*
 * USB devices of a guest: pointers and keyboards that QEMU makes, disks on files, devices of the
 * host by their nodes in /dev/bus/usb. The controller is part of the machine, or comes with the
 * first device; devices are plugged in over QMP, before a guest runs (or is restored) or while it
 * does. Devices of the host were not verified on hardware. Called by create.c and attach.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/qemu/qemu.h"
#include "libxl/usbhost.h"

#define PORTS 15       /* of the controller: the most that it can have */
#define PORTS_BEFORE 4 /* QEMU's default: of guests that were saved before there was PORTS_KEY */
#define PORTS_KEY "usb-ports"

static const char *const drivers[] = {
    [USB_TABLET] = "usb-tablet",  [USB_MOUSE] = "usb-mouse",  [USB_KEYBOARD] = "usb-kbd",
    [USB_HOST_ADDR] = "usb-host", [USB_HOST_ID] = "usb-host", [USB_DISK] = "usb-storage"};

/* A number that is the same for the same text; a node's name has no room for a path. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}

static char *usb_id(const char *key)
{
    struct usb_name n;
    struct err none;

    if (usb_name_parse(key, &n, &none) == 0 && n.kind <= USB_KEYBOARD)
        return xasprintf("usb-%s", key);
    return xasprintf("usb-%08x", hash(key));
}

bool usb_wanted(const struct launch *l)
{
    struct screen sc;

    for (size_t i = 0; i < l->spec->devices.len; i++)
        if (l->spec->devices.ptr[i]->class == DEVICE_USBDEV && device_key(l->spec->devices.ptr[i]))
            return true;
    return l->spec->usb || screen_of(l->spec, &sc) || (l->slots && value_get(l->slots, USB_ID));
}

struct value *usb_controller(const struct launch *l)
{
    int64_t ports = l->slots ? value_get_int(l->slots, PORTS_KEY, PORTS_BEFORE) : PORTS;
    struct value *v = value_map();

    value_set_str(v, "driver", "qemu-xhci");
    value_set_str(v, "id", USB_ID);
    if (ports != PORTS_BEFORE) {
        value_set_int(v, "p2", ports);
        value_set_int(v, "p3", ports);
    }
    launch_place(l, v, USB_ID);
    return v;
}

/* How many ports its controller has; 0: it has none. */
static int64_t ports_of(struct qguest *g)
{
    AUTO(value_freep) struct value *v = NULL;
    struct value *args = value_map();
    struct err none;

    value_set_str(args, "path", "/machine/peripheral/" USB_ID);
    value_set_str(args, "property", "p2");
    if (qguest_call_take(g, "qom-get", args, &v, &none) < 0 || value_type(v) != VALUE_INT)
        return 0;
    return value_as_int(v);
}

void usb_slots(struct qguest *g, struct value *slots)
{
    int64_t ports = ports_of(g);

    if (ports)
        value_set_int(slots, PORTS_KEY, ports);
    for (size_t i = 0; i < g->devices.len; i++)
        if (g->devices.ptr[i].class == DEVICE_USBDEV)
            value_set_int(slots, g->devices.ptr[i].id, g->devices.ptr[i].devid);
}

static bool port_is_free(struct qguest *g, int64_t port)
{
    bool taken = false;

    pthread_mutex_lock(&g->d->lock);
    for (size_t i = 0; i < g->devices.len; i++)
        taken |= g->devices.ptr[i].class == DEVICE_USBDEV && g->devices.ptr[i].devid == port;
    pthread_mutex_unlock(&g->d->lock);
    return !taken;
}

/* The port that it had when it was saved, the one that is asked for, or the first free one. */
static int64_t choose_port(struct qguest *g, const struct value *slots, const char *id,
                           int64_t wanted, struct err *e)
{
    int64_t ports = ports_of(g), port = slots ? value_get_int(slots, id, 0) : 0;

    if (!port && wanted >= 0) {
        if (wanted < 1 || wanted > ports)
            return err_set(e, ERR_INVALID,
                           "there is no USB port %" PRId64 ": they are 1 to %" PRId64, wanted,
                           ports);
        return port_is_free(g, wanted)
                   ? wanted
                   : err_set(e, ERR_BUSY, "the USB port %" PRId64 " is taken", wanted);
    }

    for (int64_t i = 1; !port && i <= ports; i++)
        if (port_is_free(g, i))
            port = i;
    return port ? port
                : err_set(e, ERR_NO_RESOURCE, "all %" PRId64 " USB ports of the guest are taken",
                          ports);
}

/* Who has it already, of all guests; with the lock. */
static const char *host_user(struct qemu *d, const char *address)
{
    for (size_t i = 0; i < d->guests.len; i++) {
        const struct qguest *g = d->guests.ptr[i];

        for (size_t j = 0; !g->ended && j < g->devices.len; j++)
            if (g->devices.ptr[j].class == DEVICE_USBDEV && g->devices.ptr[j].place &&
                strcmp(g->devices.ptr[j].place, address) == 0)
                return g->spec->name;
    }
    return NULL;
}

/* The node of a device of the host, which QEMU opens by its descriptor; *address is the caller's.
 */
static int pass_host(struct qguest *g, const struct usb_name *n, const char *id, struct value *v,
                     char **address, struct err *e)
{
    AUTO(value_freep) struct value *set = NULL;
    AUTO(freep) char *path = NULL;
    struct value *args;
    const char *user;
    int fd, r = 0;

    if (!(*address = usbhost_find(n, e)))
        return -1;
    pthread_mutex_lock(&g->d->lock);
    user = host_user(g->d, *address);
    if (user)
        r = err_set(e, ERR_BUSY, "the USB device %s is in use by %s", *address, user);
    pthread_mutex_unlock(&g->d->lock);
    fd = r < 0 ? -1 : usbhost_open(*address, e);
    if (fd < 0)
        return -1;
    args = value_map();
    value_set_str(args, "opaque", id);
    r = qguest_call_fd_take(g, "add-fd", args, fd, &set, e);
    close(fd);
    if (r < 0)
        return -1;
    path = xasprintf("/dev/fdset/%" PRId64, value_get_int(set, "fdset-id", -1));
    value_set_str(v, "hostdevice", path);
    return 0;
}

static int pass_disk(struct qguest *g, const struct usb_name *n, const char *id, struct value *v,
                     char **place, struct err *e)
{
    struct disk k = {.format = (char *)"raw",
                     .target = (char *)n->path,
                     .vdev = (char *)"on USB",
                     .mode = DISK_WRITE};
    struct launch_disk ld = {.disk = &k};
    int fd;

    if (n->path[0] != '/')
        return err_set(e, ERR_INVALID, "'%.100s' is not an absolute path", n->path);
    fd = image_open(&k, &ld.block, e);
    if (fd < 0 || qnode_add_take(g, &ld, fd, id, e) < 0)
        return -1;
    value_set_str(v, "drive", id);
    *place = xstrdup(n->path);
    return 0;
}

static int need_controller(struct qguest *g, struct err *e)
{
    struct launch l = {.spec = g->spec};

    return ports_of(g) ? 0 : pci_add_take(g, usb_controller(&l), e);
}

/* slots: see saved.slots; or NULL. */
static int plug(struct qguest *g, const struct usbdev *u, const struct value *slots, struct err *e)
{
    const char *key = u->device;
    AUTO(freep) char *id = usb_id(key), *place = NULL, *text = NULL;
    AUTO(value_freep) struct value *v = value_map();
    struct usb_name n;
    int64_t port;
    int r = 0;

    if (usb_name_parse(key, &n, e) < 0)
        return -1;
    if (n.kind == USB_OTHER) {
        err_set(e, ERR_UNSUPPORTED, "'%.60s' is no USB device that this driver has", key);
        return usb_name_hint(e);
    }
    if (need_controller(g, e) < 0 || (port = choose_port(g, slots, id, u->port, e)) < 0)
        return -1;
    text = xasprintf("%" PRId64, port);
    value_set_str(v, "driver", drivers[n.kind]);
    value_set_str(v, "id", id);
    value_set_str(v, "bus", USB_ID ".0");
    value_set_str(v, "port", text);
    if (n.kind == USB_DISK)
        r = pass_disk(g, &n, id, v, &place, e);
    else if (n.kind == USB_HOST_ADDR || n.kind == USB_HOST_ID)
        r = pass_host(g, &n, id, v, &place, e);
    fault_point("qemu.attach-node");
    if (r < 0 || qguest_call_take(g, "device_add", steal(v), NULL, e) < 0) {
        qnode_release(g, id);
        return -1;
    }
    pthread_mutex_lock(&g->d->lock);
    qdevice_add(g, DEVICE_USBDEV, key, id, port, place);
    pthread_mutex_unlock(&g->d->lock);
    return 0;
}

int usb_plug(struct qguest *g, const struct usbdev *u, struct err *e)
{
    if (!u->device)
        return err_set(e, ERR_UNSUPPORTED, "a usbdev without a device: name it as host:BUS.ADDR");
    fault_point("qemu.attaching");
    return plug(g, u, NULL, e);
}

/* The screen has a tablet already. */
static bool is_there(struct qguest *g, const char *key)
{
    bool there;

    pthread_mutex_lock(&g->d->lock);
    there = qdevice_find(g, DEVICE_USBDEV, key) != NULL;
    pthread_mutex_unlock(&g->d->lock);
    return there;
}

int usb_plug_all(struct qguest *g, const struct value *slots, struct err *e)
{
    for (size_t i = 0; i < g->spec->devices.len; i++) {
        const struct device *d = g->spec->devices.ptr[i];

        if (d->class == DEVICE_USBDEV && device_key(d) && !is_there(g, device_key(d)) &&
            plug(g, &d->usbdev, slots, e) < 0)
            return err_add(e, "USB device %s", device_key(d));
    }
    return 0;
}

/* Removes one that a xend which died had half attached; there is nothing to wait for. */
static void remove_unknown(struct qguest *g, const char *id)
{
    struct value *args = value_map();
    struct err none;

    value_set_str(args, "id", id);
    qguest_call_take(g, "device_del", args, NULL, &none);
}

void usb_learn(struct qguest *g, const char *id, struct qguest *out)
{
    AUTO(freep) char *port = qdevice_property(g, id, "port"), *place = NULL;
    const char *key = strcmp(id, USB_TABLET_ID) == 0 ? "tablet" : NULL;
    struct usb_name name;
    struct err none;
    int64_t n = 1; /* of the screen's tablet, which is there first */

    for (size_t i = 0; !key && i < g->spec->devices.len; i++) {
        const struct device *d = g->spec->devices.ptr[i];
        AUTO(freep)
        char *own = d->class == DEVICE_USBDEV && device_key(d) ? usb_id(device_key(d)) : NULL;

        if (own && strcmp(own, id) == 0)
            key = device_key(d);
    }
    if (!key) {
        remove_unknown(g, id);
        return;
    }
    if (port && *port)
        parse_int(port, &n);
    if (usb_name_parse(key, &name, &none) == 0 && name.kind == USB_DISK)
        place = xstrdup(name.path);
    else if (name.kind == USB_HOST_ADDR || name.kind == USB_HOST_ID)
        place = usbhost_find(&name, &none);
    qdevice_add(out, DEVICE_USBDEV, key, id, n, place);
}
