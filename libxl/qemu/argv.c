/*
 * The command line of a guest's QEMU, from its spec: a pure function, held by golden files
 * (tests/golden/argv). Opens nothing and looks at nothing; create.c gathers what it needs.
 */
#include <stdio.h>
#include <string.h>

#include "libxl/qemu/qemu.h"

/*
 * pc rather than q35: both boot equally fast (1.95 and 2.0 s to the guest's init under TCG), but
 * pc hot-plugs on its root bus without root ports counted out beforehand, and has the two IDE
 * channels that hda to hdd mean. The versioned name: the alias changes with QEMU, and a guest
 * that is saved under one must not be restored under another.
 */
#define MACHINE_DEFAULT "pc-i440fx-7.2"

/* -device with its driver and id; more keys are the caller's to add. */
static struct value *device(const char *driver, const char *id)
{
    struct value *v = value_map();

    value_set_str(v, "driver", driver);
    value_set_str(v, "id", id);
    return v;
}

static void add_device_take(struct strings *argv, struct value *v)
{
    args_add_json(argv, "-device", v);
    value_free(v);
}

bool boots_kernel(const struct spec *s)
{
    const char *slash;

    if (!s->kernel)
        return false;
    /* xm's way to say "boot by BIOS": the kernel is Xen's firmware loader */
    slash = strrchr(s->kernel, '/');
    return !(s->type == TYPE_HVM && strcmp(slash ? slash + 1 : s->kernel, "hvmloader") == 0);
}

int boot_place(const struct spec *s, char letter)
{
    const char *order = s->boot && s->boot[0] ? s->boot : "cd";
    const char *at = strchr(order, letter);

    return at && !boots_kernel(s) ? (int)(at - order) + 1 : 0;
}

const char *launch_machine(const struct spec *s)
{
    return s->machine ? s->machine : MACHINE_DEFAULT;
}

/*
 * The serial port is where the console of such a guest is, also for a file written for Xen that
 * says console=hvc0: said first, so that a console that the file names and that exists comes later
 * and wins.
 */
char *launch_cmdline(const struct spec *s)
{
    AUTO(freep) char *own = spec_cmdline(s);
    const char *text = own ? own : "";

    if (strncmp(text, "console=ttyS", 12) == 0 || strstr(text, " console=ttyS"))
        return xstrdup(text);
    return xasprintf("console=ttyS0%s%s", text[0] ? " " : "", text);
}

/* Who it is, and the machine proper. */
static int add_machine(const struct launch *l, struct strings *argv, struct err *e)
{
    const struct spec *s = l->spec;
    bool kvm = strcmp(l->accel, "kvm") == 0;
    struct screen sc;

    if (argv_check_word("machine", l->machine, "._-", e) < 0 ||
        argv_check_word("cpu_model", l->cpu, "._-+=,", e) < 0)
        return -1;
    args_add(argv, "-name");
    args_add(argv, "guest=%s,debug-threads=on", s->name);
    args_add2(argv, "-uuid", s->uuid);
    args_add(argv, "-machine");
    /* without a kernel the BIOS has things to say: on the serial port when there is no screen */
    args_add(argv, "%s,usb=off,dump-guest-core=off%s%s", l->machine,
             boots_kernel(s) || screen_of(s, &sc) ? "" : ",graphics=off",
             s->type == TYPE_HVM && !s->acpi ? ",acpi=off" : "");
    args_add(argv, "-accel");
    args_add(argv, "%s%s", l->accel,
             kvm                    ? ""
             : spec_maxvcpus(s) > 1 ? ",thread=multi"
                                    : ",thread=single");
    args_add2(argv, "-cpu", l->cpu);
    args_add(argv, "-m");
    args_add(argv, "%lld", (long long)spec_maxmem(s));
    args_add2(argv, "-overcommit", "mem-lock=off");
    args_add(argv, "-smp");
    args_add(argv, "cpus=%lld,maxcpus=%lld", (long long)s->vcpus, (long long)spec_maxvcpus(s));
    return 0;
}

