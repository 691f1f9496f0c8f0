/*
 * The spec: the table of its fields, reading and printing as JSON, and the checks that span
 * several fields. Files of xm are read in spec_xm.c, SXP in spec_sxp.c. Called by xend and xm.
 */
#include "libxl/spec.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "libxl/spec_parts.h"

#define CPU_CAP_MAX (100 * DOMAIN_VCPUS_MAX)

static const char *const types[] = {"pv", "pvh", "hvm", NULL};
/* In the order of enum end_action; coredumps make sense after a crash only. */
static const char *const end_actions[] = {"destroy", "restart", "preserve", "rename-restart", NULL};
static const char *const crash_actions[] = {
    "destroy",          "restart",          "preserve", "rename-restart",
    "coredump-destroy", "coredump-restart", NULL};
static const char *const xend_start_actions[] = {"ignore", "start", NULL};
static const char *const xend_stop_actions[] = {"ignore", "shutdown", "suspend", NULL};

/* The name becomes part of file names and of xenstore paths: hence no slash, and no dots alone. */
int check_name(const char *text, struct err *e)
{
    static const char rule[] = "use letters, digits and _ . : + - (at most 128)";
    size_t n = 0;

    while (isalnum((unsigned char)text[n]) || (text[n] && strchr("_.:+-", text[n])))
        n++;
    if (n > 0 && n <= DOMAIN_NAME_MAX && !text[n] && strcmp(text, ".") && strcmp(text, ".."))
        return 0;
    err_set(e, ERR_INVALID, "Invalid VM Name: '%.140s'", text);
    return err_hint(e, "%s", rule);
}

/* Any case is taken; spec_finish makes it lower. */
static int check_uuid(const char *text, struct err *e)
{
    char canonical[UUID_TEXT_SIZE];

    if (uuid_normalize(text, canonical))
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a UUID", text);
    return err_hint(e, "write it like 8c8a6ab2-3f0e-4f5c-9a41-0d2c6a1b7e55, or leave it out");
}

static int check_absolute(const char *text, struct err *e)
{
    if (text[0] == '/')
        return 0;
    err_set(e, ERR_INVALID, "'%.200s' is not an absolute path", text);
    return err_hint(e, "xend has another working directory than you: begin the path with /");
}

/* Xen's own firmware for HVM guests is known by its bare name. */
static int check_kernel(const char *text, struct err *e)
{
    return strcmp(text, "hvmloader") == 0 ? 0 : check_absolute(text, e);
}

/* The letters of the BIOS boot order, as QEMU's -boot takes them. */
static int check_boot(const char *text, struct err *e)
{
    if (text[strspn(text, "acdn")] == '\0')
        return 0;
    err_set(e, ERR_INVALID, "'%.20s' is not a boot order", text);
    return err_hint(e, "use the letters a (floppy), c (disk), d (CD-ROM) and n (network)");
}

/* Who honours a field. The test driver takes everything, so it never notes what it ignores. */
#define X (ON_XEN | ON_TEST)
#define Q (ON_QEMU | ON_TEST)
#define STR(m) .name = #m, .type = FIELD_STR, .offset = offsetof(struct spec, m)
#define INT(m) .name = #m, .type = FIELD_INT, .offset = offsetof(struct spec, m)
#define BOOL(m) .name = #m, .type = FIELD_BOOL, .offset = offsetof(struct spec, m)
#define WORD(m, w) .name = #m, .type = FIELD_WORD, .offset = offsetof(struct spec, m), .words = (w)
#define LIST(m) .name = #m, .type = FIELD_LIST, .offset = offsetof(struct spec, m)

