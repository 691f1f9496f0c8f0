#!/bin/sh
# Guests of real Xen into files and out of them, by xend and xm: what they were doing goes on. After every
# failure the guest runs as it did, or nothing is left. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl xenstore-read xenstore-ls socat jq

# type_in TEXT: on the console of s1
type_in() {
    timeout 20 sh -c "until xenstore-read /local/domain/$(xl domid s1)/console/tty; do :; done" >"$T/tty" 2>/dev/null
    printf '%s\r' "$1" >"$(cat "$T/tty")"
}
clean() { # WHEN
    assert_eq "$(cat "$T/tree")" "$(tree)" "xenstore after $1"
    assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')" "domains after $1"
    assert_eq '' "$(ls "$ROOT/var/run/xend/xen")" "state files after $1"
}
crash_xend() {
    pid=$(cat "$ROOT/var/run/xend.pid")
    kill -9 "$pid"
    timeout 20 tail --pid="$pid" -f /dev/null || fail 'xend does not die'
}
# child_of WORD: the process that moves memory for xend
child_of() {
    pgrep -P "$(cat "$ROOT/var/run/xend.pid")" -f "xen-helper $1 "
}
# stuck_migration: $job moves s1 to a destination that says it is ready and then reads no more: when this returns,
# some of the memory is sent, and the child waits to send the rest
stuck_migration() {
    begin_migration s1 false
    timeout 60 sh -c "until xl list s1 | grep -q -e ---ss; do :; done" || fail 's1 does not suspend itself'
    child=$(child_of save)
}
# job_fails ERROR: $job does, and it says so
job_fails() {
    run xm job-wait "$job"
    [ "$status" != 0 ] || fail "job $job succeeded"
    assert_match "$1" "$err"
    assert_eq '' "$(child_of save || child_of restore || true)" 'children'
}
settled() {
    ! api GET /v1/jobs | grep -q '"state":"\(queued\|running\)"'
}

cat >"$T/s1.cfg" <<END
name = 's1'
kernel = '$GUEST/vmlinux'
ramdisk = '$GUEST/initrd.img'
extra = 'console=hvc0 quiet'
memory = 128
tsc_mode = 2
END
tree >"$T/tree"
start_xend xen
assert_ok xm create -q "$T/s1.cfg"
wait_console s1 'guest: ready'
id=$(xm domid s1)
type_in 'kept=here; echo said-$((1 + 1))'
wait_console s1 '^said-2'

# A checkpoint: the file is there, and the guest goes on.
assert_ok xm save -c s1 "$T/point"
assert_eq "$id" "$(xm domid s1)" 'domid after a checkpoint'
assert_eq running "$(domain_state s1)"
type_in 'echo on-$((2 + 1))-$kept'
wait_console s1 '^on-3-here'

# Into a file and out: what its shell knew is still known.
assert_ok xm save s1 "$T/file"
clean 'a save'
[ "$(stat -c %s "$T/file")" -gt $((100 << 20)) ] || fail "file: $(stat -c %s "$T/file") bytes"
assert_ok xm restore "$T/file"
assert_eq running "$(domain_state s1)"
type_in 'echo back-$((3 + 1))-$kept'
wait_console s1 '^back-4-here'
assert_eq "$(xl domid s1)" "$(xm domid s1)"

# Restored paused, and found by the next xend.
assert_ok xm save s1 "$T/file"
assert_ok xm restore -p "$T/file"
assert_eq paused "$(domain_state s1)"
crash_xend
start_xend xen
assert_eq paused "$(domain_state s1)"
assert_ok xm save -c s1 "$T/still"
assert_eq paused "$(domain_state s1)"
assert_ok xm unpause s1
type_in 'echo again-$((4 + 1))-$kept'
wait_console s1 '^again-5-here'

# No room: the guest goes on, and no file is left.
mkdir "$T/small"
mount -t tmpfs -o size=20m small "$T/small"
assert_fails 1 xm save s1 "$T/small/file"
assert_match 'No space left' "$err"
assert_eq '' "$(ls "$T/small")"
umount "$T/small"
assert_eq running "$(domain_state s1)"
type_in 'echo room-$((5 + 1))-$kept'
wait_console s1 '^room-6-here'

# The child that writes its memory dies in the middle; or hangs, and the job is cancelled: the guest goes on.
stuck_migration
kill -9 "$child"
job_fails 'the child that writes its memory was killed by signal 9'
assert_eq running "$(domain_state s1)"
type_in 'echo died-$((6 + 2))-$kept'
wait_console s1 '^died-8-here'
stuck_migration
kill -STOP "$child"
assert_ok xm job-cancel "$job"
job_fails cancelled
assert_eq running "$(domain_state s1)"
type_in 'echo hung-$((7 + 2))-$kept'
wait_console s1 '^hung-9-here'
end_migration

# xend killed in the middle: the guest runs on, or is whole in its file.
stop_xend
for point in suspending suspended saved; do
    XEND_FAULT=xen.$point start_xend xen
    pid=$(cat "$ROOT/var/run/xend.pid")
    xm save s1 "$T/file-$point" >/dev/null 2>&1 || true
    timeout 20 tail --pid="$pid" -f /dev/null || fail "xend did not pass xen.$point"
    start_xend xen
    eventually settled
    assert_eq '' "$(pgrep -f 'xen-helper save ' || true)" 'children'
    assert_eq running "$(domain_state s1)" "s1, xend killed at xen.$point"
    type_in "echo $point-\$((6 + 1))-\$kept"
    wait_console s1 "^$point-7-here"
    stop_xend
done
start_xend xen
assert_ok xm destroy s1
clean 'a destroy'

# A file that is cut off, or has other bytes in it: an error, and nothing is left.
head -c 50000000 "$T/point" >"$T/cut"
assert_fails 1 xm restore "$T/cut"
clean 'a cut file'
cp "$T/point" "$T/bad"
printf 'nonsense' | dd of="$T/bad" bs=1 seek=$((20 << 20)) conv=notrunc 2>/dev/null
xm restore -p "$T/bad" >/dev/null 2>&1 && xm destroy s1 # of its memory Xen keeps no checksum
clean 'a bad file'

# The child that reads it dies in the middle; or hangs, and the job is cancelled: nothing is left.
half_restored() { # some of the file is read when this returns, and the child waits for more
    rm -f "$T/pipe"
    mkfifo "$T/pipe"
    exec 7<>"$T/pipe"
    job=$(api POST /v1/restore -d "{\"file\":\"$T/pipe\"}" | jq .id)
    head -c 8000000 "$T/point" >&7
    child=$(child_of restore)
}
half_restored
kill -9 "$child"
job_fails 'the child that reads its memory was killed by signal 9'
clean 'a child that was killed'
half_restored
kill -STOP "$child"
assert_ok xm job-cancel "$job"
job_fails cancelled
clean 'a child that hung'
exec 7>&-

# The checkpoint of long ago is as good as new.
assert_ok xm restore "$T/point"
type_in 'echo point-$((7 + 1))-$kept'
wait_console s1 '^point-8-here'
assert_ok xm shutdown -w s1
clean 'xm shutdown'

stop_xend
