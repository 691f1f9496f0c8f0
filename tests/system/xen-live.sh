#!/bin/sh
# Migration on real Xen to the host that the guest is on; and live, to a destination that the test plays: what it was sent is then taken up as another host
# would. Debian's hypervisor finds out no changes of PV guests, so there it is refused; RIG_SHADOW=1 tests/rig/suite
# tests/system/xen-live.sh has one that does. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl xenstore-read xenstore-ls socat jq
TIMEOUT=120

live_config() { # NAME LINE
    cat >"$T/$1.cfg" <<END
name = '$1'
kernel = '$GUEST/vmlinux'
ramdisk = '$GUEST/initrd.img'
extra = 'console=hvc0 quiet tick=0.2'
memory = 128
tsc_mode = 2
$2
END
}
ticks() { # FILE head|tail
    grep -ao 'tick [0-9]*' "$1" | "$2" -n 1 | cut -d' ' -f2
}
is_sent() { api GET "/v1/jobs/$job" | grep -q 'waiting for the destination'; }
# goes_live NAME: it counts on while it is sent, and where it arrives from the number on where it stood still
goes_live() {
    begin_migration "$1" true
    background sh -c "exec cat <&9 >'$T/$1.sent'"
    began=$(ticks "$CONSOLES/guest-$1.log" tail)
    eventually is_sent
    echo restored >&8
    timeout 60 sh -c "until [ \"\$(tail -c 3 '$T/$1.sent')\" = go ]; do :; done" || fail "$1 is not given away"
    echo running >&8
    assert_ok xm job-wait "$job"
    end_migration
    last=$(ticks "$CONSOLES/guest-$1.log" tail)
    [ "$last" -gt "$began" ] || fail "$1 stood still at $last while it was sent"
    assert_ok xm restore "$T/$1.sent"
    wait_console "$1" "tick $((last + 3))"
    assert_eq $((last + 1)) "$(ticks "$CONSOLES/guest-$1.log" head)" 'what it goes on with'
    assert_ok xm destroy "$1"
}

# one_v1 WHEN: v1 runs, once, and counts on; there is nothing else, whoever is asked
one_v1() {
    assert_eq running "$(domain_state v1)" "v1 $1"
    assert_eq "Domain-0 v1" "$(xl list | awk 'NR > 1 { print $1 }' | xargs)" "domains $1"
    assert_eq "$(xl domid v1)" "$(xm domid v1)" "ID of v1 $1"
    assert_eq "vif$(xm domid v1).0" "$(ls /sys/class/net/xenbr0/brif)" "interfaces $1"
    assert_eq "$T/v1.img" "$(losetup -nO BACK-FILE | tr -d ' ')" "loop devices $1"
    assert_eq 1 "$(find "$ROOT/var/run/xend/xen" -type f | wc -l)" "state files $1"
    assert_eq "$uuid" "$(xenstore-ls /vm | sed -n 's/^\([0-9a-f-]*\) = .*/\1/p' | grep -v '^0*-')" "uuids in xenstore $1"
    wait_console v1 "tick $(($(ticks "$CONSOLES/guest-v1.log" tail) + 2))"
}
settled() {
    [ -z "$(ls "$ROOT/var/run/xend/intents")" ]
}
same() { # what stays of v1
    xm list --json v1 | jq -c '.[0] | [.uuid, .start_time, .memory_mib]'
}

tree >"$T/tree"
losetup -a >"$T/loops"
truncate -s 8M "$T/v1.img"
use_hooks
start_xend xen
live_config v1 "vif = ['bridge=xenbr0, mac=00:16:3e:00:00:31']
disk = ['file:$T/v1.img,xvda,w']"
sed -i 's,quiet,quiet ip=10.77.0.31/24,' "$T/v1.cfg"
assert_ok xm create -q "$T/v1.cfg"
wait_console v1 'tick 3'
uuid=$(xm list --json v1 | jq -r '.[0].uuid')

