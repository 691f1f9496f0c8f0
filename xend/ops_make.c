/* Queueing the job that makes a domain, for who asks (api_create.c) and for autostart. */
#include <string.h>

#include "libxl/base/mem.h"
#include "xend/devices.h"
#include "xend/foreign.h"
#include "xend/ops.h"
#include "xend/xend.h"

void spec_complete(struct xend *x, struct spec *s)
{
    char uuid[UUID_TEXT_SIZE];

    if (!s->uuid) {
        uuid_make(uuid);
        s->uuid = xstrdup(uuid);
    }
    devices_set_macs(x->domains, s);
}

/*
 * The managed domain that is meant: of that uuid, or of that name when none is given. One that
 * runs can be defined anew but not created; one that is suspended neither.
 */
static struct domain *find_managed(struct xend *x, const struct spec *s, bool start)
{
    struct err none;
    struct domain *d =
        s->uuid ? domain_find_uuid(x->domains, s->uuid) : domain_get(x->domains, s->name, &none);

    if (!d || !d->managed || d->state == DOMAIN_SUSPENDED ||
        (!s->uuid && strcmp(d->spec->name, s->name) != 0) ||
        (start && (d->domid != DOMID_NONE || d->first || d->running)))
        return NULL;
    return d;
}

struct task *domain_make_take(struct xend *x, struct spec *s_take, int64_t how, bool managed,
                              const char *by, struct err *e)
{
    AUTO(spec_freep) struct spec *s = s_take;
    struct value *again = NULL;
    struct domain *d;
    struct task *t;

    foreign_make_way(x, s);
    d = find_managed(x, s, how & CREATE_START);
    if (d) {
        if (!s->uuid)
            s->uuid = xstrdup(d->uuid);
        spec_complete(x, s);
        again = spec_to_value_secrets(s);
    } else {
        spec_complete(x, s);
        d = domain_add_take(x->domains, steal(s), e);
        if (!d)
            return NULL;
    }
    t = queue_add(x->queue, d, again || managed ? &op_new : &op_create, by, false);
    t->arg = how;
    t->arg_value = again;
    return t;
}
