#!/bin/sh
# A PVH guest on real Xen: two processors and their ACPI tables, its devices, more memory and processors
# later, saved and restored, stopped by itself. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl losetup

truncate -s 16M "$T/disk.img"
cat >"$T/p1.cfg" <<END
name = 'p1'
type = 'pvh'
kernel = '$GUEST/vmlinux'
ramdisk = '$GUEST/initrd.img'
extra = 'console=hvc0 quiet ip=10.77.0.12/24 disk=xvda'
memory = 128
vcpus = 2
maxvcpus = 3
tsc_mode = 2
vif = ['bridge=xenbr0']
disk = ['file:$T/disk.img,xvda,w']
END
use_hooks
start_xend xen
assert_ok xm create -q "$T/p1.cfg"
id=$(xm domid p1)
wait_console p1 'guest: disk xvda 32768 sectors ok'
assert_match 'guest: memory 12[78] MiB, 2 cpus' "$(cat "$CONSOLES/guest-p1.log")"
answers 10.77.0.12
assert_match "^p1 +$id +128 +2 " "$(xl list p1)"
assert_match "^p1 +$id +128 +2 " "$(xm list p1)"
assert_ok xm mem-set p1 96
assert_match "^p1 +$id +96 +2 " "$(xl list p1)"
assert_ok xm mem-set p1 128

# Saved, and running again, with its devices.
assert_ok xm save p1 "$T/p1.save"
assert_eq '' "$(losetup -a | grep "$T/disk.img" || true)" 'loop devices of a saved guest'
assert_ok xm restore "$T/p1.save"
answers 10.77.0.12
assert_ok xm migrate p1 localhost
answers 10.77.0.12
assert_ok xm shutdown -w p1
wait_gone() { ! xm domid p1 >/dev/null 2>&1; }
eventually wait_gone
assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')" 'domains at the end'
stop_xend
