/*
 * What the hooks of network interfaces share, as the scripts share vif-common.sh: the names of the
 * device, what the guest may send, the answer. Called by vif.c itself, for vif-bridge, and by
 * route.c.
 */
#ifndef HOOKS_VIF_H
#define HOOKS_VIF_H

#include "libxl/hooks/hooks.h"
#include "libxl/hooks/nl.h"
#include "libxl/hooks/rules.h"

extern const unsigned char vif_our_end[6]; /* the address of our end of the cable */

struct vif_hook {
    struct hook *c;
    struct nl nl;
    char dev[IFNAMSIZ];
    bool xen; /* a backend, not a tap */
    unsigned mtu;
    struct rules rules; /* none when it ends */
};

/* Reads what is common, before anything is changed; ip: the addresses that it may have. */
int vif_read(struct vif_hook *v, struct hook *c, const char *ip);
/* Names the device, plugs it in or out, makes or removes the rules, and answers. */
int vif_do(struct vif_hook *v, int (*plug_in)(struct vif_hook *v, struct err *e),
           void (*take_out)(struct vif_hook *v), struct err *e);

#endif
