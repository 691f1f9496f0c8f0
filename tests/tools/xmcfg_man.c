/*
 * Prints xm.cfg(5), the manual page of configuration files, from the tables of the spec and of the
 * devices: every variable with type, unit, range, default, who honours it and what it means. Run by
 * the Makefile.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libxl/spec.h"

/* Text as troff takes it: no line begins with a dot or an apostrophe, backslashes are escaped. */
static void print_text(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

static const char *type_name(const struct field *f)
{
    static const char *const names[] = {[FIELD_STR] = "text",
                                        [FIELD_INT] = "number",
                                        [FIELD_BOOL] = "0 or 1",
                                        [FIELD_WORD] = "one of",
                                        [FIELD_LIST] = "list of texts"};

    return names[f->type];
}

static void print_range(const struct field *f)
{
    if (f->type == FIELD_WORD)
        for (size_t i = 0; f->words[i]; i++) {
            fputs(i ? ", " : " ", stdout);
            print_text(f->words[i]);
        }
    if (f->type == FIELD_INT) {
        printf(", %s%" PRId64 " to %" PRId64, f->min < 0 ? "\\" : "", f->min, f->max);
    }
    if (f->unit) {
        putchar(' ');
        print_text(f->unit);
    }
    if (f->dflt || f->type == FIELD_WORD) {
        fputs(", default ", stdout);
        print_text(f->dflt ? f->dflt : f->words[0]);
    } else if (!f->in_map && (f->type == FIELD_INT || f->type == FIELD_BOOL)) {
        fputs(", default 0", stdout);
    }
}

static void print_drivers(unsigned drivers)
{
    bool xen = drivers & ON_XEN, qemu = drivers & ON_QEMU;

    puts(".br");
    if (xen && qemu)
        puts("Drivers: xen, qemu.");
    else if (xen || qemu)
        printf("Driver: %s.\n", xen ? "xen" : "qemu");
    else
        puts("Kept and printed again; no driver honours it.");
}

static void print_field(const struct field *f, bool drivers)
{
    printf(".TP\n.B %s\n(", f->name);
    fputs(type_name(f), stdout);
    print_range(f);
    puts(")");
    print_text(f->doc);
    putchar('\n');
    if (drivers)
        print_drivers(f->drivers);
}

static bool is_carried(const struct field *f)
{
    return !(f->drivers & (ON_XEN | ON_QEMU));
}

static void print_variables(bool carried)
{
    for (size_t i = 0; i < spec_fields.n; i++)
        if (is_carried(&spec_fields.rows[i]) == carried)
            print_field(&spec_fields.rows[i], !carried);
}

static void print_devices(void)
{
    static const char *const forms[DEVICE_CLASSES] = {
        [DEVICE_DISK] = "TYPE:TARGET,VDEV[:cdrom],MODE[,BACKEND[,PROTOCOL]] as in xm; or as in xl "
                        "TARGET,FORMAT,VDEV,ACCESS, or key=value with target= last",
        [DEVICE_PCI] = "[DOMAIN:]BUS:SLOT.FUNCTION[@VSLOT][,key=value...]",
        [DEVICE_VSCSI] = "PDEV,VDEV[,BACKEND]",
        [DEVICE_VUSB] = "usbver=1|2,numports=N,port_N=BUS",
    };

    for (int c = 0; c < DEVICE_CLASSES; c++) {
        const struct fields *t = &device_fields[c];

        printf(".SS %s\nA list of texts, one for each device: ",
               device_class_name((enum device_class)c));
        print_text(forms[c] ? forms[c] : "key=value,key=value... with these keys");
        puts(".");
        for (size_t i = 0; i < t->n; i++)
            print_field(&t->rows[i], true);
    }
}

static const char head[] =
    ".TH XM.CFG 5 \"\" \"xend\" \"File formats\"\n"
    ".SH NAME\n"
    "xm.cfg \\- configuration files of domains\n"
    ".SH DESCRIPTION\n"
    "A configuration file describes one domain for\n"
    ".BR xm (1)\n"
    "create: a program in a small language like Python, whose variables are the domain. Files of "
    "xm and\n"
    "of xl are both understood. Most files are lines of the form\n"
    ".IR name \" = \" value .\n"
    ".PP\n"
    ".EX\n"
    "name = \"web1\"\n"
    "kernel = \"/boot/vmlinuz\"\n"
    "memory = 512\n"
    "disk = [ 'phy:/dev/vg/web1,xvda,w', 'file:/srv/data.img,xvdb,w' ]\n"
    "vif = [ 'bridge=br0' ]\n"
    ".EE\n"
    ".PP\n"
    "Text stands in quotes, lists in brackets with commas between their items; # begins a "
    "comment.\n"
    "Everything else that Python has to compute values is there: if, for, while, def, try, strings "
    "and\n"
    "their methods, %, format and f-strings, lists, dicts, comprehensions, generators; in the "
    "spellings\n"
    "of Python 2 and of Python 3. Integers divide to integers. Modules: os, re, string, sys, "
    "math,\n"
    "platform, socket, xen.util.ip, as far as they do no harm: a file computes, it reads no other "
    "file,\n"
    "runs no program and sees neither network nor time. Classes, with and decorators are not "
    "there.\n"
    ".PP\n"
    "execfile('NAME') and \"from NAME import *\" (NAME.py) run a file that stands beside this "
    "one.\n"
    ".PP\n"
    "xm create FILE name=value sets a variable: of this page, and then it wins over the file; or "
    "any\n"
    "other, which the file sees as text. xm_vars.var('NAME', use='TEXT', check=FUNCTION) declares "
    "such\n"
    "a variable and xm_vars.check() checks all.\n"
    ".PP\n"
    "Unknown variables do no harm; one that is spelled nearly like a known one is warned of.\n"
    ".B xm check\n"
    "tells all that is wrong with a file,\n"
    ".B xm convert\n"
    "prints it in another notation.\n"
    ".SH VARIABLES\n"
    "Behind the name stand type, range, unit and default; and which drivers honour it. What a "
    "driver\n"
    "does not honour is ignored with a warning, or refused with \\-\\-strict.\n";

static const char names[] =
    ".SH OTHER NAMES\n"
    "builder = \"hvm\" is type = \"hvm\", pvh = 1 is type = \"pvh\"; cmdline is the whole kernel "
    "command\n"
    "line, root and extra its two halves; cap is cpu_cap, bootloader_args is bootargs, irq is "
    "irqs.\n"
    "vcpu_avail is a mask of the virtual CPUs that are there at first; cpu, nics and restart are "
    "of old.\n"
    "pci_msitranslate, pci_power_mgmt, pci_permissive and pci_seize are for all of pci that do not "
    "say\n"
    "it. tsc_mode and timer_mode may be xl's words. viridian may be a list of groups.\n"
    ".SH HVM GUESTS ON XEN\n"
    "They boot by Xen's hvmloader and SeaBIOS from what boot says, or kernel and ramdisk at once; "
    "kernel\n"
    "or loader may name another hvmloader. hda to hdd and xvda to xvdd are IDE disks, sda to sdg "
    "SCSI disks,\n"
    "each with a backend of dom0 beside it, which the guest's own drivers take in its place; those "
    "with\n"
    "other names have a backend only. IDE disks cannot be read-only; a :cdrom is one of hda to hdd "
    "and may\n"
    "be empty. An interface of type netfront has a backend only, others an emulated card, too "
    "(model).\n"
    "The console is the first serial port. With vnc there is a graphics card (vga, stdvga, "
    "videoram: its\n"
    "memory is a part of the guest's) and a tablet; vncpasswd needs a QEMU with such passwords, "
    "which\n"
    "Debian's QEMU for Xen is not. usbdevice is tablet, mouse or keyboard. xm shutdown ends a "
    "guest "
    "without\n"
    "drivers for Xen at once; xm trigger NAME power presses its button. Such guests are not saved, "
    "restored\n"
    "or migrated. When its QEMU dies the guest has crashed, and on_crash says what follows.\n"
    ".SH LIMITS\n"
    "A file has at most 1 MiB, with what it includes; it takes less than a second and 32 MiB to\n"
    "evaluate, or ends with an error.\n"
    ".SH FILES\n"
    ".I /etc/xen\n"
    "is where xm looks for a file that is not in the working directory.\n"
    ".I /etc/xen/xmexample*\n"
    "are examples.\n"
    ".SH SEE ALSO\n"
    ".BR xm (1),\n"
    ".BR xend (8)\n";

int main(void)
{
    fputs(head, stdout);
    print_variables(false);
    puts(".SH DEVICES");
    print_devices();
    puts(
        ".SH VARIABLES THAT ARE ONLY KEPT\nOf xm and xl; they are checked, kept and printed again, "
        "but no driver of this xend honours them:\neach is warned of unless it is 0.");
    print_variables(true);
    fputs(names, stdout);
    return ferror(stdout) || fflush(stdout) != 0;
}
