#!/bin/sh
# The vif scripts on real bridges and routes, with packets of a guest that is a namespace at the end
# of a cable; as a Xen backend (with xenstore tools of ours) and as a tap; under dash and busybox sh.
. tests/netns.sh
. tests/xenstore.sh
requires python3
export HOTPLUG_RUN_DIR="$T/run"
HOOKS=$BUILD_DIR/tests/hooks
[ -x "$HOOKS" ] || skip "$HOOKS is not built"
mac=00:16:3e:00:00:01

# guest DEV: a guest's interface DEV on the host, its other end eth0 in the namespace "guest"
guest() {
    ip netns delete guest 2>/dev/null || :
    ip link delete "$1" 2>/dev/null || :
    ip netns add guest
    ip link add name "$1" type veth peer name eth0 address $mac netns guest
    ip -n guest link set eth0 up
    ip -n guest address add 10.9.0.2/24 dev eth0
    ip -n guest -6 address add 2001:db8:9::2/64 dev eth0 nodad
}
pings() { # ADDRESS; the first one after a refusal may still be remembered as unreachable
    ip -n guest neigh flush all
    for try in 1 2 3; do
        ! pings_once "$1" || return 0
    done
    return $((try > 0))
}
pings_once() {
    ip netns exec guest "$BUSYBOX" ping -q -c 1 -W 1 "$1" >/dev/null 2>&1
}
# script NAME ACTION [VAR=VALUE...]: of a tap
script() {
    name=$1 action=$2
    shift 2
    # shellcheck disable=SC2086
    run env vif=tap1.0 INTERFACE=tap1.0 mac=$mac frontend_id=1 handle=0 "$@" \
        $SH "scripts/hooks/$name" "$action" type_if=tap
}
ok() {
    script "$@"
    assert_eq 0 "$status" "$* (with $SH): $err"
}
refused() { # TEXT ARGUMENT...
    text=$1
    shift
    script "$@"
    assert_eq 1 "$status" "$*"
    assert_eq "$text" "$err" "$*"
}

in_process() { # ACTION [VAR=VALUE...]: vif-bridge of a tap
    assert_ok env XENBUS_PATH=backend/vif/1/0 HOTPLUG_STORE=env vif=tap1.0 mac=$mac "$HOOKS" scripts/hooks/vif-bridge "$@"
    assert_match 'forks 0' "$out" "$err"
}
# believed LINK WHO advert|solicit FROM TARGET LINK-ADDRESS: what the host thinks whose 2001:db8:9::WHO is
# after the guest's message, and one that is true behind it.
believed() {
    want=$1 who=2001:db8:9::$2
    shift 2
    for known in "$who" 2001:db8:9::7; do ip neigh replace "$known" lladdr 00:16:3e:00:00:77 dev xenbr0 nud reachable; done
    ip netns exec guest python3 tests/system/neighbour.py eth0 "$@" advert 2001:db8:9::2 2001:db8:9::7 $mac
    tries=100
    until [ "$(link_of 2001:db8:9::7)" = $mac ]; do
        [ $((tries -= 1)) -gt 0 ] || fail "what is true is not believed, after $*"
        sleep 0.05
    done
    assert_eq "00:16:3e:00:00:$want" "$(link_of "$who")" "$way: the guest says: $*"
}
link_of() {
    ip -6 neigh show "$1" dev xenbr0 | sed 's/.*lladdr \([^ ]*\).*/\1/'
}
# neighbours COMMAND...: that plugs it in; it may say who it is, and nobody else
neighbours() {
    way=$* self=2001:db8:9::2 other=00:16:3e:00:00:66
    for filter in none mac ip; do
        case $filter in none) a=66 b=01 ;; mac) a=77 b=01 ;; ip) a=77 b=77 ;; esac
        "$@" bridge=xenbr0 filter=$filter "ip=10.9.0.2 $self 2001:db8:9::7"
        believed "$a" 2 advert $self $self $other
        believed "$a" 2 solicit $self 2001:db8:9::1 $other
        believed "$b" 66 advert $self 2001:db8:9::66 $mac
        believed 01 2 advert $self $self $mac
        believed 01 2 solicit $self 2001:db8:9::1 $mac
    done
}

