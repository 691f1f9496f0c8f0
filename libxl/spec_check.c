/*
 * What no single field of a spec can tell. The texts are the original's where it had one: scripts
 * and people know them. Called through spec_finish by every reader.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "libxl/base/buf.h"
#include "libxl/spec_parts.h"

/* False when a field or an item of it already has a problem: then what it holds means nothing. */
static bool is_sound(const struct problems *p, const char *where)
{
    size_t n = strlen(where);

    for (size_t i = 0; i < p->len; i++) {
        const char *at = p->ptr[i].where;
        if (strncmp(at, where, n) == 0 && (at[n] == '\0' || at[n] == '/'))
            return false;
    }
    return true;
}

/* Pairs of fields; one that could not be read is not compared. */
static void check_sizes(const struct spec *s, struct problems *p)
{
    if (!s->name && is_sound(p, "/name"))
        problems_add(p, "/name", NULL, "Missing VM Name");
    if (s->maxmem && s->maxmem < s->memory && is_sound(p, "/memory") && is_sound(p, "/maxmem"))
        problems_add(p, "/maxmem", NULL,
                     "maxmem: %" PRId64 " MiB is less than memory, %" PRId64 " MiB", s->maxmem,
                     s->memory);
    if (s->maxvcpus && s->maxvcpus < s->vcpus && is_sound(p, "/vcpus") && is_sound(p, "/maxvcpus"))
        problems_add(p, "/maxvcpus", NULL, "maxvcpus: %" PRId64 " is less than vcpus, %" PRId64,
                     s->maxvcpus, s->vcpus);
    if (s->nfs_root && !s->nfs_server && is_sound(p, "/nfs_server"))
        problems_add(p, "/nfs_root", "set nfs_server, too", "Must set nfs root and nfs server");
}

/* "3", "0-3", "^1"; or xl's words, whose meaning only the host knows. */
static bool is_cpu_item(const char *text)
{
    int64_t number;
    size_t n;

    if (*text == '^')
        text++;
    if (strcmp(text, "all") == 0)
        return true;
    if (strncmp(text, "node:", 5) == 0 || strncmp(text, "nodes:", 6) == 0)
        text = strchr(text, ':') + 1;
    n = strspn(text, "0123456789");
    if (n == 0 || n > 4)
        return false;
    if (text[n] == '-') {
        const char *last = text + n + 1;
        AUTO(freep) char *first = xstrndup(text, n);
        int64_t to;

        return isdigit((unsigned char)*last) && strlen(last) <= 4 && parse_int(last, &to) &&
               parse_int(first, &number) && number <= to;
    }
    return !text[n];
}

/* Items with commas between them; the empty text is no restriction. */
bool is_cpu_list(const char *text)
{
    AUTO(freep) char *copy = xstrdup(text);
    char *at = copy, *item;

    while ((item = strsep(&at, ","))) {
        item += strspn(item, " ");
        item[strcspn(item, " ")] = '\0';
        if (*item ? !is_cpu_item(item) : *text != '\0')
            return false;
    }
    return true;
}

/* One text for all virtual CPUs, or as many as there may be. */
static void check_cpus(const struct spec *s, struct problems *p)
{
    size_t n = value_len(s->cpus);

    for (size_t i = 0; i < n; i++) {
        const char *text = value_as_str(value_at(s->cpus, i));
        if (!is_cpu_list(text))
            problems_add(p, "/cpus", "write numbers, ranges and exceptions: 0-3,5,^1",
                         "cpus: '%.100s' is not a list of CPUs", text);
    }
    if (n > 1 && n != (size_t)spec_maxvcpus(s) && is_sound(p, "/vcpus"))
        problems_add(p, "/cpus", "give one text for all, or one for each virtual CPU",
                     "vcpus and the item number of cpus are not same");
}

static bool same_text(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* By number, not by name: /dev/xvda, xvda and 51712 are one disk. The same file twice would be
 * written by two. */
static void check_disk_pair(const struct disk *a, const struct disk *b, const char *where,
                            struct problems *p)
{
    AUTO(freep) char *uname = disk_uname(b);

    if (vdev_number(a->vdev) == vdev_number(b->vdev))
        problems_add(p, where, NULL, "The device \"%s\" is already defined", b->vdev);
    if (!same_text(a->target, b->target))
        return;
    if (b->target[0] == '/')
        problems_add(p, where, NULL, "The file \"%s\" is already used", b->target);
    else if (same_text(a->type, b->type))
        problems_add(p, where, NULL, "The uname \"%s\" is already defined", uname);
}

/* Two devices of one domain, b after a; the later one gets the blame. */
static void check_pair(const struct device *a, const struct device *b, const char *where,
                       struct problems *p)
{
    struct disk rooms[2];
    const struct disk *k = device_disk(a, &rooms[0]), *l = device_disk(b, &rooms[1]);

    if (a->class != b->class) {
        if (k && l && same_text(k->target, l->target))
            problems_add(p, where, NULL, "The file \"%s\" is already used", l->target);
        return;
    }
    if (a->class == DEVICE_DISK)
        check_disk_pair(&a->disk, &b->disk, where, p);
    else if (a->class == DEVICE_VFB)
        problems_add(p, where, NULL, "only one vfb is supported");
    else if (a->class == DEVICE_PCI && strcmp(a->pci.bdf, b->pci.bdf) == 0)
        problems_add(p, where, NULL, "The device \"%s\" is already defined", b->pci.bdf);
    else if (a->class == DEVICE_USBDEV && same_text(a->usbdev.device, b->usbdev.device))
        problems_add(p, where, NULL, "The device \"%s\" is already defined", b->usbdev.device);
    else if (a->class == DEVICE_CHANNEL && strcmp(a->channel.name, b->channel.name) == 0)
        problems_add(p, where, NULL, "The channel \"%s\" is already defined", b->channel.name);
    else if (a->class == DEVICE_CHANNEL && same_text(a->channel.path, b->channel.path))
        problems_add(p, where, NULL, "The socket \"%s\" is already used", b->channel.path);
    else if (a->class == DEVICE_VIF && a->vif.mac && b->vif.mac &&
             strcasecmp(a->vif.mac, b->vif.mac) == 0)
        problems_add(p, where, NULL, "The mac \"%s\" is already defined", b->vif.mac);
}

static void check_devices(const struct spec *s, struct problems *p)
{
    const struct devices *v = &s->devices;
    size_t index[DEVICE_CLASSES] = {0};

    bool sound = true; /* else some are missing: the others know their places */

    for (int c = 0; p->len && c < DEVICE_CLASSES; c++) {
        AUTO(freep) char *where = xasprintf("/%s", device_class_name((enum device_class)c));
        sound &= is_sound(p, where);
    }

    if (v->len > DOMAIN_DEVICES_MAX) {
        problems_add(p, "", NULL, "more than %d devices", DOMAIN_DEVICES_MAX);
        return; /* comparing each with each is for few */
    }
    for (size_t i = 0; i < v->len; i++) {
        const struct device *d = v->ptr[i];
        AUTO(freep)
        char *where =
            xasprintf("/%s/%zu", device_class_name(d->class), sound ? index[d->class]++ : d->place);

        for (size_t j = 0; j < i; j++)
            check_pair(v->ptr[j], d, where, p);
    }
}

void spec_check(const struct spec *s, struct problems *p)
{
    check_sizes(s, p);
    check_cpus(s, p);
    if (is_sound(p, "/vnuma") && is_sound(p, "/memory") && is_sound(p, "/maxmem"))
        check_vnuma(s, p);
    check_devices(s, p);
}
