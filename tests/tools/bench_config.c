/*
 * Times the config languages in process: medians of single runs, for tests/bench/config.sh.
 *   bench_config py FILE      microseconds to parse and evaluate, then KiB that one run adds to the
 *                             process
 *   bench_config sxp FILE     milliseconds to read the file as SXP, then to print it
 *   bench_config gen MIB      prints MIB of SXP, like many domains of `list --long`, to stdout, and
 *                             the same data as JSON to stderr
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "config/json.h"
#include "config/py.h"
#include "config/sxp.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"

#define PY_RUNS 2001
#define SXP_RUNS 9
#define FILE_MAX (64u << 20)

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *times, size_t n)
{
    qsort(times, n, sizeof(*times), compare);
    return times[n / 2];
}

static long rss_kib(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

static int bench_py(const struct buf *text)
{
    struct py_input in = {.name = "bench", .text = buf_str(text), .len = text->len};
    static double times[PY_RUNS];
    struct err e;
    long before = rss_kib(), added = 0;

    for (size_t i = 0; i < PY_RUNS; i++) {
        double start = now_us();
        struct value *v = py_eval(&in, &e);

        times[i] = now_us() - start;
        if (!v) {
            fprintf(stderr, "%s\n", e.msg);
            return 1;
        }
        value_free(v);
        if (i == 0)
            added = rss_kib() - before;
    }
    printf("%.1f %ld\n", median(times, PY_RUNS), added);
    return 0;
}

static int bench_sxp(const struct buf *text)
{
    double reads[SXP_RUNS], prints[SXP_RUNS];
    struct err e;

    for (size_t i = 0; i < SXP_RUNS; i++) {
        AUTO(buf_clear) struct buf out = BUF_INIT;
        double start = now_us();
        AUTO(value_freep) struct value *v = sxp_parse(buf_str(text), text->len, "bench", &e);

        reads[i] = now_us() - start;
        if (!v) {
            fprintf(stderr, "%s\n", e.msg);
            return 1;
        }
        start = now_us();
        for (size_t j = 0; j < value_len(v); j++)
            sxp_print(value_at(v, j), &out);
        prints[i] = now_us() - start;
    }
    printf("%.2f %.2f\n", median(reads, SXP_RUNS) / 1e3, median(prints, SXP_RUNS) / 1e3);
    return 0;
}

static int generate(size_t mib)
{
    static const char form[] =
        "(domain (domid 17) (cpu_weight 256) (cpu_cap 0) (bootloader '') (on_crash restart) "
        "(uuid 8c8a6ab2-3f0e-4f5c-9a41-0d2c6a1b7e55) (vcpus 2) (name web1.example.org) "
        "(cpus ((0 1 2 3) (0 1 2 3))) (memory 512) (features 'pae|writable page tables') "
        "(image (linux (kernel /boot/vmlinuz) (args 'root=/dev/xvda1 ro console=hvc0'))) "
        "(device (vbd (uname phy:/dev/vg/web1) (dev xvda:disk) (mode w))) "
        "(device (vif (mac 00:16:3e:01:02:03) (script '/etc/xen/scripts/vif-bridge x'))))\n";
    AUTO(buf_clear) struct buf json = BUF_INIT;
    AUTO(value_freep) struct value *all = NULL;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;

    while (text.len < mib << 20)
        buf_adds(&text, form);
    all = sxp_parse(text.ptr, text.len, "form", &e);
    if (!all)
        return 1;
    json_print(all, &json);
    fwrite(text.ptr, 1, text.len, stdout);
    fwrite(json.ptr, 1, json.len, stderr);
    return 0;
}

int main(int argc, char **argv)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;

    if (argc == 3 && strcmp(argv[1], "gen") == 0)
        return generate(strtoul(argv[2], NULL, 10));
    if (argc != 3 || read_file(argv[2], FILE_MAX, &text, &e) < 0) {
        fprintf(stderr, "usage: bench_config py|sxp FILE, gen MIB\n");
        return 2;
    }
    return strcmp(argv[1], "py") == 0 ? bench_py(&text) : bench_sxp(&text);
}
