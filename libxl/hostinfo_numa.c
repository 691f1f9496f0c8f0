/* The two tables of `xm info -n`, from sysfs: see hostinfo.h. */
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/hostinfo.h"

#define CPUS "/sys/devices/system/cpu"
#define NODES "/sys/devices/system/node"
#define FILE_BYTES_MAX 65536

/* What a file of sysfs says; false when it is not there. */
static bool read_text(const char *path, struct buf *out)
{
    struct err none;

    buf_clear(out);
    return read_file(path, FILE_BYTES_MAX, out, &none) == 0;
}

static int64_t read_number(const char *dir, const char *name)
{
    AUTO(freep) char *path = path_join(dir, name);
    AUTO(buf_clear) struct buf b = BUF_INIT;

    return read_text(path, &b) ? strtoll(buf_str(&b), NULL, 10) : 0;
}

/* Directories dir/wordN, sorted by N: calls each. */
typedef void each_fn(struct buf *out, const char *dir, int64_t number);

static void for_numbered(const char *dir, const char *word, each_fn *each, struct buf *out)
{
    AUTO(freep) char *pattern = xasprintf("%s/%s[0-9]*", dir, word);
    size_t prefix = strlen(dir) + 1 + strlen(word), found = 0;
    glob_t g;

    if (glob(pattern, GLOB_NOSORT, NULL, &g) != 0)
        return;
    for (int64_t n = 0; found < g.gl_pathc && n < 65536; n++)
        for (size_t i = 0; i < g.gl_pathc; i++)
            if (strtoll(g.gl_pathv[i] + prefix, NULL, 10) == n) {
                each(out, g.gl_pathv[i], n);
                found++;
            }
    globfree(&g);
}

/* cpuN holds a link nodeM when the kernel knows of nodes. */
static int64_t node_of(const char *cpu_dir)
{
    AUTO(freep) char *pattern = path_join(cpu_dir, "node[0-9]*");
    int64_t node = 0;
    glob_t g;

    if (glob(pattern, GLOB_NOSORT, NULL, &g) != 0)
        return 0;
    node = strtoll(g.gl_pathv[0] + strlen(cpu_dir) + strlen("/node"), NULL, 10);
    globfree(&g);
    return node;
}

static void add_cpu(struct buf *out, const char *dir, int64_t number)
{
    buf_addf(out, "\n%3" PRId64 ":%8" PRId64 " %8" PRId64 " %8" PRId64, number,
             read_number(dir, "topology/core_id"), read_number(dir, "topology/physical_package_id"),
             node_of(dir));
}

/* "Node 0 MemTotal:  123 kB" of a node's meminfo, in MiB. */
static int64_t node_mib(const char *meminfo, const char *key)
{
    const char *at = strstr(meminfo, key);

    return at ? strtoll(at + strlen(key), NULL, 10) / 1024 : 0;
}

static void add_node(struct buf *out, const char *dir, int64_t number)
{
    AUTO(freep) char *meminfo = path_join(dir, "meminfo"), *distance = path_join(dir, "distance");
    AUTO(buf_clear) struct buf memory = BUF_INIT, far = BUF_INIT;

    read_text(meminfo, &memory);
    read_text(distance, &far);
    buf_addf(out, "\n%4" PRId64 ":    %6" PRId64 "     %6" PRId64 "      ", number,
             node_mib(buf_str(&memory), "MemTotal:"), node_mib(buf_str(&memory), "MemFree:"));
    for (const char *at = buf_str(&far); *at && *at != '\n'; at++)
        buf_addc(out, *at == ' ' ? ',' : *at);
}

char *hostinfo_cpu_topology(void)
{
    struct buf b = BUF_INIT;

    buf_adds(&b, "cpu:    core    socket     node");
    for_numbered(CPUS, "cpu", add_cpu, &b);
    return buf_steal(&b);
}

char *hostinfo_numa_nodes(void)
{
    struct buf b = BUF_INIT;

    buf_adds(&b, "node:    memsize    memfree    distances");
    for_numbered(NODES, "node", add_node, &b);
    return buf_steal(&b);
}
