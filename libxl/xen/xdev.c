/* What is written into xenstore for a device: see xdev.h, and the Xen headers io/netif.h, blkif.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libxl/xen/dm.h"

#define DISCARD_ON 1 /* among the words of disk.discard */

static bool is_dom0(const char *backend)
{
    return !backend || strcmp(backend, "0") == 0 || strcmp(backend, "Domain-0") == 0;
}

static int check_disk(const struct disk *k, int type, struct err *e)
{
    if ((!k->target || !k->type) && !(type == TYPE_HVM && k->devtype == DISK_CDROM))
        return err_set(e, ERR_UNSUPPORTED, "disk %s: an empty drive: not for a PV guest", k->vdev);
    if (!is_dom0(k->backend))
        return err_set(e, ERR_UNSUPPORTED, "disk %s: backend %s: only dom0 serves disks, so far",
                       k->vdev, k->backend);
    if (k->format && strcmp(k->format, "raw") != 0)
        return err_set(e, ERR_UNSUPPORTED,
                       "disk %s: format %s: dom0's kernel serves raw disks only", k->vdev,
                       k->format);
    if (vdev_number(k->vdev) > INT32_MAX)
        return err_set(e, ERR_UNSUPPORTED, "disk %s: use a name such as xvda", k->vdev);
    return 0;
}

static int check_vif(const struct vif *v, struct err *e)
{
    if (!is_dom0(v->backend))
        return err_set(e, ERR_UNSUPPORTED, "vif: backend %s: only dom0 serves networks, so far",
                       v->backend);
    if (v->type && (strcmp(v->type, "user") == 0))
        return err_set(e, ERR_UNSUPPORTED, "vif: type user: the qemu driver's only");
    return 0;
}

bool xdev_has_backend(const struct device *device, int type)
{
    if (device->class == DEVICE_DISK)
        return type != TYPE_HVM || device->disk.devtype != DISK_CDROM;
    return device->class == DEVICE_VIF;
}

int xdev_check(const struct device *device, int type, struct err *e)
{
    AUTO(freep) char *text = NULL;

    if (device->class == DEVICE_DISK)
        return check_disk(&device->disk, type, e);
    if (device->class == DEVICE_VFB)
        return 0;
    if (device->class == DEVICE_VIF)
        return check_vif(&device->vif, e);
    if (device->class == DEVICE_USBDEV && device_key(device)) /* usbdevice=: the device model's */
        return 0;
    text = device_to_xm(device);
    return err_set(e, ERR_UNSUPPORTED, "%s %s: the xen driver has no such devices yet",
                   device_class_name(device->class), text);
}

static struct xdev make(const struct xguest *g, const char *kind, unsigned id)
{
    struct xdev x = {.id = id};

    snprintf(x.kind, sizeof(x.kind), "%s", kind);
    snprintf(x.backend, sizeof(x.backend), XDEV_BACKENDS "/%s/%u/%u", x.kind, g->pub.domid, x.id);
    snprintf(x.frontend, sizeof(x.frontend), "/local/domain/%u/device/%s/%u", g->pub.domid, x.kind,
             x.id);
    return x;
}

struct xdev xdev_make(const struct xguest *g, const struct device *d, unsigned vif_id)
{
    bool disk = d->class == DEVICE_DISK;
    struct xdev x =
        make(g, disk ? "vbd" : "vif", disk ? (unsigned)vdev_number(d->disk.vdev) : vif_id);

    x.device = d;
    return x;
}

void xdevs_of_screen(const struct xguest *g, struct xdevs *out)
{
    if (!dm_serves_screen(g->spec))
        return;
    vec_push(out, make(g, "vkbd", 0));
    vec_push(out, make(g, "vfb", 0));
}

void xdevs_of_spec(const struct xguest *g, struct xdevs *out)
{
    const struct devices *v = &g->spec->devices;
    unsigned n_vifs = 0;

    for (size_t i = 0; i < v->len; i++) {
        if (xdev_has_backend(v->ptr[i], g->spec->type))
            vec_push(out, xdev_make(g, v->ptr[i], n_vifs));
        n_vifs += v->ptr[i]->class == DEVICE_VIF;
    }
}

/* What goes into the two directories of a device: name to text, in this order. */
struct halves {
    const struct xguest *g;
    const struct xdev *x;
    struct value *front, *back;
};

static void __attribute__((format(printf, 3, 4)))
set(struct value *half, const char *name, const char *fmt, ...)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    value_set_str(half, name, buf_str(&text));
}

char *xdev_script(const struct xguest *g, const struct device *d)
{
    bool disk = d->class == DEVICE_DISK;
    const char *own = disk ? d->disk.script : d->vif.script, *text = g->d->vif_script;
    AUTO(freep) char *name = NULL;

    if (own || disk)
        return hotplug_path(g->d->scripts_dir, own ? own : "block");
    name = xstrndup(text, strcspn(text, " ")); /* further words are for the script when it runs */
    return hotplug_path(g->d->scripts_dir, name);
}

