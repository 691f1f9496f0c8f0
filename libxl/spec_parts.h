/* What the spec_*.c files share among themselves; nobody else includes it. */
#ifndef LIBXL_SPEC_PARTS_H
#define LIBXL_SPEC_PARTS_H

#include <string.h>

#include "libxl/base/buf.h"
#include "libxl/spec.h"

#define NO_NFS_SERVER "127.0.255.255" /* the original's way to say "none" within ip= */

/* Reads the list of one class; problems at "/disk/0" and the like. */
void spec_read_devices(struct spec *s, enum device_class class, const struct value *list,
                       struct problems *p);

/* The words of usbdevice as devices, taken off the list; and a copy with words instead of devices,
 * or NULL when there are none. */
void spec_words_to_usb(struct spec *s, struct problems *p);
struct spec *spec_usb_to_words(const struct spec *s);

/* What follows "ip=" on the kernel's command line, or NULL; the caller frees. */
char *spec_ip_param(const struct spec *s);
/* "nfsroot=SERVER:PATH ", or ""; the caller frees. */
char *spec_nfs_param(const struct spec *s);

/* The original's form, as spec_sxp.c writes and spec_sxp_read.c reads it. */
#define SPEC_EXTENSION "extension" /* the last child: what the original has no place for */
#define SPEC_IP_PARTS 7 /* the variables that the image's (ip ...) is made of, in order */
extern const char *const spec_ip_parts[SPEC_IP_PARTS];
extern const char *const spec_image_heads[3]; /* by enum domain_type */
/* Fields below (image (KIND ...)). */
static inline bool spec_in_image(const struct field *f)
{
    return f->sxp && strncmp(f->sxp, "image/", 6) == 0;
}
static inline bool spec_is_cpuid(const struct field *f)
{
    return strncmp(f->name, "cpuid", 5) == 0;
}

/* "0-3,^1", with xl's words all, node: and nodes:; the empty text is no restriction. */
bool is_cpu_list(const char *text);

/* Other names of fields in files; ends with a NULL name. */
struct spec_alias {
    const char *name, *field;
};
extern const struct spec_alias spec_aliases[];
/*
 * Forms of the original that are no fields (spec_sxp_old.c). Writing: devices and duties into the
 * form; whether they tell this field; CPUID as lists. Reading: one child of the form, if it is one
 * of them, into the map; whether a (device ...) is one of them.
 */
void spec_old_devices(const struct spec *s, struct value *form, bool vm);
void spec_old_backends(const struct spec *s, struct value *form);
bool spec_old_tells(const struct spec *s, const struct field *f);
void spec_old_read(struct value *map, const struct value *child);
bool spec_old_is_device(const struct value *child);
struct value *spec_old_cpuid(const struct value *items);
struct value *spec_old_cpuid_list(const struct value *forms);

/* vnuma and vsnd (spec_nested.c): lists in lists as one text for each item, and back; NULL for what
 * is nothing of that kind. The results are the caller's. */
struct value *spec_nested_flat(const char *name, const struct value *v);
struct value *spec_nested_lists(const char *name, const struct value *v);
int check_vnode(const char *text, struct err *e);
int check_vsnd(const char *text, struct err *e);
/* Whether the nodes fit to one another and to the domain. */
void check_vnuma(const struct spec *s, struct problems *p);

/* nil, false or 0: what is left out unless the default is something else. */
bool spec_is_falsy(const struct value *v);
/* Values that say nothing: None, 0, '', an empty list. */
bool spec_is_empty(const struct value *v);
/* Notes variables that have no effect, and those that are probably mistyped. */
void spec_note_others(const struct value *vars, struct problems *notes);

/* How many bits of an original's vcpu_avail are set, of those for n virtual CPUs. */
static inline int64_t vcpu_mask_count(uint64_t mask, int64_t n)
{
    if (n <= 0)
        return 0;
    return __builtin_popcountll(n < 64 ? mask & ((1ULL << n) - 1) : mask);
}

#endif
