#!/bin/sh
# What each command on devices says and how it exits when it cannot do its work: no such domain, no such
# device, a bad word, a domain in the wrong state, a driver that refuses. Nothing changes by any of them.
. tests/functions.sh
requires jq
export XEND_SYSFS="$T/sys"
mkdir -p "$XEND_SYSFS/bus/usb/devices/1-1"
echo 1 | tee "$XEND_SYSFS/bus/usb/devices/1-1/busnum" >"$XEND_SYSFS/bus/usb/devices/1-1/devnum"
start_xend test
create web1 'vif = ["mac=00:16:3e:00:00:01"]' 'disk = ["phy:/dev/x,xvda,w", ",hdc:cdrom,r"]' "usbdevice = 'tablet'"
create over 'vif = ["mac=00:16:3e:00:00:02"]' 'disk = ["phy:/dev/y,xvda,w", ",hdc:cdrom,r"]' \
    "usbdevice = 'tablet'" 'on_poweroff = "preserve"'
create no 'extra = "test:fail=attach test:fail=detach test:fail=set-media test:fail=console"' \
    'vif = ["mac=00:16:3e:00:00:03"]' 'disk = ["phy:/dev/z,xvda,w", ",hdc:cdrom,r"]' "usbdevice = 'tablet'"
assert_ok xm new "$(make_config saved 'vif = ["mac=00:16:3e:00:00:04"]')"
assert_ok xm start saved
assert_ok xm suspend saved
assert_ok xm new "$(make_config halted)"
assert_ok xm shutdown -w over
state() {
    for d in web1 over no saved halted; do
        xm list -l $d
        for kind in block network usb pci; do xm $kind-list $d --json; done
    done | grep -v 'cpu_time\|online_vcpus'
}
before=$(state)
while IFS='|' read -r want text words; do
    case $want in '' | \#*) continue ;; esac
    # shellcheck disable=SC2086  # words
    run xm $words
    assert_eq "$want" "$status" "$words: exit status, with '$err'"
    assert_match "^Error: $text\$" "$(printf '%s\n' "$err" | head -n 1)" "$words"
