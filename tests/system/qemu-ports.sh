#!/bin/sh
# Serial ports, channels and USB on QEMU. Ports that are streams, files and connections; channels that are streams and sockets;
# USB devices that are there from the start, that come and go while the guest runs, that survive
# xend, a save and a restore; disks under the sharing rule; devices of the host as far as it goes without any.
. tests/functions.sh
. tests/guest.sh
requires jq curl python3
export XEND_SYSFS="$T/sys"
# device PATH BUS ADDR VENDOR PRODUCT
device() {
    d=$XEND_SYSFS/bus/usb/devices/$1
    mkdir -p "$d" "$XEND_SYSFS/dev/bus/usb/00$2"
    echo "$2" >"$d/busnum"
    echo "$3" >"$d/devnum"
    echo "$4" >"$d/idVendor"
    echo "$5" >"$d/idProduct"
}
device 1-1 1 2 046d c52b
device 1-2 1 3 0951 1666
device 1-3 1 4 0951 1666
# usb DOMAIN: what it has, and where
usb() {
    xm usb-list "$1" --json | jq -r '[.[] | select(.live) | "\(.key)@\(.devid)"] | join(" ")'
}
fds() {
    find "/proc/$(qemu_pid "$1")/fd" -lname "$T/*.img" -printf "%l\n" | sort -u | wc -l
}
recovered() {
    [ -z "$(ls "$ROOT/var/run/xend/intents")" ]
}
start_again() {
    ! xend status >/dev/null || stop_xend
    timeout 20 sh -c 'while "$1" status >/dev/null; do :; done' sh "$BUILD_DIR/xend"
    start_xend qemu
}
# a path that is longer than any other device's name
b=$T/a-long-name-a-long-name-a-long-name-a-long-name-a-long-name-b.img
truncate -s 1M "$b"
for image in a b; do truncate -s 1M "$T/$image.img"; done
start_xend qemu

# None at first: the controller comes with the first device, also in a guest that runs.
python3 -c 'import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
print(s.accept()[0].makefile().readline().strip(), flush=True)' >"$T/tcp" &
PIDS="$PIDS $!"
eventually test -s "$T/tcp"
port=$(head -n 1 "$T/tcp")
boot web1 "serial = ['pty', 'pty', 'file:$T/serial.log', 'tcp:127.0.0.1:$port']" \
    "channel = ['connection=pty, name=org.test.a', 'connection=socket, name=org.test.b, path=$T/b.sock']"
viewer web1

# Each port is where it was said to be; the second console works both ways.
mkfifo "$T/second"
background sh -c "exec '$BUILD_DIR/xm' console -q -n 1 web1 <'$T/second' >'$T/heard'"
exec 4>"$T/second"
guest web1 'stty -F /dev/ttyS1 raw -echo; (head -n 1 </dev/ttyS1; echo said-$x) & for n in 1 2 3; do echo port-$n >/dev/ttyS$n; done; x=it' ports
timeout 30 tail -n +1 -F "$T/heard" 2>/dev/null | grep -qm 1 port-1 || fail "port 1: $(cat "$T/heard")"
echo typed-on-ttyS1 >&4
wait_console web1 typed-on-ttyS1
timeout 30 tail -n +1 -F "$T/serial.log" | grep -qm 1 port-2 || fail 'port 2'
timeout 30 tail -n +1 -F "$T/tcp" | grep -qm 1 port-3 || fail 'port 3'
assert_fails 1 xm console -n 2 web1
assert_match "^Error: serial port 2 goes to file:$T/serial.log$" "$err"
assert_fails 1 xm console -n 4 web1
assert_match '^Error: there is no console 4' "$err"

