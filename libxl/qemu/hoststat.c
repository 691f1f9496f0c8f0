/*
 * The host's own numbers, from /proc/stat: it is Domain-0 here (the uuid of zeros), and its CPUs
 * are that domain's virtual CPUs. What guests use is part of what it does. Called by sample.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/hostinfo.h"
#include "libxl/qemu/qemu.h"

#define STAT_BYTES_MAX (4 * 1024 * 1024) /* 100 bytes a CPU, and the interrupts */

uint64_t ticks_to_ns(uint64_t ticks)
{
    return ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* What a line of /proc/stat counts as work: all but idle and iowait (the 4th and the 5th). */
static uint64_t busy_ns(const char *line)
{
    uint64_t n[8] = {0};

    sscanf(line,
           "%*s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
           " %" SCNu64,
           &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]);
    return ticks_to_ns(n[0] + n[1] + n[2] + n[5] + n[6] + n[7]);
}

/* The sum of all CPUs is the first line. */
void host_sample(guest_sample_fn *each, void *arg)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct guest_sample s = {.uuid = HOST_UUID, .state = GUEST_RUNNING};
    struct hostinfo h;
    struct err e;

    hostinfo_read(&h);
    s.mem_kib = (uint64_t)h.total_mib * 1024;
    s.vcpus_online = (unsigned)h.cpus;
    if (read_file("/proc/stat", STAT_BYTES_MAX, &b, &e) == 0)
        s.cpu_ns = busy_ns(buf_str(&b));
    each(arg, &s);
}

void host_vcpus(const struct cpuset *online, vcpu_sample_fn *each, void *arg)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    unsigned left = cpuset_count(online);
    struct err e;

    if (read_file("/proc/stat", STAT_BYTES_MAX, &b, &e) < 0)
        return;
    for (unsigned i = 0; left; i++) {
        AUTO(freep) char *start = xasprintf("\ncpu%u ", i);
        const char *line = strstr(buf_str(&b), start);
        bool there = cpuset_has(online, i);
        struct vcpu_sample v = {.uuid = HOST_UUID,
                                .vcpu = i,
                                .online = there,
                                .running = there,
                                .cpu = there ? (int)i : -1,
                                .cpu_ns = line ? busy_ns(line + 1) : 0};

        each(arg, &v);
        left -= there;
    }
}
