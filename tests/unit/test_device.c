/* libxl/device: the mini-languages of disk=, vif=, vfb=, their JSON and SXP, each both ways. */
#include "config/json.h"
#include "config/sxp.h"
#include "libxl/base/buf.h"
#include "libxl/device.h"
#include "tests/unit/cunit.h"

/* A device as one line of JSON; or its problems, "!" before each. */
static char *shown_take(struct device *d, struct problems *p)
{
    struct buf b = BUF_INIT;

    if (d) {
        AUTO(value_freep) struct value *v = device_to_value(d);
        json_print(v, &b);
    }
    for (size_t i = 0; i < p->len; i++)
        buf_addf(&b, "!%s", p->ptr[i].text);
    CU_ASSERT_EQUAL(d != NULL, p->len == 0);
    problems_clear(p);
    device_free(d);
    return buf_steal(&b);
}

static char *read_xm(enum device_class class, const char *text)
{
    struct problems p = {0};
    struct device *d = device_from_xm(class, text, "/x/0", &p);

    return shown_take(d, &p);
}

static char *read_json(enum device_class class, const char *text)
{
    struct problems p = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *v = json_parse(text, strlen(text), "t", &e);

    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    return shown_take(device_from_value(class, v, "/x/0", &p), &p);
}

static char *read_sxp(const char *text)
{
    struct problems p = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *v = sxp_parse(text, strlen(text), "t", &e);

    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    return shown_take(device_from_sxp(value_at(v, 0), "/x/0", &p), &p);
}

static void same(const char *in, char *got_take, const char *want)
{
    if (strcmp(got_take, want) != 0)
        fprintf(stderr, "\n  %s\n  gives %s\n  not   %s\n", in, got_take, want);
    CU_ASSERT_STRING_EQUAL(got_take, want);
    free(got_take);
}

