/* Guests that others have made: see foreign.h. */
#include "xend/foreign.h"

#include <string.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/console.h"
#include "xend/policy.h"
#include "xend/queue.h"
#include "xend/xend.h"

#define MAKE_WAY_MS 1000

/* In the table a name is one domain's. As the original called those without one. With the lock. */
static char *name_for(const struct xend *x, const char *name, const struct guest_change *c)
{
    const struct domain *d = domain_find_name(x->domains, name);
    struct err e;

    if (check_name(name, &e) == 0 && (!d || strcmp(d->uuid, c->uuid) == 0))
        return xstrdup(name);
    return xasprintf("Domain-%u", c->domid);
}

static void come(struct xend *x, const struct guest_change *c)
{
    AUTO(freep) char *name = xstrdup(c->spec->name);
    struct domain *d;
    struct err e;

    xend_lock(x);
    free(c->spec->name);
    c->spec->name = name_for(x, name, c);
    d = domain_add_take(x->domains, c->spec, &e);
    if (d) {
        d->foreign = true;
        d->guest = c->found;
        domain_started(x->domains, d, c->found);
        d->reason = c->reason;
        domain_set_state(x->domains, d,
                         c->state == GUEST_PAUSED     ? DOMAIN_PAUSED
                         : c->state == GUEST_SHUTDOWN ? DOMAIN_SHUTDOWN
                         : c->state == GUEST_CRASHED  ? DOMAIN_CRASHED
                                                      : DOMAIN_RUNNING);
    }
    xend_unlock(x);
    if (d) {
        log_info("domain=%s: others have made it, id %u", name, c->domid);
        return;
    }
    log_warn("domain=%s id %u, made by others, is not shown: %s", name, c->domid, e.msg);
    x->driver->ops->forget(c->found);
}

static void rename_it(struct xend *x, const struct guest_change *c)
{
    struct domain *d;
    struct err e;

    xend_lock(x);
    d = domain_find_uuid(x->domains, c->uuid);
    if (d && d->foreign && d->domid == c->domid) {
        struct spec *s = spec_copy(d->spec);

        free(s->name);
        s->name = name_for(x, c->name, c);
        if (domain_set_spec_take(x->domains, d, s, &e) < 0)
            log_warn("domain=%s: renamed by others: %s", d->spec->name, e.msg);
    }
    xend_unlock(x);
}

void foreign_changed(struct xend *x, const struct guest_change *c)
{
    if (c->found)
        come(x, c);
    else
        rename_it(x, c);
}

void foreign_gone(struct xend *x, struct domain *d)
{
    x->driver->ops->forget(d->guest);
    d->guest = NULL;
    console_guest_left(x->consoles, d);
    xend_lock(x);
    domain_stopped(x->domains, d);
    xend_unlock(x);
    domain_forget_if_transient(x, d);
}

/* The driver looks before xenstored has told it. */
static bool has_ended(struct xend *x, const struct domain *d)
{
    enum stop_reason reason;
    enum guest_state now = d->guest ? x->driver->ops->state(d->guest, &reason) : GUEST_GONE;

    return now == GUEST_GONE || now == GUEST_DYING;
}

void foreign_make_way(struct xend *x, const struct spec *s)
{
    int64_t until = now_ms() + MAKE_WAY_MS;
    struct domain *d = domain_find_name(x->domains, s->name);

    if (!d || !d->foreign)
        d = s->uuid ? domain_find_uuid(x->domains, s->uuid) : NULL;
    if (!d || !d->foreign || !has_ended(x, d))
        return;
    domain_ref(d);
    while (!d->removed && !queue_stopping(x->queue) && now_ms() < until)
        queue_wait(x->queue, until);
    domain_unref(d);
}
