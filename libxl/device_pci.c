/*
 * The languages of pci=, vscsi= and vusb=, and their forms in SXP, which have one more level than
 * those of other devices: (pci (dev (domain 0x0000) ...)). Called by device_xm.c, device_sxp.c.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/sxp.h"
#include "libxl/device_parts.h"

#define VDEVFN_ANY 0x100 /* the original's way to say "in any slot" */

/* Up to `digits` hexadecimal digits; the number, or -1. *at moves behind them. */
static int read_hex(const char **at, int digits)
{
    int n = 0, i = 0;

    for (; i < digits && isxdigit((unsigned char)**at); i++, ++*at)
        n = n * 16 +
            (isdigit((unsigned char)**at) ? **at - '0' : tolower((unsigned char)**at) - 'a' + 10);
    return i ? n : -1;
}

/* One function: a digit, a range "0-3", a mapping "2=0". Returns its length, or 0. */
static size_t function_len(const char *text)
{
    if (text[0] < '0' || text[0] > '7')
        return 0;
    return (text[1] == '-' || text[1] == '=') && text[2] >= '0' && text[2] <= '7' ? 3 : 1;
}

/* All functions, "*" or a list; behind each stands a comma, the slot, or the end. */
static size_t functions_len(const char *text)
{
    size_t n = *text == '*' ? 1 : function_len(text), more;

    while (n && *text != '*' && text[n] == ',' && (more = function_len(text + n + 1)) &&
           strchr(",@", text[n + 1 + more]))
        n += 1 + more;
    return n && strchr(",@", text[n]) ? n : 0;
}

/*
 * "[SSSS:]BB:DD.F" at the beginning of text; canonical, the caller frees. *at is behind it. NULL
 * when it is wrong.
 */
static char *read_bdf(const char **at)
{
    int part[3] = {read_hex(at, 4), -1, -1};
    bool domain;
    size_t n;

    if (*(*at)++ != ':')
        return NULL;
    part[1] = read_hex(at, 2);
    domain = **at == ':';
    if (domain) {
        ++*at;
        part[2] = read_hex(at, 2);
    } else {
        part[2] = part[1];
        part[1] = part[0];
        part[0] = 0;
    }
    if (*(*at)++ != '.' || part[0] < 0 || part[1] < 0 || part[1] > 0xff || part[2] < 0 ||
        part[2] > 0x1f)
        return NULL;
    n = functions_len(*at);
    if (!n)
        return NULL;
    *at += n;
    return xasprintf("%04x:%02x:%02x.%.*s", part[0], part[1], part[2], (int)n, *at - n);
}

int check_bdf(const char *text, struct err *e)
{
    const char *at = text;
    AUTO(freep) char *bdf = read_bdf(&at);

    if (bdf && !*at && strcmp(bdf, text) == 0)
        return 0;
    err_set(e, ERR_INVALID, "Failed to parse pci device: %.60s", text);
    if (bdf && !*at)
        return err_hint(e, "write it as %s", bdf);
    return err_hint(e, "write DOMAIN:BUS:SLOT.FUNCTION in hexadecimal: 0000:03:00.0");
}

static int bad(const char *class, const char *text, const char *hint, const char *where,
               struct problems *p)
{
    problems_add(p, where, hint, "Failed to parse %s device: %s", class, text);
    return -1;
}

/* One "key=value" behind the device; xl has more of them than xm. */
static int read_pci_option(struct value *map, const char *item, const char *where,
                           struct problems *p)
{
    const char *eq = strchr(item, '=');
    AUTO(freep) char *key = xstrndup(item, strcspn(item, "="));
    AUTO(freep) char *hint = NULL;

    if (!*item)
        return 0;
    if (!eq) {
        problems_add(p, where, NULL, "%s should be a pair, separated by an equals sign.", item);
        return -1;
    }
    if (strcmp(key, "name") == 0) /* xl's own name for an assignable device */
        return 0;
    if (field_find(&device_fields[DEVICE_PCI], key)) {
        value_set_str(map, key, eq + 1);
        return 0;
    }
    hint = fields_nearest(&device_fields[DEVICE_PCI], key);
    problems_add(p, where, hint, "Invalid pci option: %s", key);
    return -1;
}

