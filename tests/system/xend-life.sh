#!/bin/sh
# xend start, stop, restart, status, -F, -n: exit status and words, one xend for each root.
. tests/functions.sh

assert_fails 3 xend status
assert_eq 'xend is not running.' "$out"
assert_ok xend stop
assert_ok xend start --driver test
assert_eq '' "$out$err"
pid=$(cat "$ROOT/var/run/xend.pid")
assert_ok xend status
assert_eq "xend is running (pid $pid)." "$out"
assert_ok xend start --driver test
assert_eq "xend is already running (pid $pid)." "$out"

# a second one on the same root, in the foreground
assert_fails 1 xend -F --driver test
assert_match "^Error: xend is already running \(pid $pid, .*/var/run/xend.pid\)" "$err"
assert_ok xm list

assert_ok xend restart --driver test
assert_ok xend status
[ "$(cat "$ROOT/var/run/xend.pid")" != "$pid" ] || fail "restart kept the process"
assert_ok xend stop
[ ! -e "$ROOT/var/run/xend.pid" ] || fail "the pid file is left"
[ ! -e "$ROOT/var/run/xend/xend.sock" ] || fail "the socket is left"
assert_eq 2 "$(grep -c 'INFO .* xend .* started, driver test' "$ROOT/var/log/xen/xend.log")"

# killed: its pid file and socket are dead, the next start takes them over
assert_ok xend start --driver test
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
timeout 10 sh -c 'while kill -0 "$1" 2>/dev/null; do :; done' sh "$(cat "$ROOT/var/run/xend.pid")"
assert_fails 3 xend status
assert_ok xend start --driver test
assert_ok xm list
assert_ok xend stop

# stopped while clients wait: each gets an answer
requires curl
assert_ok xend start --driver test
waiters=''
for n in 1 2 3 4; do
    "$BUILD_DIR/xm" create "$(make_config slow$n "extra = 'test:delay-create=60s'")" >"$T/slow$n" 2>&1 &
    waiters="$waiters $!"
done
all_begun() {
    [ "$(api GET /v1/jobs | tr '{' '\n' | grep -c '"kind":"create","state":"running"')" = 4 ]
}
eventually all_begun
assert_ok xend stop
for pid in $waiters; do
    ! wait "$pid" || fail "it was not made"
done
for n in 1 2 3 4; do
    assert_eq "Error: slow$n: cancelled
xend is stopping" "$(sed 1d "$T/slow$n")"
done

# wrong words
assert_fails 1 xend
assert_match '^Usage: xend ' "$err"
assert_fails 1 xend strat
assert_match "^Error: unknown command 'strat'" "$err"
assert_fails 1 xend --bad start
assert_ok xend --help
assert_match '^Usage: xend ' "$out"
assert_ok xend --version
assert_match '^xend [0-9]' "$out"
assert_fails 1 xend start --driver vmware
assert_match "^Error: no driver 'vmware'" "$err"
if [ ! -e /proc/xen/capabilities ] && ldd "$BUILD_DIR/xend" | grep -q libxenctrl; then # no dom0
    assert_fails 1 xend start --driver xen
    assert_match '^Error: driver xen: the hypervisor: ' "$err"
    assert_match 'works in the dom0 of a Xen host, as root' "$err"
fi

# the configuration
mkdir -p "$ROOT/etc/xen"
conf=$ROOT/etc/xen/xend-config.sxp
cp etc/xen/xend-config.sxp "$conf"
assert_ok xend -n
assert_eq "$conf: no errors" "$out"
assert_eq '' "$err" "warnings of the shipped configuration"
printf '(loglevel INFO)\n(xend-driver\n' >"$conf"
for how in -n start -F; do
    assert_fails 1 xend $how
    assert_eq "Error: $conf:2:1: '(' without ')'" "$err" "xend $how"
done
printf '(loglevel LOUD)\n\n(xend-driver vmware)\n' >"$conf"
assert_fails 1 xend start
assert_match "^Error: $conf:1: invalid xend config loglevel: expected DEBUG, INFO" "$err"
assert_match "^$conf:3: invalid xend config xend-driver: expected xen, qemu" "$err"
printf '(loglevl INFO) (xend-driver test)\n' >"$conf"
assert_ok xend start
assert_match "^Warning: .*: loglevl: not known, ignored; did you mean loglevel\?" "$err"
assert_ok xend stop

# a place where nothing can be written: told by start, not only in a log
rm -rf "${ROOT:?}/var"
echo "not a directory" >"$ROOT/var"
assert_fails 1 xend start --driver test
assert_match "^Error: $ROOT/var.*: " "$err"
rm "$ROOT/var"

# a socket elsewhere
echo '(xend-unix-path /elsewhere.sock)' >"$ROOT/etc/xen/xend-config.sxp"
assert_ok xend start --driver test
assert_ok xm -H "unix:$ROOT/elsewhere.sock" list
assert_fails 1 xm list
assert_ok xend stop

# a start right after a kill finds no xend that is about to go
rm "$ROOT/etc/xen/xend-config.sxp"
for _ in 1 2 3 4 5; do
    assert_ok xend start --driver test
    assert_no_match 'already' "$out"
    kill -9 "$(cat "$ROOT/var/run/xend.pid")"
done
