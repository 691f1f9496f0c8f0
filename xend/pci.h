/* PCI devices of the host that are set aside for guests: jobs around libxl/pcihost.h. */
#ifndef XEND_PCI_H
#define XEND_PCI_H

#include "xend/queue.h"

struct value;

/* arg_value: {"bdf","force"}; the result of assign: {"bdf","driver","was","group_others"}. */
extern const struct task_kind op_pci_assign, op_pci_release;

/* {"driver","loaded","devices":[...]}, see pcihost_list(); with "domain" for those that a running
 * domain has. NULL and the error; the caller's. Not with the lock. */
struct value *pci_list(struct xend *x, struct err *e);
/* Whether this can be begun. Not with the lock. */
int pci_check(struct xend *x, const struct task_kind *kind, const char *bdf, bool force,
              struct err *e);

#endif
