#!/bin/sh
# Real guests that start with the host: one after the other, as their files say; the xendomains
# service saves them, and restores them where they were.
. tests/functions.sh
. tests/guest.sh
requires curl

mkdir -p "$ROOT/etc/xen/auto" "$ROOT/etc/default"
echo 'XENDOMAINS_STOP_MAXWAIT=120' >"$ROOT/etc/default/xendomains"
ticks="extra = 'console=ttyS0 quiet tick=1'"
mv "$(guest_config web "start_after = 'db'" "$ticks")" "$ROOT/etc/xen/auto/web"
ln -s "$(guest_config db "$ticks")" "$ROOT/etc/xen/auto/a-link"
XM=$BUILD_DIR/xm
export XM
# last_tick NAME: the number that its console told of last
last_tick() {
    sed -n 's/^.*guest: tick \([0-9]*\).*/\1/p' "$ROOT/var/log/xen/console/guest-$1.log" | tail -n 1
}

start_xend qemu
run sh scripts/xendomains start
assert_eq 0 "$status" "$out $err"
wait_console db 'guest: tick 2'
wait_console web 'guest: tick 2'
assert_eq '1 2' "$(xm domid db) $(xm domid web)"

run sh scripts/xendomains stop
assert_eq 0 "$status" "$out $err"
assert_eq 'Shutting down Xen domains: web(save) db(save)' "$(echo "$out" | sed 's/ *$//')"
assert_fails 3 xm domid db
db=$(last_tick db) web=$(last_tick web)
stop_xend

start_xend qemu
run sh scripts/xendomains start
assert_eq 0 "$status" "$out $err"
assert_match '^Restoring Xen domains: db web$' "$out"
assert_eq 'running running' "$(domain_state db) $(domain_state web)"
wait_console db "guest: tick $((db + 1))"
wait_console web "guest: tick $((web + 1))"
assert_no_match 'guest: tick 1$' "$(tr -d '\r' <"$ROOT/var/log/xen/console/guest-db.log")" 'a second boot'
assert_eq '' "$(ls "$ROOT/var/lib/xen/save")"

# the service of a host that goes down for good: nothing is kept
echo 'XENDOMAINS_SAVE=' >>"$ROOT/etc/default/xendomains"
run sh scripts/xendomains stop
assert_eq 0 "$status" "$out $err"
assert_fails 3 xm domid web
