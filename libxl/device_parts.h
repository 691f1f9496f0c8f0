/* What the device_*.c files share among themselves; nobody else includes it. */
#ifndef LIBXL_DEVICE_PARTS_H
#define LIBXL_DEVICE_PARTS_H

#include "libxl/base/buf.h"
#include "libxl/device.h"

/* NULL-terminated: the formats of disks, and the tap disks that are no format. */
extern const char *const disk_formats[], *const disk_tapdisks[];

/* A map in the language of JSON, of whatever notation it came from: reads and checks it. */
struct device *device_from_map(enum device_class class, const struct value *map, const char *where,
                               struct problems *p);

/* The PCI device of the host, in its canonical form; device_pci.c. */
int check_bdf(const char *text, struct err *e);
/* An item of pci=, vscsi= or vusb= as such a map, or NULL and a problem. And back. */
struct value *pci_map_from_xm(const char *text, const char *where, struct problems *p);
struct value *vscsi_map_from_xm(const char *text, const char *where, struct problems *p);
struct value *vusb_map_from_xm(const char *text, const char *where, struct problems *p);
char *pci_to_xm(const struct pci *d);
char *vscsi_to_xm(const struct vscsi *d);
char *vusb_to_xm(const struct vusb *d);
/* What stands below the head of their SXP forms, and back into such a map. */
void pci_to_sxp(const struct pci *d, struct value *form);
void vscsi_to_sxp(const struct vscsi *d, struct value *form);
void vusb_to_sxp(const struct vusb *d, struct value *form);
void pci_map_from_sxp(struct value *map, const struct value *form);
void vscsi_map_from_sxp(struct value *map, const struct value *form);
void vusb_map_from_sxp(struct value *map, const struct value *form);

/* An item of disk= as such a map (the caller's), or NULL and a problem. And back. */
struct value *disk_map_from_xm(const char *text, const char *where, struct problems *p);
char *disk_to_xm(const struct disk *k);
/* The same in the key=value language of xl, which can say every disk. */
char *disk_to_xl(const struct disk *k);

/* Parts of the above that SXP shares: "tap:aio:/p" and "xvda:cdrom", into the map. */
int disk_map_uname(struct value *map, const char *uname, const char *where, struct problems *p);
void disk_map_dev(struct value *map, const char *dev);
/* False when the uname of k does not tell its format. */
bool disk_uname_tells_format(const struct disk *k);

/* text between separators, empty ones too, with or without the blanks around; a list. */
struct value *text_split(const char *text, char separator, bool trim);

#endif
