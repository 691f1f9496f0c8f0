#!/bin/sh
# network-bridge on a host with addresses, routes and a gateway, all in namespaces: the network is
# on the bridge afterwards, and as it was after stop, after a failing step and after a death at each.
# CARD=bond0, bond0.5: the card is a bond, or a VLAN on one, behind a slow and lossy cable (xen-network.sh).
. tests/netns.sh
requires setsid flock
export HOTPLUG_RUN_DIR="$T/run"

# the gateway: another namespace at the end of a cable
ip netns add peer

# netem WHAT...: of what the gateway sends
netem() {
    verb=$1
    shift
    ip netns exec peer tc qdisc "$verb" dev gw0 root netem "$@"
}

# cable NAME: one end of a cable, whose other end gw0 the gateway has
cable() {
    case $1 in
    bond0*)
        case $1 in *.*) switch=both ;; *) switch=gw0 ;; esac
        ip link add name bond0 type bond mode active-backup miimon 100
        ip -n peer link add name $switch type bridge forward_delay 0 stp_state 0
        for n in 1 2; do
            ip link add name "slave$n" type veth peer name "port$n" netns peer
            ip link set dev "slave$n" master bond0
            ip -n peer link set dev "port$n" master $switch up
        done
        ip link set dev bond0 up mtu 1400
        ip -n peer link set dev $switch up
        if [ $switch = both ]; then
            ip link add link bond0 name "$1" type vlan id "${1#*.}"
            ip -n peer link add link both name gw0 type vlan id "${1#*.}"
        fi
        netem add delay 50ms loss 10%
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
    printf '%s\n' "address show dev $1" "link show dev $1" 'route show table all' 'link show type bridge' |
        ip -o -batch - | sed 's/^[0-9]*: //; s/ *valid_lft.*//; s/tentative//; s/nodad//; s/<.*> //; s/qdisc.*qlen/qlen/
            s/@[^:]*//; /fe80/d'
    ip -6 route show table all | grep -v 'fe80\|^multicast\|^anycast\|^ff00'
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

# back_again BRIDGE WHEN: the guard has seen that the script is dead
back_again() {
    tries=100
    while [ -e "$T/run/network-bridge-$1/back" ]; do
        [ $((tries -= 1)) -gt 0 ] || fail "nobody goes back after $2"
        sleep 0.1
    done
    as_before "after $2"
}

# as_before WHEN: the kernel makes some routes of IPv6 a moment after the address
as_before() {
    tries=40
    until [ "$before" = "$(network "$card")" ] || [ $((tries -= 1)) -le 0 ]; do
        sleep 0.05
    done
    assert_eq "$before" "$(network "$card")" "$1"
}

# after_batch COMMAND: from now on ip -batch does that, too, in the end; with none no more
after_batch() {
    ! umount "$ip" 2>/dev/null || [ -n "$1" ] || return 0
    printf '#!/bin/sh\n"%s" "$@" || exit\n[ "$1" != -batch ] || { %s; }\n' "$T/ip" "$1" >"$T/wrapper"
    chmod +x "$T/wrapper"
    mount --bind "$T/wrapper" "$ip"
}
ip=$(readlink -f "$(command -v ip)")
cp "$ip" "$T/ip"

