#!/bin/sh
# A directory that the original xend (Xen 4.4) left is read as it stands: its managed domains are
# there, with all that starts them; the files stay until a domain is changed. One that cannot be
# read is set aside and named, all others are there.
. tests/functions.sh
requires curl jq

domains=$ROOT/var/lib/xend/domains
pv=2f7a1f5c-1111-4a6e-8d0c-5f0c6a7b8c01
hvm=2f7a1f5c-2222-4a6e-8d0c-5f0c6a7b8c02
bad=2f7a1f5c-3333-4a6e-8d0c-5f0c6a7b8c03
mkdir -p "$domains/$pv" "$domains/$hvm" "$domains/$bad" "$ROOT/var/lib/xend/state"
echo '<xml/>' >"$ROOT/var/lib/xend/state/host.xml" # the Xen-API's: none of our business
cat >"$domains/$pv/config.sxp" <<END
(domain
    (on_crash rename-restart)
    (uuid $pv)
    (bootloader_args '')
    (vcpus 2)
    (name old.pv)
    (on_poweroff destroy)
    (on_reboot restart)
    (cpus ((0 1) (0 1)))
    (description '')
    (bootloader '')
    (maxmem 512)
    (memory 256)
    (shadow_memory 0)
    (vcpu_avail 3)
    (features '')
    (on_xend_start ignore)
    (on_xend_stop shutdown)
    (start_time 1381234567.89)
    (cpu_time 12.345678901)
    (online_vcpus 2)
    (image
        (linux
            (kernel /boot/vmlinuz-2.6.32-5-xen-amd64)
            (ramdisk /boot/initrd.img-2.6.32-5-xen-amd64)
            (args 'root=/dev/xvda2 ro console=hvc0')
            (superpages 0)
            (videoram 4)
            (pci ())
            (nomigrate 0)
            (tsc_mode 0)
            (notes
                (HV_START_LOW 18446603336221196288)
                (FEATURES 'writable_page_tables|pae_pgdir_above_4gb')
                (SUSPEND_CANCEL 1)
                (XEN_VERSION xen-3.0)
            )
        )
    )
    (status 2)
    (state -b----)
    (store_mfn 1234567)
    (console_mfn 1234566)
    (device
        (vif
            (bridge xenbr0)
            (mac 00:16:3e:12:34:56)
            (script /etc/xen/scripts/vif-bridge)
            (uuid 3dd38a0f-e41b-1a8b-0d0d-8a6c12345678)
            (backend 0)
        )
    )
    (device
        (console
            (protocol vt100)
            (location 3)
            (uuid 5ea1b5e0-0b8a-42a4-0d0d-8a6c12345679)
        )
    )
    (device
        (vbd
            (protocol x86_64-abi)
            (uuid b1c4d6f8-3a7c-4b7f-0d0d-8a6c1234567a)
            (bootable 1)
            (dev xvda2:disk)
            (uname phy:/dev/vg0/old-disk)
            (mode w)
            (backend 0)
            (VDI '')
        )
    )
)
END
cat >"$domains/$hvm/config.sxp" <<END
(domain (on_crash restart) (uuid $hvm) (bootloader_args ) (vcpus 1) (name oldhvm) (on_poweroff destroy)
  (on_reboot restart) (cpus (())) (description ) (bootloader ) (maxmem 1024) (memory 1024) (shadow_memory 9)
  (features ) (on_xend_start ignore) (on_xend_stop ignore) (start_time 1381234567.89) (cpu_time 0.0)
  (online_vcpus 1)
  (image (hvm (kernel ) (superpages 0) (videoram 4) (hpet 0) (stdvga 0) (loader /usr/lib/xen/boot/hvmloader)
    (xen_platform_pci 1) (rtc_timeoffset 0) (pci ()) (hap 1) (localtime 0) (timer_mode 1) (pci_msitranslate 1)
    (oos 1) (apic 1) (usbdevice tablet) (vpt_align 1) (vncunused 1) (boot c) (pae 1) (viridian 0) (acpi 1)
    (vnc 1) (nographic 0) (nomigrate 0) (usb 1) (tsc_mode 0) (guest_os_type default)
    (device_model /usr/lib/xen/bin/qemu-dm) (pci_power_mgmt 0) (xauthority /root/.Xauthority) (isa 0)
    (notes (SUSPEND_CANCEL 1))))
  (status 0)
  (device (vif (bridge xenbr0) (mac 00:16:3e:65:43:21) (script /etc/xen/scripts/vif-bridge)
    (uuid c8f1e2d3-aaaa-4b5c-0d0d-8a6c12345670) (type ioemu) (backend 0)))
  (device (vkbd (backend 0)))
  (device (vfb (vncunused 1) (vnc 1) (uuid c8f1e2d3-bbbb-4b5c-0d0d-8a6c12345671) (location 127.0.0.1:5900)))
  (device (vbd (uuid c8f1e2d3-cccc-4b5c-0d0d-8a6c12345672) (bootable 1) (driver paravirtualised) (dev hda:disk)
    (uname file:/srv/oldhvm.img) (mode w) (backend 0) (VDI ))))
