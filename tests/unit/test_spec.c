/* libxl/spec: the table, JSON, checks, and what is shown of a spec. */
#include "tests/unit/test_spec.h"

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
         "The device \"xvda\" is already defined"},
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

TESTS("spec", {"table", test_table}, {"defaults", test_defaults},
      {"vcpus and maxvcpus", test_vcpus}, {"JSON", test_json},
      {"problems point at their place", test_pointers}, {"checks", test_checks},
      {"device limit", test_device_limit}, {"names", test_names},
      {"kernel command line", test_cmdline}, {"passwords", test_secrets},
      {"what a driver ignores", test_notes})
