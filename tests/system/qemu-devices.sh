#!/bin/sh
# Disks and interfaces that come and go in a real guest: it sees them, uses them and lets go; what
# it has survives xend, a save and a restore; what it does not let go of is said, or taken by force.
# So do disks that a script sets up, and nothing of them is left, whoever dies.
. tests/functions.sh
. tests/guest.sh
requires jq curl losetup

# sees NAME DEVICE / misses NAME DEVICE: a file of its /dev or interface comes, or goes
sees() {
    guest "$1" "until [ -e /dev/$2 ] || [ -e /sys/class/net/$2 ]; do sleep 0.1; done" "sees-$2-$((n = n + 1))"
}
misses() {
    guest "$1" "while [ -e /dev/$2 ] || [ -e /sys/class/net/$2 ]; do sleep 0.1; done" "misses-$2-$((n = n + 1))"
}
# devices DOMAIN CLASS: their names, as the guest has them
devices() {
    api GET "/v1/domains/$1/devices?class=$2" | jq -r '[.devices[] | select(.live).key] | join(" ")'
}
# fds NAME: how many images its QEMU has open
fds() {
    find "/proc/$(qemu_pid "$1")/fd" -lname "$T/*.img" -o -lname "$T/*.iso" | wc -l
}
# loops: how many loop devices are on our images
loops() {
    losetup --list --noheadings -O BACK-FILE | grep -c "^$T/" || :
}
release() {
    end_guests
    losetup --list --noheadings -O NAME,BACK-FILE | awk -v dir="$T/" 'index($2, dir) { print $1 }' | xargs -r losetup -d
}
trap 'at_end release' EXIT
n=0
mkdir -p "$ROOT/etc/xen/scripts"
cp scripts/hooks/* "$ROOT/etc/xen/scripts"
# An admin's own script, written for Xen; and one that knows nothing of our functions.
cat >"$ROOT/etc/xen/scripts/block-vault" <<END
#!/bin/sh
. "\$(dirname "\$0")/block-common.sh"
read_disk
case \$params in
binary) printf 'no\\0disk\\377here\\n' >&2; exit 1 ;;
hangs) echo waiting >&2; sleep 987651 ;;
busy) [ \$command = remove ] || ebusy 'somebody has it' ;;
file) answer node "$T/b.img"; exit ;;
silent) exit ;;
nowhere) answer node /dev/nosuch; exit ;;
slow) [ \$command = remove ] || cat "$T/slow"; params=b ;;
esac
case \$command in
add)
    node=\$(losetup --find --show "$T/\$params.img")
    xenstore_write "\$XENBUS_PATH/node" "\$node"
    write_dev "\$node"
    ;;
remove) losetup -d "\$(xenstore_read "\$XENBUS_PATH/node")" ;;
esac
END
cat >"$ROOT/etc/xen/scripts/block-plain" <<END
#!/bin/sh -e
case \$1 in
add) echo "physical-device-path=\$(losetup -f --show "$T/\$params.img")" >>"\$HOTPLUG_ANSWERS" ;;
remove) losetup -d "\$node" ;;
esac
END
chmod +x "$ROOT/etc/xen/scripts/block-vault" "$ROOT/etc/xen/scripts/block-plain"
echo '(device-destroy-timeout 60)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend qemu
for image in a b c d e f; do truncate -s 3M "$T/$image.img"; done
printf 'disc one' >"$T/one.iso"
printf 'disc two' >"$T/two.iso"
truncate -s 64K "$T/one.iso" "$T/two.iso"
boot web1 "disk = ['file:$T/a.img,xvda,w', 'file:$T/one.iso,xvdd:cdrom,r']" 'vif = ["type=user"]'
viewer web1
before=$(fds web1)

# A disk that the guest writes to, and lets go of.
assert_ok xm block-attach web1 "file:$T/b.img" xvdb w
sees web1 vdb
guest web1 'echo kept-by-the-guest >/dev/vdb; sync' written
assert_ok xm block-list web1
assert_match "^51728  0    0     4      -1     -1    $T/b.img" "$out"
assert_ok xm block-detach web1 xvdb
misses web1 vdb
assert_eq kept-by-the-guest "$(head -c 17 "$T/b.img")"
assert_eq "xvda xvdd $before" "$(devices web1 disk) $(fds web1)" 'nothing stays open'

# One that it may only read; one of a SCSI bus; an interface that gets an address.
assert_ok xm block-attach web1 "file:$T/b.img" xvdb r
guest web1 'until [ -e /dev/vdb ]; do sleep 0.1; done; [ $(cat /sys/block/vdb/ro) = 1 ] && x=only' read
tell 'echo found-$x'
wait_console web1 found-only
guest web1 'modprobe -a virtio_scsi sd_mod sr_mod' scsi-loaded
assert_ok xm block-attach web1 "file:$T/c.img" sdb w
sees web1 sda
assert_ok xm network-attach web1 type=user mac=00:16:3e:00:00:01
sees web1 eth1
guest web1 'ip link set eth1 up; udhcpc -q -n -f -i eth1 -s /etc/udhcpc >/dev/null 2>&1; x=$(cat /sys/class/net/eth1/address)' dhcp
tell 'echo has-$x-$(ip -4 -o addr show dev eth1 | grep -c 10.0.2.15)'
wait_console web1 'has-00:16:3e:00:00:01-1'
assert_ok xm network-detach web1 1
misses web1 eth1
assert_ok xm block-detach web1 sdb
misses web1 sda

# Another disc in the drive, and none.
guest web1 'dd if=/dev/sr0 bs=8 count=1 2>/dev/null | cat; echo' first-disc
wait_console web1 'disc one'
assert_ok xm block-configure web1 "file:$T/two.iso" xvdd r
guest web1 'dd if=/dev/sr0 bs=8 count=1 2>/dev/null | cat; echo' second-disc
wait_console web1 'disc two'
assert_fails 1 xm block-configure web1 "file:$T/no.iso" xvdd r
assert_match '^Error: web1: media: drive xvdd: disk xvdd: .*/no.iso: No such file or directory$' "$err"
assert_ok xm block-configure web1 '' xvdd r
assert_eq 0 "$(find "/proc/$(qemu_pid web1)/fd" -lname "$T/*.iso" | wc -l)"
assert_ok xm block-configure web1 "file:$T/one.iso" xvdd r

# Refused, with a reason; nothing changes.
refused() {
    text=$1
    shift
    open=$(fds web1)
    assert_fails 1 "$@"
    assert_match "^Error: web1: attach: .*$text" "$err" "$*"
    assert_eq "xvda xvdb xvdd $open" "$(devices web1 disk) $(fds web1)" "after $*"
}
refused 'an IDE drive cannot come or go while the guest runs' xm block-attach web1 "file:$T/d.img" hdb w
refused 'No such file or directory' xm block-attach web1 "file:$T/nothing" xvdc w
refused 'not a qcow2 image' xm block-attach web1 "tap:qcow2:$T/d.img" xvdc w
refused 'whole disks only' xm block-attach web1 "file:$T/d.img" xvdc1 w
refused 'is already connected' xm block-attach web1 "file:$T/d.img" xvdb w
refused 'model=warp9' xm network-attach web1 type=user model=warp9
refused 'script block-vault add: it named /dev/nosuch: No such file or directory' xm block-attach web1 vault:nowhere xvdc w

# xend dies; the next one knows what there is. A save and a restore keep it, at its place.
assert_ok xm network-attach web1 type=user mac=00:16:3e:00:00:02
assert_ok xm block-attach web1 "file:$T/d.img" xvde w
assert_ok xm block-attach web1 vault:c sdc w
sees web1 sda
assert_ok xm block-detach web1 xvdb
misses web1 vdb
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend qemu
assert_eq 'sdc xvda xvdd xvde' "$(devices web1 disk)"
loop=$(losetup -n -O NAME -j "$T/c.img")
assert_match "^2080   0    0     4      -1     -1    $loop" "$(xm block-list web1)"
assert_eq "vault c" "$(xm block-list --json web1 | jq -r '.[] | select(.key == "sdc").config | "\(.type) \(.target)"')"
# who has it is known by name and by what it is
for disk in vault:c "file:$T/c.img" plain:c; do
    assert_fails 1 xm create -q "$(guest_config web2 "disk = ['$disk,xvda,w']")"
    assert_match 'disk xvda: .* is mounted in a guest domain, .*: domain web1 has it as sdc' "$err" "$disk"
    assert_eq 1 "$(loops)" "$disk"
done
assert_match '^2   0  00:16:3e:00:00:02    2     4 ' "$(xm network-list web1)"
assert_ok xm save web1 "$T/saved"
assert_eq 0 "$(loops)" 'after a save'
assert_ok xm restore "$T/saved"
viewer web1
guest web1 'for d in vdc sda; do echo written-after-restore >/dev/$d; done; sync' restored-it-wrote
assert_eq written-after-restore "$(head -c 21 "$T/d.img")"
assert_ok xm block-detach web1 sdc
assert_eq "written-after-restore 0" "$(head -c 21 "$T/c.img") $(loops)" 'after a detach'
assert_eq '00:16:3e:00:00:02' "$(devices web1 vif | cut -d' ' -f2)"
assert_ok xm network-detach web1 00:16:3e:00:00:02
assert_ok xm block-detach web1 xvde
misses web1 vdc
assert_ok xm block-attach web1 "file:$T/d.img" xvde w
sees web1 vdb

# A paused guest finds it when it runs, and lets go then.
assert_ok xm pause web1
assert_ok xm block-attach web1 "file:$T/b.img" xvdb w
assert_fails 1 xm block-detach web1 xvde
assert_match '^Error: .*could not be disconnected: the guest is paused' "$err"
assert_match '^51776  0    0     5 ' "$(xm block-list web1)"
assert_ok xm unpause web1
misses web1 vdb
sees web1 vdc
assert_ok xm block-detach web1 xvde
assert_ok xm block-detach web1 xvdb

# Ten times both: the guest follows, and nothing stays open.
open_files() {
    find "/proc/$1/fd" -type l | wc -l
}
xend_pid=$(cat "$ROOT/var/run/xend.pid")
start=$(open_files "$(qemu_pid web1)") xend_start=$(open_files "$xend_pid")
case $BUILD_DIR in */san-*) cycles=4 ;; *) cycles=10 ;; esac
while [ $((cycles -= 1)) -ge 0 ]; do
    assert_ok xm block-attach web1 "file:$T/b.img" xvdb w
    assert_ok xm network-attach web1 type=user mac=00:16:3e:00:00:03
    assert_ok xm block-detach web1 xvdb
    assert_ok xm network-detach web1 00:16:3e:00:00:03
