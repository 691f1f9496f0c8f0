/*
 * Devices of the test driver's guests: they come and go in memory, in the state file and in what
 * the driver tells. A guest lets go of one at once, unless it was told not to (ignore-detach).
 */
#include <stdio.h>
#include <string.h>

#include "libxl/test/test_driver.h"

/* Of the classes that this driver tells of; others are not listed. */
static bool is_listed(enum device_class class)
{
    return class == DEVICE_DISK || class == DEVICE_VIF || class == DEVICE_USBDEV;
}

/* Numbers of vifs are not used twice; a USB device has the first free port. */
static int64_t number_of(struct test_guest *g, const struct device *dev)
{
    int64_t port = 1;

    if (dev->class == DEVICE_DISK)
        return vdev_number(dev->disk.vdev);
    if (dev->class == DEVICE_VIF)
        return g->next_vif++;
    for (size_t i = 0; i < g->devices.len; i++)
        if (g->devices.ptr[i].class == DEVICE_USBDEV && g->devices.ptr[i].devid == port) {
            port++;
            i = (size_t)-1; /* they are in no order */
        }
    return port;
}

static void add_device(struct test_guest *g, const struct device *dev)
{
    const char *key = device_key(dev);
    bool cdrom = dev->class == DEVICE_DISK && dev->disk.devtype == DISK_CDROM;
    struct test_device d = {.class = dev->class, .key = xstrdup(key ? key : "")};

    d.devid = number_of(g, dev);
    if (cdrom)
        d.media = xstrdup(dev->disk.target ? dev->disk.target : "");
    vec_push(&g->devices, d);
}

void guest_devices_set(struct test_guest *g, const struct spec *s)
{
    for (size_t i = 0; i < s->devices.len; i++)
        if (is_listed(s->devices.ptr[i]->class))
            add_device(g, s->devices.ptr[i]);
}

static void clear_device(struct test_device *d)
{
    free(d->key);
    free(d->media);
}

void guest_devices_clear(struct test_guest *g)
{
    for (size_t i = 0; i < g->devices.len; i++)
        clear_device(&g->devices.ptr[i]);
    vec_clear(&g->devices);
}

struct value *guest_devices_value(const struct test_guest *g)
{
    struct value *list = value_list();

    for (size_t i = 0; i < g->devices.len; i++) {
        const struct test_device *d = &g->devices.ptr[i];
        struct value *map = value_map();

        value_set_str(map, "class", device_class_name(d->class));
        value_set_str(map, "key", d->key);
        value_set_str(map, "media", d->media);
        value_set_int(map, "devid", d->devid);
        value_set_bool(map, "closing", d->closing);
        value_add_take(list, map);
    }
    return list;
}

void guest_devices_read(struct test_guest *g, const struct value *list, int64_t next_vif)
{
    guest_devices_clear(g);
    g->next_vif = next_vif;
    for (size_t i = 0; i < value_len(list); i++) {
        const struct value *map = value_at(list, i);
        int class = device_class_find(value_get_str(map, "class", ""));

        if (class < 0)
            continue;
        vec_push(&g->devices,
                 ((struct test_device){.class = (enum device_class) class,
                                       .key = xstrdup(value_get_str(map, "key", "")),
                                       .media = xstrdup_null(value_get_str(map, "media", NULL)),
                                       .devid = value_get_int(map, "devid", 0),
                                       .closing = value_get_bool(map, "closing", false)}));
    }
}

/* Where it is among the guest's, or its number of devices. */
static size_t find_device(const struct test_guest *g, const struct device *dev)
{
    size_t i = 0;

    while (i < g->devices.len &&
           (g->devices.ptr[i].class != dev->class || !device_has_key(dev, g->devices.ptr[i].key)))
        i++;
    return i;
}

static int check_lives(const struct test_guest *g, const char *what, struct err *e)
{
    return g->state == GUEST_RUNNING || g->state == GUEST_PAUSED ? 0
                                                                 : guest_wrong_state(g, what, e);
}

/* The change itself, under the lock. force: of detach. */
typedef int change_fn(struct test_driver *d, struct test_guest *g, const struct device *dev,
                      bool force, struct err *e);

