#!/bin/sh
# Interfaces with a tap, and disks, that come and go: the guest reaches the host over the bridge, and nothing of
# them stays on the host, whoever dies. In a network namespace of its own.
if [ "${IN_NAMESPACE:-}" != yes ]; then
    [ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
    IN_NAMESPACE=yes exec unshare -n sh "$0"
fi
. tests/functions.sh
. tests/guest.sh
requires ip nft
ip link set lo up
ip link add br0 type bridge
ip addr add 192.0.2.1/24 dev br0
ip link set br0 up
! [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables
mkdir -p "$ROOT/etc/xen/scripts"
cp scripts/hooks/* "$ROOT/etc/xen/scripts"
start_xend qemu

taps() {
    ip -o link show master br0 | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | xargs
}
boot web1 'vif = ["bridge=br0"]'
first=$(taps)
assert_match '^tap[0-9]+\.0$' "$first"
mkfifo "$T/in"
background sh -c "exec '$BUILD_DIR/xm' console -q --history=0 web1 <'$T/in' >/dev/null 2>&1"
exec 3>"$T/in"

# It comes, and the host hears of the guest.
assert_ok xm network-attach web1 bridge=br0 mac=00:16:3e:00:00:01
second=${first%.0}.1
assert_eq "$first $second" "$(taps)"
assert_match "^1   0  00:16:3e:00:00:01 .* $second " "$(xm network-list web1)"
echo 'until [ -e /sys/class/net/eth1 ]; do sleep 0.1; done; ip addr add 192.0.2.2/24 dev eth1; ip link set eth1 up; echo net""-is-up' >&3
wait_console web1 net-is-up
echo 'until ping -c 1 -W 1 192.0.2.1 >/dev/null; do :; done; echo host""-answers' >&3
wait_console web1 host-answers
assert_match '192.0.2.2 .*00:16:3e:00:00:01' "$(ip neigh show dev br0)"

# An edited script is honoured at once; until then its work is done without a process.
way() { # ACTION TEXT: of the latest
    assert_match "script vif-bridge $1 .backend/vif/[0-9]*/1.: $2" "$(grep "vif-bridge $1 " "$ROOT/var/log/xen/xend.log" | tail -n 1)"
}
way add 'done in process'
echo '# ours' >>"$ROOT/etc/xen/scripts/vif-common.sh"

# It goes, and so does all of it; and again, with xend dying in between.
assert_ok xm network-detach web1 1
assert_eq "$first" "$(taps)"
way remove 'executed: what it reads in is not the stock one'
cp scripts/hooks/vif-common.sh "$ROOT/etc/xen/scripts"
assert_fails 1 xm network-attach web1 bridge=nobridge
assert_match '^Error: web1: attach: .*nobridge' "$err"
assert_eq "$first" "$(taps)"
# The name of another interface, whosever: refused, and that one is as it was.
ip -br link show >"$T/links"
nft list tables >"$T/tables"
for name in br0 lo "$first"; do
    assert_fails 1 xm network-attach web1 bridge=br0 vifname="$name"
    assert_match "An interface with name $name already exists" "$err"
done
assert_eq "$(cat "$T/links" "$T/tables")" "$(ip -br link show && nft list tables)" 'the other interfaces'
for point in qemu.attach-tap hook.set-up qemu.attached attach.done; do
    stop_xend
    XEND_FAULT=$point start_xend qemu
    xm network-attach web1 bridge=br0 mac=00:16:3e:00:00:02 >/dev/null 2>&1 || true
    timeout 20 sh -c 'while "$1" status >/dev/null; do :; done' sh "$BUILD_DIR/xend" || fail "xend did not pass $point"
    start_xend qemu
    eventually test ! -e "$(echo "$ROOT"/var/run/xend/intents/*.json)"
    assert_eq "$first" "$(taps)" "taps after $point"
    assert_eq 1 "$(xm network-list web1 | grep -c ' 00:16:3e:')"
done
assert_ok xm network-attach web1 bridge=br0 mac=00:16:3e:00:00:03
assert_ok xm network-detach -f web1 00:16:3e:00:00:03
assert_eq "$first" "$(taps)"

# Again and again (CYCLES=1000 by hand), with a rule for each: taps, rules, descriptors, QEMU's objects and
# xend's memory are as at first.
truncate -s 1M "$T/disk.img"
left() {
    taps
    nft list tables
    find "/proc/$(qemu_pid web1)/fd" -type l | wc -l
    find "/proc/$(cat "$ROOT/var/run/xend.pid")/fd" -type l | wc -l
    ls "$ROOT/var/run/xend/intents"
    find "$ROOT/var" -type f | wc -l
}
rss() {
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}
cycle() {
    assert_ok xm network-attach web1 bridge=br0 mac=00:16:3e:00:00:04 'ip=192.0.2.4 2001:db8::4' filter=ip
    assert_ok xm block-attach web1 "file:$T/disk.img" xvdb w
    assert_ok xm network-detach web1 00:16:3e:00:00:04
    assert_ok xm block-detach web1 xvdb
}
cycle
start=$(left)
for n in $(seq "${CYCLES:-3}"); do
    cycle
    [ $((n % 100)) != 0 ] ||
        echo "$n: xend $(rss "$(cat "$ROOT/var/run/xend.pid")") KiB, QEMU $(rss "$(qemu_pid web1)") KiB"
done
assert_eq "$start" "$(left)" 'what is left after all'
assert_ok xm destroy web1
assert_eq '' "$(taps)"
nothing_left