/* "BDF[@VSLOT][,option=value...]", or xl's with bdf= as one of the options. */
struct value *pci_map_from_xm(const char *text, const char *where, struct problems *p)
{
    static const char hint[] = "write it as lspci does: 0000:03:00.0 or 03:00.0";
    AUTO(value_freep) struct value *map = value_map(), *items = NULL;
    const char *at = text;
    AUTO(freep) char *bdf = NULL, *vslot = NULL;

    if (strncmp(text, "bdf=", 4) == 0)
        at += 4;
    while (*at == ' ')
        at++;
    bdf = read_bdf(&at);
    if (!bdf)
        return bad("pci", text, hint, where, p), NULL;
    value_set_str(map, "bdf", bdf);
    if (*at == '@') {
        int slot = (++at, read_hex(&at, 2));
        vslot = slot < 0 ? NULL : xasprintf("%02x", slot);
        value_set_str(map, "vslot", vslot);
    }
    if (*at && *at != ',')
        return bad("pci", text, hint, where, p), NULL;
    items = text_split(at + (*at == ','), ',', true);
    for (size_t i = 0; i < value_len(items); i++)
        if (read_pci_option(map, value_as_str(value_at(items, i)), where, p) < 0)
            return NULL;
    return steal(map);
}

static const struct {
    const char *name;
    size_t offset;
} pci_flags[] = {{"msitranslate", offsetof(struct pci, msitranslate)},
                 {"power_mgmt", offsetof(struct pci, power_mgmt)},
                 {"permissive", offsetof(struct pci, permissive)},
                 {"seize", offsetof(struct pci, seize)}};

static int64_t pci_flag(const struct pci *d, size_t i)
{
    return *(const int64_t *)((const char *)d + pci_flags[i].offset);
}

char *pci_to_xm(const struct pci *d)
{
    struct buf b = BUF_INIT;

    buf_addf(&b, "%s%s%s", d->bdf, d->vslot ? "@" : "", d->vslot ? d->vslot : "");
    if (d->rdm_policy)
        buf_addf(&b, ",rdm_policy=%s", d->rdm_policy);
    for (size_t i = 0; i < ARRAY_LEN(pci_flags); i++)
        if (pci_flag(d, i) >= 0)
            buf_addf(&b, ",%s=%" PRId64, pci_flags[i].name, pci_flag(d, i));
    return buf_steal(&b);
}

/* Appends (key text). */
static void add_text(struct value *form, const char *key, const char *text)
{
    struct value *pair = value_list();

    value_add_take(pair, value_str(key));
    value_add_take(pair, value_str(text));
    value_add_take(form, pair);
}

/* Appends an empty list with this head and returns it. */
static struct value *add_form(struct value *form, const char *head)
{
    struct value *child = value_list();

    value_add_take(child, value_str(head));
    value_add_take(form, child);
    return child;
}

