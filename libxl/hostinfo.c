/* Facts about a Linux host: see hostinfo.h. Called by drivers for node_info and memory checks. */
#include "libxl/hostinfo.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "libxl/base/io.h"
#include "libxl/base/mem.h"

#define PROC_BYTES_MAX (4 * 1024 * 1024) /* /proc/cpuinfo of 4096 CPUs is about 6 KiB a dozen */

/* The number after "key" and a separator in a file of such lines; 0 when there is none. */
static double number_after(const char *path, const char *key)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e;
    const char *at;

    if (read_file(path, PROC_BYTES_MAX, &b, &e) < 0)
        return 0;
    at = strstr(buf_str(&b), key);
    if (!at)
        return 0;
    at += strlen(key);
    return strtod(at + strspn(at, " \t:"), NULL);
}

/* How many names match. */
static int64_t count_files(const char *pattern)
{
    glob_t g;
    int64_t n = 0;

    if (glob(pattern, GLOB_NOSORT, NULL, &g) == 0)
        n = (int64_t)g.gl_pathc;
    globfree(&g);
    return n;
}

/* How many CPUs a sysfs list such as "0-3,8" names. */
static int64_t count_list(const char *path)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e;
    char *at;
    int64_t n = 0;

    if (read_file(path, 4096, &b, &e) < 0)
        return 0;
    at = b.ptr;
    while (at && *at >= '0' && *at <= '9') {
        long from = strtol(at, &at, 10), to = from;

        if (*at == '-')
            to = strtol(at + 1, &at, 10);
        n += to - from + 1;
        if (*at == ',')
            at++;
    }
    return n;
}

/* As CPU 0 sees it: hosts with unlike sockets are not told apart. */
static void read_topology(struct hostinfo *h)
{
    static const char cpu0[] = "/sys/devices/system/cpu/cpu0/topology/";
    char path[128];
    int64_t package;

    h->cpus = sysconf(_SC_NPROCESSORS_ONLN);
    h->nodes = count_files("/sys/devices/system/node/node[0-9]*");
    if (h->nodes < 1)
        h->nodes = 1;
    snprintf(path, sizeof(path), "%sthread_siblings_list", cpu0);
    h->threads_per_core = count_list(path);
    if (h->threads_per_core < 1)
        h->threads_per_core = 1;
    snprintf(path, sizeof(path), "%score_siblings_list", cpu0);
    package = count_list(path);
    h->cores_per_socket = (package ? package : h->cpus) / h->threads_per_core;
}

/* The eight words of the original: CPUID leaves 1 and 0x80000001, Linux's own and Centaur's. */
static void read_caps(struct hostinfo *h)
{
    unsigned a, b, c1 = 0, d1 = 0, c8 = 0, d8 = 0, b7 = 0;

#if defined(__x86_64__) || defined(__i386__)
    unsigned c, d;

    __get_cpuid(1, &a, &b, &c1, &d1);
    __get_cpuid(0x80000001u, &a, &b, &c8, &d8);
    __get_cpuid_count(7, 0, &a, &b7, &c, &d);
#else
    (void)a, (void)b;
#endif
    snprintf(h->hw_caps, sizeof(h->hw_caps), "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", d1, d8, 0u,
             0u, c1, 0u, c8, b7);
}

void hostinfo_read(struct hostinfo *h)
{
    struct utsname u;

    memset(h, 0, sizeof(*h));
    uname(&u);
    snprintf(h->host, sizeof(h->host), "%.64s", u.nodename);
    snprintf(h->release, sizeof(h->release), "%.64s", u.release);
    snprintf(h->version, sizeof(h->version), "%.64s", u.version);
    snprintf(h->machine, sizeof(h->machine), "%.64s", u.machine);
    read_topology(h);
    h->cpu_mhz = (int64_t)number_after("/proc/cpuinfo", "cpu MHz");
    read_caps(h);
    h->total_mib = (int64_t)number_after("/proc/meminfo", "MemTotal:") / 1024;
    h->free_mib = (int64_t)number_after("/proc/meminfo", "MemAvailable:") / 1024;
}

struct value *hostinfo_to_value(const struct hostinfo *h, const char *virt_caps)
{
    AUTO(freep) char *topology = hostinfo_cpu_topology(), *nodes = hostinfo_numa_nodes();
    struct value *v = value_map();

    value_set_str(v, "host", h->host);
    value_set_str(v, "release", h->release);
    value_set_str(v, "version", h->version);
    value_set_str(v, "machine", h->machine);
    value_set_int(v, "nr_cpus", h->cpus);
    value_set_int(v, "nr_nodes", h->nodes);
    value_set_int(v, "cores_per_socket", h->cores_per_socket);
    value_set_int(v, "threads_per_core", h->threads_per_core);
    value_set_int(v, "cpu_mhz", h->cpu_mhz);
    value_set_str(v, "hw_caps", h->hw_caps);
    value_set_str(v, "virt_caps", virt_caps);
    value_set_int(v, "total_memory", h->total_mib);
    value_set_int(v, "free_memory", h->free_mib);
    value_set_int(v, "free_cpus", 0); /* CPUs in no cpupool: there are no cpupools */
    value_set_str(v, "cpu_topology", topology);
    value_set_str(v, "numa_info", nodes);
    return v;
}
