# -*- mode: python; -*-
#============================================================================
# Python configuration setup for 'xm create'.
#============================================================================
kernel = "/boot/vmlinuz-2.6.10-xenU"

# Optional ramdisk.
#ramdisk = "/boot/initrd.gz"

builder='linux'

memory = 64
name = "ExampleDomain"
uuid = "06ed00fe-1162-4fc4-b5d8-11993ee4a8b9"

# List of which CPUS this domain is allowed to use
#cpus = ""         # leave to Xen to pick
cpus = "0-3,5,^1" # all vcpus run on cpus 0,2,3,5
#cpus = ["2", "3"] # VCPU0 runs on CPU2, VCPU1 runs on CPU3

vcpus = 1
vif = [ '' ]
disk = [ 'phy:hda1,hda1,w' ]
vfb = [ 'vnc=1,vnclisten=0.0.0.0' ]

root = "/dev/hda1 ro"
extra = "4"
on_poweroff = 'destroy'
on_reboot   = 'restart'
on_crash    = 'restart'
