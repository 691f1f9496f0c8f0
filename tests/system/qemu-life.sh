#!/bin/sh
# A real guest's life: boot, list, console, pause, unpause, reboot, shutdown, destroy.
. tests/functions.sh
. tests/guest.sh

start_xend qemu
boot web1
assert_ok xm list web1
assert_match '^web1 +1 +128 +1 +[r-][b-]---- +[0-9]+\.[0-9]$' "$out"
assert_eq 1 "$(xm domid web1)"

# what it said before, and what it answers now
mkfifo "$T/in"
background sh -c "exec \"$BUILD_DIR/xm\" console web1 <'$T/in' >'$T/console' 2>&1"
viewer=$!
exec 3>"$T/in"
saw() {
    timeout 30 tail -n +1 -F "$T/console" 2>/dev/null | grep -qa -m 1 -e "$1" || fail "console: no '$1'"
}
saw 'guest: ready'
printf 'echo six times seven is $((6 * 7))\n' >&3
saw 'six times seven is 42'
printf '\035' >&3
wait $viewer || fail "xm console ended with $?"
exec 3>&-

# paused, nothing moves
assert_ok xm pause web1
assert_eq paused "$(domain_state web1)"
pid=$(qemu_pid web1)
assert_ok xm unpause web1
assert_eq running "$(domain_state web1)"

# it reboots on its own wish and on ours: a new id, the same name
assert_ok xm reboot -w web1
assert_match 'Domain web1 rebooted' "$out"
assert_eq 2 "$(xm domid web1)"
! kill -0 "$pid" 2>/dev/null || fail "the QEMU before the reboot still runs"
wait_console web1 'guest: ready'
assert_ok xm shutdown -w web1
assert_match 'Domain web1 terminated' "$out"
assert_fails 3 xm domid web1
nothing_left

boot web2
assert_ok xm destroy web2
assert_fails 3 xm list web2
nothing_left
