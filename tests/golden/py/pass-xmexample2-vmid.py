# args: vmid=3
# -*- mode: python; -*-
import sys, os
def vmid_check(var, val):
    val = int(val)
    if val <= 0:
        raise ValueError
    return val

# Define the 'vmid' variable so that 'xm create' knows about it.
xm_vars.var('vmid',
            use="Virtual machine id. Integer greater than 0.",
            check=vmid_check)

# Check the defined variables have valid values..
xm_vars.check()

kernel = "/boot/vmlinuz-2.6.10-xenU"
memory = 64
name = "VM%d" % vmid
# Which CPU to start domain on
vcpus = 4 # make your domain a 4-way
cpus = "%s" % vmid # set based on vmid (mod number of CPUs)
vif = [ 'mac=00:16:3e:00:00:%02x, bridge=xenbr0' % vmid ]
# All domains get sda6 read-only (to use for /usr, see below).
# Each domain's own root is sda(7+vmid).
disk = [ 'phy:sda%d,sda1,w' % (7+vmid),
         'phy:sda6,sda6,r' ]
root = "/dev/sda1 ro"
extra = "4 VMID=%d usr=/dev/sda6" % vmid
