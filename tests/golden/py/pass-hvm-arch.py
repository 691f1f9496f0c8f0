#  -*- mode: python; -*-
import os, re
arch = os.uname()[4]
if re.search('64', arch):
    arch_libdir = 'lib64'
else:
    arch_libdir = 'lib'

kernel = "/usr/lib/xen/boot/hvmloader"
builder='hvm'
memory = 128
shadow_memory = 8
name = "ExampleHVMDomain"
vif = [ 'type=ioemu, mac=00:16:3e:00:00:11, bridge=xenbr0', 'type=ioemu, bridge=xenbr1' ]
disk = [ 'phy:/dev/sda1,hda,w', 'file:/iso/boot.iso,hdc:cdrom,r', ',hdd:cdrom,r' ]
device_model = '/usr/' + arch_libdir + '/xen/bin/qemu-dm'
boot="d"
sdl=0
opengl=1
vnc=1
vncpasswd=''
stdvga=0
serial='pty'
usb=1
usbdevice='tablet'
cpuid=[ '1:ecx=xxxxxxxxxxxxxxxxxxxxxxxx00xxxxxx,\
           eax=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' ]
acpi = True
timer_mode=1
