/* Handlers of virtual networks: see API.md. */
#include <string.h>

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/vnet.h"
#include "xend/xend.h"

void api_networks(struct xend *x, struct request *r, struct reply *p)
{
    (void)r;
    xend_lock(x);
    reply_json_take(p, 200, vnet_list(x));
    xend_unlock(x);
}

void api_leases(struct xend *x, struct request *r, struct reply *p)
{
    (void)r;
    reply_json_take(p, 200, vnet_leases(x));
}

void host_enqueue_take(struct xend *x, struct request *r, const struct task_kind *kind,
                       struct value *arg)
{
    struct task *t;
    char by[32];

    request_by(r, by, sizeof(by));
    xend_lock(x);
    t = queue_add(x->queue, x->host, kind, by, false);
    t->arg_value = arg;
    r->job = t->id;
    xend_unlock(x);
}

/* What the body may have that a network's record has, too, with their types. */
static int check_body(const struct value *body, struct err *e)
{
    static const char *const flags[] = {"dhcp", "dns", "autostart", "start", "force"};
    static const char *const texts[] = {"name", "mode", "cidr", "cidr6", "bridge"};
    bool ignored;

    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (body_bool(body, flags[i], &ignored, e) < 0)
            return -1;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (value_get(body, texts[i]) && !value_get_str(body, texts[i], NULL))
            return err_set(e, ERR_INVALID, "request body: \"%s\" must be text", texts[i]);
    return 0;
}

void api_network_new(struct xend *x, struct request *r, struct reply *p)
{
    struct value *body, *complete;
    struct err e;

    if (!r->job) {
        body = request_json(r, &e);
        if (!body || check_body(body, &e) < 0) {
            value_free(body);
            reply_err(p, &e);
            return;
        }
        xend_lock(x);
        complete = vnet_from_request(x, body, false, &e);
        xend_unlock(x);
        value_free(complete); /* the job makes it again: others may have come before it */
        if (!complete) {
            value_free(body);
            reply_err(p, &e);
            return;
        }
        host_enqueue_take(x, r, &op_net_new, body);
    }
    reply_job(x, r, p, r->job);
}

/* A change to the network of the path. */
static void act_on(struct xend *x, struct request *r, struct reply *p, const struct task_kind *kind)
{
    struct value *body;
    bool known;
    struct err e;

    if (!r->job) {
        body = request_json(r, &e);
        if (body && check_body(body, &e) == 0) {
            xend_lock(x);
            known = vnet_find(x, r->args[0]);
            xend_unlock(x);
            if (known) {
                value_set_str(body, "name", r->args[0]);
                host_enqueue_take(x, r, kind, body);
                reply_job(x, r, p, r->job);
                return;
            }
            err_set(&e, ERR_NOT_FOUND, "Network '%.60s' does not exist", r->args[0]);
            err_hint(&e, "xm net-list shows those that do, xm net-new makes one");
        }
        value_free(body);
        reply_err(p, &e);
        return;
    }
    reply_job(x, r, p, r->job);
}

void api_network_start(struct xend *x, struct request *r, struct reply *p)
{
    act_on(x, r, p, &op_net_start);
}

void api_network_stop(struct xend *x, struct request *r, struct reply *p)
{
    act_on(x, r, p, &op_net_stop);
}

void api_network_delete(struct xend *x, struct request *r, struct reply *p)
{
    act_on(x, r, p, &op_net_delete);
}

void api_network_autostart(struct xend *x, struct request *r, struct reply *p)
{
    act_on(x, r, p, &op_net_autostart);
}

void api_network_edit(struct xend *x, struct request *r, struct reply *p)
{
    act_on(x, r, p, &op_net_edit);
}
