#!/bin/sh
# Autostart: files of /etc/xen/auto and managed domains, in their order; what fails or hangs holds
# up nobody; nothing is started twice, also when xend dies in the middle; on_xend_start, on_xend_stop.
. tests/functions.sh
requires curl

AUTO=$ROOT/etc/xen/auto
mkdir -p "$AUTO"
# conf LINE...: the configuration of the next xend
conf() {
    printf '%s\n' "$@" >"$ROOT/etc/xen/xend-config.sxp"
}
# auto NAME [LINE...]: a file of its own; linked NAME [LINE...]: a link to one elsewhere
auto() {
    mv "$(make_config "$@")" "$AUTO/$1"
}
linked() {
    ln -s "$(make_config "$@")" "$AUTO/$1"
}
# started: the names of domains that were started, in order: of jobs that ended well
started() {
    api GET /v1/events | tr '{' '\n' | grep '"kind":"\(create\|start\|resume\)"' | grep '"state":"done"' |
        sed 's/.*"domain":"\([^"]*\)".*/\1/' | tr '\n' ' '
}
clean() {
    stop_xend
    rm -rf "$AUTO" "$ROOT/var/lib/xend" "$ROOT/var/run/xend"
    mkdir -p "$AUTO"
}

conf '(autostart-parallel 1)' '(autostart-patience 2)'
auto web 'start_after = "db"'
linked db 'start_delay = 0' 'start_after = [ "net" ]'
auto net 'start_order = 7'
auto fails "extra = 'test:fail=create'" 'start_order = 5'
auto hangs "extra = 'test:hang-create'" 'start_order = 6'
auto broken 'memory = memroy'
auto zweb "name = 'web'"
auto circle 'start_after = "circle"'
mkdir "$AUTO/directory"
echo 'rubbish(' >"$AUTO/.hidden"
start_xend test
kept=$(make_config kept 'start_order = 1')
assert_ok xm new -q "$kept"
assert_ok xm new -q "$(make_config other)"

# what will be: in its order, broken files last, each with its error
assert_ok xm autostart kept
assert_fails 1 xm autostart --list
assert_eq 'Name kept fails hangs net circle db web broken zweb' "$(echo "$out" | awk '{ printf "%s%s", s, $1; s = " " }')"
assert_match '^kept +1 +1 +0 halted +\(managed\)$' "$out"
assert_match "^web +6 +- +0 halted +$AUTO/web after db$" "$out"
assert_match '^Warning: circle: start_after: a circle: circle -> circle' "$err"
assert_match "^Error: $AUTO/broken:4:10: name .memroy. is not defined" "$err"
assert_match "^Error: $AUTO/zweb: another file there is of domain 'web', too$" "$err"
assert_ok xm autostart --list --json
assert_match '"start_order": 7' "$out"
assert_eq '' "$(started)"

# all that can start does, in that order
assert_fails 1 xm autostart --start
assert_eq 'circle db kept net web ' "$(echo "$out" | sed 's/^Started domain //' | sort | tr '\n' ' ')"
assert_match '^Error: fails: .* fails on demand' "$err"
assert_match '^Error: hangs: it has not started yet: see xm jobs' "$err"
assert_eq 'kept net circle db web ' "$(started)"
assert_eq running "$(domain_state db)"
assert_eq halted "$(domain_state other)"

# once more: nothing is started twice, only what is missing is tried
xm destroy hangs
rm "$AUTO/hangs" "$AUTO/broken" "$AUTO/zweb" "$AUTO/fails"
assert_ok xm autostart --start
assert_eq '' "$out"
assert_eq 'kept net circle db web ' "$(started)"

