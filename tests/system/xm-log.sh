#!/bin/sh
# xm log: all of it, its end, of one domain, and following it over a restart of xend.
. tests/functions.sh
requires curl

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp" # guests outlive xend
start_xend test
create web1
create web10
assert_ok xm pause web1
assert_ok xm log
assert_eq "$(cat "$ROOT/var/log/xen/xend.log")" "$out"
assert_match 'INFO .* xend .* started, driver test' "$out"
last=$(printf '%s\n' "$out" | tail -n 1)
assert_match 'domain=web1 .* pause ' "$last"
assert_ok xm log -n 1
assert_eq "$last" "$out"
assert_ok xm log --lines=0
assert_eq '' "$out"
assert_ok xm log -n 100000
assert_eq "$(cat "$ROOT/var/log/xen/xend.log")" "$out"

# of one domain, by name or id, and of one that is gone
assert_ok xm log web1
assert_eq "$(grep 'domain=web1 ' "$ROOT/var/log/xen/xend.log")" "$out"
assert_ok xm log "$(xm domid web10)"
assert_eq "$(grep 'domain=web10 ' "$ROOT/var/log/xen/xend.log")" "$out"
assert_ok xm destroy web10
assert_ok xm log web10
assert_match 'domain=web10 .* destroy ' "$out"
assert_fails 3 xm log 'no such & domain'
assert_eq "Error: Domain 'no such & domain' does not exist." "$err"

for wrong in -n-1 -nx --lines=; do
    assert_fails 1 xm log $wrong
    assert_eq 'Error: Invalid argument.' "$err"
done
assert_fails 1 xm log a b

# Following: the last lines, then what comes, without a gap or a line twice.
mkfifo "$T/pipe"
"$BUILD_DIR/xm" log -f -n 1 web1 >"$T/pipe" 2>"$T/follow.err" &
follower=$!
PIDS="$PIDS $follower"
exec 3<"$T/pipe"
read -r line <&3
assert_match 'domain=web1 .* pause ' "$line"
assert_ok xm unpause web1
read -r line <&3
assert_match 'domain=web1 .* unpause ' "$line"
assert_ok xend restart --driver test
assert_ok xm pause web1
before=$(grep -n 'unpause' "$ROOT/var/log/xen/xend.log" | tail -n 1 | cut -d: -f1)
tail -n "+$((before + 1))" "$ROOT/var/log/xen/xend.log" | grep 'domain=web1[: ]' >"$T/wanted"
while read -r wanted <&4; do
    read -r line <&3
    assert_eq "$wanted" "$line"
done 4<"$T/wanted"

# Ctrl-C ends it without a word, by the signal.
kill -TERM "$follower"
wait "$follower" 2>/dev/null || true
exec 3<&-
assert_eq '' "$(cat "$T/follow.err")"
if command -v python3 >/dev/null; then
    python3 -c 'import signal, subprocess, sys
start = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
p = subprocess.Popen([sys.argv[1], "log", "-f"], stdout=-1, stderr=-1, preexec_fn=start)
p.stdout.readline()
for i in range(100):
    p.send_signal(signal.SIGINT) # the first may come before it follows
    try:
        p.wait(0.2)
        break
    except subprocess.TimeoutExpired:
        pass
assert p.stderr.read() == b""
assert p.returncode in (-2, 1), p.returncode' "$BUILD_DIR/xm" || fail 'Ctrl-C'
fi
stop_xend
assert_fails 1 xm log
assert_match '^Error: Unable to connect to xend: ' "$err"
assert_fails 1 xm log -f
assert_match '^Error: Unable to connect to xend: ' "$err"
