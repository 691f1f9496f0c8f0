#!/bin/sh
# network-bridge on a host with addresses, routes and a gateway, all in namespaces: the network is
# on the bridge afterwards, and as it was after stop, after a failing step and after a death at each.
# CARD=bond0.5: the card is a VLAN on a bond, behind a slow and lossy cable.
. tests/netns.sh
requires setsid flock
export HOTPLUG_RUN_DIR="$T/run"

# the gateway: another namespace at the end of a cable
ip netns add peer

# cable NAME: one end of a cable, whose other end gw0 the gateway has
cable() {
    case $1 in
    bond0.*)
        ip link add name "${1%.*}" type bond mode active-backup miimon 100
        ip -n peer link add name both type bridge forward_delay 0 stp_state 0
        for n in 1 2; do
            ip link add name "slave$n" type veth peer name "port$n" netns peer
            ip link set dev "slave$n" master "${1%.*}"
            ip -n peer link set dev "port$n" master both up
        done
        ip link set dev "${1%.*}" up mtu 1400
        ip link add link "${1%.*}" name "$1" type vlan id "${1#*.}"
        ip -n peer link set dev both up
        ip -n peer link add link both name gw0 type vlan id "${1#*.}"
        ip netns exec peer tc qdisc add dev gw0 root netem delay 100ms loss 10%
        ;;
    *) ip link add name "$1" type veth peer name gw0 netns peer ;;
    esac
}

make_card() { # NAME
    cable "$1"
    ip -n peer address add 10.8.0.1/24 dev gw0
    ip -n peer address add 2001:db8:8::1/64 dev gw0 nodad
    ip -n peer link set gw0 up
    ip link set dev "$1" up mtu 1400
    ip address add 10.8.0.2/24 brd + dev "$1"
    ip address add 10.8.0.3/24 dev "$1"
    ip address add 192.168.7.7/32 dev "$1"
    ip -6 address add 2001:db8:8::2/64 dev "$1" nodad
    ip route add default via 10.8.0.1 dev "$1" metric 50
    ip route add 172.20.0.0/16 via 10.8.0.1 dev "$1" src 10.8.0.3
    ip -6 route add default via 2001:db8:8::1 dev "$1"
}

# network: what must be the same before and after, of card $1.
network() {
    ip -o address show dev "$1" | sed 's/^[0-9]*: //; s/ *valid_lft.*//; s/tentative//; s/nodad//' |
        grep -v fe80 | sort
    ip -o link show dev "$1" | sed 's/^[0-9]*: //; s/<.*> //; s/qdisc.*qlen/qlen/; s/@[^:]*//'
    ip -4 route show table all
    ip -6 route show table all | grep -v 'fe80\|^multicast\|^anycast\|^ff00'
    ip -o link show type bridge
}
reachable() {
    for a in 10.8.0.1 2001:db8:8::1; do
        tries=5 # a cable may be lossy
        until "$BUSYBOX" ping -q -c 1 -W 2 $a >/dev/null; do
            [ $((tries -= 1)) -gt 0 ] || return 1
        done
    done
}
nb() {
    # shellcheck disable=SC2086
    assert_ok $SH scripts/hooks/network-bridge "$@"
}

card=${CARD:-enp0s3}
[ -n "${SHELLS:-}" ] || SHELLS="dash,$BUSYBOX sh"
IFS=,
for SH in $SHELLS; do
    unset IFS
    make_card "$card"
    before=$(network "$card")

    # with a name of its own: the card keeps its name
    nb start bridge=xenbr0
    assert_match "$card.* master xenbr0" "$(ip -o link show dev "$card")"
    assert_match 'default via 10.8.0.1 dev xenbr0 metric 50' "$(ip route)"
    assert_match '172.20.0.0/16 via 10.8.0.1 dev xenbr0 src 10.8.0.3' "$(ip route)"
    assert_match '2001:db8:8::2/64' "$(ip address show dev xenbr0)"
    assert_match '192.168.7.7/32' "$(ip address show dev xenbr0)"
    reachable || fail "over the bridge"
    once=$(network xenbr0)
    nb start bridge=xenbr0
    assert_eq "$once" "$(network xenbr0)" "started twice"
    nb status
    assert_match "$card is on the bridge xenbr0" "$out"
    nb stop
    assert_eq "$before" "$(network "$card")" "after stop"
    reachable || fail "after stop"
    nb stop
    assert_fails 3 dash scripts/hooks/network-bridge status

    # the bridge takes the card's name
    nb start
    assert_match "p$card.* master $card" "$(ip -o link show dev "p$card")"
    assert_match "default via 10.8.0.1 dev $card metric 50" "$(ip route)"
    reachable || fail "over the bridge $card"
    nb stop
    assert_eq "$before" "$(network "$card")" "after stop"

    # each step fails; at each step the script dies
    steps=$(wc -l <"$T/run/network-bridge-xenbr0/forth")
    i=0
    while [ $i -lt "$steps" ]; do
        if [ -z "${CARD:-}" ]; then # the rig takes seconds for each
            # shellcheck disable=SC2086
            assert_fails 1 env HOTPLUG_TEST_STOP=$i $SH scripts/hooks/network-bridge start
            assert_match "could not be put on $card: stopped by a test; it is as it was" "$err"
            assert_eq "$before" "$(network "$card")" "after step $i failed"
        fi
        # shellcheck disable=SC2086
        assert_fails 137 env HOTPLUG_TEST_STOP=$i HOTPLUG_TEST_DIES=yes $SH scripts/hooks/network-bridge start bridge=xenbr0
        tries=100
        while [ -e "$T/run/network-bridge-xenbr0/back" ]; do
            [ $((tries -= 1)) -gt 0 ] || fail "nobody goes back"
            sleep 0.1
        done
        assert_eq "$before" "$(network "$card")" "after a death at step $i"
        case $SH in dash) i=$((i + 1)) ;; *) i=$((i + 5)) ;; esac
    done
    reachable || fail "after all failures"

    # a gateway that gets no time to answer
    assert_fails 1 dash scripts/hooks/network-bridge start bridge=xenbr0 timeout=0
    assert_match "gateway 10.8.0.1 did not answer over xenbr0: $card is as it was" "$err"
    assert_eq "$before" "$(network "$card")" "after the gateway did not answer"
    ip link delete "$card"
done

[ -z "${CARD:-}" ] || exit 0

# refused, with nothing done
assert_fails 1 dash scripts/hooks/network-bridge start bridge=xenbr0
assert_match 'There is no default route' "$err"
make_card a-long-name-123
assert_fails 1 dash scripts/hooks/network-bridge start
assert_match 'too long a name: say bridge=xenbr0' "$err"
