/* Sets of host CPUs: see cpuset.h. */
#include "libxl/cpuset.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/buf.h"
#include "libxl/base/mem.h"

void cpuset_add(struct cpuset *c, unsigned cpu)
{
    if (cpu < CPUSET_MAX)
        c->bits[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

bool cpuset_has(const struct cpuset *c, unsigned cpu)
{
    return cpu < CPUSET_MAX && c->bits[cpu / 64] >> cpu % 64 & 1;
}

unsigned cpuset_count(const struct cpuset *c)
{
    int n = 0;

    for (size_t i = 0; i < ARRAY_LEN(c->bits); i++)
        n += __builtin_popcountll(c->bits[i]);
    return (unsigned)n;
}

struct cpuset cpuset_first(unsigned n)
{
    struct cpuset c = {0};

    for (unsigned i = 0; i < n && i < CPUSET_MAX; i++)
        cpuset_add(&c, i);
    return c;
}

struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b)
{
    struct cpuset c;

    for (size_t i = 0; i < ARRAY_LEN(c.bits); i++)
        c.bits[i] = a->bits[i] & b->bits[i];
    return c;
}

/* "3" to 3; the place behind it, or NULL. */
static const char *parse_number(const char *at, unsigned *out)
{
    unsigned n = 0;

    if (!isdigit((unsigned char)*at))
        return NULL;
    for (; isdigit((unsigned char)*at); at++) {
        n = n * 10 + (unsigned)(*at - '0');
        if (n >= CPUSET_MAX)
            return NULL;
    }
    *out = n;
    return at;
}

/* "3", "0-3", "all" */
static int parse_item(const char *item, unsigned *first, unsigned *last, struct err *e)
{
    const char *at;

    *first = 0;
    *last = CPUSET_MAX - 1;
    if (strcmp(item, "all") == 0)
        return 0;
    if (strncmp(item, "node:", 5) == 0 || strncmp(item, "nodes:", 6) == 0)
        return err_set(e, ERR_UNSUPPORTED, "CPUs by NUMA node: '%.40s'", item);
    at = parse_number(item, first);
    *last = *first;
    if (at && *at == '-')
        at = parse_number(at + 1, last);
    if (at && !*at && *first <= *last)
        return 0;
    err_set(e, ERR_INVALID, "'%.40s' is not a list of CPUs", item);
    return err_hint(e, "Write numbers below %d, ranges and exceptions: 0-3,5,^1", CPUSET_MAX);
}

int cpuset_parse(const char *text, struct cpuset *out, struct err *e)
{
    AUTO(freep) char *copy = xstrdup(text);
    char *rest = copy, *item;

    *out = cpuset_first(*text ? 0 : CPUSET_MAX);
    while (*text && (item = strsep(&rest, ","))) {
        unsigned first, last;
        bool out_of;

        item += strspn(item, " ");
        for (size_t n = strlen(item); n && item[n - 1] == ' '; n--)
            item[n - 1] = '\0';
        out_of = *item == '^';
        if (parse_item(item + out_of, &first, &last, e) < 0)
            return -1;
        for (unsigned i = first; i <= last; i++) {
            if (out_of)
                out->bits[i / 64] &= ~(UINT64_C(1) << i % 64);
            else
                cpuset_add(out, i);
        }
    }
    return 0;
}

char *cpuset_print(const struct cpuset *c)
{
    struct buf b = BUF_INIT;

    for (unsigned i = 0; i < CPUSET_MAX; i++) {
        unsigned last = i;

        if (!cpuset_has(c, i))
            continue;
        while (cpuset_has(c, last + 1))
            last++;
        buf_addf(&b, "%s%u", b.len ? "," : "", i);
        if (last > i)
            buf_addf(&b, "-%u", last);
        i = last;
    }
    return buf_steal(&b);
}
