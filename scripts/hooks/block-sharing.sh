#!/bin/sh
# Who else uses a disk: a writer is alone, readers may share, the same guest may have it twice (while it
# migrates to its own host). Sourced by block-common.sh.
# shellcheck disable=SC2154

# related DEVICE: the numbers (8:1, decimal) of all block devices that are it, a part of it, the disk
# that it is a part of, what it is made of or is made of it (LVM, RAID, loop devices): a write to one is a
# write to the other. Two volumes of one disk are two.
related() {
    number_=$(printf '%d:%d' "0x$(stat -L -c %t "$1")" "0x$(stat -L -c %T "$1")")
    below "$number_"
    for number_ in $(same_file "$number_"); do
        above "$number_"
    done
}

# above NUMBER: it, its partitions, and what is made of them.
above() {
    echo "$1"
    for dev_ in "/sys/dev/block/$1"/*/partition "/sys/dev/block/$1"/holders/*/dev; do
        [ ! -e "$dev_" ] || above "$(cat "${dev_%/*}/dev")"
    done
}

# below NUMBER: it, the disk that it is a part of, and what that is made of.
below() {
    if [ -e "/sys/dev/block/$1/partition" ]; then
        echo "$1"
        set -- "$(cat "/sys/dev/block/$1/../dev")"
    fi
    same_file "$1"
    for dev_ in "/sys/dev/block/$1"/slaves/*/dev; do
        [ ! -e "$dev_" ] || below "$(cat "$dev_")"
    done
    dev_=$(cat "/sys/dev/block/$1/loop/backing_file" 2>/dev/null) || return 0
    [ ! -b "$dev_" ] || below "$(printf '%d:%d' "0x$(stat -L -c %t "$dev_")" "0x$(stat -L -c %T "$dev_")")"
}

# same_file NUMBER: it, and the loop devices that are on the file that it is on.
same_file() {
    echo "$1"
    case $1 in
    7:*) losetup --list --noheadings -O MAJ:MIN,BACK-INO,BACK-MAJ:MIN 2>/dev/null |
        awk -v number="$1" '{ file[$1] = $2 " " $3 }
            END { for (i in file) if (i != number && file[i] == file[number]) print i }' ;;
    esac
}

# used_locally MODE NUMBER...: prints where this host has one of them mounted, or uses it as swap; of a
# reader's (MODE r) only what is written to.
used_locally() {
    mode_=$1
    shift
    # 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    awk -v mode="$mode_" -v numbers=" $* " '
        index(numbers, " " $3 " ") {
            for (i = 7; $i != "-"; i++);
            if (mode != "r" || ($(i + 3) ~ /^rw/)) { print "mounted on " $5; exit }
        }' /proc/self/mountinfo
    while read -r swap_ kind_ _; do
        if [ "$kind_" != partition ] || [ ! -b "$swap_" ]; then
            continue
        fi
        swap_number_=$(printf '%d:%d' "0x$(stat -c %t "$swap_")" "0x$(stat -c %T "$swap_")")
        case " $* " in
        *" $swap_number_ "*) echo "swap space" ;;
        esac
    done </proc/swaps
}

# vm_of DOMID: the uuid of a domain, without what is appended while it migrates.
vm_of() {
    xenstore-read "/local/domain/$1/vm" 2>/dev/null |
        sed 's,^/vm/,,; s/^\(\([^-]*-\)\{4\}[^-]*\)-[0-9]*$/\1/'
}

same_vm() { # DOMID: the guest that this disk is for, or the one whose device model it is
    frontend_id=${frontend_id:-${FRONTEND_ID:-}}
    [ "$1" != "$frontend_id" ] || return 0
    [ "$(xenstore-read "/local/domain/$frontend_id/target" 2>/dev/null)" != "$1" ] || return 0
    [ "$(xenstore-read "/local/domain/$1/target" 2>/dev/null)" != "$frontend_id" ] || return 0
    [ -n "$(vm_of "$1")" ] && [ "$(vm_of "$1")" = "$(vm_of "$frontend_id")" ]
}

# used_by_guest MODE NUMBER...: prints the name of another guest that has one of them.
used_by_guest() {
    [ "$HOTPLUG_STORE" = xenstore ] || return 0
    mode_=$1
    shift
    for domid_ in $(xenstore-list "$XENBUS_BASE_PATH/vbd" 2>/dev/null); do
        for dev_ in $(xenstore-list "$XENBUS_BASE_PATH/vbd/$domid_" 2>/dev/null); do
            path_=$XENBUS_BASE_PATH/vbd/$domid_/$dev_
            [ "$path_" != "$XENBUS_PATH" ] || continue
            number_=$(xenstore-read "$path_/physical-device" 2>/dev/null) || continue
            number_=$(printf '%d:%d' "0x${number_%:*}" "0x${number_#*:}")
            case " $* " in
            *" $number_ "*) ;;
            *) continue ;;
            esac
            theirs_=$(canonicalise_mode "$(xenstore-read "$path_/mode" 2>/dev/null)")
            [ "$mode_$theirs_" != rr ] || continue
            ! same_vm "$domid_" || continue
            xenstore-read "/local/domain/$domid_/name" 2>/dev/null || echo "domain $domid_"
            return 0
        done
    done
}

# refuse PLACE WHEN USER: the original's words, and then who it is. A reader is in the way of nobody
# but a writer.
refuse() {
    if [ "$(canonicalise_mode "$mode")" = w ]; then
        how_='' as_=''
    else
        how_='read-write ' as_='read-only '
    fi
    ebusy "$what_ is mounted ${how_}in $1 domain, and so cannot be mounted ${as_}$2. It is $3."
}

# check_device_sharing WHAT DEVICE...: refuses what would destroy a file system. WHAT is for people.
check_device_sharing() {
    what_=$1
    shift
    own_mode_=$(canonicalise_mode "$mode")
    [ "$own_mode_" != '!' ] || return 0
    frontend_id=$(xenstore_read_default "$XENBUS_PATH/frontend-id" "${frontend_id:-}")
    for device_; do
        # shellcheck disable=SC2046
        set -- $(related "$device_")
        user_=$(used_locally "$own_mode_" "$@")
        [ -z "$user_" ] || refuse 'the privileged' 'by a guest' "$user_"
        user_=$(used_by_guest "$own_mode_" "$@")
        [ -z "$user_" ] || refuse 'a guest' now "used by $user_"
    done
}

# loops_of FILE: the loop devices that are on it, by whatever name they know it.
loops_of() {
    inode_=$(stat -L -c %i "$1") fs_=$(stat -L -c %d "$1")
    losetup --list --noheadings -O NAME,BACK-INO,BACK-MAJ:MIN 2>/dev/null |
        while read -r loop_ ino_ maj_min_; do
            [ "$ino_" = "$inode_" ] || continue
            major_=${maj_min_%:*} minor_=${maj_min_#*:}
            # as the kernel packs the two
            [ $(((minor_ & 255) | ((major_ & 4095) << 8) | ((minor_ & ~255) << 12))) = "$fs_" ] || continue
            echo "$loop_"
        done
}
