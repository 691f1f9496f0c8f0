#!/bin/sh
# What all hook scripts share; sourced by vif-common.sh, block-common.sh and scripts of admins. The
# names of its functions are those that such scripts have used since Xen 3; like Xen's own it does not
# mind variables that are not set (set -u), for those scripts do not.
#
# A script for a Xen backend has XENBUS_PATH and keeps to xenstore: it reads its parameters there,
# writes hotplug-status (connected, error) and, after a failure, hotplug-error. A script for a
# device that is not in xenstore (a tap or a disk of a QEMU guest) has HOTPLUG_STORE=env: the same
# functions then answer from environment variables, and errors go to standard error only. What it
# writes goes into the file HOTPLUG_ANSWERS, where it is one that is to answer: lines NAME=VALUE, of
# which the last one counts; "remove" reads there what "add" has written.
# shellcheck disable=SC2034  # much of this is used by who sources it

set -e
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
XENBUS_PATH=${XENBUS_PATH:-}
HOTPLUG_STORE=${HOTPLUG_STORE:-$([ -n "$XENBUS_PATH" ] && echo xenstore || echo env)}
script_name=${0##*/}
script_dir=$(dirname "$0")
XEN_SCRIPT_DIR=$script_dir
reported=

# Started by udev there is nobody to read what we say.
if [ -n "${UDEV_CALL:-}" ] && [ -d /var/log/xen ]; then
    exec 2>>/var/log/xen/xen-hotplug.log
fi

# log LEVEL TEXT...: to standard error when it is worth an admin's while.
log() {
    level_=$1
    shift
    case $level_ in
    debug | info) ;;
    *) echo "$*" >&2 ;;
    esac
}

# fatal TEXT...: tells xend and ends the script.
fatal() {
    reported=1
    echo "$*" >&2
    if [ "$HOTPLUG_STORE" = xenstore ]; then
        xenstore-write "$XENBUS_PATH/hotplug-error" "$*" "$XENBUS_PATH/hotplug-status" error || :
    fi
    exit 1
}

# After a fatal in a subshell.
exit_reported() {
    reported=1
    exit 1
}

success() {
    xenstore_write "$XENBUS_PATH/hotplug-status" connected
}

# A command that fails unforeseen ends the script, and not in silence.
on_exit_() {
    exit_=$?
    if [ $exit_ != 0 ] && [ -z "$reported" ]; then
        trap - EXIT
        fatal "$script_name failed; error detected."
    fi
}
trap on_exit_ EXIT

sigerr() {
    fatal "$script_name failed; error detected."
}

do_or_die() {
    "$@" || fatal "$* failed"
}

do_without_error() {
    "$@" 2>/dev/null || log debug "$* failed"
}

# variable_of PATH: the name of the environment variable that stands for a xenstore path.
variable_of() {
    echo "${1##*/}" | tr -c 'a-zA-Z0-9_\n' _
}

# answered PATH: prints what was written there; fails when nothing was.
answered() {
    [ -s "${HOTPLUG_ANSWERS:-}" ] || return 1
    value_=$(sed -n "s/^${1##*/}=//p" "$HOTPLUG_ANSWERS" | tail -n 1)
    [ -n "$value_" ] && echo "$value_"
}

# xenstore_read PATH...: each value, one a line; fatal when one is missing.
xenstore_read() {
    for path_; do
        value_=$(xenstore_read_default "$path_" '') # what is empty is not there
        [ -n "$value_" ] || fatal "xenstore-read $path_ failed."
        echo "$value_"
    done
}

# xenstore_read_default PATH DEFAULT
xenstore_read_default() {
    if [ "$HOTPLUG_STORE" = xenstore ]; then
        xenstore-read "$1" 2>/dev/null || echo "${2:-}"
    elif ! answered "$1"; then
        name_=$(variable_of "$1")
        eval "echo \"\${$name_:-\${2:-}}\""
    fi
}

# xenstore_write PATH VALUE...
xenstore_write() {
    if [ "$HOTPLUG_STORE" = xenstore ]; then
        xenstore-write "$@" || fatal "Writing $* to xenstore failed."
    elif [ -n "${HOTPLUG_ANSWERS:-}" ]; then
        while [ $# -ge 2 ]; do
            printf '%s=%s\n' "${1##*/}" "$(printf %s "$2" | tr '\n' ' ')" >>"$HOTPLUG_ANSWERS"
            shift 2
        done
    fi
}

xenstore_remove() {
    if [ "$HOTPLUG_STORE" = xenstore ]; then
        xenstore-rm "$1" 2>/dev/null || :
    else
        xenstore_write "$1" ''
    fi
}

# evalVariables ARG...: NAME=VALUE arguments become variables; nothing in VALUE is executed.
evalVariables() {
    for arg_; do
        case ${arg_%%=*} in
        "$arg_" | '' | [0-9]* | *[!a-zA-Z0-9_]* | PATH | IFS) continue ;;
        esac
        value_=${arg_#*=}
        eval "${arg_%%=*}=\$value_"
    done
}

# findCommand ARG...: the first that is no NAME=VALUE, in $command.
findCommand() {
    for arg_; do
        case $arg_ in
        *=*) ;;
        *)
            command=$arg_
            return 0
            ;;
        esac
    done
}

# claim_lock NAME: waits until no other script has it; it is freed at the end of the script, too.
claim_lock() {
    lock_dir_=${HOTPLUG_RUN_DIR:-/var/run/xen-hotplug}
    mkdir -p "$lock_dir_"
    exec 9>"$lock_dir_/$1"
    flock 9
}

release_lock() {
    exec 9>&-
}

# call_hooks DEVICE WHEN: sources DEVICE-WHEN.d/*.hook beside this script, which may be careless (set -u).
call_hooks() {
    set +u
    for hook_ in "$script_dir/$1-$2.d"/*.hook; do
        [ -x "$hook_" ] || continue
        # shellcheck disable=SC1090
        case ${BASH_VERSION:+ours}$(head -n 1 "$hook_") in
        ours*) . "$hook_" ;;
        *bash*) bash_hook_ "$hook_" ;;
        *) . "$hook_" ;;
        esac
    done
}

# bash_hook_ FILE: Xen's own scripts are bash's, and so are many hooks; this shell is another.
bash_hook_() {
    have bash || fatal "$1: bash is missing"
    export command type_if dev vif bridge netdev ip mac mtu rate filter XENBUS_PATH HOTPLUG_STORE
    # shellcheck disable=SC2016  # the other's
    bash -c '. "${0%/*}/xen-hotplug-common.sh"; . "${0%/*}/xen-network-common.sh"; . "$1"' "$0" "$1" ||
        fatal "$1 failed"
}

# real_program NAME: its path. The shell of busybox would take its own, which knows too little.
real_program() {
    for program_ in "/usr/sbin/$1" "/sbin/$1" "/usr/bin/$1" "/bin/$1" "$1"; do
        [ ! -x "$program_" ] || break
    done
    echo "$program_"
}

have() {
    command -v "$1" >/dev/null 2>&1
}
