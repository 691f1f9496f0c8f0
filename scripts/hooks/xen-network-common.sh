#!/bin/sh
# Network devices by ip(8) alone; sourced by vif-common.sh and the network scripts.

ip_program_=$(real_program ip)
ip() {
    "$ip_program_" "$@"
}

# Names as they may stand in rules, too. The kernel allows more, people do not use it.
valid_dev() {
    case $1 in
    '' | -* | . | .. | *[!a-zA-Z0-9._-]* | ????????????????*) return 1 ;;
    esac
}

link_exists() {
    ip link show dev "$1" >/dev/null 2>&1
}

is_bridge() {
    [ -n "$(ip -o link show dev "$1" type bridge 2>/dev/null)" ]
}

# master_of DEV: the bridge that it is a port of, or nothing.
master_of() {
    ip -o link show dev "$1" 2>/dev/null | sed -n 's/.* master \([^ ]*\) .*/\1/p'
}

# mtu_of DEV
mtu_of() {
    ip -o link show dev "$1" 2>/dev/null | sed -n 's/.* mtu \([0-9]*\) .*/\1/p'
}

# The bridge of those who name none: the first one that no other program keeps for itself.
default_bridge() {
    ip -o link show type bridge 2>/dev/null | awk -F': ' '
        $2 !~ /^(docker|virbr|lxcbr|lxdbr|incusbr|podman|cni|br-[0-9a-f]+$)/ { print $2; exit }'
}

# Is / on the network? Then the network must not be taken away, not even for a moment.
is_network_root() {
    awk '$2 == "/" && $3 ~ /^(nfs|nfs4|cifs|afs|ceph)$/ { found = 1 } END { exit !found }' /proc/mounts
}

# create_bridge NAME: down, without addresses, forwarding at once.
create_bridge() {
    is_bridge "$1" || ip link add name "$1" type bridge stp_state 0 forward_delay 0
}

# setup_virtual_bridge_port DEV: what a backend device is before it is plugged in.
setup_virtual_bridge_port() {
    ip link set dev "$1" down
    ip link set dev "$1" address fe:ff:ff:ff:ff:ff # never the lowest: the bridge keeps its own
    ip link set dev "$1" addrgenmode none 2>/dev/null || :
    ip address flush dev "$1"
}

# The name of old.
setup_bridge_port() {
    setup_virtual_bridge_port "$1"
}

# setup_physical_bridge_port DEV: it keeps its MAC.
setup_physical_bridge_port() {
    ip link set dev "$1" down
    ip address flush dev "$1"
}

# add_to_bridge BRIDGE DEV
add_to_bridge() {
    [ "$(master_of "$2")" = "$1" ] || ip link set dev "$2" master "$1"
    ip link set dev "$2" up
}

# remove_from_bridge BRIDGE DEV: whichever it is on; it may be gone
remove_from_bridge() {
    ! link_exists "$2" || {
        do_without_error ip link set dev "$2" down
        do_without_error ip link set dev "$2" nomaster
    }
}

# set_mtu BRIDGE DEV: the bridge's, unless $mtu says another.
set_mtu() {
    mtu_=${mtu:-}
    [ -n "$mtu_" ] && [ "$mtu_" != 0 ] || mtu_=$(mtu_of "$1")
    [ -z "$mtu_" ] || ip link set dev "$2" mtu "$mtu_"
}

# main_dev: the device of the default route; the one with the lowest metric comes first.
main_dev() {
    { ip -4 route show default; ip -6 route show default; } 2>/dev/null |
        sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1
}

# main_ip DEV, main_ip6 DEV: its first address that is of use beyond the link.
main_ip() {
    ip -4 -o address show dev "$1" scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4; exit }'
}
main_ip6() {
    ip -6 -o address show dev "$1" scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4; exit }'
}

# ip_of DEV, dom0_ip: the names of old; the latter for netdev=, by default the device of the default route.
ip_of() {
    main_ip "$1"
}
dom0_ip() {
    netdev=${netdev:-$(main_dev)}
    addr_=$(main_ip "$netdev")
    [ -n "$addr_" ] || fatal "${netdev:-eth0} is not up. Bring it up or specify another interface with netdev=<if>."
    echo "$addr_"
}

# first_file TEST FILE...: the first for which test(1) holds.
first_file() {
    test_=$1
    shift
    for file_; do
        ! test "$test_" "$file_" || { echo "$file_"; return; }
    done
}
find_dhcpd_conf_file() {
    first_file -f /etc/dhcp/dhcpd.conf /etc/dhcp3/dhcpd.conf /etc/dhcpd.conf
}
find_dhcpd_init_file() {
    first_file -x /etc/init.d/isc-dhcp-server /etc/init.d/dhcp3-server /etc/init.d/dhcp /etc/init.d/dhcpd
}
find_dhcpd_arg_file() {
    first_file -f /etc/sysconfig/dhcpd /etc/default/isc-dhcp-server /etc/default/dhcp3-server
}
