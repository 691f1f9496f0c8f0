/*
 * Devices: the tables of their fields, and what all notations share. The xm languages are in
 * device_xm.c and device_disk.c, SXP in device_sxp.c. Called by spec.c and, for hotplug, by xm.
 */
#include "libxl/device.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "libxl/base/near.h"
#include "libxl/device_parts.h"

static const char *const disk_devtypes[] = {"disk", "cdrom", NULL};
static const char *const disk_modes[] = {"r", "w", "w!", NULL};
static const char *const discard_words[] = {"auto", "on", "off", NULL};

/* One of a few words; the hint lists them. */
static int check_word(const char *text, const char *const *words, const char *what, struct err *e)
{
    struct buf all = BUF_INIT;

    for (size_t i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0) {
            buf_clear(&all);
            return 0;
        }
        buf_addf(&all, "%s%s", i ? ", " : "", words[i]);
    }
    err_set(e, ERR_INVALID, "%s \"%.60s\" is invalid.", what, text);
    err_hint(e, "use one of %s", buf_str(&all));
    buf_clear(&all);
    return -1;
}

/* The format is always said, never guessed: a guest may write another one's header to its disk. */
static int check_format(const char *text, struct err *e)
{
    return check_word(text, disk_formats, "Disk format", e);
}

static int check_tapdisk(const char *text, struct err *e)
{
    return check_word(text, disk_tapdisks, "Tap disk type", e);
}

/* Any other name may be that of a script /etc/xen/scripts/block-TYPE; one mistyped letter is not.
 */
static int check_disk_type(const char *text, struct err *e)
{
    static const char *const known[] = {"phy",  "file",  "tap",  "tap2", "nbd",
                                        "enbd", "iscsi", "drbd", "npiv"};
    struct near n = {.word = text};
    bool exact = false;

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        near_try(&n, known[i]);
        exact |= strcmp(known[i], text) == 0;
    }
    if (exact)
        return 0;
    if (text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0' && !n.best)
        return 0;
    err_set(e, ERR_INVALID, "Block device type \"%.60s\" is invalid.", text);
    return n.best ? err_hint(e, "did you mean %s?", n.best) : -1;
}

/* vif is xl's word for netfront; user is ours. */
static int check_vif_type(const char *text, struct err *e)
{
    static const char *const words[] = {"netfront", "ioemu", "vif", "user", NULL};

    return check_word(text, words, "Network interface type", e);
}

/* "10Mb/s", "250KB/s@20ms": the original takes anything else for "unlimited"; we say so. */
static int check_rate(const char *text, struct err *e)
{
    regex_t re;
    int r;

    if (regcomp(&re, "^[0-9]+[GMK]?[Bb]/s(@[0-9]+[mu]?s)?$", REG_EXTENDED | REG_NOSUB) != 0)
        return err_set(e, ERR_SYSTEM, "cannot compile a pattern");
    r = regexec(&re, text, 0, NULL, 0);
    regfree(&re);
    if (r == 0)
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a rate", text);
    return err_hint(e, "write for example 10Mb/s (bits), 2MB/s (bytes) or 1MB/s@20ms");
}

int check_mac(const char *text, struct err *e)
{
    bool shape = strlen(text) == 17;

    for (size_t i = 0; shape && i < 17; i++)
        shape = i % 3 == 2 ? text[i] == ':' : isxdigit((unsigned char)text[i]);
    if (!shape) {
        err_set(e, ERR_INVALID, "'%.60s' is not a MAC address", text);
        return err_hint(e, "write six hexadecimal bytes: 00:16:3e:01:02:03");
    }
    if (strchr("13579bdfBDF", text[1])) {
        err_set(e, ERR_INVALID, "'%s' is a multicast address, which no interface can have", text);
        return err_hint(e, "make the first byte even, as in 00:16:3e:01:02:03");
    }
    return 0;
}

