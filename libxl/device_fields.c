/*
 * The tables of what each class of devices has, and the checks of single values. Reading, printing,
 * error texts, the manual page and the OpenAPI document are made of them.
 */
#include <ctype.h>
#include <regex.h>
#include <string.h>

#include "libxl/base/near.h"
#include "libxl/device_parts.h"

static const char *const disk_devtypes[] = {"disk", "cdrom", NULL};
static const char *const disk_modes[] = {"r", "w", "w!", NULL};
static const char *const discard_words[] = {"auto", "on", "off", NULL};

/* One of a few words; the hint lists them. */
static int check_word(const char *text, const char *const *words, const char *what, struct err *e)
{
    struct buf all = BUF_INIT;

    for (size_t i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0) {
            buf_clear(&all);
            return 0;
        }
        buf_addf(&all, "%s%s", i ? ", " : "", words[i]);
    }
    err_set(e, ERR_INVALID, "%s \"%.60s\" is invalid.", what, text);
    err_hint(e, "use one of %s", buf_str(&all));
    buf_clear(&all);
    return -1;
}

/* The format is always said, never guessed: a guest may write another one's header to its disk. */
static int check_format(const char *text, struct err *e)
{
    return check_word(text, disk_formats, "Disk format", e);
}

static int check_tapdisk(const char *text, struct err *e)
{
    return check_word(text, disk_tapdisks, "Tap disk type", e);
}

/* Any other name may be that of a script /etc/xen/scripts/block-TYPE; one mistyped letter is not.
 */
static int check_disk_type(const char *text, struct err *e)
{
    static const char *const known[] = {"phy",  "file",  "tap",  "tap2", "nbd",
                                        "enbd", "iscsi", "drbd", "npiv", "rbd"};
    struct near n = {.word = text};
    bool exact = false;

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        exact |= strcmp(known[i], text) == 0;
    for (size_t i = 0; i < ARRAY_LEN(known) && !exact; i++)
        near_try(&n, known[i]);
    for (size_t i = 0; disk_formats[i]; i++)
        if (strcmp(disk_formats[i], text) == 0) {
            err_set(e, ERR_INVALID, "Block device type \"%s\" is invalid.", text);
            return err_hint(e, "it is a format: say what holds the disk, phy or file, as its type");
        }
    if (exact)
        return 0;
    if (text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0' &&
        (!n.best || n.distance > 1))
        return 0;
    err_set(e, ERR_INVALID, "Block device type \"%.60s\" is invalid.", text);
    return n.best ? err_hint(e, "did you mean %s?", n.best) : -1;
}

/* vif is xl's word for netfront; user is ours. */
static int check_vif_type(const char *text, struct err *e)
{
    static const char *const words[] = {"netfront", "ioemu", "vif", "user", NULL};

    return check_word(text, words, "Network interface type", e);
}

/* The bridge of a network is xn-NAME, and the kernel takes 15 characters. */
int check_network(const char *text, struct err *e)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    if (n && !text[n] && n <= VIF_NETWORK_MAX && text[0] != '-')
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a name for a network", text);
    return err_hint(e, "use up to %d of a to z, 0 to 9 and -", VIF_NETWORK_MAX);
}

static int check_filter(const char *text, struct err *e)
{
    static const char *const words[] = {"none", "mac", "ip", NULL};

    return check_word(text, words, "Network filter", e);
}

/* "10Mb/s", "250KB/s@20ms": the original takes anything else for "unlimited"; we say so. */
static int check_rate(const char *text, struct err *e)
{
    regex_t re;
    int r;

    if (regcomp(&re, "^[0-9]+[GMK]?[Bb]/s(@[0-9]+[mu]?s)?$", REG_EXTENDED | REG_NOSUB) != 0)
        return err_set(e, ERR_SYSTEM, "cannot compile a pattern");
    r = regexec(&re, text, 0, NULL, 0);
    regfree(&re);
    if (r == 0)
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a rate", text);
    return err_hint(e, "write for example 10Mb/s (bits), 2MB/s (bytes) or 1MB/s@20ms");
}

