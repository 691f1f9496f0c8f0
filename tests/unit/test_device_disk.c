/* libxl/device: disks in the languages of xm and xl, JSON and SXP, each both ways; their names. */
#include "tests/unit/test_device.h"

static const struct {
    const char *text, *json, *sxp, *xm; /* xm NULL: as text */
} disks[] = {
    {"file:/a,xvda,w", "{'type':'file','target':'/a','vdev':'xvda','mode':'w'}",
     "(vbd (uname file:/a) (dev xvda:disk) (mode w))", NULL},
    {"phy:/dev/vg/x,xvda1,w!", "{'type':'phy','target':'/dev/vg/x','vdev':'xvda1','mode':'w!'}",
     "(vbd (uname phy:/dev/vg/x) (dev xvda1:disk) (mode 'w!'))", NULL},
    {"phy:vg/x,/dev/sda1,r", "{'type':'phy','target':'/dev/vg/x','vdev':'sda1','mode':'r'}",
     "(vbd (uname phy:/dev/vg/x) (dev sda1:disk) (mode r))", "phy:/dev/vg/x,sda1,r"},
    {"phy:0x301,0x301,r", "{'type':'phy','target':'0x301','vdev':'hda1','mode':'r'}",
     "(vbd (uname phy:0x301) (dev hda1:disk) (mode r))", "phy:0x301,hda1,r"},
    {"file:///srv/a.iso,ioemu:hdc:cdrom,r",
     "{'type':'file','target':'/srv/a.iso','vdev':'hdc','devtype':'cdrom','mode':'r'}",
     "(vbd (uname file:/srv/a.iso) (dev hdc:cdrom) (mode r))", "file:/srv/a.iso,hdc:cdrom,r"},
    {"/a,raw,xvda", "{'type':'file','target':'/a','vdev':'xvda','mode':'w'}",
     "(vbd (uname file:/a) (dev xvda:disk) (mode w))", "file:/a,xvda,w"},
    {"//a,raw,xvda,r", "{'type':'file','target':'/a','vdev':'xvda','mode':'r'}",
     "(vbd (uname file:/a) (dev xvda:disk) (mode r))", "file:/a,xvda,r"},
    {",hdc:cdrom,r", "{'vdev':'hdc','devtype':'cdrom','mode':'r'}",
     "(vbd (uname ) (dev hdc:cdrom) (mode r))", NULL},
    {"tap:aio:/a,xvdb:disk,w", "{'type':'tap','target':'/a','vdev':'xvdb','mode':'w'}",
     "(tap (uname tap:aio:/a) (dev xvdb:disk) (mode w))", "tap:aio:/a,xvdb,w"},
    {"tap:tapdisk:qcow2:/a,xvdb,w",
     "{'type':'tap','format':'qcow2','target':'/a','vdev':'xvdb','mode':'w'}",
     "(tap (uname tap:qcow2:/a) (dev xvdb:disk) (mode w))", "tap:qcow2:/a,xvdb,w"},
    {"tap:ioemu:vmdk:/a,xvdb,w",
     "{'type':'tap','format':'vmdk','target':'/a','vdev':'xvdb','mode':'w'}",
     "(tap (uname tap:vmdk:/a) (dev xvdb:disk) (mode w))", "tap:vmdk:/a,xvdb,w"},
    {"tap2:vhd:/a,xvdb,w", "{'type':'tap2','format':'vhd','target':'/a','vdev':'xvdb','mode':'w'}",
     "(tap2 (uname tap2:vhd:/a) (dev xvdb:disk) (mode w))", NULL},
    {"tap:sync:/a,xvdb,w", "{'type':'tap','tapdisk':'sync','target':'/a','vdev':'xvdb','mode':'w'}",
     "(tap (uname tap:sync:/a) (dev xvdb:disk) (mode w))", NULL},
    {"tap2:remus:10.0.0.2:9000|aio:/a,xvdb,w",
     "{'type':'tap2','tapdisk':'remus','target':'10.0.0.2:9000|aio:/"
     "a','vdev':'xvdb','mode':'w'}",
     "(tap2 (uname 'tap2:remus:10.0.0.2:9000|aio:/a') (dev xvdb:disk) (mode w))", NULL},
    {"iscsi:iqn.2001-04.com.example:storage:disk1,xvdc,w",
     "{'type':'iscsi','target':'iqn.2001-04.com.example:storage:disk1','vdev':'xvdc','mode':'w'"
     "}",
     "(vbd (uname iscsi:iqn.2001-04.com.example:storage:disk1) (dev xvdc:disk) (mode w))", NULL},
    {"nbd:10.0.0.1 2000,xvdc,w", "{'type':'nbd','target':'10.0.0.1 2000','vdev':'xvdc','mode':'w'}",
     "(vbd (uname 'nbd:10.0.0.1 2000') (dev xvdc:disk) (mode w))", NULL},
    {"zfs:tank/vm,xvdc,w", "{'type':'zfs','target':'tank/vm','vdev':'xvdc','mode':'w'}",
     "(vbd (uname zfs:tank/vm) (dev xvdc:disk) (mode w))", NULL},
    {"gluster://host/vol,xvdc,w",
     "{'type':'gluster','target':'//host/vol','vdev':'xvdc','mode':'w'}",
     "(vbd (uname gluster://host/vol) (dev xvdc:disk) (mode w))", NULL},
    {"phy:,hdc:cdrom,r", "{'vdev':'hdc','devtype':'cdrom','mode':'r'}",
     "(vbd (uname ) (dev hdc:cdrom) (mode r))", ",hdc:cdrom,r"},
    {"drbd:r0,xvda,w,store,x86_32-abi",
     "{'type':'drbd','target':'r0','vdev':'xvda','mode':'w','backend':'store','protocol':'x86_"
     "32-abi'}",
     "(vbd (uname drbd:r0) (dev xvda:disk) (mode w) (backend store) (protocol x86_32-abi))", NULL},
    {"phy:/dev/a,xvda,w,,x86_64-abi",
     "{'type':'phy','target':'/dev/a','vdev':'xvda','mode':'w','protocol':'x86_64-abi'}",
     "(vbd (uname phy:/dev/a) (dev xvda:disk) (mode w) (protocol x86_64-abi))", NULL},
    {"file:/a, xvda , w", "{'type':'file','target':'/a','vdev':'xvda','mode':'w'}",
     "(vbd (uname file:/a) (dev xvda:disk) (mode w))", "file:/a,xvda,w"},
};

