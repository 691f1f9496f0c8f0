/*
 * Devices of a guest that runs: attached, detached, told of. The spec of the guest has a device
 * before xenstore has it, and as long: what dies in between is found by its key, and undone.
 */
#include <string.h>
#include <strings.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/xen/xdev.h"

#define NEXT_VIF "device-misc/vif/nextDeviceID" /* the original's: no number is used twice */

static char *get(const struct xguest *g, const char *dir, const char *name)
{
    AUTO(freep) char *path = xasprintf("%s/%s", dir, name);

    return tx_get(g, XBT_NULL, path);
}

static int get_number(const struct xguest *g, const char *dir, const char *name)
{
    AUTO(freep) char *text = get(g, dir, name);

    return text ? atoi(text) : -1;
}

/* What its backend calls it, which the guest cannot write to: device_key(). The caller frees. */
static char *key_of(const struct xguest *g, const struct xdev *x, enum device_class *class)
{
    *class = strcmp(x->kind, "vif") == 0 ? DEVICE_VIF : DEVICE_DISK;
    return get(g, x->backend, *class == DEVICE_VIF ? "mac" : "dev");
}

/* The one with the class and key of dev, alone in *out; none when it is not there. */
static int find(const struct xguest *g, const struct device *dev, struct xdevs *out, struct err *e)
{
    struct xdevs all = {0};
    int r = xdevs_find(g, &all, e);

    for (size_t i = 0; r == 0 && i < all.len; i++) {
        enum device_class class;
        AUTO(freep) char *key = key_of(g, &all.ptr[i], &class);

        if (key && class == dev->class && device_has_key(dev, key))
            vec_push(out, all.ptr[i]);
    }
    vec_clear(&all);
    return r;
}

/* Above all there are and were: the number is written down before one of them goes. */
static int next_vif(const struct xguest *g, unsigned *next, struct err *e)
{
    AUTO(freep) char *noted = tx_get(g, XBT_NULL, NEXT_VIF);
    struct xdevs all = {0};

    *next = noted ? (unsigned)strtoul(noted, NULL, 10) : 0;
    if (xdevs_find(g, &all, e) < 0)
        return -1;
    for (size_t i = 0; i < all.len; i++)
        if (strcmp(all.ptr[i].kind, "vif") == 0 && all.ptr[i].id >= *next)
            *next = all.ptr[i].id + 1;
    vec_clear(&all);
    return 0;
}

static int note_next_vif(struct xguest *g, unsigned next, struct err *e)
{
    struct node n = {.name = NEXT_VIF};

    snprintf(n.text, sizeof(n.text), "%u", next);
    return store_put(g, &n, 1, e);
}

static int set_device(struct xguest *g, const struct device *dev, bool on, struct err *e)
{
    struct spec *s = spec_copy(g->spec);

    for (size_t i = s->devices.len; i-- > 0;)
        if (s->devices.ptr[i]->class == dev->class &&
            device_has_key(s->devices.ptr[i], device_key(dev))) {
            device_free(s->devices.ptr[i]);
            vec_remove(&s->devices, i);
        }
    if (on)
        vec_push(&s->devices, device_copy(dev));
    return xguest_set_spec(g, s, e);
}

static void put_one(struct tx *t)
{
    xdev_put(t, t->arg);
}

static int plug(struct xguest *g, struct xdev *x, struct job *j, struct err *e)
{
    struct xdevs one = {x, 1, 1};
    struct tx t = {.g = g, .arg = x};

    if (set_device(g, x->device, true, e) < 0)
        return -1;
    fault_point("xen.attaching");
    if (tx_run(&t, put_one, e) < 0)
        return -1;
    fault_point("xen.attached");
    return xdevs_connect(g, &one, false, j, e);
}

static void unplug(struct xguest *g, struct xdev *x)
{
    struct xdevs one = {x, 1, 1};
    struct err e;

    if (xdevs_end(g, &one, false, NULL, &e) < 0 || set_device(g, x->device, false, &e) < 0)
        log_error("%s: giving back what was to be attached: %s", g->spec->name, e.msg);
}

/* As xenstore has it: its spec may have been told already. */
static int check_new(const struct xguest *g, const struct device *dev, struct err *e)
{
    struct xdevs same = {0};
    int r = find(g, dev, &same, e);

    if (r == 0 && same.len)
        r = err_set(e, ERR_EXISTS, "%s is already connected", device_key(dev));
    vec_clear(&same);
    return r;
}

