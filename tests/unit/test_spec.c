/* libxl/spec: every field and device through JSON, SXP and xm's variables; checks and their texts.
 */
#include <unistd.h>

#include "config/json.h"
#include "config/py.h"
#include "config/sxp.h"
#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/spec.h"
#include "tests/unit/cunit.h"

static struct value *json(const char *text)
{
    struct err e = {0};
    struct value *v = json_parse(text, strlen(text), "t", &e);

    if (!v)
        fprintf(stderr, "\n  %s\n", e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    return v;
}

/* Texts of problems, "; " between them. The caller frees. */
static char *texts_of(struct problems *p)
{
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < p->len; i++)
        buf_addf(&b, "%s%s", i ? "; " : "", p->ptr[i].text);
    problems_clear(p);
    return buf_steal(&b);
}

/* The spec as JSON text; or its problems, "!" before them. Frees both. */
static char *shown_take(struct spec *s, struct problems *p)
{
    struct buf b = BUF_INIT;

    CU_ASSERT_EQUAL(s != NULL, p->len == 0);
    if (s) {
        AUTO(value_freep) struct value *v = spec_to_value_secrets(s);
        json_print(v, &b);
    } else {
        AUTO(freep) char *texts = texts_of(p);
        buf_addf(&b, "!%s", texts);
    }
    problems_clear(p);
    spec_free(s);
    return buf_steal(&b);
}

static char *from_json(const char *text)
{
    AUTO(value_freep) struct value *v = json(text);
    struct problems p = {0};

    return shown_take(spec_from_value(v, &p), &p);
}

static char *from_sxp(const char *text)
{
    struct problems p = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *forms = sxp_parse(text, strlen(text), "t", &e);

    if (!forms)
        fprintf(stderr, "\n  %s: %s\n", text, e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(forms);
    return shown_take(spec_from_sxp(value_at(forms, 0), &p), &p);
}

/* Variables as JSON; *notes gets the texts of the notes (the caller's). */
static char *from_xm(const char *vars, char **notes)
{
    AUTO(value_freep) struct value *v = json(vars);
    struct problems p = {0}, n = {0};
    char *text = shown_take(spec_from_xm(v, "file", &p, &n), &p);

    *notes = texts_of(&n);
    return text;
}

static void same(const char *in, char *got_take, const char *want)
{
    if (strcmp(got_take, want) != 0)
        fprintf(stderr, "\n  %s\n  gives %s\n  not   %s\n", in, got_take, want);
    CU_ASSERT_STRING_EQUAL(got_take, want);
    free(got_take);
}

static void test_table(void)
{
    struct spec *s = spec_new();

    for (size_t i = 0; i < spec_fields.n; i++) {
        const struct field *f = &spec_fields.rows[i];
        AUTO(value_freep) struct value *v = field_value(f, s);
        struct problems p = {0};

        CU_ASSERT_PTR_EQUAL(field_find(&spec_fields, f->name), f); /* names are unique */
        CU_ASSERT_EQUAL(device_class_find(f->name), -1);
        CU_ASSERT_TRUE(f->drivers && f->doc && f->doc[strlen(f->doc) - 1] == '.');
        CU_ASSERT_TRUE(strlen(f->doc) < 100);
        CU_ASSERT_TRUE(f->type != FIELD_INT || f->min < f->max);
        CU_ASSERT_EQUAL(field_read(f, s, v, "", &p), 0); /* the default is allowed */
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_FALSE(f->sxp && spec_fields.rows[j].sxp &&
                            strcmp(f->sxp, spec_fields.rows[j].sxp) == 0);
        problems_clear(&p);
    }
    spec_free(s);
}

/* Section 2.3 of the reference. */
static void test_defaults(void)
{
    struct spec *s = spec_new();

    CU_ASSERT_EQUAL(s->memory, 128);
    CU_ASSERT_EQUAL(spec_maxmem(s), 128);
    CU_ASSERT_EQUAL(s->vcpus, 1);
    CU_ASSERT_EQUAL(spec_maxvcpus(s), 1);
    CU_ASSERT_EQUAL(s->cpu_weight, 256);
    CU_ASSERT_EQUAL(s->cpu_cap, 0);
    CU_ASSERT_EQUAL(s->videoram, 4);
    CU_ASSERT_EQUAL(s->on_poweroff, END_DESTROY);
    CU_ASSERT_EQUAL(s->on_reboot, END_RESTART);
    CU_ASSERT_EQUAL(s->on_crash, END_RESTART);
    CU_ASSERT_STRING_EQUAL(s->boot, "c");
    CU_ASSERT_STRING_EQUAL(s->pool, "Pool-0");
    CU_ASSERT_STRING_EQUAL(s->interface, "eth0");
    CU_ASSERT_STRING_EQUAL(s->dhcp, "off");
    CU_ASSERT_TRUE(s->acpi && s->apic && s->pae && s->hap && !s->localtime && !s->vnc);
    CU_ASSERT_PTR_NULL(s->kernel);
    CU_ASSERT_EQUAL(s->type, TYPE_PV);
    spec_free(s);
    spec_free(NULL);
}

static struct value *through_text(const struct spec *s, const char *head, size_t width)
{
    AUTO(value_freep) struct value *form = spec_to_sxp(s, head);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};
    struct value *forms;

    sxp_print_pretty(form, width, &b);
    forms = sxp_parse(b.ptr, b.len, "t", &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(forms);
    return forms;
}

/* The text for people to edit: nothing is lost in it, either. */
static void goes_round_as_text(const struct spec *s, const char *want)
{
    AUTO(freep) char *text = spec_to_xm(s, false);
    struct py_input in = {.name = "t", .text = text, .len = strlen(text)};
    struct problems p = {0}, notes = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *vars = py_eval(&in, &e);

    if (!vars)
        fprintf(stderr, "\n  %s\n", e.msg);
    CU_ASSERT_PTR_NOT_NULL_FATAL(vars);
    same(text, shown_take(spec_from_xm(vars, "file", &p, &notes), &p), want);
    problems_clear(&notes);
}

/* JSON, both SXP forms as text, and the form as it stands in memory: the same spec each time. */
static void goes_round(const struct spec *s)
{
    AUTO(value_freep) struct value *v = spec_to_value_secrets(s);
    AUTO(value_freep) struct value *domain = through_text(s, "domain", 80);
    AUTO(value_freep)
    struct value *vm = through_text(s, "vm", 20), *form = spec_to_sxp(s, "domain");
    const struct value *forms[] = {value_at(domain, 0), value_at(vm, 0), form, NULL};
    AUTO(spec_freep) struct spec *copy = spec_copy(s);
    AUTO(value_freep) struct value *v_copy = spec_to_value_secrets(copy);
    AUTO(buf_clear) struct buf want = BUF_INIT;

    CU_ASSERT_TRUE(value_equal(v, v_copy));
    json_print(v, &want);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct problems p = {0};
        struct spec *again = forms[i] ? spec_from_sxp(forms[i], &p) : spec_from_value(v, &p);
        char *got = shown_take(again, &p);

        if (strcmp(got, buf_str(&want)) != 0)
            fprintf(stderr, "\n  (%zu)", i);
        same("round", got, buf_str(&want));
    }
    goes_round_as_text(s, buf_str(&want));
}