static void set_vbd(struct halves *h)
{
    static const char *const modes[] = {
        [DISK_READ] = "r", [DISK_WRITE] = "w", [DISK_WRITE_SHARED] = "w!"};
    const struct disk *k = &h->x->device->disk;
    bool phy = strcmp(k->type, "phy") == 0;

    set(h->front, "virtual-device", "%u", h->x->id);
    set(h->front, "device-type", "%s", k->devtype == DISK_CDROM ? "cdrom" : "disk");
    value_set_str(h->front, "protocol", k->protocol);
    set(h->back, "dev", "%s", k->vdev);
    set(h->back, "type", "%s", phy || *k->type == 't' ? (phy ? "phy" : "file") : k->type);
    set(h->back, "params", "%s%s", phy && *k->target != '/' ? "/dev/" : "", k->target);
    set(h->back, "mode", "%s", modes[k->mode]);
    if (k->discard)
        set(h->back, "discard-enable", "%d", k->discard == DISCARD_ON);
}

static void set_vif(struct halves *h)
{
    const struct vif *v = &h->x->device->vif;
    AUTO(freep) char *bridge = vif_bridge(v);
    uint64_t bytes, usec;

    set(h->front, "handle", "%u", h->x->id);
    set(h->front, "mac", "%s", v->mac);
    set(h->back, "handle", "%u", h->x->id);
    set(h->back, "mac", "%s", v->mac);
    value_set_str(h->back, "type", v->type);
    value_set_str(h->back, "bridge", bridge);
    value_set_str(h->back, "ip", v->ip);
    value_set_str(h->back, "vifname", v->vifname);
    value_set_str(h->back, "gatewaydev", v->gatewaydev);
    value_set_str(h->back, "filter", v->filter);
    if (v->mtu) {
        set(h->back, "mtu", "%" PRId64, v->mtu);
        set(h->front, "mtu", "%" PRId64, v->mtu);
    }
    if (vif_rate(v, &bytes, &usec))
        set(h->back, "rate", "%" PRIu64 ",%" PRIu64, bytes, usec);
}

/* What the original wrote; but the password is nobody's to read. */
static void set_vfb(struct halves *h)
{
    struct screen sc;
    bool vnc = screen_of(h->g->spec, &sc);

    set(h->back, "vnc", "%d", vnc);
    set(h->back, "vncunused", "%d", sc.unused);
    value_set_str(h->back, "vnclisten", sc.listen);
    value_set_str(h->back, "keymap", sc.keymap);
    if (sc.display >= 0)
        set(h->back, "vncdisplay", "%" PRId64, sc.display);
    if (sc.videoram)
        set(h->back, "videoram", "%" PRId64, sc.videoram);
}

static const struct {
    const char *kind;
    void (*set)(struct halves *h);
} kinds[] = {{"vbd", set_vbd}, {"vif", set_vif}, {"vfb", set_vfb}};

/* The states are those of io/xenbus.h: 1 is Initialising. */
static struct halves halves_of(const struct xguest *g, const struct xdev *x)
{
    AUTO(freep) char *script = x->device ? xdev_script(g, x->device) : NULL;
    struct halves h = {g, x, value_map(), value_map()};

    set(h.front, "backend", "%s", x->backend);
    set(h.front, "backend-id", "0");
    set(h.front, "state", "1");
    set(h.back, "domain", "%s", g->spec->name);
    set(h.back, "frontend", "%s", x->frontend);
    set(h.back, "frontend-id", "%u", g->pub.domid);
    set(h.back, "state", "1");
    set(h.back, "online", "1");
    value_set_str(h.back, "script", script);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].kind, x->kind) == 0)
            kinds[i].set(&h);
    return h;
}

struct value *xdev_backend_nodes(const struct xguest *g, const struct xdev *x)
{
    struct halves h = halves_of(g, x);

    value_free(h.front);
    return h.back;
}

/* The first node makes the directory, and is no guest's to write: what it names is not, either. */
static void put_half_take(struct tx *t, const char *dir, struct value *half, enum rights rights)
{
    for (size_t i = 0; i < value_len(half); i++) {
        AUTO(freep) char *path = xasprintf("%s/%s", dir, value_key(half, i));

        tx_put(t, path, "%s", value_as_str(value_at(half, i)));
        if (i == 0)
            tx_set_rights(t, dir, rights);
    }
    value_free(half);
}

void xdev_put(struct tx *t, const struct xdev *x)
{
    struct halves h = halves_of(t->g, x);

    put_half_take(t, x->frontend, h.front, GUEST_OWNS_DOM0);
    put_half_take(t, x->backend, h.back, GUEST_READS);
}
