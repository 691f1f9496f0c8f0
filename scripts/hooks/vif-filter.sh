#!/bin/sh
# What a guest may send: its own addresses (filter=, ip=) and so much a second (rate=); and, on a
# host whose iptables drop what is bridged, that it may send at all. Sourced by vif-common.sh.
#
# The rules are one nftables table for each device, "netdev xen-DEV", so that they hold on bridges
# and on routes alike and go in one step. Rules of others are never touched.
# shellcheck disable=SC2154

# addresses_of FAMILY: those of $ip that are of it, as the items of an nftables set.
addresses_of() {
    # shellcheck disable=SC2086  # a list
    set -- "$1" $ip
    family_=$1 list_=
    shift
    for addr_; do
        case $addr_ in
        *:*) [ "$family_" = 6 ] || continue ;;
        *) [ "$family_" = 4 ] || continue ;;
        esac
        list_="$list_${list_:+, }$addr_"
    done
    echo "$list_"
}

# check_addresses: what is no address nft would ask the name service for.
check_addresses() {
    byte_='(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])'
    for addr_ in $ip; do
        echo "$addr_" | grep -Eqx -e "($byte_\.){3}$byte_(/([12]?[0-9]|3[0-2]))?" \
            -e '[0-9a-fA-F]*:[0-9a-fA-F:.]*(/([1-9]?[0-9]|1[01][0-9]|12[0-8]))?' ||
            fatal "ip=$addr_: no address, as 10.0.0.1 or 2001:db8::1, and no network, as 10.0.0.0/28"
    done
}

# hex_of_mac: $mac as a number.
hex_of_mac() {
    # shellcheck disable=SC2046,SC2183  # six
    printf '0x%02x%02x%02x%02x%02x%02x' $(echo "$mac" | sed 's/[^:][^:]*/0x&/g; s/:/ /g')
}

# hex_of ADDRESS[/BITS]: "!= NUMBER" for what nft(8) knows as bits only; with a mask before it.
hex_of() {
    echo "$1" | awk -F/ '{
        n = split($1, half, "::")
        l = split(half[1], left, ":")
        r = n > 1 ? split(half[2], right, ":") : 0
        for (i = 1; i <= 8; i++) {
            word = i <= l ? left[i] : i > 8 - r ? right[i - 8 + r] : 0
            all = all substr("0000" word, length(word) + 1)
        }
        if (NF == 1) { print "!= 0x" all; exit }
        for (i = 0; i < 32; i++) {
            bits = $2 - 4 * i
            unit = bits >= 4 ? 1 : bits == 3 ? 2 : bits == 2 ? 4 : bits == 1 ? 8 : 16
            digit = index("0123456789abcdef", tolower(substr(all, i + 1, 1))) - 1
            value = value substr("0123456789abcdef", digit - digit % unit + 1, 1)
            mask = mask substr("0123456789abcdef", 17 - unit, 1)
        }
        print "& 0x" mask " != 0x" value
    }'
}

# neighbour_rules: ARP's kin: what a neighbour is told may have no option, or this address as its first.
neighbour_rules() {
    own_=$(hex_of_mac)
    echo "icmpv6 type nd-neighbor-advert @th,192,8 != 2 drop"
    echo "icmpv6 type nd-neighbor-advert @th,208,48 != $own_ drop"
    echo "icmpv6 type nd-neighbor-solicit @th,192,8 1 @th,208,48 != $own_ drop"
    echo "icmpv6 type nd-router-solicit @th,64,8 1 @th,80,48 != $own_ drop"
}

# mac_rules: frames with another's address, or one hidden in a VLAN tag.
mac_rules() {
    [ -n "$mac" ] || fatal "filter=$filter: the interface has no mac="
    echo "ether type { 8021q, 8021ad } drop"
    echo "ether saddr != $mac drop"
    echo "arp saddr ether != $mac drop"
    neighbour_rules
}

