#!/bin/sh
# vif-bridge and block on real Xen in three ways: by xend itself, by the scripts, and by the scripts as
# udev calls them. The state is the same. Open vSwitch, and disks on a device of device-mapper, which the
# kernels of other machines lack. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl xenstore-ls losetup dmsetup ovs-vsctl

dm=xenhooks
release() {
    umount "$T/mnt" 2>/dev/null || true
    dmsetup remove "$dm" 2>/dev/null || true
    losetup -a | sed -n "s,^\(/dev/loop[0-9]*\):.*($T/.*,\1,p" | xargs -r losetup -d
    ! [ -e /var/run/openvswitch ] || /usr/share/openvswitch/scripts/ovs-ctl stop >/dev/null 2>&1 || true
}
trap 'status_=$?; set +e; [ $status_ = 0 ] || end_guests; release; (exit $status_); cleanup' EXIT

truncate -s 16M "$T/disk.img"
use_hooks
export HOTPLUG_TEST_TIMEOUT_MS=300000 # a rig may be slow
scripts=$ROOT/etc/xen/scripts
start_xend xen
config() { # NAME VIF DISK
    printf "name = '%s'\nkernel = '%s'\nmemory = 32\nvif = ['%s']\ndisk = [%s]\n" "$1" "$GRUB" "$2" "$3" >"$T/$1.cfg"
}
log() { # TEXT: said since the last time
    assert_match "$1" "$(tail -n +"$((seen + 1))" "$ROOT/var/log/xen/xend.log" | grep ' script ')" "$2"
}
# state: of the guest $id, without its numbers
state() {
    xenstore-ls -f /local/domain/0/backend | sed "s,/$id/,/N/,g; s,/$id\",/N\",g; s,/$id = ,/N = ,; s,-id = \"$id\"$,-id = \"N\","
    losetup --list --noheadings -O NAME,RO,AUTOCLEAR,BACK-FILE
    ip -d -o link show dev "vif$id.0" | sed "s/^[0-9]*: vif$id.0//; s/ifindex.*//; s/timer .*//; s/port_id.*addrgenmode/addrgenmode/"
}
# by_udev TYPE WHICH COMMAND...: with the environment that the kernel's event has, and no other
by_udev() {
    type=$1 which=$2
    shift 2
    (cd scripts/hooks && env -i ACTION="$2" SUBSYSTEM=xen-backend UDEV_CALL=1 XENBUS_TYPE="$type" \
        XENBUS_PATH="backend/$type/$which" XENBUS_BASE_PATH=backend vif="vif${which%/*}.${which#*/}" "$@")
}
config h1 'bridge=xenbr0, mac=00:16:3e:00:00:21, rate=10Mb/s' "'file:$T/disk.img,xvda,r'"
for way in process script udev; do
    seen=$(wc -l <"$ROOT/var/log/xen/xend.log")
    case $way in
    process) say='done in process' ;;
    script)
        echo '# ours' >>"$scripts/xen-hotplug-common.sh"
        say='executed: what it reads in is not the stock one'
        ;;
    udev)
        for name in vif-bridge block; do printf '#!/bin/sh\nexit 0\n' >"$scripts/$name"; done
        say='executed: it is not one that xend knows'
        ;;
    esac
    assert_ok xm create -q -p "$T/h1.cfg"
    id=$(xm domid h1)
    if [ $way = udev ]; then
        was=$(xenstore-read libxl/disable_udev 2>/dev/null || true)
        xenstore-write libxl/disable_udev 1 # where xl does it itself udev must not
        by_udev vif "$id/0" ./vif-setup online type_if=vif
        by_udev vbd "$id/51712" ./block add
        assert_eq '' "$(losetup -a)"
        xenstore-rm libxl/disable_udev
        by_udev vif "$id/0" ./vif-setup online type_if=vif
        by_udev vbd "$id/51712" ./block add
    fi
    state >"$T/$way"
    log "vif-bridge online .backend/vif/$id/0.: $say" "$way"
    log "block add .backend/vbd/$id/51712.: $say" "$way"
    assert_match 'master xenbr0' "$(cat "$T/$way")"
    assert_match '^/dev/loop[0-9]* *1 *0 ' "$(cat "$T/$way")"
    cmp -s "$T/process" "$T/$way" || fail "by $way: $(diff "$T/process" "$T/$way")"
    [ $way != udev ] || by_udev vbd "$id/51712" ./block remove
    assert_ok xm destroy h1
    if [ $way = udev ]; then # the kernel has taken the interface away by then
        by_udev vif "$id/0" ./vif-setup offline type_if=vif
        [ -z "$was" ] || xenstore-write libxl/disable_udev "$was"
    fi
    assert_eq '' "$(losetup -a)" "loop devices after $way"
