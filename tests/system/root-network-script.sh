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

# so are binary words, and one that hangs, which is ended
printf '#!/bin/sh\nprintf "no\\0net\\377work\\n" >&2; exit 1\n' >"$ROOT/etc/xen/scripts/network-mine"
start_xend test
assert_match 'ERROR .*network-script: script network-mine start: no net.*work' "$(cat "$log")"
stop_xend
printf '#!/bin/sh\necho waits; sleep 987653\n' >"$ROOT/etc/xen/scripts/network-mine"
HOTPLUG_TEST_TIMEOUT_MS=1000 start_xend test
assert_match 'ERROR .*network-script: script network-mine start: it had not ended after 1 s and was killed: waits' "$(cat "$log")"
stop_xend
assert_match 'network-mine stop: it had not ended' "$(cat "$log")"
assert_eq '' "$(pgrep -f 'sleep 987653' || :)" 'processes left'

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

# by hand: xm iface-list, iface-bridge, iface-unbridge
ip route replace default dev eth0
echo '(network-script none)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
assert_ok xm iface-list
assert_match '^eth0 +active +veth +[0-9a-f:]{17} - +10\.7\.0\.2/24 fe80::[0-9a-f:]+/64$' "$out"
assert_ok xm iface-bridge eth0 xenbr1
assert_match 'default dev xenbr1' "$(ip route)"
assert_ok xm iface-list
assert_match '^eth0 +active +veth +[0-9a-f:]{17} xenbr1 +-$' "$out"
assert_match '^xenbr1 +active +bridge +[0-9a-f:]{17} - +10\.7\.0\.2/24' "$out"
assert_ok xm iface-list --json
assert_match '"bridge": "xenbr1"' "$out"
assert_fails 1 xm iface-bridge eth0 xenbr2
assert_eq 'Error: eth0 is a port of xenbr1 already' "$err"
assert_fails 1 xm iface-unbridge eth0
assert_eq 'Error: eth0 is no bridge
Name the bridge, not the card.' "$err"
ip tuntap add vif1.0 mode tap
ip link set vif1.0 master xenbr1
assert_fails 1 xm iface-unbridge xenbr1
assert_match "Bridge 'xenbr1' is in use by vif1.0" "$err"
assert_ok xm iface-unbridge -f xenbr1
assert_match 'default dev eth0' "$(ip route)"
assert_ok xm iface-bridge eth0 eth0 # the bridge takes its name, as it always was
assert_match '^peth0 .* eth0 +-$' "$(xm iface-list)"
assert_ok xm iface-unbridge eth0
make_bridge br9
assert_fails 1 xm iface-unbridge br9
assert_match "Bridge 'br9' was not made by xm iface-bridge" "$err"
for bad in 'lo br8' 'br9 br8' 'nosuch br8' 'eth0 br9' 'eth0 a/b' '../x br8'; do
    # shellcheck disable=SC2086
    run xm iface-bridge $bad
    [ "$status" != 0 ] || fail "iface-bridge $bad: taken"
done

stop_xend

# a xend that dies on the way loses nothing: it is done, or not begun
for point in iface.bridging iface.bridged; do
    XEND_FAULT=$point start_xend test
    assert_fails 1 xm iface-bridge eth0 xenbr1
    assert_match 'default dev (eth0|xenbr1)' "$(ip route)"
    start_xend test
    [ $point = iface.bridging ] || assert_ok xm iface-unbridge xenbr1
    assert_match 'default dev eth0' "$(ip route)"
    stop_xend
done
