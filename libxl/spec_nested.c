/*
 * vnuma and vsnd, whose items are lists in files of xl. A spec has a text for each item: for vnuma
 * "pnode=0,size=512,vcpus=0-1,vdistances=10,20", for vsnd "CARD, short-name=Main | PCM, name=Main".
 * Called by spec_xm.c and spec_xm_print.c; the checks by the table and by spec_check.c.
 */
#include <inttypes.h>
#include <string.h>

#include "libxl/cpuset.h"
#include "libxl/device_parts.h"
#include "libxl/spec_parts.h"

#define VNODES_MAX 64    /* Xen takes fewer */
#define DISTANCE_MIN 10  /* to itself; ACPI's SLIT has no smaller one */
#define DISTANCE_MAX 254 /* 255 means unreachable */

static const char *separator_of(const char *name)
{
    return strcmp(name, "vnuma") == 0 ? "," : strcmp(name, "vsnd") == 0 ? " | " : NULL;
}

/* One item: a list of texts and numbers becomes one text. NULL: neither list nor text. */
static char *flat_item(const struct value *v, const char *separator)
{
    struct buf b = BUF_INIT;

    if (value_type(v) == VALUE_STRING)
        return xstrdup(value_as_str(v));
    for (size_t i = 0; value_type(v) == VALUE_LIST && i < value_len(v); i++) {
        const struct value *part = value_at(v, i);

        buf_adds(&b, i ? separator : "");
        if (value_type(part) == VALUE_STRING)
            buf_adds(&b, value_as_str(part));
        else if (value_type(part) == VALUE_INT)
            buf_addf(&b, "%" PRId64, value_as_int(part));
        else
            buf_adds(&b, "?"); /* the check names it */
    }
    return b.len ? buf_steal(&b) : xstrdup("");
}

struct value *spec_nested_flat(const char *name, const struct value *v)
{
    const char *separator = separator_of(name);
    struct value *list;

    if (!separator || value_type(v) != VALUE_LIST)
        return NULL;
    list = value_list();
    for (size_t i = 0; i < value_len(v); i++) {
        AUTO(freep) char *text = flat_item(value_at(v, i), separator);
        value_add_take(list, value_str(text));
    }
    return list;
}

