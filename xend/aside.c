/*
 * rename-restart: the guest that has ended is kept under a new name and uuid, to be looked at,
 * while its domain starts again under the old ones. Called by policy.c.
 */
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/console.h"
#include "xend/policy.h"
#include "xend/xend.h"

/* What the dead one is from now on: nothing follows its end any more, and it has no disks. */
static struct spec *dead_spec(struct xend *x, const struct domain *d)
{
    char uuid[UUID_TEXT_SIZE];
    struct spec *s;

    uuid_make(uuid);
    xend_lock(x);
    s = spec_copy(d->spec);
    xend_unlock(x);
    free(s->uuid);
    free(s->name);
    s->uuid = xstrdup(uuid);
    s->name = xasprintf("Domain-%s", uuid);
    s->on_poweroff = s->on_reboot = s->on_crash = END_PRESERVE;
    s->autostart = false;
    for (size_t i = s->devices.len; i-- > 0;) {
        if (s->devices.ptr[i]->class == DEVICE_VFB)
            continue;
        device_free(s->devices.ptr[i]);
        vec_remove(&s->devices, i);
    }
    return s;
}

/* With the lock: the record of the dead one, which has its guest at once. */
static int move_guest(struct xend *x, struct domain *d, const struct spec *s, bool crashed,
                      struct err *e)
{
    struct domain *dead = domain_add_take(x->domains, spec_copy(s), e);

    if (!dead)
        return -1; /* then it is the old one's still, and ends with it */
    log_info("Renaming dead domain %s (%u, %s) to %s (%s).", d->spec->name, d->domid, d->uuid,
             s->name, s->uuid);
    domain_move_guest(x->domains, d, dead, crashed ? DOMAIN_CRASHED : DOMAIN_SHUTDOWN);
    return 0;
}

int domain_keep_dead(struct xend *x, struct domain *d, bool crashed, struct err *e)
{
    AUTO(spec_freep) struct spec *s = NULL;
    int r;

    if (!x->driver->ops->set_aside)
        return driver_lacks(x->driver, "way to keep a dead guest", e);
    s = dead_spec(x, d);
    console_guest_left(x->consoles, d);
    fault_point("aside.begin");
    if (x->driver->ops->set_aside(d->guest, s, e) < 0)
        return -1;
    fault_point("aside.done");
    domain_find_screen(x, d); /* which is at another place now, and goes with it */
    xend_lock(x);
    r = move_guest(x, d, s, crashed, e);
    xend_unlock(x);
    return r;
}
