/*
 * The PCI devices of the host, and which of them are set aside for guests: bound to a driver that
 * does nothing but hand them on, vfio-pci (QEMU) or pciback (Xen). By sysfs alone; the driver that
 * a device had is kept in state_dir, as long as the host runs, and given back. Not verified on
 * hardware: tests have a sysfs of their own ($XEND_SYSFS). May block as the kernel's drivers do;
 * one change at a time is the caller's care.
 */
#ifndef LIBXL_PCIHOST_H
#define LIBXL_PCIHOST_H

#include <stdbool.h>

#include "config/value.h"
#include "libxl/base/err.h"

struct pcihost {
    const char *driver;    /* vfio-pci, pciback */
    const char *state_dir; /* made when needed */
};

/* "vfio-pci", or on Xen "pciback". */
const char *pcihost_driver(const char *xend_driver);

/*
 * [{"bdf","class","vendor","device","driver","was","group","assigned"}], by address; the caller's.
 * class, vendor and device are hexadecimal texts; driver, was (the one before assign) and group (of
 * the IOMMU) may be missing.
 */
struct value *pcihost_list(const struct pcihost *h, struct err *e);

/* One device's address in full, with one function. */
int pcihost_check_bdf(const char *bdf, struct err *e);
/* That it can be set aside, or given back; changes nothing. force: also what the host uses. */
int pcihost_check_assign(const struct pcihost *h, const char *bdf, bool force, struct err *e);
int pcihost_check_release(const struct pcihost *h, const char *bdf, struct err *e);

/* Sets it aside; fine when it is. When the kernel does not do it, it has its old driver again. */
int pcihost_assign(const struct pcihost *h, const char *bdf, struct err *e);
/* Back to its old driver, if it had one; fine when it is not set aside. */
int pcihost_release(const struct pcihost *h, const char *bdf, struct err *e);

/*
 * The others of its IOMMU group that a driver of the host has, "0000:00:1f.3 (snd_hda_intel), ...":
 * while there are any, no guest can have it. NULL: none. The caller's.
 */
char *pcihost_group_others(const char *bdf);

/* That a guest can have it now: it is set aside, and so is all of its group. */
int pcihost_check_ready(const struct pcihost *h, const char *bdf, struct err *e);
/* /dev/vfio/GROUP, by which it is had; NULL: it is in no group. The caller's. */
char *pcihost_vfio_path(const char *bdf);

#endif
