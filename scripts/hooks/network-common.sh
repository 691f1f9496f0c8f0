#!/bin/sh
# What the network scripts share; each sources it first. Then there are
#   command   start, stop or status
#   run_dir   where they keep what must be known until stop
# and their other arguments, NAME=VALUE, are variables.
# shellcheck disable=SC2034,SC2154

dir=$(dirname "$0")
# shellcheck source=scripts/hooks/xen-hotplug-common.sh
. "$dir/xen-hotplug-common.sh"
# shellcheck source=scripts/hooks/xen-network-common.sh
. "$dir/xen-network-common.sh"

command=
netdev=${netdev:-} bridge=${bridge:-}
findCommand "$@"
evalVariables "$@"
run_dir=${HOTPLUG_RUN_DIR:-/var/run/xen-hotplug}

case $command in
start | stop | status) ;;
guard) ;; # ours: see network-move.sh
*)
    echo "Usage: $script_name {start|stop|status} [NAME=VALUE...]" >&2
    reported=1
    exit 1
    ;;
esac

# forward_on NETDEV: the host forwards, IPv4 and IPv6. A host that forwards IPv6 takes no route from
# its router any more unless told so: it would lose its own network.
forward_on() {
    accept_=/proc/sys/net/ipv6/conf/$1/accept_ra
    if [ -n "$1" ] && [ -e "$accept_" ]; then
        [ "$(cat "$accept_")" != 1 ] || echo 2 >"$accept_"
        echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    fi
    echo 1 >/proc/sys/net/ipv4/ip_forward
}
