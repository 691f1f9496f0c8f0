/*
 * xm cpupool-list, -create, -new, -start, -delete, -destroy, -cpu-add, -cpu-remove and -migrate:
 * parts of a Xen host's CPUs with a scheduler of their own; and xm debug-keys. Programs parse the
 * columns.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/sxp.h"
#include "libxl/base/mem.h"
#include "xm/domfile.h"
#include "xm/domains.h"

const struct option cpupool_list_options[] = {
    {'l', "long", NULL, "List all that is known, as SXP."},
    {'c', "cpus", NULL, "List the CPUs of each."},
    {0, "json", NULL, "Print JSON."},
    {0},
};

/* "0,1,5": the original has no ranges. */
static char *cpu_list(const struct value *pool)
{
    const struct value *cpus = value_get(pool, "cpus");
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < value_len(cpus); i++)
        buf_addf(&b, "%s%" PRId64, i ? "," : "", value_as_int(value_at(cpus, i)));
    return buf_steal(&b);
}

static void print_row(const struct value *pool, bool cpus)
{
    AUTO(freep) char *name = clean_text(value_get_str(pool, "name", ""));
    AUTO(freep) char *list = cpu_list(pool);
    char count[24];

    snprintf(count, sizeof(count), "%zu", value_len(value_get(pool, "cpus")));
    if (cpus)
        printf("%-16s %s\n", name, list ? list : "");
    else
        printf("%-16s   %3s  %8s       %s          %" PRId64 "\n", name, count,
               value_get_str(pool, "scheduler", ""),
               value_get_bool(pool, "active", true) ? "y" : "n", value_get_int(pool, "domains", 0));
}

/* (pool (name p1) (cpus (0 1)) ...) */
static void print_long(const struct value *pool)
{
    AUTO(value_freep) struct value *form = value_list();
    AUTO(buf_clear) struct buf b = BUF_INIT;

    value_add_take(form, value_str("pool"));
    for (size_t i = 0; i < value_len(pool); i++) {
        struct value *pair = value_list();

        value_add_take(pair, value_str(value_key(pool, i)));
        value_add_take(pair, value_copy(value_at(pool, i)));
        value_add_take(form, pair);
    }
    sxp_print_pretty(form, 80, &b);
    puts(buf_str(&b));
}

static struct value *wanted_pools(struct xm *xm, const struct args *a, struct err *e)
{
    AUTO(value_freep) struct value *reply = xend_get(xm, "/v1/cpupools", e);
    const struct value *all = value_get(reply, "cpupools");
    struct value *out = value_list();

    for (size_t i = 0; i < value_len(all); i++)
        if (!a->words.len ||
            strcmp(value_get_str(value_at(all, i), "name", ""), args_word(a, 0)) == 0)
            value_add_take(out, value_copy(value_at(all, i)));
    if (reply && (value_len(out) || !a->words.len))
        return out;
    if (reply)
        err_set(e, ERR_NOT_FOUND, "Pool '%s' does not exist.", args_word(a, 0));
    value_free(out);
    return NULL;
}

int cmd_cpupool_list(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *pools = NULL;
    bool cpus = args_has(a, "cpus"), all = args_has(a, "long");
    struct err e;

    pools = wanted_pools(xm, a, &e);
    if (!pools)
        return xm_fail(&e);
    if (args_has(a, "json")) {
        print_json(pools);
        return EXIT_SUCCESS;
    }
    if (!all)
        puts(cpus ? "Name             CPU list"
                  : "Name               CPUs   Sched     Active   Domain count");
    for (size_t i = 0; i < value_len(pools); i++) {
        if (all)
            print_long(value_at(pools, i));
        else
            print_row(value_at(pools, i), cpus);
    }
    return EXIT_SUCCESS;
}

static int post(struct xm *xm, const char *path, const struct value *body)
{
    struct err e;

    return xend_request(xm, "POST", path, body, NULL, &e) < 0 ? xm_fail(&e) : EXIT_SUCCESS;
}

