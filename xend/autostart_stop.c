/* on_xend_stop: see autostart.h. Called by main.c while everything still runs. */
#include <string.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/autostart.h"
#include "xend/ops.h"
#include "xend/xend.h"

enum on_stop { STOP_IGNORE, STOP_WITH_SHUTDOWN, STOP_WITH_SUSPEND }; /* as spec_fields.c has them */

/* With the lock: asks the domain for what its on_xend_stop says; false: nothing to do. */
static bool ask(struct xend *x, struct domain *d)
{
    bool suspend = d->spec->on_xend_stop == STOP_WITH_SUSPEND;

    if (d->privileged || d->domid == DOMID_NONE || d->spec->on_xend_stop == STOP_IGNORE)
        return false;
    if (suspend && !d->managed) {
        log_warn("domain=%s: on_xend_stop = suspend is for managed domains, it runs on",
                 d->spec->name);
        return false;
    }
    log_info("domain=%s: on_xend_stop: %s", d->spec->name,
             suspend ? "suspending" : "shutting down");
    queue_add(x->queue, d, suspend ? &op_suspend : &op_shutdown, "xend", false)->arg =
        suspend ? 0 : STOP_POWEROFF;
    return true;
}

struct asked VEC(struct domain *);

/* With the lock: those that still run. One that could not be suspended is waited for in vain. */
static size_t count_left(const struct asked *asked)
{
    size_t n = 0;

    for (size_t i = 0; i < asked->len; i++) {
        const struct domain *d = asked->ptr[i];
        bool failed = d->spec->on_xend_stop == STOP_WITH_SUSPEND && !d->first && !d->running;
        n += d->domid != DOMID_NONE && !failed;
    }
    return n;
}

void autostart_stop(struct xend *x)
{
    int64_t until = now_ms() + conf_int(&x->conf, "shutdown-patience") * 1000;
    struct asked asked = {0};

    xend_lock(x);
    for (size_t i = 0; i < x->domains->n; i++)
        if (ask(x, x->domains->sorted[i])) {
            domain_ref(x->domains->sorted[i]);
            vec_push(&asked, x->domains->sorted[i]);
        }
    while (count_left(&asked) && now_ms() < until)
        queue_wait(x->queue, until);
    for (size_t i = 0; i < asked.len; i++) {
        if (asked.ptr[i]->domid != DOMID_NONE)
            log_warn("domain=%s: it runs on without xend", asked.ptr[i]->spec->name);
        domain_unref(asked.ptr[i]);
    }
    xend_unlock(x);
    vec_clear(&asked);
}
