/*
 * The table of the spec's fields: names, types, places in the original's form, defaults, ranges,
 * who honours them, meanings; and the checks of single values. Reading, printing, error texts,
 * the manual page and the OpenAPI document are made of it.
 */
#include <ctype.h>
#include <string.h>

#include "libxl/spec_parts.h"

#define CPU_CAP_MAX (100 * DOMAIN_VCPUS_MAX)
#define GRANTS_MAX 1048576 /* frames; Xen takes 32 bits, 4 GiB of tables are enough */

static const char *const types[] = {"pv", "pvh", "hvm", NULL};
/* In the order of enum end_action; coredumps make sense after a crash only. */
static const char *const end_actions[] = {"destroy", "restart", "preserve", "rename-restart", NULL};
static const char *const crash_actions[] = {
    "destroy",          "restart",          "preserve", "rename-restart",
    "coredump-destroy", "coredump-restart", NULL};
static const char *const soft_reset_actions[] = {
    "soft-reset",     "destroy",          "restart",          "preserve",
    "rename-restart", "coredump-destroy", "coredump-restart", NULL};
static const char *const xend_start_actions[] = {"ignore", "start", NULL};
static const char *const xend_stop_actions[] = {"ignore", "shutdown", "suspend", NULL};

/* The name becomes part of file names and of xenstore paths: hence no slash, and no dots alone. */
int check_name(const char *text, struct err *e)
{
    static const char rule[] = "use letters, digits and _ . : + - (at most 128)";
    size_t n = 0;

    while (isalnum((unsigned char)text[n]) || (text[n] && strchr("_.:+-", text[n])))
        n++;
    if (n > 0 && n <= DOMAIN_NAME_MAX && !text[n] && strcmp(text, ".") && strcmp(text, ".."))
        return 0;
    err_set(e, ERR_INVALID, "Invalid VM Name: '%.140s'", text);
    return err_hint(e, "%s", rule);
}

/* Any case is taken; spec_finish makes it lower. */
static int check_uuid(const char *text, struct err *e)
{
    char canonical[UUID_TEXT_SIZE];

    if (uuid_normalize(text, canonical))
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a UUID", text);
    return err_hint(e, "write it like 8c8a6ab2-3f0e-4f5c-9a41-0d2c6a1b7e55, or leave it out");
}

static int check_absolute(const char *text, struct err *e)
{
    if (text[0] == '/')
        return 0;
    err_set(e, ERR_INVALID, "'%.200s' is not an absolute path", text);
    return err_hint(e, "xend has another working directory than you: begin the path with /");
}

/* Xen's own firmware for HVM guests is known by its bare name. */
static int check_kernel(const char *text, struct err *e)
{
    return strcmp(text, "hvmloader") == 0 ? 0 : check_absolute(text, e);
}

/* The letters of the BIOS boot order, as QEMU's -boot takes them. */
static int check_boot(const char *text, struct err *e)
{
    if (text[strspn(text, "acdn")] == '\0')
        return 0;
    err_set(e, ERR_INVALID, "'%.20s' is not a boot order", text);
    return err_hint(e, "use the letters a (floppy), c (disk), d (CD-ROM) and n (network)");
}

static int check_cpu_list(const char *text, struct err *e)
{
    if (is_cpu_list(text))
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a list of CPUs", text);
    return err_hint(e, "write numbers, ranges and exceptions: 0-3,5,^1");
}

/* A hexadecimal number, 0x before it or not, below 16^digits; or NULL. Returns what follows. */
static const char *skip_hex(const char *text, size_t digits)
{
    size_t n;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    n = strspn(text, "0123456789abcdefABCDEF");
    return n && n <= digits ? text + n : NULL;
}

/* "2f8", "2f8-2ff" */
static int check_ioports(const char *text, struct err *e)
{
    const char *at = skip_hex(text, 4);

    if (at && *at == '-')
        at = skip_hex(at + 1, 4);
    if (at && !*at)
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a range of I/O ports", text);
    return err_hint(e, "write hexadecimal numbers: 2f8-2ff");
}