int check_mac(const char *text, struct err *e)
{
    bool shape = strlen(text) == 17;

    for (size_t i = 0; shape && i < 17; i++)
        shape = i % 3 == 2 ? text[i] == ':' : isxdigit((unsigned char)text[i]);
    if (!shape) {
        err_set(e, ERR_INVALID, "'%.60s' is not a MAC address", text);
        return err_hint(e, "write six hexadecimal bytes: 00:16:3e:01:02:03");
    }
    if (strchr("13579bdfBDF", text[1])) {
        err_set(e, ERR_INVALID, "'%s' is a multicast address, which no interface can have", text);
        return err_hint(e, "make the first byte even, as in 00:16:3e:01:02:03");
    }
    return 0;
}

/* The text itself is not repeated: errors end up in logs. */
int check_vncpasswd(const char *text, struct err *e)
{
    if (strlen(text) <= VNC_PASSWORD_MAX)
        return 0;
    err_set(e, ERR_INVALID, "longer than %d characters", VNC_PASSWORD_MAX);
    return err_hint(e, "VNC itself cuts passwords there: the rest would protect nothing");
}

/* The name of a bridge or an interface; "br0 mac=..." lacks a comma. */
static int check_ifname(const char *text, struct err *e)
{
    if (!text[strcspn(text, " \t=")])
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not the name of an interface", text);
    return err_hint(e, "is a comma missing?");
}

int check_vdev(const char *text, struct err *e)
{
    if (vdev_number(text) >= 0)
        return 0;
    err_set(e, ERR_INVALID, "Unable to find number for device (%.60s)", text);
    return err_hint(e, "use a name such as xvda, xvda1, sda, hda or vda");
}

static int check_vslot(const char *text, struct err *e)
{
    if (strspn(text, "0123456789abcdef") == 2 && !text[2] && text[0] <= '1')
        return 0;
    return err_set(e, ERR_INVALID, "'%.20s' is not a slot: 00 to 1f, hexadecimal", text);
}

/* "1:0:0:0", or "host". */
static int check_hctl(const char *text, struct err *e)
{
    const char *at = text;

    for (int i = 0; i < 4; i++) {
        size_t n = strspn(at, "0123456789");
        if (!n || n > 5 || at[n] != (i < 3 ? ':' : '\0'))
            break;
        at += n + 1;
        if (i == 3)
            return 0;
    }
    if (strcmp(text, "host") == 0)
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a SCSI address", text);
    return err_hint(e, "write HOST:CHANNEL:TARGET:LUN, as 0:0:0:0, or host");
}

/* "1=1-8.1", or "1=" for a free port. */
static int check_port(const char *text, struct err *e)
{
    size_t n = strspn(text, "0123456789");

    if (n && n <= 2 && text[n] == '=' && !text[n + 1 + strspn(text + n + 1, "0123456789.-")])
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a USB port", text);
    return err_hint(e, "write port_N=BUS with a bus of the host: port_1=1-8.1");
}

static int check_usbctrl_type(const char *text, struct err *e)
{
    static const char *const words[] = {"auto", "pv", "qusb", "vusb", "devicemodel", NULL};

    return check_word(text, words, "USB controller type", e);
}

static int check_usb_name(const char *text, struct err *e)
{
    struct usb_name n;

    return usb_name_parse(text, &n, e);
}

static int check_connection(const char *text, struct err *e)
{
    static const char *const words[] = {"pty", "socket", NULL};

    return check_word(text, words, "Channel connection", e);
}

#define CHANNEL_NAME_MAX 127 /* guests make the name of a file of it */

static int check_channel_name(const char *text, struct err *e)
{
    if (strlen(text) <= CHANNEL_NAME_MAX && !strchr(text, '/'))
        return 0;
    return err_set(e, ERR_INVALID, "'%.60s' is no name for a channel: no slash, %d bytes at most",
                   text, CHANNEL_NAME_MAX);
}

static int check_tpm_model(const char *text, struct err *e)
{
    static const char *const words[] = {"tpm-tis", "tpm-crb", NULL};

    return check_word(text, words, "TPM model", e);
}

static int check_path(const char *text, struct err *e)
{
    if (text[0] == '/')
        return 0;
    return err_set(e, ERR_INVALID, "'%.100s' is not an absolute path", text);
}

/*
 * The tables. Their order is the order of keys in every notation. The test driver takes all there
 * is, so that tests see no notes about what it "ignores".
 */
