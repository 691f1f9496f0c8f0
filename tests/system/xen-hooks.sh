#!/bin/sh
# vif-bridge and block on real Xen in three ways: by xend itself, by the scripts, and by the scripts as
# udev calls them. The state is the same. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl xenstore-ls losetup

release() {
    losetup -a | sed -n "s,^\(/dev/loop[0-9]*\):.*($T/.*,\1,p" | xargs -r losetup -d
}
trap 'status_=$?; set +e; [ $status_ = 0 ] || end_guests; release; (exit $status_); cleanup' EXIT

truncate -s 16M "$T/disk.img"
use_hooks
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
        cd scripts/hooks
        export UDEV_CALL=1
        for wants in yes no; do # where xl does it itself udev must not
            [ $wants = no ] || { was=$(xenstore-read libxl/disable_udev 2>/dev/null || true); xenstore-write libxl/disable_udev 1; }
            XENBUS_TYPE=vif XENBUS_PATH=backend/vif/$id/0 vif=vif$id.0 sh ./vif-bridge online type_if=vif
            XENBUS_TYPE=vbd XENBUS_PATH=backend/vbd/$id/51712 XENBUS_BASE_PATH=backend sh ./block add
            [ $wants = no ] || { assert_eq '' "$(losetup -a)"; xenstore-rm libxl/disable_udev; }
        done
        [ -z "$was" ] || xenstore-write libxl/disable_udev "$was"
        unset UDEV_CALL
        cd ../..
    fi
    state >"$T/$way"
    log "vif-bridge online .backend/vif/$id/0.: $say" "$way"
    log "block add .backend/vbd/$id/51712.: $say" "$way"
    assert_match 'master xenbr0' "$(cat "$T/$way")"
    assert_match '^/dev/loop[0-9]* *1 *0 ' "$(cat "$T/$way")"
    cmp -s "$T/process" "$T/$way" || fail "by $way: $(diff "$T/process" "$T/$way")"
    if [ $way = udev ]; then # the kernel has taken the interface away by then
        XENBUS_PATH=backend/vbd/$id/51712 XENBUS_BASE_PATH=backend sh scripts/hooks/block remove
    fi
    assert_ok xm destroy h1
    assert_eq '' "$(losetup -a)" "loop devices after $way"
done
stop_xend
