/*
 * Devices: what all notations share. The tables of their members are in device_fields.c, the xm
 * languages in device_xm.c, device_disk.c and device_pci.c, SXP in device_sxp.c. Called by spec.c
 * and, for hotplug, by xm.
 */
#include "libxl/device.h"

#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "libxl/device_parts.h"

/* The variable of an xm file, and the key of a list in JSON. */
static const char *const class_names[DEVICE_CLASSES] = {
    "disk", "vif", "vfb", "pci", "vscsi", "vusb", "usbctrl", "usbdev", "vtpm", "channel", "p9",
};

const char *device_class_name(enum device_class class)
{
    return class_names[class];
}

int device_class_find(const char *name)
{
    for (int i = 0; i < DEVICE_CLASSES; i++)
        if (strcmp(class_names[i], name) == 0)
            return i;
    return -1;
}

struct device *device_new(enum device_class class)
{
    struct device *d = xcalloc(1, sizeof(*d));

    d->class = class;
    fields_init(&device_fields[class], &d->disk);
    return d;
}

/* Every member is a row of the table: there is nothing else to copy or to free. */
struct device *device_copy(const struct device *d)
{
    struct device *copy = device_new(d->class);

    fields_copy(&device_fields[d->class], &copy->disk, &d->disk);
    return copy;
}

void device_free(struct device *d)
{
    if (!d)
        return;
    fields_clear(&device_fields[d->class], &d->disk);
    free(d);
}

void device_freep(struct device **d)
{
    device_free(*d);
}

void devices_clear(struct devices *v)
{
    for (size_t i = 0; i < v->len; i++)
        device_free(v->ptr[i]);
    vec_clear(v);
}

/* What must be given, of the classes that are of no use without it. */
static void check_needed(const struct device *d, const char *where, struct problems *p)
{
    static const struct {
        enum device_class class;
        const char *names[2];
    } needed[] = {{DEVICE_PCI, {"bdf"}},
                  {DEVICE_VSCSI, {"pdev", "vdev"}},
                  {DEVICE_CHANNEL, {"connection", "name"}},
                  {DEVICE_P9, {"tag", "path"}},
                  {DEVICE_USBDEV, {"hostbus", "hostaddr"}}};

    for (size_t i = 0; i < 2 * ARRAY_LEN(needed); i++) {
        const char *name = needed[i / 2].names[i % 2];
        if (needed[i / 2].class != d->class || !name ||
            (d->class == DEVICE_USBDEV && d->usbdev.device))
            continue;
        if (field_is_default(field_find(&device_fields[d->class], name), &d->disk))
            problems_add(p, where, NULL, "%s: %s is missing", class_names[d->class], name);
    }
}

/* What no single field can tell. */
static void check_disk(const struct disk *k, const char *where, struct problems *p)
{
    if (!k->vdev)
        problems_add(p, where, "name it: xvda, sda, hda or vda", "disk: no device name (vdev)");
    if (!k->type != !k->target)
        problems_add(p, where, NULL, "Block device must have physical details specified");
    else if (!k->target && k->devtype != DISK_CDROM)
        problems_add(p, where, "only a drive of devtype cdrom may be empty",
                     "Block device must have physical details specified");
}

static void check_channel(const struct channel *c, const char *where, struct problems *p)
{
    bool socket = strcmp(c->connection, "socket") == 0;

    if (socket && !c->path)
        problems_add(p, where, "path=/run/web1-agent.sock",
                     "channel: connection=socket needs the path of the socket");
    else if (!socket && c->path)
        problems_add(p, where, "connection=socket has one", "channel: a %s has no path",
                     c->connection);
}

/*
 * The map with blanks around texts taken off. Control characters are refused: what is read here
 * goes into command lines, scripts and stores where a line end would mean something.
 */
static struct value *clean_map(const struct fields *t, const struct value *map, const char *where,
                               struct problems *p)
{
    struct value *clean = value_map();