/* xm text -> device -> JSON, SXP and xm text, and each of these back to the same device. */
static void goes_round(enum device_class class, const char *text, const char *json, const char *sxp,
                       const char *xm)
{
    struct problems p = {0};
    AUTO(device_freep) struct device *d = device_from_xm(class, text, "/x/0", &p);
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (!d)
        fprintf(stderr, "\n  %s: %s\n", text, p.ptr[0].text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    AUTO(freep) char *printed = device_to_xm(d);
    AUTO(value_freep) struct value *form = device_to_sxp(d), *v = device_to_value(d);
    AUTO(device_freep) struct device *copy = device_copy(d);
    AUTO(value_freep) struct value *v_copy = device_to_value(copy);

    CU_ASSERT_TRUE(value_equal(v, v_copy));
    json_print(v, &b);
    same(text, xstrdup(buf_str(&b)), json);
    same(text, read_json(class, buf_str(&b)), json);
    buf_clear(&b);
    sxp_print(form, &b);
    same(text, xstrdup(buf_str(&b)), sxp);
    same(text, read_sxp(buf_str(&b)), json);
    same(text, xstrdup(printed), xm);
    same(text, read_xm(class, printed), json);
    AUTO(freep) char *wrapped = xasprintf("(device %s)", sxp);
    same(text, read_sxp(wrapped), json);
}

static void test_disks(void)
{
    static const struct {
        const char *text, *json, *sxp, *xm; /* xm NULL: as text */
    } rows[] = {
        {"file:/a,xvda,w", "{\"type\":\"file\",\"target\":\"/a\",\"vdev\":\"xvda\",\"mode\":\"w\"}",
         "(vbd (uname file:/a) (dev xvda:disk) (mode w))", NULL},
        {"phy:/dev/vg/x,xvda1,w!",
         "{\"type\":\"phy\",\"target\":\"/dev/vg/x\",\"vdev\":\"xvda1\",\"mode\":\"w!\"}",
         "(vbd (uname phy:/dev/vg/x) (dev xvda1:disk) (mode 'w!'))", NULL},
        {"phy:vg/x,/dev/sda1,r",
         "{\"type\":\"phy\",\"target\":\"/dev/vg/x\",\"vdev\":\"sda1\",\"mode\":\"r\"}",
         "(vbd (uname phy:/dev/vg/x) (dev sda1:disk) (mode r))", "phy:/dev/vg/x,sda1,r"},
        {"phy:0x301,0x301,r",
         "{\"type\":\"phy\",\"target\":\"0x301\",\"vdev\":\"0x301\",\"mode\":\"r\"}",
         "(vbd (uname phy:0x301) (dev 0x301:disk) (mode r))", NULL},
        {"file:///srv/a.iso,ioemu:hdc:cdrom,r",
         "{\"type\":\"file\",\"target\":\"/srv/a.iso\",\"vdev\":\"hdc\",\"devtype\":\"cdrom\","
         "\"mode\":\"r\"}",
         "(vbd (uname file:/srv/a.iso) (dev hdc:cdrom) (mode r))", "file:/srv/a.iso,hdc:cdrom,r"},
        {"/a,raw,xvda", "{\"type\":\"file\",\"target\":\"/a\",\"vdev\":\"xvda\",\"mode\":\"w\"}",
         "(vbd (uname file:/a) (dev xvda:disk) (mode w))", "file:/a,xvda,w"},
        {"//a,raw,xvda,r", "{\"type\":\"file\",\"target\":\"/a\",\"vdev\":\"xvda\",\"mode\":\"r\"}",
         "(vbd (uname file:/a) (dev xvda:disk) (mode r))", "file:/a,xvda,r"},
        {",hdc:cdrom,r", "{\"vdev\":\"hdc\",\"devtype\":\"cdrom\",\"mode\":\"r\"}",
         "(vbd (uname ) (dev hdc:cdrom) (mode r))", NULL},
        {"tap:aio:/a,xvdb:disk,w",
         "{\"type\":\"tap\",\"target\":\"/a\",\"vdev\":\"xvdb\",\"mode\":\"w\"}",
         "(tap (uname tap:aio:/a) (dev xvdb:disk) (mode w))", "tap:aio:/a,xvdb,w"},
        {"tap:tapdisk:qcow2:/a,xvdb,w",
         "{\"type\":\"tap\",\"format\":\"qcow2\",\"target\":\"/"
         "a\",\"vdev\":\"xvdb\",\"mode\":\"w\"}",
         "(tap (uname tap:qcow2:/a) (dev xvdb:disk) (mode w))", "tap:qcow2:/a,xvdb,w"},
        {"tap:ioemu:vmdk:/a,xvdb,w",
         "{\"type\":\"tap\",\"format\":\"vmdk\",\"target\":\"/"
         "a\",\"vdev\":\"xvdb\",\"mode\":\"w\"}",
         "(tap (uname tap:vmdk:/a) (dev xvdb:disk) (mode w))", "tap:vmdk:/a,xvdb,w"},
        {"tap2:vhd:/a,xvdb,w",
         "{\"type\":\"tap2\",\"format\":\"vhd\",\"target\":\"/"
         "a\",\"vdev\":\"xvdb\",\"mode\":\"w\"}",
         "(tap2 (uname tap2:vhd:/a) (dev xvdb:disk) (mode w))", NULL},
        {"tap:sync:/a,xvdb,w",
         "{\"type\":\"tap\",\"tapdisk\":\"sync\",\"target\":\"/"
         "a\",\"vdev\":\"xvdb\",\"mode\":\"w\"}",
         "(tap (uname tap:sync:/a) (dev xvdb:disk) (mode w))", NULL},
        {"tap2:remus:10.0.0.2:9000|aio:/a,xvdb,w",
         "{\"type\":\"tap2\",\"tapdisk\":\"remus\",\"target\":\"10.0.0.2:9000|aio:/a\",\"vdev\":"
         "\"xvdb\",\"mode\":\"w\"}",
         "(tap2 (uname 'tap2:remus:10.0.0.2:9000|aio:/a') (dev xvdb:disk) (mode w))", NULL},
        {"iscsi:iqn.2001-04.com.example:storage:disk1,xvdc,w",
         "{\"type\":\"iscsi\",\"target\":\"iqn.2001-04.com.example:storage:disk1\",\"vdev\":"
         "\"xvdc\","
         "\"mode\":\"w\"}",
         "(vbd (uname iscsi:iqn.2001-04.com.example:storage:disk1) (dev xvdc:disk) (mode w))",
         NULL},
        {"nbd:10.0.0.1 2000,xvdc,w",
         "{\"type\":\"nbd\",\"target\":\"10.0.0.1 2000\",\"vdev\":\"xvdc\",\"mode\":\"w\"}",
         "(vbd (uname 'nbd:10.0.0.1 2000') (dev xvdc:disk) (mode w))", NULL},
        {"zfs:tank/vm,xvdc,w",
         "{\"type\":\"zfs\",\"target\":\"tank/vm\",\"vdev\":\"xvdc\",\"mode\":\"w\"}",
         "(vbd (uname zfs:tank/vm) (dev xvdc:disk) (mode w))", NULL},
        {"gluster://host/vol,xvdc,w",
         "{\"type\":\"gluster\",\"target\":\"//host/vol\",\"vdev\":\"xvdc\",\"mode\":\"w\"}",
         "(vbd (uname gluster://host/vol) (dev xvdc:disk) (mode w))", NULL},
        {"phy:,hdc:cdrom,r", "{\"vdev\":\"hdc\",\"devtype\":\"cdrom\",\"mode\":\"r\"}",
         "(vbd (uname ) (dev hdc:cdrom) (mode r))", ",hdc:cdrom,r"},
        {"drbd:r0,xvda,w,store,x86_32-abi",
         "{\"type\":\"drbd\",\"target\":\"r0\",\"vdev\":\"xvda\",\"mode\":\"w\",\"backend\":"
         "\"store\","
         "\"protocol\":\"x86_32-abi\"}",
         "(vbd (uname drbd:r0) (dev xvda:disk) (mode w) (backend store) (protocol x86_32-abi))",
         NULL},
        {"phy:/dev/a,xvda,w,,x86_64-abi",
         "{\"type\":\"phy\",\"target\":\"/dev/a\",\"vdev\":\"xvda\",\"mode\":\"w\","
         "\"protocol\":\"x86_64-abi\"}",
         "(vbd (uname phy:/dev/a) (dev xvda:disk) (mode w) (protocol x86_64-abi))", NULL},
        {"file:/a, xvda , w",
         "{\"type\":\"file\",\"target\":\"/a\",\"vdev\":\"xvda\",\"mode\":\"w\"}",
         "(vbd (uname file:/a) (dev xvda:disk) (mode w))", "file:/a,xvda,w"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        goes_round(DEVICE_DISK, rows[i].text, rows[i].json, rows[i].sxp,
                   rows[i].xm ? rows[i].xm : rows[i].text);
}

/* The forms of xl: docs/man/xl-disk-configuration.5. */
static void test_xl_disks(void)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"/dev/vg/guest,,hda",
         "{\"type\":\"phy\",\"target\":\"/dev/vg/guest\",\"vdev\":\"hda\",\"mode\":\"w\"}"},
        {"/dev/vg/guest, raw, hda, rw",
         "{\"type\":\"phy\",\"target\":\"/dev/vg/guest\",\"vdev\":\"hda\",\"mode\":\"w\"}"},
        {"format=raw, vdev=hda, access=rw, target=/dev/vg/guest",
         "{\"type\":\"phy\",\"target\":\"/dev/vg/guest\",\"vdev\":\"hda\",\"mode\":\"w\"}"},
        {"raw:/dev/vg/guest,hda,w",
         "{\"type\":\"phy\",\"target\":\"/dev/vg/guest\",\"vdev\":\"hda\",\"mode\":\"w\"}"},
        {"/img/a.qcow2,qcow2,xvda,ro",
         "{\"type\":\"file\",\"format\":\"qcow2\",\"target\":\"/img/a.qcow2\",\"vdev\":\"xvda\","
         "\"mode\":\"r\"}"},
        {"/img/a.iso,,hdc,cdrom",
         "{\"type\":\"file\",\"target\":\"/img/a.iso\",\"vdev\":\"hdc\",\"devtype\":\"cdrom\","
         "\"mode\":\"r\"}"},
        {",,hdc,,cdrom", "{\"vdev\":\"hdc\",\"devtype\":\"cdrom\",\"mode\":\"r\"}"},
        {"vdev=hdc, access=ro, devtype=cdrom, target=",
         "{\"vdev\":\"hdc\",\"devtype\":\"cdrom\",\"mode\":\"r\"}"},
        {"format=qcow2, vdev=xvda, access=rw, target=/a,b=c",
         "{\"type\":\"file\",\"format\":\"qcow2\",\"target\":\"/a,b=c\",\"vdev\":\"xvda\","
         "\"mode\":\"w\"}"},
        {"vdev=xvda,backendtype=tap,format=vhd,target=/a",
         "{\"type\":\"tap\",\"format\":\"vhd\",\"target\":\"/"
         "a\",\"vdev\":\"xvda\",\"mode\":\"w\"}"},
        {"/a,raw,xvda,rw,backend=store,script=block-x,discard,direct-io-safe",
         "{\"type\":\"file\",\"target\":\"/"
         "a\",\"vdev\":\"xvda\",\"mode\":\"w\",\"backend\":\"store\","
         "\"script\":\"block-x\",\"discard\":\"on\",\"direct_io_safe\":true}"},
        {"phy:/dev/a,raw,xvda,r",
         "{\"type\":\"phy\",\"target\":\"/dev/a\",\"vdev\":\"xvda\",\"mode\":\"r\"}"},
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
         "{\"type\":\"tap\",\"format\":\"qcow2\",\"target\":\"/"
         "a\",\"vdev\":\"xvda\",\"mode\":\"w\"}");
}

