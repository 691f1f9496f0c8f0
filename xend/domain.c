/* Domain records and their table: see domain.h. The wire form is in domain_json.c. */
#include "xend/domain.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/claims.h"
#include "xend/dom0.h"
#include "xend/events.h"
#include "xend/server.h"
#include "xend/xend.h"

#define SAMPLE_AGE_MS 200 /* numbers younger than this are good enough for a list */

const char *domain_state_name(enum domain_state s)
{
    static const char *const names[] = {"halted",  "running", "paused",   "shutdown",
                                        "crashed", "dying",   "suspended"};
    return names[s];
}

struct domains *domains_new(struct xend *x)
{
    struct domains *t = xcalloc(1, sizeof(*t));

    t->xend = x;
    t->epoch = (uint64_t)time(NULL);
    t->generation = 1;
    t->sampled_ms = -SAMPLE_AGE_MS;
    return t;
}

void domains_free(struct domains *t)
{
    while (t->n)
        domain_remove(t, t->sorted[t->n - 1]);
    free(t->sorted);
    index_clear(&t->by_name);
    index_clear(&t->by_uuid);
    index_clear(&t->by_domid);
    shared_text_unref(t->list);
    shared_text_unref(t->list_of_keys);
    free(t);
}

static void drop_list(struct domains *t)
{
    shared_text_unref(t->list);
    shared_text_unref(t->list_of_keys);
    t->list = t->list_of_keys = NULL;
}

void domain_touch(struct domains *t, struct domain *d)
{
    free(d->json);
    d->json = NULL;
    drop_list(t);
    t->generation++;
    server_wake(t->xend->server, WAKE_DOMAINS);
}

static int compare(const struct domain *a, const struct domain *b)
{
    if (a->privileged != b->privileged)
        return a->privileged ? -1 : 1;
    return strcmp(a->spec->name, b->spec->name);
}