/* In the order in which `list --long` of the original shows them: printing is a walk. */
static const struct field rows[] = {
    {INT(cpu_weight), .sxp = "cpu_weight", .dflt = "256", .min = 1, .max = 65535, .drivers = X,
     .doc = "The domain's share of the CPUs, relative to others."},
    {INT(cpu_cap), .sxp = "cpu_cap", .min = 0, .max = CPU_CAP_MAX, .unit = "percent of one CPU",
     .drivers = X, .doc = "The most CPU time that the domain gets; 0: no limit."},
    {STR(bootloader), .sxp = "bootloader", .drivers = X,
     .doc = "The program that finds kernel and ramdisk on the guest's own disk."},
    {WORD(on_crash, crash_actions), .sxp = "on_crash", .dflt = "restart", .drivers = ON_ALL,
     .doc = "What to do after the guest has crashed."},
    {STR(uuid), .sxp = "uuid", .check = check_uuid, .drivers = ON_ALL,
     .doc = "The domain's identity; random when not given."},
    {STR(bootargs), .sxp = "bootloader_args", .drivers = X, .doc = "Arguments of the bootloader."},
    {INT(vcpus), .sxp = "vcpus", .dflt = "1", .min = 1, .max = DOMAIN_VCPUS_MAX, .drivers = ON_ALL,
     .doc = "Virtual CPUs that the guest starts with."},
    {INT(maxvcpus), .min = 0, .max = DOMAIN_VCPUS_MAX, .drivers = ON_ALL,
     .doc = "Virtual CPUs that the guest may have later; 0: as vcpus."},
    {STR(description), .sxp = "description", .drivers = ON_ALL, .doc = "Any text, for people."},
    {STR(name), .sxp = "name", .check = check_name, .drivers = ON_ALL,
     .doc = "The domain's name, unique on this host; xm takes the file's name by default."},
    {LIST(cpus), .sxp = "cpus", .drivers = X,
     .doc = "CPUs to run on, as 0-3,^1: one text for all virtual CPUs, or one for each."},
    {WORD(on_reboot, end_actions), .sxp = "on_reboot", .dflt = "restart", .drivers = ON_ALL,
     .doc = "What to do when the guest reboots."},
    {WORD(on_poweroff, end_actions), .sxp = "on_poweroff", .dflt = "destroy", .drivers = ON_ALL,
     .doc = "What to do when the guest powers off."},
    {STR(pool), .sxp = "pool_name", .dflt = "Pool-0", .drivers = X,
     .doc = "The cpupool that the domain runs in."},
    {INT(maxmem), .sxp = "maxmem", .min = 0, .max = MEMORY_MAX_MIB, .unit = "MiB",
     .drivers = ON_ALL, .doc = "Memory that the guest may have later; 0: as memory."},
    {INT(memory), .sxp = "memory", .dflt = "128", .min = 1, .max = MEMORY_MAX_MIB, .unit = "MiB",
     .drivers = ON_ALL, .doc = "Memory that the guest starts with."},
    {INT(shadow_memory), .sxp = "shadow_memory", .min = 0, .max = MEMORY_MAX_MIB, .unit = "MiB",
     .drivers = X, .doc = "Memory for shadow page tables; 0: as much as is needed."},
    {STR(features), .sxp = "features", .drivers = X,
     .doc = "Features that the guest kernel must or must not use."},
    {WORD(on_xend_start, xend_start_actions), .sxp = "on_xend_start", .drivers = ON_ALL,
     .doc = "Whether a managed domain starts together with xend."},
    {WORD(on_xend_stop, xend_stop_actions), .sxp = "on_xend_stop", .drivers = ON_ALL,
     .doc = "What happens to the domain when xend stops."},
    {WORD(type, types), .sxp = "image", .drivers = ON_ALL,
     .doc = "Paravirtual (pv), paravirtual in a hardware container (pvh), or fully virtual (hvm)."},
    {STR(kernel), .sxp = "image/kernel", .check = check_kernel, .drivers = ON_ALL,
     .doc = "The guest's kernel, a file of the host."},
    {STR(ramdisk), .sxp = "image/ramdisk", .check = check_absolute, .drivers = ON_ALL,
     .doc = "The kernel's initial RAM disk, a file of the host."},
    {STR(root), .sxp = "image/root", .drivers = ON_ALL,
     .doc = "The root= part of the kernel's command line."},
    {STR(extra), .sxp = "image/args", .drivers = ON_ALL,
     .doc = "The rest of the kernel's command line."},
    {BOOL(acpi), .sxp = "image/acpi", .dflt = "1", .drivers = ON_ALL,
     .doc = "Give the guest ACPI tables."},
    {BOOL(apic), .sxp = "image/apic", .dflt = "1", .drivers = X,
     .doc = "Give the guest an interrupt controller for several CPUs."},
    {STR(boot), .sxp = "image/boot", .dflt = "c", .check = check_boot, .drivers = ON_ALL,
     .doc = "Where firmware boots from: a floppy, c disk, d CD-ROM, n network, in this order."},
    {STR(device_model), .sxp = "image/device_model", .drivers = X,
     .doc = "The program that emulates devices."},
    {BOOL(hap), .sxp = "image/hap", .dflt = "1", .drivers = X,
     .doc = "Use the CPU's second stage of page tables."},
    {STR(keymap), .sxp = "image/keymap", .drivers = ON_ALL, .doc = "The keyboard layout of VNC."},
    {STR(loader), .sxp = "image/loader", .drivers = X, .doc = "The firmware of HVM guests."},
    {BOOL(localtime), .sxp = "image/localtime", .drivers = ON_ALL,
     .doc = "The guest's clock shows local time, not UTC."},
    {BOOL(nestedhvm), .sxp = "image/nestedhvm", .drivers = X,
     .doc = "The guest may run virtual machines itself."},
    {BOOL(nographic), .sxp = "image/nographic", .drivers = ON_ALL,
     .doc = "No graphics card at all."},
    {INT(nomigrate), .sxp = "image/nomigrate", .min = 0, .max = 1, .drivers = ON_ALL,
     .doc = "1: the domain cannot be migrated or restored."},
    {BOOL(pae), .sxp = "image/pae", .dflt = "1", .drivers = X,
     .doc = "Give 32-bit guests physical addresses over 4 GiB."},
    {INT(rtc_timeoffset), .sxp = "image/rtc_timeoffset", .min = INT32_MIN, .max = INT32_MAX,
     .unit = "seconds", .drivers = ON_ALL, .doc = "What the guest's clock differs from UTC."},
    {BOOL(sdl), .sxp = "image/sdl", .drivers = X, .doc = "Show the screen in a local window."},
    {LIST(serial), .sxp = "image/serial", .drivers = X,
     .doc = "Where emulated serial ports go, as QEMU's -serial says it."},
    {STR(soundhw), .sxp = "image/soundhw", .drivers = X, .doc = "The emulated sound cards."},
    {INT(tsc_mode), .sxp = "image/tsc_mode", .min = 0, .max = 3, .drivers = X,
     .doc = "Time stamp counter: 0 default, 1 always emulated, 2 never, 3 pvrdtscp."},
    {BOOL(usb), .sxp = "image/usb", .drivers = X, .doc = "Emulate a USB controller."},
    {STR(usbdevice), .sxp = "image/usbdevice", .drivers = X,
     .doc = "An emulated USB device: tablet, mouse, host:ID:ID."},
    {INT(videoram), .sxp = "image/videoram", .dflt = "4", .min = 0, .max = 1024, .unit = "MiB",
     .drivers = ON_ALL, .doc = "Memory of the emulated graphics card."},
    {BOOL(viridian), .sxp = "image/viridian", .drivers = X,
     .doc = "Offer Microsoft's hypervisor interface to the guest."},
    {BOOL(vnc), .sxp = "image/vnc", .drivers = ON_ALL, .doc = "Serve the screen by VNC."},
    {INT(vncdisplay), .sxp = "image/vncdisplay", .dflt = "-1", .min = -1, .max = 59635,
     .drivers = ON_ALL, .doc = "The VNC display (port 5900 + N); -1: the first free one."},
    {BOOL(vncunused), .sxp = "image/vncunused", .dflt = "1", .drivers = ON_ALL,
     .doc = "Take the first free VNC display when the given one is taken."},
    {STR(vnclisten), .sxp = "image/vnclisten", .drivers = ON_ALL,
     .doc = "The address that VNC listens on; vnc-listen of xend's configuration by default."},
    {STR(vncpasswd), .sxp = "image/vncpasswd", .check = check_vncpasswd, .secret = true,
     .drivers = ON_ALL, .doc = "The VNC password, of at most 8 characters; see vnc."},
    /* From here on: no place of their own in the original's form. */
    {STR(ip), .drivers = ON_ALL, .doc = "The guest's address, for the kernel's ip= parameter."},
    {STR(gateway), .drivers = ON_ALL, .doc = "The guest's router, for ip=."},
    {STR(netmask), .drivers = ON_ALL, .doc = "The guest's netmask, for ip=."},
    {STR(hostname), .drivers = ON_ALL, .doc = "The guest's host name, for ip=."},
    {STR(interface), .dflt = "eth0", .drivers = ON_ALL, .doc = "The interface that ip= is about."},
    {STR(dhcp), .dflt = "off", .drivers = ON_ALL,
     .doc = "How the kernel gets its address: off or dhcp, for ip=."},
    {STR(nfs_server), .drivers = ON_ALL, .doc = "The server of the root file system over NFS."},
    {STR(nfs_root), .drivers = ON_ALL,
     .doc = "The server's directory that is the root file system."},
    {STR(machine), .drivers = Q, .doc = "QEMU's machine type: microvm, q35 or pc."},
    {STR(cpu_model), .drivers = Q, .doc = "QEMU's CPU model."},
    {STR(accel), .drivers = Q, .doc = "QEMU's accelerator: kvm or tcg."},
};
#undef X
#undef Q

