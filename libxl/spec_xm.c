/*
 * The variables of an xm or xl file -> spec. The Python-like language has left a map of values;
 * here the old and the doubtful spellings become the words of the table, which then reads them
 * like JSON. Called by xm, as the user whose working directory relative paths are seen from.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/io.h"
#include "libxl/base/near.h"
#include "libxl/spec_parts.h"

#define NICS_MAX DOMAIN_DEVICES_MAX

/*
 * Variables of xm and xl that this xend knows of and does nothing with: a note, not silence. One
 * text with blanks around each, which is shorter to keep than a list.
 */
static const char without_effect[] =
    " access_control acpi_firmware acpi_s3 acpi_s4 altp2m bios blkif bootentry channel "
    "claim_mode cpuid cpuid_check cpus_soft device_model_args device_model_args_hvm "
    "device_model_args_pv device_model_override device_model_stubdomain_override "
    "device_model_version device_tree display driver_domain dtdev event_channels fda fdb "
    "firmware_override full-screen gfx_passthru gic_version guest_os_type hpet init_seclabel "
    "iomem ioports irq irqs isa machine_address_size max_event_channels max_grant_frames "
    "max_maptrack_frames memory_sharing mmio_hole monitor monitor_path ms_vm_genid netif "
    "numa_placement on_soft_reset on_watchdog oos opengl p9 parallel passthrough pci "
    "pci_msitranslate pci_permissive pci_power_mgmt pci_seize rdm s3_integrity seclabel "
    "smbios_firmware snapshot spice spicehost spiceport spicepasswd spicetls_port stdvga "
    "superpages suppress_spurious_page_faults target tee timer_mode usbctrl usbdev "
    "usbversion vcpus_soft vdispl vga vhpt vif2 vkb vncconsole "
    "vncviewer vnuma vpt_align vscsi vsnd vtpm vuart vusb xauthority xen_extended_power_mgmt "
    "xen_platform_pci ";

/* Variables of other names than their fields, and old ones; read by the functions below. */
static const char *const old_spellings[] = {"builder", "cmdline", "cpu",       "nics",
                                            "pvh",     "restart", "vcpu_avail"};

/* A file being read. */
struct reading {
    const struct value *vars;
    struct value *map; /* the same in the language of JSON */
    struct problems *p, *notes;
};

/* Variables that are read here. */
static bool has_effect(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(old_spellings); i++)
        if (strcmp(old_spellings[i], name) == 0)
            return true;
    return field_find(&spec_fields, name) || device_class_find(name) >= 0;
}

static bool is_without_effect(const char *name)
{
    AUTO(freep) char *word = xasprintf(" %s ", name);

    return *name && !strchr(name, ' ') && strstr(without_effect, word);
}

bool spec_has_variable(const char *name)
{
    return has_effect(name) || is_without_effect(name);
}

/* Values that say nothing: None, 0, '', an empty list. */
static bool is_empty(const struct value *v)
{
    switch (value_type(v)) {
    case VALUE_NIL:
        return true;
    case VALUE_BOOL:
        return !value_as_bool(v);
    case VALUE_INT:
        return value_as_int(v) == 0;
    case VALUE_REAL:
        return value_as_real(v) == 0;
    case VALUE_STRING:
        return value_str_len(v) == 0;
    default:
        return value_len(v) == 0;
    }
}

/* Numbers of the command line are text. */
static int64_t int_or(const struct value *v, int64_t fallback)
{
    int64_t i;

    if (v && value_type(v) == VALUE_INT)
        return value_as_int(v);
    return v && value_type(v) == VALUE_STRING && parse_int(value_as_str(v), &i) ? i : fallback;
}

/* cpus = 2, cpus = [0, 1]: the numbers as text; everything else as it is. */
static struct value *as_text(const struct value *v)
{
    struct value *list;
    char text[32];

    if (value_type(v) == VALUE_INT) {
        snprintf(text, sizeof(text), "%" PRId64, value_as_int(v));
        return value_str(text);
    }
    if (value_type(v) != VALUE_LIST)
        return value_copy(v);
    list = value_list();
    for (size_t i = 0; i < value_len(v); i++)
        value_add_take(list, as_text(value_at(v, i)));
    return list;
}

/* What has the same name and meaning here as in the file. */
static void read_known(struct reading *r)
{
    for (size_t i = 0; i < spec_fields.n; i++) {
        const struct field *f = &spec_fields.rows[i];
        const struct value *v = value_get(r->vars, f->name);
        AUTO(freep) char *where = xasprintf("/%s", f->name);

        if (!v || value_type(v) == VALUE_NIL)
            continue;
        if (value_type(v) == VALUE_BOOL)
            problems_add(r->notes, where, "write 1 or 0 to have it in both",
                         "%s: xm of Xen 4.4 and older ignored True and False; taken as %d here",
                         f->name, value_as_bool(v));
        value_set_take(r->map, f->name, f->type == FIELD_LIST ? as_text(v) : value_copy(v));
    }
}

