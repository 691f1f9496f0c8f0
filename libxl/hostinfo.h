/*
 * Facts about a Linux host, for drivers that have no hypervisor to ask. Reads /proc, /sys and
 * CPUID; never fails: what cannot be found out is 0 or "". Safe from any thread.
 */
#ifndef LIBXL_HOSTINFO_H
#define LIBXL_HOSTINFO_H

#include <stdint.h>

#include "config/value.h"

struct hostinfo {
    char host[65], release[65], version[65], machine[65];
    int64_t cpus, nodes, cores_per_socket, threads_per_core;
    int64_t cpu_mhz;
    char hw_caps[96];            /* feature words as Xen prints them */
    int64_t total_mib, free_mib; /* free: what could be had without swapping */
};

void hostinfo_read(struct hostinfo *h);

/*
 * Tables of CPUs (core, socket, node) and of NUMA nodes (MiB; distances), a line each below their
 * headings, as `xl info -n` prints them. The caller frees.
 */
char *hostinfo_cpu_topology(void);
char *hostinfo_numa_nodes(void);

/*
 * The first keys of `xm info`, in the original's order: host ... free_cpus, and the two tables.
 * virt_caps: "hvm" and the like. The caller's.
 */
struct value *hostinfo_to_value(const struct hostinfo *h, const char *virt_caps);

#endif
