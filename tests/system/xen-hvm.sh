#!/bin/sh
# HVM guests on real Xen: hvmloader, SeaBIOS, and a QEMU as device model. The guest is a boot sector that talks
# on the serial port, so no kernel need boot. In dom0 only (tests/rig/suite).
# No CD-ROM drive nor graphics card where a BIOS runs: without hardware it takes long over them.
. tests/functions.sh
. tests/xen.sh
requires xl xenstore-ls losetup socat
TIMEOUT=300

# clean WHEN: nothing is left of any guest
clean() {
    assert_eq "$(cat "$T/tree")" "$(tree)" "xenstore after $1"
    assert_eq "$(cat "$T/loops")" "$(losetup -a)" "loop devices after $1"
    assert_eq '' "$(ip -o link | grep -o ' vif[0-9.a-z-]*' || true)" "network interfaces after $1"
    assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')" "domains after $1"
    assert_eq '' "$(ls "$ROOT/var/run/xend/xen")" "state files after $1"
    assert_eq '' "$(pgrep -f 'xen-attach -name guest=' || true)" "QEMUs after $1"
}
qemu_of() { pgrep -f "xen-attach -name guest=$1,"; }
# says NAME TEXT: until its serial port has
says() {
    timeout 300 tail -n +1 -F "$ROOT/var/log/xen/console/serial-$1.log" 2>/dev/null | grep -qa -m 1 -e "$2" ||
        fail "$1 did not say '$2': $(cat "$ROOT/var/log/xen/qemu-dm-$1.log"; xl dmesg | tail -n 5)"
}
state_is() { [ "$(domain_state "$1")" = "$2" ]; }
is_gone() { ! xm domid "$1" >/dev/null 2>&1; }

# A sector that says "guest: up", then does what letters on the serial port say: q power off by ACPI, r reset by
# the keyboard controller; it sends back all others.
printf '\372\061\300\216\330\216\320\274\000\174\276\074\174\272\370\003\254\204\300\164\003\356\353\370' >"$T/boot.img"
printf '\373\364\272\375\003\354\250\001\164\366\272\370\003\354\074\161\165\007\272\004\260\270\000\040\357' >>"$T/boot.img"
printf '\074\162\165\004\260\376\346\144\356\353\334guest: up\r\n' >>"$T/boot.img"
truncate -s 510 "$T/boot.img"
printf '\125\252' >>"$T/boot.img"
truncate -s 1M "$T/boot.img" "$T/one.iso" "$T/two.iso"
cat >"$T/h1.cfg" <<END
name = 'h1'
builder = 'hvm'
memory = 40
tsc_mode = 2
disk = ['file:$T/boot.img,hda,w']
END
{ sed "s/'h1'/'h2'/" "$T/h1.cfg"; echo "disk += ['file:$T/one.iso,hdc:cdrom,r']"; echo "vif = ['type=ioemu, bridge=xenbr0, mac=00:16:3e:00:00:21, model=e1000']"; echo 'vnc = 1'; echo "on_crash = 'preserve'"; } >"$T/h2.cfg"
tree >"$T/tree"
losetup -a >"$T/loops"
use_hooks
start_xend xen

# What cannot be fails with one clear line; nothing is left.
refused() { # NAME LINE ERROR
    { sed "s/'h1'/'$1'/" "$T/h1.cfg"; printf '%s\n' "$2"; } >"$T/$1.cfg"
    assert_fails 1 xm create -q -p "$T/$1.cfg"
    assert_match "$3" "$err"
}
refused r1 "device_model = '$T/no-qemu'" "device model $T/no-qemu: No such file or directory"
refused r2 "loader = '$T/no-loader'" "$T/no-loader: no such firmware loader"
refused r3 "disk = ['file:$T/none.img,hda,w']" "disk hda: $T/none.img: No such file"
refused r4 'memory = 12; vnc = 1' '12 MiB: a HVM guest needs 24, 8 of them'
refused r5 "vif = ['model=ne3']" 'vif 0: model=ne3: not one of rtl8139'
refused r6 "loader = '$T/boot.img'" "$T/boot.img: "
refused r0 "usbdevice = 'disk:$T/one.iso'" "usbdevice: 'disk:.*': not one of tablet, mouse, keyboard"

