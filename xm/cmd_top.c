/*
 * xm top: which domains use the host. Live on a terminal; with -b blocks of text as xentop's, each
 * with its header. Shares of CPU time come from the difference between two looks.
 */
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/base/vec.h"
#include "libxl/field.h"
#include "xm/domains.h"
#include "xm/screen.h"
#include "xm/xm.h"

#define DELAY_MS 3000 /* xentop's */
#define DELAY_MAX_S 86400
#define TOP_PATH                                                                                   \
    "/v1/domains?fields=name,uuid,domid,memory_mib,maxmem_mib,vcpus,state,idle,cpu_time"
#define CTRL_C 3
#define CTRL_L 12
#define CTRL_Z 26

const struct option top_options[] = {
    {'b', "batch", NULL, "Print plain text, block after block."},
    {'d', "delay", "SECONDS", "Time between two looks (3); 0.5 is possible."},
    {'n', "iterations", "COUNT", "End after so many looks."},
    {0},
};

/* One running domain at one look. */
struct row {
    char *name, *uuid, state[8];
    int64_t domid, mem_mib, maxmem_mib, vcpus;
    double cpu_s, cpu_percent;
};
struct rows VEC(struct row);

struct top {
    struct xm *xm;
    struct rows rows;
    int64_t at_ms, host_mib; /* of the look; memory of the host */
    int sort;                /* the key that chose the order; 0: xend's */
    int delay_ms;
    int64_t looks; /* still to be shown; -1: no end */
};

static void rows_clear(struct rows *r)
{
    for (size_t i = 0; i < r->len; i++) {
        free(r->ptr[i].name);
        free(r->ptr[i].uuid);
    }
    vec_clear(r);
}

/* The same guest at the look before, or NULL. Hint: at the same place, mostly. */
static const struct row *find_row(const struct rows *r, const struct row *now, size_t hint)
{
    for (size_t n = 0; n < r->len; n++) {
        const struct row *old = &r->ptr[(hint + n) % r->len];
        if (old->domid == now->domid && strcmp(old->uuid, now->uuid) == 0)
            return old;
    }
    return NULL;
}

static void add_row(struct rows *rows, const struct value *domain)
{
    struct row r = {.name = clean_text(value_get_str(domain, "name", "")),
                    .uuid = xstrdup(value_get_str(domain, "uuid", "")),
                    .domid = value_get_int(domain, "domid", 0),
                    .mem_mib = value_get_int(domain, "memory_mib", 0),
                    .maxmem_mib = value_get_int(domain, "maxmem_mib", 0),
                    .vcpus = value_get_int(domain, "vcpus", 0),
                    .cpu_s = domain_real(domain, "cpu_time")};

    snprintf(r.state, sizeof(r.state), "%s", domain_letters(domain));
    vec_push(rows, r);
}

/* Takes a new look; the old rows give the shares. */
static int look(struct top *t, struct err *e)
{
    AUTO(value_freep) struct value *reply = xend_get(t->xm, TOP_PATH, e);
    const struct value *domains = value_get(reply, "domains");
    AUTO(rows_clear) struct rows old = t->rows;
    int64_t before_ms = t->at_ms;

    if (!reply) {
        old = (struct rows){0}; /* they stay */
        return -1;
    }
    t->at_ms = now_ms();
    t->rows = (struct rows){0};
    for (size_t i = 0; i < value_len(domains); i++)
        if (domain_number(value_at(domains, i), "domid"))
            add_row(&t->rows, value_at(domains, i));
    for (size_t i = 0; i < t->rows.len; i++) {
        struct row *r = &t->rows.ptr[i];
        const struct row *was = find_row(&old, r, i);

        if (was && t->at_ms > before_ms && r->cpu_s > was->cpu_s)
            r->cpu_percent = 1e5 * (r->cpu_s - was->cpu_s) / (double)(t->at_ms - before_ms);
    }
    return 0;
}

static int by_cpu(const void *a, const void *b)
{
    double x = ((const struct row *)a)->cpu_percent, y = ((const struct row *)b)->cpu_percent;

    return (x < y) - (x > y);
}

