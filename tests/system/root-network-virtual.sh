#!/bin/sh
# network-virtual: a network of xend's own, with a guest (a namespace) that gets its address by DHCP,
# resolves names and, by mode, reaches what is behind the host or does not.
. tests/netns.sh
requires dnsmasq
export HOTPLUG_RUN_DIR="$T/run"
stop_all() {
    for pid in "$T"/run/networks/*/pid; do
        [ ! -e "$pid" ] || kill "$(cat "$pid")"
    done
}
trap 'at_end stop_all' EXIT
cat >"$T/udhcpc" <<'END'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
[ -z "${router:-}" ] || ip route add default via "$router"
END
chmod +x "$T/udhcpc"

# far: what is behind the host
ip netns add far
ip link add name eth0 type veth peer name eth0 netns far
ip address add 10.7.0.1/24 dev eth0
ip link set dev eth0 up
ip route add default via 10.7.0.2
ip -n far address add 10.7.0.2/24 dev eth0
ip -n far link set dev eth0 up
ip -n far link set dev lo up

# guest NETWORK: at the network's bridge, with its address by DHCP
guest() {
    ip netns delete guest 2>/dev/null || :
    ip link delete tap1.0 2>/dev/null || :
    ip netns add guest
    ip link add name tap1.0 type veth peer name eth0 address 00:16:3e:00:00:01 netns guest
    ip -n guest link set dev eth0 up
    assert_ok env vif=tap1.0 bridge="xn-$1" dash scripts/hooks/vif-bridge add type_if=tap
    assert_ok ip netns exec guest "$BUSYBOX" udhcpc -q -n -f -t 5 -i eth0 -s "$T/udhcpc"
}
pings() {
    ip netns exec guest "$BUSYBOX" ping -q -c 2 -W 1 "$1" >/dev/null 2>&1
}
net() {
    # shellcheck disable=SC2086
    run $SH scripts/hooks/network-virtual "$@"
}

before=$(ip -br address; nft list tables)
for SH in dash "$BUSYBOX sh"; do
    net start name=default
    assert_eq 0 "$status" "$err"
    net start name=default # twice is once
    assert_eq 0 "$status" "$err"
    guest default
    pings 10.77.0.1 || fail "the host is not there"
    pings 10.7.0.2 || fail "no NAT"
    assert_match '00:16:3e:00:00:01 10.77.0.' "$(cat "$T/run/networks/default/leases")"
    ip -n far route replace 10.77.0.0/24 via 10.7.0.1
    address=$(ip -n guest -4 -o address show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }')
    ! ip netns exec far "$BUSYBOX" ping -q -c 1 -W 1 "$address" >/dev/null || fail "reached from outside"
    net stop name=default
    assert_eq 0 "$status" "$err"

    [ "$SH" = dash ] || continue # the other shell has shown that it reads the script

    # beside docker, ufw and their like
    if iptables -P FORWARD DROP 2>/dev/null && iptables -P INPUT DROP; then
        net start name=default
        assert_eq 0 "$status" "$err"
        guest default
        pings 10.7.0.2 || fail "no NAT beside a firewall"
        net stop name=default
        assert_eq '' "$(iptables -S | grep xn- || :)" "rules left"
        iptables -P FORWARD ACCEPT
        iptables -P INPUT ACCEPT
    fi

    # IPv6: the guest makes itself an address, and gets out by the host's
    ip address add 2001:db8:7::1/64 dev eth0 nodad
    ip -n far address add 2001:db8:7::2/64 dev eth0 nodad
    for mode in nat isolated; do
        net start name=six mode=$mode cidr6=fd00:7:8:9::/64
        assert_eq 0 "$status" "$err"
        ip netns add guest6
        ip link add name tap1.6 type veth peer name eth0 netns guest6
        ip netns exec guest6 sysctl -qw net.ipv6.conf.eth0.accept_dad=0 net.ipv6.conf.eth0.accept_ra=2 \
            net.ipv6.conf.eth0.router_solicitation_delay=0 net.ipv6.conf.eth0.router_solicitation_interval=1
        assert_ok env vif=tap1.6 bridge=xn-six dash scripts/hooks/vif-bridge add type_if=tap
        ip -n guest6 link set dev eth0 up
        tries=300
        until ip -n guest6 -6 -o address show dev eth0 | grep -q fd00:7:8:9:; do
            [ $((tries -= 1)) -gt 0 ] || fail "no address by IPv6: $(ip -n guest6 address)"
            sleep 0.1
        done
        ip netns exec guest6 "$BUSYBOX" ping -6 -q -c 1 -W 5 fd00:7:8:9::1 >/dev/null || fail "the host does not answer"
        if [ $mode = nat ]; then
            ip netns exec guest6 "$BUSYBOX" ping -6 -q -c 1 -W 5 2001:db8:7::2 >/dev/null || fail "no NAT of IPv6"
        else
            assert_eq '' "$(ip -n guest6 -6 route show default)" 'isolated, and yet a way out'
        fi
        net stop name=six mode=$mode cidr6=fd00:7:8:9::/64
        ip netns delete guest6
    done
    net start name=six cidr6=2001:db8:7::/64
    assert_match 'cidr6=2001:db8:7::/64: the host has a route there: 2001:db8:7::/64 dev eth0' "$err"
    net start name=six cidr6=fd00::1/64
    assert_match 'cidr6=fd00::1/64: not like' "$err"
    ip address delete 2001:db8:7::1/64 dev eth0

    net start name=lab mode=isolated cidr=10.89.0.0/28
    assert_eq 0 "$status" "$err"
    guest lab
    pings 10.89.0.1 || fail "the host is not there"
    ip -n guest route add default via 10.89.0.1
    ! pings 10.7.0.2 || fail "isolated, and yet out"
    net start name=lab2 cidr=10.89.0.8/29
    assert_match 'cidr=10.89.0.8/29: the host has a route there: 10.89.0.0/28' "$err"
    net start name=lab2 cidr=10.7.0.0/16
    assert_match 'the host has a route there: 10.7.0.0/24' "$err"
    net stop name=lab

    net start name=r mode=routed cidr=10.90.0.0/24
    guest r
    ip -n far route replace 10.90.0.0/24 via 10.7.0.1
    pings 10.7.0.2 || fail "not routed"
    net stop name=r

    make_bridge br7
    net start name=b mode=bridge bridge=br7
    assert_eq 0 "$status" "$err"
    assert_ok env vif=tap1.0 bridge=xn-b dash scripts/hooks/vif-bridge add type_if=tap
    assert_match 'master br7' "$(ip -o link show tap1.0)"
    net stop name=b mode=bridge bridge=br7
    ip link delete br7
    ip link delete tap1.0
    assert_eq "$before" "$(ip -br address; nft list tables | grep -v filter || :)" "left behind"

    for bad in name=UPPER name= 'name=x mode=fast' 'name=x cidr=10.0.0.0' 'name=x cidr=10.0.0.0/30' \
        'name=x mode=bridge bridge=nosuch'; do
        # shellcheck disable=SC2086
        net start $bad
        assert_eq 1 "$status" "$bad"
    done
done
