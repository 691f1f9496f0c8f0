/*
 * The xm language of vif=, vfb= and most others: "key=value, key=value". An item becomes a map in
 * the language of JSON, which device.c reads. Languages of their own: device_disk.c, device_pci.c.
 */
#include "libxl/device.h"

#include <ctype.h>
#include <string.h>

#include "libxl/device_parts.h"

struct value *text_split(const char *text, char separator, bool trim)
{
    struct value *parts = value_list();

    for (;;) {
        const char *end = strchrnul(text, separator), *from = text, *to = end;

        while (trim && from < to && isspace((unsigned char)*from))
            from++;
        while (trim && to > from && isspace((unsigned char)to[-1]))
            to--;
        value_add_take(parts, value_strn(from, (size_t)(to - from)));
        if (!*end)
            return parts;
        text = end + 1;
    }
}

/* Labels of the ACM security policy, which Xen dropped with 4.0's successors: without effect. */
static bool is_obsolete(const char *key)
{
    return strcmp(key, "policy") == 0 || strcmp(key, "label") == 0;
}

/* The original's texts: scripts may look for them. */
static void unknown_key(enum device_class class, const char *key, const char *where,
                        struct problems *p)
{
    AUTO(freep) char *hint = fields_nearest(&device_fields[class], key);

    if (class == DEVICE_VFB)
        problems_add(p, where, hint, "configuration option %s unknown to vfbs", key);
    else
        problems_add(p, where, hint, "Invalid %s option: %s", device_class_name(class), key);
}

/* Bytes of one digit, or with "-" between them, as xl takes them; the caller frees. */
static char *mac_text(const char *text)
{
    struct buf b = BUF_INIT;

    for (int i = 0; i < 6; i++) {
        size_t n = strspn(text, "0123456789abcdefABCDEF");

        if (n < 1 || n > 2 || (i < 5 ? text[n] != ':' && text[n] != '-' : text[n] != '\0')) {
            buf_clear(&b);
            return NULL;
        }
        buf_addf(&b, "%s%s%.*s", i ? ":" : "", n == 1 ? "0" : "", (int)n, text);
        text += n + 1;
    }
    return buf_steal(&b);
}

/* One "key=value" into the map; an empty value means not given. */
static void read_pair(enum device_class class, const char *pair, struct value *map,
                      const char *where, struct problems *p)
{
    const char *eq = strchr(pair, '=');
    AUTO(freep) char *key = NULL;

    if (class == DEVICE_VIF && (strcmp(pair, "trusted") == 0 || strcmp(pair, "untrusted") == 0)) {
        value_set_bool(map, "trusted", *pair == 't');
        return;
    }
    if (!eq) {
        bool address = strpbrk(pair, ".:") && !pair[strspn(pair, "0123456789abcdefABCDEF.:/")];
        problems_add(p, where,
                     address ? "several addresses have blanks between them: ip=10.0.0.1 10.0.0.2"
                             : NULL,
                     "%s should be a pair, separated by an equals sign.", pair);
        return;
    }
    key = xstrndup(pair, (size_t)(eq - pair));
    while (*key && isspace((unsigned char)key[strlen(key) - 1]))
        key[strlen(key) - 1] = '\0';
    eq++;
    while (isspace((unsigned char)*eq))
        eq++;
    if (class == DEVICE_VFB && strcmp(key, "type") == 0 &&
        (strcmp(eq, "vnc") == 0 || strcmp(eq, "sdl") == 0))
        value_set_bool(map, eq, true);
    else if (field_find(&device_fields[class], key)) {
        AUTO(freep) char *mac = strcmp(key, "mac") == 0 ? mac_text(eq) : NULL;
        if (*eq)
            value_set_str(map, key, mac ? mac : eq);
    } else if (class != DEVICE_VIF || !is_obsolete(key))
        unknown_key(class, key, where, p);
}

/* All pairs of an item; every wrong one is reported. NULL when there was one. */
static struct value *pairs_map(enum device_class class, const char *text, const char *where,
                               struct problems *p)
{
    AUTO(value_freep) struct value *parts = text_split(text, ',', true);
    struct value *map = value_map();
    size_t before = p->len, n = value_len(parts);

    for (size_t i = 0; i < n; i++) {
        const char *pair = value_as_str(value_at(parts, i));
        if (*pair) /* '' is a device with all defaults; a comma too many does no harm */
            read_pair(class, pair, map, where, p);
    }
    if (p->len == before)
        return map;
    value_free(map);
    return NULL;
}

struct device *device_from_xm(enum device_class class, const char *text, const char *where,
                              struct problems *p)
{
    AUTO(value_freep) struct value *map = NULL;

    if (class == DEVICE_DISK)
        map = disk_map_from_xm(text, where, p);
    else if (class == DEVICE_PCI)
        map = pci_map_from_xm(text, where, p);
    else if (class == DEVICE_VSCSI)
        map = vscsi_map_from_xm(text, where, p);
    else if (class == DEVICE_VUSB)
        map = vusb_map_from_xm(text, where, p);
    else
        map = pairs_map(class, text, where, p);
    return map ? device_from_map(class, map, where, p) : NULL;
}

/* Only what differs from the defaults. A comma within a value cannot be said in this language. */
char *device_to_xm(const struct device *d)
{
    const struct fields *t = &device_fields[d->class];
    struct buf b = BUF_INIT;

    if (d->class == DEVICE_DISK)
        return disk_to_xm(&d->disk);
    if (d->class == DEVICE_PCI)
        return pci_to_xm(&d->pci);
    if (d->class == DEVICE_VSCSI)
        return vscsi_to_xm(&d->vscsi);
    if (d->class == DEVICE_VUSB)
        return vusb_to_xm(&d->vusb);
    for (size_t i = 0; i < t->n; i++) {
        AUTO(value_freep) struct value *v = NULL;

        if (field_is_default(&t->rows[i], &d->disk))
            continue;
        v = field_value(&t->rows[i], &d->disk);
        if (d->class == DEVICE_VIF && strcmp(t->rows[i].name, "trusted") == 0) {
            buf_addf(&b, "%suntrusted", b.len ? "," : "");
            continue;
        }
        buf_addf(&b, "%s%s=", b.len ? "," : "", t->rows[i].name);
        if (value_type(v) == VALUE_STRING)
            buf_adds(&b, value_as_str(v));
        else
            buf_addf(&b, "%lld",
                     value_type(v) == VALUE_BOOL ? (long long)value_as_bool(v)
                                                 : (long long)value_as_int(v));
    }
    return buf_steal(&b);
}
