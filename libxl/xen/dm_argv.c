/*
 * The command line of a guest's device model, from its spec: a pure function, held by golden
 * files (tests/golden/dm). A PV guest's has a screen and nothing else. Drives and cards are given
 * in the forms that QEMU takes away again when the guest's own drivers come up (-drive, cards on
 * the PCI bus): their backends go on serving.
 */
#include <stdio.h>
#include <string.h>

#include "libxl/xen/dm.h"

#define IDE_DRIVES 4
#define SCSI_DRIVES 7
#define VRAM_MAX_MIB 512 /* QEMU's limit */
#define BOOT_DEFAULT "cda"

static bool is_scsi(const struct disk *k)
{
    return strncmp(k->vdev, "sd", 2) == 0;
}

/* hda, xvda and sda are 0; -1 for a partition and for what is no such name. */
static int drive_index(const struct disk *k)
{
    const char *at = strncmp(k->vdev, "xvd", 3) == 0 ? k->vdev + 3 : k->vdev + 2;

    if (strncmp(k->vdev, "hd", 2) != 0 && strncmp(k->vdev, "xvd", 3) != 0 && !is_scsi(k))
        return -1;
    return *at >= 'a' && *at <= 'z' && !at[1] ? *at - 'a' : -1;
}

/* As in xl: the first four of any name are IDE drives, those named sdX are SCSI ones. */
bool dm_emulates_disk(const struct disk *k)
{
    int index = drive_index(k);

    return index >= 0 && index < (is_scsi(k) ? SCSI_DRIVES : IDE_DRIVES);
}

bool dm_emulates_vif(const struct vif *v)
{
    return !v->type || strcmp(v->type, "ioemu") == 0;
}

char *dm_disk_id(const char *vdev)
{
    return xasprintf("disk-%s", vdev);
}

/* As a device, or by the variables that HVM guests have for it. */
bool dm_serves_screen(const struct spec *s)
{
    struct screen sc;
    bool any = screen_of(s, &sc);

    for (size_t i = 0; i < s->devices.len; i++)
        any |= s->devices.ptr[i]->class == DEVICE_VFB;
    return any && s->type != TYPE_HVM;
}

bool dm_wanted(const struct spec *s)
{
    return s->type == TYPE_HVM || dm_serves_screen(s);
}

bool dm_boots_kernel(const struct spec *s)
{
    const char *slash = s->kernel ? strrchr(s->kernel, '/') : NULL;

    return s->type == TYPE_HVM && s->kernel &&
           strcmp(slash ? slash + 1 : s->kernel, "hvmloader") != 0;
}

/* The first is the default; `stdvga = 1` and vga= say others. */
static const struct {
    const char *name, *driver;
    int64_t min_mib;
} cards[] = {{"cirrus", "cirrus-vga", 8}, {"stdvga", "VGA", 16}};

static const char *card_name(const struct spec *s)
{
    const char *wanted = value_get_str(s->other, "vga", NULL);

    return wanted ? wanted : value_get_bool(s->other, "stdvga", false) ? "stdvga" : cards[0].name;
}

bool dm_card_of(const struct spec *s, struct dm_card *out)
{
    const char *name = card_name(s);
    struct screen sc;

    if (!screen_of(s, &sc))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(cards); i++)
        if (strcmp(cards[i].name, name) == 0) {
            int64_t mib = sc.videoram > cards[i].min_mib ? sc.videoram : cards[i].min_mib;

            *out = (struct dm_card){cards[i].driver, mib < VRAM_MAX_MIB ? mib : VRAM_MAX_MIB};
            return true;
        }
    return false;
}

static void add_domain(const struct dm_launch *l, struct strings *argv)
{
    args_add(argv, "-xen-domid");
    args_add(argv, "%u", l->domid);
    args_add(argv, "-xen-attach");
    args_add(argv, "-name");
    args_add(argv, "guest=%s,debug-threads=on", l->spec->name);
    args_add2(argv, "-uuid", l->spec->uuid);
}

