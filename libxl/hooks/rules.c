/* What a guest may send: see rules.h, and vif-filter.sh, which has the same rules as text. */
#include "libxl/hooks/rules.h"

#include <arpa/inet.h>
#include <net/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/hooks/batch.h"

#define LARGEST_PACKET 65536 /* a guest may send as much at once */

enum {
    LINK = NFT_PAYLOAD_LL_HEADER,
    NET = NFT_PAYLOAD_NETWORK_HEADER,
    TRANSPORT = NFT_PAYLOAD_TRANSPORT_HEADER
};
/* Messages of ICMPv6, where the addresses are in them, and the options with a link's address. */
enum { ROUTER_SOLICIT = 133, ROUTER_ADVERT, NEIGHBOUR_SOLICIT, NEIGHBOUR_ADVERT, REDIRECT };
enum { TARGET = 8, OPTION_OF_ROUTER = 8, OPTION = 24, SOURCE_LINK = 1, TARGET_LINK = 2 };
enum { TYPE_IPADDR = 7, TYPE_IP6ADDR = 8, TYPE_ETHERTYPE = 10 }; /* as nft shows them */

/* ---- reading */

static int not_simple(struct hook *c)
{
    return hook_leave(c, "its rules are not of the simple kind: nft makes them");
}

static bool read_mac(const char *text, unsigned char mac[6])
{
    int end = 0;

    return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3],
                  &mac[4], &mac[5], &end) == 6 &&
           !text[end];
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

/* The next address; false when there is none, or it begins anew. */
static bool next_of(const unsigned char *a, unsigned char *out)
{
    memcpy(out, a, 16);
    for (int i = 15; i >= 0; i--)
        if (++out[i])
            return true;
    return false;
}

/* Two that are the same, or side by side, nft makes one of; and those that all may have are there.
 */
