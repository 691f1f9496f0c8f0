#!/bin/sh
# pci= and pci-attach on QEMU, as far as it goes without hardware: what is not set aside is refused, and
# what is reaches QEMU, who does not find it on this host. Nothing is left of either.
. tests/functions.sh
. tests/guest.sh
export XEND_SYSFS="$T/sys"
devices=$XEND_SYSFS/bus/pci/devices
mkdir -p "$XEND_SYSFS/dev/vfio" "$XEND_SYSFS/bus/pci/drivers/vfio-pci" "$XEND_SYSFS/bus/pci/drivers/snd"

# device BDF DRIVER
device() {
    mkdir -p "$devices/$1" "$XEND_SYSFS/groups/7/devices"
    ln -s "$XEND_SYSFS/groups/7" "$devices/$1/iommu_group"
    ln -s "$devices/$1" "$XEND_SYSFS/groups/7/devices/$1"
    ln -s "$XEND_SYSFS/bus/pci/drivers/$2" "$devices/$1/driver"
}
device 7777:03:00.0 vfio-pci
device 7777:03:00.1 snd
: >"$XEND_SYSFS/dev/vfio/7"
# pinned COLUMN: what its QEMU may pin, the soft limit (4) or the hard one (5)
pinned() {
    awk -v column="$1" '/Max locked memory/ { print $column }' "/proc/$(qemu_pid web1)/limits"
}

start_xend qemu
assert_ok xm create -qp "$(guest_config web1)"
refused() {
    assert_fails 1 xm pci-attach web1 "$2"
    assert_match "web1: attach: Device $2 \(pci\) could not be connected: $1" "$err"
    assert_eq '' "$(xm pci-list web1)"
}
refused 'This host has no PCI device' 7777:09:00.0
refused 'the host uses others of its IOMMU group: 7777:03:00.1 \(snd\)' 7777:03:00.0
refused '7777:03:00.1 is not set aside for guests' 7777:03:00.1
ln -sfn "$XEND_SYSFS/bus/pci/drivers/vfio-pci" "$devices/7777:03:00.1/driver"
refused '.*7777:03:00.0: no such host device' 7777:03:00.0 # QEMU's own words
[ "$(pinned 4)" = "$(pinned 5)" ] || [ "$(pinned 4)" -ge $((1152 << 20)) ] ||
    fail "it may pin $(pinned 4) bytes only"
assert_eq "$(id -u)" "$(stat -c %u "$XEND_SYSFS/dev/vfio/7")" 'it is not of QEMU any more'
refused '.*7777:03:00.1: no such host device' 7777:03:00.1
assert_fails 1 xm pci-detach web1 7777:03:00.0
assert_match 'Device 7777:03:00.0 \(pci\) is not connected' "$err"
assert_ok xm destroy web1

assert_fails 1 xm create -q "$(guest_config web2 "pci = ['7777:03:00.0']")"
assert_match '^Error: web2: pci 7777:03:00.0: .*7777:03:00.0: no such host device' "$err"
assert_ok xm new "$(guest_config web3 "pci = ['7777:03:00.0@0a']")"
assert_ok xm pci-list web3
assert_eq 'Vdev Device
0a.0 7777:03:00.0' "$out"
nothing_left
