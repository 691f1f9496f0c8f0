/* libxl/spec_sxp: the original's form, and that nothing is lost in it. */
#include "tests/unit/test_spec.h"

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

TESTS("spec, SXP", {"each field goes round", test_each_field_goes_round},
      {"random specs go round", test_random_specs_go_round},
      {"the original's SXP", test_original_sxp}, {"printed SXP", test_printed_sxp})
