#!/bin/sh
# A guest that floods its console, with and without a viewer: its log stays bounded, its last words
# can be read at once, xend is not busy with it, and the domain beside it does not notice.
. tests/functions.sh
. tests/guest.sh
requires curl

start_xend qemu
boot web2
file=$(guest_config web1 "extra = 'console=ttyS0 quiet flood=1000000'")
assert_ok xm create -q "$file"
wait_console web1 'a flood of words'
log=$ROOT/var/log/xen/console/guest-web1.log
xend_pid=$(cat "$ROOT/var/run/xend.pid")

# ticks PID: the CPU time that it has had
ticks() {
    echo $(($(sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f12,13 | tr ' ' '+')))
}

# watch_flood CUTS: looks at the log until it was cut so often; it is never larger than 16 MiB
watch_flood() {
    cuts=0 last=0 give_up=$(($(date +%s) + 120))
    while [ $cuts -lt "$1" ]; do
        size=$(stat -c %s "$log")
        [ "$size" -le 16777216 ] || fail "the console log has $size bytes"
        [ "$size" -ge "$last" ] || cuts=$((cuts + 1))
        last=$size
        [ "$(date +%s)" -lt $give_up ] || fail "the log was cut $cuts times only"
        generation=$(api GET /v1/domains | sed 's/.*"generation":"\([^"]*\)".*/\1/')
        api GET "/v1/domains?since=$generation&wait=1" >/dev/null || fail "xend does not answer"
    done
}

from=$(date +%s%N) busy=$(ticks "$xend_pid") guest=$(ticks "$(qemu_pid web1)")
watch_flood 3
busy=$(($(ticks "$xend_pid") - busy)) guest=$(($(ticks "$(qemu_pid web1)") - guest))
took=$((($(date +%s%N) - from) / 10000000))
echo "nobody looks: $took ticks, xend $busy, the flooding QEMU $guest"
[ $((busy * 4)) -lt $took ] || fail "xend had $busy of $took ticks"

# past WORDS: they are what a viewer is shown first, and leaving works; the leaving may overtake what
# is shown: then again
past() {
    for _ in 1 2 3 4 5; do
        printf '\035' | timeout 30 "$BUILD_DIR/xm" console web1 >"$T/console" || fail "xm console: $?"
        ! grep -qa "$1" "$T/console" || return 0
    done
    fail "the console's past is lost: no '$1'"
}

# somebody looks: what was said last comes at once
past 'must not fill the disk'
"$BUILD_DIR/xm" console web1 </dev/null >/dev/null 2>&1 &
viewer=$!
watch_flood 3
kill $viewer 2>/dev/null || true

# the domain beside it
assert_ok xm pause web1
past 'a flood of words'
assert_ok xm unpause web1
assert_ok xm shutdown -w web2
assert_ok xm destroy web1
[ "$(stat -c %s "$log")" -le 1048576 ] || fail "the log was not cut at the end"
nothing_left
