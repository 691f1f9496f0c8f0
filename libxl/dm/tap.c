/* Taps, and the bridge for them: see net.h. Called by net.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "libxl/dm/dm.h"
#include "libxl/hooks/nl.h"

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

bool bridge_default(char name[IFNAMSIZ])
{
    struct err none;
    struct nl nl;

    name[0] = '\0';
    if (nl_open(&nl, NETLINK_ROUTE) == 0)
        link_default_bridge(&nl, name, &none);
    nl_close(&nl);
    return name[0] != '\0';
}
