/* libxl/spec_xm: the variables of files of xm. */
#include "tests/unit/test_spec.h"

/* Variables as JSON; *notes gets the texts of the notes (the caller's). */
static char *from_xm(const char *vars, char **notes)
{
    AUTO(value_freep) struct value *v = json(vars);
    struct problems p = {0}, n = {0};
    char *text = shown_take(spec_from_xm(v, "file", &p, &n), &p);

    *notes = texts_of(&n);
    return text;
}

/* Variables of files, in the spellings of twenty years. */
static const struct {
    const char *vars, *spec, *notes;
} spellings[] = {
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
    {"{\"cpu\":1,\"cpus\":\"2-3\"}", "{\"name\":\"file\",\"cpus\":[\"1,2-3\"]}", "cpu: deprecated"},
    {"{\"cpu\":1}", "{\"name\":\"file\",\"cpus\":[\"1\"]}", "cpu: deprecated"},
    {"{\"cpu\":-1}", "{\"name\":\"file\"}", ""},
    {"{\"cpus\":2}", "{\"name\":\"file\",\"cpus\":[\"2\"]}", ""},
    {"{\"cpus\":[0,\"1\"],\"vcpus\":2}", "{\"vcpus\":2,\"name\":\"file\",\"cpus\":[\"0\",\"1\"]}",
     ""},
    {"{\"cpus\":\"\"}", "{\"name\":\"file\"}", ""},
    {"{\"cpus\":[\"1\",\"1\"],\"vcpus\":2}", "{\"vcpus\":2,\"name\":\"file\",\"cpus\":[\"1\"]}",
     ""},
    {"{\"acpi\":false,\"vnc\":true}", "{\"name\":\"file\",\"acpi\":false,\"vnc\":true}",
     "acpi: xm of Xen 4.4 and older ignored True and False; taken as 0 here; "
     "vnc: xm of Xen 4.4 and older ignored True and False; taken as 1 here"},
    {"{\"kernel\":null,\"acpi\":0}", "{\"name\":\"file\",\"acpi\":false}", ""},
    {"{\"serial\":\"pty\"}", "{\"name\":\"file\",\"serial\":[\"pty\"]}", ""},
    {"{\"serial\":[\"pty\",\"null\"]}", "{\"name\":\"file\",\"serial\":[\"pty\",\"null\"]}", ""},
    {"{\"cmdline\":\"a b\",\"root\":\"/dev/x\"}", "{\"name\":\"file\",\"extra\":\"a b\"}",
     "cmdline: given, so root and extra are ignored"},
    {"{\"nics\":2,\"vif\":[\"bridge=b\"]}", "{\"name\":\"file\",\"vif\":[{\"bridge\":\"b\"},{}]}",
     "nics: deprecated"},
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

static void test_xm(void)
{
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        char *notes;
        same(spellings[i].vars, from_xm(spellings[i].vars, &notes), spellings[i].spec);
        same(spellings[i].vars, notes, spellings[i].notes);
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

TESTS("spec, xm", {"variables of xm", test_xm}, {"relative paths", test_xm_paths},
      {"known variables", test_variables}, {"shipped examples", test_examples})
