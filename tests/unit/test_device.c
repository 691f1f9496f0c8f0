/* libxl/device: the mini-languages of vif=, vfb= and the rest, their JSON and SXP, each both ways.
 */
#include "tests/unit/test_device.h"

static void test_vifs(void)
{
    goes_round(DEVICE_VIF, "", "{}", "(vif)", "");
    goes_round(DEVICE_VIF, " bridge = xenbr0 , mac=00:16:3e:00:00:01,",
               "{'mac':'00:16:3e:00:00:01','bridge':'xenbr0'}",
               "(vif (mac 00:16:3e:00:00:01) (bridge xenbr0))",
               "mac=00:16:3e:00:00:01,bridge=xenbr0");
    goes_round(DEVICE_VIF, "type=ioemu,model=e1000,ip=10.0.0.1 10.0.0.2,script=vif-x",
               "{'type':'ioemu','ip':'10.0.0.1 10.0.0.2','script':'vif-x','model':'e1000'}",
               "(vif (type ioemu) (ip '10.0.0.1 10.0.0.2') (script vif-x) (model e1000))",
               "type=ioemu,ip=10.0.0.1 10.0.0.2,script=vif-x,model=e1000");
    goes_round(DEVICE_VIF, "type=user", "{'type':'user'}", "(vif (type user))", "type=user");
    goes_round(DEVICE_VIF, "rate=10Mb/s@20ms,vifname=v0,backend=net,accel=x,bridge=,policy=p",
               "{'vifname':'v0','rate':'10Mb/s@20ms','backend':'net','accel':'x'}",
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
    goes_round(DEVICE_VFB, "vnc=1", "{'vnc':true}", "(vfb (vnc 1))", "vnc=1");
    goes_round(DEVICE_VFB, "type=vnc,vncdisplay=2,vncunused=0",
               "{'vnc':true,'vncunused':false,'vncdisplay':2}",
               "(vfb (vnc 1) (vncunused 0) (vncdisplay 2))", "vnc=1,vncunused=0,vncdisplay=2");
    goes_round(DEVICE_VFB, "type=sdl, display=:0", "{'sdl':true,'display':':0'}",
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
         "{'type':'phy','target':'/dev/vg/"
         "a','vdev':'xvda','mode':'w','backend':'0','protocol':'x86_64-abi'}");
    same("vif",
         read_sxp("(device (vif (bridge xenbr0) (uuid 1) (script /etc/xen/scripts/vif-bridge)"
                  " (mac 00:16:3e:1:2) (backend 0)))"),
         "!mac: '00:16:3e:1:2' is not a MAC address");
    same("vif2", read_sxp("(device (vif2 (mac 1)))"),
         "!device: class \"vif2\" is not supported by this xend");
    same("pci", read_sxp("(device (pci (dev (bus 0x1) (slot 0x2) (func 0x3) (vslt 0x4))))"),
         "{'bdf':'0000:01:02.3','vslot':'04'}");
    forms = sxp_parse(none, strlen(none), "t", &e);
    for (size_t i = 0; i < value_len(forms); i++)
        CU_ASSERT_PTR_NULL(device_from_sxp(value_at(forms, i), "", &p));
    CU_ASSERT_EQUAL(p.len, 0);
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
static const struct {
    enum device_class class;
    const char *text, *json, *sxp, *xm; /* xm NULL: as text */
} good_devices[] = {
    {DEVICE_PCI, "0000:03:00.0", "{'bdf':'0000:03:00.0'}",
     "(pci (dev (domain 0x0000) (bus 0x03) (slot 0x00) (func 0x0) (vdevfn 0x100)))", NULL},
    {DEVICE_PCI, "3:1F.7@1c, msitranslate=1,seize=0",
     "{'bdf':'0000:03:1f.7','vslot':'1c','msitranslate':1,'seize':0}",
     "(pci (dev (domain 0x0000) (bus 0x03) (slot 0x1f) (func 0x7) (vdevfn 0xe0) "
     "(opts (msitranslate 1) (seize 0))))",
     "0000:03:1f.7@1c,msitranslate=1,seize=0"},
    {DEVICE_PCI, "1:0.0,2-3,4=0,permissive=1", "{'bdf':'0000:01:00.0,2-3,4=0','permissive':1}",
     "(pci (dev (domain 0x0000) (bus 0x01) (slot 0x00) (func '0,2-3,4=0') (vdevfn 0x100) "
     "(opts (permissive 1))))",
     "0000:01:00.0,2-3,4=0,permissive=1"},
    {DEVICE_PCI, "bdf=01:00.*,rdm_policy=relaxed,name=gpu",
     "{'bdf':'0000:01:00.*','rdm_policy':'relaxed'}",
     "(pci (dev (domain 0x0000) (bus 0x01) (slot 0x00) (func '*') (vdevfn 0x100) "
     "(opts (rdm_policy relaxed))))",
     "0000:01:00.*,rdm_policy=relaxed"},
    {DEVICE_VSCSI, "/dev/sdb, 0:0:0:1", "{'pdev':'/dev/sdb','vdev':'0:0:0:1'}",
     "(vscsi (feature-host 0) (dev (p-dev /dev/sdb) (v-dev 0:0:0:1)))", "/dev/sdb,0:0:0:1"},
    {DEVICE_VSCSI, "1:0:0:0,host,stor", "{'pdev':'1:0:0:0','vdev':'host','backend':'stor'}",
     "(vscsi (feature-host 1) (dev (p-dev 1:0:0:0) (v-dev host)) (backend stor))", NULL},
    {DEVICE_VUSB, "usbver=1, numports=2, port_1=1-8.1, port_2=",
     "{'usbver':1,'numports':2,'ports':['1=1-8.1','2=']}",
     "(vusb (usb-ver 1) (num-ports 2) (port (1 1-8.1) (2 )))",
     "usbver=1,numports=2,port_1=1-8.1,port_2="},
    {DEVICE_VUSB, "", "{}", "(vusb (usb-ver 2) (num-ports 8))", "usbver=2,numports=8"},
    {DEVICE_USBCTRL, "type=qusb,version=3", "{'type':'qusb','version':3}",
     "(usbctrl (type qusb) (version 3))", NULL},
    {DEVICE_USBDEV, "hostbus=1,hostaddr=0,controller=0",
     "{'hostbus':1,'hostaddr':0,'controller':0}",
     "(usbdev (hostbus 1) (hostaddr 0) (controller 0))", NULL},
    {DEVICE_USBDEV, "device=KBD", "{'device':'keyboard'}", "(usbdev (device keyboard))",
     "device=keyboard"},
    {DEVICE_USBDEV, "device=host:46D:c52b", "{'device':'host:046d:c52b'}",
     "(usbdev (device host:046d:c52b))", "device=host:046d:c52b"},
    {DEVICE_USBDEV, "device=host:255.127", "{'device':'host:255.127'}",
     "(usbdev (device host:255.127))", NULL},
    {DEVICE_USBDEV, "device=braille", "{'device':'braille'}", "(usbdev (device braille))", NULL},
    {DEVICE_VTPM, "instance=1,backend=0", "{'backend':'0','instance':1}",
     "(vtpm (backend 0) (instance 1))", "backend=0,instance=1"},
    {DEVICE_CHANNEL, "connection=socket,name=a,path=/b",
     "{'connection':'socket','name':'a','path':'/b'}",
     "(channel (connection socket) (name a) (path /b))", NULL},
    {DEVICE_CHANNEL, "name=org.test.a , connection = pty",
     "{'connection':'pty','name':'org.test.a'}", "(channel (connection pty) (name org.test.a))",
     "connection=pty,name=org.test.a"},
    {DEVICE_P9, "tag=t,path=/srv,security_model=none",
     "{'tag':'t','path':'/srv','security_model':'none'}",
     "(p9 (tag t) (path /srv) (security_model none))", NULL},
};

static const struct {
    enum device_class class;
    const char *text, *problem;
} bad_devices[] = {
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

static void test_other_classes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(good_devices); i++)
        goes_round(good_devices[i].class, good_devices[i].text, good_devices[i].json,
                   good_devices[i].sxp,
                   good_devices[i].xm ? good_devices[i].xm : good_devices[i].text);
    for (size_t i = 0; i < ARRAY_LEN(bad_devices); i++)
        same(bad_devices[i].text, read_xm(bad_devices[i].class, bad_devices[i].text),
             bad_devices[i].problem);
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
    device_note_ignored(d, ON_XEN, "/p9/0", "Xen lacks it", &p);
    CU_ASSERT_EQUAL_FATAL(p.len, 1);
    CU_ASSERT_STRING_EQUAL(p.ptr[0].text, "p9: Xen lacks it; a domain with it does not start");
    problems_clear(&p);
}

TESTS("device", {"vifs", test_vifs}, {"rates in Xen's terms", test_rates}, {"vfbs", test_vfbs},
      {"the original's SXP", test_original_sxp}, {"MAC addresses", test_macs},
      {"classes and tables", test_classes_and_tables},
      {"passed-through devices, and xl's classes", test_other_classes},
      {"what a driver ignores", test_notes})
