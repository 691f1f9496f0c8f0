# created by virt-install, 2008
name = "centos5"
uuid = "c9a80ebd-1bd8-4f8b-9c7e-6a80b3b0ab5e"
maxmem = 512
memory = 512
vcpus = 1
bootloader = "/usr/bin/pygrub"
on_poweroff = "destroy"
on_reboot = "restart"
on_crash = "restart"
vfb = [ "type=vnc,vncunused=1,keymap=en-us" ]
disk = [ "tap:aio:/var/lib/xen/images/centos5.img,xvda,w", "phy:/dev/vg0/data,xvdb,w!" ]
vif = [ "mac=00:16:3e:2d:6a:2c,bridge=xenbr0,script=vif-bridge" ]
