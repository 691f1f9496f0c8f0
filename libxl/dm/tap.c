/* Taps and bridges by system calls: see net.h. Called by net.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/dm/dm.h"

int tap_open(const char *dev, struct err *e)
{
    struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        err_sys(e, "/dev/net/tun");
        return err_hint(e, "Load the kernel's module tun: modprobe tun");
    }
    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", dev);
    if (ioctl(fd, TUNSETIFF, &r) == 0)
        return fd;
    if (errno == EBUSY || errno == EINVAL)
        err_set(e, ERR_EXISTS, "An interface with name %s already exists", dev);
    else
        err_sys(e, "making interface %s", dev);
    close(fd);
    return -1;
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

static bool is_bridge(int sock, const char *name)
{
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
    struct ifreq r = {0};

    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
    r.ifr_data = (void *)&info;
    return ioctl(sock, SIOCETHTOOL, &r) == 0 && strcmp(info.driver, "bridge") == 0;
}

bool bridge_default(char name[IFNAMSIZ])
{
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct if_nameindex *all = sock < 0 ? NULL : if_nameindex();
    unsigned first = 0;

    for (struct if_nameindex *i = all; i && i->if_index; i++)
        if ((!first || i->if_index < first) && !is_anothers(i->if_name) &&
            is_bridge(sock, i->if_name)) {
            first = i->if_index;
            snprintf(name, IFNAMSIZ, "%s", i->if_name);
        }
    if (all)
        if_freenameindex(all);
    if (sock >= 0)
        close(sock);
    return first != 0;
}