# A USB device is there from the start, and stays.
{ sed "s/'h1'/'u1'/" "$T/h1.cfg"; echo "usbdevice = 'tablet'"; } >"$T/u1.cfg"
assert_ok xm create -q -p "$T/u1.cfg"
assert_fails 1 xm usb-add u1 mouse
assert_match 'mouse: cannot come while the guest runs$' "$err"
assert_fails 1 xm usb-del u1 tablet
assert_match 'tablet: cannot go while the guest runs$' "$err"
assert_match 'port 0: tablet$' "$(xm usb-list u1)"
assert_ok xm destroy u1
clean 'what is refused'
printf '#!/bin/sh\necho "no machine today" >&2; exit 3\n' >"$T/dies"
chmod +x "$T/dies"
refused r7 "device_model = '$T/dies'" 'starting its device model: QEMU .*no machine today'
refused r8 "vif = ['bridge=xenbr7']" 'Could not find bridge device xenbr7'
refused r9 "vnc = 1; vncpasswd = 'tell-no1'" 'vncpasswd: this QEMU has no VNC passwords'
clean 'a device model that dies'

# Its QEMU runs as a user of its own in an empty directory; it has a screen, a card beside the backend, a drive.
assert_ok xm create -q -p "$T/h2.cfg"
assert_eq '' "$err" 'warnings'
id=$(xm domid h2)
pid=$(qemu_of h2)
assert_eq "$pid" "$(xenstore-read "/local/domain/$id/image/device-model-pid")"
assert_eq running "$(xenstore-read "/local/domain/0/device-model/$id/state")"
assert_no_match '^0$' "$(awk '$1 == "Uid:" { print $2 }' "/proc/$pid/status")" 'its user'
assert_eq '' "$(ls -A "/proc/$pid/root/")" 'what it sees of the file system'
assert_eq 600 "$(stat -c %a "$ROOT"/var/run/xend/xen/*/qmp.sock)"
assert_eq "vif$id.0
vif$id.0-emu" "$(ls /sys/class/net/xenbr0/brif)" 'ports of the bridge'
assert_match "^h2 +$id +[0-9]+ +1 +--p" "$(xl list)"
assert_match '^127.0.0.1:[0-9]+$' "$(xm vncdisplay h2)"
has_file() {
    for fd_ in /proc/"$pid"/fd/*; do
        [ "$(readlink "$fd_")" != "$1" ] || return 0
    done
    return 1
}
has_file "$T/one.iso" || fail 'no disc'
assert_ok xm block-configure h2 "file:$T/two.iso" hdc:cdrom r
has_file "$T/two.iso" || fail 'no other disc'
! has_file "$T/one.iso" || fail 'the old disc is open'
assert_fails 1 xm block-configure h2 "file:$T/three.iso" hdc:cdrom r
assert_match 'three.iso: No such file' "$err"
has_file "$T/two.iso" || fail 'a failed change took the disc'
kill -9 "$pid"
eventually state_is h2 crashed
assert_match 'h2: its QEMU was killed by signal 9' "$(cat "$ROOT/var/log/xen/xend.log")"
xm destroy h2 2>/dev/null || true
clean 'a QEMU that was killed'

# It runs, also over the death of xend; it begins anew and ends by itself, and when it is told to.
assert_ok xm create -q "$T/h1.cfg"
id=$(xm domid h1)
says h1 'guest: up'
for what in power s3resume; do
    assert_ok xm trigger h1 $what
done
assert_fails 1 xm trigger h1 nmi 1
assert_match 'virtual CPU 1: it has 0 to 0' "$err"
assert_ok xm sysrq h1 b
assert_eq b "$(xenstore-read "/local/domain/$id/control/sysrq")"
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend xen
assert_eq "$id" "$(xm domid h1)"
echoes() { # WORD: the guest hears and answers
    printf %s "$1" >"$T/typed"
    background sh -c "exec '$BUILD_DIR/xm' console h1 <'$T/typed' >'$T/console'"
    eventually grep -qa -e "$1" "$T/console"
    kill $!
}
echoes hi-
assert_match 'guest: up' "$(cat "$T/console")" 'console'
is_new() { now_=$(xl domid h1 2>/dev/null) && [ "$now_" != "$id" ]; }
console() { # LETTER CONDITION...: sends it to the guest, and listens until the condition holds
    letter_=$1
    shift
    { printf %s "$letter_"; eventually "$@"; } |
        timeout 300 socat - "UNIX-CONNECT:$(echo "$ROOT"/var/run/xend/xen/*/console.sock)" >/dev/null 2>&1 || true
}

