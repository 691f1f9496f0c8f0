/*
 * A domain as asked for. One table of fields drives reading, printing, defaults, range checks and
 * error texts in all notations: JSON (the wire), xm's Python-like files, SXP. Pure data.
 */
#ifndef LIBXL_SPEC_H
#define LIBXL_SPEC_H

#include "libxl/base/uuid.h"
#include "libxl/device.h"
#include "libxl/field.h"

#define DOMAIN_NAME_MAX 128               /* bytes; the name becomes part of file names */
#define DOMAIN_DEVICES_MAX 64             /* of all classes together */
#define MEMORY_MAX_MIB (16 * 1024 * 1024) /* 16 TiB, the most that Xen 4.17 addresses */
#define START_ORDER_MAX 65535
#define START_DELAY_MAX 3600 /* seconds: an hour between two domains is a mistake */
#define DOMAIN_VCPUS_MAX 512 /* Xen's limit for HVM; more than any QEMU machine takes */

enum domain_type { TYPE_PV, TYPE_PVH, TYPE_HVM };

/* on_poweroff, on_reboot, on_crash */
enum end_action {
    END_DESTROY,
    END_RESTART,
    END_PRESERVE,
    END_RENAME_RESTART,
    END_COREDUMP_DESTROY, /* these two for on_crash only */
    END_COREDUMP_RESTART,
};

struct spec {
    char *name, *uuid, *description;
    int type;
    char *kernel, *ramdisk, *root, *extra;
    char *ip, *gateway, *netmask, *hostname, *interface, *dhcp, *nfs_server, *nfs_root;
    char *bootloader, *bootargs;
    int64_t memory, maxmem, shadow_memory, videoram; /* MiB; maxmem 0: as memory */
    int64_t vcpus, maxvcpus;                         /* maxvcpus 0: as vcpus */
    struct value *cpus;
    int64_t cpu_weight, cpu_cap;
    char *pool, *features;
    int on_poweroff, on_reboot, on_crash, on_xend_start, on_xend_stop;
    char *boot, *machine, *cpu_model, *accel, *loader, *device_model;
    bool localtime, acpi, apic, pae, hap, viridian, nestedhvm, usb, nographic;
    int64_t rtc_timeoffset, tsc_mode, nomigrate;
    char *soundhw, *keymap;
    struct value *serial, *usbdevice;
    bool autostart;
    int64_t start_order, start_delay; /* order 0: the last; delay: seconds */
    struct value *start_after;
    bool vnc, sdl, vncunused;
    int64_t vncdisplay; /* -1: the first free one */
    char *vnclisten, *vncpasswd;
    struct value *other; /* map: fields that are in_map, or NULL */
    struct devices devices;
};

extern const struct fields spec_fields;

struct spec *spec_new(void); /* all defaults */
void spec_free(struct spec *s);
void spec_freep(struct spec **s);
struct spec *spec_copy(const struct spec *s);

/* JSON. Reading reports every fault at once, and what spec_check finds. */
struct spec *spec_from_value(const struct value *map, struct problems *p);
struct value *spec_to_value(const struct spec *s);
/*
 * spec_to_value hides secrets (SECRET_HIDDEN): right for answers, logs and files. This one does
 * not: for a request to xend. And: puts secrets that `from` has where `s` has SECRET_HIDDEN.
 */
struct value *spec_to_value_secrets(const struct spec *s);
void spec_fill_secrets(struct spec *s, const struct spec *from);

/*
 * The variables of an xm file, as the Python-like language leaves them: unknown names are
 * harmless, disk/vif/vfb are lists of text. default_name is used when the file sets no name.
 * Names close to a known one, and values that the original would have ignored, are notes.
 */
struct spec *spec_from_xm(const struct value *vars, const char *default_name, struct problems *p,
                          struct problems *notes);
/* The variable that an unknown name is probably meant to be (borrowed), or NULL. */
const char *spec_near_variable(const char *name);
/* Notes that the name is near a known one, so probably mistyped. */
void spec_note_near(const char *name, struct problems *notes);
/* Makes problems of fields name the variables that were written: keys of vars. */
void spec_name_variables(const struct value *vars, struct problems *p);
/*
 * And back: text of the Python-like language, for xm or for xl. Read again it is the same spec;
 * what xl has no variable for stands in comments. The caller frees.
 */
char *spec_to_xm(const struct spec *s, bool xl);
/* True for a variable that xm or xl files may set, honoured here or not: on the command line,
 * name=value sets it. */
bool spec_has_variable(const char *name);

/*
 * The original's SXP: head "domain" (what list --long shows, every key) or "vm" (what create
 * sends, without keys that say nothing). What the original has no place for stands in a last
 * child (extension (key value)...), so that nothing is lost. And back; any head is accepted, and
 * keys of a running domain (domid, cpu_time...) are passed over.
 */
struct value *spec_to_sxp(const struct spec *s, const char *head);
struct spec *spec_from_sxp(const struct value *form, struct problems *p);

/*
 * What all readers end with: the canonical form, and spec_check. Canonical: uuid in lower case;
 * maxmem and maxvcpus 0 when they say nothing new; cpus one text when all are the same; root and
 * ip without "root=" and "ip="; devices in the order of their classes.
 */
void spec_finish(struct spec *s, struct problems *p);

/* What no single field can tell: maxmem below memory, two devices with the same name, ... */
void spec_check(const struct spec *s, struct problems *p);

/*
 * Adds a note for each field that was given and that a driver (ON_...) does not honour; of several
 * drivers, none of them.
 */
void spec_note_ignored(const struct spec *s, unsigned driver, struct problems *notes);

/* The kernel command line of the spec: root=, ip=, extra as the original joins them. */
char *spec_cmdline(const struct spec *s);

static inline int64_t spec_maxmem(const struct spec *s)
{
    return s->maxmem ? s->maxmem : s->memory;
}
static inline int64_t spec_maxvcpus(const struct spec *s)
{
    return s->maxvcpus ? s->maxvcpus : s->vcpus;
}

/* The original's rule for names: [A-Za-z0-9_.:+-]+, at most DOMAIN_NAME_MAX bytes, not . or .. */
int check_name(const char *text, struct err *e);

#endif
