/* Handlers of the host's interfaces: see API.md. */
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/hostif.h"
#include "xend/api.h"
#include "xend/iface.h"
#include "xend/xend.h"

void api_interfaces(struct xend *x, struct request *r, struct reply *p)
{
    struct value *v, *list;
    struct err e;

    (void)x, (void)r;
    list = hostif_list(&e);
    if (!list) {
        reply_err(p, &e);
        return;
    }
    v = value_map();
    value_set_take(v, "interfaces", list);
    reply_json_take(p, 200, v);
}

void api_iface_bridge(struct xend *x, struct request *r, struct reply *p)
{
    struct value *body;
    const char *bridge;
    struct err e;

    if (!r->job) {
        body = request_json(r, &e);
        bridge = value_get_str(body, "bridge", "");
        if (!body || iface_check_bridge(r->args[0], bridge, &e) < 0) {
            value_free(body);
            reply_err(p, &e);
            return;
        }
        value_set_str(body, "interface", r->args[0]);
        host_enqueue_take(x, r, &op_iface_bridge, body);
    }
    reply_job(x, r, p, r->job);
}

void api_iface_unbridge(struct xend *x, struct request *r, struct reply *p)
{
    struct value *body;
    bool ignored;
    struct err e;

    if (!r->job) {
        body = request_json(r, &e);
        if (!body || body_bool(body, "force", &ignored, &e) < 0 ||
            iface_check_unbridge(r->args[0], &e) < 0) {
            value_free(body);
            reply_err(p, &e);
            return;
        }
        value_set_str(body, "bridge", r->args[0]);
        host_enqueue_take(x, r, &op_iface_unbridge, body);
    }
    reply_job(x, r, p, r->job);
}