static void test_disks(void)
{
    for (size_t i = 0; i < ARRAY_LEN(disks); i++)
        goes_round(DEVICE_DISK, disks[i].text, disks[i].json, disks[i].sxp,
                   disks[i].xm ? disks[i].xm : disks[i].text);
}

/* The forms of xl: docs/man/xl-disk-configuration.5. */
static void test_xl_disks(void)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"/dev/vg/guest,,hda", "{'type':'phy','target':'/dev/vg/guest','vdev':'hda','mode':'w'}"},
        {"/dev/vg/guest, raw, hda, rw",
         "{'type':'phy','target':'/dev/vg/guest','vdev':'hda','mode':'w'}"},
        {"format=raw, vdev=hda, access=rw, target=/dev/vg/guest",
         "{'type':'phy','target':'/dev/vg/guest','vdev':'hda','mode':'w'}"},
        {"raw:/dev/vg/guest,hda,w",
         "{'type':'phy','target':'/dev/vg/guest','vdev':'hda','mode':'w'}"},
        {"/img/a.qcow2,qcow2,xvda,ro",
         "{'type':'file','format':'qcow2','target':'/img/a.qcow2','vdev':'xvda','mode':'r'}"},
        {"/img/a.iso,,hdc,cdrom",
         "{'type':'file','target':'/img/a.iso','vdev':'hdc','devtype':'cdrom','mode':'r'}"},
        {",,hdc,,cdrom", "{'vdev':'hdc','devtype':'cdrom','mode':'r'}"},
        {"vdev=hdc, access=ro, devtype=cdrom, target=",
         "{'vdev':'hdc','devtype':'cdrom','mode':'r'}"},
        {"format=qcow2, vdev=xvda, access=rw, target=/a,b=c",
         "{'type':'file','format':'qcow2','target':'/a,b=c','vdev':'xvda','mode':'w'}"},
        {"vdev=xvda,backendtype=tap,format=vhd,target=/a",
         "{'type':'tap','format':'vhd','target':'/a','vdev':'xvda','mode':'w'}"},
        {"/a,raw,xvda,rw,backend=store,script=block-x,discard,direct-io-safe",
         "{'type':'file','target':'/"
         "a','vdev':'xvda','mode':'w','backend':'store','script':'block-x','discard':'on','direct_"
         "io_safe':true}"},
        {"phy:/dev/a,raw,xvda,r", "{'type':'phy','target':'/dev/a','vdev':'xvda','mode':'r'}"},
        {"vdev=xvda,access=rx,target=/a", "!Invalid mode"},
        {"vdev=xvda,acess=rw,target=/a", "!Invalid disk specifier: vdev=xvda,acess=rw,target=/a"},
        {"/a,raw,xvda,rw,more,words", "!Invalid disk specifier: /a,raw,xvda,rw,more,words"},
        {"vdev=xvda,format=qcow3,target=/a", "!format: Disk format \"qcow3\" is invalid."},
        {"format=raw,target=/a", "!disk: no device name (vdev)"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        same(rows[i].text, read_xm(DEVICE_DISK, rows[i].text), rows[i].json);
    /* target= takes all that follows */
    same("target last", read_xm(DEVICE_DISK, "vdev=xvda, target=tap:qcow2:/a"),
         "{'type':'tap','format':'qcow2','target':'/a','vdev':'xvda','mode':'w'}");
}

