/* Netlink, by libmnl: see nl.h. */
#include "libxl/hooks/nl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/if_link.h>

#include "libxl/base/vec.h"
#include "libxl/hooks/nl_message.h"

#define ANSWER_BYTES (32 * 1024) /* as much as the kernel puts into one part of a dump */
#define ANSWER_S 20              /* it answers at once, but for a lock that others hold */

int nl_open(struct nl *n, int bus)
{
    struct timeval patience = {.tv_sec = ANSWER_S};
    struct mnl_socket *s = mnl_socket_open2(bus, SOCK_CLOEXEC);
    int yes = 1;

    *n = (struct nl){NULL, 0};
    if (!s)
        return -1;
    setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    mnl_socket_setsockopt(s, NETLINK_GET_STRICT_CHK, &yes, sizeof(yes));
    if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
        int sys = errno;

        mnl_socket_close(s);
        errno = sys;
        return -1;
    }
    n->socket = s;
    return 0;
}

void nl_close(struct nl *n)
{
    if (n->socket)
        mnl_socket_close(n->socket);
    n->socket = NULL;
}

void *nl_begin(union message *m, unsigned type, unsigned flags, size_t extra)
{
    mnl_nlmsg_put_header(m->bytes);
    m->head.nlmsg_type = (uint16_t)type;
    m->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    return mnl_nlmsg_put_extra_header(&m->head, extra);
}

static int receive(struct nl *n, mnl_cb_t each, void *arg)
{
    unsigned port = mnl_socket_get_portid(n->socket);
    AUTO(freep) char *answer = xmalloc(ANSWER_BYTES);
    int more = MNL_CB_OK;

    while (more == MNL_CB_OK) {
        ssize_t got = mnl_socket_recvfrom(n->socket, answer, ANSWER_BYTES);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        more = mnl_cb_run(answer, (size_t)got, n->seq, port, each, arg);
    }
    return more < 0 ? -1 : 0;
}

int nl_talk(struct nl *n, const void *messages, size_t size,
            int (*each)(const struct nlmsghdr *, void *), void *arg)
{
    return mnl_socket_sendto(n->socket, messages, size) < 0 ? -1 : receive(n, each, arg);
}

int nl_ask(struct nl *n, union message *m, mnl_cb_t each, void *arg)
{
    m->head.nlmsg_seq = ++n->seq;
    return nl_talk(n, m->bytes, m->head.nlmsg_len, each, arg);
}

static int put_kind(const struct nlattr *a, void *arg)
{
    struct link *l = arg;

    if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
        snprintf(l->kind, sizeof(l->kind), "%.*s", (int)mnl_attr_get_payload_len(a),
                 (const char *)mnl_attr_get_payload(a));
    return MNL_CB_OK;
}

