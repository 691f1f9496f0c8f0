#!/bin/sh
# What devices cost a guest of QEMU: its start with eight disks and eight taps against one of each, and the work
# of vif-bridge in process against the same changes by `ip -batch`, one process for all. In a network namespace of its
# own, so as root. Called by run.sh.
#     devices.sh PAIRS
if [ "${IN_NAMESPACE:-}" != yes ]; then
    [ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 1; }
    IN_NAMESPACE=yes exec unshare -n sh "$0" "$@"
fi
. tests/functions.sh
. tests/bench/table.sh
. tests/guest.sh
requires ip
pairs=${1:-7}
for family in ip ip6; do
    ! [ -e /proc/sys/net/bridge/bridge-nf-call-${family}tables ] || echo 0 >/proc/sys/net/bridge/bridge-nf-call-${family}tables
done
ip link set lo up
ip link add br0 type bridge
ip link set br0 up
mkdir -p "$ROOT/etc/xen/scripts"
cp scripts/hooks/* "$ROOT/etc/xen/scripts"
start_xend qemu

ms() {
    echo $(($(date +%s%N) / 1000000))
}
# config NAME LETTER...: with an interface and a disk for each letter
config() {
    name_=$1 vifs_='' disks_=''
    shift
    for letter_; do
        truncate -s 1M "$T/$letter_.img"
        vifs_="$vifs_'bridge=br0', " disks_="$disks_'file:$T/$letter_.img,xvd$letter_,w', "
    done
    guest_config "$name_" "vif = [$vifs_]" "disk = [$disks_]"
}
# start NAME FILE: prints how long it took
start() {
    from_=$(ms)
    assert_ok xm create -q -p "$2"
    echo $(($(ms) - from_))
    assert_ok xm destroy "$1"
}
# median EXPRESSION-OF-COLUMNS [DIGITS]
median() {
    awk "{printf \"%.${2:-0}f\n\", $1}" "$T/times" | sort -n | sed -n "$((pairs / 2 + 1))p"
}
one=$(config one a)
eight=$(config eight a b c d e f g h)
start one "$one" >/dev/null
for _ in $(seq "$pairs"); do
    echo "$(start eight "$eight") $(start one "$one")"
done >"$T/times"
row 'qemu: start with 8 vifs and disks, x 1 and 1' "$(median '$1 / $2' 2)" '<= 2' \
    "$(median '$1') ms / $(median '$2') ms, $pairs pairs"

# A veth takes the tap's place: it stays. Each cycle is on and off.
cycles=200
ip link add name tap1.0 type veth peer name far1
for _ in $(seq $cycles); do
    printf 'link set tap1.0 %s\n' 'address fe:ff:ff:ff:ff:ff' 'addrgenmode none' 'master br0' up nomaster down
done >"$T/batch"
for _ in $(seq "$pairs"); do
    from=$(ms)
    XENBUS_PATH=backend/vif/1/0 HOTPLUG_STORE=env HOTPLUG_RUN_DIR=$T/run vif=tap1.0 INTERFACE=tap1.0 \
        frontend_id=1 handle=0 mac=00:16:3e:00:00:01 bridge=br0 \
        "$BUILD_DIR/tests/hooks" --cycles $cycles scripts/hooks/vif-bridge add type_if=tap >"$T/forks" 2>/dev/null
    middle=$(ms)
    ip -batch "$T/batch"
    echo "$((middle - from)) $(($(ms) - middle))"
done >"$T/times"
row 'vif-bridge in process, x ip -batch' "$(median '$1 / $2' 2)" '<= 3' \
    "$(median '$1') ms / $(median '$2') ms for $cycles on and off; $(cut -d ' ' -f 1,2 "$T/forks")"
