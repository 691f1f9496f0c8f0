/*
 * Which disks and interfaces a guest has: known from its start on, kept up to date by attach.c and
 * by what QEMU reports, asked of QEMU after a restart of xend. A device that its guest has let go
 * of leaves nodes and descriptors behind, which are given back here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "libxl/base/log.h"
#include "libxl/qemu/qemu.h"

#define VIFS_TIDIED                                                                                \
    1000 /* numbers that are looked at for what a dead xend left of an interface                   \
          */

static void qdevice_clear(struct qdevice *q)
{
    free(q->key);
    free(q->id);
    free(q->place);
}

void qdevices_clear(struct qguest *g)
{
    for (size_t i = 0; i < g->devices.len; i++)
        qdevice_clear(&g->devices.ptr[i]);
    vec_clear(&g->devices);
}

void qdevice_add(struct qguest *g, enum device_class class, const char *key, const char *id,
                 int64_t devid, const char *place)
{
    vec_push(&g->devices, ((struct qdevice){.class = class,
                                            .key = xstrdup(key),
                                            .id = xstrdup(id),
                                            .place = xstrdup_null(place),
                                            .devid = devid}));
}

struct qdevice *qdevice_find(struct qguest *g, enum device_class class, const char *key)
{
    struct device probe = {.class = class};

    if (class == DEVICE_DISK)
        probe.disk.vdev = (char *)key;
    else if (class == DEVICE_PCI)
        probe.pci.bdf = (char *)key;
    else if (class == DEVICE_USBDEV)
        probe.usbdev.device = (char *)key;
    else if (class == DEVICE_CHANNEL)
        probe.channel.name = (char *)key;
    else
        probe.vif.mac = (char *)key;
    for (size_t i = 0; i < g->devices.len; i++)
        if (g->devices.ptr[i].class == class && device_has_key(&probe, g->devices.ptr[i].key))
            return &g->devices.ptr[i];
    return NULL;
}

void qdevice_deleted(struct qguest *g, const char *id)
{
    for (size_t i = 0; i < g->devices.len; i++)
        if (strcmp(g->devices.ptr[i].id, id) == 0)
            g->devices.ptr[i].gone = true;
}

static void add_disk(struct qguest *g, const struct disk *k)
{
    AUTO(freep) char *id = disk_id(k->vdev);

    qdevice_add(g, DEVICE_DISK, k->vdev, id, vdev_number(k->vdev), disk_place(g, id, k->target));
}

/* The interface's host side in g->nets, or their number. */
static size_t find_net(const struct qguest *g, const char *mac)
{
    size_t i = 0;

    while (i < g->nets.len && strcasecmp(g->nets.ptr[i].mac, mac) != 0)
        i++;
    return i;
}

static const char *place_of_vif(const struct qguest *g, const char *mac)
{
    size_t i = find_net(g, mac);

    return i < g->nets.len && g->nets.ptr[i].tap ? g->nets.ptr[i].dev : "user";
}

void qdevices_init(struct qguest *g)
{
    const struct devices *v = &g->spec->devices;
    struct screen sc;

    pthread_mutex_lock(&g->d->lock);
    qdevices_clear(g);
    if (screen_of(g->spec, &sc))
        qdevice_add(g, DEVICE_USBDEV, "tablet", USB_TABLET_ID, 1, NULL);
    g->next_vif = 0;
    for (size_t i = 0; i < v->len; i++) {
        char id[32];

        if (v->ptr[i]->class == DEVICE_DISK)
            add_disk(g, &v->ptr[i]->disk);
        if (v->ptr[i]->class != DEVICE_VIF)
            continue;
        snprintf(id, sizeof(id), "vif%" PRId64, g->next_vif);
        qdevice_add(g, DEVICE_VIF, v->ptr[i]->vif.mac, id, g->next_vif++,
                    place_of_vif(g, v->ptr[i]->vif.mac));
    }
    channels_learn(g, g, NULL);
    pthread_mutex_unlock(&g->d->lock);
}

char *qdevice_property(struct qguest *g, const char *id, const char *property)
{
    AUTO(freep) char *path = xasprintf("/machine/peripheral/%s", id);
    AUTO(value_freep) struct value *v = NULL;
    struct value *args = value_map();
    struct err e;

    value_set_str(args, "path", path);
    value_set_str(args, "property", property);
    if (qguest_call_take(g, "qom-get", args, &v, &e) < 0 || value_type(v) != VALUE_STRING)
        return NULL;
    return xstrdup(value_as_str(v));
}

