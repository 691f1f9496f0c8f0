/* Handlers of the host and of xend itself: see API.md. */
#include <string.h>
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

/* Those that have a value. */
void api_config(struct xend *x, struct request *r, struct reply *p)
{
    struct value *v = value_map();

    (void)r;
    for (size_t i = 0; i < value_len(x->conf.map); i++) {
        const struct value *option = value_at(x->conf.map, i);
        if (strcmp(value_key(x->conf.map, i), "vncpasswd") == 0 && value_type(option) != VALUE_NIL)
            value_set_str(v, "vncpasswd", SECRET_HIDDEN);
        else if (value_type(option) != VALUE_NIL)
            value_set_take(v, value_key(x->conf.map, i), value_copy(option));
    }
    reply_json_take(p, 200, v);
}

void api_host(struct xend *x, struct request *r, struct reply *p)
{
    const char *detail = request_query(r, "detail");
    struct value *v;
    struct err e;

    v = x->driver->ops->node_info(x->driver, &e);
    if (v && !(detail && strcmp(detail, "numa") == 0)) {
        value_remove(v, "cpu_topology");
        value_remove(v, "numa_info");
    }
    if (v)
        reply_json_take(p, 200, v);
    else
        reply_err(p, &e);
}

static void reply_host_log(struct xend *x, struct reply *p, bool clear)
{
    struct err e;
    int r;

    r = x->driver->ops->host_log ? x->driver->ops->host_log(x->driver, clear, &p->body, &e)
                                 : driver_lacks(x->driver, "log of its hypervisor", &e);
    p->status = 200;
    p->type = "text/plain; charset=utf-8";
    if (r < 0)
        reply_err(p, &e);
}

void api_host_dmesg(struct xend *x, struct request *r, struct reply *p)
{
    (void)r;
    reply_host_log(x, p, false);
}

void api_host_dmesg_clear(struct xend *x, struct request *r, struct reply *p)
{
    (void)r;
    reply_host_log(x, p, true);
}