# To the host it is on: it counts on, with another ID, and what it has is there.
was=$(same) id=$(xm domid v1) last=$(ticks "$CONSOLES/guest-v1.log" tail)
assert_ok xm migrate v1 localhost
assert_eq '' "$out$err"
assert_eq "$was" "$(same)"
[ "$(xm domid v1)" -gt "$id" ] || fail "v1 has ID $(xm domid v1) after $id"
one_v1 'after xm migrate v1 localhost'
grep -ao 'tick [0-9]*' "$CONSOLES/guest-v1.log" | cut -d' ' -f2 | awk 'NR > 1 && $1 != n + 1 { exit 1 } { n = $1 }' ||
    fail "v1 does not count: $(cat "$CONSOLES/guest-v1.log")"
answers 10.77.0.31
printf 'echo moved | dd of=/dev/xvda bs=512 seek=9 conv=fsync; echo wrote-$((1 + 1))\r' >"$(xenstore-read "/local/domain/$(xm domid v1)/console/tty")"
wait_console v1 'wrote-2'
assert_match moved "$(dd if="$T/v1.img" bs=512 skip=9 count=1 2>/dev/null | tr -d '\0')" 'what it wrote'

# A child dies in the middle, and xend: there is one of it, which counts on.
id=$(xm domid v1)
xm migrate v1 localhost >"$T/told" 2>&1 &
migrating=$!
timeout 60 sh -c 'until pkill -9 -P "$(cat "$1")" -f "xen-helper restore "; do :; done' sh "$ROOT/var/run/xend.pid" || fail 'no child'
! wait "$migrating" || fail 'a killed child moved it'
assert_match 'Error: v1: migrating: reading its memory: the child that reads its memory was killed by signal 9' "$(cat "$T/told")"
assert_eq "$id" "$(xm domid v1)"
one_v1 'with a killed child'
stop_xend
for point in ${MOVE_POINTS:-connected move-changed}; do
    XEND_FAULT=xen.$point start_xend xen
    pid=$(cat "$ROOT/var/run/xend.pid")
    xm migrate v1 localhost >/dev/null 2>&1 || true
    timeout 60 tail --pid="$pid" -f /dev/null || fail "xend did not pass xen.$point"
    start_xend xen
    eventually settled
    one_v1 "xend killed at xen.$point"
    assert_eq "$was" "$(same)"
    stop_xend
done
start_xend xen
if xl info | grep -q '^virt_caps.* shadow'; then
    goes_live v1
    live_config v2 "type = 'pvh'; hap = 0"
    assert_ok xm create -q "$T/v2.cfg"
    wait_console v2 'tick 3'
    goes_live v2
else
    id=$(xm domid v1)
    begin_migration v1 true
    run xm job-wait "$job"
    assert_match "live: this host's Xen is built without shadow paging" "$err"
    end_migration
    assert_eq '' "$(xenstore-read "/local/domain/$id/control/shutdown" 2>/dev/null || true)" 'what it was asked for'
    assert_eq "running $id" "$(domain_state v1) $(xm domid v1)"
    wait_console v1 "tick $(($(ticks "$CONSOLES/guest-v1.log" tail) + 3))"

    # to another xend of this very Xen
    mkdir "$T/there"
    assert_ok xend start --root "$T/there" --driver xen
    trap 'end_guests; at_end xend stop --root "$T/there"' EXIT
    assert_fails 1 xm migrate v1 "unix:$T/there/var/run/xend/xend.sock"
    assert_match "it is on this host already, with ID '$id': both xends have the same hypervisor" "$err"
    assert_eq "running $id" "$(domain_state v1) $(xm domid v1)"
    assert_ok xm destroy v1
    assert_ok xend stop --root "$T/there"
fi
assert_eq "$(cat "$T/tree")" "$(tree)" 'xenstore'
assert_eq "$(cat "$T/loops")" "$(losetup -a)" 'loop devices'
assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')" 'domains'
stop_xend