#define X (ON_XEN | ON_TEST)
/* Carried for people who write it down, while no driver honours it. */
#define N ON_TEST
#define DISK(m) .name = #m, .offset = offsetof(struct disk, m)
static const struct field disk_rows[] = {
    {DISK(type), .check = check_disk_type, .drivers = ON_ALL,
     .doc = "How the target is reached: phy, file, tap, tap2, nbd, iscsi, drbd, or a script's."},
    {DISK(format), .dflt = "raw", .check = check_format, .drivers = ON_ALL,
     .doc = "What the bytes of the target are; never guessed from the content."},
    {DISK(tapdisk), .check = check_tapdisk, .drivers = N,
     .doc = "Which tap disk serves it, when the format does not say so."},
    {DISK(target), .drivers = ON_ALL, .doc = "File, block device or address that holds the disk."},
    {DISK(vdev), .check = check_vdev, .drivers = ON_ALL, .doc = "The disk's name in the guest."},
    {DISK(devtype), .type = FIELD_WORD, .words = disk_devtypes, .drivers = ON_ALL,
     .doc = "Whether it is a disk or a CD-ROM drive."},
    {DISK(mode), .type = FIELD_WORD, .words = disk_modes, .dflt = "w", .drivers = ON_ALL,
     .doc = "r read only, w read and write, w! also when another domain uses it."},
    {DISK(backend), .drivers = X, .doc = "The driver domain that serves the disk."},
    {DISK(protocol), .drivers = X, .doc = "The frontend's ring layout, x86_32-abi or x86_64-abi."},
    {DISK(script), .drivers = ON_ALL, .doc = "The hotplug script that prepares the target."},
    {DISK(discard), .type = FIELD_WORD, .words = discard_words, .drivers = N,
     .doc = "Whether blocks that the guest frees are freed in the target."},
    {DISK(trusted), .type = FIELD_BOOL, .dflt = "1", .drivers = N,
     .doc = "0: the guest is told not to trust who serves it."},
    {DISK(direct_io_safe), .type = FIELD_BOOL, .drivers = N,
     .doc = "1: a write is finished before the guest reuses its memory, whatever serves it."},
};

#define VIF(m) .name = #m, .offset = offsetof(struct vif, m), .sxp = #m
static const struct field vif_rows[] = {
    {VIF(type), .check = check_vif_type, .drivers = ON_ALL,
     .doc = "netfront (paravirtual), ioemu (emulated) or user (QEMU's own network)."},
    {VIF(mac), .check = check_mac, .drivers = ON_ALL,
     .doc = "The interface's address; random under 00:16:3e when not given."},
    {VIF(bridge), .check = check_ifname, .drivers = ON_ALL,
     .doc = "The bridge of the host that it is plugged into."},
    {VIF(network), .check = check_network, .drivers = ON_ALL,
     .doc = "The virtual network that it is plugged into (xm net-list), instead of bridge."},
    {VIF(ip), .drivers = ON_ALL, .doc = "The addresses that the guest may use, for the script."},
    {VIF(script), .drivers = ON_ALL, .doc = "The hotplug script that plugs it in."},
    {VIF(vifname), .check = check_ifname, .drivers = ON_ALL,
     .doc = "The interface's name on the host."},
    {VIF(rate), .check = check_rate, .drivers = ON_ALL,
     .doc = "The guest's transmit rate: 10Mb/s, 2MB/s, 1MB/s@20ms."},
    {VIF(model), .drivers = ON_ALL, .doc = "The emulated card: e1000, rtl8139, virtio-net-pci."},
    {VIF(backend), .drivers = ON_ALL, .doc = "The driver domain that serves the interface."},
    {VIF(accel), .drivers = N, .doc = "The network accelerator plug-in of the frontend."},
    {VIF(gatewaydev), .drivers = ON_ALL, .doc = "The host's interface towards the router."},
    {VIF(mtu), .type = FIELD_INT, .min = 0, .max = 65535, .unit = "bytes", .drivers = ON_ALL,
     .doc = "The largest packet; 0: as the bridge."},
    {VIF(filter), .check = check_filter, .drivers = ON_ALL,
     .doc =
         "What the guest may send from: none (anything), mac (its own), ip (those of ip=, too)."},
    {VIF(devid), .type = FIELD_INT, .dflt = "-1", .min = -1, .max = 65535, .drivers = N,
     .doc = "The interface's number; -1: the next one."},
    {VIF(trusted), .type = FIELD_BOOL, .dflt = "1", .drivers = N,
     .doc = "0: the guest is told not to trust who serves it."},
};

