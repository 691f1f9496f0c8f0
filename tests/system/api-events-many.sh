#!/bin/sh
# A thousand clients that follow the events: none of them misses one, and none sees one twice.
. tests/functions.sh
requires curl
sock=$ROOT/var/run/xend/xend.sock
many=$BUILD_DIR/tests/bench_events

files=$(sed -n 's/^Max open files *[^ ]* *\([^ ]*\).*/\1/p' /proc/self/limits)
[ "$files" = unlimited ] || [ "$files" -ge 1100 ] || skip "needs 1,100 open files, may have $files"
start_xend test
create web1
create web2

assert_ok "$many" "$sock" 1000 1 web1
assert_match '^0 ' "$out" "not told of one event"
assert_eq paused "$(domain_state web1)"

# one after the other, with more of another domain's in between
(
    i=0
    while [ $((i += 1)) -le 10 ]; do
        api POST '/v1/domains/web2/pause?wait=10' >/dev/null
        api POST '/v1/domains/web2/unpause?wait=10' >/dev/null
    done
) &
others=$!
assert_ok xm unpause web1
assert_ok "$many" "$sock" 1000 10 web1
assert_match '^0 ' "$out" "not told of ten events"
wait $others

# the streams are gone, and xend is as before
assert_eq running "$(domain_state web1)"
