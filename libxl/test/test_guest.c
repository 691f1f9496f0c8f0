/*
 * Guests of the test driver as records: their table, ids, memory and states, and what a test does
 * to them from inside. Callers hold the driver's lock, but for the functions of test.h.
 */
#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libxl/test/test_driver.h"

_Static_assert(sizeof(struct test_guest) <= 512, "10,000 guests must be cheap");

struct test_guest *guest_find(struct test_driver *d, const char *uuid)
{
    return index_get(&d->guests, uuid);
}

/* Queues a change for watch and wakes it. */
void guest_report(struct test_driver *d, const struct test_guest *g, enum guest_state state,
                  const char *detail)
{
    struct test_change c = {
        .domid = g->pub.domid, .state = state, .reason = g->reason, .detail = detail};
    const uint64_t one = 1;

    memcpy(c.uuid, g->pub.uuid, sizeof(c.uuid));
    vec_push(&d->changes, c);
    if (write(d->wake_fd, &one, sizeof(one)) < 0)
        abort(); /* an eventfd takes 2^64 - 2 of these */
}

/* Nothing happens, and nothing is reported, when it is in this state already. */
void guest_set_state(struct test_driver *d, struct test_guest *g, enum guest_state state,
                     const char *detail)
{
    if (g->state == state)
        return;
    g->state = state;
    if (state == GUEST_SHUTDOWN || state == GUEST_CRASHED)
        host_log_add(d, guest_state_name(state), g);
    guest_report(d, g, state, detail);
    state_update(d, g);
}

/* The guest ends itself; one that has ended already cannot. */
void guest_end(struct test_driver *d, struct test_guest *g, enum stop_reason how)
{
    if (g->state != GUEST_RUNNING && g->state != GUEST_PAUSED)
        return;
    g->end_at = 0;
    g->reason = how;
    if (how == STOP_CRASH)
        guest_set_state(d, g, GUEST_CRASHED, "test guest: crashed on demand");
    else
        guest_set_state(d, g, GUEST_SHUTDOWN, NULL);
}

int guest_wrong_state(const struct test_guest *g, const char *what, struct err *e)
{
    return err_set(e, ERR_STATE, "cannot %s: the guest is %s", what, guest_state_name(g->state));
}

/*
 * The next free number after the last one given: none is used twice until the count wraps. There
 * is one: find_room has looked.
 */
uint32_t guest_new_domid(const struct test_driver *d)
{
    uint32_t id = d->last_domid;

    for (uint32_t tries = 0; tries < DOMID_LAST; tries++) {
        id = id % DOMID_LAST + 1;
        if (!d->domid_used[id])
            return id;
    }
    return 0;
}

/* Everything that can refuse a new guest. domid 0: any. */
static int find_room(const struct test_driver *d, const struct spec *s, uint32_t domid,
                     struct err *e)
{
    uint64_t want = (uint64_t)s->memory * 1024, left = d->memory_kib - d->used_kib;

    if (!s->uuid || strlen(s->uuid) != UUID_TEXT_SIZE - 1)
        return err_set(e, ERR_INVALID, "test driver: the spec has no uuid");
    if (index_get(&d->guests, s->uuid))
        return err_set(e, ERR_EXISTS, "a guest with uuid %s runs already", s->uuid);
    if (domid > DOMID_LAST || (domid && d->domid_used[domid]))
        return err_set(e, ERR_EXISTS, "domain id %" PRIu32 " is taken", domid);
    if (d->n_guests == DOMID_LAST)
        return err_set(e, ERR_NO_RESOURCE, "no domain id is free");
    if (want > left)
        return err_set(e, ERR_NO_RESOURCE,
                       "Not enough free memory: %" PRId64 " MiB wanted, %" PRIu64 " MiB free",
                       s->memory, left / 1024);
    return 0;
}

struct test_guest *guest_add(struct test_driver *d, const struct spec *s, uint32_t domid,
                             struct rules *rules_take, struct err *e)
{
    struct test_guest *g;
    struct timespec now;

    if (find_room(d, s, domid, e) < 0) {
        vec_clear(rules_take);
        return NULL;
    }
    if (domid == 0)
        domid = d->last_domid = guest_new_domid(d);
    clock_gettime(CLOCK_REALTIME, &now);
    g = xcalloc(1, sizeof(*g));
    g->pub = (struct guest){.driver = &d->pub,
                            .domid = domid,
                            .start_time = (double)now.tv_sec + (double)now.tv_nsec / 1e9};
    memcpy(g->pub.uuid, s->uuid, sizeof(g->pub.uuid));
    g->name = xstrdup_null(s->name);
    g->state = GUEST_PAUSED;
    g->pending_stop = -1;
    g->mem_kib = (uint64_t)s->memory * 1024;
    g->max_kib = (uint64_t)spec_maxmem(s) * 1024;
    g->vcpus = (unsigned)s->vcpus;
    g->max_vcpus = (unsigned)spec_maxvcpus(s);
    g->rules = *rules_take;
    *rules_take = (struct rules){0};
    guest_devices_set(g, s);
    index_put(&d->guests, g->pub.uuid, g);
    d->n_guests++;
    d->domid_used[domid] = true;
    d->used_kib += g->mem_kib;
    return g;
}

/* Gives back memory, id and consoles. */
void guest_remove(struct test_driver *d, struct test_guest *g)
{
    consoles_close(d, g->pub.uuid);
    index_remove(&d->guests, g->pub.uuid);
    d->n_guests--;
    d->domid_used[g->pub.domid] = false;
    d->used_kib -= g->mem_kib;
    vec_clear(&g->rules);
    guest_devices_clear(g);
    free(g->name);
    free(g->affinity);
    free(g);
}

void test_guest_end(struct driver *driver, const char *uuid, enum stop_reason how)
{
    struct test_driver *d = driver_of(driver);

    pthread_mutex_lock(&d->lock);
    assert(guest_find(d, uuid));
    guest_end(d, guest_find(d, uuid), how);
    pthread_mutex_unlock(&d->lock);
}

void test_guest_cpu(struct driver *driver, const char *uuid, uint64_t cpu_ns)
{
    struct test_driver *d = driver_of(driver);

    pthread_mutex_lock(&d->lock);
    assert(guest_find(d, uuid));
    guest_find(d, uuid)->cpu_ns = cpu_ns;
    pthread_mutex_unlock(&d->lock);
}

size_t test_driver_guests(struct driver *driver)
{
    struct test_driver *d = driver_of(driver);
    size_t n;

    pthread_mutex_lock(&d->lock);
    n = d->n_guests;
    pthread_mutex_unlock(&d->lock);
    return n;
}
