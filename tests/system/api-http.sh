#!/bin/sh
# What an HTTP server on a socket must survive: tests/system/http_raw.py, and stopping meanwhile.
. tests/functions.sh
requires python3 curl

start_xend test
sock=$ROOT/var/run/xend/xend.sock
short=$(mktemp -u /tmp/xend-test-XXXXXX) # Python knows no long socket paths
ln -s "$ROOT/var/run/xend" "$short"
trap 'at_end rm -f "$short"' EXIT
checks='smuggling body_limits paths vanished_waiters streams garbage drip'
for check in $checks; do
    background sh -c "timeout 100 python3 tests/system/http_raw.py '$short/${sock##*/}' $check >'$T/$check' 2>&1 && echo passed >>'$T/$check'"
done
wait
for check in $checks; do
    assert_eq passed "$(cat "$T/$check")" "$check"
done

assert_match '^Allow: GET, POST.$' "$(api DELETE /v1/domains -i)"
assert_match 'unknown parameter: sate.*did you mean state[?]' "$(api GET '/v1/domains?sate=running')"
assert_match '"name":"Domain-0"' "$(api GET '/v1/domains?state=paused,running')"

# xend stops at once although requests wait and streams are open
generation=$(api GET /v1/domains | sed 's/.*"generation":"\([^"]*\)".*/\1/')
background api GET "/v1/domains?since=$generation&wait=60"
background api GET '/v1/events?since=0' -N -H 'Accept: text/event-stream' -o "$T/events"
timeout 10 sh -c 'until grep -q . "$1" 2>/dev/null; do :; done' sh "$T/events" &
waiter=$!
create web1
wait $waiter || fail "no event came"
timeout 20 "$BUILD_DIR/xend" stop || fail "xend does not stop while clients wait"
