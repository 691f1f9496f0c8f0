#!/bin/sh
# shutdown -w and reboot -w go on waiting while xend is restarted.
. tests/functions.sh
requires curl

# waits CMD...: runs xm in the background; it has asked when the job shows.
waits() {
    "$BUILD_DIR/xm" "$@" >"$T/waiter.out" 2>"$T/waiter.err" &
    waiter=$!
    PIDS="$PIDS $waiter"
    eventually asked
}
asked() {
    api GET /v1/jobs | grep -q '"kind":"shutdown","state":"done"'
}
kill_xend() {
    pid=$(cat "$ROOT/var/run/xend.pid")
    kill -9 "$pid"
    timeout 10 sh -c 'while kill -0 "$1" 2>/dev/null; do :; done' sh "$pid"
}
# ended TEXT: the waiter ends well, having said so.
ended() {
    wait "$waiter" || fail "status $?: $(cat "$T/waiter.err")"
    assert_eq "$1" "$(cat "$T/waiter.out")"
    assert_eq '' "$(cat "$T/waiter.err")"
}
mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp" # guests outlive xend
start_xend test
create web1 'extra = "test:ignore-shutdown"'
create web2 'extra = "test:ignore-shutdown"'

# xend killed: it still waits when xend is back, until the guest has ended
waits shutdown -w web1
kill_xend
start_xend test
kill -0 "$waiter" || fail "did not wait: $(cat "$T/waiter.out" "$T/waiter.err")"
assert_eq running "$(domain_state web1)"
assert_ok xm destroy web1
ended 'Domain web1 terminated
All domains terminated'

# restarted in order, with several
waits shutdown -w -a
assert_ok xend restart --driver test
kill -0 "$waiter" || fail "did not wait: $(cat "$T/waiter.out" "$T/waiter.err")"
assert_ok xm destroy web2
ended 'Domain web2 terminated
All domains terminated'