END
echo '(domain (uuid' >"$domains/$bad/config.sxp"
cat "$domains/$pv/config.sxp" "$domains/$hvm/config.sxp" >"$T/before"

start_xend test
config() {
    api GET "/v1/domains/$1?detail=config" | jq -c "$2"
}
log=$(cat "$ROOT/var/log/xen/xend.log")
assert_eq 'Domain-0 old.pv oldhvm' "$(api GET /v1/domains | jq -r '[.domains[].name]|join(" ")')" "$log"
assert_match "ERROR .*$bad/config.sxp: set aside as .*config.sxp.bad" "$log"
assert_eq "[\"halted\",true,\"$pv\",256,512,2]" "$(config old.pv '[.state,.managed,.uuid,.config.memory,.config.maxmem,.config.vcpus]')"
assert_eq '["/boot/vmlinuz-2.6.32-5-xen-amd64","rename-restart","shutdown"]' \
    "$(config old.pv '[.config.kernel,.config.on_crash,.config.on_xend_stop]')"
assert_match 'root=/dev/xvda2 ro console=hvc0|ro console=hvc0' "$(config old.pv '[.config.root,.config.extra]|join(" ")')"
assert_eq '["/dev/vg0/old-disk","xvda2","00:16:3e:12:34:56","xenbr0"]' \
    "$(config old.pv '[.config.disk[0].target,.config.disk[0].vdev,.config.vif[0].mac,.config.vif[0].bridge]')"
assert_eq '["hvm",1024,"/srv/oldhvm.img","hda"]' \
    "$(config oldhvm '[.config.type,.config.memory,.config.disk[0].target,.config.disk[0].vdev]')"
cat "$domains/$pv/config.sxp" "$domains/$hvm/config.sxp" | cmp - "$T/before" || fail 'the files were changed'

# they run, and are kept in our form once they are changed
assert_ok xm start old.pv
assert_ok xm mem-set old.pv 300
assert_ok xm destroy old.pv
assert_match '\(version 1\)' "$(tr -d '\n' <"$domains/$pv/config.sxp")"
stop_xend
start_xend test
assert_eq '["halted",300]' "$(config old.pv '[.state,.config.memory]')"

# each kind of device in the original's own words, with what its controllers had noted; and suspended:
# the memory beside it is in the stream of that Xen, which this one does not read and does not lose
all=2f7a1f5c-4444-4a6e-8d0c-5f0c6a7b8c04
mkdir "$domains/$all"
cat >"$domains/$all/config.sxp" <<END
(domain (on_crash coredump-destroy) (uuid $all) (bootloader_args -q) (vcpus 4) (name everything) (on_poweroff preserve)
  (on_reboot rename-restart) (cpus ((1) (2) () ())) (description 'all of it') (bootloader /usr/bin/pygrub)
  (maxmem 2048) (memory 1024) (shadow_memory 12) (vcpu_avail 15) (features '') (on_xend_start start)
  (on_xend_stop suspend) (start_time 1381234567.89) (cpu_time 99.5) (online_vcpus 4) (cpu_weight 512) (cpu_cap 50)
  (cpuid ((1 ((ecx xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx1))))) (security ()) (pool_name Pool-0)
  (image (hvm (kernel /usr/lib/xen/boot/hvmloader) (loader /usr/lib/xen/boot/hvmloader) (boot dc) (acpi 0) (apic 1)
    (pae 1) (hap 0) (videoram 8) (stdvga 1) (vnc 1) (vnclisten 0.0.0.0) (vncdisplay 7) (vncunused 0)
    (vncpasswd longer-than-eight) (serial pty) (usb 1) (usbdevice tablet) (soundhw es1370) (keymap de) (localtime 1)
    (rtc_timeoffset 3600) (timer_mode 2) (tsc_mode 1) (viridian 1) (xen_platform_pci 0) (guest_os_type windows)
    (fda /srv/floppy.img) (pci ()) (notes (HV_START_LOW 4118806528) (FEATURES 'writable_page_tables|auto_translated_physmap'))))
  (status 0) (state ------)
  (device (vbd (uuid 1) (bootable 1) (driver paravirtualised) (dev hda:disk) (uname phy:/dev/vg0/all) (mode w!) (backend 0) (VDI '')))
  (device (vbd (uuid 2) (bootable 0) (dev hdc:cdrom) (uname file:/srv/all.iso) (mode r) (backend 0)))
  (device (tap (uuid 3) (dev xvdb:disk) (uname tap:qcow:/srv/all.qcow) (mode w) (backend 0) (bootable 0)))
  (device (tap2 (uuid 4) (dev xvdc:disk) (uname tap2:aio:/srv/all.img) (mode r) (backend 0) (bootable 0)))
  (device (vif (uuid 5) (mac 00:16:3e:0a:0b:0c) (bridge xenbr1) (script /etc/xen/scripts/vif-bridge) (ip 10.0.0.4)
    (rate 10Mb/s) (model e1000) (type ioemu) (vifname all0) (backend 0)))
  (device (vkbd (backend 0) (uuid 6)))
  (device (vfb (uuid 7) (type vnc) (vncunused 0) (vncdisplay 7) (vnclisten 0.0.0.0) (location 0.0.0.0:5907)))
  (device (pci (uuid 8) (backend 0)
    (dev (slot 0x1a) (domain 0x0000) (key 0000:00:1a.0) (bus 0x00) (vdevfn 0x100) (func 0x0) (uuid 9))
    (dev (slot 0x00) (domain 0x0000) (key 0000:03:00.1) (bus 0x03) (vdevfn 0xe0) (func 0x1) (uuid 10))))
  (device (vscsi (feature-host 0) (uuid 11)
    (dev (state 1) (devid 0) (p-dev 1:0:0:0) (p-devname /dev/sdb) (v-dev 0:0:0:0) (frontstate 4))
    (dev (state 1) (devid 1) (p-dev 1:0:1:0) (p-devname /dev/sdc) (v-dev 0:0:1:0) (frontstate 4))))
  (device (vusb (usb-ver 2) (num-ports 2) (uuid 12) (port (1 1-8.1) (2 ))))
  (device (vtpm (instance 2) (backend 0) (uuid 5ea1b5e0-0b8a-42a4-0d0d-8a6c12345699)))
  (device (ioports (from 0x2f8) (to 0x2ff) (uuid 13)))
  (device (irq (irq 7) (uuid 14)))
  (device (console (protocol vt100) (location 2) (uuid 15))))
