/*
 * The host's network interfaces, as the kernel tells of them (rtnetlink): names, kinds, MACs,
 * masters, addresses. Only looks; xend/iface.c changes. Safe from any thread.
 */
#ifndef LIBXL_HOSTIF_H
#define LIBXL_HOSTIF_H

#include "config/value.h"
#include "libxl/base/err.h"

/*
 * [{"name","type","active","carrier","mac","mtu","bridge","addresses"}], in the kernel's order; the
 * caller's. type: loopback, ethernet, wireless, or the kernel's word for what it made itself
 * (bridge, bond, vlan, veth, tun...). bridge: whose port it is (of a bond, too); mac and bridge may
 * be missing. addresses: "10.7.0.2/24", "fe80::1/64".
 */
struct value *hostif_list(struct err *e);

/* The interface of this name in such a list, or NULL; borrowed. */
const struct value *hostif_find(const struct value *list, const char *name);

/* Whether this may be the name of one; as the hook scripts allow it. */
int check_interface(const char *text, struct err *e);

#endif
