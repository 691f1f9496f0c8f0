type = "hvm"; name='win10'
memory=4096;vcpus=4;
disk = [
    'format=qcow2, vdev=hda, access=rw, target=/srv/xen/win10.qcow2',
    "format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/srv/iso/win10.iso",
]
vif = [ 'type=ioemu,bridge=br0,mac=00:16:3e:12:34:56,model=e1000' ];
on_poweroff="destroy";on_reboot="restart"; on_crash = "preserve" ;
device_model_args = [ "-device", "usb-tablet" ]
viridian = [ "base", "freq" ]
pci = [ '07:00.0', "07:00.1,permissive=1" ]
nestedhvm = 0x1
