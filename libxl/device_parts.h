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

/* An item of disk= as such a map (the caller's), or NULL and a problem. And back. */
struct value *disk_map_from_xm(const char *text, const char *where, struct problems *p);
char *disk_to_xm(const struct disk *k);

/* Parts of the above that SXP shares: "tap:aio:/p" and "xvda:cdrom", into the map. */
int disk_map_uname(struct value *map, const char *uname, const char *where, struct problems *p);
void disk_map_dev(struct value *map, const char *dev);
/* False when the uname of k does not tell its format. */
bool disk_uname_tells_format(const struct disk *k);

/* text between separators, empty ones too, with or without the blanks around; a list. */
struct value *text_split(const char *text, char separator, bool trim);

#endif
