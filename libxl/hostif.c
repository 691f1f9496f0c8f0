/* The host's network interfaces: see hostif.h. */
#include "libxl/hostif.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"

#define REPLY_BYTES 32768 /* as much as the kernel puts into one reply */

typedef void message_fn(const struct nlmsghdr *h, struct value *list);

static const struct rtattr *attribute(const struct rtattr *a, size_t len, unsigned short type)
{
    for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
        if (a->rta_type == type)
            return a;
    return NULL;
}

static const struct rtattr *link_attribute(const struct nlmsghdr *h, unsigned short type)
{
    return attribute(IFLA_RTA(NLMSG_DATA(h)), IFLA_PAYLOAD(h), type);
}

static int64_t link_number(const struct nlmsghdr *h, unsigned short type)
{
    const struct rtattr *a = link_attribute(h, type);
    uint32_t n = 0;

    if (a && RTA_PAYLOAD(a) >= sizeof(n))
        memcpy(&n, RTA_DATA(a), sizeof(n));
    return n;
}

/* The kernel's word for it, or NULL: a card. */
static char *kind_of(const struct nlmsghdr *h)
{
    const struct rtattr *info = link_attribute(h, IFLA_LINKINFO), *kind;

    if (!info)
        return NULL;
    kind = attribute(RTA_DATA(info), RTA_PAYLOAD(info), IFLA_INFO_KIND);
    return kind ? xstrndup(RTA_DATA(kind), strnlen(RTA_DATA(kind), RTA_PAYLOAD(kind))) : NULL;
}

static char *type_of(const struct nlmsghdr *h, const char *name)
{
    const struct ifinfomsg *i = NLMSG_DATA(h);
    char *kind = kind_of(h);
    AUTO(freep) char *radio = xasprintf("/sys/class/net/%s/phy80211", name);

    if (kind)
        return kind;
    if (i->ifi_flags & IFF_LOOPBACK)
        return xstrdup("loopback");
    if (i->ifi_type != ARPHRD_ETHER)
        return xstrdup("other");
    return xstrdup(access(radio, F_OK) == 0 ? "wireless" : "ethernet");
}

static void set_mac(struct value *v, const struct nlmsghdr *h)
{
    const struct rtattr *a = link_attribute(h, IFLA_ADDRESS);
    const unsigned char *b;
    char text[18];

    if (!a || RTA_PAYLOAD(a) != 6)
        return;
    b = RTA_DATA(a);
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
             b[5]);
    value_set_str(v, "mac", text);
}

/* index and master are numbers until all names are known. */
static void take_link(const struct nlmsghdr *h, struct value *list)
{
    const struct ifinfomsg *i = NLMSG_DATA(h);
    const struct rtattr *name = link_attribute(h, IFLA_IFNAME);
    struct value *v;

    if (h->nlmsg_type != RTM_NEWLINK || !name)
        return;
    AUTO(freep) char *type = type_of(h, RTA_DATA(name));
    v = value_map();
    value_set_str(v, "name", RTA_DATA(name));
    value_set_str(v, "type", type);
    value_set_bool(v, "active", i->ifi_flags & IFF_UP);
    value_set_bool(v, "carrier", i->ifi_flags & IFF_LOWER_UP);
    set_mac(v, h);
    value_set_int(v, "mtu", link_number(h, IFLA_MTU));
    value_set_int(v, "index", i->ifi_index);
    value_set_int(v, "master", link_number(h, IFLA_MASTER));
    value_set_take(v, "addresses", value_list());
    value_add_take(list, v);
}

/* The i-th of the list that has this number, or NULL. */
static struct value *by_index(const struct value *list, int64_t index)
{
    for (size_t i = 0; i < value_len(list); i++)
        if (value_get_int(value_at(list, i), "index", -1) == index)
            return value_at(list, i);
    return NULL;
}

static void take_address(const struct nlmsghdr *h, struct value *list)
{
    const struct ifaddrmsg *m = NLMSG_DATA(h);
    size_t size = m->ifa_family == AF_INET ? 4 : 16;
    const struct rtattr *a = attribute(IFA_RTA(m), IFA_PAYLOAD(h), IFA_LOCAL);
    struct value *v = by_index(list, m->ifa_index);
    char text[INET6_ADDRSTRLEN];

    if (!a) /* of IPv6, but with a peer */
        a = attribute(IFA_RTA(m), IFA_PAYLOAD(h), IFA_ADDRESS);
    if (h->nlmsg_type != RTM_NEWADDR || !v || !a || RTA_PAYLOAD(a) < size ||
        (m->ifa_family != AF_INET && m->ifa_family != AF_INET6) ||
        !inet_ntop(m->ifa_family, RTA_DATA(a), text, sizeof(text)))
        return;
    AUTO(freep) char *both = xasprintf("%s/%u", text, m->ifa_prefixlen);
    value_add_take(value_get(v, "addresses"), value_str(both));
}

static int ask(int fd, unsigned short type, struct err *e)
{
    struct {
        struct nlmsghdr h;
        struct rtgenmsg m;
    } request = {{.nlmsg_len = sizeof(request),
                  .nlmsg_type = type,
                  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                 {AF_UNSPEC}};

    return send(fd, &request, sizeof(request), 0) < 0 ? err_sys(e, "netlink") : 0;
}

/* All that the kernel answers to one question. */
static int dump(int fd, unsigned short type, message_fn *take, struct value *list, struct err *e)
{
    AUTO(freep) char *reply = xmalloc(REPLY_BYTES);

    if (ask(fd, type, e) < 0)
        return -1;
    for (;;) {
        ssize_t got = recv(fd, reply, REPLY_BYTES, 0);
        size_t len = got > 0 ? (size_t)got : 0;

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_sys(e, "netlink");
        for (const struct nlmsghdr *h = (void *)reply; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
            if (h->nlmsg_type == NLMSG_DONE)
                return 0;
            if (h->nlmsg_type == NLMSG_ERROR)
                return err_set(e, ERR_SYSTEM, "netlink: the kernel refuses to tell");
            take(h, list);
        }
    }
}

static void name_masters(struct value *list)
{
    for (size_t i = 0; i < value_len(list); i++) {
        struct value *v = value_at(list, i);
        const struct value *master = by_index(list, value_get_int(v, "master", 0));

        if (master)
            value_set_str(v, "bridge", value_get_str(master, "name", ""));
        value_remove(v, "master");
    }
    for (size_t i = 0; i < value_len(list); i++)
        value_remove(value_at(list, i), "index");
}

struct value *hostif_list(struct err *e)
{
    AUTO(closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    AUTO(value_freep) struct value *list = value_list();

    if (fd < 0) {
        err_sys(e, "netlink");
        return NULL;
    }
    if (dump(fd, RTM_GETLINK, take_link, list, e) < 0 ||
        dump(fd, RTM_GETADDR, take_address, list, e) < 0)
        return NULL;
    name_masters(list);
    return steal(list);
}

int check_interface(const char *text, struct err *e)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    if (n && !text[n] && n < IFNAMSIZ && text[0] != '-' && strcmp(text, ".") != 0 &&
        strcmp(text, "..") != 0)
        return 0;
    err_set(e, ERR_INVALID, "'%.60s' is not a name for an interface", text);
    return err_hint(e, "use up to %d of letters, digits, . _ and -", IFNAMSIZ - 1);
}

const struct value *hostif_find(const struct value *list, const char *name)
{
    for (size_t i = 0; i < value_len(list); i++)
        if (strcmp(value_get_str(value_at(list, i), "name", ""), name) == 0)
            return value_at(list, i);
    return NULL;
}
