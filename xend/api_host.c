/* Handlers of the host and of xend itself: see API.md. */
#include <unistd.h>

#include "xend/api.h"
#include "xend/xend.h"

void api_version(struct xend *x, struct request *r, struct reply *p)
{
    struct value *v = value_map();

    (void)r;
    value_set_str(v, "name", "xend");
    value_set_str(v, "version", VERSION);
    value_set_int(v, "api", 1);
    value_set_str(v, "driver", x->driver->ops->name);
    value_set_int(v, "pid", getpid());
    reply_json_take(p, 200, v);
}

void api_host(struct xend *x, struct request *r, struct reply *p)
{
    struct value *v;
    struct err e;

    (void)r;
    v = x->driver->ops->node_info(x->driver, &e);
    if (v)
        reply_json_take(p, 200, v);
    else
        reply_err(p, &e);
}
