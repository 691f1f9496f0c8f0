/*
 * What a guest may send, as rules of nftables: what vif-filter.sh has nft(8) make of a text, made
 * by netlink, message for message the same. Called by vif.c alone.
 */
#ifndef HOOKS_RULES_H
#define HOOKS_RULES_H

#include "libxl/hooks/hooks.h"

#define RULES_ADDRESSES_MAX 32 /* of an interface; for more the script must do */

struct rules {
    bool any, check_mac, check_ip, strict;
    unsigned char mac[6];
    unsigned char four[RULES_ADDRESSES_MAX][4], six[RULES_ADDRESSES_MAX][16];
    unsigned char as_said[RULES_ADDRESSES_MAX][16]; /* six, in the order of the configuration */
    size_t n_four, n_six;
    uint64_t rate; /* bytes in a second; 0: no limit */
    uint32_t burst;
};

/* Of the parameters filter, mac, of a tap rate, and of these addresses. HOOK_SCRIPT for what is
 * wrong, or is not simple: then the script says it, or does it. */
int rules_read(struct hook *c, bool xen, const char *ip, struct rules *out);
/* In one transaction: what was there of dev before goes, these are there. */
int rules_apply(const struct rules *r, const char *dev, struct err *e);

#endif