/* The text itself is not repeated: errors end up in logs. */
int check_vncpasswd(const char *text, struct err *e)
{
    if (strlen(text) <= VNC_PASSWORD_MAX)
        return 0;
    err_set(e, ERR_INVALID, "longer than %d characters", VNC_PASSWORD_MAX);
    return err_hint(e, "VNC itself cuts passwords there: the rest would protect nothing");
}

int check_vdev(const char *text, struct err *e)
{
    if (vdev_number(text) >= 0)
        return 0;
    err_set(e, ERR_INVALID, "Unable to find number for device (%.60s)", text);
    return err_hint(e, "use a name such as xvda, xvda1, sda, hda or vda");
}

/*
 * The tables. Their order is the order of keys in every notation. The test driver takes all there
 * is, so that tests see no notes about what it "ignores".
 */
#define X (ON_XEN | ON_TEST)
#define DISK(m) .name = #m, .offset = offsetof(struct disk, m)
static const struct field disk_rows[] = {
    {DISK(type), .check = check_disk_type, .drivers = ON_ALL,
     .doc = "How the target is reached: phy, file, tap, tap2, nbd, iscsi, drbd, or a script's."},
    {DISK(format), .dflt = "raw", .check = check_format, .drivers = ON_ALL,
     .doc = "What the bytes of the target are; never guessed from the content."},
    {DISK(tapdisk), .check = check_tapdisk, .drivers = X,
     .doc = "Which tap disk serves it, when the format does not say so."},
    {DISK(target), .drivers = ON_ALL, .doc = "File, block device or address that holds the disk."},
    {DISK(vdev), .check = check_vdev, .drivers = ON_ALL, .doc = "The disk's name in the guest."},
    {DISK(devtype), .type = FIELD_WORD, .words = disk_devtypes, .drivers = ON_ALL,
     .doc = "Whether it is a disk or a CD-ROM drive."},
    {DISK(mode), .type = FIELD_WORD, .words = disk_modes, .dflt = "w", .drivers = ON_ALL,
     .doc = "r read only, w read and write, w! also when another domain uses it."},
    {DISK(backend), .drivers = X, .doc = "The driver domain that serves the disk."},
    {DISK(protocol), .drivers = X, .doc = "The frontend's ring layout, x86_32-abi or x86_64-abi."},
    {DISK(script), .drivers = X, .doc = "The hotplug script that prepares the target."},
    {DISK(discard), .type = FIELD_WORD, .words = discard_words, .drivers = X,
     .doc = "Whether blocks that the guest frees are freed in the target."},
};

#define VIF(m) .name = #m, .offset = offsetof(struct vif, m), .sxp = #m
static const struct field vif_rows[] = {
    {VIF(type), .check = check_vif_type, .drivers = ON_ALL,
     .doc = "netfront (paravirtual), ioemu (emulated) or user (QEMU's own network)."},
    {VIF(mac), .check = check_mac, .drivers = ON_ALL,
     .doc = "The interface's address; random under 00:16:3e when not given."},
    {VIF(bridge), .drivers = ON_ALL, .doc = "The bridge of the host that it is plugged into."},
    {VIF(ip), .drivers = ON_ALL, .doc = "The addresses that the guest may use, for the script."},
    {VIF(script), .drivers = ON_ALL, .doc = "The hotplug script that plugs it in."},
    {VIF(vifname), .drivers = ON_ALL, .doc = "The interface's name on the host."},
    {VIF(rate), .check = check_rate, .drivers = ON_ALL,
     .doc = "The guest's transmit rate: 10Mb/s, 2MB/s, 1MB/s@20ms."},
    {VIF(model), .drivers = ON_ALL, .doc = "The emulated card: e1000, rtl8139, virtio-net-pci."},
    {VIF(backend), .drivers = ON_ALL, .doc = "The driver domain that serves the interface."},
    {VIF(accel), .drivers = X, .doc = "The network accelerator plug-in of the frontend."},
};

