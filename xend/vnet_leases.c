/* Who has which address in the virtual networks: what dnsmasq writes down. See vnet.h. */
#include <stdio.h>
#include <string.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xend/vnet.h"
#include "xend/xend.h"

#define LEASES_BYTES_MAX (1024 * 1024) /* a /8 full of guests has no place in it, a /16 does */

/* Lines "EXPIRES MAC IP NAME CLIENT-ID". */
static void add_leases(const char *network, char *text, struct value *list)
{
    char *line;

    while ((line = strsep(&text, "\n"))) {
        char mac[32], ip[64], name[256];
        long long expires;
        struct value *v;

        if (sscanf(line, "%lld %31s %63s %255s", &expires, mac, ip, name) != 4)
            continue;
        v = value_map();
        value_set_str(v, "network", network);
        value_set_str(v, "mac", mac);
        value_set_str(v, "ip", ip);
        if (strcmp(name, "*") != 0)
            value_set_str(v, "name", name);
        value_set_int(v, "expires", expires);
        value_add_take(list, v);
    }
}

struct value *vnet_leases(struct xend *x)
{
    struct value *list = value_list(), *v = value_map(), *networks;

    xend_lock(x);
    networks = value_copy(x->networks);
    xend_unlock(x);
    for (size_t i = 0; i < value_len(networks); i++) {
        AUTO(freep) char *path = vnet_file(x, value_key(networks, i), "leases");
        AUTO(buf_clear) struct buf text = BUF_INIT;
        struct err ignored; /* one that never started has none */

        if (read_file(path, LEASES_BYTES_MAX, &text, &ignored) == 0 && text.ptr)
            add_leases(value_key(networks, i), text.ptr, list);
    }
    value_free(networks);
    value_set_take(v, "leases", list);
    return v;
}