END
form="(domain (name everything) (uuid $all) (memory 1024))"
{
    printf 'LinuxGuestRecord\000\000\000%b' "\\0$(printf %o ${#form})"
    printf '%s' "$form"
    head -c 5000 /dev/zero
} >"$domains/$all/checkpoint.chk"
cksum "$domains/$all"/* >"$T/before"
stop_xend
start_xend test
assert_eq '["suspended",true,1024,2048,4,"hvm","all of it"]' \
    "$(config everything '[.state,.managed,.config.memory,.config.maxmem,.config.vcpus,.config.type,.config.description]')" \
    "$(tail -n 3 "$ROOT/var/log/xen/xend.log")"
assert_eq '["preserve","rename-restart","coredump-destroy","start","suspend",512,50]' "$(config everything \
    '.config|[.on_poweroff,.on_reboot,.on_crash,.on_xend_start,.on_xend_stop,.cpu_weight,.cpu_cap]')"
assert_eq '["dc",false,false,8,true,7,"de",true,3600,1,["tablet"],["pty"],"es1370","/srv/floppy.img",2]' "$(config everything \
    '.config|[.boot,.acpi,.hap,.videoram,.vnc,.vncdisplay,.keymap,.localtime,.rtc_timeoffset,.tsc_mode,.usbdevice,.serial,.soundhw,.fda,.timer_mode]')"
assert_eq '["hda /dev/vg0/all w!","hdc /srv/all.iso r","xvdb /srv/all.qcow w","xvdc /srv/all.img r"]' \
    "$(config everything '[.config.disk[]|"\(.vdev) \(.target) \(.mode)"]')"
assert_eq '[["00:16:3e:0a:0b:0c","xenbr1","10.0.0.4","e1000","all0"],1,["0000:00:1a.0","0000:03:00.1"],2,1,1,["2f8-2ff"],["7"]]' \
    "$(config everything '.config|[(.vif[0]|[.mac,.bridge,.ip,.model,.vifname]),(.vfb|length),[.pci[].bdf],(.vscsi|length),(.vusb|length),
        (.vtpm|length),.ioports,.irqs]')"
assert_fails 1 xm resume everything
assert_match 'checkpoint.chk: it was not saved by this xend' "$err"
assert_match '^Files of Xen 4.4 and before have another stream behind the same head.' "$err"
assert_fails 1 xm start everything
assert_match 'Domain is suspended' "$err"
assert_eq suspended "$(domain_state everything)"
cksum "$domains/$all"/* | cmp - "$T/before" || fail 'the files were changed'
assert_ok xm delete everything
[ ! -e "$domains/$all" ] || fail "not deleted"