/* What a vif script has done for it, when its tap is gone. */
static void forget_net(struct qguest *g, size_t i)
{
    net_unplug(&g->nets.ptr[i], g->spec->name);
    net_clear(&g->nets.ptr[i]);
    vec_remove(&g->nets, i);
}

static void remove_netdev(struct qguest *g, const char *vif)
{
    AUTO(freep) char *id = xasprintf("net%s", vif + strlen("vif"));
    struct value *args = value_map();
    struct err e;

    value_set_str(args, "id", id);
    if (qguest_call_take(g, "netdev_del", args, NULL, &e) < 0)
        log_debug("%s: %s", g->spec->name, e.msg);
}

static void learn_pci(struct qguest *g, const char *name, struct qguest *out)
{
    AUTO(freep) char *bdf = qdevice_property(g, name, "host");
    int64_t n = 0;

    if (!bdf)
        return;
    for (size_t i = 0; i < out->devices.len; i++)
        n += out->devices.ptr[i].class == DEVICE_PCI;
    qdevice_add(out, DEVICE_PCI, bdf, name, n, bdf);
    /* half attached by a xend that died */
    out->devices.ptr[out->devices.len - 1].dead = !devices_find(&g->spec->devices, DEVICE_PCI, bdf);
}

/* A device that QEMU has under one of our names. */
static void learn_one(struct qguest *g, const char *name, struct qguest *out)
{
    AUTO(freep) char *drive = NULL, *mac = NULL;
    const struct device *of_spec;
    int64_t n;

    if (strncmp(name, "disk-", 5) == 0 && vdev_number(name + 5) >= 0) {
        of_spec = devices_find(&g->spec->devices, DEVICE_DISK, name + 5);
        drive = qdevice_property(g, name, "drive");
        qdevice_add(out, DEVICE_DISK, name + 5, name, vdev_number(name + 5),
                    disk_place(g, drive ? drive : name, of_spec ? of_spec->disk.target : NULL));
        out->devices.ptr[out->devices.len - 1].dead = drive && strncmp(drive, "dead-", 5) == 0;
    } else if (strncmp(name, "vif", 3) == 0 && parse_int(name + 3, &n)) {
        mac = qdevice_property(g, name, "mac");
        if (!mac)
            return;
        of_spec = devices_find(&g->spec->devices, DEVICE_VIF, mac);
        qdevice_add(out, DEVICE_VIF, mac, name, n, place_of_vif(g, mac));
        /* taken by force, or half attached by a xend that died: QEMU does not tell which */
        out->devices.ptr[out->devices.len - 1].dead = !of_spec;
        if (!of_spec)
            remove_netdev(g, name);
        if (n >= g->next_vif)
            g->next_vif = n + 1;
    } else if (strncmp(name, "pci-", 4) == 0) {
        learn_pci(g, name, out);
    } else if (strncmp(name, "usb-", 4) == 0 || strcmp(name, USB_TABLET_ID) == 0) {
        usb_learn(g, name, out);
    }
}

static bool has_id(const struct qguest *g, const char *id)
{
    for (size_t i = 0; i < g->devices.len; i++)
        if (strcmp(g->devices.ptr[i].id, id) == 0)
            return true;
    return false;
}

/* Descriptors that belong to this node; in use by none. */
static void remove_fds(struct qguest *g, const char *node)
{
    AUTO(value_freep) struct value *sets = NULL;
    struct err e;

    if (qguest_call_take(g, "query-fdsets", NULL, &sets, &e) < 0)
        return;
    for (size_t i = 0; i < value_len(sets); i++) {
        const struct value *set = value_at(sets, i), *fds = value_get(set, "fds");
        struct value *args;

        if (strcmp(value_get_str(value_at(fds, 0), "opaque", ""), node) != 0)
            continue;
        args = value_map();
        value_set_int(args, "fdset-id", value_get_int(set, "fdset-id", -1));
        if (qguest_call_take(g, "remove-fd", args, NULL, &e) < 0)
            log_debug("%s: %s", g->spec->name, e.msg);
    }
}

void qnode_release(struct qguest *g, const char *node)
{
    struct value *args = value_map();
    struct err e = {0};

    value_set_str(args, "node-name", node);
    if (qguest_call_take(g, "blockdev-del", args, NULL, &e) < 0 && strstr(e.msg, "in use"))
        return;
    remove_fds(g, node);
    if (!e.code || e.code == ERR_BACKEND) /* else nobody has answered */
        served_drop(g, node);
}

