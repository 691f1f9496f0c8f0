/* Who has which disk: see claims.h. */
#include "xend/claims.h"

#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/sharing.h"
#include "xend/xend.h"

struct claim {
    struct disk_identity id;
    int mode;
    char *vdev;
};
struct claims VEC(struct claim);

static struct claim claim_of(const struct disk *k)
{
    struct claim c = {.mode = k->devtype == DISK_CDROM ? DISK_READ : k->mode,
                      .vdev = xstrdup(k->vdev)};

    disk_identify(k, &c.id);
    return c;
}

static void claims_free(struct claims *v)
{
    for (size_t i = 0; v && i < v->len; i++)
        free(v->ptr[i].vdev);
    if (v)
        vec_clear(v);
    free(v);
}

/* By number, but disks on USB, which have none. */
static bool same_vdev(const char *a, const char *b)
{
    return strncmp(a, "disk:", 5) == 0 || strncmp(b, "disk:", 5) == 0
               ? strcmp(a, b) == 0
               : vdev_number(a) == vdev_number(b);
}

/* One file by two names would be written by two; v may have what is in the drive now. */
static int check_own(const struct claims *v, const struct disk *k, const struct claim *wanted,
                     struct err *e)
{
    for (size_t i = 0; v && i < v->len; i++) {
        const struct claim *held = &v->ptr[i];

        if (!same_vdev(held->vdev, k->vdev) && disk_overlaps(&wanted->id, &held->id) &&
            disk_conflicts(wanted->mode, held->mode)) {
            err_set(e, ERR_BUSY, "disk %s: %s is already used: it is what this domain has as %s",
                    k->vdev, k->target, held->vdev);
            return err_hint(e,
                            "Mode w! for both shares it: for file systems that are made for that.");
        }
    }
    return 0;
}

/* With the lock. */
static int check_domains(const struct xend *x, const struct domain *d, const struct disk *k,
                         const struct claim *wanted, struct err *e)
{
    for (size_t i = 0; i < x->domains->n; i++) {
        const struct domain *other = x->domains->sorted[i];

        for (size_t j = 0; other != d && other->claims && j < other->claims->len; j++) {
            const struct claim *held = &other->claims->ptr[j];

            if (!disk_overlaps(&wanted->id, &held->id) || !disk_conflicts(wanted->mode, held->mode))
                continue;
            err_set(e, ERR_BUSY,
                    "disk %s: %s is mounted in a guest domain, and so cannot be mounted now: "
                    "domain %s has it as %s",
                    k->vdev, k->target, other->spec->name, held->vdev);
            return err_hint(e, "Mode w! shares it: for file systems that are made for that.");
        }
    }
    return 0;
}

/* What a restarted domain had before its guest ended is its own still. */
static bool had(const struct claims *v, const struct claim *c)
{
    for (size_t i = 0; v && i < v->len; i++)
        if (v->ptr[i].mode == c->mode && disk_overlaps(&v->ptr[i].id, &c->id))
            return true;
    return false;
}

/* All at once under the lock: of two domains that start together, one is refused. */
static int take(struct xend *x, struct domain *d, const struct spec *s, bool check, struct err *e)
{
    struct claims *v = xcalloc(1, sizeof(*v));
    size_t n = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->devices.len; i++) {
        struct disk room;
        const struct disk *k = device_disk(s->devices.ptr[i], &room);

        if (!k)
            continue;
        struct claim c = claim_of(k);
        r = check && (check_own(v, k, &c, e) < 0 || disk_check_host(k, &c.id, e) < 0) ? -1 : 0;
        vec_push(v, c);
    }
    xend_lock(x);
    for (size_t i = 0; check && r == 0 && i < s->devices.len; i++) {
        struct disk room;
        const struct disk *k = device_disk(s->devices.ptr[i], &room);

        if (!k)
            continue;
        if (!had(d->claims, &v->ptr[n]))
            r = check_domains(x, d, k, &v->ptr[n], e);
        n++;
    }
    if (r == 0) {
        claims_drop(d);
        d->claims = v;
    }
    xend_unlock(x);
    if (r < 0)
        claims_free(v);
    return r;
}

int claims_take(struct xend *x, struct domain *d, const struct spec *s, struct err *e)
{
    return take(x, d, s, true, e);
}

void claims_note(struct xend *x, struct domain *d, const struct spec *s)
{
    struct err none;

    take(x, d, s, false, &none);
}

int claims_add(struct xend *x, struct domain *d, const struct disk *k, struct err *e)
{
    struct claim c = claim_of(k);
    int r = disk_check_host(k, &c.id, e);

    xend_lock(x);
    if (r == 0 && (check_own(d->claims, k, &c, e) < 0 || check_domains(x, d, k, &c, e) < 0))
        r = -1;
    if (!d->claims)
        d->claims = xcalloc(1, sizeof(*d->claims));
    if (r == 0)
        vec_push(d->claims, c);
    xend_unlock(x);
    if (r < 0)
        free(c.vdev);
    return r;
}

/* The claim of this name that was made first, or last; or v->len. */
static size_t find(const struct claims *v, const char *vdev, bool newest)
{
    size_t found = v->len;

    for (size_t i = 0; i < v->len && (found == v->len || newest); i++)
        if (same_vdev(v->ptr[i].vdev, vdev))
            found = i;
    return found;
}

/* What it was called stays: by that name, or as what it is made of, nobody else may have it. */
static void be_served(struct claim *c, struct disk_identity *as)
{
    if ((c->id.place.kind == PLACE_FILE || c->id.place.kind == PLACE_BLOCK) &&
        as->n_below < DISK_BELOW_MAX)
        as->below[as->n_below++] = c->id.place;
    memcpy(as->name, c->id.name, sizeof(as->name));
    c->id = *as;
}

int claims_served(void *arg, const char *uuid, const struct disk *at, struct err *e)
{
    struct xend *x = arg;
    struct claim c = claim_of(at);
    int r = disk_check_host(at, &c.id, e);
    struct domain *d;
    size_t i;

    xend_lock(x);
    d = domain_find_uuid(x->domains, uuid);
    if (r == 0 && d && d->claims) {
        r = check_own(d->claims, at, &c, e) < 0 ? -1 : check_domains(x, d, at, &c, e);
        i = find(d->claims, at->vdev, true);
        if (r == 0 && i < d->claims->len)
            be_served(&d->claims->ptr[i], &c.id);
    }
    xend_unlock(x);
    free(c.vdev);
    return r;
}

void claims_remove(struct domain *d, const char *vdev, bool newest)
{
    size_t i = d->claims ? find(d->claims, vdev, newest) : 0;

    if (!d->claims || i == d->claims->len)
        return;
    free(d->claims->ptr[i].vdev);
    vec_remove(d->claims, i);
}

void claims_drop(struct domain *d)
{
    claims_free(d->claims);
    d->claims = NULL;
}
