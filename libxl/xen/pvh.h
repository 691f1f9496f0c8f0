/* What build.c needs of pvh.c: the parts of a build that only a PVH guest has. */
#ifndef XEN_PVH_H
#define XEN_PVH_H

#include "libxl/xen/acpi.h"
#include "libxl/xen/xen.h"

#include <xenguest.h> /* does not stand alone: after xenctrl.h */

/* What libxenguest reads while it builds. */
struct pvh {
    struct acpi_tables acpi;
    struct e820entry map[4];
};

/* Memory for the tables that translate the guest's: as xl reckons, for all that it may have. */
unsigned pvh_tables_mib(const struct spec *s);
/* Once there is the domain. */
int pvh_prepare(struct xguest *g, struct err *e);
void pvh_layout(struct xc_dom_image *dom, const struct spec *s);
/* -1 and errno, as libxenctrl. */
int pvh_describe(struct xc_dom_image *dom, const struct spec *s, struct pvh *p);
int pvh_tell_ports(xc_interface *xch, uint32_t domid, const struct built *b);

#endif
