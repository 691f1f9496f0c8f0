/*
 * Jobs that change what a domain is plugged into while it runs, or what a managed one will be:
 * attach, detach, another image in a CD-ROM drive. The guest first, then the spec, under an intent:
 * a xend that finds one takes back an attach, goes on with a detach and puts the old image back.
 */
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/claims.h"
#include "xend/devices.h"
#include "xend/intent.h"
#include "xend/ops.h"
#include "xend/policy.h"
#include "xend/vnet.h"
#include "xend/xend.h"

/* {"class","device"} of a job or an intent. */
struct device *device_of_job(const struct value *v, struct err *e)
{
    AUTO(problems_clear) struct problems faults = {0};
    int class = device_class_find(value_get_str(v, "class", ""));
    const struct value *map = value_get(v, "device");
    struct device *d = NULL;

    if (class >= 0 && map)
        d = device_from_value((enum device_class) class, map, "/device", &faults);
    if (!d && faults.len)
        problems_to_err(&faults, e);
    else if (!d)
        err_set(e, ERR_INVALID, "request body: \"class\" and \"device\" are needed");
    return d;
}

struct value *device_job_value(const struct device *dev)
{
    struct value *v = value_map();

    value_set_str(v, "class", device_class_name(dev->class));
    value_set_take(v, "device", device_to_value(dev));
    return v;
}

static int write_intent(struct xend *x, const struct domain *d, enum intent_op op,
                        const struct device *dev, bool force, struct err *e)
{
    AUTO(value_freep) struct value *v = device_job_value(dev);
    struct intent_more more = {.device = v, .force = force};

    return d->guest ? intent_write_more(x, d, op, &more, e) : 0;
}

/* The device that is asked for, complete, and in s, where everything about it can be checked. */
static struct device *add_to_spec(struct xend *x, struct task *t, struct spec *s, struct err *e)
{
    AUTO(problems_clear) struct problems faults = {0};
    struct device *dev = device_of_job(t->arg_value, e);

    if (!dev)
        return NULL;
    if (device_key(dev) && devices_find(&s->devices, dev->class, device_key(dev))) {
        err_set(e, ERR_EXISTS, "Device %s (%s) is already connected.", device_key(dev),
                device_short_name(dev->class));
        device_free(dev);
        return NULL;
    }
    vec_push(&s->devices, dev);
    xend_lock(x);
    devices_set_macs(x->domains, s);
    xend_unlock(x);
    spec_check(s, &faults);
    if (!faults.len)
        return dev;
    problems_to_err(&faults, e);
    return NULL;
}

/* A disk that a guest is to get. */
static int claim(struct xend *x, struct domain *d, const struct device *dev, struct err *e)
{
    struct disk room;
    const struct disk *k = device_disk(dev, &room);

    return d->guest && k ? claims_add(x, d, k, e) : 0;
}

static void unclaim(struct xend *x, struct domain *d, const struct device *dev, bool newest)
{
    struct disk room;
    const struct disk *k = device_disk(dev, &room);

    if (!k)
        return;
    xend_lock(x);
    claims_remove(d, k->vdev, newest);
    xend_unlock(x);
}

/* t->result: the device as it will be, from when its disk is claimed. */
static int plan_attach(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                       struct err *e)
{
    struct device *dev = NULL;

    if (!(dev = add_to_spec(x, t, s, e)) || write_intent(x, d, INTENT_ATTACH, dev, false, e) < 0 ||
        claim(x, d, dev, e) < 0)
        return -1;
    t->result = device_job_value(dev);
    return 0;
}

static int attach(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(device_freep) struct device *dev = device_of_job(t->result, e);
    AUTO(spec_freep) struct spec *s = spec_new(); /* vnet_need looks at the devices only */

    if (!dev)
        return -1;
    vec_push(&s->devices, device_copy(dev));
    fault_point("attach.begin");
    if (vnet_need(x, s, e) < 0 || x->driver->ops->attach(d->guest, dev, &t->job, e) < 0)
        return err_add(e, "Device %s (%s) could not be connected", device_key(dev),
                       device_short_name(dev->class));
    fault_point("attach.done");
    return 0;
}

static int run_attach(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    bool possible = x->driver->ops->attach && x->driver->ops->detach;
    int r = op_change(x, d, t, plan_attach, attach, possible, e);

    if (r < 0 && t->result) {
        struct err none;
        AUTO(device_freep) struct device *dev = device_of_job(t->result, &none);

        if (dev)
            unclaim(x, d, dev, true);
        value_free(t->result);
        t->result = NULL;
    }
    intent_clear(x, t->uuid);
    return r;
}