# A channel is found by its name on both sides. It is in use while the guest has it open.
channels() {
    xm channel-list web1 --json | jq -r '[.[] | "\(.key)@\(.devid):\(.state)"] | join(" ")'
}
channels_are() {
    until [ "$(channels)" = "$1" ]; do
        [ "$(date +%s)" -lt "$patience" ] || fail "channels: $(channels), not $1"
        sleep 0.1
    done
}
patience=$(($(date +%s) + 120))
assert_match '^Idx BE state evt-ch ring-ref connection params' "$(xm channel-list web1)"
assert_match "^2   0  1     -1     -1       socket     $T/b.sock +org.test.b$" "$(xm channel-list web1)"
assert_eq 'org.test.a@1:1 org.test.b@2:1' "$(channels)"
assert_match '^        \(name org.test.a\)' "$(xm channel-list -l web1)"
guest web1 'for f in /sys/class/virtio-ports/*/name; do read n <$f; f=${f%/name}; ln -s ${f##*/} /dev/$n; done; exec 5<>/dev/org.test.a 6<>/dev/org.test.b' opened
channels_are 'org.test.a@1:4 org.test.b@2:4'
mkfifo "$T/third"
background sh -c "exec '$BUILD_DIR/xm' console -q --channel org.test.a web1 <'$T/third' >'$T/heard-a'"
exec 5>"$T/third"
guest web1 'echo from-a >&5; read -r x <&5; echo $x' a-is-read &
PIDS="$PIDS $!"
timeout 60 tail -n +1 -F "$T/heard-a" 2>/dev/null | grep -qm 1 from-a || fail "channel a: $(cat "$T/heard-a")"
echo typed-on-a >&5
wait_console web1 typed-on-a
exec 5>&-
talk() { # WORD: to the second channel, as a program of the host
    python3 - "$T/b.sock" "$1" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.settimeout(60)
s.sendall(sys.argv[2].encode() + b"\n")
print(s.makefile().readline().strip())
END
}
tell 'while :; do read -r x <&6 && echo "got-$x" >&6 || sleep 0.1; done &' # nothing is read while nobody is there
assert_eq got-one "$(talk one)"
assert_fails 1 xm console --channel org.test.b web1
assert_match "^Error: channel org.test.b is the socket $T/b.sock$" "$err"
assert_fails 1 xm console --channel org.test.c web1
assert_match '^Error: web1: there is no channel org.test.c$' "$err"
assert_fails 1 xm console -t pv -n 3 web1
assert_match '^Error: web1: there is no channel 3$' "$err"
assert_fails 1 xm create -q "$(guest_config thief "channel = ['connection=socket, name=a, path=$T/b.sock']")"
assert_match "^Error: thief: channel a: $T/b.sock: somebody listens there already$" "$err"

assert_ok xm usb-add web1 tablet
guest web1 'until grep -q 0x0c0330 /sys/bus/pci/devices/*/class; do sleep 0.1; done' sees-xhci
assert_ok xm usb-add web1 "disk:$T/a.img"
assert_eq "tablet@1 disk:$T/a.img@2 1" "$(usb web1) $(fds web1)"
assert_ok xm usb-del web1 tablet
assert_ok xm usb-add web1 mouse
assert_ok xm usb-add web1 keyboard

# It is known to the next xend, which takes back what was half attached; in a restored guest each is at its
# port.
all="mouse@1 disk:$T/a.img@2 keyboard@3"
for point in qemu.attach-node qemu.attached; do
    stop_xend
    XEND_FAULT=$point start_xend qemu
    ! xm usb-add web1 "disk:$b" >/dev/null 2>&1 || fail "xend did not pass $point"
    timeout 20 sh -c 'while "$1" status >/dev/null; do :; done' sh "$BUILD_DIR/xend"
    start_xend qemu
    eventually recovered
    assert_eq "$all 1" "$(usb web1) $(fds web1)" "after $point"
done
assert_eq 'org.test.a@1:4 org.test.b@2:4' "$(channels)" 'channels after the death of xend'
assert_ok xm save web1 "$T/saved"
[ ! -e "$T/b.sock" ] || fail 'a socket of a guest that is gone'
XEND_FAULT=dm.channel-made start_again
! xm restore "$T/saved" >/dev/null 2>&1 || fail 'xend did not pass dm.channel-made'
start_again
[ ! -e "$T/b.sock" ] || fail 'a socket of a guest that never was'
assert_ok xm restore "$T/saved"
channels_are 'org.test.a@1:4 org.test.b@2:4'
assert_eq got-two "$(talk two)"
assert_eq "$all 1" "$(usb web1 | tr ' ' '\n' | sort -t@ -k2 | tr '\n' ' ' | sed 's/ $//') $(fds web1)"
assert_ok xm usb-del web1 "disk:$T/a.img"
assert_eq "mouse@1 keyboard@3 0" "$(usb web1) $(fds web1)" 'the image is let go of'
assert_ok xm usb-add web1 "disk:$b"
assert_ok xm usb-del web1 "disk:$b"
assert_eq "mouse@1 keyboard@3 0" "$(usb web1) $(fds web1)" 'a long name'
assert_ok xm usb-add web1 "disk:$T/b.img"

