#!/bin/sh
# pci-list-assignable-devices, pci-assignable-add and -remove: drivers taken away and given back, on a
# sysfs of the test's own whose kernel is a few lines of shell behind named pipes.
. tests/functions.sh
requires jq
S=$T/sys
pci=$S/bus/pci

# device BDF CLASS GROUP [DRIVER]
device() {
    d=$pci/devices/$1
    mkdir -p "$d" "$S/kernel/iommu_groups/$3/devices"
    echo "0x$2" >"$d/class"
    echo 0x8086 >"$d/vendor"
    echo 0x1533 >"$d/device"
    : >"$d/driver_override"
    ln -s "$S/kernel/iommu_groups/$3" "$d/iommu_group"
    ln -s "$d" "$S/kernel/iommu_groups/$3/devices/$1"
    [ -z "${4:-}" ] || bind "$1" "$4"
}
bind() {
    ln -sfn "$pci/drivers/$2" "$pci/devices/$1/driver"
}
# kernel FILE CMD: whenever an address is written to it, CMD is done with that
kernel() {
    mkfifo "$pci/$1"
    while [ -e "$S" ]; do
        read -r bdf <"$pci/$1" || [ -n "$bdf" ] && eval "$2"
    done
}
probe() {
    override=$(cat "$pci/devices/$1/driver_override")
    bind "$1" "${override:-igb}"
}
mkdir -p "$pci/drivers/igb" "$pci/drivers/vfio-pci" "$pci/drivers/snd" "$S/block"
device 0000:00:00.0 060000 0
device 0000:03:00.0 020000 7 igb
device 0000:03:00.1 040300 7 snd
device 0000:04:00.0 020000 8 igb
device 0000:05:00.0 020000 9
background kernel drivers/igb/unbind 'rm "$pci/devices/$bdf/driver"'
background kernel drivers/vfio-pci/unbind 'rm "$pci/devices/$bdf/driver"'
background kernel drivers/igb/bind 'bind "$bdf" igb'
background kernel drivers_probe 'probe "$bdf"'
until [ -p "$pci/drivers_probe" ] && [ -p "$pci/drivers/igb/bind" ] && [ -p "$pci/drivers/igb/unbind" ] &&
    [ -p "$pci/drivers/vfio-pci/unbind" ]; do :; done
export XEND_SYSFS="$S"
start_xend test
driver_of() {
    basename "$(readlink "$pci/devices/$1/driver")"
}

assert_ok xm pci-list-assignable-devices
assert_eq '' "$out"
assert_ok xm pci-list-assignable-devices --all
assert_eq 'Device       Class ID        Driver          Group Domain
0000:00:00.0 0600  8086:1533 -                   0 -
0000:03:00.0 0200  8086:1533 igb                 7 -
0000:03:00.1 0403  8086:1533 snd                 7 -
0000:04:00.0 0200  8086:1533 igb                 8 -
0000:05:00.0 0200  8086:1533 -                   9 -' "$out"

# taken and given back
assert_ok xm pci-assignable-add 04:00.0
assert_eq '' "$out$err"
assert_eq vfio-pci "$(driver_of 0000:04:00.0)"
assert_ok xm pci-assignable-add 04:00.0 # it is
assert_ok xm pci-list-assignable-devices
assert_eq 0000:04:00.0 "$out"
assert_ok xm pci-list-assignable-devices --json
assert_eq '0000:04:00.0 igb 8' "$(echo "$out" | jq -r '.[] | "\(.bdf) \(.was) \(.group)"')"
stop_xend
start_xend test
assert_ok xm pci-assignable-remove -r 0000:04:00.0
assert_eq igb "$(driver_of 0000:04:00.0)"
assert_eq '' "$(cat "$pci/devices/0000:04:00.0/driver_override")"
assert_eq '' "$(ls "$ROOT/var/run/xend/pci")"
assert_ok xm pci-assignable-add 05:00.0 # one that had none
assert_ok xm pci-assignable-remove 05:00.0
[ ! -e "$pci/devices/0000:05:00.0/driver" ] || fail "a driver from nowhere"

# not apart from others
assert_ok xm pci-assignable-add 03:00.0
assert_match 'IOMMU group are assigned, too: 0000:03:00.1 \(snd\)$' "$err"

# a domain has it
managed=$(make_config web1 "pci = ['03:00.0']")
assert_ok xm create "$managed"
assert_fails 1 xm pci-assignable-remove 03:00.0
assert_eq 'Error: 0000:03:00.0 is in use by web1' "$err"
assert_eq '' "$(xm pci-list-assignable-devices)"
assert_match '^0000:03:00.0 .* vfio-pci +7 web1$' "$(xm pci-list-assignable-devices --all)"
assert_ok xm destroy web1
assert_ok xm pci-assignable-remove 03:00.0

# refused, and nothing is changed
refused() {
    text=$1
    shift
    run "$@"
    [ "$status" != 0 ] || fail "$*: taken"
    assert_match "$text" "$err"
}
refused 'This host has no PCI device 0000:09:00.0' xm pci-assignable-add 09:00.0
refused 'Failed to parse pci device: 0000:04:00.\*' xm pci-assignable-add '04:00.*'
refused 'Failed to parse pci device: x' xm pci-assignable-add x
refused '0000:00:00.0 is a bridge' xm pci-assignable-add 00:00.0
refused "0000:04:00.0 is not assigned to guests: the host's driver igb has it" xm pci-assignable-remove 04:00.0
assert_ok xm pci-assignable-remove 05:00.0
mkdir "$pci/devices/0000:04:00.0/net" # the host is reached by it
mkdir "$pci/devices/0000:04:00.0/net/lo"
refused "0000:04:00.0 is the host's interface lo, which is in use" xm pci-assignable-add 04:00.0
rm -r "$pci/devices/0000:04:00.0/net"
rm "$pci/devices/0000:04:00.0/iommu_group"
refused 'is in no IOMMU group' xm pci-assignable-add 04:00.0
ln -s "$S/kernel/iommu_groups/8" "$pci/devices/0000:04:00.0/iommu_group"
mv "$pci/drivers_probe" "$pci/away" # the last step fails
mkdir "$pci/drivers_probe"
refused '0000:04:00.0: .*/drivers_probe: ' xm pci-assignable-add 04:00.0
assert_eq igb "$(driver_of 0000:04:00.0)" 'its old driver'
rmdir "$pci/drivers_probe"
mv "$pci/away" "$pci/drivers_probe"

# xend dies on the way: the next one knows what it had
stop_xend
for point in pci.assigning pci.kept pci.unbound; do
    XEND_FAULT=$point start_xend test
    assert_fails 1 xm pci-assignable-add 04:00.0
    start_xend test
    assert_ok xm pci-assignable-add 04:00.0
    assert_eq vfio-pci "$(driver_of 0000:04:00.0)"
    assert_ok xm pci-assignable-remove 04:00.0
    assert_eq igb "$(driver_of 0000:04:00.0)"
    stop_xend
done

mv "$pci/drivers/vfio-pci" "$T/gone"
start_xend test
refused "the kernel's driver vfio-pci is not loaded" xm pci-assignable-add 04:00.0
assert_match '^modprobe vfio-pci$' "$err"
