#!/bin/sh
# (network-script ..): run with start by a xend that starts, with stop by one that stops with no
# domain left; the log says so. And the real network-bridge, in a namespace.
. tests/netns.sh
requires setsid flock
export HOTPLUG_RUN_DIR="$T/run"
with_scripts
log=$ROOT/var/log/xen/xend.log
cat >"$ROOT/etc/xen/scripts/network-mine" <<END
#!/bin/sh
echo "\$@" >>$T/calls
[ ! -e $T/fails ] || { echo no cable >&2; exit 1; }
END
chmod +x "$ROOT/etc/xen/scripts/network-mine"
calls() {
    cat "$T/calls"
    rm "$T/calls"
}

echo "(network-script 'network-mine  netdev=eth7 b=1')" >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
assert_eq 'start netdev=eth7 b=1' "$(calls)"
assert_match 'INFO .*network-script: .*/scripts/network-mine start done after' "$(cat "$log")"
stop_xend
assert_eq 'stop netdev=eth7 b=1' "$(calls)"

# a xend that dies does not stop it; the next one that stops does
start_xend test
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp" # and it is configured no more
start_xend test
assert_eq 'start netdev=eth7 b=1' "$(calls)"

# not while domains run on
create web1
stop_xend
[ ! -e "$T/calls" ] || fail "stopped under a domain"
assert_match 'not stopped: domains run on' "$(cat "$log")"
start_xend test
xm destroy web1
stop_xend
assert_eq 'stop netdev=eth7 b=1' "$(calls)"

# a failure is told of, and xend starts
: >"$T/fails"
echo '(network-script network-mine)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
assert_match 'ERROR .*network-script: script network-mine start: no cable' "$(cat "$log")"
rm "$T/fails"
stop_xend

ip link add name eth0 type veth peer name peer0
ip link set dev peer0 up
ip link set dev eth0 up
ip address add 10.7.0.2/24 dev eth0
ip route add default via 10.7.0.1
echo "(network-script 'network-bridge bridge=xenbr0 timeout=1')" >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
assert_match 'default via 10.7.0.1 dev xenbr0' "$(ip route)"
stop_xend
assert_match 'default via 10.7.0.1 dev eth0' "$(ip route)"
