# Helpers of the tests that need real Xen, sourced after functions.sh, in dom0 only.
# shellcheck shell=sh
# shellcheck disable=SC2034  # used by who sources it
GRUB=/usr/lib/grub-xen/grub-x86_64-xen.bin
GUEST=$PWD/build/guest
CONSOLES=/var/log/xen/console

# wait_console NAME TEXT: until xenconsoled has written it down
wait_console() {
    timeout 120 tail -n +1 -F "$CONSOLES/guest-$1.log" 2>/dev/null | grep -qa -m 1 -e "$2" ||
        fail "$1 did not say '$2': $(tail -n 5 "$CONSOLES/guest-$1.log"; xl dmesg | grep -A 5 'Triple fault')"
}

# answers ADDRESS: until the guest does
answers() {
    timeout 60 sh -c "until ping -c 1 -W 2 $1 >/dev/null; do :; done" || fail "$1 does not answer"
}

# tree: all of xenstore, but for directories that remain once there was any domain
tree() {
    xenstore-ls | grep -vxE ' *(vm|libxl) = ""'
}

# use_hooks: xend finds our own hook scripts, and Xen's where there is none of ours yet.
use_hooks() {
    mkdir -p "$ROOT/etc/xen"
    cp -r scripts/hooks "$ROOT/etc/xen/scripts"
    if [ ! -e "$ROOT/etc/xen/scripts/block" ]; then
        printf '#!/bin/sh\nexec /etc/xen/scripts/block "$@"\n' >"$ROOT/etc/xen/scripts/block"
        chmod +x "$ROOT/etc/xen/scripts/block"
    fi
}

# begin_migration NAME LIVE: $job moves the domain to a destination that the test is: it has said it is ready, and
# reads descriptor 9, writes to 8. Needs socat and jq.
begin_migration() {
    job=$(api POST "/v1/domains/$1/migrate" -d "{\"live\":$2}" | jq .id)
    rm -f "$T/to" "$T/from"
    mkfifo "$T/to" "$T/from"
    exec 8<>"$T/to" 9<>"$T/from"
    background sh -c "exec socat - 'UNIX-CONNECT:$ROOT/var/run/xend/xend.sock' <&8 >&9"
    printf 'GET /v1/jobs/%s/stream HTTP/1.1\r\nHost: xend\r\nConnection: Upgrade\r\nUpgrade: xend-stream\r\n\r\n' "$job" >&8
    timeout 30 sh -c "while read -r line && [ \"\$line\" != '$(printf '\r')' ]; do :; done" <&9 ||
        fail 'xend does not take the stream'
    echo ready >&8
}
end_migration() {
    exec 8>&- 9>&-
}

# After a failure no guest is left running.
end_guests() {
    for id_ in $(xl list | awk 'NR > 1 && $2 > 0 { print $2 }'); do
        xl destroy "$id_" || true
    done
}
# shellcheck disable=SC2154  # assigned in the trap itself
trap 'status_=$?; set +e; [ $status_ = 0 ] || end_guests; (exit $status_); cleanup' EXIT
