/* The qemu driver: booting by the BIOS, from disks and CD drives, in the order that is asked for.
 */
#include "tests/unit/test_qemu_boot.h"

/* A guest with these media says which of them it booted. */
static void boots(struct rig *r, struct spec *s, const char *name)
{
    AUTO(buf_clear) struct buf said = BUF_INIT;
    AUTO(freep) char *words = xasprintf("booted: %s.", name);
    struct guest *g = must_create(r, s);
    int fd = run_guest(r, g);

    CU_ASSERT(read_until(fd, "booted: ", &said) && read_until(fd, words, &said));
    close(fd);
    end(r, g);
    spec_free(s);
}

/* A boot sector on each bus that the BIOS knows. */
static void test_disks(void)
{
    static const char *const vdevs[] = {"hda", "hdd", "sda", "xvda", "vda"};
    struct rig r;

    if (!have_qemu())
        return;
    rig_init(&r);
    for (size_t i = 0; i < ARRAY_LEN(vdevs); i++) {
        AUTO(freep) char *disk = boot_disk(&r, "disk.img", vdevs[i]);
        struct spec *s = bios_spec("disk", NULL);

        add_image(s, disk, vdevs[i], "w");
        boots(&r, s, vdevs[i]);
    }
    rig_clear(&r);
}

static void test_cdroms(void)
{
    static const char *const vdevs[] = {"hdc:cdrom", "sdb:cdrom", "xvdc:cdrom"};
    struct rig r;

    if (!have_qemu())
        return;
    rig_init(&r);
    for (size_t i = 0; i < ARRAY_LEN(vdevs); i++) {
        AUTO(freep) char *cd = boot_cd(&r, "cd.iso", "cd");
        AUTO(freep) char *disk = boot_disk(&r, "disk.img", "disk");
        struct spec *s = bios_spec("cd", "d");

        add_image(s, disk, "hda", "w");
        add_image(s, cd, vdevs[i], "r");
        boots(&r, s, "cd");
    }
    rig_clear(&r);
}

/* What cannot be booted is passed over; what is not in the order is not tried. */
static void test_order(void)
{
    AUTO(freep) char *disk = NULL;
    AUTO(freep) char *blank = NULL;
    AUTO(freep) char *cd = NULL;
    static const struct {
        const char *order, *hda, *hdb, *hdc, *booted;
    } rows[] = {
        {"cd", "disk", NULL, "cd", "disk"}, {"dc", "disk", NULL, "cd", "cd"},
        {"dc", "disk", NULL, "", "disk"}, /* an empty drive */
        {"cd", "blank", NULL, "cd", "cd"},  {"c", "disk", "blank", "cd", "disk"},
        {"c", "disk", NULL, NULL, "disk"},  {"ad", "disk", NULL, "cd", "cd"},
        {"nc", "disk", NULL, NULL, "disk"},
    };
    struct rig r;

    if (!have_qemu())
        return;
    rig_init(&r);
    disk = boot_disk(&r, "disk", "disk");
    blank = make_file(&r, "blank", "", 0, 1 << 20);
    cd = boot_cd(&r, "cd", "cd");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct spec *s = bios_spec("order", rows[i].order);
        AUTO(freep) char *hda = path_join(r.dir, rows[i].hda);

        fprintf(stderr, "(%s) ", rows[i].order);
        add_image(s, hda, "hda", "w");
        if (rows[i].hdb)
            add_image(s, blank, "hdb", "w");
        if (rows[i].hdc && *rows[i].hdc)
            add_image(s, cd, "hdc:cdrom", "r");
        else if (rows[i].hdc)
            add_device(s, DEVICE_DISK, ",hdc:cdrom,r");
        if (strchr(rows[i].order, 'n'))
            add_device(s, DEVICE_VIF, "model=e1000");
        boots(&r, s, rows[i].booted);
    }
    rig_clear(&r);
}

/* A disk that the order does not name is not booted although nothing else can be. */
static void test_strict(void)
{
    AUTO(freep) char *disk = NULL;
    AUTO(buf_clear) struct buf said = BUF_INIT;
    struct rig r;
    struct spec *s;
    struct guest *g;
    int fd;

    if (!have_qemu())
        return;
    rig_init(&r);
    disk = boot_disk(&r, "disk.img", "disk");
    s = bios_spec("strict", "d");
    add_image(s, disk, "hda", "w");
    add_device(s, DEVICE_DISK, ",hdc:cdrom,r");
    g = must_create(&r, s);
    fd = run_guest(&r, g);
    CU_ASSERT(read_until(fd, "No bootable device", &said));
    CU_ASSERT_PTR_NULL(strstr(buf_str(&said), "booted:"));
    close(fd);
    end(&r, g);
    spec_free(s);
    rig_clear(&r);
}

/* A machine of an older QEMU, a short name: what it has is kept by its full name. */
static void test_machine(void)
{
    static const char *const names[][2] = {{NULL, "pc-i440fx-7.2"},
                                           {"pc", "pc-i440fx-7.2"},
                                           {"pc-i440fx-5.2", "pc-i440fx-5.2"},
                                           {"q35", "pc-q35-7.2"}};
    AUTO(freep) char *disk = NULL;
    struct rig r;

    if (!have_qemu())
        return;
    rig_init(&r);
    disk = boot_disk(&r, "disk.img", "disk");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct spec *s = bios_spec("machine", "c");
        struct guest *g;

        s->machine = xstrdup_null(names[i][0]);
        add_image(s, disk, "hda", "w");
        g = must_create(&r, s);
        CU_ASSERT_STRING_EQUAL(((struct qguest *)g)->spec->machine, names[i][1]);
        r.d->ops->forget(g);
        rig_close(&r);
        rig_open(&r);
        OK(r.d->ops->scan(r.d, on_found, &r, e));
        rig_watch(&r);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r.found_spec);
        CU_ASSERT_STRING_EQUAL(r.found_spec->machine, names[i][1]);
        end(&r, r.found);
        spec_free(s);
    }
    rig_clear(&r);
}

static void test_refusals(void)
{
    AUTO(freep) char *disk = NULL;
    struct rig r;
    struct spec *s;

    if (!have_qemu())
        return;
    rig_init(&r);
    disk = boot_disk(&r, "disk.img", "disk");
    s = bios_spec("bad", "c");
    expect_refusal(&r, s, ERR_INVALID, "nothing to boot: neither a kernel nor a disk");
    add_image(s, disk, "hda", "w");
    strcpy(s->boot, "d");
    expect_refusal(&r, s, ERR_INVALID, "nothing to boot: boot = 'd', and it has no CD-ROM drive");
    strcpy(s->boot, "n");
    expect_refusal(&r, s, ERR_INVALID, "boot = 'n', and it has no network interface");
    strcpy(s->boot, "a");
    expect_refusal(&r, s, ERR_INVALID, "boot = 'a', and it has no floppy drive");
    s->devices.ptr[0]->disk.mode = DISK_READ;
    strcpy(s->boot, "c");
    expect_refusal(&r, s, ERR_UNSUPPORTED, "an IDE disk cannot be read-only");
    spec_free(s);
    rig_clear(&r);
}

TESTS("qemu boot", {"from disks on every bus", test_disks}, {"from CD-ROMs", test_cdroms},
      {"the order", test_order}, {"the order is strict", test_strict},
      {"machine types by full name", test_machine}, {"what cannot boot", test_refusals})