/* What xm's own form cannot say is printed in xl's, and comes back. */
static void test_disks_beyond_xm(void)
{
    static const char *const rows[] = {
        "{'type':'file','format':'qcow2','target':'/a','vdev':'xvda','mode':'w'}",
        "{'type':'phy','format':'vhd','target':'/dev/a','vdev':'xvda','mode':'r'}",
        "{'type':'tap','format':'qcow2','tapdisk':'ioemu','target':'/a','vdev':'xvda','mode':'w!'}",
        "{'type':'file','target':'/"
        "a,b','vdev':'xvda','devtype':'cdrom','mode':'r','backend':'d','protocol':'p','script':'s',"
        "'discard':'off'}",
        "{'type':'nbd','format':'qcow2','target':'h 1','vdev':'xvda','mode':'w'}",
        "{'type':'tap2','format':'vmdk','target':'/a,b','vdev':'vdb','mode':'w'}",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct problems p = {0};
        struct err e = {0};
        AUTO(freep) char *json = requoted(rows[i], '\'', '"');
        AUTO(value_freep) struct value *v = json_parse(json, strlen(json), "t", &e);
        AUTO(device_freep) struct device *d = device_from_value(DEVICE_DISK, v, "", &p);

        CU_ASSERT_PTR_NOT_NULL_FATAL(d);
        AUTO(freep) char *xm = device_to_xm(d);
        AUTO(value_freep) struct value *form = device_to_sxp(d);
        AUTO(buf_clear) struct buf b = BUF_INIT;
        sxp_print(form, &b);
        same(xm, read_xm(DEVICE_DISK, xm), rows[i]);
        same(buf_str(&b), read_sxp(buf_str(&b)), rows[i]);
    }
}

