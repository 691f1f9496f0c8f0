/* The USB devices of the host: see usbhost.h. */
#include "libxl/usbhost.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"

#define SYSFS_BYTES_MAX 4096 /* a page: no file of sysfs has more */
#define CLASS_HUB "09"

/* The caller frees. */
static char *devices_dir(void)
{
    const char *root = getenv("XEND_SYSFS");

    return xasprintf("%s/bus/usb/devices", root ? root : "/sys");
}

/* The first line of one of its files, without control characters; "" when there is none. The caller
 * frees. */
static char *text_of(const char *name, const char *file)
{
    AUTO(freep) char *dir = devices_dir();
    AUTO(freep) char *path = xasprintf("%s/%s/%s", dir, name, file);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err ignored;
    char *line;

    if (read_file(path, SYSFS_BYTES_MAX, &text, &ignored) < 0)
        return xstrdup("");
    line = xstrndup(buf_str(&text), strcspn(buf_str(&text), "\n"));
    for (char *at = line; *at; at++)
        if (iscntrl((unsigned char)*at))
            *at = '?';
    return line;
}

/* Devices are 1-2 or 1-2.3; root hubs are usb1, interfaces 1-2:1.0. NULL for what is none. */
static struct value *device_map(const char *name)
{
    static const char *const files[][2] = {
        {"vendor", "idVendor"}, {"product", "idProduct"}, {"name", "product"}};
    AUTO(freep) char *bus = NULL, *addr = NULL, *class = NULL;
    struct value *v;
    int64_t n, m;

    if (!isdigit((unsigned char)*name) || strchr(name, ':'))
        return NULL;
    bus = text_of(name, "busnum");
    addr = text_of(name, "devnum");
    class = text_of(name, "bDeviceClass");
    if (!parse_int(bus, &n) || !parse_int(addr, &m) || strcmp(class, CLASS_HUB) == 0)
        return NULL;
    v = value_map();
    value_set_str(v, "path", name);
    value_set_int(v, "bus", n);
    value_set_int(v, "addr", m);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO(freep) char *text = text_of(name, files[i][1]);

        if (*text)
            value_set_str(v, files[i][0], text);
    }
    return v;
}

struct value *usbhost_list(struct err *e)
{
    AUTO(freep) char *dir = devices_dir();
    struct value *list, *v;
    struct dirent **all;
    int n = scandir(dir, &all, NULL, versionsort);

    if (n < 0 && errno != ENOENT) {
        err_sys(e, "%s", dir);
        return NULL;
    }
    list = value_list();
    for (int i = 0; i < n; i++) {
        v = device_map(all[i]->d_name);
        if (v)
            value_add_take(list, v);
        free(all[i]);
    }
    if (n >= 0)
        free(all);
    return list;
}

static bool is_it(const struct value *d, const struct usb_name *n)
{
    AUTO(freep) char *vendor = xasprintf("%04x", n->a), *product = xasprintf("%04x", n->b);

    if (n->kind == USB_HOST_ADDR)
        return value_get_int(d, "bus", 0) == n->a && value_get_int(d, "addr", 0) == n->b;
    return strcmp(value_get_str(d, "vendor", ""), vendor) == 0 &&
           strcmp(value_get_str(d, "product", ""), product) == 0;
}

char *usbhost_find(const struct usb_name *n, struct err *e)
{
    AUTO(value_freep) struct value *all = usbhost_list(e);
    AUTO(freep) char *name = usb_name_text(n, ""), *found = NULL;

    for (size_t i = 0; i < value_len(all); i++) {
        const struct value *d = value_at(all, i);
        AUTO(freep) char *before = found;

        if (!is_it(d, n)) {
            steal(before);
            continue;
        }
        found = xasprintf("%" PRId64 ".%" PRId64, value_get_int(d, "bus", 0),
                          value_get_int(d, "addr", 0));
        if (!before)
            continue;
        err_set(e, ERR_INVALID, "this host has several USB devices %s", name + strlen("host:"));
        err_hint(e, "name one by its place: host:%s or host:%s", before, found);
        return NULL;
    }
    if (all && !found) {
        err_set(e, ERR_NOT_FOUND, "this host has no USB device %s", name + strlen("host:"));
        err_hint(e, "xm usb-list-assignable-devices lists those that it has");
    }
    return steal(found);
}

int usbhost_open(const char *address, struct err *e)
{
    const char *root = getenv("XEND_SYSFS"), *dot = strchr(address, '.');
    AUTO(freep)
    char *path = xasprintf("%s/dev/bus/usb/%03d/%03d", root ? root : "", atoi(address),
                           dot ? atoi(dot + 1) : 0);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    return fd < 0 ? err_sys(e, "%s", path) : fd;
}
