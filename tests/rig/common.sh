# common.sh: what the rig's commands share: where things are, and how to reach dom0. They source it.
# RIG_NAME names an instance, so that several can run at a time; RIG_PORT its ssh port (default: any free).
# shellcheck shell=sh

rig=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$rig/../.." && pwd)
images=$top/build/rig
instance=$images/run-${RIG_NAME:-main}

# dom0_ssh ARGUMENT...: ssh to dom0. It keeps one connection open, whose socket has a short name because a
# socket's path is limited to 107 bytes.
dom0_ssh() {
    [ -s "$instance/port" ] || { echo "rig: not up; tests/rig/up boots it" >&2; return 255; }
    (cd "$instance" && exec ssh -i ../id -p "$(cat port)" -o ControlMaster=auto -o ControlPath=ssh \
        -o ControlPersist=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        -o ConnectTimeout=20 -o Ciphers=chacha20-poly1305@openssh.com root@127.0.0.1 "$@")
}

# qemu_runs: is the QEMU of this instance there? A stale pid of another process doesn't count.
qemu_runs() {
    [ -s "$instance/pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$(cat "$instance/pid")/cmdline" |
        grep -q -- "-pidfile $instance/pid "
}

seconds_since() { # START, in the form of /proc/uptime's first number
    awk -v start="$1" '{ printf "%.1f s", $1 - start }' /proc/uptime
}

now() { cut -d' ' -f1 /proc/uptime; }
