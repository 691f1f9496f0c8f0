#!/bin/sh
# dump-core: where the core goes, what becomes of the domain, and that a failure leaves no file.
. tests/functions.sh
requires curl
start_xend test
create web1
here=$PWD
in_t() { (cd "$T" && BUILD_DIR=$BUILD_DIR xm "$@"); }

# Without a file: the original's place and name.
assert_ok xm dump-core web1
assert_eq 'Dumping core of domain: web1 ...' "$(printf '%s\n' "$out" | sed -n 1p)"
file=$(printf '%s\n' "$out" | sed -n 's/^Core file: //p')
assert_match "^$ROOT/var/xen/dump/web1/[0-9]{4}-[0-9]{4}-[0-9]{4}\.[0-9]{2}-web1\.1\.core$" "$file"
[ -s "$file" ] || fail "an empty core: $file"
assert_match '^-rw------- ' "$(ls -l "$file")"

# With one: as seen from where xm stands.
assert_ok in_t dump-core web1 here.core
assert_eq 'Dumping core of domain: web1 ...' "$out"
[ -s "$T/here.core" ] || fail 'no file of that name'
assert_eq "$here" "$PWD"
assert_ok in_t dump-core --json web1 ./other.core
assert_eq "{\"file\":\"$T/other.core\",\"bytes\":$(wc -c <"$T/other.core")}" "$(echo "$out" | tr -d ' \n')"

# It stands still meanwhile, or not; it goes on as it was.
assert_ok xm dump-core --live web1 "$T/live.core"
assert_eq running "$(domain_state web1)"
assert_ok xm pause web1
assert_ok xm dump-core web1 "$T/paused.core"
assert_eq paused "$(domain_state web1)"
assert_ok xm unpause web1

# Afterwards: anew, or the end.
assert_ok xm dump-core -R web1 "$T/reset.core"
assert_ok xm domid web1
assert_eq 2 "$out"
assert_ok xm dump-core -C web1 "$T/crash.core"
[ -s "$T/crash.core" ] || fail 'no core of the crashed'
assert_fails 3 xm domid web1

# Failures leave nothing behind, and the guest as it was.
create web2 'extra = "test:fail=dump:no-resource"'
assert_fails 1 xm dump-core web2 "$T/failed.core"
assert_match '^Error: web2: dump-core: ' "$err"
assert_eq '' "$(find "$T" -name 'failed*')"
assert_eq running "$(domain_state web2)"
assert_fails 1 xm dump-core web2 "$T/no/where"
assert_match '^Error: web2: dump-core: .*No such file or directory' "$err"
assert_fails 3 xm dump-core nobody
assert_eq "Error: Domain 'nobody' does not exist." "$err"
assert_fails 1 xm dump-core 0
assert_match '^Error: Cannot .* privileged domain Domain-0' "$err"

# Cancelled while it writes.
create web3 'extra = "test:hang-dump"'
"$BUILD_DIR/xm" dump-core web3 "$T/cancelled.core" >"$T/waiter.out" 2>"$T/waiter.err" &
waiter=$!
PIDS="$PIDS $waiter"
writing() { job=$(xm jobs | awk '$2 == "dump-core" && $4 == "running" { print $1 }') && [ -n "$job" ]; }
eventually writing
assert_ok xm job-cancel "$job"
! wait "$waiter" || fail 'dump-core was cancelled and says nothing'
assert_match '^Error: .*cancelled' "$(cat "$T/waiter.err")"
assert_eq '' "$(find "$T" -name 'cancelled*')"
assert_eq running "$(domain_state web3)"