done
cp scripts/hooks/* "$scripts"

# Open vSwitch: a port with a VLAN, as long as the guest is there
/usr/share/openvswitch/scripts/ovs-ctl start --system-id=rig >"$T/ovs.log" 2>&1 || fail "$(cat "$T/ovs.log")"
ovs() {
    ovs-vsctl --timeout=30 "$@"
}
ovs add-br ovs0
config h2 'bridge=ovs0.5:7:8, script=vif-openvswitch, mac=00:16:3e:00:00:22' ''
assert_ok xm create -q -p "$T/h2.cfg"
port=vif$(xm domid h2).0
assert_eq ovs0 "$(ovs port-to-br "$port")"
assert_eq '5 [7, 8]' "$(ovs get port "$port" tag trunks | xargs)"
assert_match 'attached-mac="?00:16:3e:00:00:22"?, xen-vm-name=h2, xen-vm-uuid' "$(ovs get interface "$port" external-ids)"
assert_match ' UP ' "$(ip -br link show dev "$port" | sed 's/<.*,UP[,>].*/ UP /')"
assert_ok xm destroy h2
assert_eq '' "$(ovs list-ports ovs0)"
sed 's/ovs0.5:7:8/nosuch/; s/h2/h3/' "$T/h2.cfg" >"$T/h3.cfg"
assert_fails 1 xm create -q -p "$T/h3.cfg"
assert_match 'Could not find bridge device nosuch' "$err"

# A device of device-mapper is what it is made of: given to a guest, in use by another, or mounted.
mkfs.ext4 -q "$T/disk.img"
loop=$(losetup --find --show "$T/disk.img")
echo "0 $((16 * 2048)) linear $loop 0" | dmsetup create --noudevsync "$dm"
dev=/dev/dm-$(dmsetup info --columns --noheadings -o minor "$dm")
mkdir "$T/mnt"
config h4 bridge=xenbr0 "'phy:$dev,xvda,w'"
config h5 bridge=xenbr0 "'file:$T/disk.img,xvda,w'"
refused() { # NAME TEXT
    assert_fails 1 xm create -q -p "$T/$1.cfg"
    assert_match "$2" "$err"
}
script_says() { # TYPE PARAMS TEXT: what the script has to say of it, by the name of a guest that is not
    xenstore-write /tool/h/type "$1" /tool/h/params "$2" /tool/h/mode w /tool/h/frontend-id 9999 /tool/h/state 2
    XENBUS_PATH=/tool/h XENBUS_BASE_PATH=backend assert_fails 1 sh scripts/hooks/block add
    assert_match "$3" "$(xenstore-read /tool/h/hotplug-error)"
    xenstore-rm /tool/h
}
assert_ok xm create -q -p "$T/h4.cfg"
assert_eq "$(stat -c %t:%T "$dev")" "$(xenstore-read "/local/domain/0/backend/vbd/$(xm domid h4)/51712/physical-device")"
refused h5 "disk.img is mounted in a guest domain.*domain h4 has it as xvda"
script_says file "$T/disk.img" 'is mounted in a guest domain.*It is used by h4'
assert_ok xm destroy h4
assert_ok xm create -q -p "$T/h5.cfg"
refused h4 "$dev is mounted in a guest domain.*domain h5 has it as xvda"
script_says phy "$dev" 'is mounted in a guest domain.*It is used by h5'
assert_ok xm destroy h5
mount "$dev" "$T/mnt"
refused h4 "$dev is mounted .*in the privileged domain .*$T/mnt"
refused h5 "disk.img is mounted .*in the privileged domain .*$T/mnt"
script_says file "$T/disk.img" "is mounted in the privileged domain.*mounted on $T/mnt"
assert_eq '' "$(xl list | awk 'NR > 1 && $2 > 0')" 'guests'
stop_xend