/* builder = 'linux' | 'generic' | 'hvm', pvh = 1; the newer type = "pv" | "pvh" | "hvm" wins. */
static void read_type(struct reading *r)
{
    const char *builder = value_get_str(r->vars, "builder", "linux");
    const struct value *pvh = value_get(r->vars, "pvh");

    if (value_get(r->map, "type"))
        return;
    if (pvh && int_or(pvh, value_type(pvh) == VALUE_BOOL && value_as_bool(pvh)) != 0)
        value_set_str(r->map, "type", "pvh");
    else if (strcmp(builder, "hvm") == 0)
        value_set_str(r->map, "type", "hvm");
    else if (*builder && strcmp(builder, "linux") != 0 && strcmp(builder, "generic") != 0)
        problems_add(r->p, "/type", NULL, "builder: '%.60s' is not one of linux, generic, hvm",
                     builder);
}

/* restart = 'onreboot' and so on, which became three variables with Xen 3.0.3. */
static void read_restart(struct reading *r)
{
    static const struct {
        const char *word, *on_poweroff, *on_reboot, *on_crash;
    } meanings[] = {{"onreboot", "destroy", "restart", "destroy"},
                    {"always", "restart", "restart", "restart"},
                    {"never", "destroy", "destroy", "destroy"}};
    const char *word = value_get_str(r->vars, "restart", "");

    if (!*word)
        return;
    problems_add(r->notes, "/on_poweroff", "set on_poweroff, on_reboot and on_crash",
                 "restart: deprecated since Xen 3.0.3");
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        const char *const pairs[][2] = {{"on_poweroff", meanings[i].on_poweroff},
                                        {"on_reboot", meanings[i].on_reboot},
                                        {"on_crash", meanings[i].on_crash}};

        if (strcmp(meanings[i].word, word) != 0)
            continue;
        for (size_t j = 0; j < ARRAY_LEN(pairs); j++)
            if (!value_get(r->map, pairs[j][0]))
                value_set_str(r->map, pairs[j][0], pairs[j][1]);
        return;
    }
    problems_add(r->p, "/on_poweroff", NULL,
                 "restart: '%.60s' is not one of onreboot, always, never", word);
}

/* With maxvcpus, or with the mask vcpu_avail, vcpus has the original's two meanings. */
static void read_vcpu_avail(struct reading *r)
{
    const struct value *mask = value_get(r->vars, "vcpu_avail");
    int64_t most = int_or(value_get(r->map, "vcpus"), 1), n;

    if (!mask || is_empty(mask) || value_get(r->map, "maxvcpus"))
        return;
    n = vcpu_mask_count((uint64_t)int_or(mask, 0), most);
    if (n == 0) {
        problems_add(r->p, "/vcpus", "its lowest bit is the first virtual CPU",
                     "vcpu_avail: no virtual CPU is left");
        return;
    }
    value_set_int(r->map, "maxvcpus", most);
    value_set_int(r->map, "vcpus", n);
}

/* cpu = 1, before there was cpus: goes before it. */
static void read_cpu(struct reading *r)
{
    int64_t cpu = int_or(value_get(r->vars, "cpu"), -1);
    const struct value *cpus = value_get(r->map, "cpus");
    AUTO(freep) char *text = NULL;

    if (cpu < 0 || (cpus && value_type(cpus) != VALUE_STRING))
        return;
    problems_add(r->notes, "/cpus", "use cpus", "cpu: deprecated");
    text = xasprintf("%" PRId64 "%s%s", cpu, cpus && value_str_len(cpus) ? "," : "",
                     cpus ? value_as_str(cpus) : "");
    value_set_str(r->map, "cpus", text);
}

/* xl's cmdline is the whole command line; root and extra are xm's two halves of it. */
static void read_cmdline(struct reading *r)
{
    const char *cmdline = value_get_str(r->vars, "cmdline", "");

    if (!*cmdline)
        return;
    if (value_get(r->map, "root") || value_get(r->map, "extra"))
        problems_add(r->notes, "/extra", NULL, "cmdline: given, so root and extra are ignored");
    value_remove(r->map, "root");
    value_set_str(r->map, "extra", cmdline);
}

/*
 * xend has a working directory of its own, so relative paths end here. Programs and firmware
 * (bare) may also be bare names, which are looked up elsewhere.
 */
static void make_absolute(struct value *map, const char *key, bool bare)
{
    const char *path = value_get_str(map, key, "");
    AUTO(freep) char *full = NULL;

    if (!*path || *path == '/' || (bare && !strchr(path, '/')))
        return;
    full = path_absolute(path);
    value_set_str(map, key, full);
}

