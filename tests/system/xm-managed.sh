#!/bin/sh
# Managed domains: defined, started, suspended, resumed, changed while halted, deleted; what is on
# disk, and that another xend finds the same, whatever it was killed at or given.
. tests/functions.sh
requires curl jq

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
show() {
    api GET "/v1/domains/$1?detail=config" | jq -c "$2"
}
again() {
    stop_xend
    start_xend test
}

file=$(make_config web1 'maxmem = 256' 'vcpus = 1' 'maxvcpus = 4')
assert_ok xm new -q "$file"
assert_eq '' "$out$err"
assert_eq '["halted",null,true]' "$(show web1 '[.state,.domid,.managed]')"
assert_match '^web1 +64 +1 +0\.0$' "$(xm list web1 | tail -n 1)"
uuid=$(show web1 .uuid | tr -d '"')
home=$ROOT/var/lib/xend/domains/$uuid
assert_eq '700 600' "$(stat -c %a "$home" "$home/config.sxp" | paste -sd' ')"
assert_match '^\(domain$' "$(cat "$home/config.sxp")"
assert_match '\(name web1\)' "$(cat "$home/config.sxp")"

# not running: what needs a guest is refused
assert_fails 1 xm pause web1
assert_match "^Error: Domain 'web1' is not running" "$err"
assert_fails 1 xm suspend web1
assert_fails 1 xm resume web1
assert_eq 'Error: Cannot resume domain that is not suspended.' "$(echo "$err" | head -n 1)"

# changes while halted are kept
assert_ok xm mem-set web1 128
assert_ok xm vcpu-set web1 2
assert_ok xm vcpu-pin web1 all 1
assert_ok xm rename web1 www
again
assert_eq '["www","halted",128,256,2,4,["1"]]' \
    "$(show www '[.name,.state,.memory_mib,.config.maxmem,.config.vcpus,.config.maxvcpus,.config.cpus]')"

# running: changes are kept too; it stays when it ends
assert_ok xm start www
assert_fails 1 xm start www
assert_eq 'Error: Domain is already running' "$(echo "$err" | head -n 1)"
assert_fails 1 xm delete www
assert_eq 'Error: Domain is not halted.' "$(echo "$err" | head -n 1)"
assert_ok xm mem-set www 200
assert_ok xm rename www web1
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend test
assert_eq '["running",true,200]' "$(show web1 '[.state,.managed,.memory_mib]')"
assert_ok xm destroy web1
assert_eq '["halted",true,200]' "$(show web1 '[.state,.managed,.config.memory]')"

# suspend and resume
assert_ok xm start -p web1
assert_eq '"paused"' "$(show web1 .state)"
assert_ok xm unpause web1
assert_ok xm suspend web1
assert_eq '"suspended"' "$(show web1 .state)"
[ -s "$home/checkpoint.chk" ] || fail "no checkpoint"
assert_fails 1 xm start web1
assert_match '^Error: web1: Domain is suspended' "$err"
again
assert_eq '"suspended"' "$(show web1 .state)"
assert_eq saved "$(xm domstate web1)"
cp "$home/checkpoint.chk" "$T/checkpoint"
echo damaged >"$home/checkpoint.chk"
assert_fails 1 xm resume web1
assert_match 'checkpoint.chk: not a saved domain' "$err"
assert_eq '"suspended"' "$(show web1 .state)"
cp "$T/checkpoint" "$home/checkpoint.chk"
assert_ok xm resume web1
assert_eq '"running"' "$(show web1 .state)"
[ ! -e "$home/checkpoint.chk" ] || fail "a checkpoint that was used is still there"
assert_ok xm shutdown -w web1
assert_eq '"halted"' "$(show web1 .state)"

# create of its name runs it, anew; new while it runs is for the next time
assert_ok xm create -q "$(make_config web1 'memory = 96')"
assert_eq "[\"$uuid\",true,96]" "$(show web1 '[.uuid,.managed,.memory_mib]')"
assert_ok xm new -q "$(make_config web1 'memory = 80')"
assert_eq '[96,"running"]' "$(show web1 '[.memory_mib,.state]')"
assert_ok xm shutdown -w web1
assert_eq '80' "$(show web1 .config.memory)"
again
assert_eq '80' "$(show web1 .config.memory)"

# transient ones leave no trace
create transient
assert_fails 1 xm delete transient
assert_eq 'Error: Domain is not managed by Xend lifecycle support.' "$(echo "$err" | head -n 1)"
assert_ok xm destroy transient
assert_eq "$uuid" "$(ls "$ROOT/var/lib/xend/domains")"