/* (dev (domain 0x0000) (bus 0x03) (slot 0x00) (func 0x0) (vdevfn 0x100) (opts (key value)...)) */
void pci_to_sxp(const struct pci *d, struct value *form)
{
    struct value *dev = add_form(form, "dev"), *opts;
    const char *func = strchr(d->bdf, '.') + 1;
    AUTO(freep) char *domain = xasprintf("0x%.4s", d->bdf), *bus = xasprintf("0x%.2s", d->bdf + 5);
    AUTO(freep) char *slot = xasprintf("0x%.2s", d->bdf + 8);
    AUTO(freep) char *number = xasprintf("%s%s", func[1] || *func == '*' ? "" : "0x", func);
    unsigned vdevfn = d->vslot ? (unsigned)strtoul(d->vslot, NULL, 16) << 3 : VDEVFN_ANY;
    AUTO(freep) char *where = xasprintf("0x%02x", vdevfn);

    add_text(dev, "domain", domain);
    add_text(dev, "bus", bus);
    add_text(dev, "slot", slot);
    add_text(dev, "func", number);
    add_text(dev, "vdevfn", where);
    opts = value_list();
    value_add_take(opts, value_str("opts"));
    for (size_t i = 0; i < ARRAY_LEN(pci_flags); i++) {
        AUTO(freep) char *text = xasprintf("%" PRId64, pci_flag(d, i));
        if (pci_flag(d, i) >= 0)
            add_text(opts, pci_flags[i].name, text);
    }
    if (d->rdm_policy)
        add_text(opts, "rdm_policy", d->rdm_policy);
    if (value_len(opts) > 1)
        value_add_take(dev, opts);
    else
        value_free(opts);
}

static const char *text_of(const struct value *form, const char *key)
{
    const struct value *v = sxp_child_value(form, key);

    return v && value_type(v) == VALUE_STRING ? value_as_str(v) : "";
}

/* The original's older releases called the slot vslt or vslot, and printed no domain. */
void pci_map_from_sxp(struct value *map, const struct value *form)
{
    static const char *const slots[] = {"vdevfn", "vslot", "vslt"};
    const struct value *dev = sxp_child(form, "dev"), *opts = sxp_child(dev, "opts");
    unsigned long part[3];
    const char *func = text_of(dev, "func");
    AUTO(freep) char *bdf = NULL;

    part[0] = strtoul(text_of(dev, "domain"), NULL, 16);
    part[1] = strtoul(text_of(dev, "bus"), NULL, 16);
    part[2] = strtoul(text_of(dev, "slot"), NULL, 16);
    if (strncmp(func, "0x", 2) == 0)
        func += 2;
    bdf = xasprintf("%04lx:%02lx:%02lx.%s", part[0], part[1], part[2], *func ? func : "0");
    value_set_str(map, "bdf", bdf);
    for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
        const char *text = text_of(dev, slots[i]);
        unsigned long n = strtoul(text, NULL, 16);
        AUTO(freep) char *slot = xasprintf("%02lx", i == 0 ? n >> 3 : n);
        if (*text && n < VDEVFN_ANY && (i == 0 || n > 0))
            value_set_str(map, "vslot", slot);
    }
    for (size_t i = 1; i < value_len(opts); i++) {
        const struct value *pair = value_at(opts, i);
        if (value_len(pair) > 1 && field_find(&device_fields[DEVICE_PCI], sxp_head(pair)))
            value_set_take(map, sxp_head(pair), value_copy(value_at(pair, 1)));
    }
}

/* "PDEV, VDEV[, DOM]" */
struct value *vscsi_map_from_xm(const char *text, const char *where, struct problems *p)
{
    static const char *const keys[] = {"pdev", "vdev", "backend"};
    AUTO(value_freep) struct value *parts = text_split(text, ',', true), *map = value_map();

    if (value_len(parts) < 2 || value_len(parts) > 3)
        return bad("vscsi", text, "write PDEV,VDEV: /dev/sdb,0:0:0:0", where, p), NULL;
    for (size_t i = 0; i < value_len(parts); i++)
        value_set_take(map, keys[i], value_copy(value_at(parts, i)));
    return steal(map);
}

char *vscsi_to_xm(const struct vscsi *d)
{
    return xasprintf("%s,%s%s%s", d->pdev, d->vdev, d->backend ? "," : "",
                     d->backend ? d->backend : "");
}

/* (feature-host 0) (dev (p-dev sdb) (v-dev 0:0:0:0)) */
void vscsi_to_sxp(const struct vscsi *d, struct value *form)
{
    struct value *dev;

    add_text(form, "feature-host", strcmp(d->vdev, "host") == 0 ? "1" : "0");
    dev = add_form(form, "dev");
    add_text(dev, "p-dev", d->pdev);
    add_text(dev, "v-dev", d->vdev);
    if (d->backend)
        add_text(form, "backend", d->backend);
}

