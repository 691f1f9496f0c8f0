/*
 * What people call a USB device of a guest, in usbdevice= and on the command line of xm usb-add:
 * tablet, host:1.4, host:046d:c52b, disk:/srv/stick.img. Called by device.c, spec_usb.c, xm and the
 * drivers; looks at no host.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libxl/base/io.h"
#include "libxl/device.h"

#define BUS_MAX 255
#define ADDRESS_MAX 127 /* of one bus */

/* By enum usb_kind; then other names of the same. */
static const char *const words[] = {"tablet", "mouse", "keyboard"};
static const char *const other_words[][2] = {{"kbd", "keyboard"}};

static int find_word(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(other_words); i++)
        if (strcasecmp(text, other_words[i][0]) == 0)
            text = other_words[i][1];
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return (int)i;
    return -1;
}

/* Digits only, up to `max`; the number, or -1. *at moves behind them. */
static long read_number(const char **at, int base, long max)
{
    const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
    size_t n = strspn(*at, digits);
    long v;

    if (n == 0 || n > 5)
        return -1;
    v = strtol(*at, NULL, base);
    *at += n;
    return v <= max ? v : -1;
}

/* "1.4", or "046d:c52b". */
static int read_host(const char *text, struct usb_name *out)
{
    bool address = strchr(text, '.') != NULL;
    const char *at = text;
    long a = read_number(&at, address ? 10 : 16, address ? BUS_MAX : 0xffff), b;

    if (a < address || *at++ != (address ? '.' : ':'))
        return -1;
    b = read_number(&at, address ? 10 : 16, address ? ADDRESS_MAX : 0xffff);
    if (b < address || *at)
        return -1;
    out->kind = address ? USB_HOST_ADDR : USB_HOST_ID;
    out->a = (unsigned)a;
    out->b = (unsigned)b;
    return 0;
}

int usb_name_hint(struct err *e)
{
    return err_hint(e, "write tablet, mouse, keyboard, host:BUS.ADDR, host:VENDOR:PRODUCT or "
                       "disk:FILE");
}

int usb_name_parse(const char *text, struct usb_name *out, struct err *e)
{
    int word = find_word(text);

    *out = (struct usb_name){.kind = word < 0 ? USB_OTHER : (enum usb_kind)word};
    if (word >= 0)
        return 0;
    if (strncmp(text, "host:", 5) == 0 && read_host(text + 5, out) < 0) {
        err_set(e, ERR_INVALID, "'%.60s' names no USB device of a host", text);
        return err_hint(e, "write host:BUS.ADDR in decimal, as host:1.4, or host:VENDOR:PRODUCT in "
                           "hexadecimal, as host:046d:c52b");
    }
    if (strncmp(text, "disk:", 5) == 0) {
        out->kind = USB_DISK;
        out->path = text + 5;
    }
    if (!*text || (out->kind == USB_DISK && !*out->path)) {
        err_set(e, ERR_INVALID, "'%.60s' is not a USB device", text);
        return usb_name_hint(e);
    }
    return 0;
}

char *usb_name_text(const struct usb_name *n, const char *text)
{
    switch (n->kind) {
    case USB_HOST_ADDR:
        return xasprintf("host:%u.%u", n->a, n->b);
    case USB_HOST_ID:
        return xasprintf("host:%04x:%04x", n->a, n->b);
    case USB_DISK:
    case USB_OTHER:
        return xstrdup(text);
    default:
        return xstrdup(words[n->kind]);
    }
}

void usbdev_make_absolute(struct usbdev *u)
{
    struct usb_name n;
    struct err none;
    char *path;

    if (!u->device || usb_name_parse(u->device, &n, &none) < 0 || n.kind != USB_DISK ||
        n.path[0] == '/')
        return;
    path = path_absolute(n.path);
    free(u->device);
    u->device = xasprintf("disk:%s", path);
    free(path);
}

/* A USB disk is an image, without a format of its own, that the guest may write to. */
const struct disk *device_disk(const struct device *d, struct disk *room)
{
    struct usb_name n;
    struct err none;

    if (d->class == DEVICE_DISK)
        return &d->disk;
    if (d->class != DEVICE_USBDEV || !d->usbdev.device ||
        usb_name_parse(d->usbdev.device, &n, &none) < 0 || n.kind != USB_DISK)
        return NULL;
    *room = (struct disk){.type = (char *)"file",
                          .format = (char *)"raw",
                          .target = (char *)n.path,
                          .vdev = d->usbdev.device,
                          .mode = DISK_WRITE};
    return room;
}
