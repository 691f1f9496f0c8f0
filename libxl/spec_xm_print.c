/*
 * The spec as text in the Python-like language, for xm or for xl: what `xm convert` and `xm create
 * -n --config` print, passwords and all: it is the user's own file. Read back it gives the same
 * spec; for xl, which lacks some variables, those stand in comments. Called by xm.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libxl/device_parts.h"
#include "libxl/spec_parts.h"

#define LINE_MAX_CHARS 78 /* longer lists get one line for each item */

/* What a reader looks for first; the others follow in the order of the table. */
static const char *const first_names[] = {
    "name",  "uuid",        "description", "type",    "kernel", "ramdisk", "root",
    "extra", "bootloader",  "bootargs",    "memory",  "maxmem", "vcpus",   "maxvcpus",
    "cpus",  "pool",        "cpu_weight",  "cpu_cap", "disk",   "vif",     "vfb",
    "pci",   "on_poweroff", "on_reboot",   "on_crash"};

/* What xl calls otherwise, or does not have (NULL). */
static const struct {
    const char *name, *xl;
} xl_names[] = {
    {"cpu_cap", "cap"},
    {"bootargs", "bootloader_args"},
    {"viridian_groups", "viridian"},
    {"extra", "cmdline"},
    {"root", NULL},
    {"ip", NULL},
    {"gateway", NULL},
    {"netmask", NULL},
    {"hostname", NULL},
    {"interface", NULL},
    {"dhcp", NULL},
    {"nfs_server", NULL},
    {"nfs_root", NULL},
    {"description", NULL},
    {"features", NULL},
    {"on_xend_start", NULL},
    {"on_xend_stop", NULL},
    {"autostart", NULL},
    {"start_order", NULL},
    {"start_delay", NULL},
    {"start_after", NULL},
    {"machine", NULL},
    {"cpu_model", NULL},
    {"accel", NULL},
    {"device_model", NULL},
    {"loader", NULL},
    {"cpuid_check", NULL},
    {"blkif", NULL},
    {"netif", NULL},
    {"oos", NULL},
    {"s3_integrity", NULL},
    {"target", NULL},
    {"machine_address_size", NULL},
    {"superpages", NULL},
    {"fda", NULL},
    {"fdb", NULL},
    {"guest_os_type", NULL},
    {"isa", NULL},
    {"memory_sharing", NULL},
    {"monitor", NULL},
    {"monitor_path", NULL},
    {"display", NULL},
    {"xauthority", NULL},
    {"parallel", NULL},
    {"vscsi", NULL},
    {"vusb", NULL},
    {"suppress_spurious_page_faults", NULL},
    {"xen_extended_power_mgmt", NULL},
    {"watchdog", NULL},
    {"watchdog_action", NULL},
    {"actmem", NULL},
    {"xenpaging_file", NULL},
    {"xenpaging_extra", NULL},
};

/* The command line is one for xl; these are its parts. */
static const char *const cmdline_parts[] = {"root",       "extra",    "ip",        "gateway",
                                            "netmask",    "hostname", "interface", "dhcp",
                                            "nfs_server", "nfs_root"};

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Double quotes, unless single ones save escapes; bytes over 0x7f stay. */
static void print_text(const char *text, struct buf *out)
{
    char quote = strchr(text, '"') && !strchr(text, '\'') ? '\'' : '"';

    buf_addc(out, quote);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\n')
            buf_adds(out, "\\n");
        else if (c == '\t')
            buf_adds(out, "\\t");
        else if (c < 0x20 || c == 0x7f)
            buf_addf(out, "\\x%02x", c);
        else if (c == '\\' || c == (unsigned char)quote)
            buf_addf(out, "\\%c", c);
        else
            buf_addc(out, *text);
    }
    buf_addc(out, quote);
}

static void print_value(const struct value *v, size_t indent, struct buf *out);

/* Items on one line when they fit; maps are what a device needs that has no text. */
static void print_items(const struct value *v, size_t indent, struct buf *out)
{
    bool map = value_type(v) == VALUE_MAP;
    size_t start = out->len, n = value_len(v);

    for (int lines = 0; lines < 2; lines++) {
        out->len = start;
        buf_addc(out, map ? '{' : '[');
        for (size_t i = 0; i < n; i++) {
            buf_adds(out, i ? "," : "");
            if (lines && i) {
                buf_addc(out, '\n');
                buf_fill(out, ' ', indent + 2);
            } else {
                buf_addc(out, ' ');
            }
            if (map) {
                print_text(value_key(v, i), out);
                buf_adds(out, ": ");
            }
            print_value(value_at(v, i), indent + 2, out);
        }
        buf_adds(out, map ? " }" : " ]");
        if (indent + (out->len - start) <= LINE_MAX_CHARS)
            return;
    }
}

static void print_value(const struct value *v, size_t indent, struct buf *out)
{
    switch (value_type(v)) {
    case VALUE_BOOL: /* True and False meant nothing to the original */
        buf_addc(out, value_as_bool(v) ? '1' : '0');
        break;
    case VALUE_INT:
        buf_addf(out, "%" PRId64, value_as_int(v));
        break;
    case VALUE_STRING:
        print_text(value_as_str(v), out);
        break;
    case VALUE_LIST:
    case VALUE_MAP:
        print_items(v, indent, out);
        break;
    default:
        buf_adds(out, "None");
    }
}

