#!/bin/sh
# Guests on real Xen, by xend and xm, with xl beside them: in dom0 only (tests/rig/suite). Nothing may be
# left of them, whenever and however they end; domains of others are not touched.
. tests/functions.sh
. tests/xen.sh
requires xl xenstore-ls curl

# config NAME KERNEL MEMORY [LINE...]
config() {
    config_=$T/$1.cfg
    printf "name = '%s'\nkernel = '%s'\nmemory = %s\ntsc_mode = 2\n" "$1" "$2" "$3" >"$config_"
    shift 3
    printf '%s\n' "$@" >>"$config_"
}
# clean WHEN: nothing is left of any guest
clean() {
    assert_eq "$(cat "$T/tree")" "$(tree)" "xenstore after $1"
    assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')" "domains after $1"
    assert_eq '' "$(ls "$ROOT/var/run/xend/xen")" "state files after $1"
}
# An adopted guest that somebody unpaused, a dead one, ...: what xm list comes to show.
shows() { # NAME STATE
    xm list >/dev/null # a look at the domains: Xen tells nobody of a pause
    [ "$(domain_state "$1")" = "$2" ]
}
crash_xend() {
    pid=$(cat "$ROOT/var/run/xend.pid")
    kill -9 "$pid"
    timeout 20 tail --pid="$pid" -f /dev/null || fail 'xend does not die'
}

tree >"$T/tree"
config g1 "$GRUB" 32 "on_crash = 'preserve'"
xend start --root "$ROOT" >"$T/xend.out" 2>&1 || fail "xend does not start: $(cat "$T/xend.out")"
assert_match '"driver":"xen"' "$(api GET /v1)" 'the driver in dom0'
# All keys of xm's, in its order; xl has some more.
assert_eq "$(xl info | sed -E '/^(max_cpu_id|sharing_.*|outstanding_claims|xen_version|build_id) /d
    s/^(cpu_mhz.*)\..*/\1/; s/^(virt_caps.*) gnttab-v1.*/\1/; s/ *$//')" "$(xm info | sed 's/ *$//')" 'xm info beside xl'

# Made, paused; seen by xl; run; heard.
assert_ok xm create -q -p "$T/g1.cfg"
id=$(xm domid g1)
assert_eq "$id" "$(xl domid g1)" 'domid'
assert_match "^g1 +$id +32 +1 +--p---" "$(xm list g1)"
assert_match "^g1 +$id +32 +1 +--p---" "$(xl list g1)"
assert_match '^Domain-0 +0 +[0-9]+ +2 +r-----' "$(xm list Domain-0)"
assert_eq "$(xl list Domain-0 | awk 'NR > 1 { print $3 }')" "$(xm list Domain-0 | awk 'NR > 1 { print $3 }')"
assert_ok xm unpause g1
wait_console g1 'GNU GRUB'
mkfifo "$T/in" "$T/said"
"$BUILD_DIR/xm" console g1 <"$T/in" >"$T/said" &
console=$!
PIDS="$PIDS $console"
exec 4>"$T/in" 5<"$T/said"
timeout 20 grep -qa -m 1 GRUB <&5 || fail 'xm console does not tell what was said before'
printf 'echo he"a"rd\r' >&4
wait_console g1 'heard'
printf '\035' >&4
wait $console || fail "xm console: status $?"
exec 4>&- 5<&-

# Pause and unpause, by xm, twice the same, and by xl.
assert_ok xm pause g1
assert_match '^g1 .* --p---' "$(xl list g1)"
assert_ok xm pause g1
assert_ok xm unpause g1
assert_no_match '^g1 .* --p---' "$(xl list g1)"
xl pause g1
eventually shows g1 paused

# xend dies: the guest does not, and is found again.
crash_xend
xl unpause g1
assert_match '^g1 ' "$(xl list g1)"
start_xend xen
assert_eq "$id" "$(xm domid g1)" 'domid after a crash of xend'
assert_eq running "$(domain_state g1)"
crash_xend
xl destroy g1 # while no xend is there
start_xend xen
assert_fails 3 xm domid g1
clean 'a destroy without xend'

