/* The parts of a build that only a HVM guest has. Called by build.c; the device model is dm.h's. */
#ifndef XEN_HVM_H
#define XEN_HVM_H

#include "libxl/xen/xen.h"

#include <xenguest.h> /* does not stand alone: after xenctrl.h */

/* What libxenguest reads while it builds. */
struct hvm {
    char *loader; /* the path of Xen's firmware loader */
    struct buf bios;
};
void hvm_clear(struct hvm *h);

/* Finds the firmware; ERR_NOT_FOUND names what is not there, and the package that has it. */
int hvm_firmware(const struct spec *s, struct hvm *h, struct err *e);
/* Memory of the graphics card, in MiB: a part of the guest's, in QEMU's hands. */
int64_t hvm_video_mib(const struct spec *s);
/* Flags of the domain to be. */
void hvm_flags(const struct spec *s, struct xen_domctl_createdomain *c);
/* Once there is the domain: timers, Microsoft's interface, its clock. */
int hvm_prepare(struct xguest *g, struct err *e);
/* -1 and errno, as libxenctrl: where its memory is; and, when that is filled, its last words. */
int hvm_layout(struct xc_dom_image *dom, const struct spec *s, struct hvm *h);
int hvm_finish(xc_interface *xch, const struct spec *s, const struct built *b, uint32_t domid);

#endif
