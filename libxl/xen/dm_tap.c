/*
 * Emulated network cards: each is a tap vifN.M-emu beside the backend vifN.M, plugged into the same
 * bridge by the same script. A guest's own driver takes the emulated card away and uses the
 * backend. A tap lives as long as its QEMU. Called by dm_start.c and dm.c.
 */
#include <net/if.h>
#include <stdio.h>

#include "libxl/base/fault.h"
#include "libxl/base/log.h"
#include "libxl/xen/dm.h"

/* The emulated ones of the spec, in its order. */
static void find(const struct xguest *g, struct xdevs *out)
{
    struct xdevs all = {0};

    xdevs_of_spec(g, &all);
    for (size_t i = 0; i < all.len; i++)
        if (all.ptr[i].device && all.ptr[i].device->class == DEVICE_VIF &&
            dm_emulates_vif(&all.ptr[i].device->vif))
            vec_push(out, all.ptr[i]);
    vec_clear(&all);
}

static void tap_name(const struct xguest *g, const struct xdev *x, char out[IFNAMSIZ])
{
    snprintf(out, IFNAMSIZ, "vif%u.%u-emu", g->pub.domid, x->id % 1000);
}

int dm_open_taps(struct xguest *g, int *fds, size_t *n, struct err *e)
{
    struct xdevs cards = {0};
    int r = 0;

    find(g, &cards);
    for (*n = 0; r == 0 && *n < cards.len;) {
        char name[IFNAMSIZ];
        int fd;

        tap_name(g, &cards.ptr[*n], name);
        fd = tap_open(name, e);
        if (fd < 0)
            r = -1;
        else
            fds[(*n)++] = fd;
    }
    vec_clear(&cards);
    return r;
}

int dm_plug_taps(struct xguest *g, struct job *j, struct err *e)
{
    struct xdevs cards = {0};
    int r = 0;

    find(g, &cards);
    for (size_t i = 0; r == 0 && i < cards.len; i++) {
        char name[IFNAMSIZ];

        tap_name(g, &cards.ptr[i], name);
        r = job_check(j, e) < 0 || xdev_tap_script(g, &cards.ptr[i], name, true, e) < 0 ? -1 : 0;
        fault_point("xen.tap-plugged");
    }
    vec_clear(&cards);
    return r;
}

void dm_unplug_taps(struct xguest *g)
{
    struct xdevs cards = {0};

    if (g->pub.domid && store_has_mark(g))
        find(g, &cards);
    for (size_t i = 0; i < cards.len; i++) {
        char name[IFNAMSIZ];
        struct err e;

        tap_name(g, &cards.ptr[i], name);
        if (xdev_tap_script(g, &cards.ptr[i], name, false, &e) < 0)
            log_warn("%s: %s: %s", g->spec->name, name, e.msg);
    }
    vec_clear(&cards);
}
