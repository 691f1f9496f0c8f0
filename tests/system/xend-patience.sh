#!/bin/sh
# A guest that does not obey shutdown: it is told of, once, when the patience is over; one that has
# obeyed, or was paused or destroyed meanwhile, is not.
. tests/functions.sh
requires curl

mkdir -p "$ROOT/etc/xen"
echo '(shutdown-patience 1)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
create obeys
create stubborn "extra = 'test:ignore-shutdown'"
create paused "extra = 'test:ignore-shutdown'"
create destroyed "extra = 'test:ignore-shutdown'"
assert_ok xm shutdown obeys
assert_ok xm shutdown paused
assert_ok xm pause paused
assert_ok xm shutdown destroyed
assert_ok xm destroy destroyed
assert_ok xm shutdown stubborn
assert_ok xm shutdown stubborn # asked anew: the first time counts no more

ignored() {
    api GET /v1/events | tr '{' '\n' | grep '"type":"shutdown-ignored"'
}
background xm events -f stubborn >"$T/events"
timeout 20 grep -q -m 1 ignored <<EOT
$(timeout 20 sh -c 'tail -n +1 -f "$1" | grep -m 1 shutdown-ignored' sh "$T/events")
EOT
assert_eq 1 "$(ignored | wc -l)"
assert_match '"domain":"stubborn"' "$(ignored)"
assert_match 'domain=stubborn: asked to end 1 s ago, it runs on; xm destroy ends it at once' \
    "$(cat "$ROOT/var/log/xen/xend.log")"
assert_eq running "$(domain_state stubborn)"

echo '(shutdown-patience 0)' >"$ROOT/etc/xen/xend-config.sxp"
stop_xend
assert_fails 1 xend start --root "$ROOT" --driver test
assert_match 'shutdown-patience: expected seconds, 1 to 86400: 0' "$err"
