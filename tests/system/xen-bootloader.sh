#!/bin/sh
# Guests of real Xen whose kernel is on their own disk: pygrub finds it, confined; pv-grub's kernels. Whatever a
# bootloader does, nothing of it is left. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl mke2fs losetup jq

CACHE=$ROOT/var/cache/xend
own=$(mktemp -d /usr/local/own.XXXXXX) # where any user may go
chmod 755 "$own"
# shellcheck disable=SC2154  # assigned in the trap itself
trap 'status_=$?; set +e; rm -rf "$own"; [ $status_ = 0 ] || end_guests; (exit $status_); cleanup' EXIT
# config NAME LINE...
config() {
    config_=$T/$1.cfg
    printf "name = '%s'\nmemory = 128\ntsc_mode = 2\ndisk = ['file:%s,xvda,w']\n" "$1" "$T/disk.img" >"$config_"
    shift
    printf '%s\n' "$@" >>"$config_"
}
clean() { # WHEN
    assert_eq '' "$(find "$CACHE" -name 'boot-*' 2>/dev/null || true)" "files after $1"
    assert_eq '' "$(losetup -a | grep -F "$T/disk.img" || true)" "loop devices after $1"
    assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')" "domains after $1"
}

# A disk as an installer leaves it: two entries, of which the second is an echo of its arguments.
mkdir -p "$T/tree/boot/grub"
cp "$GUEST/vmlinuz" "$GUEST/initrd.img" "$T/tree/boot/"
cat >"$T/tree/boot/grub/grub.cfg" <<'GRUB_CFG'
set default="0"
set timeout=1
menuentry 'Debian' {
    linux /boot/vmlinuz root=/dev/xvda console=hvc0 quiet
    initrd /boot/initrd.img
}
menuentry 'none' {
    linux /boot/nothing
}
GRUB_CFG
truncate -s 48M "$T/disk.img"
mke2fs -q -F -t ext4 -d "$T/tree" "$T/disk.img"
chmod 600 "$T/disk.img"
use_hooks
start_xend xen
config b1 "bootloader = 'pygrub'" "extra = 'from=xm'"
assert_ok xm create -q "$T/b1.cfg"
wait_console b1 'guest: ready'
printf 'cat /proc/cmdline\r' >"$(xenstore-read "/local/domain/$(xm domid b1)/console/tty")"
wait_console b1 '^root=/dev/xvda console=hvc0 quiet from=xm'
assert_ok xm destroy b1
clean 'a guest by pygrub'

refused() { # TEXT
    assert_fails 1 xm create -q -p "$T/bad.cfg"
    assert_match "$1" "$err"
    clean "a bootloader that fails: $1"
}
config bad "bootloader = 'pygrub'" "bootargs = '--entry=1'"
refused 'bootloader pygrub: .*Error opening /boot/nothing in guest'
config bad "bootloader = 'pygrab'"
refused 'bootloader pygrab: no such program among those of Xen'
config bad "bootloader = '$own/it'"
own() { # LINE...: the bootloader is this script
    printf '%s\n' '#!/bin/sh' "$@" >"$own/it"
    chmod 755 "$own/it"
}
own 'exit 3'
refused "it: it exited with status 3"
own 'echo the disk is "not" good >&2; exit 1'
refused 'it: the disk is not good'
own 'exit 0'
refused 'it: it found no kernel'
for text in 'kernel /etc/passwd' 'kernel /tmp/../etc/passwd' 'kernel /tmp/a\0delete /tmp/b'; do
    own "printf '$text\\0' >/tmp/result"
    refused 'it: what it wrote is not understood'
done
own 'read -r x </dev/null; exec 2>&1; exec python3 -c "
import os, socket
os.symlink(\"/etc/shadow\", \"/tmp/k\"); open(\"/tmp/result\", \"w\").write(\"kernel /tmp/k\\0\")"'
refused 'it: what it wrote is no file'
# What it can do: read the disk; and what not: anything else.
own 'exec python3 -c "
import os, socket
def no(f, *a):
    try: f(*a)
    except OSError: return
    print(\"it could:\", f, a)
no(open, \"/var/log/x\", \"w\"); no(open, \"/var/tmp/x\", \"w\"); no(open, \"/dev/shm/x\", \"w\"); no(open, \"/run/x\", \"w\")
no(open, \"/var/tmp/disk\", \"r+b\"); no(open, \"/etc/shadow\"); no(os.fork)
no(os.listdir, \"'"$ROOT"'/var/run/xend/xen\")
no(socket.create_connection, (\"10.77.0.1\", 22), 5)
f = open(\"/var/tmp/disk\", \"rb\"); f.seek(1080)
print(\"magic\", f.read(2).hex(), len(os.listdir(\"/sys/class/net\")), os.getuid() > 65535)
raise SystemExit(1)"'
refused 'it: magic 53ef [0-9]+ True$'

# A kernel of pv-grub is just a kernel, of the host's.
config b2 "kernel = '$GRUB'" "extra = '(hd0,0)/boot/grub/menu.lst'"
assert_ok xm create -q "$T/b2.cfg"
wait_console b2 'will be executed automatically' # the menu of its disk
assert_ok xm destroy b2

# xend killed while it runs: the next one takes away what is there.
config bad "bootloader = '$own/it'"
mkfifo "$own/started"
own "echo >$own/started" 'while :; do read -r x; done </dev/zero'
chmod 666 "$own/started"
xm create -q -p "$T/bad.cfg" >/dev/null 2>"$T/cancelled" &
read -r _ <"$own/started"
assert_ok xm job-cancel "$(xm jobs --json | jq -r '.[] | select(.state == "running").id')"
! wait $! || fail 'a create that was cancelled'
assert_match 'bootloader .*it: cancelled' "$(cat "$T/cancelled")"
clean 'a create that was cancelled'
xm create -q -p "$T/bad.cfg" >/dev/null 2>&1 &
read -r _ <"$own/started"
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
wait $! || true
timeout 20 tail --pid="$(cat "$ROOT/var/run/xend.pid")" -f /dev/null
start_xend xen
clean 'a xend that was killed'
stop_xend
