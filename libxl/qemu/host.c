/* `xm info` and `xm dmesg` on a host whose hypervisor is QEMU: Linux, that is. */
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#include "libxl/hostinfo.h"
#include "libxl/qemu/qemu.h"

#ifdef __clang__
#define COMPILER ""
#else
#define COMPILER "gcc "
#endif

/*
 * Keys that only Xen could fill keep the form that clients parse: numbers where they do arithmetic
 * (xen_major, xen_minor, xen_pagesize), a list of guest kinds in xen_caps (virt-install looks for
 * "hvm"), plain words elsewhere. xen_extra says that it is not Xen. The major and minor numbers
 * are those of the interface that we follow.
 */
struct value *qemu_node_info(struct driver *d, struct err *e)
{
    struct hostinfo h;
    struct value *v;

    (void)d;
    (void)e;
    hostinfo_read(&h);
    v = hostinfo_to_value(&h, "hvm");
    value_set_int(v, "xen_major", 4);
    value_set_int(v, "xen_minor", 17);
    value_set_str(v, "xen_extra", ".0-qemu");
    value_set_str(v, "xen_caps", "hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64");
    value_set_str(v, "xen_scheduler", "linux");
    value_set_int(v, "xen_pagesize", 4096);
    value_set_str(v, "platform_params", "virt_start=0x0");
    value_set_str(v, "xen_changeset", "unavailable");
    value_set_str(v, "xen_commandline", "");
    value_set_str(v, "cc_compiler", COMPILER __VERSION__);
    value_set_str(v, "cc_compile_by", "");
    value_set_str(v, "cc_compile_domain", "");
    value_set_str(v, "cc_compile_date", ""); /* builds are reproducible */
    value_set_int(v, "xend_config_format", 4);
    return v;
}

/* Actions of syslog(2), which glibc does not name. */
enum { READ_ALL = 3, SIZE_BUFFER = 10 };

/* "<6>[    0.000000] Linux version ..." as dmesg prints it, without "<6>". */
static void add_lines(char *text, struct buf *out)
{
    char *line;

    while ((line = strsep(&text, "\n"))) {
        char *end = line[0] == '<' ? strchr(line, '>') : NULL;

        if (*line)
            buf_addf(out, "%s\n", end ? end + 1 : line);
    }
}

/* Where guests run under KVM, its complaints are here; it is the host's log, not ours. */
int qemu_host_log(struct driver *d, bool clear, struct buf *out, struct err *e)
{
    AUTO(freep) char *text = NULL;
    int size, n;

    (void)d;
    if (clear)
        return err_set(e, ERR_UNSUPPORTED, "the host's kernel log is not xend's to clear");
    size = klogctl(SIZE_BUFFER, NULL, 0);
    if (size < 0)
        return err_sys(e, "the host's kernel log");
    text = xcalloc(1, (size_t)size + 1);
    n = klogctl(READ_ALL, text, size);
    if (n < 0)
        return err_sys(e, "the host's kernel log");
    add_lines(text, out);
    return 0;
}
