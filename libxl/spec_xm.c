/*
 * The variables of an xm or xl file -> spec. The Python-like language has left a map of values;
 * here the old and the doubtful spellings become the words of the table, which then reads them
 * like JSON. Called by xm, as the user whose working directory relative paths are seen from.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/io.h"
#include "libxl/device_parts.h"
#include "libxl/spec_parts.h"

#define NICS_MAX DOMAIN_DEVICES_MAX

/* Words that xl takes for numbers of xm. */
static const struct {
    const char *field, *word;
    int number;
} numbers[] = {
    {"tsc_mode", "default", 0},
    {"tsc_mode", "always_emulate", 1},
    {"tsc_mode", "native", 2},
    {"tsc_mode", "native_paravirt", 3},
    {"timer_mode", "delay_for_missed_ticks", 0},
    {"timer_mode", "no_delay_for_missed_ticks", 1},
    {"timer_mode", "no_missed_ticks_pending", 2},
    {"timer_mode", "one_missed_tick_pending", 3},
};

/* A file being read. */
struct reading {
    const struct value *vars;
    struct value *map; /* the same in the language of JSON */
    struct problems *p, *notes;
};

/* Text comes from the command line. */
static bool is_yes(const struct value *v)
{
    return value_type(v) == VALUE_STRING ? parse_bool(value_as_str(v)) == 1 : !spec_is_empty(v);
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

/* What a field is called in the file: its name, or an alias when that one is not set. */
static const struct value *find_variable(const struct reading *r, const struct field *f,
                                         const char **name)
{
    const struct value *v = value_get(r->vars, f->name);

    *name = f->name;
    for (const struct spec_alias *a = spec_aliases; !v && a->name; a++)
        if (strcmp(a->field, f->name) == 0) {
            *name = a->name;
            v = value_get(r->vars, a->name);
        }
    return v;
}

/* xl's bootloader_args and the like may be lists where the field is one text. */
static struct value *join_list(const struct value *v)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    for (size_t i = 0; i < value_len(v); i++)
        if (value_type(value_at(v, i)) == VALUE_STRING)
            buf_addf(&b, "%s%s", i ? " " : "", value_as_str(value_at(v, i)));
    return value_strn(buf_str(&b), b.len);
}

/* A number where the field is text: gfx_passthru = 1, altp2m = 0; and words for numbers. */
static struct value *as_field(const struct field *f, const struct value *v)
{
    struct value *flat = spec_nested_flat(f->name, v);

    if (flat)
        return flat;
    if (f->type == FIELD_LIST)
        return as_text(v);
    if (f->type == FIELD_STR && value_type(v) == VALUE_LIST && strcmp(f->name, "bootargs") == 0)
        return join_list(v);
    if (f->type == FIELD_STR && value_type(v) == VALUE_BOOL)
        return value_str(value_as_bool(v) ? "1" : "0");
    for (size_t i = 0; f->type == FIELD_INT && i < ARRAY_LEN(numbers); i++)
        if (value_type(v) == VALUE_STRING && strcmp(numbers[i].field, f->name) == 0 &&
            strcmp(numbers[i].word, value_as_str(v)) == 0)
            return value_int(numbers[i].number);
    return value_copy(v);
}

/* The original took a UUID without its dashes, too. */
static void read_uuid(struct reading *r)
{
    const char *text = value_get_str(r->map, "uuid", "");

    if (strlen(text) == 32 && text[strspn(text, "0123456789abcdefABCDEF")] == '\0') {
        AUTO(freep)
        char *dashed =
            xasprintf("%.8s-%.4s-%.4s-%.4s-%s", text, text + 8, text + 12, text + 16, text + 20);
        value_set_str(r->map, "uuid", dashed);
    }
}

/* viridian may be a list of the groups that are on, or off with "!" before them. */
static void read_viridian(struct reading *r)
{
    const struct value *v = value_get(r->map, "viridian");

    if (!v || value_type(v) != VALUE_LIST)
        return;
    value_set_take(r->map, "viridian_groups", as_text(v));
    value_set_bool(r->map, "viridian", value_len(v) > 0);
}

/* The original cut it without a word; the text is not repeated, errors end up in logs. */
static bool cut_password(struct reading *r, const char *text, const char *where)
{
    if (strlen(text) <= VNC_PASSWORD_MAX)
        return false;
    problems_add(r->notes, where, "VNC itself cuts passwords there: the rest protects nothing",
                 "vncpasswd: longer than %d characters; cut", VNC_PASSWORD_MAX);
    return true;
}

/* "vnc=1,vncpasswd=..." with the password cut; the caller's. */
static struct value *cut_vfb(struct reading *r, const struct value *v, size_t index)
{
    AUTO(value_freep) struct value *parts = NULL;
    AUTO(freep) char *where = xasprintf("/vfb/%zu", index);
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (value_type(v) != VALUE_STRING)
        return value_copy(v);
    parts = text_split(value_as_str(v), ',', false);
    for (size_t i = 0; i < value_len(parts); i++) {
        const char *part = value_as_str(value_at(parts, i)), *eq = strchr(part, '=');
        const char *text = eq ? eq + 1 + strspn(eq + 1, " ") : NULL;
        bool cut = eq && strncmp(part + strspn(part, " "), "vncpasswd", 9) == 0 &&
                   cut_password(r, text, where);

        buf_addf(&b, "%s%.*s", i ? "," : "",
                 cut ? (int)(text - part) + VNC_PASSWORD_MAX : (int)strlen(part), part);
    }
    return value_strn(buf_str(&b), b.len);
}