#define VFB(m) .name = #m, .offset = offsetof(struct vfb, m), .sxp = #m
static const struct field vfb_rows[] = {
    {VFB(vnc), .type = FIELD_BOOL, .drivers = ON_ALL, .doc = "Serve the screen by VNC."},
    {VFB(sdl), .type = FIELD_BOOL, .drivers = X, .doc = "Show the screen in a local window."},
    {VFB(opengl), .type = FIELD_BOOL, .drivers = X, .doc = "Draw that window with OpenGL."},
    {VFB(vncunused), .type = FIELD_BOOL, .dflt = "1", .drivers = ON_ALL,
     .doc = "Take the first free VNC display when the given one is taken."},
    {VFB(vncdisplay), .type = FIELD_INT, .dflt = "-1", .min = -1, .max = 59635, .drivers = ON_ALL,
     .doc = "The VNC display (port 5900 + N); -1: the first free one."},
    {VFB(vnclisten), .drivers = ON_ALL, .doc = "The address that VNC listens on."},
    {VFB(vncpasswd), .check = check_vncpasswd, .secret = true, .drivers = ON_ALL,
     .doc = "The VNC password, of at most 8 characters."},
    {VFB(display), .drivers = X, .doc = "The X display of the local window."},
    {VFB(xauthority), .drivers = X, .doc = "The X authority file of the local window."},
    {VFB(keymap), .drivers = ON_ALL, .doc = "The keyboard layout, as QEMU names it."},
    {VFB(serial), .drivers = X, .doc = "Where the device model's serial port goes."},
    {VFB(monitor), .drivers = X, .doc = "Where the device model's monitor goes."},
    {VFB(videoram), .type = FIELD_INT, .min = 0, .max = 1024, .unit = "MiB", .drivers = ON_ALL,
     .doc = "Memory of the frame buffer; 0: the default."},
};

const struct fields device_fields[DEVICE_CLASSES] = {
    [DEVICE_DISK] = {disk_rows, ARRAY_LEN(disk_rows)},
    [DEVICE_VIF] = {vif_rows, ARRAY_LEN(vif_rows)},
    [DEVICE_VFB] = {vfb_rows, ARRAY_LEN(vfb_rows)},
};

/* The variable of an xm file, and the key of a list in JSON. */
static const char *const class_names[DEVICE_CLASSES] = {"disk", "vif", "vfb"};

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

/*
 * The map with blanks around texts taken off. Control characters are refused: what is read here
 * goes into command lines, scripts and stores where a line end would mean something.
 */
static struct value *clean_map(const struct fields *t, const struct value *map, const char *where,
                               struct problems *p)
{
    struct value *clean = value_copy(map);

    for (size_t i = 0; i < value_len(map); i++) {
        const char *key = value_key(map, i), *text = value_get_str(map, key, "");
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
        if (value_type(value_at(map, i)) == VALUE_STRING)
            value_set_take(clean, key, value_strn(text, n));
    }
    return clean;
}

/* "file:///srv/a.img" is a way to write file:/srv/a.img: one slash begins a path. */
static void strip_slashes(char *target)
{
    size_t n = target ? strspn(target, "/") : 0;

    if (n > 1)
        memmove(target, target + n - 1, strlen(target) - n + 2);
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
        strip_slashes(d->disk.target);
        if (p->len == before)
            check_disk(&d->disk, where, p);
    }
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

void device_note_ignored(const struct device *d, unsigned driver, const char *driver_name,
                         struct problems *notes)
{
    const struct fields *t = &device_fields[d->class];
    const char *class = class_names[d->class];

    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        AUTO(freep) char *where = xasprintf("/%s", class);

        if (!(f->drivers & driver) && !field_is_default(f, &d->disk))
            problems_add(notes, where, NULL, "%s %s: the %s driver does not have it; ignored",
                         class, f->name, driver_name);
    }
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
