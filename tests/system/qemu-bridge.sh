#!/bin/sh
# A real guest on a real bridge: vif = ['bridge=...'] makes a tap, the vif script plugs it in, the
# guest reaches the host; and all of it is gone afterwards, whoever died.
. tests/netns.sh
. tests/guest.sh
requires curl
export HOTPLUG_RUN_DIR="$T"
with_scripts
no_iptables
make_bridge xenbr0 10.9.0.1/24
start_xend qemu

taps() {
    ip -o link show | sed -n 's/^[0-9]*: \(tap[^:@]*\).*/\1/p'
}
rules() {
    nft list tables | grep 'netdev xen-' || :
}
master_of() {
    ip -o link show dev "$1" | sed -n 's/.* master \([^ ]*\) .*/\1/p'
}

# A ping through bridge and tap, with all that the configuration may say.
boot web1 'extra = "console=ttyS0 quiet ip=10.9.0.2/24 ping=10.9.0.1"' \
    "vif = ['bridge=xenbr0, mac=00:16:3e:00:00:01, ip=10.9.0.2, rate=100Mb/s, mtu=1400']"
wait_console web1 'guest: ping 10.9.0.1 ok'
assert_eq tap1.0 "$(taps)"
assert_eq xenbr0 "$(master_of tap1.0)"
assert_match 'mtu 1400' "$(ip link show tap1.0)"
assert_match 'ip saddr != 10.9.0.2 drop' "$(nft list table netdev xen-tap1.0)"
assert_match 'limit rate over 12500000 bytes/second' "$(nft list table netdev xen-tap1.0)"
assert_match 'script vif-bridge add \(backend/vif/1/0\): done in process' "$(cat "$ROOT/var/log/xen/xend.log")"

# xend dies and comes back: the guest keeps its network, its end is still cleaned up after.
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend qemu
assert_eq running "$(domain_state web1)"
assert_eq xenbr0 "$(master_of tap1.0)"
assert_ok xm destroy web1
assert_eq '' "$(taps)$(rules)" "left on the host"

# QEMU dies while xend is away.
create_quiet() {
    file_=$(guest_config "$@")
    assert_ok xm create -q "$file_"
}
create_quiet web1 "vif = ['bridge=xenbr0, filter=mac', 'vifname=web1-dmz, bridge=xenbr0', 'type=user']"
assert_eq tap2.0 "$(taps)"
assert_eq xenbr0 "$(master_of web1-dmz)"
assert_match xen-tap2.0 "$(rules)"
pid=$(qemu_pid web1)
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
kill -9 "$pid"
start_xend qemu
gone() {
    [ -z "$(taps)$(rules)" ]
}
eventually gone
xm destroy web1 2>/dev/null || :

# Saved and restored: on the bridge again, under another name.
create_quiet web1 "vif = ['bridge=xenbr0, mac=00:16:3e:00:00:01']"
assert_ok xm save web1 "$T/saved"
assert_eq '' "$(taps)"
assert_ok xm restore "$T/saved"
assert_eq xenbr0 "$(master_of "$(taps)")"
assert_ok xm destroy web1

# xend killed before, between and after the script's work: the next one takes it back.
stop_xend
for point in qemu.intended qemu.plugging hook.set-up qemu.plugged qemu.spawned; do
    XEND_FAULT=$point start_xend qemu
    run xm create -q "$(guest_config web1 "vif = ['bridge=xenbr0, filter=mac']")"
    start_xend qemu
    eventually gone
    nothing_left
    stop_xend
done
start_xend qemu

# What fails says why in the script's own words, and leaves nothing.
refused() { # TEXT VIF
    assert_fails 1 xm create -q "$(guest_config web1 "vif = ['$2']")"
    assert_match "$1" "$err"
    assert_eq '' "$(taps)$(rules)" "left on the host"
    nothing_left
}
refused 'script vif-bridge add: Could not find bridge device nosuch' bridge=nosuch
refused 'An interface with name xenbr0 already exists' vifname=xenbr0
refused 'script vif-mine add: .*No such file' script=vif-mine
refused 'type=user' 'type=user,bridge=xenbr0'

# A script of the admin's own.
log=$T/vif-mine.log
cat >"$ROOT/etc/xen/scripts/vif-mine" <<END
#!/bin/sh
echo "\$* \$vif \$bridge \$mac \$domain" >>$log
[ \$1 = remove ] || [ "\$bridge" != bad ] || { printf 'no\\0such\\377bridge' >&2; exit 3; }
END
chmod +x "$ROOT/etc/xen/scripts/vif-mine"
create_quiet web1 "vif = ['script=vif-mine, bridge=b7, mac=00:16:3e:00:00:07']"
tap=$(taps)
assert_ok xm destroy web1
assert_eq "add type_if=tap $tap b7 00:16:3e:00:00:07 web1
remove type_if=tap $tap b7 00:16:3e:00:00:07 web1" "$(cat "$log")"
refused 'script vif-mine add: no such.*bridge' 'script=vif-mine,bridge=bad'

# One that hangs is ended with what it has started, to begin with and when the guest ends.
stop_xend
HOTPLUG_TEST_TIMEOUT_MS=1000 start_xend qemu
cat >"$ROOT/etc/xen/scripts/vif-hangs" <<END
#!/bin/sh
echo "\$1 waits" >&2
[ "\$1 \$bridge" = 'add ends' ] || sleep 987654
END
chmod +x "$ROOT/etc/xen/scripts/vif-hangs"
refused 'script vif-hangs add: it had not ended after 1 s and was killed: add waits' script=vif-hangs
create_quiet web1 "vif = ['script=vif-hangs, bridge=ends']"
assert_ok xm destroy web1
assert_match 'script vif-hangs remove: it had not ended' "$(cat "$ROOT/var/log/xen/xend.log")"
assert_eq '' "$(taps)"
nothing_left
assert_eq '' "$(pgrep -f 'sleep 987654' || :)" 'processes left'

# Nothing said: the host's bridge; without one, QEMU's own network.
create_quiet web1 "vif = ['']"
assert_eq xenbr0 "$(master_of "$(taps)")"
assert_ok xm destroy web1
ip link delete xenbr0
ip link add virbr0 type bridge
create_quiet web1 "vif = ['']"
assert_eq '' "$(taps)" "another program's bridge is left alone"
assert_ok xm destroy web1
nothing_left