/*
 * sysname, node, release, version, machine = os.uname() is no wish for a machine of QEMU's: xm had
 * no such variable.
 */
static bool is_uname_machine(struct reading *r, const struct field *f, const struct value *v)
{
    static const char *const words[] = {"x86_64",  "amd64", "i386",   "i586",   "i686",
                                        "aarch64", "arm64", "armv7l", "riscv64"};

    if (strcmp(f->name, "machine") != 0 || value_type(v) != VALUE_STRING)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i], value_as_str(v)) == 0) {
            problems_add(r->notes, "/machine", NULL,
                         "machine: %s is a kind of CPU, no machine of QEMU's; ignored", words[i]);
            return true;
        }
    return false;
}

/* What has the same meaning here as in the file. */
static void read_known(struct reading *r)
{
    for (size_t i = 0; i < spec_fields.n; i++) {
        const struct field *f = &spec_fields.rows[i];
        const char *name;
        const struct value *v = find_variable(r, f, &name);
        AUTO(freep) char *where = xasprintf("/%s", name);

        if (!v || value_type(v) == VALUE_NIL)
            continue;
        if (f->in_map && f->type == FIELD_STR && spec_is_empty(v))
            continue; /* altp2m = 0 */
        if (is_uname_machine(r, f, v))
            continue;
        if (value_type(v) == VALUE_BOOL)
            problems_add(r->notes, where, "write 1 or 0 to have it in both",
                         "%s: xm of Xen 4.4 and older ignored True and False; taken as %d here",
                         name, value_as_bool(v));
        value_set_take(r->map, f->name, as_field(f, v));
    }
    read_viridian(r);
    read_uuid(r);
    if (cut_password(r, value_get_str(r->map, "vncpasswd", ""), "/vncpasswd"))
        value_set_take(r->map, "vncpasswd",
                       value_strn(value_get_str(r->map, "vncpasswd", ""), VNC_PASSWORD_MAX));
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

    if (!mask || spec_is_empty(mask) || value_get(r->map, "maxvcpus"))
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
    static const char *const programs[] = {"bootloader", "device_model", "loader",
                                           "bios",       "firmware",     "device_model_override"};
    static const char *const files[] = {
        "ramdisk",           "acpi_firmware",      "smbios_firmware",
        "device_tree",       "bios_path_override", "stubdomain_kernel",
        "stubdomain_ramdisk"};

    if (strcmp(value_get_str(r->map, "kernel", ""), "hvmloader") != 0)
        make_absolute(r->map, "kernel", false);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        make_absolute(r->map, files[i], false);
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

    if (!file || remus || k->script || k->target[0] == '/') /* a script has targets of its own */
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

/* pci_msitranslate and so on are for each device that does not say it itself. */
static void set_pci_defaults(const struct reading *r, struct pci *d)
{
    const struct {
        const char *name;
        int64_t *member;
    } flags[] = {{"pci_msitranslate", &d->msitranslate},
                 {"pci_power_mgmt", &d->power_mgmt},
                 {"pci_permissive", &d->permissive},
                 {"pci_seize", &d->seize}};

    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        const struct value *v = value_get(r->vars, flags[i].name);
        if (v && *flags[i].member < 0 && value_type(v) != VALUE_NIL)
            *flags[i].member = is_yes(v);
    }
}

/* The list of a class: what the file says, one text without brackets, or nothing. */
static void read_class(struct reading *r, struct spec *s, enum device_class class)
{
    const struct value *v = value_get(r->vars, device_class_name(class));
    AUTO(value_freep) struct value *list = NULL;

    if (v && value_type(v) == VALUE_LIST && class == DEVICE_VFB) {
        list = value_list();
        for (size_t i = 0; i < value_len(v); i++)
            value_add_take(list, cut_vfb(r, value_at(v, i), i));
    } else if (v && value_type(v) == VALUE_LIST) {
        list = value_copy(v);
    } else {
        list = value_list();
        if (v && !spec_is_empty(v))
            value_add_take(list, value_copy(v));
    }
    if (class == DEVICE_VIF)
        add_nics(r, list);
    spec_read_devices(s, class, list, r->p);
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
        else if (s->devices.ptr[i]->class == DEVICE_PCI)
            set_pci_defaults(&r, &s->devices.ptr[i]->pci);
    spec_note_others(vars, notes);
    spec_finish(s, p);
    for (size_t i = 0; i < s->devices.len; i++)
        if (s->devices.ptr[i]->class == DEVICE_USBDEV)
            usbdev_make_absolute(&s->devices.ptr[i]->usbdev);
    spec_note_ignored(s, ON_XEN | ON_QEMU, notes);
    spec_name_variables(vars, p);
    spec_name_variables(vars, notes);
    return p->len == before ? steal(s) : NULL;
}
