#
# Configuration file for the Xen instance web01, created
# by xen-tools 3.9 on Mon Aug 24 11:25:19 2009.
#

#
#  Kernel + memory size
#
kernel      = '/boot/vmlinuz-2.6.26-2-xen-amd64'
ramdisk     = '/boot/initrd.img-2.6.26-2-xen-amd64'
memory      = '256'

#
#  Disk device(s).
#
root        = '/dev/sda2 ro'
disk        = [
                  'phy:/dev/vg0/web01-swap,sda1,w',
                  'phy:/dev/vg0/web01-disk,sda2,w',
              ]

#
#  Hostname
#
name        = 'web01'

#
#  Networking
#
vif         = [ 'ip=192.168.1.51,mac=00:16:3E:5A:C1:2D' ]

#
#  Behaviour
#
on_poweroff = 'destroy'
on_reboot   = 'restart'
on_crash    = 'restart'

extra = 'xencons=tty1 clocksource=jiffies'
