/*
 * The host's interfaces: putting a card on a bridge of its own for guests, and taking it off again,
 * by the hook script network-bridge, which never loses the host's network: see there. Until the
 * host's next boot; network-script of xend-config.sxp does the same at each start of xend.
 */
#ifndef XEND_IFACE_H
#define XEND_IFACE_H

#include "xend/queue.h"

/* arg_value: {"interface","bridge"} and {"bridge","force"}. */
extern const struct task_kind op_iface_bridge, op_iface_unbridge;

/* Whether the interface can be put on this new bridge; whether there is such a bridge to undo. */
int iface_check_bridge(const char *name, const char *bridge, struct err *e);
int iface_check_unbridge(const char *bridge, struct err *e);

#endif