    for (size_t i = 0; i < value_len(map); i++) {
        const struct value *v = value_at(map, i);
        const char *key = value_key(map, i);
        const char *text = value_type(v) == VALUE_STRING ? value_as_str(v) : "";
        const struct field *f = field_find(t, key);
        size_t n = strlen(text);

        for (const char *at = text; *at; at++)
            if ((unsigned char)*at < ' ' || *at == 0x7f) {
                problems_add(p, where, NULL, "%s: control character in '%.60s'", key,
                             f && f->secret ? SECRET_HIDDEN : text);
                break;
            }
        while (n && text[n - 1] == ' ')
            n--;
        while (n && *text == ' ') {
            text++;
            n--;
        }
        value_add_pair_take(clean, xstrdup(key),
                            value_type(v) == VALUE_STRING ? value_strn(text, n) : value_copy(v));
    }
    return clean;
}

/* "file:///srv/a.img" is a way to write file:/srv/a.img: one slash begins a path. What a script of
 * its own gets, as "gluster://host/volume", is as it was written. */
static void strip_slashes(const struct disk *k)
{
    size_t n = k->target ? strspn(k->target, "/") : 0;
    bool path = k->type && (strcmp(k->type, "file") == 0 || strcmp(k->type, "phy") == 0 ||
                            strcmp(k->type, "tap") == 0 || strcmp(k->type, "tap2") == 0);

    if (path && n > 1)
        memmove(k->target, k->target + n - 1, strlen(k->target) - n + 2);
}

/* A device is named without /dev/, or by its hexadecimal number, as in very old files. */
static void complete_target(struct disk *k)
{
    char *full;

    if (!k->type || strcmp(k->type, "phy") != 0 || !k->target || k->target[0] == '/' ||
        strncmp(k->target, "0x", 2) == 0)
        return;
    full = xasprintf("/dev/%s", k->target);
    free(k->target);
    k->target = full;
}

/* A number, as in very old files, becomes the name, which tells the drivers what kind of a drive it
 * is. */
static void complete_vdev(struct disk *k)
{
    bool number = k->vdev && *k->vdev >= '0' && *k->vdev <= '9';
    char *name = number ? vdev_name(vdev_number(k->vdev)) : NULL;

    if (!name)
        return;
    free(k->vdev);
    k->vdev = name;
}

/* There is one way to write it: it is a key. */
static void complete_usb(struct usbdev *u)
{
    struct usb_name n;
    struct err none;
    char *text;

    if (!u->device || usb_name_parse(u->device, &n, &none) < 0)
        return;
    text = usb_name_text(&n, u->device);
    free(u->device);
    u->device = text;
}

/* All faults of one device are reported; the checks across members only when it has none. */
struct device *device_from_map(enum device_class class, const struct value *map, const char *where,
                               struct problems *p)
{
    struct device *d = device_new(class);
    size_t before = p->len;
    AUTO(value_freep) struct value *clean = clean_map(&device_fields[class], map, where, p);

    fields_read(&device_fields[class], &d->disk, clean, where, NULL, p);
    if (class == DEVICE_DISK) {
        if (d->disk.devtype == DISK_CDROM && !value_get(map, "mode"))
            d->disk.mode = DISK_READ;
        strip_slashes(&d->disk);
        complete_target(&d->disk);
        complete_vdev(&d->disk);
        if (p->len == before)
            check_disk(&d->disk, where, p);
    }
    if (class == DEVICE_USBDEV && p->len == before)
        complete_usb(&d->usbdev);
    if (p->len == before)
        check_needed(d, where, p);
    if (class == DEVICE_CHANNEL && p->len == before)
        check_channel(&d->channel, where, p);
    if (p->len == before)
        return d;
    device_free(d);
    return NULL;
}

struct device *device_from_value(enum device_class class, const struct value *v, const char *where,
                                 struct problems *p)
{
    if (value_type(v) == VALUE_STRING)
        return device_from_xm(class, value_as_str(v), where, p);
    if (value_type(v) == VALUE_MAP)
        return device_from_map(class, v, where, p);
    problems_add(p, where, NULL, "%s: %s is not a map or a string", class_names[class],
                 value_type_name(value_type(v)));
    return NULL;
}

/* A disk's mode is always said: its default depends on devtype. */
struct value *device_to_value(const struct device *d)
{
    const struct fields *t = &device_fields[d->class];
    struct value *map = value_map();

    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        bool mode = d->class == DEVICE_DISK && f->offset == offsetof(struct disk, mode);

        if (mode || !field_is_default(f, &d->disk))
            value_set_take(map, f->name, field_shown(f, &d->disk));
    }
    return map;
}

