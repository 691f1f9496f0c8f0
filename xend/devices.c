/* The devices of one domain: see devices.h. */
#include "xend/devices.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/xend.h"

const char *device_short_name(enum device_class class)
{
    return class == DEVICE_DISK ? "vbd" : device_class_name(class);
}

static void collect(void *arg, const struct device_sample *s)
{
    struct known_devices *v = arg;

    vec_push(v, ((struct known_device){.class = s->class,
                                       .key = xstrdup(s->key),
                                       .devid = s->devid,
                                       .live = true,
                                       .backend_id = s->backend_id,
                                       .state = s->state,
                                       .event_channel = s->event_channel,
                                       .ring = s->ring,
                                       .rx_ring = s->rx_ring,
                                       .backend = xstrdup_null(s->backend)}));
}

static bool has(const struct known_devices *v, const struct device *d)
{
    for (size_t i = 0; i < v->len; i++)
        if (v->ptr[i].class == d->class && device_has_key(d, v->ptr[i].key))
            return true;
    return false;
}

/* What the driver does not tell of: with the number that it would get at a start. */
static void add_from_spec(struct known_devices *v, const struct spec *s)
{
    int64_t index[DEVICE_CLASSES] = {[DEVICE_CHANNEL] = 1}; /* as in xl: console 0 is none */

    for (size_t i = 0; i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];
        const char *key = device_key(d);
        int64_t place = index[d->class]++;

        if (!has(v, d))
            vec_push(v, ((struct known_device){.class = d->class,
                                               .key = xstrdup(key ? key : ""),
                                               .devid = d->class == DEVICE_DISK ? vdev_number(key)
                                                                                : place}));
    }
}

static int compare(const void *a, const void *b)
{
    const struct known_device *x = a, *y = b;

    if (x->class != y->class)
        return x->class < y->class ? -1 : 1;
    return x->devid < y->devid ? -1 : x->devid > y->devid;
}

int known_devices_get(struct xend *x, const char *uuid, bool runs, const struct spec *s,
                      struct known_devices *out, struct err *e)
{
    if (runs && x->driver->ops->devices &&
        x->driver->ops->devices(x->driver, uuid, collect, out, e) < 0)
        return -1;
    add_from_spec(out, s);
    if (out->len)
        qsort(out->ptr, out->len, sizeof(out->ptr[0]), compare);
    return 0;
}

void known_devices_clear(struct known_devices *v)
{
    for (size_t i = 0; i < v->len; i++) {
        free(v->ptr[i].key);
        free(v->ptr[i].backend);
    }
    vec_clear(v);
}

const struct known_device *known_device_find(const struct known_devices *v, enum device_class class,
                                             const char *text, struct err *e)
{
    int64_t number = class == DEVICE_DISK ? vdev_number(text) : -1;

    if (class != DEVICE_DISK && !parse_int(text, &number))
        number = -1;
    for (size_t i = 0; i < v->len; i++) {
        const struct known_device *k = &v->ptr[i];

        if (k->class == class &&
            ((number >= 0 && k->devid == number) || strcasecmp(k->key, text) == 0))
            return k;
    }
    err_set(e, ERR_NOT_FOUND, "Device %.60s (%s) is not connected", text, device_short_name(class));
    return NULL;
}

static bool has_mac(const struct spec *s, const struct vif *but, const char *mac)
{
    for (size_t i = 0; s && i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];

        if (d->class == DEVICE_VIF && &d->vif != but && device_has_key(d, mac))
            return true;
    }
    return false;
}

static bool mac_is_taken(const struct domains *t, const struct spec *s, const struct vif *v)
{
    if (has_mac(s, v, v->mac))
        return true;
    for (size_t i = 0; i < t->n; i++)
        if (has_mac(t->sorted[i]->spec, v, v->mac) || has_mac(t->sorted[i]->next, v, v->mac))
            return true;
    return false;
}

/* One that somebody chose may be on two networks that never meet: it is told, not refused. */
static void warn_of_same(const struct domains *t, const struct spec *s, const struct vif *v)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct domain *d = t->sorted[i];

        if (d->domid != DOMID_NONE && d->spec && strcmp(d->uuid, s->uuid ? s->uuid : "") != 0 &&
            has_mac(d->spec, v, v->mac))
            log_warn("domain=%s: vif %s: domain %s, which runs, has this MAC, too", s->name, v->mac,
                     d->spec->name);
    }
}

void devices_set_macs(const struct domains *t, struct spec *s)
{
    for (size_t i = 0; i < s->devices.len; i++) {
        struct vif *v = &s->devices.ptr[i]->vif;

        if (s->devices.ptr[i]->class != DEVICE_VIF)
            continue;
        if (v->mac) {
            warn_of_same(t, s, v);
            continue;
        }
        do {
            free(v->mac);
            v->mac = NULL;
            vif_set_mac(v);
        } while (mac_is_taken(t, s, v));
    }
}

void devices_remove(struct devices *v, enum device_class class, const char *key)
{
    for (size_t i = 0; i < v->len; i++) {
        if (v->ptr[i]->class != class || !device_has_key(v->ptr[i], key))
            continue;
        device_free(v->ptr[i]);
        vec_remove(v, i);
        return;
    }
}

bool devices_equal(const struct device *a, const struct device *b)
{
    AUTO(value_freep) struct value *x = device_to_value(a), *y = device_to_value(b);

    return a->class == b->class && value_equal(x, y);
}
