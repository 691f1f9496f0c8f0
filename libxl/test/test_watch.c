/* What the test driver tells of its guests: numbers on request, changes as they come. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/test/test_driver.h"

struct samples VEC(struct guest_sample);

/* Copied first: no lock is held while the caller looks at them. */
static void copy_samples(struct test_driver *d, struct samples *out, char (**uuids)[UUID_TEXT_SIZE])
{
    size_t n = 0;

    pthread_mutex_lock(&d->lock);
    *uuids = xcalloc(d->n_guests + 1, sizeof(**uuids));
    for (size_t i = 0; i < d->guests.size; i++) {
        const struct test_guest *g = d->guests.slots[i].key ? d->guests.slots[i].item : NULL;

        if (!g)
            continue;
        memcpy((*uuids)[n], g->pub.uuid, sizeof((*uuids)[n]));
        vec_push(out,
                 ((struct guest_sample){(*uuids)[n], g->state, g->cpu_ns, g->mem_kib, g->vcpus}));
        n++;
    }
    pthread_mutex_unlock(&d->lock);
}

/* Never waits for a guest: all numbers are in memory. */
int test_sample(struct driver *driver, guest_sample_fn *each, void *arg, struct err *e)
{
    struct test_driver *d = driver_of(driver);
    char(*uuids)[UUID_TEXT_SIZE];
    struct samples samples = {0};

    if (rules_enter(d, NULL, TEST_SAMPLE, NULL, e) < 0)
        return -1;
    copy_samples(d, &samples, &uuids);
    for (size_t i = 0; i < samples.len; i++)
        each(arg, &samples.ptr[i]);
    vec_clear(&samples);
    free(uuids);
    return 0;
}

/* Ends the guests whose time has come; returns how long until the next one, -1: none. */
static int end_due(struct test_driver *d)
{
    int64_t now = now_ms(), next = -1;

    for (size_t i = 0; i < d->guests.size; i++) {
        struct test_guest *g = d->guests.slots[i].key ? d->guests.slots[i].item : NULL;

        if (!g || !g->end_at)
            continue;
        if (g->end_at <= now && g->state == GUEST_RUNNING)
            guest_end(d, g, g->end_how);
        else if (g->end_at > now && (next < 0 || g->end_at - now < next))
            next = g->end_at - now;
    }
    return next > INT32_MAX ? INT32_MAX : (int)next;
}

/*
 * One loop for three things: changes that were queued, guests whose time has come, and the end.
 * Changes from before the watch began are reported, too.
 */
int test_watch(struct driver *driver, int stop_fd, guest_change_fn *change, void *arg,
               struct err *e)
{
    struct test_driver *d = driver_of(driver);

    for (;;) {
        struct pollfd fds[] = {{stop_fd, POLLIN, 0}, {d->wake_fd, POLLIN, 0}};
        struct test_changes changes;
        uint64_t drained;
        int timeout_ms;

        pthread_mutex_lock(&d->lock);
        timeout_ms = end_due(d);
        changes = d->changes;
        d->changes = (struct test_changes){0};
        pthread_mutex_unlock(&d->lock);

        for (size_t i = 0; i < changes.len; i++) {
            const struct test_change *c = &changes.ptr[i];
            change(arg, &(struct guest_change){.uuid = c->uuid,
                                               .domid = c->domid,
                                               .state = c->state,
                                               .reason = c->reason,
                                               .detail = c->detail});
        }
        if (changes.len) {
            vec_clear(&changes);
            continue; /* there may be more by now */
        }
        if (poll(fds, 2, timeout_ms) < 0 && errno != EINTR)
            return err_sys(e, "test driver: poll");
        if (fds[0].revents)
            return 0;
        if (fds[1].revents && read(d->wake_fd, &drained, sizeof(drained)) < 0 && errno != EAGAIN)
            return err_sys(e, "test driver: eventfd");
    }
}
