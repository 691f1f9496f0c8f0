#!/bin/sh
# usb-add, usb-del, usb-list and usb-list-assignable-devices, on domains that run, that are halted and that
# are managed; usbdevice= in every notation. The host's devices are those of a sysfs of the test's own.
. tests/functions.sh
requires jq curl
export XEND_SYSFS="$T/sys"
# device PATH BUS ADDR VENDOR PRODUCT CLASS [NAME]
device() {
    d=$XEND_SYSFS/bus/usb/devices/$1
    mkdir -p "$d"
    echo "$2" >"$d/busnum"
    echo "$3" >"$d/devnum"
    echo "$4" >"$d/idVendor"
    echo "$5" >"$d/idProduct"
    echo "$6" >"$d/bDeviceClass"
    [ -z "${7:-}" ] || printf '%b\n' "$7" >"$d/product"
}
start_xend test
assert_ok xm usb-list-assignable-devices # a host without USB
assert_eq '' "$out$err"
device usb1 1 1 1d6b 0002 09 'xHCI Host Controller'
device 1-2 1 3 05e3 0610 09 'USB2.0 Hub'
device 1-2.3 1 7 046d c52b 00 'USB\tReceiver'
device 1-10 1 9 0951 1666 00
mkdir -p "$XEND_SYSFS/bus/usb/devices/1-10:1.0"
assert_ok xm usb-list-assignable-devices
assert_eq '1-2.3        : ID 046d:c52b USB?Receiver
1-10         : ID 0951:1666' "$out"
assert_ok xm usb-list-assignable-devices --json
assert_eq '1-2.3 1 7 046d null' "$(printf '%s' "$out" | jq -r '.[0] | "\(.path) \(.bus) \(.addr) \(.vendor) \(.domain)"')"

# On one that runs: added, listed, taken away; the next incarnation has it.
create web1 "usbdevice = 'tablet'"
assert_ok xm usb-list web1
assert_eq 'Idx BE  state usb-ver  BE-path                       
0   0   4     USB3.0   ??                            
port 1: tablet' "$out"
truncate -s 1M "$T/a.img"
assert_ok xm usb-add web1 host:1.7
assert_eq '' "$out$err"
(cd "$T" && "$BUILD_DIR/xm" usb-add web1 disk:a.img) || fail 'a relative file'
assert_ok xm usb-add web1 KBD --json
assert_eq 'usbdev keyboard' "$(printf '%s' "$out" | jq -r '"\(.class) \(.device.device)"')"
assert_eq "port 1: tablet
port 2: host:1.7
port 3: disk:$T/a.img
port 4: keyboard" "$(xm usb-list web1 | grep port | sed 's/ \[.*//')"
assert_ok xm usb-del web1 tablet
assert_ok xm usb-del web1 host:1.7
assert_ok xm usb-add web1 host:0951:1666
assert_eq "host:0951:1666 disk:$T/a.img keyboard" \
    "$(xm usb-list web1 --json | jq -r '[.[].key] | join(" ")')"
assert_ok xm reset web1
assert_eq "disk:$T/a.img keyboard host:0951:1666" \
    "$(api GET "/v1/domains/web1?detail=config" | jq -r '.config.usbdevice | join(" ")')" 'one list in every notation'
assert_match "\(usbdevice \(disk:$T/a.img keyboard host:0951:1666 ?\) ?\)" "$(xm list -l web1 | tr -s ' \n' ' ')"

