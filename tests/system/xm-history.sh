#!/bin/sh
# xm history: what was done, by whom, how long it took, what became of it; over restarts of xend and
# the end of the domain.
. tests/functions.sh
requires curl jq

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
# said NAME: what and result of each entry
said() {
    assert_ok xm history --json "$1"
    jq -r '.[] | "\(.what) \(.by // "-") \(.result // .domid // "-")"' <"$T/out"
}
by="uid $(id -u)"
assert_ok xm new -q "$(make_config web1 "extra = 'test:fail=pause:1'" "on_crash = 'destroy'")"
assert_ok xm start web1
assert_fails 1 xm pause web1
assert_eq "added - -
new $by done
start $by done
started - 1
pause $by failed" "$(said web1)"
jq -e '.[2].seconds >= 0 and .[2].seconds < 60 and .[2].time > 1e9 and (.[2].job > 0)' <"$T/out" >/dev/null ||
    fail "$(cat "$T/out")"
assert_match 'pausing' "$(jq -r '.[4].detail' <"$T/out")"
assert_eq 2 "$(xm history --json -n 2 web1 | jq length)"
uuid=$(jq -r '.[0].uuid' <"$T/out")

# the next xend finds the same guest: that is no news
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend test
assert_eq "pause $by failed" "$(said web1 | tail -n 1)"
assert_ok xm sysrq web1 c
assert_ok xm wait web1 --for halted -t 30
for want in "sysrq $by done" 'ended - crashed' 'stopped - -'; do # the guest may be quicker than the job
    assert_match "^$want\$" "$(said web1 | tail -n 3)"
done
assert_ok xm history web1
assert_match '^Time +What +By +Took +Result$' "$(echo "$out" | head -n 1)"
assert_match '^20[0-9-]+ [0-9:]+  start +uid [0-9]+ +[0-9.]+ s  done$' "$out"
assert_match '  stopped +- +[0-9.]+ s  -$' "$out"
assert_match '  pause +uid [0-9]+ +[0-9.]+ s  failed: .*pausing' "$out"

# renamed and gone: by uuid, and by its last name
assert_ok xm rename web1 web2
assert_ok xm delete web2
assert_eq "$(said web2)" "$(said "$uuid")"
assert_match '^rename .* done$' "$(said web2)"
assert_match '^removed' "$(said web2)"
assert_fails 3 xm history nobody
assert_eq "Error: Domain 'nobody' does not exist." "$err"
assert_fails 1 xm history -n x web2
assert_eq 'Error: Invalid argument.' "$(echo "$err" | head -n 1)"

# what failed before there was anything: who asked, how long it took, why
assert_fails 1 xm create -q "$(make_config never "extra = 'test:fail=create'")"
assert_match "^create $by failed$" "$(said never)"
assert_match '"seconds": [0-9.]+' "$(xm history --json never | grep -A9 '"what": "create"')"
assert_match '  create +uid [0-9]+ +[0-9.]+ s  failed: .*on demand' "$(xm history never)"

# a job that xend's end interrupted
assert_ok xm create -q --no-wait "$(make_config slow "extra = 'test:hang-resume'")"
timeout 20 sh -c 'until "$1" events slow | grep -q started; do :; done' sh "$BUILD_DIR/xm"
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend test
assert_match "^create $by interrupted$" "$(said slow)"
