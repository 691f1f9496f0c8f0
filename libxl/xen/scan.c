/*
 * After a restart of xend: takes up the domains that are ours (see xen.h), removes what is left
 * of those that are no more, and undoes what was half made.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/log.h"
#include "libxl/xen/bootloader.h"
#include "libxl/xen/dm.h"

struct scan {
    struct xen *d;
    struct infos infos; /* the domains of the host */
    guest_found_fn *found;
    void *arg;
};

static void adopt(const struct scan *scan, struct xguest *g)
{
    struct err e;

    /* its holder died, over a dump or a save */
    if (g->held && (guest_unask_suspend(g, &e) < 0 || guest_let_go(g, &e) < 0))
        log_error("%s: letting it run: %s", g->spec->name, e.msg);
    dm_adopt(g);
    g->state = xguest_look(g, &g->reason);
    if (g->state == GUEST_GONE) {
        domain_end_take(g);
        return;
    }
    xguest_list(g);
    scan->found(scan->arg, &g->pub, spec_copy(g->spec), g->state);
}

/*
 * Between the making of a domain and its mark there is a moment in which only its uuid tells that
 * it is ours; nobody else has described it in xenstore then.
 */
static void scan_one(const struct scan *scan, struct xguest *g, bool ready)
{
    const xc_domaininfo_t *info = infos_find_uuid(&scan->infos, g->pub.uuid);
    char place_of[UUID_TEXT_SIZE];
    bool ours;

    if (info)
        g->pub.domid = info->domain;
    ours = store_has_mark(g) || (!ready && info && store_is_bare(g));
    if (info && ours && ready) {
        adopt(scan, g);
    } else if (info && !ours) {
        log_warn("%s: another domain, id %u, has its uuid now: left alone", g->spec->name,
                 info->domain);
        xstate_remove(g);
        xguest_free(g);
    } else {
        if (!ready)
            log_warn("%s: its creation was interrupted: undone", g->spec->name);
        snprintf(place_of, sizeof(place_of), "%s", g->place_of);
        domain_end_take(g);
        if (place_of[0])
            move_undone(scan->d, place_of);
    }
}

int xen_scan(struct driver *driver, guest_found_fn *found, void *arg, struct err *e)
{
    struct scan scan = {.d = xen_of(driver), .found = found, .arg = arg};
    char uuid[UUID_TEXT_SIZE];
    struct dirent *entry;
    DIR *dir;
    int r;

    bootloader_tidy(scan.d);
    asides_finish(scan.d);
    r = infos_get(scan.d, &scan.infos, e);
    dir = r < 0 ? NULL : opendir(scan.d->dir);
    if (r == 0 && !dir)
        r = err_sys(e, "%s", scan.d->dir);
    while (dir && (entry = readdir(dir))) {
        AUTO(freep) char *name = xstrndup(entry->d_name, UUID_TEXT_SIZE - 1);
        struct xguest *g;
        bool ready;

        if (!uuid_normalize(name, uuid) || strcmp(entry->d_name + strlen(uuid), ".json") != 0)
            continue;
        g = xstate_load(scan.d, uuid, &ready, e);
        if (g)
            scan_one(&scan, g, ready);
        else
            log_warn("%s: left alone", e->msg);
    }
    if (dir)
        closedir(dir);
    vec_clear(&scan.infos);
    return r;
}