# Refused, with a reason; nothing changes.
refused() {
    text=$1
    shift
    before="$(usb web1) $(fds web1)"
    assert_fails 1 xm usb-add web1 "$@"
    assert_match "^Error: web1: attach: .*$text" "$err" "$*"
    assert_eq "$before" "$(usb web1) $(fds web1)" "after $*"
}
refused 'No such file or directory' "disk:$T/nothing.img"
refused 'is already connected' mouse
refused 'this host has no USB device 1.9$' host:1.9
refused 'this host has no USB device 1234:abcd$' host:1234:abcd
refused 'this host has several USB devices 0951:1666$' host:0951:1666
assert_match '^name one by its place: host:1.3 or host:1.4$' "$err"
refused 'dev/bus/usb/001/002: No such file or directory$' host:046d:c52b
: >"$XEND_SYSFS/dev/bus/usb/001/002"
refused '(could not be|not a valid|failed to open|usb-host)' host:1.2 # QEMU's own words
assert_fails 1 xm usb-attach web1 0 1 1-1
assert_match 'the USB port 1 is taken$' "$err"
assert_fails 1 xm usb-attach web1 0 16 1-1
assert_match 'there is no USB port 16: they are 1 to 15$' "$err"
assert_fails 1 xm create -q "$(guest_config thief "disk = ['file:$T/b.img,xvda,w']")"
assert_match 'domain web1 has it' "$err"
assert_ok xm destroy web1
[ ! -e "$T/b.sock" ] || fail 'the socket of a guest that is no more'

assert_fails 1 xm create -q "$(guest_config web2 "serial = 'stdio'")"
assert_match "^Error: web2: serial: 'stdio': not one of pty, file:PATH, tcp:HOST:PORT, null$" "$err"
assert_fails 1 xm create -q "$(guest_config web2 "serial = ['pty', 'file:$T']")"
assert_match "^Error: web2: serial: $T: Is a directory$" "$err"
assert_ok xm create -qp "$(guest_config web2)"
assert_fails 1 xm console -n 1 web2
assert_match '^Error: there is no console 1$' "$err"
assert_ok xm destroy web2

# From the start; with a screen there is a tablet, which stays.
assert_ok xm create -qp "$(guest_config web2 "usbdevice = ['tablet', 'disk:$T/a.img', 'kbd']" "vfb = ['vnc=1']")"
assert_eq "tablet@1 disk:$T/a.img@2 keyboard@3" "$(usb web2)"
assert_fails 1 xm usb-del web2 tablet
assert_match "the tablet is part of the guest's screen" "$err"
assert_ok xm usb-del web2 keyboard
assert_ok xm destroy web2
assert_fails 1 xm create -q "$(guest_config web3 "usbdevice = 'braille'")"
assert_match "^Error: web3: USB device braille: 'braille' is no USB device that this driver has" "$err"
assert_fails 1 xm create -q "$(guest_config web3 "usbdevice = 'host:1.9'")"
assert_match '^Error: web3: USB device host:1.9: this host has no USB device 1.9' "$err"

# The machine q35, whose root bus is fixed: what comes has root ports, also in a restored guest.
boot web4 "machine = 'q35'"
viewer web4
sees() {
    guest web4 "until [ -e /dev/$1 ] || [ -e /sys/class/net/$1 ]; do sleep 0.1; done" "sees-$2"
}
misses() {
    guest web4 "while [ -e /dev/$1 ] || [ -e /sys/class/net/$1 ]; do sleep 0.1; done" "misses-$2"
}
assert_ok xm block-attach web4 "file:$T/a.img" xvdb w
assert_ok xm network-attach web4 type=user mac=00:16:3e:00:00:04
assert_ok xm usb-add web4 tablet
sees vda disk
sees eth0 net
assert_ok xm block-detach web4 xvdb
misses vda disk
assert_ok xm block-attach web4 "file:$T/b.img" xvdc w
sees vda again
assert_ok xm save web4 "$T/saved"
assert_ok xm restore "$T/saved"
viewer web4
guest web4 'echo q35-wrote >/dev/vda; sync' written
assert_eq q35-wrote "$(head -c 9 "$T/b.img")"
assert_ok xm network-detach web4 00:16:3e:00:00:04
misses eth0 net
for n in 1 2 3 4 5 6; do assert_ok xm network-attach web4 type=user mac=00:16:3e:00:01:0$n; done
assert_fails 1 xm network-attach web4 type=user mac=00:16:3e:00:01:09
assert_match 'could not be connected: all 8 places of the guest for more devices are taken$' "$err"
assert_ok xm destroy web4
nothing_left