static void add_machine(const struct spec *s, struct strings *argv)
{
    bool hvm = s->type == TYPE_HVM, platform = value_get_bool(s->other, "xen_platform_pci", true);
    struct dm_card card = {0};

    args_add(argv, "-machine");
    args_add(argv, "%s,suppress-vmdesc=on,usb=off,dump-guest-core=off%s",
             !hvm       ? "xenpv"
             : platform ? "xenfv"
                        : "pc,accel=xen",
             hvm && !s->acpi ? ",acpi=off" : "");
    if (!hvm)
        return;
    dm_card_of(s, &card);
    args_add(argv, "-m");
    args_add(argv, "%lld", (long long)(spec_maxmem(s) - card.mib));
    args_add(argv, "-smp");
    args_add(argv, "cpus=%lld,maxcpus=%lld", (long long)s->vcpus, (long long)spec_maxvcpus(s));
}

/*
 * Locked in, once it has opened all that it needs. No -sandbox: Debian's QEMU for Xen has none. Not
 * restricted to one domain is a backend: it speaks through xenstore as long as it lives.
 */
static void add_policy(const struct dm_launch *l, struct strings *argv)
{
    args_add(argv, "-nodefaults");
    args_add(argv, "-no-user-config");
    args_add2(argv, "-display", "none");
    args_add(argv, "-no-shutdown");
    args_add2(argv, "-msg", "timestamp=on");
    if (l->uid) {
        if (l->spec->type == TYPE_HVM)
            args_add(argv, "-xen-domid-restrict");
        args_add(argv, "-runas");
        args_add(argv, "%u:%u", (unsigned)l->uid, (unsigned)l->gid);
    }
    if (l->root)
        args_add2(argv, "-chroot", l->root);
}

/* A socket that is open already. */
static void add_monitor(const struct dm_launch *l, struct strings *argv)
{
    /* does nothing but carry the nonce, by which an xend finds a process that it started */
    args_add(argv, "-chardev");
    args_add(argv, "null,id=nonce-%s", l->nonce);
    args_add(argv, "-chardev");
    args_add(argv, "socket,id=qmp,fd=%d,server=on,wait=off", l->qmp_fd);
    args_add2(argv, "-mon", "chardev=qmp,mode=control");
}

/* Another one, and what is said there goes to the port's log as well. */
static void add_serial(const struct dm_launch *l, struct strings *argv)
{
    args_add(argv, "-add-fd");
    args_add(argv, "fd=%d,set=%d,opaque=console-log", l->console_log_fd, l->console_log_fd);
    args_add(argv, "-chardev");
    args_add(argv, "socket,id=console,fd=%d,server=on,wait=off,logfile=/dev/fdset/%d,logappend=on",
             l->console_fd, l->console_log_fd);
    args_add2(argv, "-serial", "chardev:console");
}

static int check_disk(const struct disk *k, struct err *e)
{
    bool cdrom = k->devtype == DISK_CDROM;

    if (cdrom && (is_scsi(k) || !dm_emulates_disk(k)))
        return err_set(e, ERR_UNSUPPORTED, "disk %s: a CD-ROM drive is one of hda to hdd", k->vdev);
    if (!cdrom && k->mode == DISK_READ && !is_scsi(k)) {
        err_set(e, ERR_UNSUPPORTED, "disk %s: an IDE disk cannot be read-only", k->vdev);
        return err_hint(e, "Use sda.. or xvde.. for a read-only disk, or hda:cdrom.");
    }
    return 0;
}

