#!/bin/sh
# A real guest that counts moves to another xend and back, by TCP and live, through xm and not; it goes on counting and its
# QEMU at the source is gone.
. tests/functions.sh
# shellcheck disable=SC2034  # of guest.sh
. tests/guest.sh
requires curl jq python3

there=$T/there
port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
mkdir -p "$there/etc/xen"
echo "(xend-relocation-server yes)(xend-relocation-port $port)" >"$there/etc/xen/xend-config.sxp"
stop_both() {
    xend stop --root "$there" >/dev/null 2>&1
    end_guests
}
trap 'at_end stop_both' EXIT
start_xend qemu
xend start --root "$there" --driver qemu >/dev/null
here_socket=unix:$ROOT/var/run/xend/xend.sock
there_socket=unix:$there/var/run/xend/xend.sock

# ticks DIR: the last number that the guest has said on its console there
ticks() {
    grep -ao 'tick [0-9]*' "$1/var/log/xen/console/guest-web1.log" | tail -n 1 | cut -d' ' -f2
}
# await_tick DIR N: until it has said it there
await_tick() {
    timeout 60 tail -n +1 -F "$1/var/log/xen/console/guest-web1.log" 2>/dev/null | grep -qaE -m 1 "tick $2([^0-9]|$)" ||
        fail "no tick $2: $(tail -n 3 "$1/var/log/xen/console/guest-web1.log")"
}
file=$(guest_config web1 "extra = 'console=ttyS0 quiet tick=0.2'")
assert_ok xm create -q "$file"
await_tick "$ROOT" 3

# What it is given while it runs goes with it, there and back, each in its place.
truncate -s 1M "$T/a.img" "$T/b.img" "$T/usb.img"
for image in a b; do assert_ok xm block-attach web1 "file:$T/$image.img" "xvd$image" w; done
assert_ok xm network-attach web1 type=user mac=00:16:3e:00:00:02
assert_ok xm usb-add web1 mouse
assert_ok xm usb-add web1 "disk:$T/usb.img"
assert_ok xm usb-del web1 mouse
assert_ok xm block-detach web1 xvda
# Not to its own host.
assert_fails 1 xm migrate web1 localhost
assert_match "^Error: web1: migrating: it is on this host already, with ID '1' \(from the other side\)\$" "$err"
# has URI: what it has there, by the word of its QEMU
has() {
    for list in block network usb; do
        xm -H "$1" $list-list web1 --json | jq -r '.[] | select(.live and .state == 4) | "\(.key)=\(.devid)"'
    done | tr '\n' ' '
}
all="xvdb=51728 00:16:3e:00:00:02=0 disk:$T/usb.img=2 "
assert_eq "$all" "$(has "$here_socket")"
assert_ok xm migrate --live -p "$port" web1 127.0.0.1
last=$(ticks "$ROOT")
assert_eq '' "$(xm list --json web1 2>/dev/null | jq -r '.[].name')"
await_tick "$there" $((last + 2))
first=$(grep -ao 'tick [0-9]*' "$there/var/log/xen/console/guest-web1.log" | head -n 1 | cut -d' ' -f2)
[ "$first" -le $((last + 1)) ] || fail "it counts from $first after $last"
assert_eq 1 "$(holders "$T" | wc -l)" "QEMUs"
assert_eq "$all" "$(has "$there_socket")"
assert_ok xm -H "$there_socket" usb-del web1 "disk:$T/usb.img"
assert_ok xm -H "$there_socket" block-attach web1 "file:$T/a.img" xvdc w

assert_ok xm -H "$there_socket" migrate web1 "$here_socket"
last=$(ticks "$there")
await_tick "$ROOT" $((last + 2))
assert_eq 1 "$(holders "$T" | wc -l)" "QEMUs"
assert_eq 'xvdb=51728 xvdc=51744 00:16:3e:00:00:02=0 ' "$(has "$here_socket")"
assert_ok xm block-detach web1 xvdb
assert_ok xm network-detach web1 0
assert_ok xm destroy web1
nothing_left
