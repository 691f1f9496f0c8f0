#!/bin/sh
# The block script as Xen's tools and udev call it, with real loop devices and mounts: what it writes to
# xenstore, what it refuses and by whose name, and that no loop device is left.
. tests/netns.sh
. tests/xenstore.sh
requires losetup
export HOTPLUG_RUN_DIR="$T/run"
release() {
    umount "$T/mnt" 2>/dev/null || :
    losetup --list --noheadings -O NAME,BACK-FILE | awk -v dir="$T/" 'index($2, dir) { print $1 }' |
        xargs -r losetup -d
}
trap 'at_end release' EXIT
loops() {
    losetup --list --noheadings -O BACK-FILE | grep -c "^$T/" || :
}

# disk DOMID NUM TYPE PARAMS MODE: what xend has written
disk() {
    back=backend/vbd/$1/$2
    xs write "$back/type" "$3" "$back/params" "$4" "$back/mode" "$5" "$back/frontend-id" "$1" "$back/state" 2 \
        "/local/domain/$1/name" "vm$1" "/local/domain/$1/vm" "/vm/0000-1-2-3-$1"
}
# block ACTION: for the last disk
block() {
    # shellcheck disable=SC2086
    run env PATH="$T/bin:$PATH" XENBUS_PATH="$back" XENBUS_BASE_PATH=backend $SH scripts/hooks/block "$@"
}
connected() { # DOMID NUM TYPE PARAMS MODE
    disk "$@"
    block add
    assert_eq '0 connected' "$status $(xs read "$back/hotplug-status")" "$*: $err"
}
refused() { # STATUS TEXT DOMID NUM TYPE PARAMS MODE
    want="$1 $2"
    shift 2
    disk "$@"
    block add
    assert_eq 1 "$status" "$*"
    assert_eq "$want" "$(xs read "$back/hotplug-status") $(xs read "$back/hotplug-error")" "$*"
    xs rm "$back"
}
detached() { # DOMID NUM
    back=backend/vbd/$1/$2
    block remove
    assert_eq 0 "$status" "$err"
    xs rm "$back"
}

truncate -s 1M "$T/a.img" "$T/b c.img"
for SH in dash "$BUSYBOX sh"; do
    # a file gets a loop device, read-only when it is to be
    connected 1 51712 file "$T/a.img" w
    loop=$(xs read "$back/node")
    assert_eq "$(stat -c %t:%T "$loop")" "$(xs read "$back/physical-device")"
    assert_eq 0 "$(losetup -n -O RO "$loop" | tr -d ' ')"
    connected 1 51728 file "$T/b c.img" r
    assert_eq 1 "$(losetup -n -O RO "$(xs read "$back/node")" | tr -d ' ')"
    block add # udev and xend may both ask for it
    assert_eq '0 2' "$status $(loops)"

    # who else may have it: nobody, by a hard link neither; readers share; w! is the admin's risk
    ln -f "$T/a.img" "$T/link.img"
    refused busy "File $T/link.img is mounted in a guest domain, and so cannot be mounted now. It is used by vm1." \
        2 51712 file "$T/link.img" w
    refused busy "File $T/a.img is mounted read-write in a guest domain, and so cannot be mounted read-only now. It is used by vm1." \
        2 51712 file "$T/a.img" r
    connected 2 51712 file "$T/b c.img" r
    connected 3 51712 file "$T/a.img" 'w!'
    detached 3 51712
    # the same guest, as it migrates to its own host
    disk 4 51712 file "$T/a.img" w
    xs write /local/domain/4/vm /vm/0000-1-2-3-1-1
    block add
    assert_eq 0 "$status" "the same guest: $err"
    detached 4 51712
    detached 2 51712
    detached 1 51728
    detached 1 51712
    assert_eq 0 "$(loops)" "loop devices left"

    # a block device as it is; mounted here it is refused
    dev=$(losetup --find --show "$T/a.img")
    connected 1 51712 phy "$dev" w
    assert_eq "$(stat -c %t:%T "$dev")" "$(xs read "$back/physical-device")"
    detached 1 51712
    "$BUSYBOX" mke2fs "$dev" >/dev/null 2>&1
    mkdir -p "$T/mnt"
    if mount -t ext2 "$dev" "$T/mnt" 2>/dev/null || mount -t ext4 "$dev" "$T/mnt" 2>/dev/null; then
        refused busy "Device $dev is mounted in the privileged domain, and so cannot be mounted by a guest. It is mounted on $T/mnt." \
            1 51712 phy "$dev" w
        refused busy "Device $dev is mounted read-write in the privileged domain, and so cannot be mounted read-only by a guest. It is mounted on $T/mnt." \
            1 51712 phy "${dev#/dev/}" r
        refused busy "File $T/a.img is mounted in the privileged domain, and so cannot be mounted by a guest. It is mounted on $T/mnt." \
            1 51712 file "$T/a.img" w
        umount "$T/mnt"
    fi
    losetup -d "$dev"

    # an empty drive; what is not there; what nobody knows
    connected 1 51712 '' '' r
    detached 1 51712
    refused error "$T/none.img does not exist." 1 51712 file "$T/none.img" w
    refused error "$T/a.img is not a block device." 1 51712 phy "$T/a.img" w
    refused error "There is no script block-foo for disks of type foo" 1 51712 foo x w
    disk 1 51712 file "$T/a.img" w
    xs write "$back/state" 6
    block add
    assert_eq "1 Path closed or removed during hotplug add: $back state: 6" "$status $(xs read "$back/hotplug-error")"
    xs rm "$back"
    assert_eq 0 "$(loops)" "loop devices left"

    # a network block device, with a client that is ours
    printf '#!/bin/sh\necho "$@" >>%s\necho "no server" >&2\nexit 1\n' "$T/nbd" >"$T/bin/nbd-client"
    chmod +x "$T/bin/nbd-client"
    disk 1 51712 nbd 'server 10809' w
    block add
    assert_eq 1 "$status"
    assert_match 'no free nbd device|nbd-client: no server' "$(xs read "$back/hotplug-error")"
    xs rm "$back"

    # for a QEMU guest: what it reads is in the environment, what it writes goes to a file
    for_qemu() { # ACTION TYPE PARAMS MODE
        # shellcheck disable=SC2086
        run env PATH="$T/bin:$PATH" HOTPLUG_STORE=env HOTPLUG_ANSWERS="$T/answers" XENBUS_PATH=backend/vbd/9/51712 \
            type="$2" params="$3" mode="$4" $SH scripts/hooks/block "$1"
    }
    rm -f "$T/answers"
    for_qemu add file "$T/a.img" r
    assert_eq '0 1' "$status $(loops)" "$err"
    loop=$(sed -n 's/^node=//p' "$T/answers")
    assert_eq "node=$loop
