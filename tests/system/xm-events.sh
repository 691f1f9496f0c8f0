#!/bin/sh
# xm events: what is kept, and following it over restarts of xend and the loss of its events.
. tests/functions.sh
requires curl python3

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp" # guests outlive xend
start_xend test
create web1
assert_ok xm pause web1
assert_ok xm events
assert_eq "$(printf '%s\n' "$out" | grep -cE '^20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-2][0-9]:[0-5][0-9]:[0-5][0-9]  #[0-9]+ +[^ ]+ +[a-z]')" \
    "$(printf '%s\n' "$out" | wc -l)" 'each line has the form'
assert_match '  #1  +-  +xend started: version [0-9]' "$out"
assert_match '  web1 +added$' "$out"
assert_match '  web1 +started \(id=1\)$' "$out"
assert_match '  web1 +state: running$' "$out"
assert_match '  web1 +job [0-9]+ pause by uid [0-9]+: done$' "$out"
assert_match '  Domain-0 ' "$out"

# of one domain, from an id on, as JSON
assert_ok xm events web1
assert_no_match '  Domain-0 |xend started' "$out"
assert_ok xm events 0
assert_no_match ' web1 ' "$out"
assert_fails 3 xm events nobody
assert_eq "Error: Domain 'nobody' does not exist." "$err"
assert_fails 3 xm events -f nobody
assert_ok xm events --json web1
assert_eq "['web1']" "$(python3 -c 'import json, sys
print(sorted({e["domain"] for e in json.load(sys.stdin)}))' <"$T/out")"
assert_ok xm events --json
last=$(python3 -c 'import json, sys; print(json.load(sys.stdin)[-1]["id"])' <"$T/out")
assert_ok xm events --since=$((last - 1))
assert_match "#$last " "$out"
assert_eq 1 "$(printf '%s\n' "$out" | wc -l)"
assert_ok xm events --since="$last"
assert_eq '' "$out"
assert_ok xm events --json --since="$last"
assert_eq '[]' "$(echo "$out" | tr -d '\n')"
assert_fails 1 xm events --since=$((last + 1000))
assert_match '^Error: event [0-9]+ is not kept any more$' "$err"
for wrong in -1 x ''; do
    assert_fails 1 xm events --since=$wrong
    assert_eq 'Error: Invalid argument.' "$err"
done

# Following from an id: none is missed and none comes twice, whatever becomes of xend.
mkfifo "$T/pipe"
"$BUILD_DIR/xm" events -f --json --since="$last" >"$T/pipe" 2>"$T/follow.err" &
PIDS="$PIDS $!"
exec 3<"$T/pipe"
want=$last
# next_until TEXT: reads on to the event that has TEXT, each with the id that follows.
next_until() {
    while read -r line <&3; do
        want=$((want + 1))
        case $line in
        "{\"id\":$want,"*) ;;
        *) fail "not event $want: $line" ;;
        esac
        case $line in *"$1"*) return ;; esac
    done
    fail "ended before $1: $(cat "$T/follow.err")"
}
assert_ok xm unpause web1
next_until '"kind":"unpause","state":"done"'
assert_ok xend restart --driver test
next_until '"type":"xend-started"'
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
timeout 10 sh -c 'while kill -0 "$1" 2>/dev/null; do :; done' sh "$(cat "$ROOT/var/run/xend.pid")"
start_xend test
next_until '"type":"xend-started"'
assert_ok xm pause web1
next_until '"kind":"pause","state":"done"'
assert_eq '' "$(cat "$T/follow.err")"

# the events are lost: it says so, and goes on from the newest
assert_ok xend stop
rm "$ROOT/var/lib/xend/events.log"
start_xend test
said() {
    grep -q '^Warning: event .* is not kept any more; going on from the newest$' "$T/follow.err"
}
timeout 20 sh -c 'until [ -s "$1" ]; do :; done' sh "$T/follow.err"
said || fail "$(cat "$T/follow.err")"
assert_ok xm unpause web1
while read -r line <&3; do
    case $line in *'"kind":"unpause","state":"done"'*) break ;; esac
done
exec 3<&-

# Only what comes, of one domain, as text; a reader that has seen enough ends it quietly.
python3 -c 'import subprocess, sys
p = subprocess.Popen([sys.argv[1], "events", "-f", "web1"], stdout=-1, stderr=-1, bufsize=0)
jobs = ["pause", "unpause"] * 50
import select
while not select.select([p.stdout], [], [], 0)[0]: # until it follows
    subprocess.run([sys.argv[1], jobs[0], "web1"])
    jobs = jobs[1:]
line = p.stdout.readline().decode()
assert "  web1  " in line, line
p.stdout.close()
while p.poll() is None:
    subprocess.run([sys.argv[1], jobs[0], "web1"])
    jobs = jobs[1:]
assert p.stderr.read() == b""
assert p.returncode in (0, 1, -13), p.returncode' "$BUILD_DIR/xm" || fail 'following as text'
stop_xend
assert_fails 1 xm events -f
assert_match '^Error: Unable to connect to xend: ' "$err"