/* "fe000,10", "fe000,10@e0000" */
static int check_iomem(const char *text, struct err *e)
{
    const char *at = skip_hex(text, 13);

    at = at && *at == ',' ? skip_hex(at + 1, 13) : NULL;
    if (at && *at == '@')
        at = skip_hex(at + 1, 13);
    if (at && !*at)
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a range of memory pages", text);
    return err_hint(e, "write PAGE,COUNT or PAGE,COUNT@GUESTPAGE in hexadecimal: fe000,10");
}

static int check_irq(const char *text, struct err *e)
{
    int64_t irq;

    if (parse_int(text, &irq) && irq >= 0 && irq < 65536)
        return 0;
    return err_set(e, ERR_INVALID, "'%.60s' is not the number of an interrupt", text);
}

/* One register: 0x and digits, or 32 of 1 0 x k s. */
static bool is_cpuid_value(const char *text, size_t n)
{
    if (n > 2 && n <= 10 && strncmp(text, "0x", 2) == 0)
        return strspn(text + 2, "0123456789abcdefABCDEF") >= n - 2;
    return n == 32 && strspn(text, "01xks") >= n;
}

/*
 * xm's "LEAF[,SUBLEAF]:eax=V,ebx=V", or xl's "host,name=V,name=V". Names of features are Xen's
 * business, so only the form is checked.
 */
static int check_cpuid(const char *text, struct err *e)
{
    const char *at = strchr(text, ':');
    bool xm = at && text[0] >= '0' && text[0] <= '9';

    at = xm ? at + 1 : text;
    while (*at) {
        size_t n = strcspn(at, ","), key = strcspn(at, "=,");
        bool pair = key > 0 && key + 1 < n;

        if (xm ? !pair || key != 3 || !is_cpuid_value(at + key + 1, n - key - 1)
               : !pair && strncmp(at, "host", n) != 0) {
            err_set(e, ERR_INVALID, "'%.100s' is not what CPUID may say", text);
            return err_hint(e, "write LEAF:eax=V,ebx=V with V 0x and digits, or 32 of 1 0 x k s; "
                               "or host,name=V");
        }
        at += n;
        at += *at == ',';
    }
    return 0;
}

/* Who honours a field. The test driver takes everything, so it never notes what it ignores. */
#define X (ON_XEN | ON_TEST)
#define Q (ON_QEMU | ON_TEST)
#define STR(m) .name = #m, .type = FIELD_STR, .offset = offsetof(struct spec, m)
#define INT(m) .name = #m, .type = FIELD_INT, .offset = offsetof(struct spec, m)
#define BOOL(m) .name = #m, .type = FIELD_BOOL, .offset = offsetof(struct spec, m)
#define WORD(m, w) .name = #m, .type = FIELD_WORD, .offset = offsetof(struct spec, m), .words = (w)
#define LIST(m) .name = #m, .type = FIELD_LIST, .offset = offsetof(struct spec, m)
/* What is carried for people who write it down, while no driver honours it: N, "nobody". */
#define N ON_TEST
#define OTHER(m, t) .name = #m, .type = t, .offset = offsetof(struct spec, other), .in_map = true
/* Carried likewise, and honoured by the xen driver, which looks into the map. */
#define XSTR(m) OTHER(m, FIELD_STR), .drivers = X
#define XINT(m, low, high) OTHER(m, FIELD_INT), .min = (low), .max = (high), .drivers = X
#define XBOOL(m) OTHER(m, FIELD_BOOL), .drivers = X
#define OSTR(m) OTHER(m, FIELD_STR), .drivers = N
#define OINT(m, low, high) OTHER(m, FIELD_INT), .min = (low), .max = (high), .drivers = N
#define OBOOL(m) OTHER(m, FIELD_BOOL), .drivers = N
#define OLIST(m) OTHER(m, FIELD_LIST), .drivers = N
#define OWORD(m, w) OTHER(m, FIELD_WORD), .words = (w), .drivers = N