/* format=raw: QEMU never guesses. locking: dom0's backend has the file open, too. */
static void add_disk(const struct dm_disk *d, struct strings *argv)
{
    const struct disk *k = d->disk;
    AUTO(freep) char *id = dm_disk_id(k->vdev);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    bool cdrom = k->devtype == DISK_CDROM;

    buf_addf(&b, "id=%s,%s", id, is_scsi(k) ? "if=none" : "if=ide");
    if (!is_scsi(k))
        buf_addf(&b, ",index=%d,media=%s", drive_index(k), cdrom ? "cdrom" : "disk");
    if (d->fd >= 0) {
        args_add(argv, "-add-fd");
        args_add(argv, "fd=%d,set=%d,opaque=%s", d->fd, d->fd, id);
        buf_addf(&b, ",%s=/dev/fdset/%d,format=raw,cache=writeback,auto-read-only=off",
                 d->block ? "file.driver=host_device,file.filename" : "file", d->fd);
        buf_adds(&b, ",file.locking=off");
        if (cdrom || k->mode == DISK_READ)
            buf_adds(&b, ",readonly=on");
    }
    args_add2(argv, "-drive", buf_str(&b));
    if (is_scsi(k)) {
        args_add(argv, "-device");
        args_add(argv, "scsi-hd,bus=scsi0.0,scsi-id=%d,drive=%s", drive_index(k), id);
    }
}

static int add_disks(const struct dm_launch *l, struct strings *argv, struct err *e)
{
    bool scsi = false;

    for (size_t i = 0; i < l->n_disks; i++) {
        if (check_disk(l->disks[i].disk, e) < 0)
            return -1;
        for (size_t k = 0; k < i; k++)
            if (is_scsi(l->disks[k].disk) == is_scsi(l->disks[i].disk) &&
                drive_index(l->disks[k].disk) == drive_index(l->disks[i].disk))
                return err_set(e, ERR_INVALID, "disk %s: %s has this place on the emulated bus",
                               l->disks[i].disk->vdev, l->disks[k].disk->vdev);
        scsi |= is_scsi(l->disks[i].disk);
    }
    if (scsi)
        args_add2(argv, "-device", "lsi53c895a,id=scsi0");
    for (size_t i = 0; i < l->n_disks; i++)
        add_disk(&l->disks[i], argv);
    return 0;
}

/* What the original and people call a model, and what QEMU does. */
static const char *const nics[][2] = {
    {"rtl8139", "rtl8139"}, {"e1000", "e1000"},       {"e1000e", "e1000e"},
    {"pcnet", "pcnet"},     {"ne2k_pci", "ne2k_pci"}, {"virtio", "virtio-net-pci"},
    {"i82551", "i82551"},   {"i82557b", "i82557b"},   {"i82559er", "i82559er"},
    {"vmxnet3", "vmxnet3"}, {"netfront", "rtl8139"},
};

static int add_vif(const struct vif *v, int index, int fd, bool boots, struct strings *argv,
                   struct err *e)
{
    const char *model = v->model ? v->model : nics[0][0];

    for (size_t i = 0; i < ARRAY_LEN(nics); i++) {
        if (strcmp(nics[i][0], model) != 0)
            continue;
        args_add(argv, "-netdev");
        args_add(argv, "tap,id=net%d,fd=%d", index, fd);
        args_add(argv, "-device");
        args_add(argv, "%s,id=nic%d,netdev=net%d,mac=%s%s", nics[i][1], index, index, v->mac,
                 boots ? "" : ",romfile="); /* boot code that nobody runs */
        return 0;
    }
    return err_set(e, ERR_INVALID,
                   "vif %d: model=%s: not one of rtl8139, e1000, e1000e, pcnet, ne2k_pci, virtio, "
                   "i82551, i82557b, i82559er, vmxnet3",
                   index, model);
}

static const char *boot_order(const struct spec *s)
{
    return s->boot && *s->boot ? s->boot : BOOT_DEFAULT;
}