static const char *const texts[] = {"x",  "two words", "it's", "a\"b",      "a\\b", "(x)",
                                    "#x", "\xc3\xa4",  "1",    "a=b c='d'", "nil",  "x\ny"};

/* Of lists whose items have a form of their own. */
static const char *some_item(const char *name)
{
    return strncmp(name, "cpuid", 5) == 0  ? "1:eax=0x1f,ebx=0x2"
           : strncmp(name, "cpus", 4) == 0 ? "0-3,^1"
           : strcmp(name, "ioports") == 0  ? "2f8-2ff"
           : strcmp(name, "iomem") == 0    ? "fe000,10@e0000"
           : strcmp(name, "vnuma") == 0    ? "pnode=0,size=16777216,vcpus=0,2-3,vdistances=10"
           : strcmp(name, "vsnd") == 0     ? "CARD, short-name=a | STREAM, id=0"
                                           : "7";
}

/* Paths that xm makes absolute. */
static bool is_path(const char *name)
{
    static const char *const names[] = {"kernel",
                                        "ramdisk",
                                        "acpi_firmware",
                                        "smbios_firmware",
                                        "device_tree",
                                        "bios_path_override",
                                        "stubdomain_kernel",
                                        "stubdomain_ramdisk"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* A value that the field takes and that is not its default. */
static struct value *some_value(const struct field *f, unsigned k)
{
    struct value *list;

    switch (f->type) {
    case FIELD_INT:
        return value_int(f->min + (int64_t)(k % 7) < f->max ? f->min + (int64_t)(k % 7) : f->max);
    case FIELD_BOOL:
        return value_bool(k % 2);
    case FIELD_WORD:
        for (unsigned n = 0;; n++)
            if (!f->words[n])
                return value_str(f->words[k % n]);
    case FIELD_LIST:
        list = value_list();
        value_add_take(list, value_str(f->check || strcmp(f->name, "cpus") == 0 ? some_item(f->name)
                                                                                : texts[k % 12]));
        return list;
    case FIELD_STR:
        break;
    }
    if (strcmp(f->name, "name") == 0)
        return value_str("web1.example-2");
    if (strcmp(f->name, "uuid") == 0)
        return value_str("06ed00fe-1162-4fc4-b5d8-11993ee4a8b9");
    if (is_path(f->name))
        return value_str(k % 2 ? "/boot/a b" : "/boot/vmlinuz");
    if (strcmp(f->name, "boot") == 0)
        return value_str(k % 2 ? "dc" : "n");
    if (f->secret)
        return value_strn(texts[k % ARRAY_LEN(texts)], strnlen(texts[k % ARRAY_LEN(texts)], 8));
    return value_str(texts[k % ARRAY_LEN(texts)]);
}

static void test_each_field_goes_round(void)
{
    for (size_t i = 0; i < spec_fields.n; i++) {
        for (unsigned k = 0; k < 12; k++) {
            AUTO(spec_freep) struct spec *s = spec_new();
            AUTO(value_freep) struct value *v = some_value(&spec_fields.rows[i], k);
            struct problems p = {0};

            s->name = xstrdup("n");
            CU_ASSERT_EQUAL(field_read(&spec_fields.rows[i], s, v, "", &p), 0);
            if (s->nfs_root)
                s->nfs_server = xstrdup("10.0.0.1");
            spec_finish(s, &p);
            if (p.len == 0) /* such as maxmem below memory */
                goes_round(s);
            problems_clear(&p);
        }
    }
}

static void add_random_devices(struct spec *s, unsigned *seed)
{
    static const char *const items[] = {
        "file:/a %d,xvd%c,w", "phy:/dev/a%d,xvd%c:cdrom,r", "tap:qcow2:/q%d,xvd%c,w!",
        "format=vhd,vdev=xvd%2$c,target=/v%1$d", "nbd:h %d,xvd%c,w,back"};
    struct problems p = {0};

    for (int i = 0; i < rand_r(seed) % 5; i++) {
        AUTO(freep) char *text = NULL;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        text = xasprintf(items[rand_r(seed) % 5], i, 'a' + i);
#pragma GCC diagnostic pop
        vec_push(&s->devices, device_from_xm(DEVICE_DISK, text, "", &p));
    }
    for (int i = 0; i < rand_r(seed) % 3; i++) {
        struct device *d = device_from_xm(DEVICE_VIF, i ? "bridge=xenbr0,ip=1 2" : "", "", &p);
        if (rand_r(seed) % 2)
            vif_set_mac(&d->vif);
        vec_push(&s->devices, d);
    }
    if (rand_r(seed) % 2)
        vec_push(&s->devices, device_from_xm(DEVICE_VFB, "vnc=1,vncpasswd=a b", "", &p));
    if (rand_r(seed) % 2)
        vec_push(&s->devices, device_from_xm(DEVICE_USBDEV, "device=disk:/a b", "", &p));
    if (rand_r(seed) % 2)
        vec_push(&s->devices, device_from_xm(DEVICE_USBDEV, "device=tablet", "", &p));
    CU_ASSERT_EQUAL(p.len, 0);
}

static void test_random_specs_go_round(void)
{
    for (unsigned start = 1; start <= 1000; start++) {
        AUTO(spec_freep) struct spec *s = spec_new();
        struct problems p = {0};
        unsigned seed = start;

        for (size_t i = 0; i < spec_fields.n; i++) {
            const struct field *f = &spec_fields.rows[i];
            AUTO(value_freep) struct value *v = some_value(f, (unsigned)rand_r(&seed));

            if (strcmp(f->name, "usbdevice") == 0) /* devices: no two may be the same */
                continue;
            if (rand_r(&seed) % 3 == 0 || strcmp(f->name, "name") == 0)
                field_read(f, s, v, "", &p);
        }
        s->maxmem = rand_r(&seed) % 2 && !value_get(s->other, "vnuma") ? s->memory + 5 : 0;
        s->maxvcpus = rand_r(&seed) % 2 ? s->vcpus + 100 * (rand_r(&seed) % 3) : 0;
        if (s->nfs_root && !s->nfs_server)
            s->nfs_server = xstrdup("nfs");
        add_random_devices(s, &seed);
        spec_finish(s, &p);
        if (p.len)
            fprintf(stderr, "\n  seed %u: %s\n", start, p.ptr[0].text);
        CU_ASSERT_EQUAL(p.len, 0);
        problems_clear(&p);
        goes_round(s);
    }
}

#define V "{\"name\":\"n\""
static void test_vcpus(void)
{
    static const int rows[][2] = {{1, 1},  {1, 2},   {2, 4},   {61, 62},   {62, 62},
                                  {1, 63}, {63, 64}, {64, 65}, {511, 512}, {512, 512}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(spec_freep) struct spec *s = spec_new();
        struct problems p = {0};

        s->name = xstrdup("n");
        s->vcpus = rows[i][0];
        s->maxvcpus = rows[i][1];
        spec_finish(s, &p);
        CU_ASSERT_EQUAL(p.len, 0);
        goes_round(s);
    }
    same("short cpus",
         from_json("{\"name\":\"n\",\"vcpus\":2,\"maxvcpus\":4,\"cpus\":[\"0\",\"1\"]}"),
         "{\"vcpus\":2,\"maxvcpus\":4,\"name\":\"n\",\"cpus\":[\"0\",\"1\",\"\",\"\"]}");
    same("mask", from_sxp("(vm (name n) (vcpus 4) (vcpu_avail 5))"),
         "{\"vcpus\":2,\"maxvcpus\":4,\"name\":\"n\"}");
    same("all", from_sxp("(vm (name n) (vcpus 4) (vcpu_avail 15))"),
         "{\"vcpus\":4,\"name\":\"n\"}");
    same("negative", from_sxp("(vm (name n) (vcpus -4) (vcpu_avail 15))"),
         "!vcpus: -4 is not between 1 and 512");
    same("none", from_sxp("(vm (name n) (vcpus 4) (vcpu_avail 0))"),
         "{\"vcpus\":4,\"name\":\"n\"}");
}

static void test_json(void)
{
    same("least", from_json("{\"name\":\"n\"}"), "{\"name\":\"n\"}");
    same("canonical",
         from_json("{\"vif\":[{}],\"disk\":[\"phy:a,xvda,w\"],\"maxmem\":128,\"maxvcpus\":1,"
                   "\"uuid\":\"06ED00FE-1162-4FC4-B5D8-11993EE4A8B9\",\"name\":\"n\"}"),
         "{\"uuid\":\"06ed00fe-1162-4fc4-b5d8-11993ee4a8b9\",\"name\":\"n\",\"disk\":[{\"type\":"
         "\"phy\","
         "\"target\":\"/dev/a\",\"vdev\":\"xvda\",\"mode\":\"w\"}],\"vif\":[{}]}");
    same("none",
         from_json("{\"name\":\"n\",\"disk\":null,\"vif\":[],\"kernel\":null,\"extra\":\"\"}"),
         V "}");
    same("faults", from_json("{\"memroy\":5,\"memory\":0,\"disk\":7,\"vif\":[3],\"kernel\":\"k\"}"),
         "!memroy: not known here; memory: 0 is not between 1 and 16777216 MiB; "
         "kernel: 'k' is not an absolute path; disk: a number is not a list; "
         "vif: a number is not a map or a string; Missing VM Name");
    same("list", from_json("[]"), "!spec: a list is not a map");
    same("hint", from_json(V ",\"builder\":\"hvm\"}"), "!builder: not known here");
}

static void test_pointers(void)
{
    AUTO(value_freep)
    struct value *v = json(
        "{\"name\":\"n\",\"cpu_weight\":0,\"disk\":[{\"vdev\":\"xvda\",\"target\":\"/a\",\"type\":"
        "\"file\"},{\"vdev\":\"x\"}],\"vif\":[\"mac=1\"]}");
    static const char *const where[] = {"/cpu_weight", "/disk/1/vdev", "/vif/0/mac"};
    struct problems p = {0};

    CU_ASSERT_PTR_NULL(spec_from_value(v, &p));
    CU_ASSERT_EQUAL_FATAL(p.len, ARRAY_LEN(where));
    for (size_t i = 0; i < p.len; i++)
        CU_ASSERT_STRING_EQUAL(p.ptr[i].where, where[i]);
    problems_clear(&p);
}

/* What spans several fields; the texts are the original's where it had them. */
static void test_checks(void)
{
    static const struct {
        const char *json, *problem;
    } rows[] = {
        {"{}", "Missing VM Name"},
        {"{\"name\":\"\"}", "Missing VM Name"},
        {"{\"name\":\"a b\"}", "name: Invalid VM Name: 'a b'"},
        {"{\"name\":7}", ""},
        {V ",\"memory\":64,\"maxmem\":63}", "maxmem: 63 MiB is less than memory, 64 MiB"},
        {V ",\"memory\":64,\"maxmem\":65}", ""},
        {V ",\"vcpus\":3,\"maxvcpus\":2}", "maxvcpus: 2 is less than vcpus, 3"},
        {V ",\"vcpus\":513}", "vcpus: 513 is not between 1 and 512"},
        {V ",\"vcpus\":0}", "vcpus: 0 is not between 1 and 512"},
        {V ",\"memory\":16777217}", "memory: 16777217 is not between 1 and 16777216 MiB"},
        {V ",\"memory\":16777216}", ""},
        {V ",\"uuid\":\"x\"}", "uuid: 'x' is not a UUID"},
        {V ",\"boot\":\"cx\"}", "boot: 'cx' is not a boot order"},
        {V ",\"on_reboot\":\"coredump-destroy\"}",
         "on_reboot: 'coredump-destroy' is not one of destroy, restart, preserve, rename-restart"},
        {V ",\"on_crash\":\"coredump-destroy\"}", ""},
        {V ",\"nfs_root\":\"/r\"}", "Must set nfs root and nfs server"},
        {V ",\"kernel\":\"hvmloader\"}", ""},
        {V ",\"ramdisk\":\"hvmloader\"}", "ramdisk: 'hvmloader' is not an absolute path"},
        {V ",\"disk\":[\"file:/a,xvda,w\",\"file:/b,xvda,w\"]}",
         "The device \"xvda\" is already defined"},
        {V ",\"disk\":[\"file:/a,xvda,w\",\"file:/b,51712,w\"]}",
         "The device \"51712\" is already defined"},
        {V ",\"disk\":[\"file:/a,xvda,w\",\"tap:aio:/a,xvdb,r\"]}",
         "The file \"/a\" is already used"},
        {V ",\"disk\":[\"drbd:r0,xvda,w\",\"drbd:r0,xvdb,w\"]}",
         "The uname \"drbd:r0\" is already defined"},
        {V ",\"disk\":[\"drbd:r0,xvda,w\",\"zfs:r0,xvdb,w\"]}", ""},
        {V ",\"disk\":[\",hdc:cdrom,r\",\",hdd:cdrom,r\"]}", ""},
        {V ",\"vif\":[\"mac=00:16:3e:00:00:0a\",\"\",\"\",\"mac=00:16:3E:00:00:0A\"]}",
         "The mac \"00:16:3E:00:00:0A\" is already defined"},
        {V ",\"vfb\":[\"vnc=1\",\"sdl=1\"]}", "only one vfb is supported"},
        {V ",\"cpus\":\"0-3,^1\"}", ""},
        {V ",\"cpus\":\"all,^0\"}", ""},
        {V ",\"cpus\":\"nodes:0-1,^node:1\"}", ""},
        {V ",\"cpus\":\"3-0\"}", "cpus: '3-0' is not a list of CPUs"},
        {V ",\"cpus\":\"0,,1\"}", "cpus: '0,,1' is not a list of CPUs"},
        {V ",\"cpus\":\"0-\"}", "cpus: '0-' is not a list of CPUs"},
        {V ",\"cpus\":\"x\"}", "cpus: 'x' is not a list of CPUs"},
        {V ",\"cpus\":[\"0\",\"1\"],\"vcpus\":2}", ""},
        {V ",\"cpus\":[\"0\",\"1\"],\"vcpus\":3}",
         "vcpus and the item number of cpus are not same"},
        {V ",\"cpus\":[\"0\",\"1\"],\"vcpus\":2,\"maxvcpus\":4}", ""},
        {V ",\"cpus\":[\"0\",\"1\",\"2\",\"3\"],\"vcpus\":2,\"maxvcpus\":4}", ""},
        {V ",\"cpus\":[\"0\",\"1\",\"2\"],\"vcpus\":2,\"maxvcpus\":4}",
         "vcpus and the item number of cpus are not same"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(value_freep) struct value *v = json(rows[i].json);
        struct problems p = {0};
        AUTO(spec_freep) struct spec *s = spec_from_value(v, &p);

        CU_ASSERT_EQUAL(s != NULL, rows[i].problem[0] == '\0');
        same(rows[i].json, texts_of(&p), rows[i].problem);
    }
}

static void test_device_limit(void)
{
    for (int n = DOMAIN_DEVICES_MAX; n <= DOMAIN_DEVICES_MAX + 1; n++) {
        AUTO(value_freep)
        struct value *map = json("{\"name\":\"n\"}"), *both = json("{\"name\":\"n\"}");
        struct value *vifs = value_list(), *half = value_list(), *disks = value_list();
        struct problems p = {0};

        for (int i = 0; i < n; i++)
            value_add_take(vifs, value_map());
        value_set_take(map, "vif", vifs);
        struct spec *s = spec_from_value(map, &p);
        CU_ASSERT_EQUAL(s != NULL, n == DOMAIN_DEVICES_MAX);
        spec_free(s);
        problems_clear(&p);
        for (int i = 0; i < n - 5; i++)
            value_add_take(half, value_map());
        for (int i = 0; i < 5; i++) {
            AUTO(freep) char *text = xasprintf("file:/%d,xvd%c,w", i, 'a' + i);
            value_add_take(disks, value_str(text));
        }
        value_set_take(both, "vif", half);
        value_set_take(both, "disk", disks);
        s = spec_from_value(both, &p);
        CU_ASSERT_EQUAL(s != NULL, n == DOMAIN_DEVICES_MAX);
        spec_free(s);
        problems_clear(&p);
    }
}

static void test_names(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    static const char *const good[] = {"a", "web1", "Web_1.x:y+z-", "7", "-", "...", "a.b"};
    static const char *const bad[] = {"",    ".",        "..",  "a b", "a/b",
                                      "a\n", "\xc3\xa4", "a'b", "a#",  "a\tb"};
    struct err e = {0};

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        CU_ASSERT_EQUAL(check_name(good[i], &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CU_ASSERT_EQUAL(check_name(bad[i], &e), -1);
        ASSERT_ERR(e, ERR_INVALID, "Invalid VM Name");
        CU_ASSERT_TRUE(e.hint[0] != '\0');
    }
    buf_fill(&b, 'x', DOMAIN_NAME_MAX);
    CU_ASSERT_EQUAL(check_name(b.ptr, &e), 0);
    buf_addc(&b, 'x');
    CU_ASSERT_EQUAL(check_name(b.ptr, &e), -1);
}

static void test_cmdline(void)
{
    static const struct {
        const char *json, *cmdline;
    } rows[] = {
        {V "}", ""},
        {V ",\"extra\":\"quiet\"}", "quiet"},
        {V ",\"root\":\"/dev/xvda1 ro\",\"extra\":\"4\"}", "root=/dev/xvda1 ro 4"},
        {V ",\"root\":\"root=/dev/xvda1\"}", "root=/dev/xvda1"},
        {V ",\"root\":\"/dev/a\",\"extra\":\"x root=/dev/b\"}", "x root=/dev/b"},
        {V ",\"root\":\"/dev/a\",\"extra\":\"nfsroot=b\"}", "root=/dev/a nfsroot=b"},
        {V ",\"ip\":\"1.2.3.4\"}", "ip=1.2.3.4:127.0.255.255::::eth0:off"},
        {V ",\"dhcp\":\"dhcp\",\"extra\":\"x\"}", "ip=:127.0.255.255::::eth0:dhcp x"},
        {V ",\"ip\":\"ip=1\",\"gateway\":\"2\",\"netmask\":\"3\",\"hostname\":\"h\",\"interface\":"
           "\"e\","
           "\"nfs_server\":\"s\",\"root\":\"r\",\"extra\":\"x\"}",
         "root=r ip=1:s:2:3:h:e:off x"},
        {V ",\"ip\":\"1\",\"extra\":\"ip=dhcp\"}", "ip=dhcp"},
        {V ",\"ip\":\"1\",\"extra\":\"skip=1\"}", "ip=1:127.0.255.255::::eth0:off skip=1"},
        {V ",\"root\":\"/dev/nfs\",\"nfs_server\":\"s\",\"nfs_root\":\"/r\",\"extra\":\"x\"}",
         "root=/dev/nfs nfsroot=s:/r x"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(value_freep) struct value *v = json(rows[i].json);
        struct problems p = {0};
        AUTO(spec_freep) struct spec *s = spec_from_value(v, &p);

        CU_ASSERT_PTR_NOT_NULL_FATAL(s);
        same(rows[i].json, spec_cmdline(s), rows[i].cmdline);
        goes_round(s);
    }
}

/* Variables of files, in the spellings of twenty years. */
static void test_xm(void)
{
    static const struct {
        const char *vars, *spec, *notes;
    } rows[] = {
        {"{}", "{\"name\":\"file\"}", ""},
        {"{\"name\":\"\",\"memory\":\"256\",\"vcpus\":2.0}",
         "{\"vcpus\":2,\"name\":\"file\",\"memory\":256}", ""},
        {"{\"builder\":\"linux\"}", "{\"name\":\"file\"}", ""},
        {"{\"builder\":\"generic\"}", "{\"name\":\"file\"}", ""},
        {"{\"builder\":\"hvm\"}", "{\"name\":\"file\",\"type\":\"hvm\"}", ""},
        {"{\"builder\":\"hvm\",\"type\":\"pvh\"}", "{\"name\":\"file\",\"type\":\"pvh\"}", ""},
        {"{\"pvh\":1}", "{\"name\":\"file\",\"type\":\"pvh\"}", ""},
        {"{\"builder\":\"vmx\"}", "!builder: 'vmx' is not one of linux, generic, hvm", ""},
        {"{\"type\":\"vmx\"}", "!type: 'vmx' is not one of pv, pvh, hvm", ""},
        {"{\"restart\":\"onreboot\"}", "{\"on_crash\":\"destroy\",\"name\":\"file\"}",
         "restart: deprecated since Xen 3.0.3"},
        {"{\"restart\":\"always\"}", "{\"name\":\"file\",\"on_poweroff\":\"restart\"}",
         "restart: deprecated since Xen 3.0.3"},
        {"{\"restart\":\"never\",\"on_crash\":\"preserve\"}",
         "{\"on_crash\":\"preserve\",\"name\":\"file\",\"on_reboot\":\"destroy\"}",
         "restart: deprecated since Xen 3.0.3"},
        {"{\"restart\":\"x\"}", "!restart: 'x' is not one of onreboot, always, never",
         "restart: deprecated since Xen 3.0.3"},
        {"{\"vcpus\":4,\"vcpu_avail\":1}", "{\"maxvcpus\":4,\"name\":\"file\"}", ""},
        {"{\"vcpus\":2,\"vcpu_avail\":\"4\"}", "!vcpu_avail: no virtual CPU is left", ""},
        {"{\"vcpus\":2,\"maxvcpus\":4}", "{\"vcpus\":2,\"maxvcpus\":4,\"name\":\"file\"}", ""},
        {"{\"cpu\":1,\"cpus\":\"2-3\"}", "{\"name\":\"file\",\"cpus\":[\"1,2-3\"]}",
         "cpu: deprecated"},
        {"{\"cpu\":1}", "{\"name\":\"file\",\"cpus\":[\"1\"]}", "cpu: deprecated"},
        {"{\"cpu\":-1}", "{\"name\":\"file\"}", ""},
        {"{\"cpus\":2}", "{\"name\":\"file\",\"cpus\":[\"2\"]}", ""},
        {"{\"cpus\":[0,\"1\"],\"vcpus\":2}",
         "{\"vcpus\":2,\"name\":\"file\",\"cpus\":[\"0\",\"1\"]}", ""},
        {"{\"cpus\":\"\"}", "{\"name\":\"file\"}", ""},
        {"{\"cpus\":[\"1\",\"1\"],\"vcpus\":2}", "{\"vcpus\":2,\"name\":\"file\",\"cpus\":[\"1\"]}",
         ""},
        {"{\"acpi\":false,\"vnc\":true}", "{\"name\":\"file\",\"acpi\":false,\"vnc\":true}",
         "acpi: xm of Xen 4.4 and older ignored True and False; taken as 0 here; "
         "vnc: xm of Xen 4.4 and older ignored True and False; taken as 1 here"},
        {"{\"kernel\":null,\"acpi\":0}", "{\"name\":\"file\",\"acpi\":false}", ""},
        {"{\"serial\":\"pty\"}", "{\"name\":\"file\",\"serial\":[\"pty\"]}",
         "serial: no driver of this xend has it; ignored"},
        {"{\"serial\":[\"pty\",\"null\"]}", "{\"name\":\"file\",\"serial\":[\"pty\",\"null\"]}",
         "serial: no driver of this xend has it; ignored"},
        {"{\"cmdline\":\"a b\",\"root\":\"/dev/x\"}", "{\"name\":\"file\",\"extra\":\"a b\"}",
         "cmdline: given, so root and extra are ignored"},
        {"{\"nics\":2,\"vif\":[\"bridge=b\"]}",
         "{\"name\":\"file\",\"vif\":[{\"bridge\":\"b\"},{}]}", "nics: deprecated"},
        {"{\"nics\":65}", "!nics: more than 64", "nics: deprecated"},
        {"{\"machine\":\"x86_64\"}", "{\"name\":\"file\"}",
         "machine: x86_64 is a kind of CPU, no machine of QEMU's; ignored"},
        {"{\"vif\":\"\"}", "{\"name\":\"file\"}", ""},
        {"{\"vif\":\"bridge=b\"}", "{\"name\":\"file\",\"vif\":[{\"bridge\":\"b\"}]}", ""},
        {"{\"memroy\":512}", "{\"name\":\"file\"}", "memroy: no variable of xm; it has no effect"},
        {"{\"memroy\":512,\"memory\":64}", "{\"name\":\"file\",\"memory\":64}", ""},
        {"{\"vmid\":1,\"help\":[1],\"x\":{}}", "{\"name\":\"file\"}", ""},
        {"{\"disks\":[]}", "{\"name\":\"file\"}", "disks: no variable of xm; it has no effect"},
        {"{\"pci\":[\"01:00.0\"],\"hpet\":0,\"irq\":[]}",
         "{\"name\":\"file\",\"hpet\":false,\"pci\":[{\"bdf\":\"0000:01:00.0\"}]}", ""},
        {"{\"isa\":1,\"irq\":[4]}", "{\"name\":\"file\",\"isa\":true,\"irqs\":[\"4\"]}",
         "isa: no driver of this xend has it; ignored; "
         "irq: no driver of this xend has it; ignored"},
        {"{\"pci\":[\"1:0.0@6,msitranslate=0\",\"2:0.*\"],\"pci_msitranslate\":1,\"pci_seize\":"
         "\"1\"}",
         "{\"name\":\"file\",\"pci\":[{\"bdf\":\"0000:01:00.0\",\"vslot\":\"06\","
         "\"msitranslate\":0,\"seize\":1},{\"bdf\":\"0000:02:00.*\",\"msitranslate\":1,"
         "\"seize\":1}]}",
         ""},
        {"{\"cap\":50,\"bootloader_args\":[\"a\",\"b\"],\"tsc_mode\":\"native\"}",
         "{\"cpu_cap\":50,\"bootargs\":\"a b\",\"name\":\"file\",\"tsc_mode\":2}", ""},
        {"{\"viridian\":[\"all\",\"!x\"]}",
         "{\"name\":\"file\",\"viridian\":true,\"viridian_groups\":[\"all\",\"!x\"]}",
         "viridian: no driver of this xend has it; ignored"},
        {"{\"uuid\":\"e5a1b0c4d77e4ea89d0e3ff4a6b9c201\",\"gfx_passthru\":1,\"altp2m\":0}",
         "{\"uuid\":\"e5a1b0c4-d77e-4ea8-9d0e-3ff4a6b9c201\",\"name\":\"file\","
         "\"gfx_passthru\":\"1\"}",
         "gfx_passthru: no driver of this xend has it; ignored"},
        {"{\"name\":5}", "{\"name\":\"5\"}", ""},
        {"{\"name\":[]}", "!name: a list is not a string", ""},
        {"{\"cpu_weight\":0.75}", "!cpu_weight: 0 is not between 1 and 65535", ""},
        {"{\"memory\":\"64M\"}", "!memory: '64M' is not a whole number", ""},
        {"{\"disk\":[\"x\"],\"vif\":[\"y\"]}",
         "!Invalid disk specifier: x; y should be a pair, separated by an equals sign.", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *notes;
        same(rows[i].vars, from_xm(rows[i].vars, &notes), rows[i].spec);
        same(rows[i].vars, notes, rows[i].notes);
    }
}

static void test_xm_paths(void)
{
    AUTO(freep) char *cwd = getcwd(NULL, 0), *want = NULL;
    char *notes;

    want = xasprintf(
        "{\"bootloader\":\"pygrub\",\"name\":\"file\",\"kernel\":\"%s/vmlinuz\",\"ramdisk\":"
        "\"/r\",\"loader\":\"%s/l/x\",\"disk\":[{\"type\":\"file\",\"target\":\"%s/a.img\","
        "\"vdev\":\"xvda\",\"mode\":\"w\"},{\"type\":\"tap\",\"format\":\"qcow2\",\"target\":"
        "\"%s/b\",\"vdev\":\"xvdb\",\"mode\":\"w\"},{\"type\":\"drbd\",\"target\":\"c\","
        "\"vdev\":\"xvdc\",\"mode\":\"w\"}]}",
        cwd, cwd, cwd, cwd);
    same("paths",
         from_xm("{\"kernel\":\"./vmlinuz\",\"ramdisk\":\"/r\",\"loader\":\"l/x\","
                 "\"bootloader\":\"pygrub\",\"disk\":[\"file:a.img,xvda,w\","
                 "\"tap:qcow2:b,xvdb,w\",\"drbd:c,xvdc,w\"]}",
                 &notes),
         want);
    free(notes);
    same("hvmloader", from_xm("{\"builder\":\"hvm\",\"kernel\":\"hvmloader\"}", &notes),
         "{\"name\":\"file\",\"type\":\"hvm\",\"kernel\":\"hvmloader\"}");
    free(notes);
}

static void test_variables(void)
{
    static const char *const known[] = {"memory", "disk",       "builder",
                                        "pci",    "vcpu_avail", "restart"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        CU_ASSERT_TRUE(spec_has_variable(known[i]));
    CU_ASSERT_FALSE(spec_has_variable("vmid"));
    CU_ASSERT_FALSE(spec_has_variable(""));
}

/* What the original wrote: state of `list --long`, and what its own tests feed it. */
static void test_original_sxp(void)
{
    same(
        "list --long",
        from_sxp("(domain (domid 3) (cpu_weight 256) (cpu_cap 0) (bootloader ) (on_crash restart)"
                 " (uuid 8c8a6ab2-3f0e-4f5c-9a41-0d2c6a1b7e55) (bootloader_args ) (vcpus 2)"
                 " (description ) (name web1) (cpus ((0 1) (0 1))) (on_reboot restart)"
                 " (on_poweroff destroy) (pool_name Pool-0) (maxmem 256) (memory 256)"
                 " (shadow_memory 0) (features ) (on_xend_start ignore) (on_xend_stop ignore)"
                 " (start_time 1300000000.51) (cpu_time 12.5) (online_vcpus 2)"
                 " (image (linux (kernel /boot/vmlinuz) (ramdisk ) (args 'root=/dev/xvda1 ro')"
                 " (superpages 0) (nomigrate 0) (tsc_mode 0) (localtime 0)"
                 " (notes (VIRT_BASE 18446744071562067968))))"
                 " (status 2) (state -b----) (store_mfn 1) (console_mfn 2)"
                 " (device (vif (bridge xenbr0) (uuid 1-1) (script /etc/xen/scripts/vif-bridge)"
                 " (mac 00:16:3e:01:02:03) (backend 0)))"
                 " (device (console (protocol vt100) (location 2) (uuid 2-2)))"
                 " (device (vbd (protocol x86_64-abi) (uuid 3-3) (bootable 1) (dev xvda1:disk)"
                 " (uname phy:/dev/vg/web1) (mode w) (backend 0) (VDI ))))"),
        "{\"uuid\":\"8c8a6ab2-3f0e-4f5c-9a41-0d2c6a1b7e55\",\"vcpus\":2,\"name\":\"web1\",\"cpus\":"
        "[\"0,1\"],\"memory\":256,\"kernel\":\"/boot/vmlinuz\",\"extra\":\"root=/dev/xvda1 "
        "ro\",\"superpages\":false,"
        "\"disk\":[{\"type\":\"phy\",\"target\":\"/dev/vg/web1\",\"vdev\":\"xvda1\",\"mode\":\"w\","
        "\"backend\":\"0\",\"protocol\":\"x86_64-abi\"}],\"vif\":[{\"mac\":\"00:16:3e:01:02:03\","
        "\"bridge\":\"xenbr0\",\"script\":\"/etc/xen/scripts/vif-bridge\",\"backend\":\"0\"}]}");
    same("vm",
         from_sxp("(vm (name demo) (memory 64) (on_crash destroy) (cpus (())) (localtime 1)"
                  " (tsc_mode 2) (image (hvm (kernel hvmloader) (acpi 0) (boot dc)))"
                  " (device (vif)) (device (vkbd)) (device (vfb (type vnc))))"),
         "{\"on_crash\":\"destroy\",\"name\":\"demo\",\"memory\":64,\"type\":\"hvm\",\"kernel\":"
         "\"hvmloader\",\"acpi\":false,\"boot\":\"dc\",\"localtime\":true,\"tsc_mode\":2,\"vif\":[{"
         "}],"
         "\"vfb\":[{\"vnc\":true}]}");
    same("ip",
         from_sxp("(vm (name n) (image (linux (ip 10.0.0.2:127.0.255.255:10.0.0.1:255.0.0.0:h:eth1"
                  ":dhcp))))"),
         "{\"name\":\"n\",\"ip\":\"10.0.0.2\",\"gateway\":\"10.0.0.1\",\"netmask\":\"255.0.0.0\","
         "\"hostname\":\"h\",\"interface\":\"eth1\",\"dhcp\":\"dhcp\"}");
    same("empty", from_sxp("()"), "!spec: not a domain's form");
    same("kind", from_sxp("(vm (name n) (image (vmx)))"), "!image: 'vmx' is not a kind of guest");
    same("values", from_sxp("(vm (name n) (memory x) (vcpus (1)))"),
         "!vcpus: a list is not a whole number; memory: 'x' is not a whole number");
    same("extension", from_sxp("(vm (name n) (extension (machine q35) (colour red)))"),
         "!colour: not known here");
    same("vif2", from_sxp("(vm (name n) (device (vif2 (dev (bus 1)))))"),
         "!device: class \"vif2\" is not supported by this xend");
    same("pci",
         from_sxp("(vm (name n) (device (pci (dev (bus 0x1)) (dev (domain 0x1) (bus 0x02) (slot "
                  "0x1f) (func 0x7) (vdevfn 0x30) (opts (msitranslate 1) (x y))) (uuid 1))))"),
         V ",\"pci\":[{\"bdf\":\"0000:01:00.0\"},{\"bdf\":\"0001:02:1f.7\",\"vslot\":\"06\","
           "\"msitranslate\":1}]}");
}

/* The layout that people and scripts know from `xm list --long` and `xm create -n`. */
static void test_printed_sxp(void)
{
    AUTO(value_freep)
    struct value *v =
        json("{\"name\":\"web1\",\"memory\":64,\"kernel\":\"/k\",\"extra\":\"quiet x\",\"vcpus\":1,"
             "\"maxvcpus\":2,\"disk\":[\"file:/a,xvda,w\"],\"vif\":[\"\"],\"vfb\":[\"vnc=1\"],"
             "\"machine\":\"q35\"}");
    struct problems p = {0};
    AUTO(spec_freep) struct spec *s = spec_from_value(v, &p);
    AUTO(value_freep) struct value *domain = spec_to_sxp(s, "domain"), *vm = spec_to_sxp(s, "vm");
    AUTO(buf_clear) struct buf b = BUF_INIT;

    sxp_print_pretty(domain, 80, &b);
    same("domain", xstrdup(buf_str(&b)),
         "(domain\n    (cpu_weight 256)\n    (cpu_cap 0)\n    (bootloader )\n    (on_crash "
         "restart)\n"
         "    (uuid )\n    (bootloader_args )\n    (vcpus 2)\n    (vcpu_avail 1)\n"
         "    (description )\n    (name web1)\n    (cpus (()))\n    (on_reboot restart)\n"
         "    (on_poweroff destroy)\n    (pool_name Pool-0)\n    (maxmem 64)\n    (memory 64)\n"
         "    (shadow_memory 0)\n    (features )\n    (on_xend_start ignore)\n"
         "    (on_xend_stop ignore)\n    (image (linux (kernel /k) (args 'quiet x')))\n"
         "    (device (vbd (uname file:/a) (dev xvda:disk) (mode w)))\n    (device (vif))\n"
         "    (device (vkbd))\n    (device (vfb (vnc 1)))\n    (extension (machine q35))\n)\n");
    b.len = 0;
    sxp_print_pretty(vm, 80, &b);
    same("vm", xstrdup(buf_str(&b)),
         "(vm\n    (name web1)\n    (memory 64)\n    (maxmem 64)\n    (on_poweroff destroy)\n"
         "    (on_reboot restart)\n    (on_crash restart)\n    (on_xend_start ignore)\n"
         "    (on_xend_stop ignore)\n    (vcpus 2)\n    (vcpu_avail 1)\n    (cpu_weight 256)\n"
         "    (pool_name Pool-0)\n    (image (linux (kernel /k) (args 'quiet x')))\n"
         "    (device (vbd (uname file:/a) (dev xvda:disk) (mode w)))\n    (device (vif))\n"
         "    (device (vkbd))\n    (device (vfb (vnc 1)))\n    (extension (machine q35))\n)\n");
}

/* A password is shown nowhere by accident: only where it is asked for, and in what the user sees of
 * the user's own file. */
static void test_secrets(void)
{
    static const char text[] = V ",\"vncpasswd\":\"hvmpass1\",\"vfb\":[\"vncpasswd=vfbpass1\"]}";
    static const char hidden[] = "{\"name\":\"n\",\"vncpasswd\":\"XXXXXXXX\","
                                 "\"vfb\":[{\"vncpasswd\":\"XXXXXXXX\"}]}";
    AUTO(value_freep) struct value *v = json(text);
    struct problems p = {0};
    AUTO(spec_freep) struct spec *s = spec_from_value(v, &p), *kept;
    AUTO(value_freep) struct value *shown = spec_to_value(s), *all = spec_to_value_secrets(s);
    AUTO(buf_clear) struct buf b = BUF_INIT;

    json_print(shown, &b);
    same("hidden", xstrdup(buf_str(&b)), hidden);
    b.len = 0;
    json_print(all, &b);
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&b), "hvmpass1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&b), "vfbpass1"));

    kept = spec_from_value(shown, &p); /* as from a file */
    CU_ASSERT_STRING_EQUAL(kept->vncpasswd, SECRET_HIDDEN);
    spec_fill_secrets(kept, s);
    CU_ASSERT_STRING_EQUAL(kept->vncpasswd, "hvmpass1");
    CU_ASSERT_STRING_EQUAL(kept->devices.ptr[0]->vfb.vncpasswd, "vfbpass1");
    free(s->vncpasswd);
    s->vncpasswd = NULL; /* no password is not what a lost one becomes */
    spec_free(kept);
    kept = spec_from_value(shown, &p);
    spec_fill_secrets(kept, s);
    CU_ASSERT_STRING_EQUAL(kept->vncpasswd, SECRET_HIDDEN);
    CU_ASSERT_EQUAL(p.len, 0);

    same("long", from_json(V ",\"vncpasswd\":\"ninechars\"}"),
         "!vncpasswd: longer than 8 characters");
    same("long vfb", from_json(V ",\"vfb\":[\"vnc=1,vncpasswd=ninechars\"]}"),
         "!vncpasswd: longer than 8 characters");
    same("control", from_json(V ",\"vfb\":[{\"vncpasswd\":\"a\\u0001b\"}]}"),
         "!vncpasswd: control character in 'XXXXXXXX'");
}

static void test_notes(void)
{
    AUTO(value_freep)
    struct value *v = json(V ",\"hap\":false,\"machine\":\"q35\",\"vif\":[\"accel=x\"]}");
    struct problems p = {0};
    AUTO(spec_freep) struct spec *s = spec_from_value(v, &p);

    spec_note_ignored(s, ON_QEMU, &p);
    same("qemu", texts_of(&p),
         "hap: the qemu driver does not have it; ignored; "
         "vif accel: the qemu driver does not have it; ignored");
    spec_note_ignored(s, ON_XEN, &p);
    same("xen", texts_of(&p),
         "machine: the xen driver does not have it; ignored; "
         "vif accel: the xen driver does not have it; ignored");
    spec_note_ignored(s, ON_TEST, &p);
    same("test", texts_of(&p), "");
}

/* Every example that is shipped is a good file. */
static void test_examples(void)
{
    static const struct {
        const char *path, *vmid, *name;
    } rows[] = {{"etc/xen/xmexample1", NULL, "ExampleDomain"},
                {"etc/xen/xmexample2", "3", "vm3"},
                {"etc/xen/xmexample.qemu", NULL, "demo"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_clear) struct buf text = BUF_INIT;
        AUTO(value_freep) struct value *preset = value_map(), *vars = NULL;
        struct problems p = {0}, notes = {0};
        struct err e = {0};

        CU_ASSERT_EQUAL_FATAL(read_file(rows[i].path, 1 << 16, &text, &e), 0);
        value_set_str(preset, "vmid", rows[i].vmid);
        struct py_input in = {
            .name = rows[i].path, .text = text.ptr, .len = text.len, .preset = preset};
        vars = py_eval(&in, &e);
        if (!vars)
            fprintf(stderr, "\n  %s\n", e.msg);
        CU_ASSERT_PTR_NOT_NULL_FATAL(vars);
        AUTO(spec_freep) struct spec *s = spec_from_xm(vars, "x", &p, &notes);
        same(rows[i].path, texts_of(&p), "");
        same(rows[i].path, texts_of(&notes), "");
        CU_ASSERT_PTR_NOT_NULL_FATAL(s);
        CU_ASSERT_STRING_EQUAL(s->name, rows[i].name);
        goes_round(s);
    }
}

TESTS("spec", {"table", test_table}, {"defaults", test_defaults},
      {"each field goes round", test_each_field_goes_round},
      {"random specs go round", test_random_specs_go_round}, {"vcpus and maxvcpus", test_vcpus},
      {"JSON", test_json}, {"problems point at their place", test_pointers},
      {"checks", test_checks}, {"device limit", test_device_limit}, {"names", test_names},
      {"kernel command line", test_cmdline}, {"variables of xm", test_xm},
      {"relative paths", test_xm_paths}, {"known variables", test_variables},
      {"the original's SXP", test_original_sxp}, {"printed SXP", test_printed_sxp},
      {"passwords", test_secrets}, {"what a driver ignores", test_notes},
      {"shipped examples", test_examples})