static void print_variable(const char *name, const struct value *v, struct buf *out)
{
    buf_addf(out, "%s = ", name);
    print_value(v, strlen(name) + 3, out);
    buf_addc(out, '\n');
}

/* A device as the text of its language, or as a map when that does not give the same device. */
static struct value *device_item(const struct device *d, bool xl)
{
    AUTO(freep) char *text = xl && d->class == DEVICE_DISK ? disk_to_xl(&d->disk) : device_to_xm(d);
    struct problems p = {0};
    AUTO(device_freep) struct device *again = device_from_xm(d->class, text, "", &p);
    AUTO(value_freep) struct value *map = device_to_value(d);
    AUTO(value_freep) struct value *map_again = again ? device_to_value(again) : NULL;

    problems_clear(&p);
    fields_reveal(&device_fields[d->class], &d->disk, map);
    if (again)
        fields_reveal(&device_fields[d->class], &again->disk, map_again);
    if (map_again && value_equal(map, map_again))
        return value_str(text);
    return steal(map);
}

static void print_devices(const struct spec *s, enum device_class class, bool xl, struct buf *out)
{
    AUTO(value_freep) struct value *list = value_list();

    for (size_t i = 0; i < s->devices.len; i++)
        if (s->devices.ptr[i]->class == class)
            value_add_take(list, device_item(s->devices.ptr[i], xl));
    if (value_len(list))
        print_variable(device_class_name(class), list, out);
}

/* One text for all virtual CPUs stands without brackets; groups of viridian are a list of it. */
static struct value *shown(const struct spec *s, const struct field *f)
{
    struct value *v = field_value(f, s), *only, *nested = spec_nested_lists(f->name, v);

    if (nested) {
        value_free(v);
        return nested;
    }
    if (strcmp(f->name, "cpus") != 0 || value_len(v) != 1)
        return v;
    only = value_copy(value_at(v, 0));
    value_free(v);
    return only;
}

/* xm had builder where xl has type. */
static void print_type(const struct spec *s, bool xl, struct buf *out)
{
    static const char *const words[] = {"pv", "pvh", "hvm"};

    if (!xl && s->type == TYPE_HVM)
        buf_adds(out, "builder = \"hvm\"\n");
    else if (xl || s->type != TYPE_PV)
        buf_addf(out, "type = \"%s\"\n", words[s->type]);
}

/* The name for xl; NULL when it has none. */
static const char *xl_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(xl_names); i++)
        if (strcmp(xl_names[i].name, name) == 0)
            return xl_names[i].xl;
    return name;
}

static void print_field(const struct spec *s, const struct field *f, bool xl, struct buf *out)
{
    AUTO(value_freep) struct value *v = shown(s, f);
    const char *name = xl ? xl_name(f->name) : f->name;
    bool groups = value_get(s->other, "viridian_groups");

    if (strcmp(f->name, "type") == 0) {
        print_type(s, xl, out);
        return;
    }
    if (xl && strcmp(f->name, "extra") == 0) {
        AUTO(freep) char *cmdline = spec_cmdline(s);
        AUTO(value_freep) struct value *text = value_str(cmdline);
        if (*cmdline)
            print_variable("cmdline", text, out);
        return;
    }
    if (field_is_default(f, s) || (groups && strcmp(f->name, "viridian") == 0) ||
        (xl && is_one_of(f->name, cmdline_parts, ARRAY_LEN(cmdline_parts))))
        return;
    if (strcmp(f->name, "viridian_groups") == 0)
        name = "viridian";
    if (!name)
        buf_adds(out, "# xl does not have it: ");
    print_variable(name ? name : f->name, v, out);
}

/* A name is a field or a class of devices. */
static void print_name(const struct spec *s, const char *name, bool xl, struct buf *out)
{
    const struct field *f = field_find(&spec_fields, name);
    int class = device_class_find(name);

    if (f)
        print_field(s, f, xl, out);
    else if (class >= 0)
        print_devices(s, (enum device_class) class, xl, out);
}

char *spec_to_xm(const struct spec *s, bool xl)
{
    AUTO(spec_freep) struct spec *words = spec_usb_to_words(s);
    struct buf out = BUF_INIT;

    s = words ? words : s;
    for (size_t i = 0; i < ARRAY_LEN(first_names); i++)
        print_name(s, first_names[i], xl, &out);
    for (size_t i = 0; i < spec_fields.n; i++)
        if (!is_one_of(spec_fields.rows[i].name, first_names, ARRAY_LEN(first_names)))
            print_name(s, spec_fields.rows[i].name, xl, &out);
    for (int c = 0; c < DEVICE_CLASSES; c++)
        if (!is_one_of(device_class_name((enum device_class)c), first_names,
                       ARRAY_LEN(first_names)))
            print_devices(s, (enum device_class)c, xl, &out);
    if (!out.len)
        buf_adds(&out, "");
    return buf_steal(&out);
}