# ip_rules STRICT: of a family without an address in ip= everything goes, unless STRICT.
ip_rules() {
    check_addresses
    four_=$(addresses_of 4) six_=$(addresses_of 6)
    if [ -n "$four_" ] || [ -n "$1" ]; then
        echo "udp sport 67 drop" # no DHCP server
        echo "ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept"
        echo "arp saddr ip != { 0.0.0.0${four_:+, }$four_ } drop"
        if [ -n "$four_" ]; then
            echo "ip saddr != { $four_ } drop"
        else
            echo "ether type ip drop"
        fi
    fi
    if [ -n "$six_" ] || [ -n "$1" ]; then
        echo "icmpv6 type nd-router-advert drop"
        echo "icmpv6 type nd-redirect drop"
        # a link's own addresses, and these, are all that it may say it has
        own_='@th,64,16 != 0xfe80'
        # shellcheck disable=SC2086  # a list
        for addr_ in $(echo $six_ | tr -d ,); do
            own_="$own_ @th,64,128 $(hex_of "$addr_")"
        done
        echo "icmpv6 type nd-neighbor-advert $own_ drop"
        echo "ip6 saddr != { ::, fe80::/10${six_:+, }$six_ } drop"
    fi
}

# rate_rules: $rate is "BYTES,USEC", as Xen has it; 64 KiB more for the largest packet of a guest.
rate_rules() {
    bytes_=${rate%%,*} usec_=${rate##*,}
    case $bytes_$usec_ in
    '' | *[!0-9]*) fatal "rate=$rate: not BYTES,MICROSECONDS" ;;
    esac
    [ "$usec_" -gt 0 ] && [ "$bytes_" -gt 0 ] || return 0
    echo "limit rate over $((bytes_ * 1000000 / usec_)) bytes/second burst $((bytes_ + 65536)) bytes drop"
}

vif_rules() {
    case ${filter:-$ip} in
    '' | none | no) ;;
    mac) mac_rules ;;
    ip | yes) mac_rules && ip_rules strict ;;
    *)
        [ -z "$filter" ] || fatal "filter=$filter: not one of none, mac, ip"
        [ -z "$mac" ] || mac_rules
        ip_rules ''
        ;;
    esac
    # netback limits its guests itself
    [ -z "$rate" ] || [ "$type_if" = vif ] || rate_rules
}

# delete_rules DEV: quietly, there may be none.
delete_rules() {
    ! have nft || nft delete table netdev "xen-$1" 2>/dev/null || :
}

# In one transaction: what was there before goes, the new rules are there.
add_rules() {
    # it ran in a subshell, where fatal has said why
    rules_=$(vif_rules) || exit_reported
    delete_rules "$dev"
    [ -n "$rules_" ] || return 0
    have nft || fatal "ip=, filter= and rate= need nft (of the package nftables)"
    said_=$(nft -f - 2>&1 <<EOF_RULES
table netdev xen-$dev {
    chain from-guest {
        type filter hook ingress device "$dev" priority 0;
$rules_
    }
}
EOF_RULES
    ) || fatal "nft: $(echo "$said_" | head -n 1)"
}

# A host whose iptables see what is bridged, and may drop it: docker makes it so. iptables_accept
# -I or -D
iptables_accept() {
    [ "$(cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null)" = 1 ] || return 0
    for tool_ in iptables ip6tables; do
        have $tool_ || continue
        for way_ in in out; do
            set -- "$1" FORWARD -m physdev --physdev-is-bridged "--physdev-$way_" "$dev" -j ACCEPT
            flag_=$1
            shift
            while $tool_ -w -D "$@" 2>/dev/null; do :; done # once, however often we are called
            [ "$flag_" = -D ] || $tool_ -w -I "$@" 2>/dev/null || log debug "$tool_ is of no use here"
            set -- "$flag_"
        done
    done
}

# filter_vif: by $command.
filter_vif() {
    if is_start; then
        add_rules
        iptables_accept -I
    else
        delete_rules "$dev"
        iptables_accept -D
    fi
}

# the name of old: scripts of admins call it
handle_iptable() {
    filter_vif
}
iptables_w() {
    iptables -w "$@"
}
# frob_iptable WORD...: accepts what comes from the guest and matches, and all that goes to it.
frob_iptable() {
    if is_start; then flag_=-I; else flag_=-D; fi
    do_without_error iptables_w $flag_ FORWARD -m physdev --physdev-is-bridged --physdev-in "$dev" "$@" -j ACCEPT
    do_without_error iptables_w $flag_ FORWARD -m physdev --physdev-is-bridged --physdev-out "$dev" -j ACCEPT
}