static bool is_simple(struct rules *r)
{
    unsigned char next[16];

    qsort(r->six, r->n_six, sizeof(r->six[0]), compare);
    for (size_t i = 0; i < r->n_six; i++) {
        const unsigned char *a = r->six[i];

        if ((a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || memcmp(a, (char[15]){0}, 15) == 0 ||
            !next_of(a, next) || memcmp(next, (char[2]){(char)0xfe, (char)0x80}, 2) == 0 ||
            (i + 1 < r->n_six && memcmp(r->six[i + 1], next, 16) <= 0))
            return false;
    }
    for (size_t i = 0; i < r->n_four; i++) {
        if (memcmp(r->four[i], (char[4]){0}, 4) == 0)
            return false;
        for (size_t k = 0; k < i; k++)
            if (memcmp(r->four[i], r->four[k], 4) == 0)
                return false;
    }
    return true;
}

static bool read_addresses(const char *text, struct rules *r)
{
    AUTO(freep) char *words = xstrdup(text);
    char *rest = words, *word;

    while ((word = strsep(&rest, " "))) {
        if (!*word)
            continue;
        if (r->n_four < RULES_ADDRESSES_MAX && inet_pton(AF_INET, word, r->four[r->n_four]) == 1)
            r->n_four++;
        else if (r->n_six < RULES_ADDRESSES_MAX && inet_pton(AF_INET6, word, r->six[r->n_six]) == 1)
            r->n_six++;
        else
            return false;
    }
    memcpy(r->as_said, r->six, sizeof(r->as_said));
    return is_simple(r);
}

static bool read_rate(const char *text, struct rules *r)
{
    unsigned long long bytes, usec;
    int end = 0;

    if (sscanf(text, "%10llu,%10llu%n", &bytes, &usec, &end) != 2 || text[end] ||
        text[strspn(text, "0123456789,")] || bytes > UINT32_MAX - LARGEST_PACKET)
        return false;
    r->rate = usec ? bytes * 1000000 / usec : 0;
    r->burst = (uint32_t)bytes + LARGEST_PACKET;
    return bytes == 0 || usec == 0 || r->rate > 0;
}

/* filter= says what is looked at; without it ip= does: the script's vif_rules. */
static bool read_filter(const char *filter, const char *ip, const char *mac, struct rules *r)
{
    bool by_ip = !*filter, yes = strcmp(filter, "ip") == 0 || strcmp(filter, "yes") == 0;

    if (strcmp(filter, "none") == 0 || strcmp(filter, "no") == 0 || (by_ip && !*ip))
        return true;
    if (!by_ip && !yes && strcmp(filter, "mac") != 0)
        return false;
    r->check_mac = !by_ip || *mac;
    r->check_ip = by_ip || yes;
    r->strict = yes;
    return (!r->check_mac || read_mac(mac, r->mac)) && (!r->check_ip || read_addresses(ip, r));
}

int rules_read(struct hook *c, bool xen, const char *ip, struct rules *out)
{
    AUTO(freep) char *filter = hook_param(c, "filter");
    AUTO(freep) char *mac = *filter || *ip ? hook_param(c, "mac") : xstrdup("");
    AUTO(freep) char *rate = xen ? xstrdup("") : hook_param(c, "rate"); /* netback limits its own */

    memset(out, 0, sizeof(*out));
    if (!read_filter(filter, ip, mac, out) || (*rate && !read_rate(rate, out)))
        return not_simple(c);
    out->any = out->check_mac || out->check_ip || out->rate;
    return HOOK_DONE;
}

/* ---- the rules */

static void of_ether(struct batch *b)
{
    rule_meta(b, NFT_META_IIFTYPE, &(uint16_t){ARPHRD_ETHER}, 2);
}

static void of_protocol(struct batch *b, uint16_t ether_type)
{
    rule_meta(b, NFT_META_PROTOCOL, &(uint16_t){htons(ether_type)}, 2);
}

static void of_transport(struct batch *b, uint8_t protocol)
{
    rule_meta(b, NFT_META_L4PROTO, &protocol, 1);
}

/* One of IPv6's messages about neighbours. */
static void of_neighbour(struct batch *b, uint8_t type)
{
    of_protocol(b, ETH_P_IPV6);
    of_transport(b, IPPROTO_ICMPV6);
    rule_bytes(b, TRANSPORT, 0, true, &type, 1);
}

/* The option at this offset of such a message has another's address. */
static void add_link_option(struct batch *b, const struct rules *r, uint8_t type, uint32_t offset)
{
    rule_begin(b);
    of_neighbour(b, type);
    rule_bytes(b, TRANSPORT, offset, true, &(uint8_t){SOURCE_LINK}, 1);
    rule_bytes(b, TRANSPORT, offset + 2, false, r->mac, 6);
    rule_end(b, true);
}

/* ARP's kin: what a neighbour is told may have no option, or the address as the first one. */
static void add_neighbour(struct batch *b, const struct rules *r)
{
    rule_begin(b);
    of_neighbour(b, NEIGHBOUR_ADVERT);
    rule_bytes(b, TRANSPORT, OPTION, false, &(uint8_t){TARGET_LINK}, 1);
    rule_end(b, true);
    rule_begin(b);
    of_neighbour(b, NEIGHBOUR_ADVERT);
    rule_bytes(b, TRANSPORT, OPTION + 2, false, r->mac, 6);
    rule_end(b, true);
    add_link_option(b, r, NEIGHBOUR_SOLICIT, OPTION);
    add_link_option(b, r, ROUTER_SOLICIT, OPTION_OF_ROUTER);
}

/* Frames with another's address, or one hidden in a VLAN tag. */
static void add_mac(struct batch *b, const struct rules *r)
{
    const uint16_t tags[] = {htons(ETH_P_8021Q), htons(ETH_P_8021AD)};
    uint32_t set = set_add(b, TYPE_ETHERTYPE, tags, 2, 2, NULL);

    rule_begin(b);
    of_ether(b);
    rule_set(b, LINK, 12, true, set, 2);
    rule_end(b, true);
    rule_begin(b);
    of_ether(b);
    rule_bytes(b, LINK, 6, false, r->mac, 6);
    rule_end(b, true);
    rule_begin(b);
    of_protocol(b, ETH_P_ARP);
    rule_bytes(b, NET, 8, false, r->mac, 6);
    rule_end(b, true);
    add_neighbour(b, r);
}

/* It is no DHCP server, but asks one. */
static void add_dhcp(struct batch *b)
{
    const uint16_t ports[] = {htons(68), htons(67)};

    rule_begin(b);
    of_transport(b, IPPROTO_UDP);
    rule_bytes(b, TRANSPORT, 0, true, &ports[1], 2);
    rule_end(b, true);
    rule_begin(b);
    of_protocol(b, ETH_P_IP);
    rule_bytes(b, NET, 12, true, (char[4]){0}, 4);
    of_transport(b, IPPROTO_UDP);
    rule_bytes(b, TRANSPORT, 0, true, ports, 4);
    rule_end(b, false);
}

/* Senders other than these n, at this offset of this protocol, are dropped. */
static void add_senders(struct batch *b, uint16_t protocol, uint32_t offset,
                        const unsigned char (*list)[4], size_t n)
{
    uint32_t set = n > 1 ? set_add(b, TYPE_IPADDR, list, 4, n, NULL) : 0;

    rule_begin(b);
    of_protocol(b, protocol);
    if (set)
        rule_set(b, NET, offset, false, set, 4);
    else
        rule_bytes(b, NET, offset, false, list[0], 4);
    rule_end(b, true);
}

static void add_four(struct batch *b, const struct rules *r)
{
    unsigned char arp[RULES_ADDRESSES_MAX + 1][4] = {{0}}; /* 0.0.0.0 asks whether one is free */

    add_dhcp(b);
    memcpy(arp + 1, r->four, r->n_four * 4);
    add_senders(b, ETH_P_ARP, 14, arp, r->n_four + 1);
    if (r->n_four) {
        add_senders(b, ETH_P_IP, 12, r->four, r->n_four);
        return;
    }
    rule_begin(b);
    of_ether(b);
    rule_bytes(b, LINK, 12, true, &(uint16_t){htons(ETH_P_IP)}, 2);
    rule_end(b, true);
}

/* ::, fe80::/10 and these; each as what begins an interval, and what is behind it. */
static uint32_t add_set_six(struct batch *b, const struct rules *r)
{
    unsigned char items[2 * (RULES_ADDRESSES_MAX + 2)][16] = {{0}};
    bool ends[ARRAY_LEN(items)] = {false};
    size_t n = 2, i = 0;

    items[1][15] = 1;
    for (; i < r->n_six && r->six[i][0] < 0xfe; i++, n += 2) {
        memcpy(items[n], r->six[i], 16);
        next_of(items[n], items[n + 1]);
    }
    memcpy(items[n], (unsigned char[2]){0xfe, 0x80}, 2);
    memcpy(items[n + 1], (unsigned char[2]){0xfe, 0xc0}, 2);
    for (n += 2; i < r->n_six; i++, n += 2) {
        memcpy(items[n], r->six[i], 16);
        next_of(items[n], items[n + 1]);
    }
    for (size_t k = 1; k < n; k += 2)
        ends[k] = true;
    return set_add(b, TYPE_IP6ADDR, items, 16, n, ends);
}

static void add_six(struct batch *b, const struct rules *r)
{
    static const uint8_t of_routers[] = {ROUTER_ADVERT, REDIRECT};
    uint32_t set;

    for (size_t i = 0; i < ARRAY_LEN(of_routers); i++) {
        rule_begin(b);
        of_neighbour(b, of_routers[i]);
        rule_end(b, true);
    }
    rule_begin(b);
    of_neighbour(b, NEIGHBOUR_ADVERT);
    rule_bytes(b, TRANSPORT, TARGET, false, (unsigned char[2]){0xfe, 0x80}, 2);
    for (size_t i = 0; i < r->n_six; i++)
        rule_bytes(b, TRANSPORT, TARGET, false, r->as_said[i], 16);
    rule_end(b, true);
    set = add_set_six(b, r);
    rule_begin(b);
    of_protocol(b, ETH_P_IPV6);
    rule_set(b, NET, 8, false, set, 16);
    rule_end(b, true);
}

int rules_apply(const struct rules *r, const char *dev, struct err *e)
{
    AUTO(freep) char *table = xasprintf("xen-%s", dev);
    struct batch *b;

    if (!r->any)
        return nft_drop_table(table, e);
    b = batch_new(table, "from-guest", dev);
    if (r->check_mac)
        add_mac(b, r);
    if (r->check_ip && (r->n_four || r->strict))
        add_four(b, r);
    if (r->check_ip && (r->n_six || r->strict))
        add_six(b, r);
    if (r->rate) {
        rule_begin(b);
        rule_over(b, r->rate, r->burst);
        rule_end(b, true);
    }
    return batch_commit_take(b, e);
}
