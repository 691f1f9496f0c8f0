#!/bin/sh
# How network-bridge moves addresses and routes, and finds its way back; sourced by it.
# shellcheck disable=SC2154

mac_of() {
    ip -o link show dev "$1" | sed -n 's,.* link/ether \([^ ]*\).*,\1,p'
}

# genmode_of DEV: how it makes its link-local address.
genmode_of() {
    mode_=$(ip -d -o link show dev "$1" | sed -n 's/.* addrgenmode \([^ ]*\).*/\1/p')
    echo "${mode_:-eui64}"
}

# gateway_of DEV
gateway_of() {
    for family_ in -4 -6; do
        ip $family_ route show default dev "$1" 2>/dev/null |
            sed -n 's/.* via \([^ ]*\).*/\1/p' | head -n 1
    done | head -n 1
}

routes_with_nexthops() {
    for family_ in -4 -6; do
        ip $family_ route show table all 2>/dev/null
    done | awk -v dev="$netdev" '$1 == "nexthop" { for (i = 2; i < NF; i++) if ($i == "dev" && $(i + 1) == dev) print }'
}

# addresses_and_routes FROM TO: as commands of ip -batch that give TO what FROM has now. What the
# kernel makes by itself (local and connected routes) is left to it.
addresses_and_routes() {
    ip -o address show dev "$1" | awk -v to="$2" '
        { line = "address replace"
          for (i = 4; i <= NF && $i != "\\"; i++) {
              if ($i == "scope") { scope = $(i + 1); i++; rest = " scope " scope
                  for (j = i + 1; j <= NF && $j != "\\"; j++) {
                      if ($j == "noprefixroute" || $j == "mngtmpaddr" || $j == "home") rest = rest " " $j
                      if ($j == "temporary") next # the kernel makes another
                  }
                  break
              }
              line = line " " $i
          }
          lft = ""
          for (i = 4; i < NF; i++)
              if ($i == "valid_lft" || $i == "preferred_lft") { v = $(i + 1); sub("sec", "", v); lft = lft " " $i " " v }
          print line rest " dev " to ($3 == "inet6" ? " nodad" : "") lft }'
    for family_ in -4 -6; do
        # those that others go by come first: to a host, to a net, then over a gateway
        ip $family_ route show table all dev "$1" 2>/dev/null | awk -v to="$2" -v family="$family_" '
            $1 ~ /^(local|broadcast|anycast|multicast|ff00::\/8)$/ || / proto kernel/ { next }
            { gsub(/ (linkdown|dead|onlink)/, ""); gsub(/ expires -?[0-9]+sec/, ""); gsub(/ error -?[0-9]+/, "")
              gsub(/ hoplimit [0-9]+/, "")
              print ($0 ~ / via / ? 2 : 1), "route replace", $0, "dev", to }' | sed 's/ pref medium//' | sort -s -n -k1,1 | cut -d' ' -f2-
    done
}

# take_steps FILE: all of them, or it fails and says which did not work.
take_steps() {
    # only tests stop it half way: after so many steps it fails, or dies
    if [ -n "${HOTPLUG_TEST_STOP:-}" ]; then
        head -n "$HOTPLUG_TEST_STOP" "$1" | ip -batch - 2>&1
        [ "${HOTPLUG_TEST_DIES:-}" != yes ] || kill -9 $$
        echo "stopped by a test"
        return 1
    fi
    ip -batch "$1" 2>&1
}

# settle STATE: the way is done; false when it was gone back meanwhile, on a host that is too slow.
settle() {
    (
        flock 8
        [ -e "$1/back" ] && : >"$1/done"
    ) 8>"$1/lock"
}

# go_back STATE: however far the way went, and whoever is on it, too. Deleting takes a name only, and
# the card may have it: so it is looked at first.
go_back() {
    [ -e "$1/back" ] || return 0
    (
        flock 8
        if [ -e "$1/back" ] && [ ! -e "$1/done" ]; then
            for bridge_ in xentmpbr "${1##*/network-bridge-}"; do
                ! is_bridge "$bridge_" || ip link delete dev "$bridge_" 2>/dev/null || :
            done
            ip -force -batch "$1/back" >/dev/null 2>&1 || :
            rm -f "$1/back" # the guard has nothing to do any more
        fi
    ) 8>"$1/lock"
}

# guard STATE SECONDS: a process in a session of its own that goes back when this script is gone, or
# the time over, without STATE/done. It ends as soon as the way is done or gone back.
guard() {
    setsid sh "$0" guard state="$1" pid=$$ seconds="$2" </dev/null >/dev/null 2>&1 9>&- &
}

stand_guard() {
    tries_=$((seconds * 10))
    while [ -e "$state/back" ] && [ ! -e "$state/done" ]; do
        if [ $((tries_ -= 1)) -le 0 ] || ! kill -0 "$pid" 2>/dev/null; then
            go_back "$state"
        fi
        sleep 0.1
    done
}

# await_carrier DEV: a card that was down needs a while; without a cable it has none.
await_carrier() {
    tries_=50
    until ip -o link show dev "$1" | grep -q LOWER_UP; do
        [ $((tries_ -= 1)) -gt 0 ] || return 0
        sleep 0.2
    done
}

# gateway_answers ADDRESS DEV SECONDS: asks by ARP or neighbour discovery, as the kernel itself does.
gateway_answers() {
    tries_=$(($3 * 20))
    ip neigh delete "$1" dev "$2" 2>/dev/null || :
    while [ $tries_ -gt 0 ]; do
        ip neigh replace "$1" dev "$2" use 2>/dev/null || :
        sleep 0.05
        case $(ip neigh show to "$1" dev "$2") in
        *lladdr*FAILED* | *lladdr*INCOMPLETE*) ;;
        *lladdr*) return 0 ;;
        esac
        tries_=$((tries_ - 1))
    done
    return 1
}
