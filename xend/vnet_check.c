/* What a virtual network may be asked to be: see vnet.h. Called by vnet.c. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xend/vnet.h"

int vnet_check_cidr(const char *text, struct err *e)
{
    char address[INET_ADDRSTRLEN];
    struct in_addr in;
    const char *slash = strchr(text, '/');
    int64_t bits;

    if (slash && (size_t)(slash - text) < sizeof(address)) {
        snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
        if (inet_pton(AF_INET, address, &in) == 1 && parse_int(slash + 1, &bits) && bits >= 8 &&
            bits <= 29)
            return 0;
    }
    err_set(e, ERR_INVALID, "cidr: '%.60s' is not a network", text);
    return err_hint(e, "write for example 10.77.1.0/24, from /8 to /29");
}

/* Of 64 bits, with nothing behind them, and no multicast or link-local. */
static bool parse_prefix64(const char *text, struct in6_addr *in)
{
    static const unsigned char none[8];
    AUTO(freep) char *address = xstrndup(text, strcspn(text, "/"));

    return strcmp(text + strlen(address), "/64") == 0 && inet_pton(AF_INET6, address, in) == 1 &&
           memcmp(&in->s6_addr[8], none, sizeof(none)) == 0 && in->s6_addr[0] &&
           in->s6_addr[0] < 0xfe;
}

char *vnet_read_cidr6(const char *text, struct err *e)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr in = {0};

    if (strcmp(text, "auto") == 0) {
        if (getrandom(&in.s6_addr[1], 7, 0) < 0)
            return err_sys(e, "cidr6"), NULL;
        in.s6_addr[0] = 0xfd;
    } else if (!parse_prefix64(text, &in)) {
        err_set(e, ERR_INVALID, "cidr6: '%.60s' is not a network", text);
        err_hint(e, "write for example fd00:1:2:3::/64, always /64, or auto");
        return NULL;
    }
    inet_ntop(AF_INET6, &in, address, sizeof(address));
    return xasprintf("%s/64", address);
}

int vnet_check_mode(const char *mode, const char *bridge, struct err *e)
{
    static const char *const modes[] = {"nat", "routed", "isolated", "bridge"};
    bool known = false;

    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        known |= strcmp(modes[i], mode) == 0;
    if (!known)
        return err_set(e, ERR_INVALID, "mode: '%.60s': not one of nat, routed, isolated, bridge",
                       mode);
    if ((strcmp(mode, "bridge") == 0) != (bridge != NULL))
        return err_set(e, ERR_INVALID,
                       bridge ? "bridge: only mode bridge has one"
                              : "mode bridge: which one? bridge is needed");
    return 0;
}