/* Nothing by default, nothing by configuration files; locked in; paused at first. */
static void add_policy(const struct launch *l, struct strings *argv)
{
    args_add(argv, "-nodefaults");
    args_add(argv, "-no-user-config");
    args_add2(argv, "-display", "none");
    if (!boots_kernel(l->spec)) /* only what the order names, see boot_place */
        args_add2(argv, "-boot", "strict=on");
    args_add2(argv, "-sandbox",
              "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    args_add2(argv, "-msg", "timestamp=on");
    args_add(argv, "-S");
    if (l->incoming)
        args_add2(argv, "-incoming", "defer");
    args_add(argv, "-rtc");
    args_add(argv, "base=%s", l->rtc_base);
    /* whatever a guest does to itself, its QEMU stays and reports it */
    args_add2(argv, "-action", "reboot=shutdown,shutdown=pause,panic=pause");
    /* in its log: a xend that was away can tell a power off from a reboot (QMP does not keep it) */
    args_add2(argv, "-trace", "enable=qemu_system_shutdown_request");
}

/* Monitor and console: sockets that are open already. The console says all to its log as well. */
static int add_channels(const struct launch *l, struct strings *argv, struct err *e)
{
    struct value *v;

    /* does nothing but carry the nonce where QMP can read it back (query-chardev) */
    args_add(argv, "-chardev");
    args_add(argv, "null,id=nonce-%s", l->nonce);
    args_add(argv, "-chardev");
    args_add(argv, "socket,id=qmp,fd=%d,server=on,wait=off", l->qmp_fd);
    args_add2(argv, "-mon", "chardev=qmp,mode=control");
    args_add(argv, "-add-fd");
    args_add(argv, "fd=%d,set=%d,opaque=console-log", l->console_log_fd, l->console_log_fd);
    args_add(argv, "-chardev");
    args_add(argv, "socket,id=console,fd=%d,server=on,wait=off,logfile=/dev/fdset/%d,logappend=on",
             l->console_fd, l->console_log_fd);
    if (argv_serials(l, argv, e) < 0)
        return -1;
    add_device_take(argv, device("pvpanic", "pvpanic0"));
    v = device("virtio-balloon-pci", "balloon0");
    launch_place(l, v, "balloon0");
    add_device_take(argv, v);
    return 0;
}

/* What the original and people call a model, and what QEMU does. */
static const char *const nic_models[][2] = {
    {"virtio", "virtio-net-pci"},
    {"virtio-net", "virtio-net-pci"},
    {"virtio-net-pci", "virtio-net-pci"},
    {"netfront", "virtio-net-pci"},
    {"e1000", "e1000"},
    {"e1000e", "e1000e"},
    {"rtl8139", "rtl8139"},
    {"pcnet", "pcnet"},
    {"ne2k_pci", "ne2k_pci"},
    {"i82551", "i82551"},
    {"i82557b", "i82557b"},
    {"i82559er", "i82559er"},
    {"vmxnet3", "vmxnet3"},
};

const char *nic_driver(const char *model)
{
    if (!model)
        return "virtio-net-pci";
    for (size_t i = 0; i < ARRAY_LEN(nic_models); i++)
        if (strcmp(nic_models[i][0], model) == 0)
            return nic_models[i][1];
    return NULL;
}

bool vif_is_virtio(const struct vif *v)
{
    const char *driver = nic_driver(v->model);

    return driver && strcmp(driver, "virtio-net-pci") == 0;
}

/* A tap, or user-mode network: that has no host side, what asks for one is refused, not ignored. */
static int check_vif(const struct vif *v, bool tap, int index, struct err *e)
{
    AUTO(freep) char *host_side = vif_host_side(v);

    if (!tap && host_side) {
        err_set(e, ERR_UNSUPPORTED, "vif %d: %s: user-mode network has no host side", index,
                host_side);
        return err_hint(e, "Leave type=user away, and xend (as root) plugs it into the host's "
                           "network.");
    }
    if (!nic_driver(v->model))
        return err_set(e, ERR_INVALID,
                       "vif %d: model=%s: not one of virtio, e1000, e1000e, "
                       "rtl8139, pcnet, ne2k_pci, i82551, i82557b, i82559er, vmxnet3",
                       index, v->model);
    return 0;
}

static void add_netdev(const struct launch_net *n, int index, struct strings *argv)
{
    args_add(argv, "-netdev");
    if (!n || n->fd < 0)
        args_add(argv, "user,id=net%d", index);
    else if (n->vhost_fd < 0)
        args_add(argv, "tap,id=net%d,fd=%d", index, n->fd);
    else
        args_add(argv, "tap,id=net%d,fd=%d,vhost=on,vhostfd=%d", index, n->fd, n->vhost_fd);
}

/* One interface. romfile: see boot_place. */
static int add_vif(const struct launch *l, const struct vif *v, int index, struct strings *argv,
                   struct err *e)
{
    const struct launch_net *n = l->nets ? &l->nets[index] : NULL;
    int boot = boot_place(l->spec, 'n');
    char id[32];
    struct value *d;

    if (check_vif(v, n && n->fd >= 0, index, e) < 0)
        return -1;
    add_netdev(n, index, argv);
    snprintf(id, sizeof(id), "vif%d", index);
    d = device(nic_driver(v->model), id);
    snprintf(id, sizeof(id), "net%d", index);
    value_set_str(d, "netdev", id);
    value_set_str(d, "mac", v->mac);
    if (v->mtu && vif_is_virtio(v)) /* the guest's driver takes it */
        value_set_int(d, "host_mtu", v->mtu);
    launch_place(l, d, v->mac);
    if (boot)
        value_set_int(d, "bootindex", boot * DOMAIN_DEVICES_MAX + index);
    else
        value_set_str(d, "romfile", ""); /* boot code that nobody runs */
    add_device_take(argv, d);
    return 0;
}

static int add_vifs(const struct launch *l, struct strings *argv, struct err *e)
{
    const struct devices *devices = &l->spec->devices;
    int index = 0;

    for (size_t i = 0; i < devices->len; i++)
        if (devices->ptr[i]->class == DEVICE_VIF &&
            add_vif(l, &devices->ptr[i]->vif, index++, argv, e) < 0)
            return -1;
    return 0;
}

/* On the ISA bus, or none at all: it takes no slot. */
static void add_tpm(const struct launch *l, struct strings *argv)
{
    const struct vtpm *v = vtpm_of(l->spec);
    struct value *d;

    if (!v)
        return;
    args_add(argv, "-chardev");
    args_add(argv, "socket,id=tpm,fd=%d", l->tpm_fd);
    args_add2(argv, "-tpmdev", "emulator,id=tpm0,chardev=tpm");
    d = device(v->model ? v->model : "tpm-tis", "vtpm0");
    value_set_str(d, "tpmdev", "tpm0");
    add_device_take(argv, d);
}

int argv_build(const struct launch *l, struct strings *argv, struct err *e)
{
    args_add(argv, "%s", l->binary);
    if (add_machine(l, argv, e) < 0)
        return -1;
    add_policy(l, argv);
    if (add_channels(l, argv, e) < 0)
        return -1;
    argv_root_ports(l, argv);
    /* the screen last: disks and interfaces have the same slots with and without it */
    if (argv_disks(l, argv, e) < 0 || add_vifs(l, argv, e) < 0 || argv_screen(l, argv, e) < 0)
        return -1;
    argv_channels(l, argv);
    add_tpm(l, argv);
    args_add_kernel(argv, l->kernel_fd, l->ramdisk_fd, l->cmdline);
    return 0;
}