/* In the order in which `list --long` of the original shows them: printing is a walk. */
static const struct field rows[] = {
    {INT(cpu_weight), .sxp = "cpu_weight", .dflt = "256", .min = 1, .max = 65535, .drivers = ON_ALL,
     .doc = "The domain's share of the CPUs, relative to others."},
    {INT(cpu_cap), .sxp = "cpu_cap", .min = 0, .max = CPU_CAP_MAX, .unit = "percent of one CPU",
     .drivers = ON_ALL, .doc = "The most CPU time that the domain gets; 0: no limit."},
    {STR(bootloader), .sxp = "bootloader", .drivers = X,
     .doc = "What finds kernel and ramdisk on the guest's first disk: pygrub, or a path; see "
            "xend(8)."},
    {WORD(on_crash, crash_actions), .sxp = "on_crash", .dflt = "restart", .drivers = ON_ALL,
     .doc =
         "What to do after a crash; preserve and rename-restart keep the guest, to be looked at."},
    {STR(uuid), .sxp = "uuid", .check = check_uuid, .drivers = ON_ALL,
     .doc = "The domain's identity; random when not given."},
    {STR(bootargs), .sxp = "bootloader_args", .drivers = X,
     .doc = "Arguments of the bootloader, as --entry=1 for pygrub."},
    {INT(vcpus), .sxp = "vcpus", .dflt = "1", .min = 1, .max = DOMAIN_VCPUS_MAX, .drivers = ON_ALL,
     .doc = "Virtual CPUs that the guest starts with."},
    {INT(maxvcpus), .min = 0, .max = DOMAIN_VCPUS_MAX, .drivers = ON_ALL,
     .doc = "Virtual CPUs that the guest may have later; 0: as vcpus."},
    {STR(description), .sxp = "description", .drivers = ON_ALL, .doc = "Any text, for people."},
    {STR(name), .sxp = "name", .check = check_name, .drivers = ON_ALL,
     .doc = "The domain's name, unique on this host; xm takes the file's name by default."},
    {LIST(cpus), .sxp = "cpus", .drivers = ON_ALL,
     .doc = "CPUs to run on, as 0-3,^1: one text for all virtual CPUs, or one for each of "
            "vcpus or of maxvcpus."},
    {WORD(on_reboot, end_actions), .sxp = "on_reboot", .dflt = "restart", .drivers = ON_ALL,
     .doc = "What to do when the guest reboots; see on_crash."},
    {WORD(on_poweroff, end_actions), .sxp = "on_poweroff", .dflt = "destroy", .drivers = ON_ALL,
     .doc = "What to do when the guest powers off; see on_crash."},
    {STR(pool), .sxp = "pool_name", .dflt = "Pool-0", .drivers = X,
     .doc = "The cpupool that the domain runs in."},
    {INT(maxmem), .sxp = "maxmem", .min = 0, .max = MEMORY_MAX_MIB, .unit = "MiB",
     .drivers = ON_ALL, .doc = "Memory that the guest may have later; 0: as memory."},
    {INT(memory), .sxp = "memory", .dflt = "128", .min = 1, .max = MEMORY_MAX_MIB, .unit = "MiB",
     .drivers = ON_ALL, .doc = "Memory that the guest starts with."},
    {INT(shadow_memory), .sxp = "shadow_memory", .min = 0, .max = MEMORY_MAX_MIB, .unit = "MiB",
     .drivers = X, .doc = "Memory for shadow page tables; 0: as much as is needed."},
    {STR(features), .sxp = "features", .drivers = X,
     .doc = "Features that the guest kernel must or must not use."},
    {WORD(on_xend_start, xend_start_actions), .sxp = "on_xend_start", .drivers = ON_ALL,
     .doc = "Whether a managed domain starts together with xend."},
    {WORD(on_xend_stop, xend_stop_actions), .sxp = "on_xend_stop", .drivers = ON_ALL,
     .doc = "What happens to the domain when xend stops."},
    {WORD(type, types), .sxp = "image", .drivers = ON_ALL,
     .doc = "Paravirtual (pv), paravirtual in a hardware container (pvh), or fully virtual (hvm)."},
    {STR(kernel), .sxp = "image/kernel", .check = check_kernel, .drivers = ON_ALL,
     .doc = "The guest's kernel, a file of the host."},
    {STR(ramdisk), .sxp = "image/ramdisk", .check = check_absolute, .drivers = ON_ALL,
     .doc = "The kernel's initial RAM disk, a file of the host."},
    {STR(root), .sxp = "image/root", .drivers = ON_ALL,
     .doc = "The root= part of the kernel's command line."},
    {STR(extra), .sxp = "image/args", .drivers = ON_ALL,
     .doc = "The rest of the kernel's command line."},
    {BOOL(acpi), .sxp = "image/acpi", .dflt = "1", .drivers = ON_ALL,
     .doc = "Give the guest ACPI tables."},
    {BOOL(apic), .sxp = "image/apic", .dflt = "1", .drivers = X,
     .doc = "Give the guest an interrupt controller for several CPUs."},
    {STR(boot), .sxp = "image/boot", .dflt = "c", .check = check_boot, .drivers = ON_ALL,
     .doc = "Where firmware boots from: a floppy, c disk, d CD-ROM, n network, in this order."},
    {STR(device_model), .sxp = "image/device_model", .drivers = X,
     .doc = "The program that emulates devices."},
    {BOOL(hap), .sxp = "image/hap", .dflt = "1", .drivers = X,
     .doc = "Use the CPU's second stage of page tables."},
    {STR(keymap), .sxp = "image/keymap", .drivers = ON_ALL, .doc = "The keyboard layout of VNC."},
    {STR(loader), .sxp = "image/loader", .drivers = X, .doc = "The firmware of HVM guests."},
    {BOOL(localtime), .sxp = "image/localtime", .drivers = ON_ALL,
     .doc = "The guest's clock shows local time, not UTC."},
    {BOOL(nestedhvm), .sxp = "image/nestedhvm", .drivers = X,
     .doc = "The guest may run virtual machines itself."},
    {BOOL(nographic), .sxp = "image/nographic", .drivers = ON_ALL,
     .doc = "No graphics card at all."},
    {INT(nomigrate), .sxp = "image/nomigrate", .min = 0, .max = 1, .drivers = ON_ALL,
     .doc = "1: the domain cannot be migrated or restored."},
    {BOOL(pae), .sxp = "image/pae", .dflt = "1", .drivers = X,
     .doc = "Give 32-bit guests physical addresses over 4 GiB."},
    {INT(rtc_timeoffset), .sxp = "image/rtc_timeoffset", .min = INT32_MIN, .max = INT32_MAX,
     .unit = "seconds", .drivers = ON_ALL, .doc = "What the guest's clock differs from UTC."},
    {BOOL(sdl), .sxp = "image/sdl", .drivers = N, .doc = "Show the screen in a local window."},
    {LIST(serial), .sxp = "image/serial", .drivers = ON_QEMU | N,
     .doc = "Emulated serial ports, as QEMU's -serial: pty (xm console -n N), file:PATH, "
            "tcp:HOST:PORT."},
    {STR(soundhw), .sxp = "image/soundhw", .drivers = N, .doc = "The emulated sound cards."},
    {INT(tsc_mode), .sxp = "image/tsc_mode", .min = 0, .max = 3, .drivers = X,
     .doc = "Time stamp counter: 0 default, 1 always emulated, 2 never, 3 pvrdtscp."},
    {BOOL(usb), .sxp = "image/usb", .drivers = ON_ALL, .doc = "Emulate a USB controller."},
    {LIST(usbdevice), .sxp = "image/usbdevice", .drivers = ON_ALL,
     .doc = "USB devices: tablet, mouse, keyboard, host:BUS.ADDR, host:VENDOR:PRODUCT, disk:FILE."},
    {INT(videoram), .sxp = "image/videoram", .dflt = "4", .min = 0, .max = 1024, .unit = "MiB",
     .drivers = ON_ALL, .doc = "Memory of the emulated graphics card."},
    {BOOL(viridian), .sxp = "image/viridian", .drivers = X,
     .doc = "Offer Microsoft's hypervisor interface to the guest."},
    {BOOL(vnc), .sxp = "image/vnc", .drivers = ON_ALL, .doc = "Serve the screen by VNC."},
    {INT(vncdisplay), .sxp = "image/vncdisplay", .dflt = "-1", .min = -1, .max = 59635,
     .drivers = ON_ALL, .doc = "The VNC display (port 5900 + N); -1: the first free one."},
    {BOOL(vncunused), .sxp = "image/vncunused", .dflt = "1", .drivers = ON_ALL,
     .doc = "Take the first free VNC display when the given one is taken."},
    {STR(vnclisten), .sxp = "image/vnclisten", .drivers = ON_ALL,
     .doc = "The address that VNC listens on; vnc-listen of xend's configuration by default."},
    {STR(vncpasswd), .sxp = "image/vncpasswd", .check = check_vncpasswd, .secret = true,
     .drivers = ON_ALL, .doc = "The VNC password, of at most 8 characters; see vnc."},
    /* From here on: no place of their own in the original's form. */
    {STR(ip), .drivers = ON_ALL, .doc = "The guest's address, for the kernel's ip= parameter."},
    {STR(gateway), .drivers = ON_ALL, .doc = "The guest's router, for ip=."},
    {STR(netmask), .drivers = ON_ALL, .doc = "The guest's netmask, for ip=."},
    {STR(hostname), .drivers = ON_ALL, .doc = "The guest's host name, for ip=."},
    {STR(interface), .dflt = "eth0", .drivers = ON_ALL, .doc = "The interface that ip= is about."},
    {STR(dhcp), .dflt = "off", .drivers = ON_ALL,
     .doc = "How the kernel gets its address: off or dhcp, for ip=."},
    {STR(nfs_server), .drivers = ON_ALL, .doc = "The server of the root file system over NFS."},
    {STR(nfs_root), .drivers = ON_ALL,
     .doc = "The server's directory that is the root file system."},
    {BOOL(autostart), .drivers = ON_ALL, .doc = "A managed domain that starts with the host."},
    {INT(start_order), .min = 0, .max = START_ORDER_MAX, .drivers = ON_ALL,
     .doc = "When it is autostarted: 1 first, then 2, ...; 0: after all that have a number."},
    {INT(start_delay), .min = 0, .max = START_DELAY_MAX, .unit = "seconds", .drivers = ON_ALL,
     .doc = "How long domains that are autostarted after it wait once it runs."},
    {LIST(start_after), .check = check_name, .drivers = ON_ALL,
     .doc = "Names of domains that are autostarted before it."},
    {STR(machine), .drivers = Q, .doc = "QEMU's machine type: microvm, q35 or pc."},
    {STR(cpu_model), .drivers = Q, .doc = "QEMU's CPU model."},
    {STR(accel), .drivers = Q, .doc = "QEMU's accelerator: kvm or tcg."},
    /* Carried: the original's, with their places in its form. */
    {OINT(oos, 0, 1), .sxp = "oos", .doc = "Let shadow page tables get out of step."},
    {OINT(s3_integrity, 0, 1), .sxp = "s3_integrity",
     .doc = "Protect memory while the host sleeps."},
    {OINT(target, 0, 32767), .sxp = "target", .doc = "The domain that this device model serves."},
    {OINT(machine_address_size, 0, 64), .sxp = "machine_address_size", .unit = "bits",
     .doc = "The guest's memory lies below this machine address."},
    {OBOOL(suppress_spurious_page_faults), .sxp = "suppress_spurious_page_faults",
     .doc = "Hide page faults that have no cause from the guest."},
    {OBOOL(superpages), .sxp = "image/superpages", .doc = "Build the guest of 2 MiB pages."},
    {OSTR(fda), .sxp = "image/fda", .doc = "The image of floppy disk A."},
    {OSTR(fdb), .sxp = "image/fdb", .doc = "The image of floppy disk B."},
    {OSTR(guest_os_type), .sxp = "image/guest_os_type", .doc = "What runs there, for tuning."},
    {XBOOL(hpet), .sxp = "image/hpet", .doc = "Give the guest a high-precision event timer."},
    {OBOOL(isa), .sxp = "image/isa", .doc = "Emulate a machine with an ISA bus only."},
    {OBOOL(memory_sharing), .sxp = "image/memory_sharing", .doc = "Share equal pages of guests."},
    {OBOOL(monitor), .sxp = "image/monitor", .doc = "Offer the device model's monitor."},
    {OSTR(monitor_path), .sxp = "image/monitor_path", .doc = "Where that monitor goes."},
    {OBOOL(opengl), .sxp = "image/opengl", .doc = "Draw the local window with OpenGL."},
    {OSTR(display), .sxp = "image/display", .doc = "The X display of the local window."},
    {OSTR(xauthority), .sxp = "image/xauthority", .doc = "The X authority file of that window."},
    {OSTR(parallel), .sxp = "image/parallel", .doc = "Where the emulated parallel port goes."},
    {OSTR(watchdog), .sxp = "image/watchdog", .doc = "The emulated watchdog: ib700, i6300esb."},
    {OSTR(watchdog_action), .sxp = "image/watchdog_action",
     .doc = "What that watchdog does: reset, shutdown, poweroff, pause, none, dump."},
    {OINT(actmem, 0, MEMORY_MAX_MIB), .sxp = "image/actmem", .unit = "MiB",
     .doc = "Memory that is in use at most; the rest is paged out."},
    {OSTR(xenpaging_file), .sxp = "image/xenpaging_file", .doc = "Where it is paged out to."},
    {OSTR(xenpaging_extra), .sxp = "image/xenpaging_extra", .doc = "Arguments of the pager."},
    {XBOOL(stdvga), .sxp = "image/stdvga", .doc = "Emulate a standard VGA card, not a Cirrus."},
    {XINT(timer_mode, 0, 3), .sxp = "image/timer_mode",
     .doc = "Missed ticks: 0 delay, 1 do not delay, 2 do not keep, 3 keep one pending."},
    {XBOOL(vpt_align), .sxp = "image/vpt_align", .doc = "Let the guest's timers tick together."},
    {XBOOL(xen_platform_pci), .sxp = "image/xen_platform_pci",
     .doc = "Show the PCI device that paravirtual drivers of HVM guests look for."},
    {OSTR(gfx_passthru), .sxp = "image/gfx_passthru",
     .doc = "The passed-through PCI device is the primary graphics card: 0, 1 or igd."},
    {OBOOL(xen_extended_power_mgmt), .sxp = "image/xen_extended_power_mgmt",
     .doc = "The guest manages the host's power."},
    {OLIST(cpuid), .sxp = "cpuid", .check = check_cpuid, .doc = "What the guest's CPUID shows."},
    {OLIST(cpuid_check), .sxp = "cpuid_check", .check = check_cpuid,
     .doc = "What the host's CPUID must show."},
    {OBOOL(blkif), .doc = "The domain serves disks to others."},
    {OBOOL(netif), .doc = "The domain serves network interfaces to others."},
    {OLIST(ioports), .check = check_ioports, .doc = "I/O ports of the host, hexadecimal: 2f8-2ff."},
    {OLIST(irqs), .check = check_irq, .doc = "Interrupts of the host, as numbers."},
    /* Carried: xl's. */
    {OLIST(iomem), .check = check_iomem,
     .doc = "Memory of host devices: PAGE,COUNT[@GUESTPAGE] in hexadecimal page numbers."},
    {OLIST(cpus_soft), .check = check_cpu_list, .doc = "CPUs that the domain prefers."},
    {OWORD(on_watchdog, crash_actions), .doc = "What to do when a watchdog of the guest fires."},
    {OWORD(on_soft_reset, soft_reset_actions), .doc = "What to do when the guest resets softly."},
    {OINT(max_grant_frames, 0, GRANTS_MAX), .doc = "The most frames of the grant table."},
    {OINT(max_maptrack_frames, 0, GRANTS_MAX), .doc = "The most frames of the maptrack table."},
    {OINT(max_grant_version, 0, 2), .doc = "The newest version of grant tables: 1 or 2."},
    {OINT(max_event_channels, 0, 131071), .doc = "The most event channels."},
    {OINT(period, 0, INT32_MAX), .doc = "A period of the scheduler sedf or rtds."},
    {OINT(budget, 0, INT32_MAX), .doc = "CPU time in each period, for rtds."},
    {OINT(extratime, 0, 1), .doc = "The domain may have CPU time that nobody else wants."},
    {OBOOL(driver_domain), .doc = "The domain drives devices for others."},
    {OSTR(seclabel), .doc = "The Flask label."},
    {OSTR(init_seclabel), .doc = "The Flask label while the domain is built."},
    {OSTR(device_tree), .doc = "A device tree to hand to an Arm guest."},
    {OLIST(dtdev), .doc = "Devices of the host's device tree, by path."},
    {OSTR(passthrough), .doc = "How devices reach memory: disabled, sync_pt, share_pt, enabled."},
    {OSTR(rdm), .doc = "Reserved device memory: strategy=host,policy=strict."},
    {OINT(rdm_mem_boundary, 0, MEMORY_MAX_MIB), .unit = "MiB",
     .doc = "Where memory below 4 GiB is split for reserved device memory."},
    {OBOOL(e820_host), .doc = "Show the host's memory map to a PV guest."},
    {OSTR(firmware), .doc = "Firmware instead of a kernel: pvgrub64, ovmf, seabios or a path."},
    {OSTR(bios), .doc = "The firmware of HVM guests: rombios, seabios, ovmf."},
    {XSTR(bios_path_override), .doc = "The file of that firmware."},
    {OSTR(hdtype), .doc = "What hda to hdd are: ide or ahci."},
    {XBOOL(acpi_s3), .doc = "Offer suspend to RAM in ACPI tables."},
    {XBOOL(acpi_s4), .doc = "Offer suspend to disk in ACPI tables."},
    {XBOOL(acpi_laptop_slate), .doc = "Show the switch between laptop and slate."},
    {OSTR(acpi_firmware), .doc = "A file with ACPI tables to add."},
    {OSTR(smbios_firmware), .doc = "A file with SMBIOS tables to add."},
    {OLIST(smbios), .doc = "SMBIOS strings, as system_manufacturer=x."},
    {OSTR(ms_vm_genid), .doc = "Microsoft's VM generation id: none or generate."},
    {OBOOL(nx), .doc = "Offer pages that cannot be executed."},
    {OSTR(altp2m), .doc = "Views of guest memory: disabled, mixed, external, limited."},
    {OBOOL(altp2mhvm), .doc = "As altp2m, of old."},
    {OLIST(mca_caps), .doc = "Machine check capabilities, such as lmce."},
    {OLIST(viridian_groups), .doc = "Parts of Microsoft's interface, in xl the list of viridian."},
    {OINT(mmio_hole, 0, 65536), .unit = "MiB", .doc = "Room below 4 GiB for devices."},
    {XSTR(vga), .doc = "The graphics card: stdvga, cirrus, qxl or none."},
    {OINT(usbversion, 0, 3), .doc = "The version of the emulated USB controller."},
    {OSTR(vendor_device), .doc = "The PCI device that Windows Update knows: none or xenserver."},
    {OBOOL(vkb_device), .doc = "Give a HVM guest a paravirtual keyboard, too."},
    {OLIST(vkb), .doc = "Paravirtual keyboards, key=value."},
    {OLIST(vdispl), .doc = "Paravirtual displays, key=value."},
    {OBOOL(spice), .doc = "Serve the screen by SPICE."},
    {OSTR(spicehost), .doc = "The address that SPICE listens on."},
    {OINT(spiceport, 0, 65535), .doc = "The port of SPICE."},
    {OINT(spicetls_port, 0, 65535), .doc = "The port of SPICE with TLS."},
    {OBOOL(spicedisable_ticketing), .doc = "SPICE without a password."},
    {OSTR(spicepasswd), .secret = true, .doc = "The password of SPICE."},
    {OBOOL(spiceagent_mouse), .doc = "The mouse by SPICE's agent."},
    {OBOOL(spicevdagent), .doc = "SPICE's agent in the guest."},
    {OBOOL(spice_clipboard_sharing), .doc = "A clipboard by SPICE's agent."},
    {OINT(spiceusbredirection, 0, 4), .doc = "Channels for USB devices by SPICE."},
    {OSTR(spice_image_compression), .doc = "How SPICE compresses images."},
    {OSTR(spice_streaming_video), .doc = "Which video SPICE streams: filter, all, off."},
    {OSTR(device_model_version), .doc = "qemu-xen or qemu-xen-traditional."},
    {OSTR(device_model_override), .doc = "The device model's program."},
    {OBOOL(device_model_stubdomain_override),
     .doc = "The device model runs in a domain of its own."},
    {OSTR(device_model_stubdomain_seclabel), .doc = "The Flask label of that domain."},
    {OSTR(stubdomain_kernel), .doc = "The kernel of that domain."},
    {OSTR(stubdomain_ramdisk), .doc = "The RAM disk of that domain."},
    {OSTR(stubdomain_cmdline), .doc = "The command line of that domain's kernel."},
    {OINT(stubdomain_memory, 0, MEMORY_MAX_MIB), .unit = "MiB", .doc = "Memory of that domain."},
    {OLIST(device_model_args), .doc = "More arguments of the device model."},
    {OLIST(device_model_args_pv), .doc = "The same, for PV guests only."},
    {OLIST(device_model_args_hvm), .doc = "The same, for HVM guests only."},
    {OSTR(device_model_user), .doc = "The user that the device model runs as."},
    {OBOOL(dm_restrict), .doc = "The device model can do nothing beyond its guest."},
    {OSTR(gic_version), .doc = "The interrupt controller of an Arm guest: v2, v3."},
    {OSTR(vuart), .doc = "The serial port of an Arm guest: sbsa_uart."},
    {OSTR(tee), .doc = "The trusted environment of an Arm guest: none, optee."},
    {OBOOL(vpmu), .doc = "Give the guest performance counters."},
    {OINT(vmtrace_buf_kb, 0, 1048576), .unit = "KiB", .doc = "Room for traces of each vcpu."},
    {OBOOL(xend_suspend_evtchn_compat),
     .doc = "Announce the event channel of suspend as xend did."},
    {OLIST(vnuma), .check = check_vnode,
     .doc = "Virtual NUMA nodes, each a list: pnode=0, size=512, vcpus=0-1, vdistances=10,20."},
    {OLIST(vsnd), .check = check_vsnd,
     .doc = "Paravirtual sound cards, each a list: 'CARD, short-name=X', 'PCM, name=X', 'STREAM, "
            "id=0, type=p'."},
    {OLIST(pvcalls), .doc = "Paravirtual sockets, key=value."},
    {OBOOL(pvshim), .doc = "Run a PV guest within a PVH container, on Xen's shim."},
    {OSTR(pvshim_path), .doc = "The file of that shim."},
    {OSTR(pvshim_cmdline), .doc = "The shim's command line."},
    {OSTR(pvshim_extra), .doc = "More of the shim's command line."},
    {OBOOL(msr_relaxed), .doc = "Unknown registers of the CPU read as 0."},
    {OSTR(blkdev_start), .doc = "The first name that disks without one get."},
    {OBOOL(numa_placement), .doc = "Choose the NUMA node of the domain."},
};

const struct fields spec_fields = {rows, ARRAY_LEN(rows)};
