/*
 * What QMP events mean: the state of a guest, and what xend is to hear of it. That waits in a list
 * until qemu_watch, on xend's thread, hands it over. Everything but the watching happens on the
 * monitor's thread or while a guest is being made, under the lock.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/qemu/qemu.h"

/* Makes an eventfd readable. */
void eventfd_poke(int fd)
{
    uint64_t one = 1;

    if (write(fd, &one, sizeof(one)) < 0)
        return; /* full: it is readable, which is all that is wanted */
}

void change_add(struct qguest *g, enum guest_state state, const char *detail)
{
    struct change c = {
        .domid = g->pub.domid, .state = state, .reason = g->reason, .detail = xstrdup_null(detail)};

    memcpy(c.uuid, g->pub.uuid, sizeof(c.uuid));
    vec_push(&g->d->changes, c);
    eventfd_poke(g->d->changes_fd);
}

void qguest_become(struct qguest *g, enum guest_state state, enum stop_reason reason,
                   const char *detail)
{
    if (g->state == state && g->reason == reason)
        return;
    g->state = state;
    g->reason = reason;
    g->turns++;
    if (g->announced && !g->destroying)
        change_add(g, state, detail);
}

/* Each handles one QMP event, under the lock. data may be NULL. */
static void on_stop(struct qguest *g, const struct value *data)
{
    (void)data;
    if (g->state == GUEST_RUNNING && !g->dumping) /* else it follows a shutdown or a panic */
        qguest_become(g, GUEST_PAUSED, STOP_POWEROFF, g->trouble);
    g->trouble = NULL;
}

static void on_resume(struct qguest *g, const struct value *data)
{
    (void)data;
    if (!g->dumping)
        qguest_become(g, GUEST_RUNNING, STOP_POWEROFF, NULL);
}

static void on_shutdown(struct qguest *g, const struct value *data)
{
    const char *reason = value_get_str(data, "reason", "");

    if (strcmp(reason, "guest-reset") == 0 || strcmp(reason, "host-qmp-system-reset") == 0)
        qguest_become(g, GUEST_SHUTDOWN, STOP_REBOOT, NULL);
    else if (strcmp(reason, "guest-shutdown") == 0)
        qguest_become(g, GUEST_SHUTDOWN, g->reboot_wished ? STOP_REBOOT : STOP_POWEROFF, NULL);
    else if (strcmp(reason, "guest-panic") == 0)
        qguest_become(g, GUEST_CRASHED, STOP_CRASH, NULL);
    /* "host-...": its QEMU ends, which is reported when it has */
}

static void on_panic(struct qguest *g, const struct value *data)
{
    (void)data;
    qguest_become(g, GUEST_CRASHED, STOP_CRASH, "the guest's kernel panicked");
}

/* QEMU stops the guest rather than lose data; the STOP that follows carries the reason. */
static void on_io_error(struct qguest *g, const struct value *data)
{
    if (strcmp(value_get_str(data, "action", ""), "stop") == 0)
        g->trouble = value_get_bool(data, "nospace", false)
                         ? "the host has no space left for one of its disks"
                         : "one of its disks failed";
}

static void on_balloon(struct qguest *g, const struct value *data)
{
    memory_told(g, value_get_int(data, "actual", 0));
}

/* A device has a name. Of a virtual CPU the only news is the end of its interrupt controller:
 * PATH/lapic. */
static void on_deleted(struct qguest *g, const struct value *data)
{
    AUTO(freep) char *path = xstrdup(value_get_str(data, "path", ""));
    char *end = strstr(path, "/lapic");

    if (end && !end[6])
        *end = '\0';
    vcpus_removed(g, path);
    qdevice_deleted(g, value_get_str(data, "device", ""));
}

/* A program of the guest has opened a channel, or closed it. */
static void on_port(struct qguest *g, const struct value *data)
{
    const char *id = value_get_str(data, "id", "");

    for (size_t i = 0; i < g->devices.len; i++)
        if (strcmp(g->devices.ptr[i].id, id) == 0)
            g->devices.ptr[i].open = value_get_bool(data, "open", false);
}

/* The guest's kernel answers a hot-plug request: _OST of ACPI 6.3, chapter 6.3.5. */
static void on_ost(struct qguest *g, const struct value *data)
{
    enum { BUS_CHECK = 0, DEVICE_CHECK = 1, EJECT = 3, OSPM_EJECT = 0x103, IN_PROGRESS = 0x84 };
    const struct value *info = value_get(data, "info");
    int64_t source = value_get_int(info, "source", -1), status = value_get_int(info, "status", -1);
    unsigned long vcpu = strtoul(value_get_str(info, "slot", ""), NULL, 10);

    if (strcmp(value_get_str(info, "slot-type", ""), "CPU") != 0 || vcpu >= g->vcpus_most)
        return;
    if (status != 0 && status != IN_PROGRESS)
        g->vcpus[vcpu].word = WORD_REFUSED;
    else if (status == 0 && (source == EJECT || source == OSPM_EJECT))
        g->vcpus[vcpu].word = WORD_GIVEN;
    else if (status == 0 && (source == BUS_CHECK || source == DEVICE_CHECK))
        g->vcpus[vcpu].word = WORD_TAKEN;
}

/* Of query-migrate: how much is left. Of any other command: nothing that anybody wants. */
static void on_reply(struct qguest *g, const struct value *data)
{
    int64_t left = value_get_int(value_get(data, "ram"), "remaining", 0);

    if (left > 0)
        g->left = (uint64_t)left;
}

static const struct {
    const char *name;
    void (*handle)(struct qguest *g, const struct value *data);
} events[] = {
    {"STOP", on_stop},
    {"RESUME", on_resume},
    {"SHUTDOWN", on_shutdown},
    {"GUEST_PANICKED", on_panic},
    {"BLOCK_IO_ERROR", on_io_error},
    {"BALLOON_CHANGE", on_balloon},
    {"DEVICE_DELETED", on_deleted},
    {"ACPI_DEVICE_OST", on_ost},
    {"VSERPORT_CHANGE", on_port},
    {QMP_REPLY, on_reply},
};

/* qmp_pump's callback; the lock is held around the pump. Other events mean nothing here. */
void qguest_event(void *arg, const char *event, const struct value *data)
{
    struct qguest *g = arg;

    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        if (strcmp(events[i].name, event) == 0)
            events[i].handle(g, data);
    g->news++;
    pthread_cond_broadcast(&g->d->told);
}

/* Hands over all that waits. */
static void report(struct qemu *d, guest_change_fn *change, void *arg)
{
    struct changes now;
    uint64_t drained;

    if (read(d->changes_fd, &drained, sizeof(drained)) < 0)
        return;
    pthread_mutex_lock(&d->lock);
    now = d->changes;
    memset(&d->changes, 0, sizeof(d->changes));
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < now.len; i++) {
        struct change *c = &now.ptr[i];
        struct guest_change out = {.uuid = c->uuid,
                                   .domid = c->domid,
                                   .state = c->state,
                                   .reason = c->reason,
                                   .detail = c->detail};

        change(arg, &out);
        free(c->detail);
    }
    vec_clear(&now);
}

int qemu_watch(struct driver *driver, int stop_fd, guest_change_fn *change, void *arg,
               struct err *e)
{
    struct qemu *d = qemu_of(driver);

    for (;;) {
        struct pollfd p[] = {{.fd = stop_fd, .events = POLLIN},
                             {.fd = d->changes_fd, .events = POLLIN}};

        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return err_sys(e, "watching");
        if (p[0].revents)
            return 0;
        if (p[1].revents)
            report(d, change, arg);
    }
}
