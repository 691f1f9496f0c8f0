/* `xm info` on a Xen host: what dom0's Linux knows of itself, and what the hypervisor does. */
#include <string.h>

#include "libxl/hostinfo.h"
#include "libxl/xen/xen.h"

#define PAGES_PER_MIB 256

/* The processors and the memory of the host, of which dom0 may see a part only. */
static void read_host(struct hostinfo *h, const xc_physinfo_t *p)
{
    size_t n = 0;

    hostinfo_read(h);
    h->cpus = p->nr_cpus;
    h->nodes = p->nr_nodes;
    h->cores_per_socket = p->cores_per_socket;
    h->threads_per_core = p->threads_per_core;
    h->cpu_mhz = p->cpu_khz / 1000;
    h->total_mib = (int64_t)(p->total_pages / PAGES_PER_MIB);
    h->free_mib = (int64_t)(p->free_pages / PAGES_PER_MIB);
    for (size_t i = 0; i < ARRAY_LEN(p->hw_cap); i++)
        n += (size_t)snprintf(h->hw_caps + n, sizeof(h->hw_caps) - n, "%s%08x", i ? ":" : "",
                              p->hw_cap[i]);
}

static char *virt_caps(const xc_physinfo_t *p)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } caps[] = {{XEN_SYSCTL_PHYSCAP_pv, "pv"},
                {XEN_SYSCTL_PHYSCAP_hvm, "hvm"},
                {XEN_SYSCTL_PHYSCAP_directio, "hvm_directio"},
                {XEN_SYSCTL_PHYSCAP_hap, "hap"},
                {XEN_SYSCTL_PHYSCAP_shadow, "shadow"}};
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < ARRAY_LEN(caps); i++)
        if (p->capabilities & caps[i].bit)
            buf_addf(&b, "%s%s", b.len ? " " : "", caps[i].name);
    return buf_steal(&b);
}

const char *scheduler_name(int id)
{
    static const char *const names[] = {
        [XEN_SCHEDULER_CREDIT] = "credit",     [XEN_SCHEDULER_CREDIT2] = "credit2",
        [XEN_SCHEDULER_ARINC653] = "arinc653", [XEN_SCHEDULER_RTDS] = "rtds",
        [XEN_SCHEDULER_NULL] = "null",
    };

    return id >= 0 && (size_t)id < ARRAY_LEN(names) && names[id] ? names[id] : "unknown";
}

/* Those that are in no cpupool. */
static int free_cpus(xc_interface *xch)
{
    AUTO(freep) xc_cpumap_t map = xc_cpupool_freeinfo(xch);
    struct cpuset set;

    if (!map)
        return 0;
    set_from_map(&set, map, xc_get_cpumap_size(xch));
    return (int)cpuset_count(&set);
}

/* Texts that Xen answers by number; "" when it does not. */
static void set_text(struct value *v, const char *key, xc_interface *xch, int what)
{
    char text[sizeof(xen_capabilities_info_t) + 1] = ""; /* the longest of them */
    size_t n;

    if (xc_version(xch, what, text) < 0)
        text[0] = '\0';
    n = strlen(text);
    while (n && text[n - 1] == ' ')
        text[--n] = '\0';
    value_set_str(v, key, text);
}

struct value *xen_node_info(struct driver *driver, struct err *e)
{
    xc_interface *xch = xen_of(driver)->xch;
    AUTO(freep) char *caps = NULL;
    AUTO(freep) char *start = NULL;
    xen_platform_parameters_t platform = {0};
    xen_compile_info_t compile = {0};
    xc_physinfo_t host = {0};
    struct hostinfo h;
    struct value *v;
    int version, scheduler = -1;

    if (xc_physinfo(xch, &host) < 0 || (version = xc_version(xch, XENVER_version, NULL)) < 0) {
        err_xen(e, NULL);
        return NULL;
    }
    xc_version(xch, XENVER_platform_parameters, &platform);
    xc_version(xch, XENVER_compile_info, &compile);
    xc_sched_id(xch, &scheduler);
    read_host(&h, &host);
    caps = virt_caps(&host);
    start = xasprintf("virt_start=0x%lx", (unsigned long)platform.virt_start);
    v = hostinfo_to_value(&h, caps);
    value_set_int(v, "free_cpus", free_cpus(xch));
    value_set_int(v, "xen_major", version >> 16);
    value_set_int(v, "xen_minor", version & 0xffff);
    set_text(v, "xen_extra", xch, XENVER_extraversion);
    set_text(v, "xen_caps", xch, XENVER_capabilities);
    value_set_str(v, "xen_scheduler", scheduler_name(scheduler));
    value_set_int(v, "xen_pagesize", xc_version(xch, XENVER_pagesize, NULL));
    value_set_str(v, "platform_params", start);
    set_text(v, "xen_changeset", xch, XENVER_changeset);
    set_text(v, "xen_commandline", xch, XENVER_commandline);
    value_set_str(v, "cc_compiler", compile.compiler);
    value_set_str(v, "cc_compile_by", compile.compile_by);
    value_set_str(v, "cc_compile_domain", compile.compile_domain);
    value_set_str(v, "cc_compile_date", compile.compile_date);
    value_set_int(v, "xend_config_format", 4);
    return v;
}