const struct fields spec_fields = {rows, ARRAY_LEN(rows)};

struct spec *spec_new(void)
{
    struct spec *s = xcalloc(1, sizeof(*s));

    fields_init(&spec_fields, s);
    return s;
}

void spec_free(struct spec *s)
{
    if (!s)
        return;
    fields_clear(&spec_fields, s);
    devices_clear(&s->devices);
    free(s);
}

void spec_freep(struct spec **s)
{
    spec_free(*s);
}

/* Every member but the devices is a row of the table. */
struct spec *spec_copy(const struct spec *s)
{
    struct spec *copy = spec_new();

    fields_copy(&spec_fields, copy, s);
    for (size_t i = 0; i < s->devices.len; i++)
        vec_push(&copy->devices, device_copy(s->devices.ptr[i]));
    return copy;
}

static bool is_device_class(const char *key)
{
    return device_class_find(key) >= 0;
}

/* The count is bounded first: comparing each device with each is for few. */
void spec_read_devices(struct spec *s, enum device_class class, const struct value *list,
                       struct problems *p)
{
    const char *name = device_class_name(class);
    AUTO(freep) char *top = xasprintf("/%s", name);

    if (value_type(list) != VALUE_LIST) {
        if (value_type(list) != VALUE_NIL)
            problems_add(p, top, NULL, "%s: %s is not a list", name,
                         value_type_name(value_type(list)));
        return;
    }
    if (value_len(list) > DOMAIN_DEVICES_MAX) {
        problems_add(p, top, NULL, "%s: more than %d devices", name, DOMAIN_DEVICES_MAX);
        return;
    }
    for (size_t i = 0; i < value_len(list); i++) {
        AUTO(freep) char *where = xasprintf("%s/%zu", top, i);
        struct device *d = device_from_value(class, value_at(list, i), where, p);

        if (d)
            vec_push(&s->devices, d);
    }
}