/* What xm's own form cannot say is printed in xl's, and comes back. */
static void test_disks_beyond_xm(void)
{
    static const char *const rows[] = {
        "{\"type\":\"file\",\"format\":\"qcow2\",\"target\":\"/"
        "a\",\"vdev\":\"xvda\",\"mode\":\"w\"}",
        "{\"type\":\"phy\",\"format\":\"vhd\",\"target\":\"/dev/"
        "a\",\"vdev\":\"xvda\",\"mode\":\"r\"}",
        "{\"type\":\"tap\",\"format\":\"qcow2\",\"tapdisk\":\"ioemu\",\"target\":\"/"
        "a\",\"vdev\":\"xvda\","
        "\"mode\":\"w!\"}",
        "{\"type\":\"file\",\"target\":\"/"
        "a,b\",\"vdev\":\"xvda\",\"devtype\":\"cdrom\",\"mode\":\"r\","
        "\"backend\":\"d\",\"protocol\":\"p\",\"script\":\"s\",\"discard\":\"off\"}",
        "{\"type\":\"nbd\",\"format\":\"qcow2\",\"target\":\"h "
        "1\",\"vdev\":\"xvda\",\"mode\":\"w\"}",
        "{\"type\":\"tap2\",\"format\":\"vmdk\",\"target\":\"/"
        "a,b\",\"vdev\":\"vdb\",\"mode\":\"w\"}",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct problems p = {0};
        struct err e = {0};
        AUTO(value_freep) struct value *v = json_parse(rows[i], strlen(rows[i]), "t", &e);
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
    same("JSON", read_json(DEVICE_DISK, "{\"vdev\":\"xvda\",\"target\":\"/a\"}"),
         "!Block device must have physical details specified");
    same("JSON", read_json(DEVICE_DISK, "{\"vdev\":\"xvda\",\"typ\":\"file\"}"),
         "!typ: not known here");
    same("JSON", read_json(DEVICE_DISK, "7"), "!disk: a number is not a map or a string");
    same("JSON", read_json(DEVICE_DISK, "\"file:/a,xvda,w\""),
         "{\"type\":\"file\",\"target\":\"/a\",\"vdev\":\"xvda\",\"mode\":\"w\"}");
    same("newline", read_xm(DEVICE_DISK, "file:/a\nb,xvda,w"),
         "!target: control character in '/a\nb'");
    same("blanks", read_json(DEVICE_VIF, "{\"script\":\"  a b \"}"), "{\"script\":\"a b\"}");
    same("SXP", read_sxp("(vbd (uname file:/a) (dev foo))"),
         "!vdev: Unable to find number for device (foo)");
}

static void test_vifs(void)
{
    goes_round(DEVICE_VIF, "", "{}", "(vif)", "");
    goes_round(DEVICE_VIF, " bridge = xenbr0 , mac=00:16:3e:00:00:01,",
               "{\"mac\":\"00:16:3e:00:00:01\",\"bridge\":\"xenbr0\"}",
               "(vif (mac 00:16:3e:00:00:01) (bridge xenbr0))",
               "mac=00:16:3e:00:00:01,bridge=xenbr0");
    goes_round(DEVICE_VIF, "type=ioemu,model=e1000,ip=10.0.0.1 10.0.0.2,script=vif-x",
               "{\"type\":\"ioemu\",\"ip\":\"10.0.0.1 10.0.0.2\",\"script\":\"vif-x\","
               "\"model\":\"e1000\"}",
               "(vif (type ioemu) (ip '10.0.0.1 10.0.0.2') (script vif-x) (model e1000))",
               "type=ioemu,ip=10.0.0.1 10.0.0.2,script=vif-x,model=e1000");
    goes_round(DEVICE_VIF, "type=user", "{\"type\":\"user\"}", "(vif (type user))", "type=user");
    goes_round(DEVICE_VIF, "rate=10Mb/s@20ms,vifname=v0,backend=net,accel=x,bridge=,policy=p",
               "{\"vifname\":\"v0\",\"rate\":\"10Mb/s@20ms\",\"backend\":\"net\",\"accel\":\"x\"}",
               "(vif (vifname v0) (rate '10Mb/s@20ms') (backend net) (accel x))",
               "vifname=v0,rate=10Mb/s@20ms,backend=net,accel=x");
    same("x", read_xm(DEVICE_VIF, "x"), "!x should be a pair, separated by an equals sign.");
    same("maac", read_xm(DEVICE_VIF, "maac=1,x=2"),
         "!Invalid vif option: maac!Invalid vif option: x");
    same("type", read_xm(DEVICE_VIF, "type=brige"),
         "!type: Network interface type \"brige\" is invalid.");
    same("mac", read_xm(DEVICE_VIF, "mac=00:16:3e:00:00"),
         "!mac: '00:16:3e:00:00' is not a MAC address");
    same("rate", read_xm(DEVICE_VIF, "rate=fast"), "!rate: 'fast' is not a rate");
    same("filter", read_xm(DEVICE_VIF, "filter=arp"),
         "!filter: Network filter \"arp\" is invalid.");
}

/* In Xen's terms, by the original's rules. */
static void test_rates(void)
{
    static const struct {
        const char *text;
        uint64_t bytes, usec;
    } rows[] = {{"10Mb/s", 62500, 50000},
                {"2MB/s@20ms", 40000, 20000},
                {"8Gb/s@1s", 1000000000, 1000000},
                {"1000B/s@100us", 1000, 1000000}, /* less than a byte each time */
                {"1b/s", 1, 1000000},
                {"1MB/s@0ms", 50000, 50000},
                {"0Mb/s", 0, 0}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct vif v = {.rate = (char *)(uintptr_t)rows[i].text};
        uint64_t bytes = 0, usec = 0;

        CU_ASSERT_EQUAL(vif_rate(&v, &bytes, &usec), rows[i].bytes > 0);
        if (rows[i].bytes) {
            CU_ASSERT_EQUAL(bytes, rows[i].bytes);
            CU_ASSERT_EQUAL(usec, rows[i].usec);
        }
    }
    CU_ASSERT_FALSE(vif_rate(&(struct vif){0}, &(uint64_t){0}, &(uint64_t){0}));
    CU_ASSERT_TRUE(
        vif_rate(&(struct vif){.rate = (char *)(uintptr_t) "99999999999999999999GB/s@9999s"},
                 &(uint64_t){0}, &(uint64_t){0}));
}

static void test_vfbs(void)
{
    goes_round(DEVICE_VFB, "vnc=1", "{\"vnc\":true}", "(vfb (vnc 1))", "vnc=1");
    goes_round(DEVICE_VFB, "type=vnc,vncdisplay=2,vncunused=0",
               "{\"vnc\":true,\"vncunused\":false,\"vncdisplay\":2}",
               "(vfb (vnc 1) (vncunused 0) (vncdisplay 2))", "vnc=1,vncunused=0,vncdisplay=2");
    goes_round(DEVICE_VFB, "type=sdl, display=:0", "{\"sdl\":true,\"display\":\":0\"}",
               "(vfb (sdl 1) (display :0))", "sdl=1,display=:0");
    same("unknown", read_xm(DEVICE_VFB, "vcn=1"), "!configuration option vcn unknown to vfbs");
    same("type", read_xm(DEVICE_VFB, "type=x"), "!configuration option type unknown to vfbs");
    same("range", read_xm(DEVICE_VFB, "vncdisplay=60000"),
         "!vncdisplay: 60000 is not between -1 and 59635");
}

/* The original's own forms: keys that we do not have, devices that are none of ours. */
static void test_original_sxp(void)
{
    struct problems p = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *forms = NULL;
    static const char none[] = "(device (vkbd (backend 0))) (device (console (protocol vt100)))";

    same("vbd",
         read_sxp("(device (vbd (protocol x86_64-abi) (uuid 1-2) (bootable 1) (dev xvda:disk)"
                  " (uname phy:/dev/vg/a) (mode w) (backend 0) (VDI )))"),
         "{\"type\":\"phy\",\"target\":\"/dev/vg/"
         "a\",\"vdev\":\"xvda\",\"mode\":\"w\",\"backend\":\"0\","
         "\"protocol\":\"x86_64-abi\"}");
    same("vif",
         read_sxp("(device (vif (bridge xenbr0) (uuid 1) (script /etc/xen/scripts/vif-bridge)"
                  " (mac 00:16:3e:1:2) (backend 0)))"),
         "!mac: '00:16:3e:1:2' is not a MAC address");
    same("vif2", read_sxp("(device (vif2 (mac 1)))"),
         "!device: class \"vif2\" is not supported by this xend");
    same("pci", read_sxp("(device (pci (dev (bus 0x1) (slot 0x2) (func 0x3) (vslt 0x4))))"),
         "{\"bdf\":\"0000:01:02.3\",\"vslot\":\"04\"}");
    forms = sxp_parse(none, strlen(none), "t", &e);
    for (size_t i = 0; i < value_len(forms); i++)
        CU_ASSERT_PTR_NULL(device_from_sxp(value_at(forms, i), "", &p));
    CU_ASSERT_EQUAL(p.len, 0);
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

static void test_macs(void)
{
    static const char *const good[] = {"00:16:3e:00:00:01", "AA:bb:CC:00:11:22"};
    static const char *const bad[] = {"",
                                      "00:16:3e:00:00",
                                      "00:16:3e:00:00:0g",
                                      "001:6:3e:00:00:01",
                                      "00-16-3e-00-00-01",
                                      "00:16:3e:00:00:01:02",
                                      "01:16:3e:00:00:01",
                                      "ff:ff:ff:ff:ff:ff"};
    struct vif a = {0}, b = {0};
    struct err e = {0};

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        CU_ASSERT_EQUAL(check_mac(good[i], &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CU_ASSERT_EQUAL(check_mac(bad[i], &e), -1);
        CU_ASSERT_TRUE(e.hint[0] != '\0');
    }
    for (int i = 0; i < 200; i++) {
        vif_set_mac(&a);
        vif_set_mac(&b);
        CU_ASSERT_EQUAL(check_mac(a.mac, &e), 0);
        CU_ASSERT_EQUAL(strncmp(a.mac, "00:16:3e:", 9), 0);
        CU_ASSERT_TRUE(strchr("01234567", a.mac[9]) != NULL); /* Xen gives the lower half */
        free(a.mac);
        a.mac = NULL;
    }
    AUTO(freep) char *before = xstrdup(b.mac);
    vif_set_mac(&b); /* one that has an address keeps it */
    CU_ASSERT_STRING_EQUAL(b.mac, before);
    free(b.mac);
}

static void test_classes_and_tables(void)
{
    for (int c = 0; c < DEVICE_CLASSES; c++) {
        const struct fields *t = &device_fields[c];

        CU_ASSERT_EQUAL(device_class_find(device_class_name((enum device_class)c)), c);
        for (size_t i = 0; i < t->n; i++) {
            CU_ASSERT_TRUE(t->rows[i].drivers != 0);
            CU_ASSERT_TRUE(t->rows[i].doc && t->rows[i].doc[strlen(t->rows[i].doc) - 1] == '.');
            CU_ASSERT_PTR_EQUAL(field_find(t, t->rows[i].name), &t->rows[i]);
        }
    }
    CU_ASSERT_EQUAL(device_class_find("vbd"), -1);
}

/* Passed-through devices and xl's own classes. */
static void test_other_classes(void)
{
    static const struct {
        enum device_class class;
        const char *text, *json, *sxp, *xm; /* xm NULL: as text */
    } rows[] = {
        {DEVICE_PCI, "0000:03:00.0", "{\"bdf\":\"0000:03:00.0\"}",
         "(pci (dev (domain 0x0000) (bus 0x03) (slot 0x00) (func 0x0) (vdevfn 0x100)))", NULL},
        {DEVICE_PCI, "3:1F.7@1c, msitranslate=1,seize=0",
         "{\"bdf\":\"0000:03:1f.7\",\"vslot\":\"1c\",\"msitranslate\":1,\"seize\":0}",
         "(pci (dev (domain 0x0000) (bus 0x03) (slot 0x1f) (func 0x7) (vdevfn 0xe0) "
         "(opts (msitranslate 1) (seize 0))))",
         "0000:03:1f.7@1c,msitranslate=1,seize=0"},
        {DEVICE_PCI, "1:0.0,2-3,4=0,permissive=1",
         "{\"bdf\":\"0000:01:00.0,2-3,4=0\",\"permissive\":1}",
         "(pci (dev (domain 0x0000) (bus 0x01) (slot 0x00) (func '0,2-3,4=0') (vdevfn 0x100) "
         "(opts (permissive 1))))",
         "0000:01:00.0,2-3,4=0,permissive=1"},
        {DEVICE_PCI, "bdf=01:00.*,rdm_policy=relaxed,name=gpu",
         "{\"bdf\":\"0000:01:00.*\",\"rdm_policy\":\"relaxed\"}",
         "(pci (dev (domain 0x0000) (bus 0x01) (slot 0x00) (func '*') (vdevfn 0x100) "
         "(opts (rdm_policy relaxed))))",
         "0000:01:00.*,rdm_policy=relaxed"},
        {DEVICE_VSCSI, "/dev/sdb, 0:0:0:1", "{\"pdev\":\"/dev/sdb\",\"vdev\":\"0:0:0:1\"}",
         "(vscsi (feature-host 0) (dev (p-dev /dev/sdb) (v-dev 0:0:0:1)))", "/dev/sdb,0:0:0:1"},
        {DEVICE_VSCSI, "1:0:0:0,host,stor",
         "{\"pdev\":\"1:0:0:0\",\"vdev\":\"host\",\"backend\":\"stor\"}",
         "(vscsi (feature-host 1) (dev (p-dev 1:0:0:0) (v-dev host)) (backend stor))", NULL},
        {DEVICE_VUSB, "usbver=1, numports=2, port_1=1-8.1, port_2=",
         "{\"usbver\":1,\"numports\":2,\"ports\":[\"1=1-8.1\",\"2=\"]}",
         "(vusb (usb-ver 1) (num-ports 2) (port (1 1-8.1) (2 )))",
         "usbver=1,numports=2,port_1=1-8.1,port_2="},
        {DEVICE_VUSB, "", "{}", "(vusb (usb-ver 2) (num-ports 8))", "usbver=2,numports=8"},
        {DEVICE_USBCTRL, "type=qusb,version=3", "{\"type\":\"qusb\",\"version\":3}",
         "(usbctrl (type qusb) (version 3))", NULL},
        {DEVICE_USBDEV, "hostbus=1,hostaddr=0,controller=0",
         "{\"hostbus\":1,\"hostaddr\":0,\"controller\":0}",
         "(usbdev (hostbus 1) (hostaddr 0) (controller 0))", NULL},
        {DEVICE_USBDEV, "device=KBD", "{\"device\":\"keyboard\"}", "(usbdev (device keyboard))",
         "device=keyboard"},
        {DEVICE_USBDEV, "device=host:46D:c52b", "{\"device\":\"host:046d:c52b\"}",
         "(usbdev (device host:046d:c52b))", "device=host:046d:c52b"},
        {DEVICE_USBDEV, "device=host:255.127", "{\"device\":\"host:255.127\"}",
         "(usbdev (device host:255.127))", NULL},
        {DEVICE_USBDEV, "device=braille", "{\"device\":\"braille\"}", "(usbdev (device braille))",
         NULL},
        {DEVICE_VTPM, "instance=1,backend=0", "{\"backend\":\"0\",\"instance\":1}",
         "(vtpm (backend 0) (instance 1))", "backend=0,instance=1"},
        {DEVICE_CHANNEL, "connection=socket,name=a,path=/b",
         "{\"connection\":\"socket\",\"name\":\"a\",\"path\":\"/b\"}",
         "(channel (connection socket) (name a) (path /b))", NULL},
        {DEVICE_CHANNEL, "name=org.test.a , connection = pty",
         "{\"connection\":\"pty\",\"name\":\"org.test.a\"}",
         "(channel (connection pty) (name org.test.a))", "connection=pty,name=org.test.a"},
        {DEVICE_P9, "tag=t,path=/srv,security_model=none",
         "{\"tag\":\"t\",\"path\":\"/srv\",\"security_model\":\"none\"}",
         "(p9 (tag t) (path /srv) (security_model none))", NULL},
    };
    static const struct {
        enum device_class class;
        const char *text, *problem;
    } bad[] = {
        {DEVICE_PCI, "", "!Failed to parse pci device: "},
        {DEVICE_PCI, "1:0", "!Failed to parse pci device: 1:0"},
        {DEVICE_PCI, "1:20.0", "!Failed to parse pci device: 1:20.0"},
        {DEVICE_PCI, "100:0.0", "!Failed to parse pci device: 100:0.0"},
        {DEVICE_PCI, "10000:0:0.0", "!Failed to parse pci device: 10000:0:0.0"},
        {DEVICE_PCI, "1:0.8", "!Failed to parse pci device: 1:0.8"},
        {DEVICE_PCI, "1:0.0@xyz", "!Failed to parse pci device: 1:0.0@xyz"},
        {DEVICE_PCI, "1:0.0,seize=2", "!seize: 2 is not between -1 and 1"},
        {DEVICE_VSCSI, "sdb", "!Failed to parse vscsi device: sdb"},
        {DEVICE_VSCSI, "sdb,0:0:0", "!vdev: '0:0:0' is not a SCSI address"},
        {DEVICE_VUSB, "numports=17", "!numports: 17 is not between 1 and 16"},
        {DEVICE_VUSB, "port1=1", "!Invalid vusb option: port1"},
        {DEVICE_VUSB, "usbver", "!usbver should be a pair, separated by an equals sign."},
        {DEVICE_USBCTRL, "speed=1", "!Invalid usbctrl option: speed"},
        {DEVICE_USBDEV, "device=host:256.1", "!device: 'host:256.1' names no USB device of a host"},
        {DEVICE_USBDEV, "device=host:0.1", "!device: 'host:0.1' names no USB device of a host"},
        {DEVICE_USBDEV, "device=host:1.2x", "!device: 'host:1.2x' names no USB device of a host"},
        {DEVICE_USBDEV, "device=disk:", "!device: 'disk:' is not a USB device"},
        {DEVICE_USBDEV, "", "!usbdev: hostbus is missing!usbdev: hostaddr is missing"},
        {DEVICE_CHANNEL, "", "!channel: connection is missing!channel: name is missing"},
        {DEVICE_CHANNEL, "connection=pty,name=a/b",
         "!name: 'a/b' is no name for a channel: no slash, 127 bytes at most"},
        {DEVICE_CHANNEL, "connection=tcp,name=a",
         "!connection: Channel connection \"tcp\" is invalid."},
        {DEVICE_CHANNEL, "connection=socket,name=a",
         "!channel: connection=socket needs the path of the socket"},
        {DEVICE_CHANNEL, "connection=socket,name=a,path=b", "!path: 'b' is not an absolute path"},
        {DEVICE_CHANNEL, "connection=pty,name=a,path=/b", "!channel: a pty has no path"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        goes_round(rows[i].class, rows[i].text, rows[i].json, rows[i].sxp,
                   rows[i].xm ? rows[i].xm : rows[i].text);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        same(bad[i].text, read_xm(bad[i].class, bad[i].text), bad[i].problem);
}

static void test_notes(void)
{
    struct problems p = {0};
    AUTO(device_freep)
    struct device *d = device_from_xm(DEVICE_DISK, "phy:/dev/a,xvda,w,store", "", &p);

    device_note_ignored(d, ON_QEMU, "/vif/0", "the qemu driver does not have it", &p);
    CU_ASSERT_EQUAL_FATAL(p.len, 1);
    CU_ASSERT_STRING_EQUAL(p.ptr[0].text,
                           "disk backend: the qemu driver does not have it; ignored");
    problems_clear(&p);
    device_note_ignored(d, ON_TEST, "", "", &p);
    CU_ASSERT_EQUAL(p.len, 0);
    device_freep(&d);
    d = device_from_xm(DEVICE_P9, "tag=a,path=/b", "", &p);
    device_note_ignored(d, ON_QEMU, "/p9/0", "nobody has it", &p);
    CU_ASSERT_EQUAL_FATAL(p.len, 1);
    CU_ASSERT_STRING_EQUAL(p.ptr[0].text, "p9: nobody has it; ignored");
    problems_clear(&p);
}

TESTS("device", {"disks go round", test_disks}, {"disks as xl writes them", test_xl_disks},
      {"disks that xm's language cannot say", test_disks_beyond_xm}, {"bad disks", test_bad_disks},
      {"vifs", test_vifs}, {"rates in Xen's terms", test_rates}, {"vfbs", test_vfbs},
      {"the original's SXP", test_original_sxp}, {"numbers of virtual disks", test_vdev_numbers},
      {"MAC addresses", test_macs}, {"classes and tables", test_classes_and_tables},
      {"passed-through devices, and xl's classes", test_other_classes},
      {"what a driver ignores", test_notes})
