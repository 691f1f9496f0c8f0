# A test in a network namespace of its own: sourced first, before functions.sh, by tests that make
# bridges, taps and rules; the machine's own network is never touched. shellcheck shell=sh
if [ "${1:-}" != inside ]; then
    . tests/functions.sh
    [ "$(id -u)" = 0 ] || skip "needs root"
    requires unshare ip nft
    unshare --net --mount ip link add br0 type bridge 2>/dev/null ||
        skip "no network namespaces with bridges here"
    trap - EXIT
    rm -rf "$T"
    exec unshare --net --mount sh "$0" inside
fi
. tests/functions.sh
ip link set lo up

# The guest's busybox: a second shell to run the scripts with, and ping.
BUSYBOX=$PWD/build/guest/busybox
[ -x "$BUSYBOX" ] || skip "no guest: make guest"
mkdir -p /run/netns
mount -t tmpfs none /run/netns # ip netns; in our mount namespace only

# with_scripts: xend of this test finds the hook scripts of the tree.
with_scripts() {
    mkdir -p "$ROOT/etc/xen"
    cp -r scripts/hooks "$ROOT/etc/xen/scripts"
}

# make_bridge NAME ADDRESS/BITS
make_bridge() {
    ip link add name "$1" type bridge forward_delay 0 stp_state 0
    [ -z "${2:-}" ] || ip address add "$2" dev "$1"
    ip link set dev "$1" up
}

# no_iptables: they see nothing of what is bridged. Where they do, as docker wants it, xend leaves
# vif-bridge to the script.
no_iptables() {
    ! [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables
}
