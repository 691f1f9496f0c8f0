/* The wire form of domains, one and all, cached until something changes: see domain.h. */
#include <inttypes.h>
#include <string.h>

#include "config/json.h"
#include "libxl/base/mem.h"
#include "xend/domain.h"
#include "xend/queue.h"
#include "xend/xend.h"

struct value *domain_to_value(const struct domain *d, const char *driver, bool detail)
{
    struct value *v = value_map();
    bool active = d->domid != DOMID_NONE;

    value_set_str(v, "name", d->spec->name);
    value_set_str(v, "uuid", d->uuid);
    value_set_take(v, "domid", active ? value_int(d->domid) : value_nil());
    value_set_str(v, "state", domain_state_name(d->state));
    value_set_take(v, "reason",
                   d->state == DOMAIN_SHUTDOWN ? value_str(stop_reason_name(d->reason))
                                               : value_nil());
    value_set_int(v, "memory_mib", (int64_t)(d->mem_kib / 1024));
    value_set_int(v, "maxmem_mib", spec_maxmem(d->spec));
    value_set_int(v, "vcpus", active ? (int64_t)d->vcpus_online : d->spec->vcpus);
    value_set_int(v, "maxvcpus", spec_maxvcpus(d->spec));
    value_set_take(v, "cpu_time", value_real((double)(d->cpu_ns / 1000000) / 1e3));
    value_set_take(v, "start_time", active ? value_real(d->start_time) : value_nil());
    value_set_bool(v, "managed", d->managed);
    value_set_str(v, "driver", driver);
    value_set_bool(v, "idle", d->idle && d->state == DOMAIN_RUNNING);
    value_set_take(v, "job",
                   d->running && !d->running->kind->hidden ? value_int((int64_t)d->running->id)
                                                           : value_nil());
    if (detail)
        value_set_take(v, "config", spec_to_value(d->spec));
    return v;
}

static const char *domain_text(struct domain *d, const char *driver)
{
    if (!d->json) {
        AUTO(value_freep) struct value *v = domain_to_value(d, driver, false);
        struct buf b = BUF_INIT;
        json_print(v, &b);
        d->json = buf_steal(&b);
    }
    return d->json;
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

struct shared_text *domains_list_text(struct domains *t)
{
    if (!t->list) {
        AUTO(freep) char *generation = domains_generation_text(t);
        struct buf *b;

        t->list = shared_text_new();
        b = &t->list->text;
        buf_addf(b, "{\"generation\":\"%s\",\"domains\":[", generation);
        for (size_t i = 0; i < t->n; i++) {
            if (i)
                buf_addc(b, ',');
            buf_adds(b, domain_text(t->sorted[i], t->xend->driver->ops->name));
        }
        buf_adds(b, "]}\n");
    }
    return shared_text_ref(t->list);
}
