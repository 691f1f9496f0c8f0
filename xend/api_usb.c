/* Handler of the host's USB devices: see API.md. */
#include <inttypes.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/usbhost.h"
#include "xend/api.h"
#include "xend/xend.h"

/* Those of guests that are devices of the host, as the driver tells, into {"1.4": uuid}. */
static void collect(void *arg, const struct device_sample *s)
{
    if (s->class == DEVICE_USBDEV && s->backend && strncmp(s->key, "host:", 5) == 0)
        value_set_str(arg, s->backend, s->uuid);
}

/* With the lock. */
static void set_user(struct xend *x, const struct value *by_place, struct value *device)
{
    AUTO(freep)
    char *place = xasprintf("%" PRId64 ".%" PRId64, value_get_int(device, "bus", 0),
                            value_get_int(device, "addr", 0));
    const char *uuid = value_get_str(by_place, place, NULL);
    const struct domain *d = uuid ? domain_find_uuid(x->domains, uuid) : NULL;

    value_set_str(device, "domain", d ? d->spec->name : NULL);
}

void api_usb(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(value_freep) struct value *by_place = value_map();
    struct err e;
    struct value *list = usbhost_list(&e), *v;

    (void)r;
    if (!list || (x->driver->ops->devices &&
                  x->driver->ops->devices(x->driver, NULL, collect, by_place, &e) < 0)) {
        value_free(list);
        reply_err(p, &e);
        return;
    }
    xend_lock(x);
    for (size_t i = 0; i < value_len(list); i++)
        set_user(x, by_place, value_at(list, i));
    xend_unlock(x);
    v = value_map();
    value_set_take(v, "devices", list);
    reply_json_take(p, 200, v);
}
