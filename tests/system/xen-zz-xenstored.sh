#!/bin/sh
# xenstored stands still, dies and comes back: xend stays up, shows what there is, refuses changes with the
# cause, and goes on by itself. In dom0 only (tests/rig/suite), and the last test there: what dom0's kernel and
# xenconsoled had in the old xenstored is lost.
. tests/functions.sh
. tests/xen.sh
requires xl

away=''
awake() { [ -z "$away" ] || kill -CONT "$away" 2>/dev/null; }
# shellcheck disable=SC2154  # assigned in the trap itself
trap 'status_=$?; set +e; awake; [ $status_ = 0 ] || end_guests; (exit $status_); cleanup' EXIT

for name in g1 g2; do
    printf "name = '%s'\nkernel = '%s'\nmemory = 32\ntsc_mode = 2\n" $name "$GRUB" >"$T/$name.cfg"
done
start_xend xen
assert_ok xm create -q -p "$T/g1.cfg"
away=$(cat /run/xenstore.pid)
kill -STOP "$away"

# Two changes at a time wait for it, and reads do not wait for them.
"$BUILD_DIR/xm" create -q -p "$T/g2.cfg" >"$T/create" 2>&1 &
create=$!
"$BUILD_DIR/xm" destroy g1 >"$T/destroy" 2>&1 &
destroy=$!
assert_match '^g1 +[0-9]+ +32 ' "$(timeout 8 "$BUILD_DIR/xm" list)" 'xm list meanwhile'
status=0
wait $create || status=$?
wait $destroy || status=$((status + $?))
assert_eq 2 "$status" 'exit statuses'
assert_match '^Error: g2: checking the host: xenstore: xenstored does not answer$' "$(cat "$T/create")"
assert_match '^Error: g1: .*xenstore: xenstored does not answer$' "$(cat "$T/destroy")"
assert_ok xm unpause g1 # needs the hypervisor only
assert_ok xm pause g1
assert_eq paused "$(domain_state g1)"
kill -CONT "$away"
assert_ok xm create -q -p "$T/g2.cfg"
assert_ok xm destroy g2

kill -KILL "$away"
timeout 20 tail --pid="$away" -f /dev/null || fail 'xenstored does not die'
assert_fails 1 xm destroy g1
assert_match 'xenstore: xenstored (has gone|is not there)' "$err"
assert_fails 1 xm create -q -p "$T/g2.cfg"
assert_match 'xenstore: xenstored (has gone|is not there)' "$err"
assert_match '^g1 +[0-9]+ +32 +1 +--p--- ' "$(xm list)"
choom -n -1000 /usr/lib/xen-4.17/bin/oxenstored -- --pid-file /run/xenstore.pid
away=''
assert_ok xm create -q -p "$T/g2.cfg"
assert_match '^g2 ' "$(xl list)"
assert_ok xm destroy g2
assert_ok xm destroy g1
assert_eq 0 "$(xl list | awk 'NR > 1 && $5 !~ /d/ { print $2 }')" 'domains'
assert_eq '' "$(ls "$ROOT/var/run/xend/xen")" 'state files'
stop_xend