# Refused, with one line; nothing changes.
refused() {
    text=$1
    shift
    before=$(xm list -l web1)
    assert_fails "$@"
    assert_match "^Error: $text" "$err" "$*"
    assert_eq "$before" "$(xm list -l web1)" "after $*"
}
refused 'web1: attach: Device keyboard \(usbdev\) is already connected\.$' 1 xm usb-add web1 keyboard
refused "web1: detach: Device mouse \(usbdev\) is not connected$" 1 xm usb-del web1 mouse
refused "'tabelt' is not a USB device$" 1 xm usb-add web1 tabelt
refused "device: 'host:1' names no USB device of a host$" 1 xm usb-add web1 host:1
refused "device: 'host:1.500' names no USB device of a host$" 1 xm usb-add web1 host:1.500
refused "device: 'host:12345:1' names no USB device of a host$" 1 xm usb-add web1 host:12345:1
refused "device: 'disk:' is not a USB device$" 1 xm usb-add web1 disk:
refused "'xm usb-add' requires 2 arguments\.$" 1 xm usb-add web1
refused "Domain 'nobody' does not exist\.$" 3 xm usb-add nobody tablet
refused "Domain 'nobody' does not exist\.$" 3 xm usb-del nobody tablet
refused "Domain 'nobody' does not exist\.$" 3 xm usb-list nobody
create thief
refused "thief: attach: disk disk:$T/a.img: $T/a.img is mounted in a guest domain, and so cannot be mounted now: domain web1 has it as disk:$T/a.img$" \
    1 xm usb-add thief "disk:$T/a.img"
refused 'thief: attach: .*domain web1 has it' 1 xm block-attach thief "file:$T/a.img" xvdb w
refused "web1: attach: The file \"$T/a.img\" is already used$" 1 xm block-attach web1 "file:$T/a.img" xvdb w
assert_ok xm usb-del web1 "disk:$T/a.img"
assert_ok xm usb-add thief "disk:$T/a.img"
assert_ok xm destroy thief

# The original's way, on the one controller.
assert_ok xm usb-attach web1 0 9 1-2.3
assert_eq 'host:1.7 9' "$(xm list --long --json web1 2>/dev/null | jq -r '..|.usbdev? | select(.)[0] | "\(.device) \(.port)"' | head -n 1)"
assert_ok xm usb-detach web1 0 1
refused "this host has no USB device at 9-9$" 1 xm usb-attach web1 0 9 9-9
refused 'nothing is plugged into USB port 14$' 1 xm usb-detach web1 0 14
refused 'Device 1 \(vusb\) is not connected$' 1 xm usb-detach web1 1 1
refused 'Invalid argument\.$' 1 xm usb-attach web1 0 x 1-2.3
refused 'paravirtual USB controllers are not supported$' 1 xm usb-hc-create web1 2 8
refused 'paravirtual USB controllers are not supported$' 1 xm usb-hc-destroy web1 0

# One that is managed and does not run; a file of every kind reads back.
assert_ok xm new "$(make_config web2 'usb = 1' "usbdevice = ['mouse', 'disk:a.img', 'host:46d:C52B']")"
assert_ok xm usb-list web2
assert_eq "Idx BE  state usb-ver  BE-path                       
0   -1  -1    USB3.0   ??                            
port 0: mouse
port 1: disk:$PWD/a.img
port 2: 1-2.3 [ID 046d:c52b USB?Receiver]" "$(xm usb-list web2 | sed 's/host:046d:c52b/1-2.3 [ID 046d:c52b USB?Receiver]/')"
assert_ok xm usb-del web2 mouse
assert_ok xm usb-add web2 tablet
assert_eq "disk:$PWD/a.img host:046d:c52b tablet" \
    "$(xm usb-list web2 --json | jq -r '[.[].key] | join(" ")')"
for kind in sxp json config xl; do
    xm convert "$(make_config web3 'usb = 1' "usbdevice = ['mouse', 'tablet']")" --to=$kind >"$T/web3" ||
        fail "convert to $kind"
    assert_match 'mouse' "$(tr -s ' \n' ' ' <"$T/web3" | grep 'usbdevice.*mouse.*tablet')" "$kind"
done
assert_fails 1 xm create -q "$(make_config web4 "usbdevice = ['mouse', 'mouse']")"
assert_match 'The device "mouse" is already defined' "$err"
assert_fails 1 xm create -q "$(make_config web4 "usbdevice = 'host:x'")"
assert_match "web4.cfg:4:13: .*'host:x' names no USB device of a host" "$err"
