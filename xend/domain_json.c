/*
 * The wire form of domains: one row for each key, in the order of API.md. Texts are cached until
 * something changes: each domain's own, the whole list, and the list of the keys last asked for.
 */
#include <inttypes.h>
#include <string.h>

#include "config/json.h"
#include "libxl/base/mem.h"
#include "xend/domain.h"
#include "xend/queue.h"
#include "xend/xend.h"

static bool is_active(const struct domain *d)
{
    return d->domid != DOMID_NONE;
}

static struct value *key_name(const struct domain *d)
{
    return value_str(d->spec->name);
}

static struct value *key_uuid(const struct domain *d)
{
    return value_str(d->uuid);
}

static struct value *key_domid(const struct domain *d)
{
    return is_active(d) ? value_int(d->domid) : value_nil();
}

static struct value *key_state(const struct domain *d)
{
    return value_str(domain_state_name(d->state));
}

static struct value *key_reason(const struct domain *d)
{
    return d->state == DOMAIN_SHUTDOWN ? value_str(stop_reason_name(d->reason)) : value_nil();
}

static struct value *key_memory(const struct domain *d)
{
    return value_int((int64_t)(d->mem_kib / 1024));
}

static struct value *key_maxmem(const struct domain *d)
{
    return value_int(spec_maxmem(d->spec));
}

static struct value *key_vcpus(const struct domain *d)
{
    return value_int(is_active(d) ? (int64_t)d->vcpus_online : d->spec->vcpus);
}

static struct value *key_maxvcpus(const struct domain *d)
{
    return value_int(spec_maxvcpus(d->spec));
}

static struct value *key_cpu_time(const struct domain *d)
{
    return value_real((double)(d->cpu_ns / 1000000) / 1e3);
}

static struct value *key_start_time(const struct domain *d)
{
    return is_active(d) ? value_real(d->start_time) : value_nil();
}

static struct value *key_managed(const struct domain *d)
{
    return value_bool(d->managed);
}

static struct value *key_foreign(const struct domain *d)
{
    return value_bool(d->foreign);
}

static struct value *key_driver(const struct domain *d)
{
    return value_str(d->driver);
}

static struct value *key_idle(const struct domain *d)
{
    return value_bool(d->idle && d->state == DOMAIN_RUNNING);
}

static struct value *key_job(const struct domain *d)
{
    return d->running && !d->running->kind->hidden ? value_int((int64_t)d->running->id)
                                                   : value_nil();
}

static struct value *key_vnc(const struct domain *d)
{
    return d->vnc ? value_str(d->vnc) : value_nil();
}

static struct value *key_config(const struct domain *d)
{
    return spec_to_value(d->spec);
}

static const struct key {
    const char *name;
    struct value *(*get)(const struct domain *d);
} keys[] = {
    {"name", key_name},
    {"uuid", key_uuid},
    {"domid", key_domid},
    {"state", key_state},
    {"reason", key_reason},
    {"memory_mib", key_memory},
    {"maxmem_mib", key_maxmem},
    {"vcpus", key_vcpus},
    {"maxvcpus", key_maxvcpus},
    {"cpu_time", key_cpu_time},
    {"start_time", key_start_time},
    {"managed", key_managed},
    {"foreign", key_foreign},
    {"driver", key_driver},
    {"idle", key_idle},
    {"job", key_job},
    {"vnc", key_vnc},
    {"config", key_config}, /* the last: only when asked for */
};
#define KEYS ARRAY_LEN(keys)
_Static_assert(DOMAIN_KEYS_ALL == (1u << KEYS) - 1, "a bit for each key");
#define KEYS_SHORT (DOMAIN_KEYS_ALL >> 1)

static unsigned key_bit(const char *name, size_t len)
{
    for (size_t i = 0; i < KEYS; i++)
        if (strncmp(keys[i].name, name, len) == 0 && !keys[i].name[len])
            return 1u << i;
    return 0;
}

int domain_keys_parse(const char *text, unsigned *out, struct err *e)
{
    *out = 0;
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ",");
        unsigned bit = key_bit(at, len);

        if (!bit)
            return err_set(e, ERR_INVALID, "a domain has no key '%.*s'", (int)len, at);
        *out |= bit;
        at += len + (at[len] == ',');
    }
    return 0;
}

static struct value *to_value(const struct domain *d, unsigned wanted)
{
    struct value *v = value_map();

    for (size_t i = 0; i < KEYS; i++)
        if (wanted & 1u << i)
            value_set_take(v, keys[i].name, keys[i].get(d));
    return v;
}

struct value *domain_to_value(const struct domain *d)
{
    return to_value(d, KEYS_SHORT);
}

static void add_text(const struct domain *d, unsigned wanted, struct buf *out)
{
    AUTO(value_freep) struct value *v = to_value(d, wanted);

    json_print(v, out);
}

/* The text of one domain with all short keys: what most lists are made of. */
static const char *short_text(struct domain *d)
{
    if (!d->json) {
        struct buf b = BUF_INIT;
        add_text(d, KEYS_SHORT, &b);
        d->json = buf_steal(&b);
    }
    return d->json;
}

void domain_text(struct domain *d, unsigned wanted, struct buf *out)
{
    if (wanted)
        add_text(d, wanted, out);
    else
        buf_adds(out, short_text(d));
    buf_addc(out, '\n');
}

char *domains_generation_text(const struct domains *t)
{
    return xasprintf("%" PRIu64 ".%" PRIu64, t->epoch, t->generation);
}

char *domains_etag(const struct domains *t)
{
    return xasprintf("\"%" PRIu64 ".%" PRIu64 ".%" PRIu64 "\"", t->epoch, t->generation,
                     t->samples);
}

static bool in_states(const struct domain *d, const char *states)
{
    const char *name = domain_state_name(d->state);
    size_t len = strlen(name);

    for (const char *at = states; at && *at; at += strcspn(at, ","), at += *at == ',')
        if (strncmp(at, name, len) == 0 && (!at[len] || at[len] == ','))
            return true;
    return !states;
}

static struct shared_text *make_list(struct domains *t, unsigned wanted, const char *states)
{
    AUTO(freep) char *generation = domains_generation_text(t);
    struct shared_text *list = shared_text_new();
    const char *comma = "";

    buf_addf(&list->text, "{\"generation\":\"%s\",\"domains\":[", generation);
    for (size_t i = 0; i < t->n; i++) {
        struct domain *d = t->sorted[i];
        if (!in_states(d, states))
            continue;
        buf_adds(&list->text, comma);
        comma = ",";
        if (wanted == KEYS_SHORT)
            buf_adds(&list->text, short_text(d));
        else
            add_text(d, wanted, &list->text);
    }
    buf_adds(&list->text, "]}\n");
    return list;
}

struct shared_text *domains_list_text(struct domains *t, unsigned wanted, const char *states)
{
    struct shared_text **cached = wanted ? &t->list_of_keys : &t->list;

    if (states || wanted & ~KEYS_SHORT) /* rare, or large: not kept */
        return make_list(t, wanted ? wanted : KEYS_SHORT, states);
    if (*cached && wanted && t->list_keys != wanted) {
        shared_text_unref(*cached);
        *cached = NULL;
    }
    if (!*cached) {
        *cached = make_list(t, wanted ? wanted : KEYS_SHORT, NULL);
        t->list_keys = wanted ? wanted : t->list_keys;
    }
    return shared_text_ref(*cached);
}