#define VFB(m) .name = #m, .offset = offsetof(struct vfb, m), .sxp = #m
static const struct field vfb_rows[] = {
    {VFB(vnc), .type = FIELD_BOOL, .drivers = ON_ALL, .doc = "Serve the screen by VNC."},
    {VFB(sdl), .type = FIELD_BOOL, .drivers = N, .doc = "Show the screen in a local window."},
    {VFB(opengl), .type = FIELD_BOOL, .drivers = N, .doc = "Draw that window with OpenGL."},
    {VFB(vncunused), .type = FIELD_BOOL, .dflt = "1", .drivers = ON_ALL,
     .doc = "Take the first free VNC display when the given one is taken."},
    {VFB(vncdisplay), .type = FIELD_INT, .dflt = "-1", .min = -1, .max = 59635, .drivers = ON_ALL,
     .doc = "The VNC display (port 5900 + N); -1: the first free one."},
    {VFB(vnclisten), .drivers = ON_ALL, .doc = "The address that VNC listens on."},
    {VFB(vncpasswd), .check = check_vncpasswd, .secret = true, .drivers = ON_ALL,
     .doc = "The VNC password, of at most 8 characters."},
    {VFB(display), .drivers = N, .doc = "The X display of the local window."},
    {VFB(xauthority), .drivers = N, .doc = "The X authority file of the local window."},
    {VFB(keymap), .drivers = ON_ALL, .doc = "The keyboard layout, as QEMU names it."},
    {VFB(serial), .drivers = N, .doc = "Where the device model's serial port goes."},
    {VFB(monitor), .drivers = N, .doc = "Where the device model's monitor goes."},
    {VFB(videoram), .type = FIELD_INT, .min = 0, .max = 1024, .unit = "MiB", .drivers = ON_ALL,
     .doc = "Memory of the frame buffer; 0: the default."},
};

#define PCI(m) .name = #m, .offset = offsetof(struct pci, m)
#define PCI_FLAG(m) PCI(m), .type = FIELD_INT, .dflt = "-1", .min = -1, .max = 1
static const struct field pci_rows[] = {
    {PCI(bdf), .check = check_bdf, .drivers = ON_ALL, .doc = "The host's device, as 0000:03:00.0."},
    {PCI(vslot), .check = check_vslot, .drivers = ON_ALL,
     .doc = "The slot in which the guest sees it, hexadecimal."},
    {PCI(rdm_policy), .drivers = N, .doc = "Its reserved memory: strict or relaxed."},
    {PCI_FLAG(msitranslate), .drivers = X, .doc = "1: show MSI interrupts as INTx."},
    {PCI_FLAG(power_mgmt), .drivers = X, .doc = "1: the guest manages its power."},
    {PCI_FLAG(permissive), .drivers = X, .doc = "1: all of its configuration space is open."},
    {PCI_FLAG(seize), .drivers = X, .doc = "1: take it from its driver of the host."},
};

#define VSCSI(m) .name = #m, .offset = offsetof(struct vscsi, m), .drivers = N
static const struct field vscsi_rows[] = {
    {VSCSI(pdev), .doc = "The host's device: H:C:T:L, sdb, /dev/sdb or an id."},
    {VSCSI(vdev), .check = check_hctl, .doc = "Where the guest sees it: H:C:T:L, or host."},
    {VSCSI(backend), .doc = "The driver domain that has it."},
};

#define VUSB(m) .name = #m, .offset = offsetof(struct vusb, m), .drivers = N
static const struct field vusb_rows[] = {
    {VUSB(usbver), .type = FIELD_INT, .dflt = "2", .min = 1, .max = 2, .doc = "1 or 2."},
    {VUSB(numports), .type = FIELD_INT, .dflt = "8", .min = 1, .max = 16, .doc = "How many ports."},
    {VUSB(ports), .type = FIELD_LIST, .check = check_port,
     .doc = "What is plugged in, as PORT=BUS: 1=1-8.1."},
};

