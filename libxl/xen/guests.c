/*
 * Who is there: the list of our guests, and Xen's list of all domains, which one hypercall tells
 * whole; how the two are matched, and what Xen's flags mean.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/xen/dm.h"

#define ROOM_MIN 64 /* doubled until all domains fit, and remembered */

struct xguest *xguest_new(struct xen *d, const struct spec *s)
{
    struct xguest *g = xcalloc(1, sizeof(*g));

    g->pub.driver = &d->pub;
    g->d = d;
    g->spec = spec_copy(s);
    g->console_name = xstrdup(s->name);
    g->state = GUEST_PAUSED;
    g->dm.pidfd = -1;
    return g;
}

void xguest_free(struct xguest *g)
{
    dm_forget(g);
    spec_free(g->spec);
    free(g->console_name);
    free(g->why);
    free(g);
}

static struct spec *swap_spec(struct xguest *g, struct spec *s)
{
    struct spec *before;

    pthread_mutex_lock(&g->d->lock);
    before = g->spec;
    g->spec = s;
    pthread_mutex_unlock(&g->d->lock);
    return before;
}

int xguest_set_spec(struct xguest *g, struct spec *s_take, struct err *e)
{
    struct spec *before = swap_spec(g, s_take);
    int r = g->pub.foreign ? 0 : xstate_save(g, true, e);

    spec_free(r < 0 ? swap_spec(g, before) : before);
    return r;
}

static void take_out(struct xguests *v, const struct xguest *g)
{
    for (size_t i = 0; i < v->len; i++)
        if (v->ptr[i] == g) {
            vec_remove(v, i);
            break;
        }
}

void xguest_list(struct xguest *g)
{
    pthread_mutex_lock(&g->d->lock);
    vec_push(&g->d->guests, g);
    pthread_mutex_unlock(&g->d->lock);
}

void xguest_unlist(struct xguest *g)
{
    pthread_mutex_lock(&g->d->lock);
    take_out(&g->d->guests, g);
    pthread_mutex_unlock(&g->d->lock);
}

void xguest_begin(struct xguest *g)
{
    pthread_mutex_lock(&g->d->lock);
    vec_push(&g->d->making, g);
    pthread_mutex_unlock(&g->d->lock);
}

void xguest_began(struct xguest *g)
{
    pthread_mutex_lock(&g->d->lock);
    take_out(&g->d->making, g);
    pthread_mutex_unlock(&g->d->lock);
}

void watch_wake(struct xen *d)
{
    const uint64_t one = 1;

    if (write(d->wake_fd, &one, sizeof(one)) < 0)
        abort(); /* an eventfd takes 2^64 - 2 of these */
}

void xguest_become(struct xguest *g, enum guest_state state, enum stop_reason reason)
{
    struct xchange c = {.domid = g->pub.domid, .state = state, .reason = reason};

    if (g->state == state)
        return;
    g->state = state;
    g->reason = reason;
    memcpy(c.uuid, g->pub.uuid, sizeof(c.uuid));
    c.detail = g->why;
    g->why = NULL;
    vec_push(&g->d->changes, c);
    watch_wake(g->d);
}

