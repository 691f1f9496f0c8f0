/* Domain-0: see dom0.h. Its numbers come with the driver's samples, under the uuid of zeros. */
#include "xend/dom0.h"

#include <time.h>

#include "config/value.h"
#include "libxl/base/mem.h"
#include "xend/domain.h"
#include "xend/xend.h"

/* Seconds since the epoch when the host came up. */
static double boot_time(void)
{
    struct timespec now, up;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &up);
    return (double)(now.tv_sec - up.tv_sec);
}

int dom0_add(struct xend *x, struct err *e)
{
    AUTO(value_freep) struct value *node = x->driver->ops->node_info(x->driver, e);
    struct guest host = {.domid = 0, .start_time = boot_time()};
    struct domain *d;
    struct spec *s;

    if (!node)
        return err_add(e, "Domain-0");
    s = spec_new();
    s->name = xstrdup("Domain-0");
    s->uuid = xstrdup(DOM0_UUID);
    s->memory = value_get_int(node, "total_memory", 0);
    s->vcpus = value_get_int(node, "nr_cpus", 1);
    xend_lock(x);
    d = domain_add_take(x->domains, s, e);
    if (d) {
        domain_started(x->domains, d, &host);
        domain_set_state(x->domains, d, DOMAIN_RUNNING);
    }
    xend_unlock(x);
    return d ? 0 : -1;
}
