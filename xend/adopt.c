/*
 * What a new xend does first: it finds the guests that run, gives each its record, and goes on with
 * what an earlier xend had begun.
 */
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/claims.h"
#include "xend/intent.h"
#include "xend/ops.h"
#include "xend/policy.h"
#include "xend/xend.h"

/* A guest that ended while no xend was there. */
static void note_missed_end(struct xend *x, struct domain *d, enum guest_state state,
                            enum stop_reason reason)
{
    struct guest_change c = {.uuid = d->uuid, .domid = d->domid, .state = state, .reason = reason};

    if (state == GUEST_SHUTDOWN && reason == STOP_SUSPEND) {
        d->state = DOMAIN_SHUTDOWN;
        d->reason = reason;
    } else {
        policy_note_end(x, d, &c);
    }
}

bool specs_ask_the_same(const struct spec *stored, const struct spec *running)
{
    AUTO(spec_freep) struct spec *s = spec_copy(running);
    AUTO(value_freep) struct value *a = spec_to_value(stored), *b = NULL;

    if (!stored->machine) {
        free(s->machine);
        s->machine = NULL;
    }
    b = spec_to_value(s);
    return value_equal(a, b);
}

/* The record of a guest that runs: a managed domain's own, or a new one. With the lock. */
static struct domain *record_of(struct xend *x, struct spec *s_take, struct err *e)
{
    AUTO(spec_freep) struct spec *s = s_take;
    struct domain *d = domain_find_uuid(x->domains, s->uuid);
    struct spec *stored;

    if (!d || d->guest)
        return domain_add_take(x->domains, steal(s), e);
    stored = spec_copy(d->spec);
    spec_fill_secrets(s, stored);
    if (domain_set_spec_take(x->domains, d, steal(s), e) < 0) {
        spec_free(stored);
        return NULL;
    }
    /* edited while no xend ran? the driver may know more of it, as the machine's full name */
    if (specs_ask_the_same(stored, d->spec))
        spec_free(stored);
    else
        d->next = stored;
    return d;
}

static void adopt(void *arg, struct guest *g_take, struct spec *s_take, enum guest_state state)
{
    AUTO(freep) char *name = xstrdup(s_take->name);
    uint32_t domid = g_take->domid;
    enum stop_reason reason = STOP_POWEROFF;
    struct xend *x = arg;
    struct domain *d;
    struct err e;

    x->driver->ops->state(g_take, &reason);
    xend_lock(x);
    d = record_of(x, s_take, &e);
    if (d) {
        d->guest = g_take;
        domain_started(x->domains, d, g_take);
        d->reboot_asked = true; /* perhaps: an earlier xend knew. So a reboot is not refused */
        d->state = state == GUEST_PAUSED ? DOMAIN_PAUSED : DOMAIN_RUNNING;
        if (state != GUEST_RUNNING && state != GUEST_PAUSED)
            note_missed_end(x, d, state, reason);
    }
    xend_unlock(x);
    if (d) {
        claims_note(x, d, d->spec); /* nobody else has begun yet */
        domain_find_screen(x, d);
        log_info("domain=%s: adopted, id %u, %s", name, domid, guest_state_name(state));
    } else {
        log_error("domain=%s id %u runs but cannot be adopted, it is left alone: %s", name, domid,
                  e.msg);
        x->driver->ops->forget(g_take);
    }
}

int ops_adopt(struct xend *x, struct err *e)
{
    if (x->driver->ops->scan(x->driver, adopt, x, e) < 0)
        return -1;
    intents_resume(x);
    return 0;
}
