/*
 * PCI devices of the host in a guest, by VFIO: those that are set aside (libxl/pcihost.h), plugged
 * in once QEMU answers, before the guest runs, or while it does. QEMU opens the device itself, as
 * its own user, and pins all of the guest's memory. Not verified on hardware: tests see what QEMU
 * is asked for, and its refusal.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "libxl/base/log.h"
#include "libxl/pcihost.h"
#include "libxl/qemu/qemu.h"

/* Beside the memory: what devices map, as libvirt allows it. */
#define PINNED_MORE (1024ULL << 20)

/* Its name in QEMU, the caller's. */
static char *pci_id(const char *bdf)
{
    char *id = xasprintf("pci-%s", bdf);

    for (char *p = id; *p; p++)
        if (*p == ':')
            *p = '_'; /* QEMU's ids have none */
    return id;
}

/* The group's file becomes that of QEMU's user, or root's again. */
static int give(const struct qguest *g, const char *bdf, bool theirs, struct err *e)
{
    AUTO(freep) char *path = pcihost_vfio_path(bdf);
    const struct ids *ids = &g->d->ids;

    if (!path || !ids->set)
        return 0;
    return chown(path, theirs ? ids->uid : 0, theirs ? ids->gid : 0) < 0 ? err_sys(e, "%s", path)
                                                                         : 0;
}

void pci_give_back(const struct qguest *g, const char *bdf)
{
    struct err e;

    if (give(g, bdf, false, &e) < 0)
        log_debug("%s: %s", g->spec->name, e.msg);
}

void pci_give_back_all(const struct qguest *g)
{
    for (size_t i = 0; i < g->spec->devices.len; i++)
        if (g->spec->devices.ptr[i]->class == DEVICE_PCI)
            pci_give_back(g, g->spec->devices.ptr[i]->pci.bdf);
}

/* As much as xend itself may allow; where that is too little, QEMU says so. */
static void allow_pinning(const struct qguest *g)
{
    const rlim_t wanted = g->mem_most_kib * 1024 + PINNED_MORE;
    struct rlimit now, more;

    if (prlimit(g->pid, RLIMIT_MEMLOCK, NULL, &now) < 0 || now.rlim_cur >= wanted)
        return;
    more = (struct rlimit){wanted, now.rlim_max > wanted ? now.rlim_max : wanted};
    if (prlimit(g->pid, RLIMIT_MEMLOCK, &more, NULL) == 0)
        return;
    more = (struct rlimit){now.rlim_max, now.rlim_max};
    if (prlimit(g->pid, RLIMIT_MEMLOCK, &more, NULL) < 0)
        log_debug("%s: locked memory: %s", g->spec->name, strerror(errno));
}

static struct value *device_of(const struct pci *p, const char *id)
{
    struct value *v = value_map();

    value_set_str(v, "driver", "vfio-pci");
    value_set_str(v, "id", id);
    value_set_str(v, "host", p->bdf);
    value_set_str(v, "addr", p->vslot);
    return v;
}

int pci_plug(struct qguest *g, const struct pci *p, struct err *e)
{
    AUTO(freep) char *id = pci_id(p->bdf);
    const struct pcihost host = {pcihost_driver("qemu"), NULL};
    int64_t number = 0;

    if (pcihost_check_ready(&host, p->bdf, e) < 0 || give(g, p->bdf, true, e) < 0)
        return -1;
    allow_pinning(g);
    if (pci_add_take(g, device_of(p, id), e) < 0) {
        pci_give_back(g, p->bdf);
        return -1;
    }
    pthread_mutex_lock(&g->d->lock);
    for (size_t i = 0; i < g->devices.len; i++)
        if (g->devices.ptr[i].class == DEVICE_PCI && g->devices.ptr[i].devid >= number)
            number = g->devices.ptr[i].devid + 1;
    qdevice_add(g, DEVICE_PCI, p->bdf, id, number, p->bdf);
    pthread_mutex_unlock(&g->d->lock);
    return 0;
}

int pci_plug_all(struct qguest *g, struct err *e)
{
    for (size_t i = 0; i < g->spec->devices.len; i++)
        if (g->spec->devices.ptr[i]->class == DEVICE_PCI &&
            pci_plug(g, &g->spec->devices.ptr[i]->pci, e) < 0)
            return err_add(e, "pci %s", g->spec->devices.ptr[i]->pci.bdf);
    return 0;
}
