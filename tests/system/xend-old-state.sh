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
