# Example PV Linux guest configuration
name = "example.pvlinux"
#uuid = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX"
kernel = "/boot/vmlinuz"
extra = "root=/dev/xvda1"
memory = 128; maxmem = 512;
vcpus = 2
vif = [ '' ]
disk = [ '/dev/vg/guest-volume,raw,xvda,rw' ]