physical-device=$(stat -c %t:%T "$loop")
hotplug-status=connected" "$(cat "$T/answers")"
    for_qemu remove file "$T/a.img" r
    assert_eq '0 0 node=' "$status $(loops) $(grep ^node= "$T/answers" | tail -n 1)" "$err"
    for_qemu add file "$T/none.img" w
    assert_eq "1 $T/none.img does not exist." "$status $err"

    # iSCSI, with an iscsiadm that is ours: it logs in, and out when it was it that did
    dev=$(losetup --find --show "$T/a.img")
    cat >"$T/bin/iscsiadm" <<END
#!/bin/sh
link=$T/ip-10.0.0.1:3260-iscsi-iqn.2001-04.org:a-lun-1
case "\$*" in
*discovery*) exit 0 ;;
'-m session') [ ! -e "\$link" ] || echo 'tcp: [1] 10.0.0.1:3260,1 iqn.2001-04.org:a (non-flash)' ;;
*'-T iqn.2001-04.org:a -p 10.0.0.1:3260 --login') ln -s "$dev" "\$link" ;;
*'-T iqn.2001-04.org:a -p 10.0.0.1:3260 --logout') rm "\$link" ;;
*) echo "iscsiadm: no records found" >&2; exit 21 ;;
esac
END
    chmod +x "$T/bin/iscsiadm"
    export HOTPLUG_BY_PATH="$T"
    for params in iqn.2001-04.org:a@10.0.0.1,lun=1 iqn=iqn.2001-04.org:a,portal=10.0.0.1:3260,lun=1; do
        connected 1 51712 iscsi "$params" w
        assert_eq "$dev $(stat -c %t:%T "$dev")" "$(xs read "$back/node" "$back/physical-device" | xargs)"
        connected 2 51712 iscsi "$params" w! # a session that was there stays
        block remove
        assert_ok test -e "$T"/ip-10.0.0.1*
        xs rm "$back"
        refused busy "Device $dev is mounted in a guest domain, and so cannot be mounted now. It is used by vm1." \
            2 51712 iscsi "$params" w
        detached 1 51712
        assert_fails 1 test -e "$T"/ip-10.0.0.1*
    done
    for_qemu add iscsi "$params" w
    assert_eq "0 $dev" "$status $(sed -n 's/^node=//p' "$T/answers" | tail -n 1)" "$err"
    for_qemu remove iscsi "$params" w
    assert_eq 0 "$status" "$err"
    assert_fails 1 test -e "$T"/ip-10.0.0.1*
    refused error 'iscsiadm: iscsiadm: no records found' 1 51712 iscsi iqn.2001-04.org:b@10.0.0.1 w
    refused error 'iscsi:10.0.0.1: 10.0.0.1 is not understood: write iscsi:IQN@HOST' 1 51712 iscsi 10.0.0.1 w
    losetup -d "$dev"
done