static int check(struct xguest *g, const struct device *dev, struct job *j, struct err *e)
{
    xc_domaininfo_t info;

    if (xguest_info(g, &info, e) < 0 || xdev_check(dev, g->spec->type, e) < 0)
        return -1;
    if (!xdev_has_backend(dev, g->spec->type))
        return err_set(e, ERR_UNSUPPORTED, "%s: cannot come while the guest runs",
                       device_key(dev) ? device_key(dev) : "a screen");
    if (check_new(g, dev, e) < 0)
        return -1;
    return xdisk_check(g, dev, e) < 0 ? -1 : job_check(j, e);
}

int xen_attach(struct guest *guest, const struct device *dev, struct job *j, struct err *e)
{
    struct xguest *g = xguest_of(guest);
    unsigned next = 0;
    struct xdev x;

    if (check(g, dev, j, e) < 0)
        return -1;
    if (dev->class == DEVICE_VIF &&
        (next_vif(g, &next, e) < 0 || note_next_vif(g, next + 1, e) < 0))
        return -1;
    x = xdev_make(g, dev, next);
    if (plug(g, &x, j, e) == 0)
        return 0;
    unplug(g, &x);
    return -1;
}

/* A frontend that the guest has not looked at yet cannot answer, and has nothing to lose. */
static bool is_used(const struct xguest *g, const struct xdev *x)
{
    return get_number(g, x->frontend, "state") > DEVICE_INITIALISING;
}

int xen_detach(struct guest *guest, const struct device *dev, bool force, struct job *j,
               struct err *e)
{
    struct xguest *g = xguest_of(guest);
    struct xdevs one = {0};
    unsigned next;
    int r = dev->class == DEVICE_USBDEV
                ? err_set(e, ERR_UNSUPPORTED, "%s: cannot go while the guest runs", device_key(dev))
                : find(g, dev, &one, e);

    if (r == 0 && one.len && dev->class == DEVICE_VIF)
        r = next_vif(g, &next, e) < 0 ? -1 : note_next_vif(g, next, e);
    if (r == 0 && one.len)
        r = xdevs_end(g, &one, !force && is_used(g, one.ptr), force ? NULL : j, e);
    vec_clear(&one);
    return r < 0 ? -1 : set_device(g, dev, false, e);
}

/* Where the rings are is for people only; a vif with several queues has them one level below. */
static int ring(const struct xguest *g, const char *frontend, const char *name)
{
    AUTO(freep) char *below = xasprintf("queue-0/%s", name);
    int n = get_number(g, frontend, name);

    return n >= 0 ? n : get_number(g, frontend, below);
}

static void tell(const struct xguest *g, const struct xdev *x, device_sample_fn *each, void *arg)
{
    struct device_sample s = {
        .uuid = g->pub.uuid, .devid = x->id, .rx_ring = -1, .backend = x->backend};
    AUTO(freep) char *key = key_of(g, x, &s.class);
    int state = get_number(g, x->frontend, "state");

    if (!key)
        return;
    s.key = key;
    s.state = state < 0 ? DEVICE_UNKNOWN : state;
    s.ring = ring(g, x->frontend, s.class == DEVICE_VIF ? "tx-ring-ref" : "ring-ref");
    if (s.class == DEVICE_VIF)
        s.rx_ring = ring(g, x->frontend, "rx-ring-ref");
    s.event_channel = ring(g, x->frontend, "event-channel");
    if (s.event_channel < 0 && s.class == DEVICE_VIF)
        s.event_channel = ring(g, x->frontend, "event-channel-tx");
    each(arg, &s);
}

/* What tells where to look, of each guest, so that the lock is not held over xenstore. */
struct places VEC(struct xguest);

static void collect(struct xen *d, const char *uuid, struct places *out)
{
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.len; i++)
        if (!uuid || strcmp(d->guests.ptr[i]->pub.uuid, uuid) == 0)
            vec_push(out, ((struct xguest){.pub = d->guests.ptr[i]->pub, .d = d}));
    pthread_mutex_unlock(&d->lock);
}

int xen_devices(struct driver *driver, const char *uuid, device_sample_fn *each, void *arg,
                struct err *e)
{
    struct places places = {0};
    int r = 0;

    collect(xen_of(driver), uuid, &places);
    for (size_t i = 0; r == 0 && i < places.len; i++) {
        struct xdevs all = {0};

        r = xdevs_find(&places.ptr[i], &all, e);
        for (size_t k = 0; r == 0 && k < all.len; k++)
            tell(&places.ptr[i], &all.ptr[k], each, arg);
        vec_clear(&all);
    }
    vec_clear(&places);
    return r;
}