static int put_attr(const struct nlattr *a, void *arg)
{
    struct link *l = arg;

    switch (mnl_attr_get_type(a)) {
    case IFLA_IFNAME:
        snprintf(l->name, sizeof(l->name), "%s", mnl_attr_get_str(a));
        break;
    case IFLA_MTU:
        l->mtu = mnl_attr_get_u32(a);
        break;
    case IFLA_MASTER:
        l->master = (int)mnl_attr_get_u32(a);
        break;
    case IFLA_ADDRESS:
        if (mnl_attr_get_payload_len(a) == sizeof(l->mac))
            memcpy(l->mac, mnl_attr_get_payload(a), sizeof(l->mac));
        break;
    case IFLA_LINKINFO:
        mnl_attr_parse_nested(a, put_kind, l);
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

static void read_link(const struct nlmsghdr *h, struct link *l)
{
    const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);

    *l = (struct link){.index = i->ifi_index, .flags = i->ifi_flags};
    mnl_attr_parse(h, sizeof(*i), put_attr, l);
}

static int take_link(const struct nlmsghdr *h, void *arg)
{
    read_link(h, arg);
    return MNL_CB_STOP; /* there is no more */
}

int link_get(struct nl *n, const char *name, struct link *out, bool *there, struct err *e)
{
    union message m;

    nl_begin(&m, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
    mnl_attr_put_u32(&m.head, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    mnl_attr_put_strz(&m.head, IFLA_IFNAME, name);
    *there = nl_ask(n, &m, take_link, out) == 0;
    return *there || errno == ENODEV ? 0 : err_sys(e, "interface %s", name);
}

/* Bridges that docker, libvirt, lxc and their like have made for their own guests. Also in
 * default_bridge of scripts/hooks/xen-network-common.sh. */
static bool is_anothers(const char *name)
{
    static const char *const prefixes[] = {"docker", "virbr",   "lxcbr",  "lxdbr",
                                           "cni",    "incusbr", "podman", NULL};

    for (size_t i = 0; prefixes[i]; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return strncmp(name, "br-", 3) == 0 && name[3] &&
           name[3 + strspn(name + 3, "0123456789abcdef")] == '\0';
}

/* The one that came first has the lowest number. */
static int look_at_bridge(const struct nlmsghdr *h, void *arg)
{
    struct link l, *first = arg;

    read_link(h, &l);
    if (strcmp(l.kind, "bridge") == 0 && !is_anothers(l.name) &&
        (!first->index || l.index < first->index))
        *first = l;
    return MNL_CB_OK;
}

int link_default_bridge(struct nl *n, char name[IFNAMSIZ], struct err *e)
{
    struct link first = {0};
    struct nlattr *info;
    union message m;

    nl_begin(&m, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
    mnl_attr_put_u32(&m.head, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    info = mnl_attr_nest_start(&m.head, IFLA_LINKINFO);
    mnl_attr_put_strz(&m.head, IFLA_INFO_KIND, "bridge");
    mnl_attr_nest_end(&m.head, info);
    if (nl_ask(n, &m, look_at_bridge, &first) < 0)
        return err_sys(e, "looking for a bridge");
    memcpy(name, first.name, IFNAMSIZ);
    return 0;
}

static void put_no_link_local(union message *m)
{
    struct nlattr *all = mnl_attr_nest_start(&m->head, IFLA_AF_SPEC);
    struct nlattr *six = mnl_attr_nest_start(&m->head, AF_INET6);

    mnl_attr_put_u8(&m->head, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(&m->head, six);
    mnl_attr_nest_end(&m->head, all);
}

static int set(struct nl *n, int index, const struct link_change *c)
{
    union message m;
    struct ifinfomsg *i = nl_begin(&m, RTM_NEWLINK, NLM_F_ACK, sizeof(*i));

    i->ifi_index = index;
    i->ifi_flags = c->up ? IFF_UP : 0;
    i->ifi_change = c->up || c->down ? IFF_UP : 0;
    if (c->mac)
        mnl_attr_put(&m.head, IFLA_ADDRESS, 6, c->mac);
    if (c->mtu)
        mnl_attr_put_u32(&m.head, IFLA_MTU, c->mtu);
    if (c->name)
        mnl_attr_put_strz(&m.head, IFLA_IFNAME, c->name);
    if (c->master || c->leave)
        mnl_attr_put_u32(&m.head, IFLA_MASTER, (uint32_t)c->master);
    if (c->no_link_local)
        put_no_link_local(&m);
    return nl_ask(n, &m, NULL, NULL);
}

int link_set(struct nl *n, int index, const struct link_change *c, struct err *e)
{
    struct link_change four = *c;

    if (set(n, index, c) == 0)
        return 0;
    four.no_link_local = false;
    if (c->no_link_local && errno == EAFNOSUPPORT && set(n, index, &four) == 0)
        return 0;
    return err_sys(e, "changing it");
}

/* An address as it was told, to be said again. */
struct addr {
    struct ifaddrmsg head;
    uint16_t len;
    char bytes[16];
};
struct addrs {
    int index;
    struct VEC(struct addr) list;
};

/* Of IPv4 the own one is IFA_LOCAL, and IFA_ADDRESS may be the other end's. */
static int put_own(const struct nlattr *a, void *arg)
{
    bool local = mnl_attr_get_type(a) == IFA_LOCAL;
    struct addr *found = arg;

    if ((local || (mnl_attr_get_type(a) == IFA_ADDRESS && !found->len)) &&
        mnl_attr_get_payload_len(a) <= sizeof(found->bytes)) {
        found->len = mnl_attr_get_payload_len(a);
        memcpy(found->bytes, mnl_attr_get_payload(a), found->len);
    }
    return MNL_CB_OK;
}

static int take_addr(const struct nlmsghdr *h, void *arg)
{
    const struct ifaddrmsg *i = mnl_nlmsg_get_payload(h);
    struct addr found = {.head = *i};
    struct addrs *all = arg;

    mnl_attr_parse(h, sizeof(*i), put_own, &found);
    if ((int)i->ifa_index == all->index)
        vec_push(&all->list, found);
    return MNL_CB_OK;
}

static int drop_addr(struct nl *n, const struct addr *a)
{
    union message m;
    struct ifaddrmsg *i = nl_begin(&m, RTM_DELADDR, NLM_F_ACK, sizeof(*i));

    *i = a->head;
    mnl_attr_put(&m.head, IFA_LOCAL, a->len, a->bytes);
    return nl_ask(n, &m, NULL, NULL);
}

int link_flush(struct nl *n, int index, struct err *e)
{
    struct addrs all = {.index = index};
    union message m;
    struct ifaddrmsg *i = nl_begin(&m, RTM_GETADDR, NLM_F_DUMP, sizeof(*i));
    int r;

    i->ifa_index = (unsigned)index;
    r = nl_ask(n, &m, take_addr, &all);
    for (size_t k = 0; r == 0 && k < all.list.len; k++)
        if (drop_addr(n, &all.list.ptr[k]) < 0 && errno != EADDRNOTAVAIL) /* it went with another */
            r = -1;
    if (r < 0)
        err_sys(e, "removing its addresses");
    vec_clear(&all.list);
    return r;
}
