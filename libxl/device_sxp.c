/*
 * Devices as the original's SXP: (vbd (uname file:/srv/a.img) (dev xvda:disk) (mode w)). What the
 * original has no key for stands in the same form under its own name. Called by spec_sxp.c.
 */
#include <string.h>

#include "config/sxp.h"
#include "libxl/device_parts.h"

/* Appends (key v). */
static void add_pair(struct value *form, const char *key, struct value *v_take)
{
    struct value *pair = value_list();

    value_add_take(pair, value_str(key));
    value_add_take(pair, v_take);
    value_add_take(form, pair);
}

static void add_text(struct value *form, const char *key, const char *text)
{
    add_pair(form, key, value_str(text));
}

/* Members that are not at their default, but those of disks that uname, dev and mode tell. */
static void add_members(struct value *form, const struct device *d)
{
    static const char *const told[] = {"type", "format",  "tapdisk", "target",
                                       "vdev", "devtype", "mode"};
    const struct fields *t = &device_fields[d->class];

    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        bool skip = field_is_default(f, &d->disk);

        for (size_t j = 0; d->class == DEVICE_DISK && j < ARRAY_LEN(told); j++)
            skip |= strcmp(told[j], f->name) == 0;
        if (!skip)
            add_pair(form, f->name, field_value(f, &d->disk));
    }
}

/* The original has three device classes for disks, by who serves them. */
static const char *disk_class(const struct disk *k)
{
    if (k->type && (strcmp(k->type, "tap") == 0 || strcmp(k->type, "tap2") == 0))
        return k->type;
    return "vbd";
}

/* What uname does not tell stands beside it under our own names. */
static void add_disk(struct value *form, const struct disk *k)
{
    static const char *const modes[] = {"r", "w", "w!"};
    AUTO(freep) char *uname = disk_uname(k);
    AUTO(freep)
    char *dev = xasprintf("%s:%s", k->vdev, k->devtype == DISK_CDROM ? "cdrom" : "disk");

    add_text(form, "uname", uname);
    add_text(form, "dev", dev);
    add_text(form, "mode", modes[k->mode]);
    if (disk_uname_tells_format(k))
        return;
    add_text(form, "format", k->format);
    if (k->tapdisk)
        add_text(form, "tapdisk", k->tapdisk);
}

struct value *device_to_sxp(const struct device *d)
{
    struct value *form = value_list();
    const char *name = device_class_name(d->class);

    value_add_take(form, value_str(d->class == DEVICE_DISK ? disk_class(&d->disk) : name));
    if (d->class == DEVICE_PCI)
        pci_to_sxp(&d->pci, form);
    else if (d->class == DEVICE_VSCSI)
        vscsi_to_sxp(&d->vscsi, form);
    else if (d->class == DEVICE_VUSB)
        vusb_to_sxp(&d->vusb, form);
    else if (d->class == DEVICE_DISK)
        add_disk(form, &d->disk);
    if (d->class < DEVICE_PCI || d->class > DEVICE_VUSB)
        add_members(form, d);
    return form;
}

/* The text of (key text), or "". */
static const char *text_of(const struct value *form, const char *key)
{
    const struct value *v = sxp_child_value(form, key);

    return v && value_type(v) == VALUE_STRING ? value_as_str(v) : "";
}

/* The three keys that hold several members each. */
static int read_disk(struct value *map, const struct value *form, const char *where,
                     struct problems *p)
{
    const char *mode = text_of(form, "mode");

    if (disk_map_uname(map, text_of(form, "uname"), where, p) < 0)
        return -1;
    disk_map_dev(map, text_of(form, "dev"));
    if (*mode)
        value_set_str(map, "mode", mode);
    return 0;
}

/* Keys that the table knows; others (uuid, bootable, location...) are the original's own. */
static void read_members(struct value *map, enum device_class class, const struct value *form)
{
    for (size_t i = 1; i < value_len(form); i++) {
        const struct value *child = value_at(form, i);
        const char *key = sxp_head(child);

        if (value_len(child) < 2 || !field_find(&device_fields[class], key))
            continue;
        if (class == DEVICE_DISK && (strcmp(key, "type") == 0 || strcmp(key, "mode") == 0))
            continue;
        value_set_take(map, key, value_copy(value_at(child, 1)));
    }
}

/* (type vnc), before there was (vnc 1); and passwords of any length, which were cut. */
static void read_old_vfb(struct value *map, const struct value *form)
{
    const char *type = text_of(form, "type"), *text = value_get_str(map, "vncpasswd", "");

    if (strlen(text) > VNC_PASSWORD_MAX)
        value_set_take(map, "vncpasswd", value_strn(text, VNC_PASSWORD_MAX));

    if (strcmp(type, "vnc") == 0 || strcmp(type, "sdl") == 0)
        value_set_bool(map, type, true);
}

static const struct {
    const char *head;
    int class; /* -1: nothing that a spec holds */
} heads[] = {
    {"vbd", DEVICE_DISK}, {"tap", DEVICE_DISK}, {"tap2", DEVICE_DISK},
    {"vkbd", -1},         {"console", -1},
};

/* Other heads are the names of the classes. -2: no class. */
static int class_of(const char *head)
{
    int class = device_class_find(head);

    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        if (strcmp(heads[i].head, head) == 0)
            return heads[i].class;
    return class > DEVICE_DISK ? class : -2;
}

struct device *device_from_sxp(const struct value *form, const char *where, struct problems *p)
{
    AUTO(value_freep) struct value *map = value_map();
    int class;

    if (strcmp(sxp_head(form), "device") == 0 && value_len(form) > 1)
        form = value_at(form, 1);
    class = class_of(sxp_head(form));
    if (class == -2)
        problems_add(p, where, NULL, "device: class \"%s\" is not supported by this xend",
                     sxp_head(form));
    if (class < 0 || (class == DEVICE_DISK && read_disk(map, form, where, p) < 0))
        return NULL;
    if (class == DEVICE_PCI)
        pci_map_from_sxp(map, form);
    else if (class == DEVICE_VSCSI)
        vscsi_map_from_sxp(map, form);
    else if (class == DEVICE_VUSB)
        vusb_map_from_sxp(map, form);
    else
        read_members(map, (enum device_class) class, form);
    if (class == DEVICE_VFB)
        read_old_vfb(map, form);
    return device_from_map((enum device_class) class, map, where, p);
}
