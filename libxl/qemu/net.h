/*
 * The host's side of a guest's interfaces: QEMU's own user-mode network, or a tap that a vif script
 * plugs into the host's network. A tap lives as long as the QEMU that holds its descriptor: what
 * can be left behind is only what its script has done, and the script takes that back. Called by
 * create.c, life.c and scan.c; whoever plugs in more at run time calls net_plan, net_open and
 * net_plug, and keeps what it has in the guest's `nets`, on disk (state_save) before net_plug.
 */
#ifndef QEMU_NET_H
#define QEMU_NET_H

#include <net/if.h>
#include <stdbool.h>

#include "config/value.h"
#include "libxl/base/err.h"
#include "libxl/base/vec.h"
#include "libxl/device.h"

struct qguest;
struct job;

/* One interface's descriptors, or their numbers in the child; fd -1: user-mode network. */
struct launch_net {
    int fd, vhost_fd;
};

/* How one interface is on the host. All that is needed to take it away again is in it. */
struct qnet {
    char mac[18];
    bool tap;           /* else it is QEMU's own user-mode network */
    char dev[IFNAMSIZ]; /* the tap's name */
    unsigned index;     /* the kernel's number of the tap, once it is made */
    char *script;       /* absolute */
    struct value *args; /* what the script gets after add or remove */
    struct value *env;
};
struct qnets VEC(struct qnet);

/* What a saved guest had for an interface: it must be the same kind again. */
enum net_kind { NET_ANY, NET_USER, NET_TAP };

/*
 * Settles how interface v, the index-th of g, gets onto the host: looks, changes nothing. Filled is
 * *n, to be cleared; ERR_UNSUPPORTED when it asks for what this host or user does not have.
 */
int net_plan(const struct qguest *g, const struct vif *v, int index, enum net_kind kind,
             struct qnet *n, struct err *e);
void net_clear(struct qnet *n);
void nets_clear(struct qnets *v);

/* Makes the tap: a descriptor for QEMU, the caller's. It is gone when the last copy is closed. */
int net_open(struct qnet *n, struct err *e);
/* /dev/vhost-net, or -1: then QEMU moves the packets itself. */
int net_open_vhost(void);

/* Runs the script to plug a tap in. After a failure net_unplug is due, too. */
int net_plug(const struct qnet *n, struct err *e);
/* Runs it to take back what it did; a failure is logged. Twice does no harm. An interface of this
 * name that is another one, of the host or of another guest, is left alone. */
void net_unplug(const struct qnet *n, const char *domain);
void nets_unplug(const struct qnets *v, const char *domain);

/*
 * net_plan and net_open of all that g's spec has, into g->nets; descriptors, the caller's, into
 * out, one for each of g->nets (-1: none), after a failure, too. saved: the kinds of a saved guest,
 * or NULL. vhost: taps get vhost-net where the host has it.
 */
int nets_open(struct qguest *g, const struct value *saved, bool vhost, struct launch_net *out,
              struct err *e);
/* net_plug of all, at the same time. It is what first outlives a dying xend: g->nets must be on
 * disk by now. */
int nets_plug(struct qguest *g, struct job *j, struct err *e);

/* For the state file. */
struct value *nets_to_value(const struct qnets *v);
void nets_from_value(const struct value *list, struct qnets *out);

/* Whether an interface asks for anything of the host; "bridge=xenbr0" of that, or NULL. The
 * caller frees. */
char *vif_host_side(const struct vif *v);

#endif
