#!/bin/sh
# What the block scripts share; each sources it first. Then there are
#   command       add or remove
#   type params mode   of the disk: "file", "/srv/a.img", "w"
# shellcheck disable=SC2034,SC2154

dir=${dir:-$(dirname "$0")}
# shellcheck source=scripts/hooks/xen-hotplug-common.sh
. "$dir/xen-hotplug-common.sh"
# shellcheck source=scripts/hooks/block-sharing.sh
. "$dir/block-sharing.sh"

losetup_program_=$(real_program losetup)
losetup() {
    "$losetup_program_" "$@"
}

command=
findCommand "$@"
evalVariables "$@"
if [ -n "${UDEV_CALL:-}" ] && xenstore-read libxl/disable_udev >/dev/null 2>&1; then
    exit 0
fi
case $command in
add | remove) ;;
*) fatal "Invalid command: $command" ;;
esac
XENBUS_BASE_PATH=${XENBUS_BASE_PATH:-backend}

# read_disk: what the configuration says of it. The frontend may have taken it away meanwhile.
read_disk() {
    type=$(xenstore_read_default "$XENBUS_PATH/type" "${type:-}")
    params=$(xenstore_read_default "$XENBUS_PATH/params" "${params:-}")
    mode=$(xenstore_read_default "$XENBUS_PATH/mode" "${mode:-w}")
    case $params in
    "$type:"*) params=${params#"$type:"} ;;
    esac
}

# canonicalise_mode MODE: r, w, or ! (write, whoever else does).
canonicalise_mode() {
    case $1 in
    *!*) echo '!' ;;
    *w*) echo w ;;
    *) echo r ;;
    esac
}

# expand_dev NAME: sda is /dev/sda; links are followed.
expand_dev() {
    case $1 in
    /*) readlink -f "$1" ;;
    *) readlink -f "/dev/$1" ;;
    esac
}

# device_major_minor DEVICE: as xenstore has it, hexadecimal.
device_major_minor() {
    stat -L -c %t:%T "$1"
}

# The name of old.
find_free_loopback_dev() {
    losetup -f
}

# answer KEY VALUE: to who has started the script.
answer() {
    xenstore_write "$XENBUS_PATH/$1" "$2"
}

# write_dev DEVICE: tells the backend what to serve.
write_dev() {
    mm_=$(device_major_minor "$1") || fatal "Backend device does not exist: $1"
    answer physical-device "$mm_"
    success
}

# ebusy TEXT: somebody else has it.
ebusy() {
    reported=1
    echo "$*" >&2
    if [ "$HOTPLUG_STORE" = xenstore ]; then
        xenstore-write "$XENBUS_PATH/hotplug-error" "$*" "$XENBUS_PATH/hotplug-status" busy || :
    else
        answer hotplug-status busy
    fi
    exit 1
}