#define USBCTRL(m) .name = #m, .offset = offsetof(struct usbctrl, m), .drivers = N
static const struct field usbctrl_rows[] = {
    {USBCTRL(type), .check = check_usbctrl_type, .doc = "auto, pv, qusb, vusb or devicemodel."},
    {USBCTRL(version), .type = FIELD_INT, .min = 0, .max = 3, .doc = "1, 2 or 3; 0: the default."},
    {USBCTRL(ports), .type = FIELD_INT, .min = 0, .max = 31, .doc = "How many; 0: the default."},
    {USBCTRL(backend), .doc = "The driver domain that has it."},
};

#define USBDEV(m) .name = #m, .offset = offsetof(struct usbdev, m), .drivers = N
#define USBDEV_INT(m, n) USBDEV(m), .type = FIELD_INT, .dflt = "-1", .min = -1, .max = (n)
static const struct field usbdev_rows[] = {
    {.name = "device",
     .offset = offsetof(struct usbdev, device),
     .check = check_usb_name,
     .drivers = ON_ALL,
     .doc = "tablet, mouse, keyboard, host:BUS.ADDR, host:VENDOR:PRODUCT or disk:FILE."},
    {USBDEV(type), .dflt = "hostdev", .doc = "Only hostdev, a device of the host."},
    {USBDEV_INT(hostbus, 255), .doc = "The host's bus, as lsusb tells it."},
    {USBDEV_INT(hostaddr, 255), .doc = "The device on that bus."},
    {USBDEV_INT(controller, 255), .doc = "The usbctrl it is plugged into; -1: the first free one."},
    {.name = "port",
     .offset = offsetof(struct usbdev, port),
     .type = FIELD_INT,
     .dflt = "-1",
     .min = -1,
     .max = 31,
     .drivers = ON_QEMU | N,
     .doc = "The port of that one; -1: the first free one."},
};

#define VTPM(m) .name = #m, .offset = offsetof(struct vtpm, m)
static const struct field vtpm_rows[] = {
    {VTPM(model), .check = check_tpm_model, .drivers = ON_QEMU | N,
     .doc = "What the guest sees: tpm-tis (when not given) or tpm-crb."},
    {VTPM(backend), .drivers = N, .doc = "The domain that serves it."},
    {VTPM(uuid), .drivers = ON_QEMU | N,
     .doc = "Which TPM it is; when not given, the domain has one of its own."},
    {VTPM(instance), .type = FIELD_INT, .dflt = "-1", .min = -1, .max = 65535, .drivers = N,
     .doc = "The same, in Xen 3."},
};

#define CHANNEL(m) .name = #m, .offset = offsetof(struct channel, m)
static const struct field channel_rows[] = {
    {CHANNEL(connection), .check = check_connection, .drivers = ON_QEMU | N,
     .doc = "What the host has: socket, or pty, which xm console shows."},
    {CHANNEL(name), .check = check_channel_name, .drivers = ON_QEMU | N,
     .doc = "By which the guest knows it: /dev/virtio-ports/NAME in Linux."},
    {CHANNEL(path), .check = check_path, .drivers = ON_QEMU | N,
     .doc = "Where the socket is to be that programs of the host connect to."},
    {CHANNEL(backend), .drivers = N, .doc = "The domain that serves it."},
};

#define P9(m) .name = #m, .offset = offsetof(struct p9, m), .drivers = N
static const struct field p9_rows[] = {
    {P9(tag), .doc = "The name by which the guest mounts it."},
    {P9(path), .check = check_path, .doc = "The host's directory."},
    {P9(security_model), .doc = "Only none."},
    {P9(backend), .doc = "The domain that serves it."},
};

#define ROWS(name)                                                                                 \
    {                                                                                              \
        name##_rows, ARRAY_LEN(name##_rows)                                                        \
    }
const struct fields device_fields[DEVICE_CLASSES] = {
    [DEVICE_DISK] = ROWS(disk),       [DEVICE_VIF] = ROWS(vif),       [DEVICE_VFB] = ROWS(vfb),
    [DEVICE_PCI] = ROWS(pci),         [DEVICE_VSCSI] = ROWS(vscsi),   [DEVICE_VUSB] = ROWS(vusb),
    [DEVICE_USBCTRL] = ROWS(usbctrl), [DEVICE_USBDEV] = ROWS(usbdev), [DEVICE_VTPM] = ROWS(vtpm),
    [DEVICE_CHANNEL] = ROWS(channel), [DEVICE_P9] = ROWS(p9),
};
