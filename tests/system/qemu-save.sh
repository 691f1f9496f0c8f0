#!/bin/sh
# xm save, restore and checkpoint of real guests: they go on from where they were; so does one whose
# xend is killed in the middle. Damaged files are refused in one line. Also by a user who is not root.
. tests/functions.sh
. tests/guest.sh
requires curl setpriv

# ticks NAME: the numbers of the ticks that its console has told of
ticks() {
    sed -n 's/^.*guest: tick \([0-9]*\).*/\1/p' "$ROOT/var/log/xen/console/guest-$1.log"
}
# goes_on NAME AFTER: the next tick that it tells of is the one after that
goes_on() {
    wait_console "$1" "guest: tick $(($2 + 1))"
    assert_no_match '^1$' "$(ticks "$1")" "a second boot"
}
kill_xend() {
    pid=$(cat "$ROOT/var/run/xend.pid")
    kill -9 "$pid"
    timeout 20 sh -c 'while kill -0 "$1" 2>/dev/null; do :; done' sh "$pid"
}
# dies_at POINT CMD...: the next xend is killed there by what the command makes it do
dies_at() {
    point=$1
    shift
    stop_xend
    XEND_FAULT=$point start_xend qemu
    run "$@"
    [ "$status" != 0 ] || fail "$*: xend did not pass $point"
    timeout 20 sh -c 'while "$1" status >/dev/null; do :; done' sh "$BUILD_DIR/xend"
    start_xend qemu
}
running() {
    [ "$(domain_state "$1")" = running ]
}
no_files() {
    assert_eq '' "$(find "$T" -name '*-incomplete' -o -path '*/intents/*')" "left files"
}

start_xend qemu
truncate -s 4M "$T/disk"
boot web1 "extra = 'console=ttyS0 quiet tick=1 disk=vda'" "disk = ['file:$T/disk,xvda,w']" 'maxvcpus = 2'
wait_console web1 'guest: tick 2'
uuid=$(xm list --json web1 | sed -n 's/^ *"uuid": "\(.*\)",$/\1/p')
assert_ok xm save web1 "$T/saved"
assert_eq '' "$out$err"
assert_fails 3 xm domid web1
nothing_left
no_files
last=$(ticks web1 | tail -n 1)
assert_ok xm restore "$T/saved"
goes_on web1 "$last"
assert_eq "$uuid running" "$(xm list --json web1 | sed -n 's/^ *"uuid": "\(.*\)",$/\1/p') $(domain_state web1)"
assert_fails 1 xm restore "$T/saved"
assert_match "^Error: restoring: Domain 'web1' already exists with ID" "$err"

# a checkpoint: it goes on as the same process
pid=$(qemu_pid web1)
assert_ok xm save -c web1 "$T/checkpoint"
last=$(ticks web1 | tail -n 1)
goes_on web1 "$last"
assert_eq "running $pid" "$(domain_state web1) $(qemu_pid web1)"
no_files

# xend killed while QEMU writes, and when QEMU has written all: the guest goes on
for point in qemu.save-stopped qemu.save-begun qemu.save-copied qemu.saved save.written; do
    dies_at $point xm save web1 "$T/never"
    eventually running web1
    last=$(ticks web1 | tail -n 1)
    goes_on web1 "$last"
    assert_eq "$pid" "$(qemu_pid web1)" "process after $point"
    no_files
    [ ! -e "$T/never" ] || fail "a file that is not whole, after $point"
done

# killed while it restores: nothing is left, and the file is as good as before
assert_ok xm destroy web1
for point in qemu.restore-begun qemu.restored; do
    dies_at $point xm restore "$T/checkpoint"
    nothing_left
    no_files
done
assert_ok xm restore -p "$T/checkpoint"
assert_eq paused "$(domain_state web1)"
kill_xend
start_xend qemu
assert_eq paused "$(domain_state web1)"
assert_ok xm unpause web1
wait_console web1 'guest: tick'
assert_ok xm destroy web1

# files that are none
size=$(stat -c %s "$T/checkpoint")
for n in 20000 $((size / 2)) $((size - 1)); do
    head -c $n "$T/checkpoint" >"$T/bad"
    assert_fails 1 xm restore "$T/bad"
    assert_match '^Error: web1: restoring .*/bad: the saved guest ends early, after [0-9]+ bytes$' "$err"
done
cp "$T/checkpoint" "$T/bad"
printf x | dd of="$T/bad" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
assert_fails 1 xm restore "$T/bad"
assert_match '^Error: web1: restoring .*/bad: the saved guest is damaged at byte [0-9]+$' "$err"
mv "$T/disk" "$T/elsewhere"
assert_fails 1 xm restore "$T/checkpoint"
assert_match '^Error: web1: restoring .*disk: No such file or directory$' "$err"

# at once, when its firmware has yet to read the kernel: it needs the file again
assert_ok xm create -q "$(guest_config early)"
assert_ok xm save early "$T/early"
assert_ok xm restore "$T/early"
domid=$(xm domid early)
wait_console early 'guest: ready'
assert_eq "$domid" "$(xm domid early)" 'the id of a guest that must not have started over'
assert_ok xm destroy early
rm "$T/early"
nothing_left
no_files
stop_xend

# a user's own xend, whose QEMUs are the user's
mine=$(mktemp -d /tmp/qemu-save.XXXXXX)
trap 'status_=$?; T_=$T T=$mine; end_guests; T=$T_; rm -rf "$mine"; end_guests; (exit $status_); cleanup' EXIT
cp "$BUILD_DIR/xend" "$BUILD_DIR/xm" "$GUEST/vmlinux" "$GUEST/initrd.img" "$mine"
file=$(guest_config web2 "kernel = '$mine/vmlinux'" "ramdisk = '$mine/initrd.img'" "extra = 'console=ttyS0 quiet tick=1'")
cp "$file" "$mine/web2.cfg"
chown -R 12345:12345 "$mine"
ROOT=$mine/root
as_user() {
    setpriv --reuid=12345 --regid=12345 --clear-groups env XEND_ROOT="$ROOT" "$@"
}
assert_ok as_user "$mine/xend" start --driver qemu
assert_ok as_user "$mine/xm" create -q "$mine/web2.cfg"
wait_console web2 'guest: tick 2'
assert_ok as_user "$mine/xm" save web2 "$mine/saved"
assert_eq '12345 600' "$(stat -c '%u %a' "$mine/saved")"
last=$(ticks web2 | tail -n 1)
assert_ok as_user "$mine/xm" restore "$mine/saved"
goes_on web2 "$last"
assert_ok as_user "$mine/xm" destroy web2
assert_ok as_user "$mine/xend" stop