/* hvmloader is no file but the name of Xen's own firmware. */
static void read_paths(struct reading *r)
{
    static const char *const programs[] = {"bootloader", "device_model", "loader"};

    if (strcmp(value_get_str(r->map, "kernel", ""), "hvmloader") != 0)
        make_absolute(r->map, "kernel", false);
    make_absolute(r->map, "ramdisk", false);
    for (size_t i = 0; i < ARRAY_LEN(programs); i++)
        make_absolute(r->map, programs[i], true);
}

/* Only targets that are files of the host: an address means the same everywhere. */
static void make_disk_absolute(struct disk *k)
{
    bool file = k->type && (strcmp(k->type, "file") == 0 || strcmp(k->type, "tap") == 0 ||
                            strcmp(k->type, "tap2") == 0);
    bool remus = k->tapdisk && strcmp(k->tapdisk, "remus") == 0; /* HOST:PORT|aio:PATH */
    char *full;

    if (!file || remus || k->target[0] == '/')
        return;
    full = path_absolute(k->target);
    free(k->target);
    k->target = full;
}

/* nics = 2: at least two interfaces, with nothing said of those that vif does not name. */
static void add_nics(struct reading *r, struct value *vifs)
{
    int64_t nics = int_or(value_get(r->vars, "nics"), -1);

    if (nics < 0)
        return;
    problems_add(r->notes, "/vif", "write one '' in vif for each", "nics: deprecated");
    if (nics > NICS_MAX) {
        problems_add(r->p, "/vif", NULL, "nics: more than %d", NICS_MAX);
        return;
    }
    while (value_len(vifs) < (size_t)nics)
        value_add_take(vifs, value_str(""));
}

/* The list of a class: what the file says, one text without brackets, or nothing. */
static void read_class(struct reading *r, struct spec *s, enum device_class class)
{
    const struct value *v = value_get(r->vars, device_class_name(class));
    AUTO(value_freep) struct value *list = NULL;

    if (v && value_type(v) == VALUE_LIST) {
        list = value_copy(v);
    } else {
        list = value_list();
        if (v && !is_empty(v))
            value_add_take(list, value_copy(v));
    }
    if (class == DEVICE_VIF)
        add_nics(r, list);
    spec_read_devices(s, class, list, r->p);
}

/*
 * A name that is near a known one, when that one was not given: probably mistyped. Short names
 * (i, vmid) are near to many and usually the file's own.
 */
static void note_near(struct reading *r, const char *name)
{
    size_t len = strlen(name);
    struct near n = {.word = name};
    AUTO(freep) char *where = xasprintf("/%s", name);
    AUTO(freep) char *hint = NULL;

    for (size_t i = 0; i < spec_fields.n; i++)
        near_try(&n, spec_fields.rows[i].name);
    for (int c = 0; c < DEVICE_CLASSES; c++)
        near_try(&n, device_class_name((enum device_class)c));
    if (!n.best || len < 3 || (len < 6 && n.distance > 1) || value_get(r->vars, n.best))
        return;
    hint = xasprintf("did you mean %s?", n.best);
    problems_add(r->notes, where, hint, "%s: no variable of xm; it has no effect", name);
}

/* Variables without effect; those that say nothing either (hpet = 0) are passed over. */
static void note_others(struct reading *r)
{
    for (size_t i = 0; i < value_len(r->vars); i++) {
        const char *name = value_key(r->vars, i);
        AUTO(freep) char *where = xasprintf("/%s", name);

        if (has_effect(name))
            continue;
        if (!is_without_effect(name))
            note_near(r, name);
        else if (!is_empty(value_at(r->vars, i)))
            problems_add(r->notes, where, NULL, "%s: this xend does not have it yet; ignored",
                         name);
    }
}

/* Every fault is reported in one go: problems of variables, of devices, then of the whole. */
struct spec *spec_from_xm(const struct value *vars, const char *default_name, struct problems *p,
                          struct problems *notes)
{
    AUTO(value_freep) struct value *map = value_map();
    AUTO(spec_freep) struct spec *s = spec_new();
    struct reading r = {.vars = vars, .map = map, .p = p, .notes = notes};
    size_t before = p->len;

    read_known(&r);
    if (!*value_get_str(map, "name", "") &&
        (!value_get(map, "name") || value_type(value_get(map, "name")) == VALUE_STRING))
        value_set_str(map, "name", default_name);
    read_type(&r);
    read_restart(&r);
    read_vcpu_avail(&r);
    read_cpu(&r);
    read_cmdline(&r);
    read_paths(&r);
    fields_read(&spec_fields, s, map, "", NULL, p);
    for (int c = 0; c < DEVICE_CLASSES; c++)
        read_class(&r, s, (enum device_class)c);
    for (size_t i = 0; i < s->devices.len; i++)
        if (s->devices.ptr[i]->class == DEVICE_DISK && s->devices.ptr[i]->disk.target)
            make_disk_absolute(&s->devices.ptr[i]->disk);
    note_others(&r);
    spec_finish(s, p);
    return p->len == before ? steal(s) : NULL;
}
