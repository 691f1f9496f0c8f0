/*
 * Transactions of xenstore, for the files that describe guests there; nobody else includes it.
 * The body of a transaction runs again, up to a limit, when others disturb it. After the first
 * failure in it nothing more is done, and `sys` tells of it.
 *
 * Names of nodes are relative to /local/domain/N of the guest, or absolute. A new node has the
 * rights of the one above it, so they are set once for a directory, before anything is in it.
 */
#ifndef XEN_TX_H
#define XEN_TX_H

#include "libxl/xen/xen.h"

struct tx {
    struct xguest *g;
    void *arg; /* the body's */
    xs_transaction_t id;
    int sys; /* errno of the first failure; 0: all is well */
};

/* Who may read a directory; what is in it is likewise. */
enum rights {
    DOM0_ALONE,
    GUEST_READS,
    GUEST_OWNS,      /* dom0 may do everything everywhere */
    GUEST_OWNS_DOM0, /* and dom0 is told of as a reader, as frontends want it */
};

int tx_run(struct tx *t, void (*body)(struct tx *t), struct err *e);

void tx_put(struct tx *t, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A directory with the rights of the one above it, and one with others. */
void tx_make_dir(struct tx *t, const char *name);
void tx_put_dir(struct tx *t, const char *name, enum rights rights);
/* Of a directory that is there, and of what is put into it from now on. */
void tx_set_rights(struct tx *t, const char *name, enum rights rights);
/* Fine when there is none. */
void tx_drop(struct tx *t, const char *name);
/* Drops the directory if nothing is in it. */
void tx_drop_empty(struct tx *t, const char *name);

/* In or outside (XBT_NULL) of a transaction; NULL when there is no such node. The caller frees. */
char *tx_get(const struct xguest *g, xs_transaction_t id, const char *name);
/* The absolute name; the caller frees. */
char *node_path(const struct xguest *g, const char *name);

#endif
