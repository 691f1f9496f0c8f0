#!/bin/sh
# Virtual networks: made, listed, used by a real guest that gets its address by DHCP, taken away; a
# xend that dies leaves them, the next one knows them.
. tests/netns.sh
. tests/guest.sh
requires curl dnsmasq
with_scripts
stop_dnsmasq() {
    for pid in "$ROOT"/var/run/xend/networks/*/pid; do
        [ ! -e "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || :
    done
    end_guests
}
trap 'at_end stop_dnsmasq' EXIT
start_xend qemu

# default is there, and asleep: nothing of the host is touched before it is wanted
head_='Name         State    Mode       Network            DHCP DNS  Autostart IPv6'
assert_ok xm net-list
assert_eq "$head_
default      inactive nat        10.77.0.0/24       yes  yes  no        -" "$out"
assert_eq lo "$(ip -br link | awk '{ print $1 }')"

assert_ok xm net-new lab --mode isolated --dhcp --dns=yes
assert_ok xm net-list
assert_match '^lab          active   isolated   10.77.1.0/24       yes  yes  yes       -$' "$out"
assert_match '10.77.1.1/24' "$(ip -br address show dev xn-lab)"
assert_ok xm net-stop lab
assert_match '^lab          inactive' "$(xm net-list)"
assert_ok xm net-autostart lab --disable
assert_match '^lab .* no +-$' "$(xm net-list)"
assert_ok xm net-autostart lab
assert_ok xm net-start lab
xm net-list --json | jq -e '.[1] | .name == "lab" and .active and .mode == "isolated"' >/dev/null ||
    fail "$(xm net-list --json)"

# Changed while it is there: made anew; when that cannot be, it is what it was.
export TMPDIR="$T"
assert_ok env EDITOR="sed -i 's/10.77.1.0/10.78.0.0/'" "$BUILD_DIR/xm" net-edit lab
assert_match '10.78.0.1/24' "$(ip -br address show dev xn-lab)"
assert_eq 'yes 10.78.0.0/24' "$(xm net-info lab | awk '/^Active|^Network/ { print $2 }' | tr '\n' ' ' | sed 's/ $//')"
assert_fails 1 env EDITOR="sed -i 's/\"isolated\"/\"bridge\", \"bridge\": \"no-bridge\"/; /cidr/d'" "$BUILD_DIR/xm" net-edit lab
assert_match '^Error: network lab: .*no-bridge' "$err"
assert_match '10.78.0.1/24' "$(ip -br address show dev xn-lab)"
assert_eq 10.78.0.0/24 "$(xm net-info lab --json | jq -r .cidr)"

# A guest wakes default up, and gets an address.
boot web1 'extra = "console=ttyS0 quiet ip=dhcp ping=10.77.0.1"' "vif = ['network=default']"
wait_console web1 'guest: ping 10.77.0.1 ok'
assert_match '^default      active' "$(xm net-list)"
assert_ok xm ip web1
assert_match '^10\.77\.0\.[0-9]+$' "$out"
wait_console web1 "guest: net eth0 $out/24"
assert_match 'master xn-default' "$(ip -o link show tap1.0)"
assert_fails 1 xm net-stop default
assert_fails 1 env EDITOR="sed -i 's/nat/routed/'" "$BUILD_DIR/xm" net-edit default
assert_match "^Error: Network 'default' is in use by web1$" "$err"
assert_match "Error: Network 'default' is in use by web1" "$err"

# Another interface while it runs, on a network that sleeps.
assert_ok xm net-new dmz --no-start --no-autostart --cidr6 auto
assert_match '^dmz          inactive .* no +fd[0-9a-f:]+::/64$' "$(xm net-list)"
assert_ok xm network-attach web1 network=dmz
assert_match 'master xn-dmz' "$(ip -o link show type tun)"
assert_match 'inet6 fd[0-9a-f:]+::1/64' "$(ip -o address show dev xn-dmz)"
assert_ok xm network-detach web1 1
assert_no_match xn-dmz "$(ip -o link show type tun)"
assert_ok xm net-delete dmz

# xend dies: the networks stay, the next one knows them, and starts those that are to start.
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
ip link delete xn-lab
start_xend qemu
eventually sh -c 'ip link show dev xn-lab >/dev/null 2>&1'
assert_match '^default      active' "$(xm net-list)"
assert_fails 1 xm net-delete default
assert_ok xm destroy web1
assert_fails 3 xm ip nosuch
assert_ok xm net-delete default
assert_ok xm net-delete -f lab
assert_eq "$head_" "$(xm net-list)"
assert_eq lo "$(ip -br link | awk '{ print $1 }')"
stop_xend
start_xend qemu
assert_eq "$head_" "$(xm net-list)" "default was deleted: it does not come back"

# xend killed on the way: the network is whole or not there, and goes without a trace.
stop_xend
for point in vnet.writing vnet.written vnet.running vnet.ran; do
    XEND_FAULT=$point start_xend qemu
    run xm net-new lab
    start_xend qemu
    if xm net-list | grep -q '^lab '; then
        eventually sh -c 'ip link show dev xn-lab >/dev/null 2>&1'
        assert_ok xm net-delete lab
    elif [ $point != vnet.writing ]; then
        fail "killed at $point: it was written down and is forgotten"
    fi
    assert_eq lo "$(ip -br link | awk '{ print $1 }')" "killed at $point"
    stop_xend
done
start_xend qemu

# What cannot be: one clear error, nothing left
refused() { # TEXT ARGUMENT...
    text=$1
    shift
    assert_fails 1 xm net-new "$@"
    assert_match "$text" "$err"
    assert_eq "$head_" "$(xm net-list)"
    assert_eq lo "$(ip -br link | awk '{ print $1 }')"
}
refused "'Lab' is not a name for a network" Lab
refused "mode: 'fast': not one of nat, routed, isolated, bridge" lab --mode fast
refused "cidr: '10.0.0.0' is not a network" lab --cidr 10.0.0.0
refused 'mode bridge: which one' lab --mode bridge
for six in fd00::1/64 fd00:1::/48 fe80::/64 ff02::/64 ::/64 10.0.0.0/64 x; do
    refused "cidr6: '$six' is not a network" lab --cidr6 $six
done
refused 'network lab: script network-virtual start: Could not find bridge device br9' lab --mode bridge --bridge br9
assert_fails 1 xm net-start nosuch
assert_match "Error: Network 'nosuch' does not exist" "$err"
assert_fails 1 xm create -q "$(guest_config web1 "vif = ['network=nosuch']")"
assert_match "Network 'nosuch' does not exist" "$err"
nothing_left
