/* Addresses and routes by netlink, as ip(8) makes them: see nl.h. */
#include <arpa/inet.h>
#include <string.h>

#include <linux/neighbour.h>

#include "libxl/hooks/nl_message.h"

static size_t address_size(const struct address *a)
{
    return a->family == AF_INET6 ? 16 : 4;
}

bool address_parse(const char *text, struct address *out)
{
    out->family = strchr(text, ':') ? AF_INET6 : AF_INET;
    return inet_pton(out->family, text, out->bytes) == 1;
}

static void put(union message *m, unsigned type, const struct address *a)
{
    mnl_attr_put(&m->head, (uint16_t)type, address_size(a), a->bytes);
}

/* ---- the default route */

struct found_route {
    int index; /* 0: none yet */
    bool is_main;
    int here; /* of the route that is being read */
};

static int read_route(const struct nlattr *a, void *arg)
{
    struct found_route *f = arg;
    const struct rtnexthop *first = mnl_attr_get_payload(a);

    switch (mnl_attr_get_type(a)) {
    case RTA_TABLE:
        f->is_main = mnl_attr_get_u32(a) == RT_TABLE_MAIN;
        break;
    case RTA_OIF:
        f->here = (int)mnl_attr_get_u32(a);
        break;
    case RTA_MULTIPATH:
        if (mnl_attr_get_payload_len(a) >= sizeof(*first))
            f->here = first->rtnh_ifindex;
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

/* The one with the lowest metric comes first. */
static int look_at_route(const struct nlmsghdr *h, void *arg)
{
    const struct rtmsg *r = mnl_nlmsg_get_payload(h);
    struct found_route *f = arg;

    f->here = 0;
    f->is_main = r->rtm_table == RT_TABLE_MAIN;
    mnl_attr_parse(h, sizeof(*r), read_route, f);
    if (!f->index && f->is_main && r->rtm_dst_len == 0 && r->rtm_type == RTN_UNICAST)
        f->index = f->here;
    return MNL_CB_OK;
}

static int look_for_default(struct nl *n, int family, struct found_route *f, struct err *e)
{
    union message m;
    struct rtmsg *r = nl_begin(&m, RTM_GETROUTE, NLM_F_DUMP, sizeof(*r));

    r->rtm_family = (unsigned char)family;
    /* a host without IPv6 has none */
    return nl_ask(n, &m, look_at_route, f) < 0 && family == AF_INET ? err_sys(e, "routes") : 0;
}

int route_default(struct nl *n, int *index, struct err *e)
{
    struct found_route f = {.index = 0};
    int r = look_for_default(n, AF_INET, &f, e);

    if (r == 0 && !f.index)
        r = look_for_default(n, AF_INET6, &f, e);
    *index = f.index;
    return r;
}

/* ---- addresses */

struct found_address {
    struct address *out;
    int index;
    bool there, here;
};

/* Of IPv4 the own one is IFA_LOCAL, and IFA_ADDRESS may be the other end's. */
static int read_address(const struct nlattr *a, void *arg)
{
    struct found_address *f = arg;
    bool local = mnl_attr_get_type(a) == IFA_LOCAL;

    if ((local || (mnl_attr_get_type(a) == IFA_ADDRESS && !f->here)) &&
        mnl_attr_get_payload_len(a) == address_size(f->out)) {
        memcpy(f->out->bytes, mnl_attr_get_payload(a), address_size(f->out));
        f->here = true;
    }
    return MNL_CB_OK;
}

static int look_at_address(const struct nlmsghdr *h, void *arg)
{
    const struct ifaddrmsg *i = mnl_nlmsg_get_payload(h);
    struct found_address *f = arg;

    if (!f->there && (int)i->ifa_index == f->index && i->ifa_scope == RT_SCOPE_UNIVERSE &&
        i->ifa_family == f->out->family) {
        f->here = false;
        mnl_attr_parse(h, sizeof(*i), read_address, f);
        f->there = f->here;
    }
    return MNL_CB_OK;
}

int address_of(struct nl *n, int index, int family, struct address *out, bool *there, struct err *e)
{
    struct found_address f = {.out = out, .index = index};
    union message m;
    struct ifaddrmsg *i = nl_begin(&m, RTM_GETADDR, NLM_F_DUMP, sizeof(*i));

    i->ifa_family = (unsigned char)family;
    i->ifa_index = (unsigned)index;
    *out = (struct address){.family = family};
    if (nl_ask(n, &m, look_at_address, &f) < 0)
        return err_sys(e, "its addresses");
    *there = f.there;
    return 0;
}

int address_put(struct nl *n, int index, const struct address *a, struct err *e)
{
    union message m;
    struct ifaddrmsg *i =
        nl_begin(&m, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof(*i));

    i->ifa_family = (unsigned char)a->family;
    i->ifa_prefixlen = (unsigned char)(8 * address_size(a));
    i->ifa_flags = a->family == AF_INET6 ? IFA_F_NODAD : 0;
    i->ifa_index = (unsigned)index;
    put(&m, IFA_LOCAL, a);
    put(&m, IFA_ADDRESS, a);
    return nl_ask(n, &m, NULL, NULL) < 0 ? err_sys(e, "giving it an address") : 0;
}

/* ---- routes */

int route_put(struct nl *n, int index, const struct address *to, const struct address *from,
              struct err *e)
{
    union message m;
    struct rtmsg *r =
        nl_begin(&m, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof(*r));

    r->rtm_family = (unsigned char)to->family;
    r->rtm_dst_len = (unsigned char)(8 * address_size(to));
    r->rtm_table = RT_TABLE_MAIN;
    r->rtm_protocol = RTPROT_BOOT;
    r->rtm_scope = to->family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    r->rtm_type = RTN_UNICAST;
    put(&m, RTA_DST, to);
    put(&m, RTA_PREFSRC, from);
    mnl_attr_put_u32(&m.head, RTA_OIF, (uint32_t)index);
    return nl_ask(n, &m, NULL, NULL) < 0 ? err_sys(e, "making a route to it") : 0;
}

static int proxy(struct nl *n, unsigned type, unsigned flags, int index, const struct address *a)
{
    union message m;
    struct ndmsg *d = nl_begin(&m, type, NLM_F_ACK | flags, sizeof(*d));

    d->ndm_family = (unsigned char)a->family;
    d->ndm_state = NUD_PERMANENT;
    d->ndm_flags = NTF_PROXY;
    d->ndm_ifindex = index;
    put(&m, NDA_DST, a);
    return nl_ask(n, &m, NULL, NULL);
}

int proxy_put(struct nl *n, int index, const struct address *a, struct err *e)
{
    return proxy(n, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, index, a) < 0
               ? err_sys(e, "answering for an address")
               : 0;
}

int proxy_drop(struct nl *n, int index, const struct address *a, struct err *e)
{
    return proxy(n, RTM_DELNEIGH, 0, index, a) < 0 ? err_sys(e, "answering no more") : 0;
}
