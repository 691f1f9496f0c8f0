/*
 * Network devices by netlink: what the hook scripts ask of ip(8) and nft(8). Called by vif.c and
 * route.c, and for the default bridge by libxl/dm/; nl.c, nl_route.c, nft.c and batch.c alone know
 * libmnl. Nothing blocks longer than others hold the kernel's lock of network devices.
 */
#ifndef HOOKS_NL_H
#define HOOKS_NL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libxl/base/err.h"

struct nlmsghdr;

struct nl {
    void *socket;
    uint32_t seq;
};

struct link {
    int index, master; /* master 0: none */
    unsigned flags, mtu;
    unsigned char mac[6];
    char name[IFNAMSIZ], kind[16]; /* "bridge", "tun", "" */
};

/* A socket of its own: one for each thread, closed by nl_close. -1 with errno. */
int nl_open(struct nl *n, int bus);
void nl_close(struct nl *n);
/* Sends messages that have the number n->seq, and hands each part of the answer to `each` (or
 * NULL). -1 with errno when the kernel says no. */
int nl_talk(struct nl *n, const void *messages, size_t size,
            int (*each)(const struct nlmsghdr *, void *), void *arg);

/* The one with this name; *there false and 0 when there is none. */
int link_get(struct nl *n, const char *name, struct link *out, bool *there, struct err *e);
/* The bridge for those who name none: the first that no other program keeps for itself. "": none.
 */
int link_default_bridge(struct nl *n, char name[IFNAMSIZ], struct err *e);

/* What shall be different; 0 and NULL: as it is. */
struct link_change {
    bool up, down;
    const unsigned char *mac;
    unsigned mtu;
    int master;
    bool leave;         /* its master */
    bool no_link_local; /* no IPv6 address by itself; fine where there is no IPv6 */
    const char *name;
};
int link_set(struct nl *n, int index, const struct link_change *c, struct err *e);
/* Removes all addresses that it has, of any family. */
int link_flush(struct nl *n, int index, struct err *e);

/* ---- nl_route.c: devices by their numbers */

struct address {
    int family; /* AF_INET, AF_INET6 */
    unsigned char bytes[16];
};

/* Text without a prefix; false when it is none. */
bool address_parse(const char *text, struct address *out);

/* The device of the default route in *index, IPv4's before IPv6's; 0 when there is none. */
int route_default(struct nl *n, int *index, struct err *e);
/* The first address of the family that is of use beyond the link; *there false when it has none. */
int address_of(struct nl *n, int index, int family, struct address *out, bool *there,
               struct err *e);
/* It has this one, alone in its network. */
int address_put(struct nl *n, int index, const struct address *a, struct err *e);
/* The one address `to` is there, and is talked to from `from`. */
int route_put(struct nl *n, int index, const struct address *to, const struct address *from,
              struct err *e);
/* On that device the host answers for the address, by proxy; or does so no more. */
int proxy_put(struct nl *n, int index, const struct address *a, struct err *e);
int proxy_drop(struct nl *n, int index, const struct address *a, struct err *e);

/* ---- */

/* Removes the nftables table "netdev NAME" with its rules; fine when there is none. */
int nft_drop_table(const char *name, struct err *e);

#endif
