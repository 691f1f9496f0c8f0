#!/bin/sh
# xend killed under a running guest: the next one finds it, the same process, with its id, its
# console's past and its uptime. A QEMU that is killed is noticed at once.
. tests/functions.sh
. tests/guest.sh

start_xend qemu
boot web1
pid=$(qemu_pid web1)
domid=$(xm domid web1)
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
timeout 10 sh -c 'while kill -0 "$1" 2>/dev/null; do :; done' sh "$(cat "$ROOT/var/run/xend.pid")"
kill -0 "$pid" || fail "the guest died with xend"
start_xend qemu
assert_eq "$pid" "$(qemu_pid web1)" "process"
assert_eq "$domid" "$(xm domid web1)" "domid"
assert_eq running "$(domain_state web1)"
past() {
    grep -qa 'guest: ready' "$T/console"
}
{ eventually past; printf '\035'; } | xm console web1 >"$T/console"
past || fail "the console's past is lost"

# an orderly restart, too
assert_ok xend restart --driver qemu
assert_eq "$domid" "$(xm domid web1)" "domid after restart"
assert_ok xm pause web1
assert_ok xend restart --driver qemu
assert_eq paused "$(domain_state web1)"
assert_ok xm unpause web1

kill -9 "$pid"
gone() {
    ! xm list web1 >/dev/null 2>&1
}
eventually gone
assert_match 'domain=web1: its guest is gone: QEMU ended' "$(cat "$ROOT/var/log/xen/xend.log")"
nothing_left

# a guest that panics: kept, as on_crash says
file=$(guest_config web2 "on_crash = 'preserve'" "extra = 'console=ttyS0 quiet crash'")
assert_ok xm create -q "$file"
crashed() {
    [ "$(domain_state web2)" = crashed ]
}
eventually crashed
assert_ok xm list web2
assert_match '^web2 +[0-9]+ +128 +1 +----c- ' "$out"
assert_ok xm destroy web2
nothing_left
