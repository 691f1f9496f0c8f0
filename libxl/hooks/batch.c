/* Transactions of nftables: see batch.h, and linux/netfilter/nf_tables.h. */
#include "libxl/hooks/batch.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "libxl/base/mem.h"

static struct nlmsghdr *put(struct batch *b, unsigned type, unsigned flags)
{
    struct nlmsghdr *h = mnl_nlmsg_put_header(b->bytes + b->len);
    struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
    bool mark = type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END;

    h->nlmsg_type = (uint16_t)(mark ? type : NFNL_SUBSYS_NFTABLES << 8 | type);
    h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    h->nlmsg_seq = b->seq;
    *g = (struct nfgenmsg){mark ? AF_UNSPEC : NFPROTO_NETDEV, NFNETLINK_V0,
                           mark ? htons(NFNL_SUBSYS_NFTABLES) : 0};
    return h;
}

static void done(struct batch *b, const struct nlmsghdr *h)
{
    b->len += h->nlmsg_len;
    if (b->len > BATCH_BYTES / 2) /* cannot be: callers have few rules, and bounded sets */
        abort();
}

static void put_u32(struct nlmsghdr *h, unsigned type, uint32_t value)
{
    mnl_attr_put_u32(h, (uint16_t)type, htonl(value));
}

static void put_table(struct batch *b, unsigned type, unsigned flags)
{
    struct nlmsghdr *h = put(b, type, flags);

    mnl_attr_put_strz(h, NFTA_TABLE_NAME, b->table);
    done(b, h);
}

static void put_chain(struct batch *b, const char *dev)
{
    struct nlmsghdr *h = put(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    struct nlattr *hook;

    mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, b->table);
    mnl_attr_put_strz(h, NFTA_CHAIN_NAME, b->chain);
    hook = mnl_attr_nest_start(h, NFTA_CHAIN_HOOK);
    put_u32(h, NFTA_HOOK_HOOKNUM, NF_NETDEV_INGRESS);
    put_u32(h, NFTA_HOOK_PRIORITY, 0);
    mnl_attr_put_strz(h, NFTA_HOOK_DEV, dev);
    mnl_attr_nest_end(h, hook);
    mnl_attr_put_strz(h, NFTA_CHAIN_TYPE, "filter");
    done(b, h);
}

struct batch *batch_new(const char *table, const char *chain, const char *dev)
{
    struct batch *b = xcalloc(1, sizeof(*b));

    b->table = table;
    b->chain = chain;
    b->seq = 1;
    done(b, put(b, NFNL_MSG_BATCH_BEGIN, 0));
    put_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE); /* so that there is one to delete */
    put_table(b, NFT_MSG_DELTABLE, 0);
    put_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE);
    put_chain(b, dev);
    return b;
}

int batch_commit_take(struct batch *b, struct err *e)
{
    struct nl n;
    int r;

    put_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK); /* the answer to all is to this */
    done(b, put(b, NFNL_MSG_BATCH_END, 0));
    r = nl_open(&n, NETLINK_NETFILTER);
    if (r < 0) {
        err_sys(e, "netlink");
    } else {
        n.seq = b->seq;
        r = nl_talk(&n, b->bytes, b->len, NULL, NULL);
        if (r < 0)
            err_sys(e, "making the rules netdev %s", b->table);
        nl_close(&n);
    }
    free(b);
    return r;
}