/* Xen keeps a uuid as 16 bytes and calls it the domain's handle. */
void handle_from_uuid(xen_domain_handle_t handle, const char *uuid)
{
    for (size_t i = 0; i < sizeof(xen_domain_handle_t); i++, uuid += 2) {
        char digits[3];

        uuid += *uuid == '-';
        memcpy(digits, uuid, 2);
        digits[2] = '\0';
        handle[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

void uuid_from_handle(char uuid[UUID_TEXT_SIZE], const xen_domain_handle_t handle)
{
    for (size_t i = 0, at = 0; i < sizeof(xen_domain_handle_t); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            uuid[at++] = '-';
        at += (size_t)snprintf(uuid + at, UUID_TEXT_SIZE - at, "%02x", handle[i]);
    }
}

static bool is_of_uuid(const xc_domaininfo_t *i, const char *uuid)
{
    xen_domain_handle_t handle = {0};

    handle_from_uuid(handle, uuid);
    return memcmp(i->handle, handle, sizeof(handle)) == 0;
}

int infos_get(struct xen *d, struct infos *out, struct err *e)
{
    size_t room = atomic_load(&d->room);
    int n;

    for (room = room ? room : ROOM_MIN;; room *= 2) {
        out->ptr = xrealloc(out->ptr, room * sizeof(*out->ptr));
        out->cap = room;
        n = xc_domain_getinfolist(d->xch, 0, (unsigned)room, out->ptr);
        if (n < 0) {
            err_xen(e, NULL);
            return err_add(e, "listing domains");
        }
        out->len = (size_t)n;
        if (out->len < room) {
            atomic_store(&d->room, room);
            return 0;
        }
    }
}

const xc_domaininfo_t *infos_find_uuid(const struct infos *v, const char *uuid)
{
    for (size_t i = 0; i < v->len; i++)
        if (!(v->ptr[i].flags & XEN_DOMINF_dying) && is_of_uuid(&v->ptr[i], uuid))
            return &v->ptr[i];
    return NULL;
}

static int by_domid(const void *key, const void *item)
{
    int a = (int)*(const uint32_t *)key, b = ((const xc_domaininfo_t *)item)->domain;

    return a - b;
}

const xc_domaininfo_t *infos_find_guest(const struct infos *v, const struct guest *g)
{
    const xc_domaininfo_t *i = bsearch(&g->domid, v->ptr, v->len, sizeof(*v->ptr), by_domid);

    return i && is_of_uuid(i, g->uuid) ? i : NULL;
}

static enum stop_reason reason_of_code(unsigned code)
{
    switch (code) {
    case SHUTDOWN_poweroff:
        return STOP_POWEROFF;
    case SHUTDOWN_reboot:
    case SHUTDOWN_soft_reset: /* a kexec in place: we begin anew instead */
        return STOP_REBOOT;
    case SHUTDOWN_suspend:
        return STOP_SUSPEND;
    default: /* crash, or its watchdog ran out */
        return STOP_CRASH;
    }
}

enum guest_state info_state(const xc_domaininfo_t *i, enum stop_reason *reason)
{
    *reason = STOP_POWEROFF;
    if (i->flags & XEN_DOMINF_dying)
        return GUEST_DYING;
    if (i->flags & XEN_DOMINF_shutdown) {
        *reason = reason_of_code(i->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
        return *reason == STOP_CRASH ? GUEST_CRASHED : GUEST_SHUTDOWN;
    }
    return i->flags & XEN_DOMINF_paused ? GUEST_PAUSED : GUEST_RUNNING;
}

static bool has_number(const struct xguest *g, xc_domaininfo_t *i)
{
    return xc_domain_getinfolist(g->d->xch, g->pub.domid, 1, i) == 1 && i->domain == g->pub.domid;
}

/* A HVM guest whose device model is dead stands still, whatever Xen says of it. */
enum guest_state xguest_state(const struct xguest *g, const xc_domaininfo_t *i,
                              enum stop_reason *reason)
{
    enum guest_state state = info_state(i, reason);

    if (!g->dm.dead || !dm_is_machine(g) || (state != GUEST_RUNNING && state != GUEST_PAUSED))
        return state;
    *reason = STOP_CRASH;
    return GUEST_CRASHED;
}

enum guest_state xguest_look(const struct xguest *g, enum stop_reason *reason)
{
    xc_domaininfo_t i;

    *reason = STOP_POWEROFF;
    if (!has_number(g, &i) || !is_of_uuid(&i, g->pub.uuid))
        return GUEST_GONE;
    return xguest_state(g, &i, reason);
}

bool xguest_is_replaced(const struct xguest *g)
{
    xc_domaininfo_t i;

    return has_number(g, &i) && !is_of_uuid(&i, g->pub.uuid);
}
