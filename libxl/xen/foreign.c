/*
 * Domains that others have made, by stock xl for example. They are noted as soon as Xen lists
 * them, and handed over when they have a name, which their makers give them in xenstore a moment
 * later and may change. Only the watch thread looks there; for what is ours see guests.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/xen/tx.h"

#define PAGES_PER_MIB 256
#define ARGV_BYTES_MAX (128 * 1024) /* a process may have more; a device model has not */

static bool has_uuid(const struct xguests *v, const char *uuid)
{
    for (size_t i = 0; i < v->len; i++)
        if (strcmp(v->ptr[i]->pub.uuid, uuid) == 0)
            return true;
    return false;
}

static struct stranger *find(struct xen *d, uint32_t domid)
{
    for (size_t i = 0; i < d->strangers.len; i++)
        if (d->strangers.ptr[i].id.domid == domid)
            return &d->strangers.ptr[i];
    return NULL;
}

/* Domain-0, and what Xen itself has none of: a domain without a uuid cannot be told from others. */
static bool is_strange(struct xen *d, const xc_domaininfo_t *info, struct stranger *out)
{
    *out = (struct stranger){.id = {.driver = &d->pub, .domid = info->domain, .foreign = true}};
    uuid_from_handle(out->id.uuid, info->handle);
    return info->domain && !(info->flags & XEN_DOMINF_dying) &&
           strcmp(out->id.uuid, DOM0_UUID) != 0 && !has_uuid(&d->guests, out->id.uuid) &&
           !has_uuid(&d->making, out->id.uuid);
}

void strangers_compare(struct xen *d, const struct infos *infos, bool *known)
{
    bool news = false;

    for (size_t i = 0; i < d->strangers.len; i++) {
        struct stranger *s = &d->strangers.ptr[i];
        const xc_domaininfo_t *info = infos_find_guest(infos, &s->id);

        s->gone = !info;
        news |= s->gone;
        if (info)
            known[info - infos->ptr] = true;
    }
    for (size_t i = 0; i < infos->len; i++) {
        struct stranger s;

        if (known[i] || !is_strange(d, &infos->ptr[i], &s))
            continue;
        vec_push(&d->strangers, s);
        news = true;
    }
    if (news)
        watch_wake(d);
}

uint32_t strangers_find_name(struct xen *d, const char *name, const struct infos *infos)
{
    uint32_t domid = 0;

    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->strangers.len; i++)
        if (strcmp(d->strangers.ptr[i].name, name) == 0 &&
            infos_find_guest(infos, &d->strangers.ptr[i].id))
            domid = d->strangers.ptr[i].id.domid;
    pthread_mutex_unlock(&d->lock);
    return domid;
}

static double number_at(struct xs_handle *xs, const char *path, double fallback)
{
    AUTO(freep) char *text = xs_read(xs, XBT_NULL, path, NULL);
    char *end = NULL;
    double n = text ? strtod(text, &end) : 0;

    return text && *text && !*end && n > 0 ? n : fallback;
}

static enum domain_type type_of(const xc_domaininfo_t *i)
{
    if (!(i->flags & XEN_DOMINF_hvm_guest))
        return TYPE_PV;
    return i->arch_config.emulation_flags == XEN_X86_EMU_LAPIC ? TYPE_PVH : TYPE_HVM;
}

/* As far as it can be told from outside. What is to follow its end is for others to say. */
static struct spec *describe(struct xen *d, struct xs_handle *xs, const struct guest *id,
                             const char *name, const xc_domaininfo_t *info)
{
    struct spec *s = spec_new();
    char path[64], pool[64];

    s->name = xstrdup(name);
    s->uuid = xstrdup(id->uuid);
    s->type = type_of(info);
    s->memory = (int64_t)(info->tot_pages + PAGES_PER_MIB / 2) / PAGES_PER_MIB;
    s->memory += !s->memory;
    snprintf(path, sizeof(path), "/local/domain/%u/memory/static-max", id->domid);
    s->maxmem = (int64_t)number_at(xs, path, 0) / 1024;
    if (s->maxmem < s->memory)
        s->maxmem = s->memory;
    s->maxvcpus = info->max_vcpu_id + 1;
    s->vcpus = info->nr_online_vcpus ? info->nr_online_vcpus : 1;
    pool_name(d, info->cpupool, pool, sizeof(pool));
    free(s->pool);
    s->pool = xstrdup(pool);
    s->on_poweroff = s->on_reboot = s->on_crash = END_PRESERVE;
    return s;
}

