/*
 * Adding and removing virtual CPUs while a guest runs: QEMU offers, the guest's kernel takes or
 * gives back. The number of a virtual CPU is its place in the machine's topology: QEMU's cpu-index,
 * and the slot in its ACPI tables.
 */
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

#define TAKE_MS                                                                                    \
    5000 /* a kernel that is up answers in 20 ms, measured; one that boots never does              \
          */

/* One change to the number of virtual CPUs. */
struct change_vcpus {
    struct qguest *g;
    struct job *job;
    unsigned wanted, before;
    unsigned seen; /* see qguest_wait_news */
};

static unsigned online(struct qguest *g)
{
    unsigned n;

    pthread_mutex_lock(&g->d->lock);
    n = vcpus_online(g);
    pthread_mutex_unlock(&g->d->lock);
    return n;
}

static void progress(const struct change_vcpus *c)
{
    unsigned n = online(c->g);

    if (c->wanted > c->before)
        job_progress(c->job, n > c->before ? n - c->before : 0, c->wanted - c->before);
    else
        job_progress(c->job, n < c->before ? c->before - n : 0, c->before - c->wanted);
}

static bool is_plugged(struct qguest *g, unsigned vcpu, enum vcpu_word *word)
{
    bool plugged;

    pthread_mutex_lock(&g->d->lock);
    plugged = g->vcpus[vcpu].path != NULL;
    *word = g->vcpus[vcpu].word;
    pthread_mutex_unlock(&g->d->lock);
    return plugged;
}

static void forget_word(struct qguest *g, unsigned vcpu)
{
    pthread_mutex_lock(&g->d->lock);
    g->vcpus[vcpu].word = WORD_NONE;
    pthread_mutex_unlock(&g->d->lock);
}

static int not_obeyed(const struct change_vcpus *c, struct err *e)
{
    err_set(e, ERR_TIMEOUT, "the guest has not obeyed: it has %u virtual CPUs, %u asked for",
            online(c->g), c->wanted);
    return err_hint(e, "The request stays. Its kernel must be up and know ACPI CPU hot-plug.");
}

/* Sockets, dies, cores and threads in this order count the virtual CPUs. */
static int64_t place_of(const struct value *entry)
{
    static const char *const keys[] = {"socket-id", "die-id", "core-id", "thread-id"};
    const struct value *props = value_get(entry, "props");
    int64_t place = 0;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        place = place * (2 * DOMAIN_VCPUS_MAX) + value_get_int(props, keys[i], 0);
    return place;
}

/* The entry of query-hotpluggable-cpus that is this virtual CPU, or NULL. */
static const struct value *entry_of(const struct value *entries, unsigned vcpu)
{
    for (size_t i = 0; i < value_len(entries); i++) {
        unsigned before = 0;

        for (size_t j = 0; j < value_len(entries); j++)
            before += place_of(value_at(entries, j)) < place_of(value_at(entries, i));
        if (before == vcpu)
            return value_at(entries, i);
    }
    return NULL;
}

static struct value *add_args(const struct value *entry, unsigned vcpu)
{
    const struct value *props = value_get(entry, "props");
    AUTO(freep) char *id = xasprintf("vcpu%u", vcpu);
    struct value *args = value_map();

    value_set_str(args, "driver", value_get_str(entry, "type", ""));
    value_set_str(args, "id", id);
    for (size_t i = 0; i < value_len(props); i++)
        value_set_take(args, value_key(props, i), value_copy(value_at(props, i)));
    return args;
}

/*
 * A new thread may use what the one that makes it may: QEMU's first. So that one is put where the
 * new virtual CPU is to be while it makes it, and no instruction runs elsewhere.
 */
static int add_pinned_take(struct qguest *g, const struct cpuset *pins, struct value *args,
                           struct err *e)
{
    struct cpuset usual;
    struct err ignored;
    int r;

    if (!cpuset_count(pins) || !thread_affinity(g->pid, &usual))
        return qguest_call_take(g, "device_add", args, NULL, e);
    if (thread_pin(g, g->pid, pins, e) < 0) {
        value_free(args);
        return -1;
    }
    r = qguest_call_take(g, "device_add", args, NULL, e);
    thread_pin(g, g->pid, &usual, &ignored);
    return r;
}

static int plug(struct change_vcpus *c, const struct value *entries, unsigned vcpu, struct err *e)
{
    const struct value *entry = entry_of(entries, vcpu);
    struct cpuset pins = c->g->vcpus[vcpu].pins;
    int r;

    if (!entry)
        return err_set(e, ERR_UNSUPPORTED, "this machine has no place for virtual CPU %u", vcpu);
    forget_word(c->g, vcpu);
    fault_point("qemu.vcpu-adding");
    r = add_pinned_take(c->g, &pins, add_args(entry, vcpu), e);
    if (r < 0)
        return err_add(e, "adding virtual CPU %u", vcpu);
    fault_point("qemu.vcpu-added");
    return vcpus_learn(c->g, e);
}

/*
 * A kernel that is up says that it has taken it. One that still boots says nothing and finds it
 * all the same, so for a young guest silence is consent.
 */
static int await_taken(struct change_vcpus *c, unsigned vcpu, struct err *e)
{
    int64_t patience = c->g->d->patience_ms < TAKE_MS ? c->g->d->patience_ms : TAKE_MS;
    int64_t deadline = now_ms() + patience;
    enum vcpu_word word;

    while (is_plugged(c->g, vcpu, &word) && word != WORD_TAKEN) {
        if (job_check(c->job, e) < 0 || qguest_check_lives(c->g, e) < 0)
            return -1;
        if (word == WORD_REFUSED || (now_ms() >= deadline && !qguest_boot_left_ms(c->g))) {
            err_set(e, ERR_TIMEOUT, "the guest has not taken virtual CPU %u", vcpu);
            return err_hint(e, "It stays. Its kernel must be up and know ACPI CPU hot-plug.");
        }
        if (now_ms() >= deadline)
            return 0;
        qguest_wait_news(c->g, &c->seen, NEWS_SLICE_MS);
    }
    return 0;
}

