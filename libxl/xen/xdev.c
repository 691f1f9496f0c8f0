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

static void __attribute__((format(printf, 4, 5)))
put(struct tx *t, const char *dir, const char *name, const char *fmt, ...)
{
    AUTO(freep) char *path = xasprintf("%s/%s", dir, name);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    tx_put(t, path, "%s", buf_str(&text));
}

static void put_if(struct tx *t, const char *dir, const char *name, const char *text)
{
    if (text)
        put(t, dir, name, "%s", text);
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

static void put_vbd(struct tx *t, const struct xdev *x)
{
    static const char *const modes[] = {
        [DISK_READ] = "r", [DISK_WRITE] = "w", [DISK_WRITE_SHARED] = "w!"};
    const struct disk *k = &x->device->disk;
    bool phy = strcmp(k->type, "phy") == 0;

    put(t, x->frontend, "virtual-device", "%u", x->id);
    put(t, x->frontend, "device-type", "%s", k->devtype == DISK_CDROM ? "cdrom" : "disk");
    put_if(t, x->frontend, "protocol", k->protocol);
    put(t, x->backend, "dev", "%s", k->vdev);
    put(t, x->backend, "type", "%s", phy || *k->type == 't' ? (phy ? "phy" : "file") : k->type);
    put(t, x->backend, "params", "%s%s", phy && *k->target != '/' ? "/dev/" : "", k->target);
    put(t, x->backend, "mode", "%s", modes[k->mode]);
    if (k->discard)
        put(t, x->backend, "discard-enable", "%d", k->discard == DISCARD_ON);
}

static void put_vif(struct tx *t, const struct xdev *x)
{
    const struct vif *v = &x->device->vif;
    AUTO(freep) char *bridge = vif_bridge(v);
    uint64_t bytes, usec;

    put(t, x->frontend, "handle", "%u", x->id);
    put(t, x->frontend, "mac", "%s", v->mac);
    put(t, x->backend, "handle", "%u", x->id);
    put(t, x->backend, "mac", "%s", v->mac);
    put(t, x->backend, "type", "vif");
    put_if(t, x->backend, "bridge", bridge);
    put_if(t, x->backend, "ip", v->ip);
    put_if(t, x->backend, "vifname", v->vifname);
    put_if(t, x->backend, "gatewaydev", v->gatewaydev);
    put_if(t, x->backend, "filter", v->filter);
    if (v->mtu) {
        put(t, x->backend, "mtu", "%" PRId64, v->mtu);
        put(t, x->frontend, "mtu", "%" PRId64, v->mtu);
    }
    if (vif_rate(v, &bytes, &usec))
        put(t, x->backend, "rate", "%" PRIu64 ",%" PRIu64, bytes, usec);
}

/* What the original wrote; but the password is nobody's to read. */
static void put_vfb(struct tx *t, const struct xdev *x)
{
    struct screen sc;
    bool vnc = screen_of(t->g->spec, &sc);

    put(t, x->backend, "vnc", "%d", vnc);
    put(t, x->backend, "vncunused", "%d", sc.unused);
    put_if(t, x->backend, "vnclisten", sc.listen);
    put_if(t, x->backend, "keymap", sc.keymap);
    if (sc.display >= 0)
        put(t, x->backend, "vncdisplay", "%" PRId64, sc.display);
    if (sc.videoram)
        put(t, x->backend, "videoram", "%" PRId64, sc.videoram);
}

static const struct {
    const char *kind;
    void (*put)(struct tx *t, const struct xdev *x);
} kinds[] = {{"vbd", put_vbd}, {"vif", put_vif}, {"vfb", put_vfb}};

/* The states are those of io/xenbus.h: 1 is Initialising. */
void xdev_put(struct tx *t, const struct xdev *x)
{
    AUTO(freep) char *script = x->device ? xdev_script(t->g, x->device) : NULL;

    tx_put_dir(t, x->frontend, GUEST_OWNS_DOM0);
    put(t, x->frontend, "backend", "%s", x->backend);
    put(t, x->frontend, "backend-id", "0");
    put(t, x->frontend, "state", "1");
    tx_put_dir(t, x->backend, GUEST_READS);
    put(t, x->backend, "domain", "%s", t->g->spec->name);
    put(t, x->backend, "frontend", "%s", x->frontend);
    put(t, x->backend, "frontend-id", "%u", t->g->pub.domid);
    put(t, x->backend, "state", "1");
    put(t, x->backend, "online", "1");
    put_if(t, x->backend, "script", script);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].kind, x->kind) == 0)
            kinds[i].put(t, x);
}