card=${CARD:-enp0s3}
[ -n "${SHELLS:-}" ] || SHELLS="dash,$BUSYBOX sh"
IFS=,
for SH in $SHELLS; do
    unset IFS
    make_card "$card"
    reachable || fail "before anything"
    before=$(network "$card")

    # with a name of its own: the card keeps its name
    nb start bridge=xenbr0
    assert_match "$card.* master xenbr0" "$(ip -o link show dev "$card")"
    assert_match 'default via 10.8.0.1 dev xenbr0 metric 50' "$(ip route)"
    assert_match '172.20.0.0/16 via 10.8.0.1 dev xenbr0 src 10.8.0.3' "$(ip route)"
    assert_match '2001:db8:8::2/64' "$(ip address show dev xenbr0)"
    assert_match '192.168.7.7/32' "$(ip address show dev xenbr0)"
    reachable || fail "over the bridge"
    if [ "$card" = bond0 ]; then # it is a bond still
        ip link set dev slave1 down
        reachable || fail "over the other card of the bond"
        ip link set dev slave1 up
    fi
    once=$(network xenbr0)
    nb start bridge=xenbr0
    assert_eq "$once" "$(network xenbr0)" "started twice"
    nb status
    assert_match "$card is on the bridge xenbr0" "$out"
    nb stop
    as_before "after stop"
    reachable || fail "after stop"
    nb stop
    assert_fails 3 dash scripts/hooks/network-bridge status

    [ "$card" != bond0 ] || exit 0

    # the bridge takes the card's name
    nb start
    assert_match "p$card.* master $card" "$(ip -o link show dev "p$card")"
    assert_match "default via 10.8.0.1 dev $card metric 50" "$(ip route)"
    reachable || fail "over the bridge $card"
    [ -z "${CARD:-}" ] || cp -r "$T/run/network-bridge-$card" "$T/steps"
    nb stop
    as_before "after stop"

    [ -z "${CARD:-}" ] || break

    # each step fails; at each step the script dies
    steps=$(wc -l <"$T/run/network-bridge-xenbr0/forth")
    i=0
    while [ $i -lt "$steps" ]; do
        # shellcheck disable=SC2086
        assert_fails 1 env HOTPLUG_TEST_STOP=$i $SH scripts/hooks/network-bridge start
        assert_match "could not be put on $card: stopped by a test; it is as it was" "$err"
        as_before "after step $i failed"
        # shellcheck disable=SC2086
        assert_fails 137 env HOTPLUG_TEST_STOP=$i HOTPLUG_TEST_DIES=yes $SH scripts/hooks/network-bridge start bridge=xenbr0
        back_again xenbr0 "a death at step $i"
        case $SH in dash) i=$((i + 1)) ;; *) i=$((i + 5)) ;; esac
    done
    reachable || fail "after all failures"

    # a gateway that gets no time to answer
    assert_fails 1 dash scripts/hooks/network-bridge start bridge=xenbr0 timeout=0
    assert_match "gateway 10.8.0.1 did not answer over xenbr0: $card is as it was" "$err"
    assert_eq "$before" "$(network "$card")" "after the gateway did not answer"

    # the guard's time is over while the script is at work
    ip -n peer link set gw0 down
    after_batch "while [ -e '$T/run/network-bridge-xenbr0/back' ]; do :; done"
    assert_fails 1 dash scripts/hooks/network-bridge start bridge=xenbr0 timeout=-10
    after_batch ''
    assert_match "it took too long to put $card on xenbr0: it is as it was" "$err"
    ip -n peer link set gw0 up
    assert_eq "$before" "$(network "$card")" "after it took too long"
    ip link delete "$card"
done

if [ -n "${CARD:-}" ]; then
    # It has died at each step, and this is the guard that finds what was written down. (With the script
    # itself it is seen above; the rig would take minutes.)
    steps=$(wc -l <"$T/steps/forth") state=$T/run/network-bridge-$card
    rm "$T/steps/done"
    for i in $(seq 0 "$steps"); do
        cp "$T/steps"/* "$state"
        head -n "$i" "$T/steps/forth" | ip -batch -
        assert_ok dash scripts/hooks/network-bridge guard "state=$state" pid=99999999 seconds=60
        assert_eq "$before" "$(network "$card")" "after a death at step $i"
    done
    reachable || fail "after all deaths"

    # The gateway is lost as soon as the card is on the bridge: the dead man's timer goes back; so does the
    # guard, when the script dies while it waits.
    netem change delay 50ms
    after_batch "'$T/ip' netns exec peer tc qdisc change dev gw0 root netem loss 100%; : >'$T/lost'"
    assert_fails 1 dash scripts/hooks/network-bridge start bridge=xenbr0 timeout=1
    assert_match "gateway 10.8.0.1 did not answer over xenbr0: $card is as it was" "$err"
    assert_eq "$before" "$(network "$card")" "after the gateway was lost"
    netem change delay 50ms
    reachable || fail "after the gateway was lost"
    rm "$T/lost"
    background dash scripts/hooks/network-bridge start bridge=xenbr0 timeout=60
    tries=300
    until [ -e "$T/lost" ]; do
        [ $((tries -= 1)) -gt 0 ] || fail "it does not start"
        sleep 0.1
    done
    kill -9 $!
    back_again xenbr0 "a death as it waits"
    after_batch ''
    netem change delay 50ms
    reachable || fail "after a death as it waits"
    exit 0
fi

# refused, with nothing done
assert_fails 1 dash scripts/hooks/network-bridge start bridge=xenbr0
assert_match 'There is no default route' "$err"
make_card a-long-name-123
assert_fails 1 dash scripts/hooks/network-bridge start
assert_match 'too long a name: say bridge=xenbr0' "$err"