/* The end of one part: of vnuma a comma counts only before a key. */
static const char *part_end(const char *text, bool keys)
{
    for (const char *at = text; *at; at++) {
        if (!keys && strncmp(at, " | ", 3) == 0)
            return at;
        if (keys && *at == ',' && at[1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz ")] == '=')
            return at;
    }
    return text + strlen(text);
}

struct value *spec_nested_lists(const char *name, const struct value *v)
{
    const char *separator = separator_of(name);
    struct value *lists;

    if (!separator || value_type(v) != VALUE_LIST)
        return NULL;
    lists = value_list();
    for (size_t i = 0; i < value_len(v); i++) {
        const char *text = value_as_str(value_at(v, i));
        struct value *list = value_list();

        for (;;) {
            const char *end = part_end(text, *separator == ',');
            value_add_take(list, value_strn(text, (size_t)(end - text)));
            if (!*end)
                break;
            text = end + strlen(separator);
        }
        value_add_take(lists, list);
    }
    return lists;
}

/* "vcpus=0-4" of one item; the caller frees. NULL: not there. */
static char *vnode_value(const char *text, const char *key)
{
    for (;;) {
        const char *end = part_end(text, true), *eq = memchr(text, '=', (size_t)(end - text));
        size_t n = eq ? (size_t)(eq - text) : 0;

        while (n && *text == ' ') {
            text++;
            n--;
        }
        if (n == strlen(key) && strncmp(text, key, n) == 0)
            return xstrndup(eq + 1, (size_t)(end - eq - 1));
        if (!*end)
            return NULL;
        text = end + 1;
    }
}

static bool is_number(const char *text, int64_t low, int64_t high)
{
    int64_t n;

    return parse_int(text, &n) && n >= low && n <= high;
}

static bool are_distances(const char *text)
{
    AUTO(value_freep) struct value *all = text_split(text, ',', true);

    for (size_t i = 0; i < value_len(all); i++)
        if (!is_number(value_as_str(value_at(all, i)), DISTANCE_MIN, DISTANCE_MAX))
            return false;
    return true;
}

static bool is_vnode_value(const char *key, const char *text)
{
    struct cpuset cpus;
    struct err ignored;

    if (strcmp(key, "pnode") == 0)
        return is_number(text, 0, 1023);
    if (strcmp(key, "size") == 0)
        return is_number(text, 1, MEMORY_MAX_MIB);
    if (strcmp(key, "vcpus") == 0)
        return *text && cpuset_parse(text, &cpus, &ignored) == 0;
    return strcmp(key, "vdistances") == 0 && are_distances(text);
}

int check_vnode(const char *text, struct err *e)
{
    static const char *const keys[] = {"pnode", "size", "vcpus", "vdistances"};
    size_t parts = 1;

    for (const char *at = part_end(text, true); *at; at = part_end(at + 1, true))
        parts++;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        AUTO(freep) char *value = vnode_value(text, keys[i]);

        if (!value)
            err_set(e, ERR_INVALID, "'%.100s' has no %s=", text, keys[i]);
        else if (!is_vnode_value(keys[i], value))
            err_set(e, ERR_INVALID, "%s=%.60s is not right", keys[i], value);
        else
            continue;
        return err_hint(e, "each node is a list of pnode=NODE, size=MIB, vcpus=0-3, "
                           "vdistances=10,20");
    }
    if (parts == ARRAY_LEN(keys))
        return 0;
    return err_set(e, ERR_INVALID, "'%.100s' has more than pnode, size, vcpus, vdistances", text);
}

/* One of "CARD, short-name=Main"; keys as xl has them. */
static bool is_sound_item(const char *text, bool first)
{
    static const char keys[] = " sample-rates sample-formats channels-min channels-max buffer-size "
                               "backend short-name long-name name unique-id id type ";
    static const char heads[] = " CARD PCM STREAM card pcm stream ";
    AUTO(value_freep) struct value *parts = text_split(text, ',', true);

    for (size_t i = 0; i < value_len(parts); i++) {
        const char *part = value_as_str(value_at(parts, i));
        size_t n = i ? strcspn(part, "= ") : strlen(part);
        AUTO(freep) char *word = xasprintf(" %.*s ", (int)n, part);

        if (!n || !strstr(i ? keys : heads, word) || (i && !strchr(part, '=')) ||
            (!i && first && strcasecmp(part, "card") != 0))
            return false;
    }
    return true;
}

int check_vsnd(const char *text, struct err *e)
{
    AUTO(value_freep) struct value *one = value_list(), *parts = NULL;

    value_add_take(one, value_str(text));
    parts = spec_nested_lists("vsnd", one);
    for (size_t i = 0; i < value_len(value_at(parts, 0)); i++) {
        const char *item = value_as_str(value_at(value_at(parts, 0), i));

        if (is_sound_item(item, i == 0))
            continue;
        err_set(e, ERR_INVALID, "'%.100s' is no part of a sound card", item);
        return err_hint(e, "a card is a list of 'CARD, short-name=X', 'PCM, name=X' and "
                           "'STREAM, id=0, type=p'");
    }
    return 0;
}

/* Each virtual CPU belongs to one node at most. */
static void check_vnode_cpus(const char *text, struct cpuset *taken, const char *where,
                             struct problems *p)
{
    AUTO(freep) char *list = vnode_value(text, "vcpus");
    struct cpuset cpus;
    struct err ignored;

    if (cpuset_parse(list, &cpus, &ignored) < 0)
        return;
    for (unsigned i = 0; i < CPUSET_MAX; i++) {
        if (!cpuset_has(&cpus, i))
            continue;
        if (cpuset_has(taken, i)) {
            problems_add(p, where, NULL, "vnuma: virtual CPU %u is in two nodes", i);
            return;
        }
        cpuset_add(taken, i);
    }
}

void check_vnuma(const struct spec *s, struct problems *p)
{
    const struct value *nodes = value_get(s->other, "vnuma");
    int64_t sum = 0, size, most = spec_maxmem(s);
    struct cpuset taken = {0};

    for (size_t i = 0; i < value_len(nodes); i++) {
        const char *text = value_as_str(value_at(nodes, i));
        AUTO(freep) char *where = xasprintf("/vnuma/%zu", i), *mib = vnode_value(text, "size");
        AUTO(freep) char *distances = vnode_value(text, "vdistances");
        AUTO(value_freep) struct value *all = text_split(distances ? distances : "", ',', true);

        sum += mib && parse_int(mib, &size) ? size : 0;
        if (value_len(all) != value_len(nodes))
            problems_add(p, where, "one for each node, itself included",
                         "vnuma: %zu vdistances, but %zu nodes", value_len(all), value_len(nodes));
        check_vnode_cpus(text, &taken, where, p);
    }
    if (value_len(nodes) && (s->maxmem ? sum != most : sum < most))
        problems_add(p, "/vnuma", NULL,
                     "vnuma: the nodes have %" PRId64 " MiB together, the domain %" PRId64, sum,
                     most);
}