void rule_begin(struct batch *b)
{
    b->rule = put(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    mnl_attr_put_strz(b->rule, NFTA_RULE_TABLE, b->table);
    mnl_attr_put_strz(b->rule, NFTA_RULE_CHAIN, b->chain);
    b->expressions = mnl_attr_nest_start(b->rule, NFTA_RULE_EXPRESSIONS);
}

struct expr {
    struct nlattr *item, *data;
};

static struct expr begin(struct batch *b, const char *name)
{
    struct expr x = {.item = mnl_attr_nest_start(b->rule, NFTA_LIST_ELEM)};

    mnl_attr_put_strz(b->rule, NFTA_EXPR_NAME, name);
    x.data = mnl_attr_nest_start(b->rule, NFTA_EXPR_DATA);
    return x;
}

static void end(struct batch *b, struct expr x)
{
    mnl_attr_nest_end(b->rule, x.data);
    mnl_attr_nest_end(b->rule, x.item);
}

static void put_data(struct nlmsghdr *h, unsigned type, const void *value, size_t n)
{
    struct nlattr *data = mnl_attr_nest_start(h, (uint16_t)type);

    mnl_attr_put(h, NFTA_DATA_VALUE, n, value);
    mnl_attr_nest_end(h, data);
}

/* What is in register 1 is the value, or is not. */
static void compare(struct batch *b, bool is, const void *value, size_t n)
{
    struct expr x = begin(b, "cmp");

    put_u32(b->rule, NFTA_CMP_SREG, NFT_REG_1);
    put_u32(b->rule, NFTA_CMP_OP, is ? NFT_CMP_EQ : NFT_CMP_NEQ);
    put_data(b->rule, NFTA_CMP_DATA, value, n);
    end(b, x);
}

static void load(struct batch *b, uint32_t base, uint32_t offset, size_t n)
{
    struct expr x = begin(b, "payload");

    put_u32(b->rule, NFTA_PAYLOAD_DREG, NFT_REG_1);
    put_u32(b->rule, NFTA_PAYLOAD_BASE, base);
    put_u32(b->rule, NFTA_PAYLOAD_OFFSET, offset);
    put_u32(b->rule, NFTA_PAYLOAD_LEN, (uint32_t)n);
    end(b, x);
}

void rule_meta(struct batch *b, uint32_t key, const void *value, size_t n)
{
    struct expr x = begin(b, "meta");

    put_u32(b->rule, NFTA_META_DREG, NFT_REG_1);
    put_u32(b->rule, NFTA_META_KEY, key);
    end(b, x);
    compare(b, true, value, n);
}

void rule_bytes(struct batch *b, uint32_t base, uint32_t offset, bool is, const void *value,
                size_t n)
{
    load(b, base, offset, n);
    compare(b, is, value, n);
}

void rule_set(struct batch *b, uint32_t base, uint32_t offset, bool in, uint32_t set, size_t n)
{
    struct expr x;

    load(b, base, offset, n);
    x = begin(b, "lookup");
    mnl_attr_put_strz(b->rule, NFTA_LOOKUP_SET, "__set%d");
    put_u32(b->rule, NFTA_LOOKUP_SREG, NFT_REG_1);
    put_u32(b->rule, NFTA_LOOKUP_SET_ID, set);
    put_u32(b->rule, NFTA_LOOKUP_FLAGS, in ? 0 : NFT_LOOKUP_F_INV);
    end(b, x);
}

void rule_over(struct batch *b, uint64_t bytes_a_second, uint32_t burst)
{
    struct expr x = begin(b, "limit");

    mnl_attr_put_u64(b->rule, NFTA_LIMIT_RATE, htobe64(bytes_a_second));
    mnl_attr_put_u64(b->rule, NFTA_LIMIT_UNIT, htobe64(1));
    put_u32(b->rule, NFTA_LIMIT_BURST, burst);
    put_u32(b->rule, NFTA_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES);
    put_u32(b->rule, NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV);
    end(b, x);
}

void rule_end(struct batch *b, bool drop)
{
    struct expr x = begin(b, "immediate");
    struct nlattr *data, *verdict;

    put_u32(b->rule, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    data = mnl_attr_nest_start(b->rule, NFTA_IMMEDIATE_DATA);
    verdict = mnl_attr_nest_start(b->rule, NFTA_DATA_VERDICT);
    put_u32(b->rule, NFTA_VERDICT_CODE, drop ? NF_DROP : NF_ACCEPT);
    mnl_attr_nest_end(b->rule, verdict);
    mnl_attr_nest_end(b->rule, data);
    end(b, x);
    mnl_attr_nest_end(b->rule, b->expressions);
    done(b, b->rule);
}

static void put_items(struct batch *b, uint32_t set, const char *items, size_t size, size_t n,
                      const bool *ends)
{
    struct nlmsghdr *h = put(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
    struct nlattr *list;

    mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, b->table);
    mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, "__set%d");
    put_u32(h, NFTA_SET_ELEM_LIST_SET_ID, set);
    list = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
    for (size_t i = 0; i < n; i++) {
        struct nlattr *item = mnl_attr_nest_start(h, NFTA_LIST_ELEM);

        if (ends && ends[i])
            put_u32(h, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
        put_data(h, NFTA_SET_ELEM_KEY, items + i * size, size);
        mnl_attr_nest_end(h, item);
    }
    mnl_attr_nest_end(h, list);
    done(b, h);
}

uint32_t set_add(struct batch *b, uint32_t type, const void *items, size_t size, size_t n,
                 const bool *ends)
{
    struct nlmsghdr *h = put(b, NFT_MSG_NEWSET, NLM_F_CREATE);
    uint32_t set = ++b->sets;

    mnl_attr_put_strz(h, NFTA_SET_TABLE, b->table);
    mnl_attr_put_strz(h, NFTA_SET_NAME, "__set%d");
    put_u32(h, NFTA_SET_FLAGS,
            NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | (ends ? (uint32_t)NFT_SET_INTERVAL : 0));
    put_u32(h, NFTA_SET_KEY_TYPE, type);
    put_u32(h, NFTA_SET_KEY_LEN, (uint32_t)size);
    put_u32(h, NFTA_SET_ID, set);
    done(b, h);
    put_items(b, set, items, size, n, ends);
    return set;
}
