/* The test driver's host: numbers that never change, so that outputs can be compared. */
#include "libxl/test/test_driver.h"

/* The keys of `xm info` of Xen 4.17, in the original's order; memory comes in between. */
static const struct {
    const char *key, *text;
    int64_t number; /* when text is NULL */
} facts[] = {
    {"host", "testhost", 0},
    {"release", "6.1.0-test", 0},
    {"version", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.0", 0},
    {"machine", "x86_64", 0},
    {"nr_cpus", NULL, 16},
    {"nr_nodes", NULL, 1},
    {"cores_per_socket", NULL, 8},
    {"threads_per_core", NULL, 2},
    {"cpu_mhz", NULL, 2400},
    {"hw_caps", "bfebfbff:77fef3ff:2c100800:00000121:0000000f:009c67ab:00000008:00000100", 0},
    {"virt_caps", "hvm hvm_directio", 0},
    {"total_memory", NULL, -1},
    {"free_memory", NULL, -2},
    {"free_cpus", NULL, 0},
    {"cpu_topology", "cpu:    core    socket     node\n  0:       0        0        0", 0},
    {"numa_info", "node:    memsize    memfree    distances\n   0:   4194304    4194304      10",
     0},
    {"xen_major", NULL, 4},
    {"xen_minor", NULL, 17},
    {"xen_extra", ".0", 0},
    {"xen_caps", "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64", 0},
    {"xen_scheduler", "credit2", 0},
    {"xen_pagesize", NULL, 4096},
    {"platform_params", "virt_start=0xffff800000000000", 0},
    {"xen_changeset", "test", 0},
    {"xen_commandline", "placeholder", 0},
    {"cc_compiler", "gcc (Debian 12.2.0-14) 12.2.0", 0},
    {"cc_compile_by", "test", 0},
    {"cc_compile_domain", "example.org", 0},
    {"cc_compile_date", "Thu Jan  1 00:00:00 UTC 1970", 0},
    {"xend_config_format", NULL, 4},
};

struct value *test_node_info(struct driver *driver, struct err *e)
{
    struct test_driver *d = driver_of(driver);
    struct value *map;
    uint64_t total, used;

    if (rules_enter(d, NULL, TEST_NODE_INFO, NULL, e) < 0)
        return NULL;
    pthread_mutex_lock(&d->lock);
    total = d->memory_kib / 1024;
    used = (d->used_kib + 1023) / 1024;
    pthread_mutex_unlock(&d->lock);
    map = value_map();
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        int64_t n = facts[i].number;

        if (facts[i].text)
            value_set_str(map, facts[i].key, facts[i].text);
        else
            value_set_int(map, facts[i].key,
                          n == -1   ? (int64_t)total
                          : n == -2 ? (int64_t)(total - used)
                                    : n);
    }
    return map;
}
