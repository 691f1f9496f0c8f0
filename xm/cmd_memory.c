/* xm mem-set and mem-max: sizes in MiB, or with the suffix K, M or G. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/xm.h"

#define MIB_MAX (1LL << 40) /* no host has this much; sums of a few stay in 64 bits */

/* What a suffix makes of a number, in MiB: times / per. */
static const struct {
    char letter;
    int64_t times, per;
} units[] = {{'k', 1, 1024}, {'m', 1, 1}, {'g', 1024, 1}};

/* Whole MiB, rounded down as the original did; -1 when the text is no size. */
static int64_t parse_mib(const char *text)
{
    AUTO(freep) char *digits = xstrdup(text);
    size_t len = strlen(digits), unit = 1;
    int64_t n;

    for (size_t i = 0; len && i < ARRAY_LEN(units); i++) {
        if ((digits[len - 1] | 32) != units[i].letter)
            continue;
        digits[len - 1] = '\0';
        unit = i;
        break;
    }
    if (!parse_int(digits, &n) || n < 0 || n > MIB_MAX)
        return -1;
    return n * units[unit].times / units[unit].per;
}

static int set_size(struct xm *xm, const struct args *a, const char *action, const char *key,
                    struct value **job)
{
    AUTO(value_freep) struct value *body = value_map();
    int64_t mib = parse_mib(args_word(a, 1));

    if (mib < 0)
        return xm_usage_error(xm->command, "Invalid argument.");
    value_set_int(body, key, mib);
    return domain_act(xm, a, action, body, job);
}

int cmd_mem_set(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *job = NULL;
    int status = set_size(xm, a, "/memory", "memory_mib", &job);

    if (status == EXIT_SUCCESS && args_has(a, "json"))
        print_result(job);
    return status;
}

int cmd_mem_max(struct xm *xm, const struct args *a)
{
    return set_size(xm, a, "/maxmem", "maxmem_mib", NULL);
}