# Saved and restored, with what its devices know; after a failed save it goes on, and its QEMU with it.
assert_ok xm save -c h1 "$T/point"
assert_eq running "$(domain_state h1)"
echoes on-
mkdir "$T/small"
mount -t tmpfs -o size=10m small "$T/small"
assert_fails 1 xm save h1 "$T/small/file"
umount "$T/small"
echoes still-
assert_ok xm save h1 "$T/file"
clean 'a save'
assert_eq DeviceModelRecord0002 "$(grep -aom 1 DeviceModelRecord0002 "$T/file")"
head -c "$(($(stat -c %s "$T/file") - 1000))" "$T/file" >"$T/cut"
assert_fails 1 xm restore "$T/cut"
assert_match 'the state of its device model' "$err"
clean 'a cut file'
assert_ok xm restore "$T/file"
id=$(xm domid h1)
echoes back-
kill -9 "$(cat "$ROOT/var/run/xend.pid")" # who takes it over refuses it no restart, young as it is
start_xend xen
console r is_new
says h1 'guest: up'
console q is_gone h1
clean 'a power off'
assert_ok xm create -q "$T/h1.cfg"
id=$(xm domid h1)
assert_ok xm reboot h1 # nobody listens in it, so Xen does it
eventually is_new
id=$now_
assert_ok xm trigger h1 reset
eventually is_new
assert_ok xm shutdown -w h1
clean 'a shutdown'

# A kernel that QEMU loads, a SCSI disk, an order to boot in; room to grow.
{ sed "s/'h1'/'h3'/; s/memory = 40/memory = 64/" "$T/h1.cfg"; echo "disk += ['file:$T/one.iso,sda,w']"; echo "boot = 'dc'"; echo 'vcpus = 1; maxvcpus = 2'; printf "%s = '$GUEST/%s'\n" kernel vmlinuz ramdisk initrd.img; echo "extra = 'console=ttyS0'"; } >"$T/h3.cfg"
assert_ok xm create -q -p "$T/h3.cfg"
assert_eq '' "$err" 'warnings'
id=$(xm domid h3)
pid=$(qemu_of h3)
has_file "$T/one.iso" || fail 'no SCSI disk'
args=$(tr '\0' ' ' <"/proc/$pid/cmdline")
for text in 'scsi-hd,bus=scsi0.0,scsi-id=0,drive=disk-sda' '-boot order=dc' '-kernel /proc/self/fd/[0-9]+ -initrd .* -append console=ttyS0'; do
    assert_match "$text" "$args"
done
assert_ok xm vcpu-set h3 2
assert_eq online "$(xenstore-read "/local/domain/$id/cpu/1/availability")"
assert_ok xm mem-set h3 56
assert_eq $((56 * 1024)) "$(xenstore-read "/local/domain/$id/memory/target")"
assert_ok xm destroy h3
stop_xend

# xend dies in the middle: the next one gives back what there was.
settled() { [ "$(xl list | grep -c '^(null) \|^h2 ')" = "$(xm list | grep -c '^h2 ')" ]; }
for point in tap-plugged dm-spawned dm-ending dm-ended; do
    XEND_FAULT=xen.$point start_xend xen
    pid=$(cat "$ROOT/var/run/xend.pid")
    xm create -q -p "$T/h2.cfg" >/dev/null 2>&1 || true
    case $point in dm-end*) xm destroy h2 >/dev/null 2>&1 || true ;; esac
    timeout 60 tail --pid="$pid" -f /dev/null || fail "xend did not pass xen.$point"
    start_xend xen
    eventually settled
    xm destroy h2 2>/dev/null || true
    clean "a xend killed at xen.$point"
    stop_xend
done
