#!/bin/sh
# Routes to guests; sourced by vif-route and vif-nat.
# shellcheck disable=SC2154

# routed_up: the device as one end of a cable whose other end the guest has.
routed_up() {
    link_exists "$dev" || fatal "Could not find interface $dev"
    [ "$(mac_of_our_end)" = fe:ff:ff:ff:ff:ff ] || {
        ip link set dev "$dev" down
        ip link set dev "$dev" address fe:ff:ff:ff:ff:ff
    }
    [ -z "$mtu" ] || [ "$mtu" = 0 ] || ip link set dev "$dev" mtu "$mtu"
    ip link set dev "$dev" up
    echo 1 >"/proc/sys/net/ipv4/conf/$dev/proxy_arp"
    [ ! -e "/proc/sys/net/ipv6/conf/$dev/proxy_ndp" ] || echo 1 >"/proc/sys/net/ipv6/conf/$dev/proxy_ndp"
}

mac_of_our_end() {
    ip -o link show dev "$dev" | sed -n 's,.* link/ether \([^ ]*\).*,\1,p'
}

routed_down() {
    ! link_exists "$dev" || do_without_error ip link set dev "$dev" down
}

# own_address ADDRESS NETDEV: the host's, of the same family.
own_address() {
    case $1 in
    *:*) own_=$(main_ip6 "$2") ;;
    *) own_=$(main_ip "$2") ;;
    esac
    [ -n "$own_" ] || fatal "$2 has no address to route $1 from"
    echo "$own_"
}

# host_part ADDRESS: as a route to this one address.
host_part() {
    case $1 in
    *:*) echo "${1%/*}/128" ;;
    *) echo "${1%/*}/32" ;;
    esac
}

# route_to ADDRESS ROUTER: the guest is there, the host's end of the cable has the address ROUTER.
route_to() {
    [ -n "$2" ] || exit_reported # own_address has said why
    case $1 in
    *:*) ip -6 address replace "$2/128" dev "$dev" nodad ;;
    *) ip address replace "$2/32" dev "$dev" ;;
    esac
    ip route replace "$(host_part "$1")" dev "$dev" src "$2"
}

# answer_for ADDRESS NETDEV: IPv4 has proxy ARP for all that is routed elsewhere, IPv6 needs a list.
answer_for() {
    case $1 in
    *:*) ip -6 neigh replace proxy "${1%/*}" dev "$2" ;;
    esac
}

answer_no_more() {
    case $1 in
    *:*) do_without_error ip -6 neigh delete proxy "${1%/*}" dev "$2" ;;
    esac
}