struct spec *spec_from_value(const struct value *map, struct problems *p)
{
    AUTO(spec_freep) struct spec *s = spec_new();
    size_t before = p->len;

    if (value_type(map) != VALUE_MAP) {
        problems_add(p, "", NULL, "spec: %s is not a map", value_type_name(value_type(map)));
        return NULL;
    }
    fields_read(&spec_fields, s, map, "", is_device_class, p);
    for (int c = 0; c < DEVICE_CLASSES; c++) {
        const struct value *list = value_get(map, device_class_name((enum device_class)c));
        if (list)
            spec_read_devices(s, (enum device_class)c, list, p);
    }
    spec_finish(s, p);
    return p->len == before ? steal(s) : NULL;
}

/* Devices stand in the order of their classes, so each list is made when its first one comes. */
struct value *spec_to_value(const struct spec *s)
{
    struct value *map = value_map();

    fields_write(&spec_fields, s, false, map);
    for (size_t i = 0; i < s->devices.len; i++) {
        const char *name = device_class_name(s->devices.ptr[i]->class);

        if (!value_get(map, name))
            value_set_take(map, name, value_list());
        value_add_take(value_get(map, name), device_to_value(s->devices.ptr[i]));
    }
    return map;
}

struct value *spec_to_value_secrets(const struct spec *s)
{
    struct value *map = spec_to_value(s);
    size_t at[DEVICE_CLASSES] = {0};