static int add_vifs(const struct dm_launch *l, struct strings *argv, struct err *e)
{
    const struct devices *devices = &l->spec->devices;
    int index = -1, taps = 0;

    for (size_t i = 0; i < devices->len; i++) {
        const struct device *d = devices->ptr[i];

        index += d->class == DEVICE_VIF;
        if (d->class == DEVICE_VIF && dm_emulates_vif(&d->vif) &&
            add_vif(&d->vif, index, l->tap_fds[taps++], strchr(boot_order(l->spec), 'n'), argv, e) <
                0)
            return -1;
    }
    return 0;
}

static const char *const usb_devices[][2] = {
    {"tablet", "usb-tablet"}, {"mouse", "usb-mouse"}, {"keyboard", "usb-kbd"}};

static int add_usb_device(const char *name, struct strings *argv, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(usb_devices); i++)
        if (strcmp(usb_devices[i][0], name) == 0) {
            args_add2(argv, "-device", usb_devices[i][1]);
            return 0;
        }
    return err_set(e, ERR_UNSUPPORTED, "usbdevice: '%.60s': not one of tablet, mouse, keyboard",
                   name);
}

/* With a screen there is a tablet, which gives a viewer's pointer its place. */
static int add_usb(const struct spec *s, bool screen, struct strings *argv, struct err *e)
{
    bool named = false;

    for (size_t i = 0; i < s->devices.len; i++)
        named |= s->devices.ptr[i]->class == DEVICE_USBDEV && device_key(s->devices.ptr[i]);
    if (!s->usb && !named && !screen)
        return 0;
    args_add2(argv, "-device", "piix3-usb-uhci,id=usb");
    if (!named && screen)
        return add_usb_device("tablet", argv, e);
    for (size_t i = 0; i < s->devices.len; i++)
        if (s->devices.ptr[i]->class == DEVICE_USBDEV && device_key(s->devices.ptr[i]) &&
            add_usb_device(device_key(s->devices.ptr[i]), argv, e) < 0)
            return -1;
    return 0;
}

static int add_pv_screen(const struct dm_launch *l, struct strings *argv, struct err *e)
{
    struct screen sc;

    if (!screen_of(l->spec, &sc))
        return 0;
    return args_add_vnc(argv, &sc, l->vnc_listen, l->keymap, l->vnc_tls, l->vnc_secret_fd, e);
}

static int add_screen(const struct dm_launch *l, struct strings *argv, struct err *e)
{
    const struct spec *s = l->spec;
    struct dm_card card;
    struct screen sc;
    bool has = screen_of(s, &sc);

    if (add_usb(s, has, argv, e) < 0)
        return -1;
    if (!has)
        return 0;
    if (!dm_card_of(s, &card))
        return err_set(e, ERR_UNSUPPORTED, "vga: '%.20s': not one of cirrus, stdvga", card_name(s));
    args_add(argv, "-device");
    args_add(argv, "%s,id=video0,vgamem_mb=%lld", card.driver, (long long)card.mib);
    return args_add_vnc(argv, &sc, l->vnc_listen, l->keymap, l->vnc_tls, l->vnc_secret_fd, e);
}

int dm_argv(const struct dm_launch *l, struct strings *argv, struct err *e)
{
    args_add(argv, "%s", l->binary);
    add_domain(l, argv);
    add_machine(l->spec, argv);
    add_policy(l, argv);
    add_monitor(l, argv);
    if (l->spec->type != TYPE_HVM)
        return add_pv_screen(l, argv, e);
    add_serial(l, argv);
    if (add_disks(l, argv, e) < 0 || add_vifs(l, argv, e) < 0 || add_screen(l, argv, e) < 0)
        return -1;
    args_add(argv, "-boot");
    args_add(argv, "order=%s", boot_order(l->spec));
    if (l->state_fd >= 0) {
        args_add(argv, "-incoming");
        args_add(argv, "fd:%d", l->state_fd);
    }
    args_add_kernel(argv, l->kernel_fd, l->ramdisk_fd, l->cmdline);
    return 0;
}
