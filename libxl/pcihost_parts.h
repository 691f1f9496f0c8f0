/* What the files of pcihost share; nobody else includes it. */
#ifndef LIBXL_PCIHOST_PARTS_H
#define LIBXL_PCIHOST_PARTS_H

#include "libxl/pcihost.h"

/* Below /sys/bus/pci, or that of $XEND_SYSFS. The caller's. */
char *pci_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The last part of what a link of a device points to, or NULL: its driver, its group. */
char *pci_link(const char *bdf, const char *what);
/* A file of a device, its first line; or NULL. */
char *pci_text(const char *bdf, const char *what);
bool pci_is_assigned(const struct pcihost *h, const char *bdf);

#endif