static int by_memory(const void *a, const void *b)
{
    int64_t x = ((const struct row *)a)->mem_mib, y = ((const struct row *)b)->mem_mib;

    return (x < y) - (x > y);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

static const struct {
    int key;
    int (*compare)(const void *a, const void *b);
} orders[] = {{'c', by_cpu}, {'m', by_memory}, {'n', by_name}};

static void sort_rows(struct top *t)
{
    for (size_t i = 0; i < ARRAY_LEN(orders); i++)
        if (orders[i].key == t->sort && t->rows.len)
            qsort(t->rows.ptr, t->rows.len, sizeof(*t->rows.ptr), orders[i].compare);
}

/* Header and rows, right-aligned as xentop's; long names push their row to the right. */
static void print_rows(struct top *t, struct buf *b)
{
    buf_addf(b, "%16s %6s %10s %6s %9s %6s %9s %5s\n", "NAME", "STATE", "CPU(sec)", "CPU(%)",
             "MEM(MiB)", "MEM(%)", "MAXMEM", "VCPUS");
    sort_rows(t);
    for (size_t i = 0; i < t->rows.len; i++) {
        const struct row *r = &t->rows.ptr[i];

        buf_addf(b, "%16s %6s %10.0f %6.1f %9" PRId64 " %6.1f %9" PRId64 " %5" PRId64 "\n", r->name,
                 r->state, floor(r->cpu_s), r->cpu_percent, r->mem_mib,
                 t->host_mib > 0 ? 100.0 * (double)r->mem_mib / (double)t->host_mib : 0.0,
                 r->maxmem_mib, r->vcpus);
    }
}

static int read_host(struct top *t, struct err *e)
{
    AUTO(value_freep) struct value *host = xend_get(t->xm, "/v1/host", e);

    t->host_mib = value_get_int(host, "total_memory", 0);
    return host ? 0 : -1;
}

/* A look that waits for an xend that is being restarted. */
static int look_patiently(struct top *t, struct err *e)
{
    int64_t lost_ms = 0;

    while (look(t, e) < 0)
        if (!xend_try_again(&lost_ms, e))
            return -1;
    return 0;
}

static int run_batch(struct top *t, struct err *e)
{
    while (t->looks) {
        AUTO(buf_clear) struct buf b = BUF_INIT;

        print_rows(t, &b);
        fputs(b.ptr, stdout);
        if (fflush(stdout) != 0)
            return 0;
        if (t->looks > 0 && --t->looks == 0)
            return 0;
        poll(NULL, 0, t->delay_ms);
        if (look_patiently(t, e) < 0)
            return -1;
    }
    return 0;
}

static void draw(struct top *t, const struct err *lost)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    char time_text[32];

    format_time((double)time(NULL), time_text, sizeof(time_text));
    buf_addf(&b, "xm top  %s  %zu running, host memory %" PRId64 " MiB\n", time_text, t->rows.len,
             t->host_mib);
    buf_addf(&b, "%s\n", lost ? lost->msg : "q quit  c, m, n order by CPU, memory, name");
    print_rows(t, &b);
    screen_draw(b.ptr, 2);
}

/* Shows one look until the next is due; 1 when the user wants no more. */
static int show(struct top *t, const struct err *lost)
{
    int64_t until = now_ms() + t->delay_ms, left;

    draw(t, lost);
    while ((left = until - now_ms()) > 0) {
        int key = screen_key((int)left);

        if (key == 'q' || key == 'Q' || key == CTRL_C || key < 0)
            return 1;
        if (key == CTRL_Z)
            raise(SIGTSTP);
        if (key == ' ')
            return 0;
        if (key && strchr("cmn", key))
            t->sort = key;
        draw(t, lost);
    }
    return 0;
}

/* An xend that is away is told of on the screen, and asked again. */
static int run_live(struct top *t, struct err *e)
{
    int64_t lost_ms = 0;
    bool lost = false;

    while (!show(t, lost ? e : NULL)) {
        if (t->looks > 0 && --t->looks == 0)
            return 0;
        lost = look(t, e) < 0;
        if (lost && !xend_try_again(&lost_ms, e))
            return -1;
        if (!lost)
            lost_ms = 0;
    }
    return 0;
}

/* The options; 0, or the exit status of what is wrong. */
static int read_options(struct top *t, const struct args *a)
{
    const char *delay = args_get(a, "delay"), *count = args_get(a, "iterations");
    char *end;

    t->looks = -1;
    t->delay_ms = DELAY_MS;
    if (delay) {
        double seconds = strtod(delay, &end);
        if (end == delay || *end || !(seconds >= 0.1) || seconds > DELAY_MAX_S)
            return xm_usage_error(t->xm->command, "Invalid argument.");
        t->delay_ms = (int)(seconds * 1000);
    }
    if (count && (!parse_int(count, &t->looks) || t->looks <= 0))
        return xm_usage_error(t->xm->command, "Invalid argument.");
    return 0;
}

int cmd_top(struct xm *xm, const struct args *a)
{
    struct top t = {.xm = xm};
    bool batch = args_has(a, "batch");
    int r = read_options(&t, a);
    struct err e;

    if (r)
        return r;
    r = read_host(&t, &e) < 0 ? -1 : look(&t, &e);
    interrupt_quiet();
    if (r == 0 && batch) {
        r = run_batch(&t, &e);
    } else if (r == 0 && !screen_open()) {
        r = err_set(&e, ERR_INVALID, "standard input and output are no terminal");
        err_hint(&e, "xm top -b prints plain text");
    } else if (r == 0) {
        r = run_live(&t, &e);
        screen_close();
    }
    rows_clear(&t.rows);
    return r < 0 ? xm_fail(&e) : EXIT_SUCCESS;
}
