/* Handlers of devices: the list of a domain's, attach, detach, media: see API.md. */
#include <string.h>
#include <strings.h>

#include "libxl/base/buf.h"
#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/devices.h"
#include "xend/ops.h"
#include "xend/xend.h"

static struct value *number_or_nil(bool known, int64_t n)
{
    return known && n >= 0 ? value_int(n) : value_nil();
}

static struct value *device_row(const struct known_device *k, const struct spec *s)
{
    const struct device *config = devices_find(&s->devices, k->class, k->key);
    struct value *v = value_map();

    value_set_str(v, "class", device_class_name(k->class));
    value_set_str(v, "key", k->key);
    value_set_int(v, "devid", k->devid);
    value_set_bool(v, "live", k->live);
    value_set_take(v, "backend_id", number_or_nil(k->live, k->backend_id));
    value_set_take(v, "state", number_or_nil(k->live, k->state));
    value_set_take(v, "event_channel", number_or_nil(k->live, k->event_channel));
    value_set_take(v, "ring", number_or_nil(k->live, k->ring));
    value_set_take(v, "rx_ring", number_or_nil(k->live, k->rx_ring));
    value_set_take(v, "backend", k->backend ? value_str(k->backend) : value_nil());
    if (!config && !*k->key && k->devid >= 0) /* of a class without names: by its place */
        config = devices_nth(&s->devices, k->class, (size_t)k->devid);
    value_set_take(v, "config", config ? device_to_value(config) : value_nil());
    return v;
}

/* What the answer is made of; filled with the lock, for the driver is asked without. */
struct subject {
    char uuid[UUID_TEXT_SIZE];
    struct spec *spec;
    uint32_t domid;
};

static int find_subject(struct xend *x, const char *name, struct subject *out, struct err *e)
{
    struct domain *d;

    xend_lock(x);
    d = domain_get(x->domains, name, e);
    if (d) {
        memcpy(out->uuid, d->uuid, sizeof(out->uuid));
        out->spec = spec_copy(d->spec);
        out->domid = d->domid;
    }
    xend_unlock(x);
    return d ? 0 : -1;
}

/* -1: all classes; -2: no class has this name. */
static int class_wanted(const char *name, struct err *e)
{
    int class = name ? device_class_find(name) : -1;

    if (name && class < 0) {
        err_set(e, ERR_INVALID, "class: '%.40s' is no class of devices", name);
        err_hint(e, "disk, vif, vfb, pci, ...");
        return -2;
    }
    return class;
}

void api_domain_devices(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(known_devices_clear) struct known_devices all = {0};
    struct subject d = {0};
    struct value *v, *list;
    struct err e;
    int class = class_wanted(request_query(r, "class"), &e);

    if (class == -2 || find_subject(x, r->args[0], &d, &e) < 0 ||
        known_devices_get(x, d.uuid, d.domid != DOMID_NONE, d.spec, &all, &e) < 0) {
        spec_free(d.spec);
        reply_err(p, &e);
        return;
    }
    v = value_map();
    list = value_list();
    value_set_str(v, "name", d.spec->name);
    value_set_str(v, "uuid", d.uuid);
    value_set_take(v, "domid", d.domid == DOMID_NONE ? value_nil() : value_int(d.domid));
    for (size_t i = 0; i < all.len; i++)
        if (class == -1 || all.ptr[i].class == (enum device_class) class)
            value_add_take(list, device_row(&all.ptr[i], d.spec));
    value_set_take(v, "devices", list);
    spec_free(d.spec);
    reply_json_take(p, 200, v);
}

/* The device of a body, of the classes that can come and go; NULL after an error reply. */
static struct device *read_device(const struct value *body, int class, struct reply *p)
{
    AUTO(problems_clear) struct problems faults = {0};
    const struct value *map = value_get(body, "device");
    struct device *dev;
    struct err e;

    if (class != DEVICE_DISK && class != DEVICE_VIF && class != DEVICE_PCI &&
        class != DEVICE_USBDEV) {
        err_set(&e, ERR_INVALID, "class: a device of this kind cannot be attached or detached");
        err_hint(&e, "disk, vif, pci or usbdev");
        reply_err(p, &e);
        return NULL;
    }
    if (!map) {
        err_set(&e, ERR_INVALID, "request body: \"device\" is needed");
        reply_err(p, &e);
        return NULL;
    }
    dev = device_from_value((enum device_class) class, map, "/device", &faults);
    if (!dev)
        reply_problems(p, &faults);
    return dev;
}

void api_domain_attach(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    AUTO(device_freep) struct device *dev = NULL;
    const char *name;
    struct err e;

    body = request_json(r, &e);
    if (!body) {
        reply_err(p, &e);
        return;
    }
    name = value_get_str(body, "class", "");
    dev = read_device(body, device_class_find(name), p);
    if (dev)
        act_take(x, r, p, &op_attach, 0, device_job_value(dev));
}

/* The server leaves slashes escaped, for they end a part of a path; here they are a file's. */
static struct value *device_arg(const char *text)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    for (; *text; text++)
        if (strncasecmp(text, "%2f", 3) == 0) {
            buf_addc(&b, '/');
            text += 2;
        } else {
            buf_addc(&b, *text);
        }
    return value_str(buf_str(&b));
}

void api_domain_detach(struct xend *x, struct request *r, struct reply *p)
{
    const char *force = request_query(r, "force");
    int class = device_class_find(r->args[1]);
    struct value *v;
    struct err e;

    if (class < 0) {
        err_set(&e, ERR_NOT_FOUND, "'%.40s' is no class of devices", r->args[1]);
    } else if (force && parse_bool(force) < 0) {
        err_set(&e, ERR_INVALID, "force: '%.40s' is neither true nor false", force);
    } else {
        v = value_map();
        value_set_str(v, "class", r->args[1]);
        value_set_take(v, "key", device_arg(r->args[2]));
        act_take(x, r, p, &op_detach, force && parse_bool(force) == 1, v);
        return;
    }
    reply_err(p, &e);
}

void api_domain_media(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *body = NULL;
    AUTO(device_freep) struct device *dev = NULL;
    struct err e;

    body = request_json(r, &e);
    if (!body) {
        reply_err(p, &e);
        return;
    }
    dev = read_device(body, DEVICE_DISK, p);
    if (dev)
        act_take(x, r, p, &op_media, 0, device_job_value(dev));
}