/* The lowest that are missing. */
static int grow(struct change_vcpus *c, bool wait, struct err *e)
{
    AUTO(value_freep) struct value *entries = NULL;
    struct qguest *g = c->g;
    enum vcpu_word word;

    if (qguest_call_take(g, "query-hotpluggable-cpus", NULL, &entries, e) < 0)
        return -1;
    for (unsigned i = 0; i < g->vcpus_most && online(g) < c->wanted; i++) {
        if (is_plugged(g, i, &word))
            continue;
        if (job_check(c->job, e) < 0 || plug(c, entries, i, e) < 0 ||
            (wait && await_taken(c, i, e) < 0))
            return -1;
        progress(c);
    }
    return 0;
}

/*
 * QEMU 7.2 without KVM leaves a listener behind with each virtual CPU that goes, and at the next
 * change of the machine's memory map (a pause is enough) writes into what it has freed: seen with
 * valgrind, and it died within seconds each time. So it is not asked to.
 */
static int check_can_remove(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *kvm = NULL;

    if (g->d->removes_without_kvm)
        return 0;
    if (qguest_call_take(g, "query-kvm", NULL, &kvm, e) < 0)
        return -1;
    if (value_get_bool(kvm, "enabled", false))
        return 0;
    err_set(e, ERR_UNSUPPORTED,
            "QEMU without KVM cannot take virtual CPUs from a guest that runs: it would crash; the "
            "guest has %u",
            online(g));
    return err_hint(e, "A smaller number takes effect when the guest is started again.");
}

/*
 * QEMU only asks; the kernel gives the virtual CPU back when nothing runs on it any more. *heard is
 * false when QEMU cannot even ask, for no kernel has set up ACPI yet.
 */
static int ask_back(struct change_vcpus *c, unsigned vcpu, bool *heard, struct err *e)
{
    struct value *args = value_map();
    struct qguest *g = c->g;

    *heard = true;
    forget_word(g, vcpu);
    pthread_mutex_lock(&g->d->lock);
    if (g->vcpus[vcpu].path)
        value_set_str(args, "id", g->vcpus[vcpu].path); /* else it has just gone */
    pthread_mutex_unlock(&g->d->lock);
    if (!value_len(args)) {
        value_free(args);
        return 0;
    }
    fault_point("qemu.vcpu-removing");
    if (qguest_call_take(g, "device_del", args, NULL, e) < 0) {
        *heard = e->code != ERR_BACKEND || !strstr(e->msg, "unplug request for not supported");
        return *heard ? err_add(e, "removing virtual CPU %u", vcpu) : 0;
    }
    fault_point("qemu.vcpu-asked");
    return 0;
}

static int await_given(struct change_vcpus *c, unsigned vcpu, bool heard, struct err *e)
{
    int64_t deadline = now_ms() + qguest_patience(c->g);
    enum vcpu_word word;

    while (is_plugged(c->g, vcpu, &word)) {
        if (job_check(c->job, e) < 0 || qguest_check_lives(c->g, e) < 0)
            return -1;
        if (word == WORD_REFUSED || now_ms() >= deadline)
            return not_obeyed(c, e);
        qguest_wait_news(c->g, &c->seen, NEWS_SLICE_MS);
        if ((!heard && ask_back(c, vcpu, &heard, e) < 0) || vcpus_learn(c->g, e) < 0)
            return -1;
    }
    fault_point("qemu.vcpu-removed");
    return 0;
}

/* The highest first; never the first one, which the machine starts with. */
static int shrink(struct change_vcpus *c, bool wait, struct err *e)
{
    struct qguest *g = c->g;
    unsigned left = online(g);
    enum vcpu_word word;

    if (left > c->wanted && check_can_remove(g, e) < 0)
        return -1;
    for (unsigned i = g->vcpus_most - 1; i > 0 && left > c->wanted; i--) {
        bool heard;

        if (!is_plugged(g, i, &word))
            continue;
        if (job_check(c->job, e) < 0 || ask_back(c, i, &heard, e) < 0)
            return -1;
        if (!wait && !heard)
            return err_set(e, ERR_STATE, "it is paused before its kernel is up: it cannot hear");
        if (wait && await_given(c, i, heard, e) < 0)
            return -1;
        left--;
        progress(c);
    }
    return 0;
}

/* A paused guest cannot answer: it finds the request when it runs again, and nobody waits. */
int qemu_set_vcpus(struct guest *guest, unsigned wanted, struct job *j, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    struct change_vcpus c = {.g = g, .job = j, .wanted = wanted};
    enum stop_reason reason;
    bool wait;

    if (qguest_check_lives(g, e) < 0)
        return -1;
    if (wanted < 1 || wanted > g->vcpus_most) {
        err_set(e, ERR_INVALID, "%u virtual CPUs: it may have 1 to %u", wanted, g->vcpus_most);
        return wanted ? err_hint(e, "maxvcpus of its configuration says how many, at its start.")
                      : -1;
    }
    wait = qemu_state(guest, &reason) == GUEST_RUNNING;
    if (qguest_call_take(g, "query-status", NULL, NULL, e) < 0 || vcpus_learn(g, e) < 0)
        return -1;
    c.before = online(g);
    progress(&c);
    return c.before < wanted ? grow(&c, wait, e) : shrink(&c, wait, e);
}
