/* Keys, triggers and dumps of the test driver's guests, and what its host has to say. */
#include <stdio.h>

#include "libxl/base/io.h"
#include "libxl/test/test_driver.h"

/* Under the lock. The oldest half goes when there is too much. */
void host_log_add(struct test_driver *d, const char *what, const struct test_guest *g)
{
    if (d->host_log.len > HOST_LOG_BYTES_MAX)
        buf_shift(&d->host_log, HOST_LOG_BYTES_MAX / 2);
    buf_addf(&d->host_log, "(test) d%u: %s\n", g->pub.domid, what);
}

int test_host_log(struct driver *driver, bool clear, struct buf *out, struct err *e)
{
    struct test_driver *d = driver_of(driver);

    (void)e;
    pthread_mutex_lock(&d->lock);
    buf_add(out, d->host_log.ptr, d->host_log.len);
    if (clear)
        buf_clear(&d->host_log);
    pthread_mutex_unlock(&d->lock);
    return 0;
}

static int do_sysrq(struct test_driver *d, struct test_guest *g, char key, struct err *e)
{
    char line[] = "sysrq: ?\n";

    if (g->state != GUEST_RUNNING)
        return guest_wrong_state(g, "send a key", e);
    line[7] = key;
    console_say(d, g, line);
    if (key == 'c')
        guest_end(d, g, STOP_CRASH);
    else if (key == 'b')
        guest_end(d, g, STOP_REBOOT);
    else if (key == 'o')
        guest_end(d, g, STOP_POWEROFF);
    return 0;
}

int test_sysrq(struct guest *guest, char key, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    int r;

    if (rules_enter(d, &g->rules, TEST_SYSRQ, NULL, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    r = do_sysrq(d, g, key, e);
    if (r == 0)
        rules_leave(d, g, TEST_SYSRQ);
    pthread_mutex_unlock(&d->lock);
    return r;
}

static int do_trigger(struct test_driver *d, struct test_guest *g, enum trigger what, unsigned vcpu,
                      struct err *e)
{
    char line[64];

    if (g->state != GUEST_RUNNING && g->state != GUEST_PAUSED)
        return guest_wrong_state(g, "trigger", e);
    if (vcpu >= g->max_vcpus)
        return err_set(e, ERR_INVALID, "virtual CPU %u: it has 0 to %u", vcpu, g->max_vcpus - 1);
    snprintf(line, sizeof(line), "trigger: %s %u\n", trigger_name(what), vcpu);
    console_say(d, g, line);
    if (what == TRIGGER_RESET)
        guest_end(d, g, STOP_REBOOT);
    else if (what == TRIGGER_POWER)
        guest_end(d, g, STOP_POWEROFF);
    return 0;
}

int test_trigger(struct guest *guest, enum trigger what, unsigned vcpu, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    int r;

    if (rules_enter(d, &g->rules, TEST_TRIGGER, NULL, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    r = do_trigger(d, g, what, vcpu, e);
    if (r == 0)
        rules_leave(d, g, TEST_TRIGGER);
    pthread_mutex_unlock(&d->lock);
    return r;
}

/* What save writes, of a guest in any state, which stays as it is. */
int test_dump(struct guest *guest, int fd, struct job *j, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest), copy;

    if (rules_enter(d, &g->rules, TEST_DUMP, j, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    copy = *g;
    pthread_mutex_unlock(&d->lock);
    return stream_write(&copy, fd, j, e);
}