void device_note_ignored(const struct device *d, unsigned driver, const char *where,
                         const char *reason, struct problems *notes)
{
    const struct fields *t = &device_fields[d->class];
    const char *class = class_names[d->class];
    unsigned any = 0;

    for (size_t i = 0; i < t->n; i++)
        any |= t->rows[i].drivers & driver;
    if (d->class == DEVICE_USBDEV && !device_key(d)) /* xl's kind */
        any &= ON_TEST;
    if (!any) /* what is not there on Xen is refused there: xdev_check */
        problems_add(notes, where, NULL, "%s: %s; %s", class, reason,
                     driver == ON_XEN ? "a domain with it does not start" : "ignored");
    if (d->class == DEVICE_VIF && d->vif.network && d->vif.bridge)
        problems_add(notes, where, NULL, "vif bridge: network %s has one of its own; ignored",
                     d->vif.network);
    for (size_t i = 0; any && i < t->n; i++) {
        const struct field *f = &t->rows[i];

        if (!(f->drivers & driver) && !field_is_default(f, &d->disk))
            problems_add(notes, where, NULL, "%s %s: %s; ignored", class, f->name, reason);
    }
}

const char *device_key(const struct device *d)
{
    switch (d->class) {
    case DEVICE_DISK:
        return d->disk.vdev;
    case DEVICE_VIF:
        return d->vif.mac;
    case DEVICE_PCI:
        return d->pci.bdf;
    case DEVICE_USBDEV:
        return d->usbdev.device;
    case DEVICE_CHANNEL:
        return d->channel.name;
    default:
        return NULL;
    }
}

bool device_has_key(const struct device *d, const char *key)
{
    const char *own = device_key(d);

    if (!own || !key)
        return false;
    if (d->class == DEVICE_DISK && vdev_number(key) >= 0)
        return vdev_number(key) == vdev_number(own);
    return strcasecmp(own, key) == 0;
}

struct device *devices_find(const struct devices *v, enum device_class class, const char *key)
{
    for (size_t i = 0; i < v->len; i++)
        if (v->ptr[i]->class == class && device_has_key(v->ptr[i], key))
            return v->ptr[i];
    return NULL;
}

struct device *devices_nth(const struct devices *v, enum device_class class, size_t n)
{
    for (size_t i = 0; i < v->len; i++)
        if (v->ptr[i]->class == class && n-- == 0)
            return v->ptr[i];
    return NULL;
}

void vif_set_mac(struct vif *v)
{
    unsigned char r[3];

    if (v->mac)
        return;
    if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
        abort(); /* cannot happen for so few bytes once the system is up: see getrandom(2) */
    v->mac = xasprintf("00:16:3e:%02x:%02x:%02x", r[0] & 0x7f, r[1], r[2]);
}

char *vif_bridge(const struct vif *v)
{
    return v->network ? xasprintf("xn-%s", v->network) : xstrdup_null(v->bridge);
}

/* The multipliers are decimal, and 50 ms are the default: the original's rules. */
bool vif_rate(const struct vif *v, uint64_t *bytes, uint64_t *usec)
{
    unsigned long long n, every = 50, per_second, micro = 1000;
    const char *at;
    char *end;

    if (!v->rate || (n = strtoull(v->rate, &end, 10)) == 0)
        return false;
    if (n > UINT64_MAX / 1000000000 / 1000000)
        n = UINT64_MAX / 1000000000 / 1000000;
    n *= *end == 'G' ? 1000000000 : *end == 'M' ? 1000000 : *end == 'K' ? 1000 : 1;
    end += *end == 'G' || *end == 'M' || *end == 'K';
    per_second = *end == 'b' ? n / 8 : n;
    at = strchr(v->rate, '@');
    if (at) {
        every = strtoull(at + 1, &end, 10);
        micro = *end == 'm' ? 1000 : *end == 'u' ? 1 : 1000000;
    }
    if (every > 1000000000 / micro) /* a thousand seconds */
        every = 1000000000 / micro;
    *usec = every ? every * micro : 50000;
    *bytes = per_second / 1000000 * *usec + per_second % 1000000 * *usec / 1000000;
    if (!*bytes) { /* less than a byte: in a second there is one */
        *usec = 1000000;
        *bytes = per_second ? per_second : 1;
    }
    return true;
}