/* What all three share: waits and fails on demand before it takes the lock. */
static int change(struct guest *guest, enum test_op op, change_fn *fn, const struct device *dev,
                  bool force, struct job *j, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    int r;

    if (rules_enter(d, &g->rules, op, j, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    r = fn(d, g, dev, force, e);
    state_update(d, g);
    if (r == 0)
        rules_leave(d, g, op);
    pthread_mutex_unlock(&d->lock);
    return r;
}

static int do_attach(struct test_driver *d, struct test_guest *g, const struct device *dev,
                     bool force, struct err *e)
{
    (void)d, (void)force;
    if (!is_listed(dev->class))
        return err_set(e, ERR_UNSUPPORTED, "the test driver cannot attach devices of class %s",
                       device_class_name(dev->class));
    if (check_lives(g, "attach a device", e) < 0)
        return -1;
    if (find_device(g, dev) < g->devices.len)
        return err_set(e, ERR_EXISTS, "Device %s is already connected.", device_key(dev));
    add_device(g, dev);
    return 0;
}

static int do_detach(struct test_driver *d, struct test_guest *g, const struct device *dev,
                     bool force, struct err *e)
{
    size_t i = find_device(g, dev);

    if (check_lives(g, "detach a device", e) < 0)
        return -1;
    if (i == g->devices.len)
        return 0;
    if (!force && rule_ignores(d, g, TEST_DETACH)) {
        g->devices.ptr[i].closing = true;
        return err_set(e, ERR_TIMEOUT, "the guest has not let go of it");
    }
    clear_device(&g->devices.ptr[i]);
    memmove(&g->devices.ptr[i], &g->devices.ptr[i + 1],
            (g->devices.len - i - 1) * sizeof(g->devices.ptr[0]));
    g->devices.len--;
    return 0;
}

static int do_set_media(struct test_driver *d, struct test_guest *g, const struct device *dev,
                        bool force, struct err *e)
{
    size_t i = find_device(g, dev);
    struct test_device *drive = i < g->devices.len ? &g->devices.ptr[i] : NULL;

    (void)d, (void)force;
    if (check_lives(g, "change a disc", e) < 0)
        return -1;
    if (!drive)
        return err_set(e, ERR_NOT_FOUND, "there is no drive %s", dev->disk.vdev);
    if (!drive->media)
        return err_set(e, ERR_UNSUPPORTED, "%s is not a CD-ROM drive", dev->disk.vdev);
    free(drive->media);
    drive->media = xstrdup(dev->disk.target ? dev->disk.target : "");
    return 0;
}

int test_attach(struct guest *g, const struct device *dev, struct job *j, struct err *e)
{
    return change(g, TEST_ATTACH, do_attach, dev, false, j, e);
}

int test_detach(struct guest *g, const struct device *dev, bool force, struct job *j, struct err *e)
{
    return change(g, TEST_DETACH, do_detach, dev, force, j, e);
}

int test_set_media(struct guest *g, const struct disk *to, struct job *j, struct err *e)
{
    const struct device dev = {.class = DEVICE_DISK, .disk = *to};

    return change(g, TEST_SET_MEDIA, do_set_media, &dev, false, j, e);
}

/* A copy with its own texts: no lock is held while the caller looks at it. */
struct copy {
    struct device_sample sample;
    char uuid[UUID_TEXT_SIZE], backend[96];
    char *key;
};
struct copies VEC(struct copy);

/* Channels and grants are numbers as Xen's are, so that listings look alike. */
static void copy_devices(const struct test_guest *g, struct copies *out)
{
    for (size_t i = 0; i < g->devices.len; i++) {
        const struct test_device *d = &g->devices.ptr[i];
        bool disk = d->class == DEVICE_DISK;
        struct copy c = {.key = xstrdup(d->key)};

        memcpy(c.uuid, g->pub.uuid, sizeof(c.uuid));
        snprintf(c.backend, sizeof(c.backend), "/local/domain/0/backend/%s/%u/%lld",
                 disk                     ? "vbd"
                 : d->class == DEVICE_VIF ? "vif"
                                          : "vusb",
                 g->pub.domid, (long long)d->devid);
        c.sample = (struct device_sample){.class = d->class,
                                          .devid = d->devid,
                                          .state = DEVICE_INITIALISING,
                                          .event_channel = -1,
                                          .ring = -1,
                                          .rx_ring = -1};
        if (g->booted) {
            c.sample.state = d->closing ? DEVICE_CLOSING : DEVICE_CONNECTED;
            c.sample.event_channel = 15 + (int)i;
            c.sample.ring = 768 + 2 * (int)i;
            c.sample.rx_ring = disk ? -1 : 769 + 2 * (int)i;
        }
        vec_push(out, c);
    }
}

int test_devices(struct driver *driver, const char *uuid, device_sample_fn *each, void *arg,
                 struct err *e)
{
    struct test_driver *d = driver_of(driver);
    struct copies copies = {0};

    if (rules_enter(d, NULL, TEST_DEVICES, NULL, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.size; i++) {
        const struct test_guest *g = d->guests.slots[i].key ? d->guests.slots[i].item : NULL;

        if (g && (!uuid || strcmp(uuid, g->pub.uuid) == 0))
            copy_devices(g, &copies);
    }
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < copies.len; i++) {
        struct copy *c = &copies.ptr[i];

        c->sample.uuid = c->uuid;
        c->sample.key = c->key;
        c->sample.backend = c->backend;
        each(arg, &c->sample);
        free(c->key);
    }
    vec_clear(&copies);
    return 0;
}
