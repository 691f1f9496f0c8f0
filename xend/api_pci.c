/* Handlers of the host's PCI devices: see API.md. */
#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/pci.h"
#include "xend/xend.h"

void api_pci(struct xend *x, struct request *r, struct reply *p)
{
    struct value *v;
    struct err e;

    (void)r;
    v = pci_list(x, &e);
    if (v)
        reply_json_take(p, 200, v);
    else
        reply_err(p, &e);
}

static void act_on(struct xend *x, struct request *r, struct reply *p, const struct task_kind *kind)
{
    struct value *body;
    bool force = false;
    struct err e;

    if (!r->job) {
        body = request_json(r, &e);
        if (!body || body_bool(body, "force", &force, &e) < 0 ||
            pci_check(x, kind, r->args[0], force, &e) < 0) {
            value_free(body);
            reply_err(p, &e);
            return;
        }
        value_set_str(body, "bdf", r->args[0]);
        host_enqueue_take(x, r, kind, body);
    }
    reply_job(x, r, p, r->job);
}

void api_pci_assign(struct xend *x, struct request *r, struct reply *p)
{
    act_on(x, r, p, &op_pci_assign);
}

void api_pci_release(struct xend *x, struct request *r, struct reply *p)
{
    act_on(x, r, p, &op_pci_release);
}
