/*
 * The devices of one domain, as its guest has them (the driver's word) and as its spec lists them.
 * Called by the API and by the jobs that change devices.
 */
#ifndef XEND_DEVICES_H
#define XEND_DEVICES_H

#include "xend/domain.h"

struct known_device {
    enum device_class class;
    char *key; /* device_key(), or "" for classes without */
    int64_t devid;
    bool live; /* the guest has it: what follows is known; else it is in the spec only */
    uint32_t backend_id;
    int state, event_channel, ring, rx_ring;
    char *backend; /* or NULL */
};
struct known_devices VEC(struct known_device);

/*
 * Fills *out, by class and id. Asks the driver when the domain runs and the driver can tell;
 * never waits for a guest. s: a copy of its spec. Not with the lock.
 */
int known_devices_get(struct xend *x, const char *uuid, bool runs, const struct spec *s,
                      struct known_devices *out, struct err *e);
void known_devices_clear(struct known_devices *v);

/* By id, or by what names it (MAC, vdev): "Device X (vif) is not connected". */
const struct known_device *known_device_find(const struct known_devices *v, enum device_class class,
                                             const char *text, struct err *e);

/* The original's name of a class: "vbd" for disks. */
const char *device_short_name(enum device_class class);

/* With the lock: gives each vif of s without a MAC one that no domain has; the log tells of one
 * that has another's, which runs. */
void devices_set_macs(const struct domains *t, struct spec *s);

/* The same in every member that shows. */
bool devices_equal(const struct device *a, const struct device *b);

/* Takes the device out of a list; fine when it is not in it. */
void devices_remove(struct devices *v, enum device_class class, const char *key);

#endif