# Somebody else's domain is not touched, not even when it has a uuid that we know (more: xen-foreign.sh).
sed 's/g1/x1/; s/tsc_mode.*/type = "pv"/' "$T/g1.cfg" >"$T/x1.cfg"
xl create -q -p "$T/x1.cfg" >/dev/null 2>&1
uuid=$(xl list -v x1 | awk 'NR > 1 { print $7 }')
crash_xend
start_xend xen
knows_x1() { xm domid x1 >/dev/null 2>&1; }
eventually knows_x1
config g2 "$GRUB" 32 "uuid = '$uuid'"
assert_fails 1 xm create -q -p "$T/g2.cfg"
assert_match "Domain 'x1' has this uuid already: $uuid" "$err"
assert_match '^x1 ' "$(xl list x1)"
xl destroy x1
assert_ok xm create -q -p "$T/g1.cfg"
xl destroy g1
xm_knows_end() { ! xm domid g1 >/dev/null 2>&1; }
eventually xm_knows_end
clean 'xl destroy'

# What it cannot do is refused by name; what fails says in which step, and leaves nothing.
refused() { # TEXT
    assert_fails 1 xm create -q -p "$T/bad.cfg"
    assert_match "$1" "$err"
    clean "a refused create: $1"
}
# (this test has no hook scripts; xen-devices.sh has)
config bad "$GRUB" 32 "disk = ['phy:/dev/loop0,xvda,w']"
refused 'Device 51712 \(vbd\) could not be connected: .*/scripts/block: No such file or directory'
config bad "$GRUB" 32 "vif = ['bridge=xenbr0']"
refused 'Device 0 \(vif\) could not be connected: .*/scripts/vif-bridge: No such file or directory'
config bad "$GRUB" 999999
refused 'Not enough free memory: 999999 MiB wanted, [0-9]+ MiB free'
config bad /bin/true 32
refused 'bad: loading its kernel: /bin/true: no loader found: Invalid kernel'
config bad "$GUEST/vmlinux" 32
refused 'bad: loading its kernel: .*/vmlinux: segment kernel too large .*: Out of memory'
config bad /nowhere/kernel 32
assert_fails 1 xm create -q -p "$T/bad.cfg"
assert_match '/nowhere/kernel' "$err"

# A guest with an operating system obeys.
config l1 "$GUEST/vmlinux" 128 "ramdisk = '$GUEST/initrd.img'" "extra = 'console=hvc0 quiet'"
assert_ok xm create -q "$T/l1.cfg"
wait_console l1 'guest: ready'
id=$(xm domid l1)
another() {
    now=$(xm domid l1 2>/dev/null) && [ "$now" != "$id" ] && [ "$(domain_state l1)" = running ]
}
assert_ok xm reboot l1
eventually another
wait_console l1 'guest: ready'
assert_ok xm shutdown -w l1
clean 'xm shutdown'
stop_xend

# xend killed at each step of create and destroy: the next one finds all done, or nothing.
settled() {
    ! api GET /v1/jobs | grep -q '"state":"\(queued\|running\)"'
}
for point in checked prepared intended made loaded described ready destroyed; do
    XEND_FAULT=xen.$point start_xend xen
    pid=$(cat "$ROOT/var/run/xend.pid")
    xm create -q -p "$T/g1.cfg" >/dev/null 2>&1 || true
    [ $point != destroyed ] || xm destroy g1 >/dev/null 2>&1 || true
    timeout 20 tail --pid="$pid" -f /dev/null || fail "xend did not pass xen.$point"
    start_xend xen
    eventually settled
    if [ "$(xl list | grep -c '^g1 ')" = 1 ]; then
        assert_eq "$(xl domid g1)" "$(xm domid g1)" "domid, xend killed at xen.$point"
        assert_ok xm destroy g1
    fi
    assert_fails 3 xm domid g1
    clean "a xend killed at xen.$point"
    stop_xend
done