done
end=$(open_files "$(qemu_pid web1)") xend_end=$(open_files "$xend_pid")
[ "$end" -le "$start" ] || fail "descriptors of QEMU: $start, then $end"
[ "$xend_end" -le "$xend_start" ] || fail "descriptors of xend: $xend_start, then $xend_end"

# xend killed around a script's work, and in the middle of it: the next one takes it back.
killed_at() { # POINT CMD...
    stop_xend
    XEND_FAULT=$1 start_xend qemu
    point=$1
    shift
    "$@" >/dev/null 2>&1 || true
    timeout 20 sh -c 'while "$1" status >/dev/null; do :; done' sh "$BUILD_DIR/xend" || fail "xend did not pass $point"
    start_xend qemu
    eventually test ! -e "$(echo "$ROOT"/var/run/xend/intents/*.json)"
    assert_eq "xvda xvdd 0" "$(devices web1 disk) $(loops)" "after $point"
}
for point in qemu.disk-adding qemu.disk-added qemu.attach-node attach.done; do
    killed_at $point xm block-attach web1 vault:b xvdb w
done
mkfifo "$T/slow"
background xm block-attach web1 vault:slow xvdb w 2>/dev/null
exec 4>"$T/slow" # the script is at it
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
exec 4>&-
start_xend qemu
eventually test ! -e "$(echo "$ROOT"/var/run/xend/intents/*.json)"
assert_eq "xvda xvdd 0" "$(devices web1 disk) $(loops)" "of a xend that died with its script at work"
for point in qemu.disk-removing qemu.disk-removed; do
    assert_ok xm block-attach web1 plain:b sdc w
    killed_at $point xm block-detach web1 sdc