for SH in dash "$BUSYBOX sh"; do
    make_bridge xenbr0 10.9.0.1/24
    ip -6 address add 2001:db8:9::1/64 dev xenbr0 nodad
    ip link set dev xenbr0 mtu 1400
    guest tap1.0

    # on the bridge, twice; off it, twice
    ok vif-bridge add bridge=xenbr0
    ok vif-bridge add bridge=xenbr0
    assert_match 'mtu 1400 .*master xenbr0' "$(ip -o link show tap1.0)"
    pings 10.9.0.1 || fail "no ping over the bridge"
    pings 2001:db8:9::1 || fail "no ping by IPv6"
    ok vif-bridge remove
    ok vif-bridge remove
    assert_no_match master "$(ip -o link show tap1.0)"
    refused 'Could not find bridge device nosuch' vif-bridge add bridge=nosuch
    refused 'Could not find interface tap7.7' vif-bridge add bridge=xenbr0 INTERFACE=tap7.7
    refused "'a;b' is no name for an interface: letters, digits, . _ - and at most 15" \
        vif-bridge add bridge=xenbr0 'INTERFACE=a;b'
    refused 'filter=arp: not one of none, mac, ip' vif-bridge add bridge=xenbr0 filter=arp
    for bad in localhost 10.9.0.300 10.9.0 10.9.0.1/33 2001:db8::1/129 10.0.0.1,10.0.0.2; do
        refused "ip=$bad: no address, as 10.0.0.1 or 2001:db8::1, and no network, as 10.0.0.0/28" vif-bridge add bridge=xenbr0 "ip=10.9.0.1 $bad"
    done

    # its own addresses only, and none of another's
    ok vif-bridge add 'ip=10.9.0.2 2001:db8:9::2'
    pings 10.9.0.1 || fail "its own address is refused"
    pings 2001:db8:9::1 || fail "its own IPv6 address is refused"
    ip -n guest address add 10.9.0.66/24 dev eth0
    ip -n guest address delete 10.9.0.2/24 dev eth0
    ip -n guest address add 10.9.0.66/24 dev eth0 2>/dev/null || :
    ! pings_once 10.9.0.1 || fail "another's IPv4 address got through"
    ip -n guest -6 address delete 2001:db8:9::2/64 dev eth0
    ip -n guest -6 address add 2001:db8:9::66/64 dev eth0 nodad
    ! pings_once 2001:db8:9::1 || fail "another's IPv6 address got through"
    ok vif-bridge add filter=mac
    pings 10.9.0.1 || fail "filter=mac is about addresses, too"
    ip -n guest link set dev eth0 address 00:16:3e:00:00:66
    ip neigh flush all
    ! pings_once 10.9.0.1 || fail "another's MAC got through"
    ok vif-bridge add filter=none ip=10.9.0.2
    pings 10.9.0.1 || fail "filter=none filters"
    ip -n guest link set dev eth0 address $mac
    neighbours ok vif-bridge add
    ok vif-bridge add bridge=xenbr0 ip=2001:db8:9::/125 # of a network those that are in it
    believed 77 66 advert 2001:db8:9::2 2001:db8:9::66 $mac
    ok vif-bridge add bridge=xenbr0 ip=2001:db8:9::/121
    believed 01 66 advert 2001:db8:9::2 2001:db8:9::66 $mac
    [ "$SH" = dash ] || { no_iptables; neighbours in_process add; }

    # so much a second: of 260 KB in 0.2 s, 65 KB/s and a burst of 69 KB get through
    ok vif-bridge add rate=3276,50000
    ip netns exec guest "$BUSYBOX" ping -q -c 200 -i 0.001 -s 1300 -W 1 10.9.0.1 >"$T/ping" 2>&1 || :
    assert_match ' [1-9][0-9]?% packet loss' "$(cat "$T/ping")" "rate="
    ok vif-bridge remove
    assert_eq '' "$(nft list tables | grep xen- || :)" "rules left"

    # the admin's hook
    mkdir -p "$T/hooks/vif-post.d"
    cp scripts/hooks/* "$T/hooks"
    # shellcheck disable=SC2154,SC2016
    echo 'echo "$command $dev on $bridge$unset" >&2' >"$T/hooks/vif-post.d/say.hook"
    # shellcheck disable=SC2154,SC2016
    printf '#!/bin/bash\n[[ $dev == tap* ]] && log err "bash: $command $dev on $bridge"\n' >"$T/hooks/vif-post.d/then.hook"
    chmod +x "$T/hooks/vif-post.d/"*.hook
    # shellcheck disable=SC2086
    assert_ok env vif=tap1.0 $SH "$T/hooks/vif-bridge" add type_if=tap
    assert_eq 'add tap1.0 on xenbr0
bash: add tap1.0 on xenbr0' "$err"
    ok vif-bridge remove

    # the admin's script, made of Xen's: with the names of its functions, and careless of what is not set
    cat >"$T/hooks/vif-own" <<'END'
. "$(dirname "$0")/vif-common.sh"
[ -z "$unset" ] || fatal "no"
case $command in
add | online) setup_bridge_port "$dev"; set_mtu "$bridge" "$dev" "$type_if"; add_to_bridge "$bridge" "$dev" ;;
*) remove_from_bridge "$bridge" "$dev" ;;
esac
handle_iptable
call_hooks vif post
log err "$(ip_of xenbr0) $(netdev=xenbr0 dom0_ip) $XEN_SCRIPT_DIR $(first_file -x /no /bin/sh)"
END
    for action in add remove; do
        # shellcheck disable=SC2086
        assert_ok env vif=tap1.0 bridge=xenbr0 $SH "$T/hooks/vif-own" $action type_if=tap
        assert_eq "$action tap1.0 on xenbr0
bash: $action tap1.0 on xenbr0
10.9.0.1 10.9.0.1 $T/hooks /bin/sh" "$err"
        case $action in
        add) assert_match 'mtu 1400 .*master xenbr0' "$(ip -o link show tap1.0)" ;;
        *) assert_no_match master "$(ip -o link show tap1.0)" ;;
        esac
    done

    # a backend of Xen: parameters from xenstore, the answer there
    xs rm backend
    xs rm libxl
    guest vif1.0
    back=backend/vif/1/0
    xs write $back/bridge xenbr0 $back/mac $mac $back/vifname dmz0
    xen() {
        # shellcheck disable=SC2086
        run env PATH="$T/bin:$PATH" XENBUS_PATH=$back vif=vif1.0 $SH scripts/hooks/vif-bridge "$@"
    }
    xen online type_if=vif
    assert_eq '0 connected' "$status $(xs read $back/hotplug-status)" "$err"
    assert_match 'master xenbr0' "$(ip -o link show dmz0)"
    # as udev has it: by way of vif-setup
    xs rm $back/hotplug-status
    # shellcheck disable=SC2086
    assert_ok env PATH="$T/bin:$PATH" XENBUS_PATH=$back vif=vif1.0 $SH scripts/hooks/vif-setup online type_if=vif
    assert_eq connected "$(xs read $back/hotplug-status)"
    xen offline type_if=vif
    assert_eq 0 "$status"
    assert_no_match master "$(ip -o link show dmz0)"
    # its name is another's: whose is not touched
    xs write $back/vifname xenbr0
    guest vif1.0
    xen online type_if=vif
    assert_match 'An interface with name xenbr0 already exists' "$(xs read $back/hotplug-error)"
    xen offline type_if=vif
    assert_eq '0 xenbr0 is another interface: left alone' "$status $err"
    assert_match '<.*,UP' "$(ip -o link show xenbr0)"
    xs write $back/vifname dmz0
    xs write $back/bridge nosuch
    xen online type_if=vif
    assert_eq '1 error Could not find bridge device nosuch' \
        "$status $(xs read $back/hotplug-status) $(xs read $back/hotplug-error)"
    # xl runs the scripts itself: udev must not
    xs write libxl/disable_udev 1
    # shellcheck disable=SC2086
    assert_ok env PATH="$T/bin:$PATH" UDEV_CALL=1 XENBUS_PATH=$back vif=none0 $SH scripts/hooks/vif-bridge online
    ip link delete xenbr0

    # routes: the host answers for the guest
    guest tap1.0
    ip link add name eth9 type veth peer name far9
    ip link set dev far9 up
    ip link set dev eth9 up
    ip address add 10.9.0.1/24 dev eth9
    ip -6 address add 2001:db8:9::1/64 dev eth9 nodad
    ip route add default via 10.9.0.254
    # shellcheck disable=SC2086
    assert_ok $SH scripts/hooks/network-route start
    assert_eq '1 1' "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/eth9/proxy_arp | tr '\n' ' ' | sed 's/ $//')"
    refused 'vif-route needs ip=: the addresses of the guest' vif-route add
    ok vif-route add 'ip=10.9.0.2 2001:db8:9::2'
    assert_match '^10.9.0.2 .*src 10.9.0.1' "$(ip route show dev tap1.0)"
    assert_match '^2001:db8:9::2 .*src 2001:db8:9::1' "$(ip -6 route show dev tap1.0)"
    assert_match '2001:db8:9::2 dev eth9 *proxy' "$(ip -6 neigh show proxy)"
    pings 10.9.0.1 || fail "no ping over the route"
    ok vif-route remove 'ip=10.9.0.2 2001:db8:9::2'
    assert_eq '' "$(ip -6 neigh show proxy)$(ip route show dev tap1.0)$(nft list tables | grep xen- || :)"
    # shellcheck disable=SC2086
    assert_ok $SH scripts/hooks/network-route stop
    assert_fails 3 dash scripts/hooks/network-route status

    # NAT: by default 10.D/256.D%256.N+1
    # shellcheck disable=SC2086
    assert_ok $SH scripts/hooks/network-nat start
    assert_ok dash scripts/hooks/network-nat start
    assert_match 'oifname "eth9" masquerade' "$(nft list table ip xen-nat)"
    ok vif-nat add
    assert_match '^10.0.1.1 .*src 10.0.1.128' "$(ip route show dev tap1.0)"
    ip -n guest address flush dev eth0
    ip -n guest address add 10.0.1.1/16 dev eth0
    pings 10.0.1.128 || fail "no ping to the router"
    ok vif-nat remove
    assert_ok dash scripts/hooks/network-nat stop
    assert_fails 3 dash scripts/hooks/network-nat status
    ip link delete eth9

    # Open vSwitch: what it would be asked for
    cat >"$T/bin/ovs-vsctl" <<END
#!/bin/sh
case \$* in *br-exists*) exit 0 ;; *del-port*add-port*) echo "\$*" >"$T/ovs" ;; esac
END
    chmod +x "$T/bin/ovs-vsctl"
    PATH=$T/bin:$PATH ok vif-openvswitch add bridge=ovs0.5:7:8 domain=web1 uuid=u-1
    assert_eq "--timeout=30 -- --if-exists del-port tap1.0 -- add-port ovs0 tap1.0 tag=5 trunks=7,8 -- set interface tap1.0 external-ids:xen-vm-name=web1 -- set interface tap1.0 external-ids:xen-vm-uuid=u-1 -- set interface tap1.0 external-ids:attached-mac=$mac" "$(cat "$T/ovs")"
    rm "$T/bin/ovs-vsctl"
    ip netns delete guest
done
