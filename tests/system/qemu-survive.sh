#!/bin/sh
# xend killed under a running guest: the next one finds it, the same process, with its id, its
# console's past and its uptime. A QEMU that is killed is noticed at once.
. tests/functions.sh
. tests/guest.sh

start_xend qemu
boot web1
pid=$(qemu_pid web1)
domid=$(xm domid web1)
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
timeout 10 sh -c 'while kill -0 "$1" 2>/dev/null; do :; done' sh "$(cat "$ROOT/var/run/xend.pid")"
kill -0 "$pid" || fail "the guest died with xend"
start_xend qemu
assert_eq "$pid" "$(qemu_pid web1)" "process"
assert_eq "$domid" "$(xm domid web1)" "domid"
assert_eq running "$(domain_state web1)"
past() {
    grep -qa 'guest: ready' "$T/console"
}
{ eventually past; printf '\035'; } | xm console web1 >"$T/console"
past || fail "the console's past is lost"

# an orderly restart, too
assert_ok xend restart --driver qemu
assert_eq "$domid" "$(xm domid web1)" "domid after restart"
assert_ok xm pause web1
assert_ok xend restart --driver qemu
assert_eq paused "$(domain_state web1)"
assert_ok xm unpause web1

kill -9 "$pid"
gone() {
    ! xm list web1 >/dev/null 2>&1
}
eventually gone
assert_match 'domain=web1: its guest is gone: QEMU ended' "$(cat "$ROOT/var/log/xen/xend.log")"
nothing_left

# a guest that panics: kept, as on_crash says
file=$(guest_config web2 "on_crash = 'preserve'" "extra = 'console=ttyS0 quiet crash'")
assert_ok xm create -q "$file"
crashed() {
    [ "$(domain_state web2)" = crashed ]
}
eventually crashed
assert_ok xm list web2
assert_match '^web2 +[0-9]+ +128 +1 +----c- ' "$out"
assert_ok xm destroy web2
nothing_left

# one that lived long enough, renamed: the next one has its disk, the socket of its channel and the place of its screen
truncate -s 4M "$T/disk.img"
boot web3 "on_crash = 'rename-restart'" "disk = ['file:$T/disk.img,xvda,w']" "vif = ['type=user']" \
    "vfb = ['vnc=1,vncdisplay=$(($$ % 10000 + 20000))']" "channel = ['connection=socket, name=a, path=$T/a.sock']"
uuid_of() {
    xm list --json "$1" | sed -n 's/^ *"uuid": "\(.*\)",$/\1/p'
}
uuid=$(uuid_of web3) domid=$(xm domid web3) pid=$(qemu_pid web3)
stop_xend
sed -i 's/"start_time": [0-9.e+]*/"start_time": 1000000000.5/' "$ROOT/var/run/xend/qemu/$uuid/state.json"
start_xend qemu
screen=$(xm list --json web3 | sed -n 's/.*"vnc": "\(.*\)".*/\1/p')
assert_ok xm sysrq web3 c
again() {
    [ "$(xm domid web3)" != "$domid" ] && [ "$(domain_state web3)" = running ]
}
eventually again
assert_eq "$uuid" "$(uuid_of web3)"
assert_match "\"vnc\": \"$screen\"" "$(xm list --json web3)"
assert_ok xm block-list web3
assert_match 'disk.img' "$out"
assert_match "^1 .*$T/a.sock " "$(xm channel-list web3)"
assert_ok xend restart --driver qemu
kill -0 "$pid" || fail "the dead one's QEMU has ended"
dead=$(xm list | sed -n 's/^\(Domain-[0-9a-f-]\{36\}\) .*/\1/p')
assert_eq crashed "$(domain_state "$dead")"
assert_match '"vnc": "127.0.0.1:[0-9]+"' "$(xm list --json "$dead")"
assert_no_match "\"$screen\"" "$(xm list --json "$dead")"
assert_ok xm block-list "$dead"
assert_no_match 'disk.img' "$out"
assert_eq '' "$(xm channel-list "$dead")" 'channels of the dead one'
assert_ok xm destroy "$dead"
[ -S "$T/a.sock" ] || fail 'the dead one has taken the socket along'
assert_ok xm destroy web3
[ ! -e "$T/a.sock" ] || fail 'a socket of nobody'
nothing_left
