#!/bin/sh
# What the vif scripts share; each sources it first. Then there are
#   command   online, offline (a Xen backend), add, remove (a tap)
#   type_if   vif or tap
#   dev       the device to plug in
#   ip mac mtu rate filter   what the configuration says of it, or nothing
# Arguments NAME=VALUE set variables: bridge=xenbr1.
# shellcheck disable=SC2034,SC2154

dir=${dir:-$(dirname "$0")}
# shellcheck source=scripts/hooks/xen-hotplug-common.sh
. "$dir/xen-hotplug-common.sh"
# shellcheck source=scripts/hooks/xen-network-common.sh
. "$dir/xen-network-common.sh"
# shellcheck source=scripts/hooks/vif-filter.sh
. "$dir/vif-filter.sh"

command=
type_if=${type_if:-}
findCommand "$@"
evalVariables "$@"

# Where xl runs the scripts itself udev must not do so as well.
if [ -n "${UDEV_CALL:-}" ] && xenstore-read libxl/disable_udev >/dev/null 2>&1; then
    exit 0
fi

case $command in
online | offline) type_if=${type_if:-vif} ;;
add | remove) type_if=${type_if:-tap} ;;
*) fatal "Invalid command: $command" ;;
esac
case $type_if in
vif) dev=${vif:-${INTERFACE:-}} ;;
tap) dev=${INTERFACE:-${vif:-}} ;;
*) fatal "unknown interface type $type_if" ;;
esac
[ -n "$dev" ] || fatal "No device details in $XENBUS_PATH, exiting."

# is_anothers NAME: an interface has it that is not this one: the name was never given, or is free again.
is_anothers() {
    link_exists "$1" || return 1
    owner_=$(readlink "/sys/class/net/$1/device") || owner_=
    [ -z "$owner_" ] || {
        [ "${owner_##*/}" != "$(echo "${XENBUS_PATH#*backend/}" | tr / -)" ]
        return
    }
    case $(ip -o link show dev "$1") in
    *' link/ether fe:ff:ff:ff:ff:ff '*) return 1 ;;
    esac
}

# A device of Xen may be wanted under another name.
vifname=$(xenstore_read_default "$XENBUS_PATH/vifname" "${vifname:-}")
if [ -n "$vifname" ] && [ "$HOTPLUG_STORE" = xenstore ]; then
    [ "$type_if" = vif ] || vifname=$vifname-emu
    if [ "$dev" != "$vifname" ]; then
        case $command in
        online | add)
            if link_exists "$dev"; then
                ! link_exists "$vifname" ||
                    fatal "Cannot rename interface $dev. An interface with name $vifname already exists."
                ip link set dev "$dev" down
                do_or_die ip link set dev "$dev" name "$vifname"
            fi
            ;;
        *)
            if is_anothers "$vifname"; then
                log warning "$vifname is another interface: left alone"
                exit 0
            fi
            ;;
        esac
        dev=$vifname
    fi
fi
valid_dev "$dev" || fatal "'$dev' is no name for an interface: letters, digits, . _ - and at most 15"

ip=$(xenstore_read_default "$XENBUS_PATH/ip" "${ip:-}")
mac=$(xenstore_read_default "$XENBUS_PATH/mac" "${mac:-}")
mtu=$(xenstore_read_default "$XENBUS_PATH/mtu" "${mtu:-}")
rate=$(xenstore_read_default "$XENBUS_PATH/rate" "${rate:-}")
filter=$(xenstore_read_default "$XENBUS_PATH/filter" "${filter:-}")

# is_start: online and add; else it is offline or remove.
is_start() {
    [ "$command" = online ] || [ "$command" = add ]
}

# finish: what every vif script ends with.
finish() {
    filter_vif
    call_hooks vif post
    if [ "$type_if" = vif ] && [ "$command" = online ]; then
        success
    fi
}