# settings of a managed domain, kept over a restart; bad ones change nothing
assert_ok xm autostart kept --disable
assert_ok xm autostart other --order 3 --delay 2 --after db,net
assert_ok xm autostart other
assert_fails 1 xm autostart other --order 70000
assert_match '^Error: .*start_order: .*65535' "$err"
assert_fails 1 xm autostart db
assert_match '^Error: Domain is not managed by Xend lifecycle support.' "$err"
assert_fails 3 xm autostart nobody
assert_fails 1 xm autostart
assert_fails 1 xm autostart --list --order 3
grep -q autostart "$ROOT"/var/lib/xend/domains/*/config.sxp || fail "autostart is not on disk"
stop_xend
start_xend test
assert_ok xm autostart --list
assert_match '^other +1 +3 +2 halted +\(managed\) after db,net$' "$out"
assert_no_match '^kept' "$out"

# a saved file of its name, or of the configuration's, keeps a domain from starting
mkdir "$T/saved"
touch "$T/saved/db"
assert_ok xm autostart --start --saved "$T/saved"
assert_fails 3 xm domid db
assert_eq running "$(domain_state web)"

# programs: bounded, without privileges, and what they include is beside the file they are in
clean
start_xend test
auto endless 'while True: pass'
auto included "execfile('common.py')"
linked beside "execfile('common.py')"
echo 'vcpus = 3' >"$T/common.py"
chmod 711 "$T" # who evaluates may look for what is included
assert_fails 1 xm autostart --start
assert_match '^Error: .*/endless:4:.*' "$err"
assert_match '^Error: .*/included:.*common.py: No such file' "$err"
assert_match '"maxvcpus": 3' "$(xm list --json beside)"
if [ "$(id -u)" = 0 ]; then
    chmod 600 "$T/common.py"
    chmod 600 "$AUTO/included" "$T/beside.cfg"
    xm destroy beside
    assert_fails 1 xm autostart --start
    assert_match '^Error: .*/beside.cfg:.*common.py: Permission denied' "$err"
fi

# xend dies in the middle: the next one goes on, and what ended by itself meanwhile stays away
clean
conf '(autostart-parallel 1)' '(test-persist yes)'
for n in 1 2 3 4; do
    auto d$n "extra = 'test:delay-create=50ms'"
done
auto a0 "extra = 'test:poweroff-in=1ms'"
XEND_FAULT=autostart.noted:3 start_xend test
run xm autostart --start
timeout 20 sh -c 'while "$1" status >/dev/null; do :; done' sh "$BUILD_DIR/xend"
start_xend test
all_run() {
    [ "$(xm list --state=running | grep -c '^d')" = 4 ]
}
eventually all_run
job=$(api GET /v1/jobs | sed -n 's/.*"id":\([0-9]*\),"kind":"autostart","state".*/\1/p')
assert_ok xm job-wait "$job"
assert_fails 3 xm domid a0
assert_eq '' "$(started | tr ' ' '\n' | sed '/^$/d' | sort | uniq -d)" "started twice"
assert_eq '' "$(ls "$ROOT/var/run/xend/autostart" 2>/dev/null)"

# xend that is told to stop in the middle leaves the rest to the next one, what it cancelled as well
clean
conf '(autostart-parallel 1)' '(test-persist yes)'
auto d1
auto d2 "extra = 'test:delay-create=60s'"
auto d3
start_xend test
xm autostart --start >"$T/stopped" 2>&1 &
stopped=$!
second_begins() {
    api GET /v1/jobs | grep -q '"kind":"create","state":"running","domain":"d2"'
}
eventually second_begins
sed -i 's/60s/1ms/' "$AUTO/d2"
stop_xend
wait $stopped && fail "it was not over"
assert_match 'autostart: xend is stopping; its next start goes on' "$(cat "$T/stopped")"
start_xend test
all_three() {
    [ "$(xm list --state=running | grep -c '^d')" = 3 ]
}
eventually all_three

# of many: a job that took longer than hundreds that came after it can still be asked about
clean
conf '(autostart-parallel 16)'
for n in $(seq 300); do
    echo "kernel = '/k'" >"$AUTO/n$n"
done
start_xend test
assert_ok xm autostart --start
assert_eq 300 "$(echo "$out" | grep -c '^Started domain n')"

# on_xend_start: each start of xend; on_xend_stop: with a guest that does not obey xend ends, too
clean
conf '(test-persist yes)' '(shutdown-patience 1)'
start_xend test
xm new -q "$(make_config with "on_xend_start = 'start'" "on_xend_stop = 'suspend'")"
xm new -q "$(make_config off "on_xend_start = 'start'" "on_xend_stop = 'shutdown'")"
xm new -q "$(make_config deaf "on_xend_stop = 'shutdown'" "extra = 'test:ignore-shutdown'")"
xm new -q "$(make_config plain)"
assert_eq halted "$(domain_state with)"
stop_xend
start_xend test
both_run() {
    [ "$(domain_state with)$(domain_state off)" = runningrunning ]
}
eventually both_run
assert_eq haltedhalted "$(domain_state plain)$(domain_state deaf)"
xm start deaf
xm start plain
stop_xend
sed -i "s/on_xend_start start/on_xend_start ignore/" "$ROOT"/var/lib/xend/domains/*/config.sxp
start_xend test
assert_eq 'suspended halted running running' "$(domain_state with) $(domain_state off) $(domain_state deaf) $(domain_state plain)"
