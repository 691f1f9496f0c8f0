#!/bin/sh
# A VNC password goes from the API to QEMU and nowhere else: not into a file below the instance
# root, an argument, the environment, a log or an answer; and it outlives a xend that is killed.
. tests/functions.sh
. tests/guest.sh
requires curl jq python3

password=s3crEt-9
start_xend qemu
jq -n --arg kernel "$GUEST/vmlinux" --arg ramdisk "$GUEST/initrd.img" --arg password $password '{spec: {
    name: "web1", memory: 128, kernel: $kernel, ramdisk: $ramdisk, extra: "quiet",
    vfb: [{vnc: true, vncpasswd: $password}]}}' >"$T/spec.json"
api POST '/v1/domains?wait=60' -H 'Content-Type: application/json' -d "@$T/spec.json" >"$T/answer"
[ "$(domain_state web1)" = running ] || fail "not created: $(cat "$T/answer")"

# types: the kinds of logins that the guest's VNC offers (2: by password, 1: by nothing)
types() {
    port_=$(sed -n 's/.*VNC server running on 127.0.0.1:\([0-9]*\).*/\1/p' "$ROOT/var/log/xen/qemu-dm-web1.log")
    python3 - "$port_" <<'END'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
s.settimeout(30)
s.sendall(s.recv(12))
n = s.recv(1)[0]
print(*s.recv(n))
END
}

# no_leak WHEN: the password is nowhere that others may look
no_leak() {
    pid=$(qemu_pid web1)
    api GET '/v1/domains/web1?detail=config' >"$T/config"
    grep -q XXXXXXXX "$T/config" || fail "$1: no sign of a password: $(cat "$T/config")"
    xm list -l web1 >"$T/long"
    api GET '/v1/jobs' >"$T/jobs"
    for file in "$T/answer" "$T/config" "$T/long" "$T/jobs" "/proc/$pid/cmdline" "/proc/$pid/environ" \
        "/proc/$(cat "$ROOT/var/run/xend.pid")/cmdline"; do
        ! grep -qa -e $password "$file" || fail "$1: the password is in $file"
    done
    ! grep -ra -e $password "$ROOT" || fail "$1: the password is in a file"
}

assert_eq 2 "$(types)" "logins"
no_leak "created"

kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend qemu
no_leak "xend killed"
wait_console web1 'guest: ready'
assert_ok xm reboot -w web1
assert_eq 2 "$(types)" "logins after a reboot under a new xend"
no_leak "rebooted"
! grep 'not known any more' "$ROOT/var/log/xen/xend.log" || fail "the new xend did not find the password"

# xend dies when the guest is gone and the next is not there yet: with it the password; nobody gets in
stop_xend
XEND_FAULT=guest.destroyed start_xend qemu
wait_console web1 'guest: ready'
domid=$(xm domid web1)
run xm reboot -w web1
timeout 60 sh -c 'while kill -0 "$1" 2>/dev/null; do :; done' sh "$(cat "$ROOT/var/run/xend.pid")" ||
    fail "xend did not die"
start_xend qemu
again() {
    [ "$(domain_state web1)" = running ] && [ "$(xm domid web1)" != "$domid" ]
}
TIMEOUT=90 eventually again
assert_eq 2 "$(types)" "logins when the password is lost"
no_leak "password lost"
grep -q 'web1: its VNC password is not known any more' "$ROOT/var/log/xen/xend.log" ||
    fail "not a word about the lost password"
assert_ok xm destroy web1
nothing_left

# one that VNC would cut off is refused, and not repeated
sed "s/$password/ninechars/" "$T/spec.json" >"$T/long.json"
api POST '/v1/domains?wait=60' -H 'Content-Type: application/json' -d "@$T/long.json" >"$T/answer"
assert_match 'vncpasswd: longer than 8 characters' "$(cat "$T/answer")"
assert_no_match ninechars "$(cat "$T/answer")"
! grep -ra ninechars "$ROOT" || fail "the refused password is in a file"
nothing_left