done
for point in qemu.disk-adding qemu.disk-added qemu.spawned; do
    killed_at $point xm create -q "$(guest_config web2 "disk = ['vault:b,xvda,w']")"
    assert_fails 3 xm domid web2
done
assert_ok xm create -q -p "$(guest_config web2 "disk = ['vault:b,xvda,w', 'plain:c,xvdb,r']")"
assert_eq 2 "$(loops)"
killed_at qemu.disk-removed xm destroy web2
# a disc of a script's in the drive
assert_ok xm block-configure web1 plain:b xvdd r
assert_eq 1 "$(loops)"
assert_ok xm block-configure web1 "file:$T/one.iso" xvdd r
assert_eq 0 "$(loops)"
assert_ok xm destroy web1

# What a script can do wrong has its own words, and leaves nothing.
stop_xend
HOTPLUG_TEST_TIMEOUT_MS=1000 start_xend qemu
chmod -x "$ROOT/etc/xen/scripts/block-iscsi"
while read -r disk text; do
    assert_fails 1 xm create -q "$(guest_config web2 "disk = ['$disk,xvda,w']")"
    assert_match "^Error: web2: .*disk xvda: $text" "$err" "$disk"
    assert_eq 0 "$(loops)" "$disk"
    nothing_left
done <<END
vault:none script block-vault add: losetup: .*none.img.*No such file or directory; block-vault failed
vault:binary script block-vault add: no disk.*here; block-vault failed
vault:hangs script block-vault add: it had not ended after 1 s and was killed: waiting
vault:busy script block-vault add: somebody has it
vault:silent script block-vault add: it has ended well and named no device
vault:file script block-vault add: it named $T/b.img, which is not a block device
safe:b safe:b: there is no script $ROOT/etc/xen/scripts/block-safe
iscsi:b $ROOT/etc/xen/scripts/block-iscsi: Permission denied
END
assert_eq '' "$(pgrep -f 'sleep 987651' || :)" 'processes left'

