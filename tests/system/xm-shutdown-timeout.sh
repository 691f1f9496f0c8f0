#!/bin/sh
# Waiting for guests that do not obey: with a limit, and without one.
. tests/functions.sh
start_xend test
create stubborn 'extra = "test:ignore-shutdown"'
create deaf 'extra = "test:ignore-shutdown"'
create good

# Without a limit there is one line after 10 seconds; it goes on waiting. (Looked at below.)
mkfifo "$T/words"
"$BUILD_DIR/xm" shutdown -w stubborn >"$T/waiter.out" 2>"$T/words" &
waiter=$!
PIDS="$PIDS $waiter"
exec 3<"$T/words"

# The time is over: status 1, and what to do. Who obeyed is told of all the same.
assert_fails 1 xm shutdown -w -t 1 deaf good
assert_eq 'Domain good terminated' "$out"
assert_eq "Error: Domain deaf has not obeyed within 1 s.
It may still do so ('xm console deaf' shows); 'xm destroy deaf' ends it." "$err"
assert_fails 1 xm reboot --timeout=1 deaf
assert_match '^Error: Domain deaf has not obeyed within 1 s\.$' "$err"
assert_eq '' "$out"
assert_ok xm domid deaf
create paused
assert_ok xm pause paused
assert_fails 1 xm shutdown -t1 paused
assert_eq "Error: Domain paused has not obeyed within 1 s.
It is paused: 'xm unpause paused' lets it go on and obey." "$err"

# Done in time: as without a limit. A limit implies -w.
assert_ok xm unpause paused
create good
assert_ok xm shutdown -t 100 good
assert_eq 'Domain good terminated
All domains terminated' "$out"
assert_eq '' "$err"
create good
assert_ok xm reboot -w -t 100 good
assert_eq 'Domain good rebooted
All domains rebooted' "$out"

for seconds in '' x -1 0 1.5 99999999999; do
    assert_fails 1 xm shutdown "--timeout=$seconds" good
    assert_eq 'Error: Invalid argument.' "$err" "--timeout=$seconds"
done
assert_fails 1 xm shutdown -w good -t
assert_eq 'Error: option -t requires argument' "$err"

# The one that waits without a limit.
read -r line <&3
assert_eq "Domain stubborn has not obeyed yet; 'xm destroy stubborn' ends it at once." "$line"
kill -0 "$waiter" || fail 'does not wait any more'
assert_ok xm destroy stubborn
wait "$waiter" || fail "status $?"
assert_eq 'Domain stubborn terminated
All domains terminated' "$(cat "$T/waiter.out")"
! read -r line <&3 || fail "another line: $line"
