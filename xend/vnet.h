/*
 * Virtual networks: bridges of xend's own, with DHCP and names. What one is stands in
 * lib_dir/networks/NAME.json; whether it is there, its bridge xn-NAME says. The hook script
 * network-virtual makes it and takes it away, so it outlives xend. Changes are jobs on the queue of
 * one record: they follow one another.
 */
#ifndef XEND_VNET_H
#define XEND_VNET_H

#include "xend/queue.h"

struct xend;

/* arg_value: op_net_new takes the network
 * ({"name","mode","cidr","cidr6","bridge","dhcp","dns","autostart"}, and "start"), the others
 * {"name"}, op_net_autostart "autostart", too, stop and delete "force". */
extern const struct task_kind op_net_new, op_net_start, op_net_stop, op_net_delete,
    op_net_autostart, op_net_edit; /* edit takes all that new does but "start" */

/* Reads what is on disk; when xend is root and nothing is, there is one: default. Queues the start
 * of those that start with xend. After the queue is there. And at the end. */
int vnet_open(struct xend *x, struct err *e);
void vnet_close(struct xend *x);

/* With the lock: of the table's own, or NULL. */
const struct value *vnet_find(const struct xend *x, const char *name);
/* With the lock: {"networks":[...]}, by name; the caller's. */
struct value *vnet_list(const struct xend *x);
/* A network that a request asks for, complete; NULL and the error. edits: in place of the one of
 * that name. With the lock. */
struct value *vnet_from_request(const struct xend *x, const struct value *body, bool edits,
                                struct err *e);
/* The path of lib_dir/networks/NAME.SUFFIX; the caller frees. */
char *vnet_file(const struct xend *x, const char *name, const char *suffix);

/* vnet_leases.c: {"leases":[{"network","mac","ip","name","expires"}]}: who has which address. The
 * caller's. */
struct value *vnet_leases(struct xend *x);

/* vnet_check.c: whether this can be a network's. read_cidr6: as the kernel writes it, the caller's;
 * "auto" is a prefix below fd00::/8 that is unique by chance. */
int vnet_check_cidr(const char *text, struct err *e);
char *vnet_read_cidr6(const char *text, struct err *e);
int vnet_check_mode(const char *mode, const char *bridge, struct err *e);

/* Starts the networks that the interfaces of s name, where they are not; not with the lock. */
int vnet_need(struct xend *x, const struct spec *s, struct err *e);

#endif