# A guest that does not know PCI hot-plug: said, kept, and taken by force.
stop_xend
echo '(device-destroy-timeout 2)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend qemu
boot deaf "extra = 'console=ttyS0 quiet acpiphp.disable=1'" "disk = ['file:$T/e.img,xvda,w']" 'vif = ["type=user,mac=00:16:3e:00:00:04"]'
viewer deaf
assert_fails 1 xm block-detach deaf xvda
assert_match '^Error: deaf: detach: Device xvda \(vbd\) could not be disconnected: the guest has not let go of xvda within 2 s$' "$err"
assert_match 'may still let go later; --force' "$err"
assert_match '^51712  0    0     5 ' "$(xm block-list deaf)"
assert_ok xm block-detach deaf xvda --force
assert_ok xm network-detach -f deaf 0
assert_eq ' ' "$(devices deaf disk) $(devices deaf vif)"
assert_eq 0 "$(fds deaf)" 'the image is let go of'
guest deaf 'dd if=/dev/vda of=/dev/null bs=4k count=1 iflag=direct 2>&1 | tail -n 1' read-dead
wait_console deaf 'error'
assert_fails 1 xm block-attach deaf "file:$T/e.img" xvda w
assert_match 'the guest still holds the old xvda' "$err"
assert_fails 1 xm save deaf "$T/deaf"
assert_match 'the guest still holds .*, which was taken away by force' "$err"
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend qemu
assert_eq ' ' "$(devices deaf disk) $(devices deaf vif)"
assert_eq running "$(domain_state deaf)"
assert_ok xm destroy deaf
nothing_left
