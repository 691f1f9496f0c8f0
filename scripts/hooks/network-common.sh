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

# forwarding FAMILY: switches it on; prints what it was.
forwarding() {
    case $1 in
    4) file_=/proc/sys/net/ipv4/ip_forward ;;
    6) file_=/proc/sys/net/ipv6/conf/all/forwarding ;;
    esac
    [ -e "$file_" ] || return 0
    cat "$file_"
    [ "$(cat "$file_")" = 1 ] || echo 1 >"$file_"
}
