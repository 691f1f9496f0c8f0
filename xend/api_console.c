/* The handler of consoles: connects them if need be, then upgrades: see API.md. */
#include <string.h>

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/console.h"
#include "xend/ops.h"
#include "xend/server.h"
#include "xend/xend.h"

/* What the upgrade of a console needs. */
struct console_request {
    struct xend *xend;
    char uuid[UUID_TEXT_SIZE];
    unsigned n;
    size_t history;
};

static void on_console(void *arg, int fd, const void *early, size_t n_early, void *handle)
{
    struct console_request *c = arg;
    struct domain *d;

    xend_lock(c->xend);
    d = domain_find_uuid(c->xend->domains, c->uuid);
    if (d)
        domain_ref(d);
    xend_unlock(c->xend);
    if (!d) {
        server_end_upgrade(handle);
        return;
    }
    console_add_viewer(c->xend->consoles, d, c->n, fd, early, n_early, c->history, handle);
    xend_lock(c->xend);
    domain_unref(d);
    xend_unlock(c->xend);
}

static void upgrade(struct xend *x, struct request *r, struct reply *p, const struct domain *d,
                    unsigned n)
{
    struct console_request *c;
    int64_t history;
    struct err e;

    if (request_query_int(r, "history", 0, CONSOLE_HISTORY_MAX, CONSOLE_HISTORY_DEFAULT, &history,
                          &e) < 0) {
        reply_err(p, &e);
        return;
    }
    c = xcalloc(1, sizeof(*c));
    c->xend = x;
    memcpy(c->uuid, d->uuid, sizeof(c->uuid));
    c->n = n;
    c->history = (size_t)history;
    p->status = 101;
    p->upgrade = "xend-console";
    p->on_upgrade = on_console;
    p->upgrade_arg = c;
}

/* Why the job that connects the console did not, once it ended. With the lock. */
static int console_failed(struct xend *x, uint64_t job, struct err *e)
{
    const struct task *t = queue_find(x->queue, job);

    if (!t || !task_ended(t))
        return 0;
    if (t->state == TASK_DONE)
        return err_set(e, ERR_STATE, "%s: its console closed at once", t->name);
    *e = t->err;
    return -1;
}

/* The console that is meant, by its number or as a channel. With the lock. */
static int which_console(const struct request *r, const struct domain *d, unsigned *n,
                         struct err *e)
{
    const char *name = request_query(r, "channel");
    const struct device *channel;
    int64_t number;

    if (!name) {
        if (request_query_int(r, "n", 0, CONSOLE_SERIALS - 1, 0, &number, e) < 0)
            return -1;
        *n = (unsigned)number;
        return 0;
    }
    for (*n = CONSOLE_SERIALS; *n < CONSOLES_MAX; ++*n) {
        channel = devices_nth(&d->spec->devices, DEVICE_CHANNEL, *n - CONSOLE_SERIALS);
        if (channel && strcmp(channel->channel.name, name) == 0)
            return 0;
    }
    err_set(e, ERR_NOT_FOUND, "%s: there is no channel %.60s", d->spec->name, name);
    return err_hint(e, "xm channel-list %s tells which there are.", d->spec->name);
}

/* Upgrades, or queues the job that connects the console. With the lock. */
static int find_console(struct xend *x, struct request *r, struct reply *p, struct err *e)
{
    struct domain *d = domain_get(x->domains, r->args[0], e);
    struct task *t;
    char by[32];
    unsigned n;

    if (!d || op_check(&op_console, d, e) < 0 || which_console(r, d, &n, e) < 0)
        return -1;
    if (console_connected(x->consoles, d, n)) {
        upgrade(x, r, p, d, n);
    } else if (r->job) {
        return console_failed(x, r->job, e);
    } else {
        request_by(r, by, sizeof(by));
        t = queue_add(x->queue, d, &op_console, by, false);
        t->arg = (int)n;
        r->job = t->id;
    }
    return 0;
}

void api_domain_console(struct xend *x, struct request *r, struct reply *p)
{
    const char *want = request_header(r, "Upgrade");
    struct err e;
    int found;

    if (!want || strcmp(want, "xend-console") != 0) {
        err_set(&e, ERR_INVALID, "the console needs the header \"Upgrade: xend-console\"");
        reply_err(p, &e);
        p->status = 426;
        return;
    }
    xend_lock(x);
    found = find_console(x, r, p, &e);
    xend_unlock(x);
    if (found < 0) {
        reply_err(p, &e);
    } else if (!p->status && !reply_wait(r, p, r->job, WAIT_MAX_S)) {
        err_set(&e, ERR_TIMEOUT, "%s: its console does not answer", r->args[0]);
        reply_err(p, &e);
    }
}