    fields_reveal(&spec_fields, s, map);
    for (size_t i = 0; i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];
        struct value *list = value_get(map, device_class_name(d->class));

        fields_reveal(&device_fields[d->class], &d->disk, value_at(list, at[d->class]++));
    }
    return map;
}

/* Devices are compared by class and place; there is one vfb at most. */
void spec_fill_secrets(struct spec *s, const struct spec *from)
{
    fields_fill_secrets(&spec_fields, s, from);
    for (size_t i = 0; i < s->devices.len; i++)
        for (size_t j = 0; j < from->devices.len; j++)
            if (s->devices.ptr[i]->class == DEVICE_VFB && from->devices.ptr[j]->class == DEVICE_VFB)
                fields_fill_secrets(&device_fields[DEVICE_VFB], &s->devices.ptr[i]->vfb,
                                    &from->devices.ptr[j]->vfb);
}

/* Stable, and few: by insertion. */
static void sort_devices(struct devices *v)
{
    for (size_t i = 1; i < v->len; i++) {
        struct device *d = v->ptr[i];
        size_t j = i;

        for (; j > 0 && v->ptr[j - 1]->class > d->class; j--)
            v->ptr[j] = v->ptr[j - 1];
        v->ptr[j] = d;
    }
}

/* People write root = "root=/dev/xvda1", too. */
static void strip_prefix(char **text, const char *prefix)
{
    size_t n = strlen(prefix);
    char *rest;

    if (!*text || strncmp(*text, prefix, n) != 0)
        return;
    rest = (*text)[n] ? xstrdup(*text + n) : NULL;
    free(*text);
    *text = rest;
}

/* One text for each virtual CPU, and all the same: one for all says it. */
static void merge_cpus(struct spec *s)
{
    struct value *one;

    for (size_t i = 1; i < value_len(s->cpus); i++)
        if (!value_equal(value_at(s->cpus, 0), value_at(s->cpus, i)))
            return;
    if (value_len(s->cpus) < 2)
        return;
    one = value_list();
    value_add_take(one, value_copy(value_at(s->cpus, 0)));
    value_free(s->cpus);
    s->cpus = one;
}

/* The empty text is no restriction: as if it had not been given. */
static void drop_empty_cpus(struct spec *s)
{
    if (value_len(s->cpus) != 1 || value_str_len(value_at(s->cpus, 0)) != 0)
        return;
    value_free(s->cpus);
    s->cpus = NULL;
}

void spec_finish(struct spec *s, struct problems *p)
{
    char canonical[UUID_TEXT_SIZE];

    if (s->uuid && uuid_normalize(s->uuid, canonical)) {
        free(s->uuid);
        s->uuid = xstrdup(canonical);
    }
    strip_prefix(&s->root, "root=");
    strip_prefix(&s->ip, "ip=");
    if (s->maxmem == s->memory)
        s->maxmem = 0;
    if (s->maxvcpus == s->vcpus)
        s->maxvcpus = 0;
    sort_devices(&s->devices);
    spec_check(s, p);
    merge_cpus(s);
    drop_empty_cpus(s);
}

/* A default is never noted: nobody asked for it. */
void spec_note_ignored(const struct spec *s, unsigned driver, struct problems *notes)
{
    const char *name = driver == ON_XEN ? "xen" : driver == ON_QEMU ? "qemu" : "test";

    for (size_t i = 0; i < spec_fields.n; i++) {
        const struct field *f = &spec_fields.rows[i];
        AUTO(freep) char *where = xasprintf("/%s", f->name);

        if (!(f->drivers & driver) && !field_is_default(f, s))
            problems_add(notes, where, NULL, "%s: the %s driver does not have it; ignored", f->name,
                         name);
    }
    for (size_t i = 0; i < s->devices.len; i++)
        device_note_ignored(s->devices.ptr[i], driver, name, notes);
}
