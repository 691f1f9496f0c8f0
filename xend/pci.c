/* PCI devices for guests: see pci.h. */
#include "xend/pci.h"

#include <string.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/pcihost.h"
#include "xend/xend.h"

/* state_dir is the caller's. */
static struct pcihost host_of(const struct xend *x, char **state_dir)
{
    *state_dir = path_join(x->paths.run_dir, "pci");
    return (struct pcihost){pcihost_driver(x->driver->ops->name), *state_dir};
}

/* With the lock: the running domain that has it, or NULL. */
static const char *user_of(const struct xend *x, const char *bdf)
{
    for (size_t i = 0; i < x->domains->n; i++) {
        const struct domain *d = x->domains->sorted[i];

        if (d->domid != DOMID_NONE && d->spec && devices_find(&d->spec->devices, DEVICE_PCI, bdf))
            return d->spec->name;
    }
    return NULL;
}

static int check_unused(struct xend *x, const char *bdf, struct err *e)
{
    const char *user;
    int r = 0;

    xend_lock(x);
    user = user_of(x, bdf);
    if (user)
        r = err_set(e, ERR_BUSY, "%s is in use by %s", bdf, user);
    xend_unlock(x);
    return r;
}

struct value *pci_list(struct xend *x, struct err *e)
{
    AUTO(freep) char *dir = NULL;
    const struct pcihost h = host_of(x, &dir);
    struct value *list = pcihost_list(&h, e), *v;

    if (!list)
        return NULL;
    xend_lock(x);
    for (size_t i = 0; i < value_len(list); i++) {
        struct value *d = value_at(list, i);
        value_set_str(d, "domain", user_of(x, value_get_str(d, "bdf", "")));
    }
    xend_unlock(x);
    v = value_map();
    value_set_str(v, "driver", h.driver);
    value_set_take(v, "devices", list);
    return v;
}

int pci_check(struct xend *x, const struct task_kind *kind, const char *bdf, bool force,
              struct err *e)
{
    AUTO(freep) char *dir = NULL;
    const struct pcihost h = host_of(x, &dir);

    if (kind == &op_pci_assign)
        return pcihost_check_assign(&h, bdf, force, e);
    return pcihost_check_release(&h, bdf, e) < 0 ? -1 : check_unused(x, bdf, e);
}

static int run_assign(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    const char *bdf = value_get_str(t->arg_value, "bdf", "");
    bool force = value_get_bool(t->arg_value, "force", false);
    AUTO(freep) char *dir = NULL, *others = NULL;
    const struct pcihost h = host_of(x, &dir);

    (void)d;
    if (pci_check(x, t->kind, bdf, force, e) < 0 || pcihost_assign(&h, bdf, e) < 0)
        return -1;
    others = pcihost_group_others(bdf);
    t->result = value_map();
    value_set_str(t->result, "bdf", bdf);
    value_set_str(t->result, "driver", h.driver);
    value_set_str(t->result, "group_others", others);
    log_info("PCI device %s: assigned to %s", bdf, h.driver);
    return 0;
}

static int run_release(struct xend *x, struct domain *d, struct task *t, struct err *e)
{
    const char *bdf = value_get_str(t->arg_value, "bdf", "");
    AUTO(freep) char *dir = NULL;
    const struct pcihost h = host_of(x, &dir);

    (void)d;
    if (pci_check(x, t->kind, bdf, false, e) < 0 || pcihost_release(&h, bdf, e) < 0)
        return -1;
    log_info("PCI device %s: the host's again", bdf);
    return 0;
}

const struct task_kind op_pci_assign = {.name = "pci-assignable-add", .run = run_assign};
const struct task_kind op_pci_release = {.name = "pci-assignable-remove", .run = run_release};