/* A count, or CPUs as a list or a text. */
static int add_cpus(const struct value *vars, struct value *body, struct err *e)
{
    const struct value *v = value_get(vars, "cpus");
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (!v)
        return 0;
    if (value_type(v) == VALUE_INT) {
        value_set_int(body, "cpus", value_as_int(v));
        return 0;
    }
    if (value_type(v) == VALUE_STRING)
        buf_adds(&b, value_as_str(v));
    for (size_t i = 0; value_type(v) == VALUE_LIST && i < value_len(v); i++) {
        const struct value *one = value_at(v, i);

        if (value_type(one) == VALUE_STRING)
            buf_addf(&b, "%s%s", b.len ? "," : "", value_as_str(one));
        else if (value_type(one) == VALUE_INT)
            buf_addf(&b, "%s%" PRId64, b.len ? "," : "", value_as_int(one));
    }
    if (!b.len)
        return err_set(e, ERR_INVALID, "cpus: expected a count, or CPUs such as [\"2\", \"3\"]");
    value_set_str(body, "cpus", buf_str(&b));
    return 0;
}

/* name, sched and cpus; the name of the file is the pool's when it sets none. */
static int read_pool(struct domfile *f, struct value *body, struct err *e)
{
    AUTO(value_freep) struct value *vars = domfile_read_values(f, e);
    const char *base = strrchr(f->path, '/');

    if (!vars)
        return -1;
    value_set_str(body, "name", value_get_str(vars, "name", base ? base + 1 : f->path));
    value_set_str(body, "scheduler", value_get_str(vars, "sched", NULL));
    return add_cpus(vars, body, e);
}

static int send_pool(struct xm *xm, const struct args *a, const char *path)
{
    AUTO(value_freep) struct value *body = value_map();
    struct domfile f = {0};
    int r, status = EXIT_ERROR;
    struct err e;

    r = domfile_find(&f, args_word(a, 0), ".:/etc/xen", &e);
    for (size_t i = 1; r == 0 && i < a->words.len; i++)
        r = domfile_override(&f, args_word(a, i), &e);
    if (r == 0)
        printf("Using config file \"%s\".\n", f.path);
    if (r < 0 || read_pool(&f, body, &e) < 0)
        status = xm_fail(&e);
    else
        status = post(xm, path, body);
    domfile_clear(&f);
    return status;
}

int cmd_cpupool_create(struct xm *xm, const struct args *a)
{
    return send_pool(xm, a, "/v1/cpupools");
}

int cmd_cpupool_new(struct xm *xm, const struct args *a)
{
    return send_pool(xm, a, "/v1/cpupools/define");
}

static char *pool_path(const char *name, const char *suffix)
{
    AUTO(freep) char *escaped = url_escape(name);

    return xasprintf("/v1/cpupools/%s%s", escaped, suffix);
}

static int post_about(struct xm *xm, const struct args *a, const char *suffix)
{
    AUTO(freep) char *path = pool_path(args_word(a, 0), suffix);

    return post(xm, path, NULL);
}

int cmd_cpupool_start(struct xm *xm, const struct args *a)
{
    return post_about(xm, a, "/start");
}

int cmd_cpupool_destroy(struct xm *xm, const struct args *a)
{
    return post_about(xm, a, "/destroy");
}

int cmd_cpupool_delete(struct xm *xm, const struct args *a)
{
    return post_about(xm, a, "/delete");
}

static int change_cpus(struct xm *xm, const struct args *a, const char *suffix)
{
    AUTO(value_freep) struct value *body = value_map();
    AUTO(freep) char *path = pool_path(args_word(a, 0), suffix);

    value_set_str(body, "cpus", args_word(a, 1));
    return post(xm, path, body);
}

int cmd_cpupool_cpu_add(struct xm *xm, const struct args *a)
{
    return change_cpus(xm, a, "/cpu-add");
}

int cmd_cpupool_cpu_remove(struct xm *xm, const struct args *a)
{
    return change_cpus(xm, a, "/cpu-remove");
}

int cmd_cpupool_migrate(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();

    value_set_str(body, "pool", args_word(a, 1));
    return domain_act(xm, a, "/cpupool", body, NULL);
}

int cmd_debug_keys(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();

    value_set_str(body, "keys", args_word(a, 0));
    return post(xm, "/v1/host/debug-keys", body);
}
