/*
 * nftables by netlink, as far as the hooks need it: see nl.h. A table is looked for first, since a
 * change, even one that fails, makes the kernel wait for all processors.
 */
#include <arpa/inet.h>
#include <errno.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "libxl/hooks/nl.h"

#define MESSAGES_BYTES 512 /* three short ones */

static struct nlmsghdr *put(void *at, const struct nl *n, unsigned type, unsigned flags, int family)
{
    struct nlmsghdr *h = mnl_nlmsg_put_header(at);
    struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

    h->nlmsg_type = (uint16_t)type;
    h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    h->nlmsg_seq = n->seq;
    g->nfgen_family = (uint8_t)family;
    g->version = NFNETLINK_V0;
    if (type <= NFNL_MSG_BATCH_END) /* of a batch: whose it is */
        g->res_id = htons(NFNL_SUBSYS_NFTABLES);
    return h;
}

static struct nlmsghdr *put_table(void *at, const struct nl *n, unsigned type, const char *name)
{
    struct nlmsghdr *h = put(at, n, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_ACK, NFPROTO_NETDEV);

    mnl_attr_put_strz(h, NFTA_TABLE_NAME, name);
    return h;
}

static bool is_there(struct nl *n, const char *name)
{
    char m[MESSAGES_BYTES] __attribute__((aligned(4)));
    struct nlmsghdr *h;

    n->seq++;
    h = put_table(m, n, NFT_MSG_GETTABLE, name);
    return nl_talk(n, m, h->nlmsg_len, NULL, NULL) == 0;
}

static int drop(struct nl *n, const char *name)
{
    char m[MESSAGES_BYTES] __attribute__((aligned(4)));
    char *at = m;

    n->seq++;
    at += put(at, n, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC)->nlmsg_len;
    at += put_table(at, n, NFT_MSG_DELTABLE, name)->nlmsg_len;
    at += put(at, n, NFNL_MSG_BATCH_END, 0, AF_UNSPEC)->nlmsg_len;
    return nl_talk(n, m, (size_t)(at - m), NULL, NULL);
}

int nft_drop_table(const char *name, struct err *e)
{
    struct nl n;
    int r;

    if (nl_open(&n, NETLINK_NETFILTER) < 0) /* a kernel without: it has no tables */
        return errno == EPROTONOSUPPORT ? 0 : err_sys(e, "netlink");
    r = is_there(&n, name) ? drop(&n, name) : 0;
    if (r < 0 && errno != ENOENT)
        err_sys(e, "removing the rules netdev %s", name);
    else
        r = 0;
    nl_close(&n);
    return r;
}