static void test_bad_disks(void)
{
    static const struct {
        const char *text, *problem;
    } rows[] = {
        {"", "!Invalid disk specifier: "},
        {"file:/a", "!Invalid disk specifier: file:/a"},
        {"file:/a,xvda", "!Invalid disk specifier: file:/a,xvda"},
        {"file:/a,xvda,w,b,p,x", "!Invalid disk specifier: file:/a,xvda,w,b,p,x"},
        {"file:/a,xvda,q", "!Invalid mode"},
        {"file:/a,xvda,", "!Invalid mode"},
        {"file:/a,xvda,x", "!Invalid mode"},
        {"/srv/a.img,xvda,w", "!Block device must have physical details specified: /srv/a.img"},
        {":/a,xvda,w", "!Block device must have physical details specified: :/a"},
        {",xvda,w", "!Block device must have physical details specified"},
        {"file:,xvda,w", "!Block device must have physical details specified"},
        {"fil:/a,xvda,w", "!type: Block device type \"fil\" is invalid."},
        {"FILE:/a,xvda,w", "!type: Block device type \"FILE\" is invalid."},
        {"tap:qcow3:/a,xvda,w", "!Block device type \"tap:qcow3\" is invalid."},
        {"file:/a,foo,w", "!vdev: Unable to find number for device (foo)"},
        {"file:/a,xvda:tape,w", "!devtype: 'tape' is not one of disk, cdrom"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        same(rows[i].text, read_xm(DEVICE_DISK, rows[i].text), rows[i].problem);
    same("JSON", read_json(DEVICE_DISK, "{'vdev':'xvda','target':'/a'}"),
         "!Block device must have physical details specified");
    same("JSON", read_json(DEVICE_DISK, "{'vdev':'xvda','typ':'file'}"), "!typ: not known here");
    same("JSON", read_json(DEVICE_DISK, "7"), "!disk: a number is not a map or a string");
    same("JSON", read_json(DEVICE_DISK, "\"file:/a,xvda,w\""),
         "{'type':'file','target':'/a','vdev':'xvda','mode':'w'}");
    same("newline", read_xm(DEVICE_DISK, "file:/a\nb,xvda,w"),
         "!target: control character in '/a\nb'");
    same("blanks", read_json(DEVICE_VIF, "{'script':'  a b '}"), "{'script':'a b'}");
    same("SXP", read_sxp("(vbd (uname file:/a) (dev foo))"),
         "!vdev: Unable to find number for device (foo)");
}

static void test_vdev_numbers(void)
{
    static const struct {
        const char *name;
        int64_t number;
    } rows[] = {
        {"xvda", 51712},
        {"xvda1", 51713},
        {"/dev/xvda", 51712},
        {"xvdp15", 51967},
        {"xvdq", (1 << 28) + (16 << 8)},
        {"xvda16", (1 << 28) + 16},
        {"xvdaa", (1 << 28) + (26 << 8)},
        {"xvdzz255", (1 << 28) + (701 << 8) + 255},
        {"hda", 768},
        {"hda1", 769},
        {"hdb", 832},
        {"hdc", 22 * 256},
        {"hdt", 91 * 256 + 64},
        {"hda63", 831},
        {"sda", 2048},
        {"sda1", 2049},
        {"sdb", 2064},
        {"sdp", 2288},
        {"sdq", 65 * 256},
        {"sdaa", 65 * 256 + 160},
        {"sda15", 2063},
        {"sdiv15", 135 * 256 + 255},
        {"vda", 1LL << 32},
        {"vdb2", (1LL << 32) + 258},
        {"51712", 51712},
        {"0x301", 769},
        {"hdu", -1},
        {"hda64", -1},
        {"sda16", -1},
        {"sdiw", -1},
        {"xvda256", -1},
        {"xvd", -1},
        {"xvd1", -1},
        {"xvdaaaa", -1},
        {"xvda01", -1},
        {"xvda0", -1},
        {"xvda1x", -1},
        {"XVDA", -1},
        {"nvme0n1", -1},
        {"", -1},
        {"-1", -1},
        {"0x", -1},
        {"99999999999", -1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        int64_t got = vdev_number(rows[i].name);

        if (got != rows[i].number)
            fprintf(stderr, "\n  %s: %lld\n", rows[i].name, (long long)got);
        CU_ASSERT_EQUAL(got, rows[i].number);
        CU_ASSERT_EQUAL(check_vdev(rows[i].name, &e) == 0, rows[i].number >= 0);
        CU_ASSERT_EQUAL(e.hint[0] != '\0', rows[i].number < 0);
    }
}

TESTS("device disk", {"disks go round", test_disks}, {"disks as xl writes them", test_xl_disks},
      {"disks that xm's language cannot say", test_disks_beyond_xm}, {"bad disks", test_bad_disks},
      {"numbers of virtual disks", test_vdev_numbers})