/* What the job names, as the driver or the spec knows it; a new one. */
static struct device *find_device(struct xend *x, const struct domain *d, const struct task *t,
                                  const struct spec *s, struct err *e)
{
    enum device_class class =
        (enum device_class)device_class_find(value_get_str(t->arg_value, "class", ""));
    const char *key = value_get_str(t->arg_value, "key", "");
    AUTO(known_devices_clear) struct known_devices all = {0};
    const struct known_device *k;
    struct device *dev;

    if (known_devices_get(x, d->uuid, d->guest != NULL, s, &all, e) < 0)
        return NULL;
    k = known_device_find(&all, class, key, e);
    if (!k)
        return NULL;
    dev = devices_find(&s->devices, class, k->key);
    if (dev)
        return device_copy(dev);
    dev = device_new(class); /* of an attach that never got into the spec: its key is enough */
    if (class == DEVICE_DISK)
        dev->disk.vdev = xstrdup(k->key);
    else if (class == DEVICE_VIF)
        dev->vif.mac = xstrdup(k->key);
    else if (class == DEVICE_USBDEV)
        dev->usbdev.device = xstrdup(k->key);
    return dev;
}

/* A recovery names the device as a whole, and does not mind that it is gone. */
static int plan_detach(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                       struct err *e)
{
    bool recovers = value_get(t->arg_value, "device") != NULL;
    AUTO(device_freep) struct device *dev = NULL;

    dev = recovers ? device_of_job(t->arg_value, e) : find_device(x, d, t, s, e);
    if (!dev || (!recovers && write_intent(x, d, INTENT_DETACH, dev, t->arg, e) < 0))
        return -1;
    devices_remove(&s->devices, dev->class, device_key(dev));
    t->result = device_job_value(dev);
    return 0;
}

static int detach(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(device_freep) struct device *dev = device_of_job(t->result, e);

    if (!dev)
        return -1;
    fault_point("detach.begin");
    if (x->driver->ops->detach(d->guest, dev, t->arg, &t->job, e) < 0) {
        if (e->code == ERR_TIMEOUT && !e->hint[0])
            err_hint(e, "It may still let go later; with --force it is taken away at once.");
        return err_add(e, "Device %s (%s) could not be disconnected", device_key(dev),
                       device_short_name(dev->class));
    }
    fault_point("detach.done");
    unclaim(x, d, dev, true);
    return 0;
}

static int run_detach(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    int r = op_change(x, d, t, plan_detach, detach, x->driver->ops->detach != NULL, e);

    if (r < 0) {
        value_free(t->result);
        t->result = NULL;
    }
    intent_clear(x, t->uuid);
    return r;
}

/* What is in the drive is another file from now on; the drive stays what it is. */
static void put_media(struct disk *drive, const struct disk *media)
{
    char **const to[] = {&drive->type, &drive->format, &drive->tapdisk, &drive->target,
                         &drive->script};
    char *const from[] = {media->type, media->format, media->tapdisk, media->target, media->script};

    for (size_t i = 0; i < ARRAY_LEN(to); i++) {
        free(*to[i]);
        *to[i] = xstrdup_null(from[i]);
    }
}

static struct device *find_drive(const struct spec *s, const struct device *media, struct err *e)
{
    struct device *drive = devices_find(&s->devices, DEVICE_DISK, media->disk.vdev);

    if (!drive)
        err_set(e, ERR_NOT_FOUND, "Device %s (vbd) is not connected", media->disk.vdev);
    else if (drive->disk.devtype == DISK_CDROM)
        return drive;
    else
        err_set(e, ERR_UNSUPPORTED, "%s: only the medium of a CD-ROM drive can be changed",
                media->disk.vdev);
    return NULL;
}

/* t->result: the drive as it will be, from when its image is claimed. */
static int plan_media(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                      struct err *e)
{
    AUTO(device_freep) struct device *media = device_of_job(t->arg_value, e), *before = NULL;
    struct device *drive = NULL;

    if (!media || !(drive = find_drive(s, media, e)))
        return -1;
    before = device_copy(drive);
    if (!t->arg && write_intent(x, d, INTENT_MEDIA, before, false, e) < 0)
        return -1;
    put_media(&drive->disk, &media->disk);
    if (claim(x, d, drive, e) < 0)
        return -1;
    t->result = device_job_value(drive);
    return 0;
}

static int set_media(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    AUTO(device_freep) struct device *drive = device_of_job(t->result, e);

    if (!drive)
        return -1;
    fault_point("media.begin");
    if (x->driver->ops->set_media(d->guest, &drive->disk, &t->job, e) < 0)
        return err_add(e, "drive %s", drive->disk.vdev);
    fault_point("media.done");
    unclaim(x, d, drive, false); /* of the old one */
    return 0;
}

static int run_media(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    int r = op_change(x, d, t, plan_media, set_media, x->driver->ops->set_media != NULL, e);

    if (r < 0 && t->result) {
        struct err none;
        AUTO(device_freep) struct device *drive = device_of_job(t->result, &none);

        if (d->guest && drive)
            unclaim(x, d, drive, true);
        value_free(t->result);
        t->result = NULL;
    }
    intent_clear(x, t->uuid);
    return r;
}

const struct task_kind op_attach = {
    .name = "attach", .verb = "attach a device to", .run = run_attach};
const struct task_kind op_detach = {
    .name = "detach", .verb = "detach a device from", .run = run_detach};
const struct task_kind op_media = {.name = "media", .verb = "change a medium of", .run = run_media};