static void hand_over(struct xen *d, struct xs_handle *xs, const struct guest *id, const char *name,
                      guest_change_fn *change, void *arg)
{
    struct guest_change c = {.uuid = id->uuid, .domid = id->domid};
    xc_domaininfo_t info;
    struct timespec now;
    struct xguest *g;
    char path[64];

    if (xc_domain_getinfolist(d->xch, id->domid, 1, &info) != 1 || info.domain != id->domid)
        return; /* gone already */
    clock_gettime(CLOCK_REALTIME, &now);
    c.spec = describe(d, xs, id, name, &info);
    g = xguest_new(d, c.spec);
    g->pub = *id;
    snprintf(path, sizeof(path), "/vm/%s/start_time", id->uuid);
    g->pub.start_time = number_at(xs, path, (double)now.tv_sec);
    c.state = g->state = info_state(&info, &g->reason);
    c.reason = g->reason;
    c.found = &g->pub;
    xguest_list(g);
    change(arg, &c);
}

/* Takes over the name that xenstore has for it, if that is news. */
static void look(struct xen *d, struct xs_handle *xs, const struct guest *id,
                 guest_change_fn *change, void *arg)
{
    AUTO(freep) char *path = xasprintf("/local/domain/%u/name", id->domid);
    AUTO(freep) char *name = xs_read(xs, XBT_NULL, path, NULL);
    struct stranger news = {0}, *s;
    bool first = false;

    pthread_mutex_lock(&d->lock);
    s = name && *name ? find(d, id->domid) : NULL;
    if (s && strncmp(s->name, name, sizeof(s->name) - 1) != 0) {
        first = !s->name[0];
        snprintf(s->name, sizeof(s->name), "%s", name);
        news = *s;
    }
    pthread_mutex_unlock(&d->lock);
    if (first)
        hand_over(d, xs, &news.id, news.name, change, arg);
    else if (news.name[0])
        change(arg, &(struct guest_change){
                        .uuid = news.id.uuid, .domid = news.id.domid, .name = news.name});
}

/* All makers of domains, and xl rename, write a name there as well: one watch is enough. */
int strangers_begin(struct xen *d, struct xs_handle *xs, struct err *e)
{
    if (!xs_watch(xs, "/vm", STRANGERS_TOKEN))
        return err_sys(e, "xenstore: watching for names");
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->strangers.len; i++)
        d->strangers.ptr[i].asked = false;
    pthread_mutex_unlock(&d->lock);
    return 0;
}

/* What the lock is not held over is done to copies. */
void strangers_attend(struct xen *d, struct xs_handle *xs, guest_change_fn *change, void *arg)
{
    struct strangers todo = {0};

    pthread_mutex_lock(&d->lock);
    for (size_t i = d->strangers.len; i-- > 0;) {
        struct stranger *s = &d->strangers.ptr[i];

        if (s->gone) {
            vec_remove(&d->strangers, i);
        } else if (!s->asked) {
            s->asked = true;
            vec_push(&todo, *s);
        }
    }
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < todo.len; i++)
        look(d, xs, &todo.ptr[i].id, change, arg);
    vec_clear(&todo);
}

void strangers_event(struct xen *d, struct xs_handle *xs, const char *path, guest_change_fn *change,
                     void *arg)
{
    const size_t at = sizeof("/vm/") - 1, end = at + UUID_TEXT_SIZE - 1;
    struct guest id = {0};
    bool found = false;

    if (strlen(path) < end || strcmp(path + end, "/name") != 0)
        return;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->strangers.len && !found; i++) {
        id = d->strangers.ptr[i].id;
        found = !d->strangers.ptr[i].gone && strncmp(path + at, id.uuid, end - at) == 0;
    }
    pthread_mutex_unlock(&d->lock);
    if (found)
        look(d, xs, &id, change, arg);
}

/* The words "-xen-domid N" among the arguments of this process. */
static bool serves(long pid, uint32_t domid)
{
    AUTO(buf_clear) struct buf argv = BUF_INIT;
    AUTO(freep) char *path = xasprintf("/proc/%ld/cmdline", pid);
    char want[32];
    struct err e;
    size_t n = (size_t)snprintf(want, sizeof(want), "-xen-domid%c%u", '\0', domid) + 1;

    return read_file(path, ARGV_BYTES_MAX, &argv, &e) == 0 &&
           memmem(argv.ptr, argv.len, want, n) != NULL;
}

/* As libxenlight: a hang-up. Its number is dom0's to write; yet only what serves g is ended. */
void stranger_end_dm(const struct xguest *g)
{
    AUTO(freep) char *text = tx_get(g, XBT_NULL, "image/device-model-pid");
    long pid = text ? atol(text) : 0;

    if (pid > 1 && serves(pid, g->pub.domid))
        kill((pid_t)pid, SIGHUP);
}