/* Where d is, or belongs, in the sorted table. */
static size_t position(const struct domains *t, const struct domain *d)
{
    size_t low = 0, high = t->n;

    if (high && compare(t->sorted[high - 1], d) < 0) /* many come in order */
        return high;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (compare(t->sorted[mid], d) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void insert(struct domains *t, struct domain *d)
{
    size_t at = position(t, d);

    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        t->sorted = xrealloc(t->sorted, t->cap * sizeof(t->sorted[0]));
    }
    memmove(t->sorted + at + 1, t->sorted + at, (t->n - at) * sizeof(t->sorted[0]));
    t->sorted[at] = d;
    t->n++;
    index_put(&t->by_name, d->spec->name, d);
}

static void take_out(struct domains *t, struct domain *d)
{
    size_t at = position(t, d);

    memmove(t->sorted + at, t->sorted + at + 1, (t->n - at - 1) * sizeof(t->sorted[0]));
    t->n--;
    index_remove(&t->by_name, d->spec->name);
}

/* Without a spec. */
static struct domain *record_new(const struct domains *t)
{
    struct domain *d = xcalloc(1, sizeof(*d));

    d->driver = t->xend->driver->ops->name;
    d->domid = DOMID_NONE;
    d->removed = true;
    d->refs = 1;
    return d;
}

struct domain *domain_new(struct domains *t, const char *name)
{
    struct domain *d = record_new(t);

    d->spec = spec_new();
    d->spec->name = xstrdup(name);
    return d;
}

/* Neither its name nor its uuid may be anybody's. */
static int check_new(const struct domains *t, const struct spec *s, struct err *e)
{
    const struct domain *d = index_get(&t->by_name, s->name);

    if (d && d->domid != DOMID_NONE)
        return err_set(e, ERR_EXISTS, "Domain '%s' already exists with ID '%u'", s->name, d->domid);
    if (d)
        return err_set(e, ERR_EXISTS, "Domain '%s' already exists", s->name);
    d = index_get(&t->by_uuid, s->uuid);
    if (d)
        return err_set(e, ERR_EXISTS, "Domain '%s' has this uuid already: %s", d->spec->name,
                       s->uuid);
    return 0;
}

/* Makes d the record of this spec. */
static void enter_take(struct domains *t, struct domain *d, struct spec *s_take)
{
    snprintf(d->uuid, sizeof(d->uuid), "%s", s_take->uuid);
    spec_free(d->spec);
    d->spec = s_take;
    d->privileged = strcmp(d->uuid, DOM0_UUID) == 0;
    d->vcpus_online = (unsigned)d->spec->vcpus;
    d->mem_kib = (uint64_t)d->spec->memory * 1024;
    d->removed = false;
    domain_ref(d);
    insert(t, d);
    index_put(&t->by_uuid, d->uuid, d);
}

int domain_enter_take(struct domains *t, struct domain *d, struct spec *s_take, struct err *e)
{
    AUTO(spec_freep) struct spec *s = s_take;

    if (check_new(t, s, e) < 0)
        return -1;
    enter_take(t, d, steal(s));
    domain_touch(t, d);
    if (!t->loading)
        event_domain(t->xend, d, "added");
    return 0;
}

void domain_take_over_take(struct domains *t, struct domain *d, struct domain *old,
                           struct spec *s_take)
{
    old->removed = true;
    index_remove(&t->by_uuid, old->uuid);
    take_out(t, old);
    enter_take(t, d, s_take);
    d->managed = true;
    d->next = spec_copy(old->spec);
    d->last_domid = old->last_domid;
    domain_touch(t, d);
    domain_unref(old);
}

struct domain *domain_add_take(struct domains *t, struct spec *s_take, struct err *e)
{
    struct domain *d = record_new(t);
    int r = domain_enter_take(t, d, s_take, e);

    domain_unref(d); /* the table has its own */
    return r == 0 ? d : NULL;
}

void domain_remove(struct domains *t, struct domain *d)
{
    if (d->removed)
        return;
    d->removed = true;
    if (d->domid != DOMID_NONE)
        index_remove(&t->by_domid, d->domid_text);
    index_remove(&t->by_uuid, d->uuid);
    take_out(t, d);
    domain_touch(t, d);
    event_domain(t->xend, d, "removed");
    domain_unref(d);
}

void domain_ref(struct domain *d)
{
    d->refs++;
}

void domain_unref(struct domain *d)
{
    if (--d->refs)
        return;
    spec_free(d->spec);
    spec_free(d->next);
    claims_drop(d);
    free(d->json);
    free(d->vnc);
    free(d);
}

struct domain *domain_find_uuid(const struct domains *t, const char *uuid)
{
    return index_get(&t->by_uuid, uuid);
}

struct domain *domain_find_name(const struct domains *t, const char *name)
{
    return index_get(&t->by_name, name);
}

struct domain *domain_get(const struct domains *t, const char *key, struct err *e)
{
    char uuid[UUID_TEXT_SIZE];
    struct domain *d = index_get(&t->by_name, key);

    if (!d)
        d = index_get(&t->by_domid, key);
    if (!d && uuid_normalize(key, uuid))
        d = index_get(&t->by_uuid, uuid);
    if (!d)
        err_set(e, ERR_NO_DOMAIN, "Domain '%s' does not exist.", key);
    return d;
}

void domain_set_state(struct domains *t, struct domain *d, enum domain_state s)
{
    if (d->state == s)
        return;
    d->state = s;
    domain_touch(t, d);
    event_domain(t->xend, d, "state");
}

void domain_started(struct domains *t, struct domain *d, const struct guest *g)
{
    if (d->domid != DOMID_NONE) { /* that guest has become this one */
        index_remove(&t->by_domid, d->domid_text);
        d->last_domid = d->domid;
    }
    d->domid = g->domid;
    snprintf(d->domid_text, sizeof(d->domid_text), "%u", d->domid);
    index_put(&t->by_domid, d->domid_text, d);
    d->start_time = g->start_time;
    d->state = DOMAIN_PAUSED;
    d->cpu_ns = 0;
    d->mem_kib = (uint64_t)d->spec->memory * 1024;
    d->vcpus_online = (unsigned)d->spec->vcpus;
    domain_touch(t, d);
    event_domain(t->xend, d, "started");
}

void domain_stopped(struct domains *t, struct domain *d)
{
    bool ran = d->domid != DOMID_NONE;

    if (ran) {
        index_remove(&t->by_domid, d->domid_text);
        d->last_domid = d->domid;
    }
    d->domid = DOMID_NONE;
    d->domid_text[0] = '\0';
    free(d->vnc);
    d->vnc = NULL;
    if (!d->restarting)
        claims_drop(d);
    d->state = d->restarting ? DOMAIN_DYING : DOMAIN_HALTED;
    d->cpu_ns = 0;
    if (d->next) {
        struct err e;
        if (domain_set_spec_take(t, d, steal(d->next), &e) < 0)
            log_error("domain=%s: its new configuration: %s", d->spec->name, e.msg);
    }
    domain_touch(t, d);
    if (ran)
        event_domain(t->xend, d, "stopped");
}

void domain_move_guest(struct domains *t, struct domain *from, struct domain *to,
                       enum domain_state ended)
{
    to->guest = from->guest;
    to->domid = from->domid;
    memcpy(to->domid_text, from->domid_text, sizeof(to->domid_text));
    to->start_time = from->start_time;
    to->reason = from->reason;
    to->cpu_ns = from->cpu_ns;
    to->mem_kib = from->mem_kib;
    to->vcpus_online = from->vcpus_online;
    to->vnc = steal(from->vnc);
    from->guest = NULL;
    domain_stopped(t, from);
    index_put(&t->by_domid, to->domid_text, to);
    to->state = ended;
    domain_touch(t, to);
    event_domain(t->xend, to, "state");
}

int domain_set_spec_take(struct domains *t, struct domain *d, struct spec *s_take, struct err *e)
{
    AUTO(spec_freep) struct spec *s = s_take;
    struct domain *other = index_get(&t->by_name, s->name);

    if (other && other != d)
        return err_set(e, ERR_EXISTS, "Domain '%s' already exists", s->name);
    take_out(t, d);
    spec_free(d->spec);
    d->spec = steal(s);
    if (d->domid == DOMID_NONE) {
        d->vcpus_online = (unsigned)d->spec->vcpus;
        d->mem_kib = (uint64_t)d->spec->memory * 1024;
    }
    insert(t, d);
    domain_touch(t, d);
    event_domain(t->xend, d, "changed");
    return 0;
}

/* Numbers of all guests, collected without the lock and applied in one go. */
struct numbers {
    char uuid[UUID_TEXT_SIZE];
    uint64_t cpu_ns, mem_kib;
    unsigned vcpus_online;
};
struct sample VEC(struct numbers);

static void collect(void *arg, const struct guest_sample *g)
{
    struct sample *s = arg;
    struct numbers n = {
        .cpu_ns = g->cpu_ns, .mem_kib = g->mem_kib, .vcpus_online = g->vcpus_online};

    snprintf(n.uuid, sizeof(n.uuid), "%s", g->uuid);
    vec_push(s, n);
}

/* A vcpu that ran for less than 1 % of the time between two samples is shown as blocked. */
static bool was_idle(uint64_t before_ns, uint64_t now_ns, int64_t elapsed_ms)
{
    return now_ns >= before_ns && (now_ns - before_ns) / 1000000 * 100 < (uint64_t)elapsed_ms;
}

static void apply(struct domains *t, const struct numbers *n, int64_t elapsed_ms)
{
    struct domain *d = index_get(&t->by_uuid, n->uuid);
    bool idle;

    if (!d || d->domid == DOMID_NONE)
        return;
    idle = d->state == DOMAIN_RUNNING && was_idle(d->cpu_ns, n->cpu_ns, elapsed_ms);
    if (d->cpu_ns == n->cpu_ns && d->mem_kib == n->mem_kib && d->vcpus_online == n->vcpus_online &&
        d->idle == idle)
        return;
    d->cpu_ns = n->cpu_ns;
    d->mem_kib = n->mem_kib;
    d->vcpus_online = n->vcpus_online;
    d->idle = idle;
    free(d->json);
    d->json = NULL;
    t->samples++;
    drop_list(t);
}

void domains_sample(struct domains *t)
{
    struct xend *x = t->xend;
    struct sample s = {0};
    int64_t elapsed;
    struct err e;

    xend_lock(x);
    elapsed = now_ms() - t->sampled_ms;
    xend_unlock(x);
    if (elapsed < SAMPLE_AGE_MS || atomic_exchange(&t->sampling, true))
        return;
    if (x->driver->ops->sample(x->driver, collect, &s, &e) == 0) {
        xend_lock(x);
        for (size_t i = 0; i < s.len; i++)
            apply(t, &s.ptr[i], elapsed);
        t->sampled_ms = now_ms();
        xend_unlock(x);
    }
    vec_clear(&s);
    atomic_store(&t->sampling, false);
}