int qnode_add_take(struct qguest *g, const struct launch_disk *ld, int fd, const char *node,
                   struct err *e)
{
    AUTO(value_freep) struct value *set = NULL;
    struct launch_disk with_set = *ld;
    struct value *args = value_map();
    int r;

    value_set_str(args, "opaque", node);
    r = qguest_call_fd_take(g, "add-fd", args, fd, &set, e);
    close(fd);
    if (r == 0) {
        with_set.fd = (int)value_get_int(set, "fdset-id", -1);
        r = qguest_call_take(g, "blockdev-add", disk_blockdev(&with_set, node), NULL, e);
        if (r < 0)
            remove_fds(g, node);
    }
    if (r < 0)
        served_drop(g, node);
    return r;
}

/* Nodes of images that no drive has; "dead-..." too. Those in use QEMU keeps. */
static int tidy_nodes(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *nodes = NULL;
    struct value *args = value_map();

    value_set_bool(args, "flat", true);
    if (qguest_call_take(g, "query-named-block-nodes", args, &nodes, e) < 0)
        return -1;
    for (size_t i = 0; i < value_len(nodes); i++) {
        const char *name = value_get_str(value_at(nodes, i), "node-name", "");

        if (strncmp(name, "disk-", 5) == 0 || strncmp(name, "dead-", 5) == 0 ||
            strncmp(name, "usb-", 4) == 0)
            qnode_release(g, name);
    }
    return 0;
}

/* Descriptors whose node never came about. */
static int tidy_fds(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *sets = NULL;

    if (qguest_call_take(g, "query-fdsets", NULL, &sets, e) < 0)
        return -1;
    for (size_t i = 0; i < value_len(sets); i++) {
        const struct value *fds = value_get(value_at(sets, i), "fds");
        const char *node = value_get_str(value_at(fds, 0), "opaque", "");

        if ((strncmp(node, "disk-", 5) == 0 && node[5]) ||
            (strncmp(node, "usb-", 4) == 0 && !has_id(g, node)))
            qnode_release(g, node);
    }
    return 0;
}

static void tidy_netdevs(struct qguest *g)
{
    for (int64_t n = 0; n < g->next_vif && n < VIFS_TIDIED; n++) {
        char id[32];

        snprintf(id, sizeof(id), "vif%" PRId64, n);
        if (!has_id(g, id))
            remove_netdev(g, id);
    }
}

int qdevices_learn(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *names = NULL, *chardevs = NULL;
    struct value *args = value_map();
    struct qguest found = {0};

    value_set_str(args, "path", "/machine/peripheral");
    if (qguest_call_take(g, "qom-list", args, &names, e) < 0 ||
        qguest_call_take(g, "query-chardev", NULL, &chardevs, e) < 0)
        return -1;
    for (size_t i = 0; i < value_len(names); i++)
        learn_one(g, value_get_str(value_at(names, i), "name", ""), &found);
    channels_learn(g, &found, chardevs);
    pthread_mutex_lock(&g->d->lock);
    qdevices_clear(g);
    memcpy(&g->devices, &found.devices, sizeof(g->devices));
    pthread_mutex_unlock(&g->d->lock);
    tidy_netdevs(g);
    for (size_t i = g->nets.len; i-- > 0;)
        if (!devices_find(&g->spec->devices, DEVICE_VIF, g->nets.ptr[i].mac))
            forget_net(g, i);
    return tidy_nodes(g, e) < 0 || tidy_fds(g, e) < 0 ? -1 : serveds_tidy(g, e);
}

void qdevice_release(struct qguest *g, enum device_class class, const char *id, const char *key)
{
    AUTO(freep) char *other = xasprintf("%s.1", id), *dead = xasprintf("dead-%s", id);

    if (class == DEVICE_PCI) {
        pci_give_back(g, key);
        return;
    }
    if (class == DEVICE_VIF) {
        remove_netdev(g, id);
        if (find_net(g, key) < g->nets.len)
            forget_net(g, find_net(g, key));
        return;
    }
    qnode_release(g, id);
    qnode_release(g, other);
    qnode_release(g, dead);
}

