#!/bin/sh
# Live migration on real Xen, to a destination that the test plays: what it was sent is then taken up as another host
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

tree >"$T/tree"
start_xend xen
live_config v1 ''
assert_ok xm create -q "$T/v1.cfg"
wait_console v1 'tick 3'
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
assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')" 'domains'
stop_xend
