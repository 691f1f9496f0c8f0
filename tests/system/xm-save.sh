#!/bin/sh
# xm save and restore on the test driver: whole files or none, guests that go on after a failure,
# files that are none, and what xend does when it is killed in the middle.
. tests/functions.sh
requires curl jq

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
field() {
    api GET "/v1/domains/$1?detail=config" | jq -r "$2"
}

create web1 'maxmem = 128' 'vcpus = 2' "extra = 'test:cpu=1500ms'"
uuid=$(field web1 .uuid)
config=$(field web1 .config)
assert_ok xm save web1 "$T/web1.save"
assert_eq '' "$out$err"
assert_fails 3 xm domid web1
assert_eq 'LinuxGuestRecord 600' "$(head -c 16 "$T/web1.save") $(stat -c %a "$T/web1.save")"
assert_eq '' "$(find "$T" -name '*-incomplete' -o -path '*/intents/*')"
assert_ok xm restore "$T/web1.save"
assert_eq "$uuid running" "$(field web1 '"\(.uuid) \(.state)"')"
assert_eq "$config" "$(field web1 .config)"

# it runs: another of its name or uuid is refused, and nothing of it is left
assert_fails 1 xm restore "$T/web1.save"
assert_match "^Error: restoring: Domain 'web1' already exists with ID" "$err"

# checkpoint: the guest goes on, or stays paused
assert_ok xm save -c web1 "$T/checkpoint"
assert_eq running "$(field web1 .state)"
assert_ok xm pause web1
(cd "$T" && assert_ok xm save -c web1 relative.save)
[ -s "$T/relative.save" ] || fail "not saved where the caller is"
assert_eq paused "$(field web1 .state)"
assert_ok xm destroy web1
assert_ok xm restore -p "$T/checkpoint"
assert_eq paused "$(field web1 .state)"
assert_ok xm destroy web1
assert_ok xm restore --json "$T/relative.save"
assert_match "\"state\": \"running\"" "$out"
assert_ok xm destroy web1

# once: there is the file or the domain
assert_ok xm restore --once "$T/relative.save"
assert_eq running "$(field web1 .state)"
[ ! -e "$T/relative.save" ] || fail 'a file that was restored once is still there'
assert_ok xm save web1 "$T/relative.save"
create web1
assert_fails 1 xm restore --once "$T/relative.save"
[ -s "$T/relative.save" ] || fail 'a file that was not restored is gone'
assert_ok xm destroy web1

# files that are none: one error with its place, nothing changed
bad() {
    assert_fails 1 xm restore "$T/bad"
    assert_match "$1" "$err"
    assert_eq Domain-0 "$(api GET /v1/domains | jq -r '.domains[].name')"
}
size=$(stat -c %s "$T/web1.save")
: >"$T/bad"
bad 'bad: not a saved domain'
head -c 300 /dev/zero >"$T/bad"
bad 'bad: not a saved domain: it does not begin with LinuxGuestRecord'
for n in 18 30 $((size - 1)); do
    head -c "$n" "$T/web1.save" >"$T/bad"
    bad 'Error: .*(early|ends|truncated|damaged)'
done
{ printf 'LinuxGuestRecord\377\377\377\377'; head -c 100 /dev/zero; } >"$T/bad"
bad 'at byte 16: a configuration of 4294967295 bytes: not from 1 to'
{ printf 'LinuxGuestRecord\0\0\0\006(domai'; } >"$T/bad"
bad 'its configuration:1:'
{ printf 'LinuxGuestRecord\0\0\0\021(domain (name x))'; } >"$T/bad"
bad 'it was not saved by this xend'
sed 's/(driver test)/(driver qemu)/' "$T/web1.save" >"$T/bad"
bad 'saved by the qemu driver, this xend has test'
sed 's/(version 1)/(version 2)/' "$T/web1.save" >"$T/bad"
bad 'saved by a newer xend'
assert_fails 1 xm restore "$T/none"
assert_eq "Error: xm restore: Unable to read file $T/none" "$err"

# places that cannot be written: the guest runs on
create web2
assert_fails 1 xm save web2 "$T/none/file"
assert_eq "Error: xm save: Unable to create file $T/none/file" "$err"
assert_fails 1 xm save web2 "$T"
assert_match 'is there and is no ordinary file' "$err"
mkdir "$T/full-incomplete"
assert_fails 1 xm save web2 "$T/full"
assert_fails 3 xm save nobody "$T/x"
assert_fails 1 xm save Domain-0 "$T/x"
assert_eq 'Error: Cannot save privileged domain Domain-0' "$(echo "$err" | head -n 1)"
assert_eq running "$(field web2 .state)"

# a driver that fails, a job that is cancelled: likewise
create broken "extra = 'test:fail=save'"
assert_fails 1 xm save broken "$T/broken"
assert_match '^Error: broken: saving: ' "$err"
create slow "extra = 'test:delay-save=60s'"
api POST /v1/domains/slow/save -d "{\"file\":\"$T/slow\"}" >"$T/job"
assert_ok xm job-cancel "$(jq .id "$T/job")"
run xm job-wait "$(jq .id "$T/job")"
assert_eq 'running running' "$(field broken .state) $(field slow .state)"
assert_eq "$T/full-incomplete" "$(find "$T" -name '*-incomplete' -o -path '*/intents/*')$(find "$T" -name 'broken' -o -name slow)"