# edited by hand, damaged, torn, not ours
stop_xend
sed -i 's/(memory 80)/(memory 88)/; s/(maxmem 80)/(maxmem 88)/' "$home/config.sxp"
touch "$ROOT/var/lib/xend/domains/.new-$uuid.sxp" "$ROOT/var/lib/xend/domains/.new-$uuid.chk"
mkdir -p "$ROOT/var/lib/xend/domains/00000000-0000-4000-8000-000000000001" \
    "$ROOT/var/lib/xend/domains/00000000-0000-4000-8000-000000000002" "$ROOT/var/lib/xend/domains/lost+found"
echo '(domain (name torn' >"$ROOT/var/lib/xend/domains/00000000-0000-4000-8000-000000000001/config.sxp"
start_xend test
assert_eq '88' "$(show web1 .config.memory)"
assert_eq 'Domain-0 web1' "$(api GET /v1/domains | jq -r '[.domains[].name]|join(" ")')"
assert_match 'ERROR .*000000000001/config.sxp: set aside as .*config.sxp.bad' "$(cat "$ROOT/var/log/xen/xend.log")"
assert_eq '' "$(find "$ROOT/var/lib/xend/domains" -name '.*-*')" 'torn files'
[ ! -e "$ROOT/var/lib/xend/domains/00000000-0000-4000-8000-000000000002" ] || fail "an empty one is still there"

assert_ok xm delete web1
assert_fails 3 xm domstate web1
[ ! -e "$home" ] || fail "not deleted: $(ls -R "$home")"

# a disk that is full: nothing is claimed
chmod 500 "$ROOT/var/lib/xend/domains"
if ! touch "$ROOT/var/lib/xend/domains/x" 2>/dev/null; then # not as root
    assert_fails 1 xm new -q "$file"
    assert_fails 3 xm domstate web1
fi
chmod 700 "$ROOT/var/lib/xend/domains"
rm -f "$ROOT/var/lib/xend/domains/x"

# what is changed after another xend found the guest running is kept as well
assert_ok xm new -q "$(make_config later 'maxmem = 128' 'maxvcpus = 2')"
assert_eq 2 "$(xm vcpu-list later | grep -c '^later')"
assert_ok xm start later
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend test
assert_ok xm rename later last
assert_ok xm mem-set last 100
assert_ok xm destroy last
assert_eq '["last",100]' "$(show last '[.name,.memory_mib]')"
again
assert_eq '["last",100]' "$(show last '[.name,.memory_mib]')"

# and beside a definition that waits for the next start
assert_ok xm start last
assert_ok xm new -q "$(make_config last 'memory = 90' 'maxmem = 128')"
assert_ok xm rename last both
assert_ok xm destroy both
again
assert_eq '["both",90]' "$(show both '[.name,.memory_mib]')"

# saved to a file: halted then; taken out again it is the same domain, under its present name
assert_ok xm new -q "$(make_config kept 'maxmem = 128')"
kept=$(show kept .uuid)
assert_ok xm start kept
assert_ok xm save kept "$T/kept.chk"
assert_eq '"halted"' "$(show kept .state)"
assert_ok xm rename kept kept2
assert_ok xm restore "$T/kept.chk"
assert_eq "[\"running\",true,$kept]" "$(show kept2 '[.state,.managed,.uuid]')"
assert_fails 1 xm restore "$T/kept.chk"
assert_match "Domain 'kept2' already exists with ID|uuid.* already" "$err"
assert_ok xm mem-set kept2 100
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend test
assert_eq "[\"running\",true,100]" "$(show kept2 '[.state,.managed,.memory_mib]')"
assert_ok xm destroy kept2
assert_eq '["halted",100]' "$(show kept2 '[.state,.config.memory]')"
# what it was defined as since then is for the next start; a file that is no good changes nothing
assert_ok xm new -q "$(make_config kept2 'memory = 72' 'maxmem = 128')"
assert_ok xm restore -p "$T/kept.chk"
assert_eq '["paused",64]' "$(show kept2 '[.state,.config.memory]')"
assert_eq '[72,true]' "$(api GET /v1/domains/kept2/config | jq -c '[.config.memory,.pending]')"
assert_ok xm destroy kept2
assert_eq '72' "$(show kept2 .config.memory)"
head -c "$(($(stat -c %s "$T/kept.chk") - 20))" "$T/kept.chk" >"$T/torn.chk"
assert_fails 1 xm restore "$T/torn.chk"
assert_eq '["halted",true,72]' "$(show kept2 '[.state,.managed,.config.memory]')"
again
assert_eq '["halted",true,72]' "$(show kept2 '[.state,.managed,.config.memory]')"
# not under another domain's name, nor beside what it was suspended to
assert_ok xm start kept2
assert_ok xm suspend kept2
assert_fails 1 xm restore "$T/kept.chk"
assert_ok xm delete kept2
assert_ok xm new -q "$(make_config kept)"
assert_fails 1 xm restore "$T/kept.chk"
assert_match "Domain 'kept' already exists" "$err"