done <<'END'
# no such domain: 3, whatever else is right
3|Domain 'nobody' does not exist\.|network-list nobody
3|Domain 'nobody' does not exist\.|network-attach nobody
3|Domain 'nobody' does not exist\.|network-detach nobody 0
3|Domain 'nobody' does not exist\.|block-list nobody
3|Domain 'nobody' does not exist\.|block-attach nobody file:/c xvdc w
3|Domain 'nobody' does not exist\.|block-detach nobody xvda
3|Domain 'nobody' does not exist\.|block-configure nobody file:/c hdc r
3|Domain 'nobody' does not exist\.|pci-list nobody
3|Domain 'nobody' does not exist\.|pci-attach nobody 03:00.0
3|Domain 'nobody' does not exist\.|pci-detach nobody 03:00.0
3|Domain 'nobody' does not exist\.|usb-list nobody
3|Domain 'nobody' does not exist\.|usb-add nobody tablet
3|Domain 'nobody' does not exist\.|usb-del nobody tablet
3|Domain 'nobody' does not exist\.|usb-attach nobody 0 1 1-1
3|Domain 'nobody' does not exist\.|usb-detach nobody 0 1
3|Domain 'nobody' does not exist\.|vncdisplay nobody
3|Domain 'nobody' does not exist\.|vncviewer nobody
3|Domain 'nobody' does not exist\.|console nobody
3|Domain 'nobody' does not exist\.|ip nobody
# no such device, or one that is there
1|web1: detach: Device 7 \(vif\) is not connected|network-detach web1 7
1|web1: detach: Device 00:16:3e:ff:ff:ff \(vif\) is not connected|network-detach web1 00:16:3e:ff:ff:ff
1|web1: detach: Device xvdq \(vbd\) is not connected|block-detach web1 xvdq
1|web1: detach: Device 51999 \(vbd\) is not connected|block-detach web1 51999 -f
1|web1: media: Device xvdz \(vbd\) is not connected|block-configure web1 file:/c xvdz r
1|web1: detach: Device 0000:03:00.0 \(pci\) is not connected|pci-detach web1 03:00.0
1|web1: detach: Device mouse \(usbdev\) is not connected|usb-del web1 mouse
1|nothing is plugged into USB port 9|usb-detach web1 0 9
1|this host has no USB device at 7-7|usb-attach web1 0 1 7-7
1|web1: attach: Device 00:16:3e:00:00:01 \(vif\) is already connected\.|network-attach web1 mac=00:16:3e:00:00:01
1|web1: attach: Device xvda \(vbd\) is already connected\.|block-attach web1 phy:/dev/w xvda w
1|web1: attach: Device tablet \(usbdev\) is already connected\.|usb-add web1 tablet
1|there is no console 2|console -n 2 web1
# a bad word
1|mac: 'zz' is not a MAC address|network-attach web1 mac=zz
1|Invalid argument: foo=1|network-attach web1 foo=1
1|'xm network-detach' requires 2 arguments\.|network-detach web1
1|vdev: Unable to find number for device \(c\)|block-attach web1 file:/c c w
1|Invalid mode|block-attach web1 file:/c xvdc q
1|Invalid mode|block-configure web1 file:/c hdc q
1|web1: media: xvda: only the medium of a CD-ROM drive can be changed|block-configure web1 file:/c xvda r
1|'xm block-detach' requires 2 arguments\.|block-detach web1
1|Failed to parse pci device: 3|pci-attach web1 3
1|Failed to parse pci device: x|pci-detach web1 x
1|'tabelt' is not a USB device|usb-add web1 tabelt
1|device: 'host:9' names no USB device of a host|usb-del web1 host:9
1|Invalid argument\.|usb-attach web1 0 x 1-1
1|Invalid argument\.|usb-detach web1 0 0
1|there is no console 4|console -n 4 web1
1|Invalid argument\.|console -n x web1
1|Invalid argument\.|console --type=vga web1
1|option --what not recognized|network-list --what web1
# stopped for good, saved, not running
1|Domain 'over' is shutdown|network-attach over
1|Domain 'over' is shutdown|network-detach over 0
1|Domain 'over' is shutdown|block-attach over file:/c xvdc w
1|Domain 'over' is shutdown|block-detach over xvda
1|Domain 'over' is shutdown|block-configure over file:/c hdc r
1|Domain 'over' is shutdown|pci-attach over 03:00.0
1|Domain 'over' is shutdown|usb-add over mouse
1|Domain 'over' is shutdown|usb-del over tablet
1|saved: Domain is suspended|network-attach saved
1|saved: Domain is suspended|network-detach saved 0
1|saved: Domain is suspended|block-attach saved file:/c xvdc w
1|saved: Domain is suspended|usb-add saved mouse
1|Domain 'halted' is not started|vncdisplay halted
1|Domain 'halted' is not running|console halted
1|halted: detach: Device 0 \(vif\) is not connected|network-detach halted 0
# the host itself, and a driver that refuses
1|Cannot attach a device to privileged domain Domain-0|network-attach 0
1|Cannot attach a device to privileged domain Domain-0|usb-add 0 mouse
1|Cannot detach a device from privileged domain Domain-0|block-detach 0 xvda
1|no: attach: Device .* \(vif\) could not be connected: test driver: attach fails on demand|network-attach no
1|no: attach: Device xvdc \(vbd\) could not be connected: test driver: attach fails on demand|block-attach no file:/c xvdc w
1|no: attach: Device mouse \(usbdev\) could not be connected: test driver: attach fails on demand|usb-add no mouse
1|no: attach: Device 0000:03:00.0 \(pci\) could not be connected: test driver: attach fails on demand|pci-attach no 03:00.0
1|no: detach: Device 00:16:3e:00:00:03 \(vif\) could not be disconnected: test driver: detach fails on demand|network-detach no 0
1|no: detach: Device xvda \(vbd\) could not be disconnected: test driver: detach fails on demand|block-detach no xvda
1|no: detach: Device tablet \(usbdev\) could not be disconnected: test driver: detach fails on demand|usb-del no tablet
1|no: media: drive hdc: test driver: set-media fails on demand|block-configure no file:/c hdc r
1|Domain 'web1' has no VNC screen|vncdisplay web1
1|web1 has no address from a virtual network|ip web1
END
assert_eq "$before" "$(state)" 'nothing has changed'
assert_eq '' "$(ls "$ROOT/var/run/xend/intents")"

# Without xend each of them says so.
stop_xend
for words in 'network-attach web1' 'block-detach web1 xvda' 'usb-add web1 mouse' 'usb-list web1' 'console web1' \
    'pci-list web1' 'vncdisplay web1' 'usb-list-assignable-devices' 'pci-list-assignable-devices' 'ip web1'; do
    # shellcheck disable=SC2086  # words
    assert_fails 1 xm $words
    assert_match '^Error: Unable to connect to xend: .*Is xend running\?$' "$err" "$words"
done