/* The first one that is gone, taken off the list; false when there is none. */
static bool take_gone(struct qguest *g, struct qdevice *out)
{
    bool found = false;

    pthread_mutex_lock(&g->d->lock);
    for (size_t i = 0; i < g->devices.len && !found; i++) {
        found = g->devices.ptr[i].gone;
        if (found) {
            *out = g->devices.ptr[i];
            vec_remove(&g->devices, i);
        }
    }
    pthread_mutex_unlock(&g->d->lock);
    return found;
}

int qdevices_settle(struct qguest *g, struct err *e)
{
    struct qdevice q;

    if (qguest_call_take(g, "query-status", NULL, NULL, e) < 0)
        return -1;
    while (take_gone(g, &q)) {
        qdevice_release(g, q.class, q.id, q.key);
        qdevice_clear(&q);
    }
    return 0;
}

/* What a device is called in a saved guest: whatever numbers interfaces have next time. */
static const char *saved_name(struct qguest *g, const char *id)
{
    for (size_t i = 0; i < g->devices.len; i++)
        if (g->devices.ptr[i].class == DEVICE_VIF && strcmp(g->devices.ptr[i].id, id) == 0)
            return g->devices.ptr[i].key;
    return id;
}

/* One that is nothing any more could not be made again for the guest that has it. */
static int check_none_dead(struct qguest *g, struct err *e)
{
    int r = 0;

    pthread_mutex_lock(&g->d->lock);
    for (size_t i = 0; i < g->devices.len; i++)
        if (g->devices.ptr[i].dead && !g->devices.ptr[i].gone)
            r = err_set(e, ERR_STATE, "the guest still holds %s, which was taken away by force",
                        g->devices.ptr[i].key);
    pthread_mutex_unlock(&g->d->lock);
    return r;
}

struct value *qdevices_slots(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *buses = NULL;
    struct value *slots, *devices;

    if (check_none_dead(g, e) < 0 || qguest_call_take(g, "query-pci", NULL, &buses, e) < 0)
        return NULL;
    slots = value_map();
    devices = value_get(value_at(buses, 0), "devices");
    for (size_t i = 0; i < value_len(devices); i++) {
        const struct value *d = value_at(devices, i), *behind;
        const char *id = value_get_str(d, "qdev_id", "");
        int64_t port = 0;

        if (*id)
            value_set_int(slots, saved_name(g, id), value_get_int(d, "slot", 0));
        behind = root_port_devices(d, &port);
        id = value_len(behind) ? value_get_str(value_at(behind, 0), "qdev_id", "") : "";
        if (*id)
            value_set_int(slots, saved_name(g, id), SLOT_BEHIND_PORT + port);
    }
    usb_slots(g, slots);
    return slots;
}

/* A copy with its own texts: no lock is held while the caller looks at it. */
struct copy {
    struct device_sample sample;
    char uuid[UUID_TEXT_SIZE];
    char *key, *place;
};
struct copies VEC(struct copy);

static int state_of(const struct qdevice *q)
{
    if (q->class == DEVICE_CHANNEL && !q->open)
        return DEVICE_INITIALISING;
    return q->gone ? DEVICE_CLOSED : q->closing ? DEVICE_CLOSING : DEVICE_CONNECTED;
}

static void copy_devices(const struct qguest *g, struct copies *out)
{
    for (size_t i = 0; i < g->devices.len; i++) {
        const struct qdevice *q = &g->devices.ptr[i];
        struct copy c = {.sample = {.class = q->class,
                                    .devid = q->devid,
                                    .state = state_of(q),
                                    .event_channel = -1,
                                    .ring = -1,
                                    .rx_ring = -1}};

        if (q->dead)
            continue;
        memcpy(c.uuid, g->pub.uuid, sizeof(c.uuid));
        c.key = xstrdup(q->key);
        c.place = xstrdup_null(q->place);
        vec_push(out, c);
    }
}

int qemu_devices(struct driver *driver, const char *uuid, device_sample_fn *each, void *arg,
                 struct err *e)
{
    struct qemu *d = qemu_of(driver);
    struct copies copies = {0};

    (void)e;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.len; i++) {
        const struct qguest *g = d->guests.ptr[i];

        if (g->announced && !g->ended && (!uuid || strcmp(uuid, g->pub.uuid) == 0))
            copy_devices(g, &copies);
    }
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < copies.len; i++) {
        struct copy *c = &copies.ptr[i];

        c->sample.uuid = c->uuid;
        c->sample.key = c->key;
        c->sample.backend = c->place;
        each(arg, &c->sample);
        free(c->key);
        free(c->place);
    }
    vec_clear(&copies);
    return 0;
}