void vscsi_map_from_sxp(struct value *map, const struct value *form)
{
    const struct value *dev = sxp_child(form, "dev");
    bool host = strcmp(text_of(form, "feature-host"), "1") == 0;

    value_set_str(map, "pdev", text_of(dev, "p-dev"));
    value_set_str(map, "vdev", host ? "host" : text_of(dev, "v-dev"));
    if (*text_of(form, "backend"))
        value_set_str(map, "backend", text_of(form, "backend"));
}

/* "usbver=2, numports=8, port_1=1-8.1" */
struct value *vusb_map_from_xm(const char *text, const char *where, struct problems *p)
{
    AUTO(value_freep) struct value *parts = text_split(text, ',', true), *map = value_map();
    AUTO(value_freep) struct value *ports = value_list();

    for (size_t i = 0; i < value_len(parts); i++) {
        const char *item = value_as_str(value_at(parts, i)), *eq = strchr(item, '=');
        AUTO(freep) char *key = xstrndup(item, strcspn(item, "="));

        if (!*item)
            continue;
        if (!eq) {
            problems_add(p, where, NULL, "%s should be a pair, separated by an equals sign.", item);
            return NULL;
        }
        if (strncmp(key, "port_", 5) == 0) {
            value_add_take(ports, value_str(item + 5));
        } else if (strcmp(key, "usbver") == 0 || strcmp(key, "numports") == 0) {
            value_set_str(map, key, eq + 1);
        } else {
            problems_add(p, where, "use usbver, numports and port_N", "Invalid vusb option: %s",
                         key);
            return NULL;
        }
    }
    if (value_len(ports))
        value_set_take(map, "ports", steal(ports));
    return steal(map);
}

char *vusb_to_xm(const struct vusb *d)
{
    struct buf b = BUF_INIT;

    buf_addf(&b, "usbver=%" PRId64 ",numports=%" PRId64, d->usbver, d->numports);
    for (size_t i = 0; i < value_len(d->ports); i++)
        buf_addf(&b, ",port_%s", value_as_str(value_at(d->ports, i)));
    return buf_steal(&b);
}

/* (usb-ver 2) (num-ports 8) (port (1 1-8.1) ...) */
void vusb_to_sxp(const struct vusb *d, struct value *form)
{
    AUTO(freep) char *version = xasprintf("%" PRId64, d->usbver);
    AUTO(freep) char *ports = xasprintf("%" PRId64, d->numports);
    struct value *list;

    add_text(form, "usb-ver", version);
    add_text(form, "num-ports", ports);
    if (!d->ports)
        return;
    list = add_form(form, "port");
    for (size_t i = 0; i < value_len(d->ports); i++) {
        const char *text = value_as_str(value_at(d->ports, i)), *eq = strchr(text, '=');
        AUTO(freep) char *number = xstrndup(text, (size_t)(eq - text));
        add_text(list, number, eq + 1);
    }
}

void vusb_map_from_sxp(struct value *map, const struct value *form)
{
    const struct value *list = sxp_child(form, "port");
    struct value *ports = value_list();

    if (*text_of(form, "usb-ver"))
        value_set_str(map, "usbver", text_of(form, "usb-ver"));
    if (*text_of(form, "num-ports"))
        value_set_str(map, "numports", text_of(form, "num-ports"));
    for (size_t i = 1; i < value_len(list); i++) {
        const struct value *pair = value_at(list, i),
                           *bus = value_len(pair) > 1 ? value_at(pair, 1) : NULL;
        bool text = bus && value_type(bus) == VALUE_STRING; /* a port may be there twice */
        AUTO(freep)
        char *item = xasprintf("%s=%s", sxp_head(pair), text ? value_as_str(bus) : "");
        value_add_take(ports, value_str(item));
    }
    value_set_take(map, "ports", ports);
}
