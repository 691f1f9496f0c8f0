#!/bin/sh
# What domains share of a Xen host: its CPUs in pools, and dom0's memory, which it gives up for them. In dom0
# only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl

free_mib() { xl info | awk '$1 == "free_memory" { print $3 }'; }
dom0_mib() { xl list 0 | awk 'NR > 1 { print $3 }'; }
config() { # NAME MEMORY [LINE...]
    config_=$T/$1.cfg
    printf "name = '%s'\nkernel = '%s'\nmemory = %s\n" "$1" "$GRUB" "$2" >"$config_"
    shift 2
    [ $# = 0 ] || printf '%s\n' "$@" >>"$config_"
}
# cpupools, as xl sees them.
start_xend xen
pools() { "$1" cpupool-list "${2:-}" | sed 's/ *$//'; }
assert_eq "$(xl cpupool-list)" "$(xm cpupool-list)" 'the first pool beside xl'
printf 'name = "p1"\nsched = "credit"\ncpus = ["1"]\n' >"$T/pool.cfg"
assert_fails 1 xm cpupool-create "$T/pool.cfg"
assert_match 'CPU 1 is in another pool' "$err"
assert_ok xm cpupool-cpu-remove Pool-0 1
assert_ok xm cpupool-create "$T/pool.cfg"
assert_eq "Using config file \"$T/pool.cfg\"." "$out"
assert_eq "$(xl cpupool-list)" "$(xm pool-list 2>"$T/warning")" 'both pools beside xl'
assert_eq "$(xl cpupool-list -c | awk 'NR > 1')" "$(xm cpupool-list -c | awk 'NR > 1 { printf "%-18s %s\n", $1, $2 }')"
assert_match '\(scheduler credit\)' "$(xm cpupool-list -l p1)"
assert_fails 1 xm cpupool-create "$T/pool.cfg"
assert_match "Pool 'p1' already exists" "$err"
config c1 32 "pool = 'p1'" 'cpu_weight = 300' "cpus = '1'"
assert_ok xm create -q -p "$T/c1.cfg"
assert_match '^p1 +1 +credit +y +1$' "$(pools xl p1)"
assert_match '^c1 +[0-9]+ +300 +0$' "$(xl sched-credit -d c1)"
assert_match '^c1 +[0-9]+ +300$' "$(xm sched-credit2 -d c1)"
assert_fails 1 xm cpupool-destroy p1
assert_match "Pool 'p1' has 1 domains" "$err"
assert_fails 1 xm cpupool-cpu-remove p1 1
assert_ok xm cpupool-migrate c1 Pool-0
assert_match '^p1 +1 +credit +y +0$' "$(pools xl p1)"
assert_no_match '"pool":' "$(api GET '/v1/domains/c1?detail=config')"
assert_match '^c1 +[0-9]+ +300$' "$(xm sched-credit2)" # its new scheduler has been told
assert_fails 1 xm cpupool-migrate c1 p9
assert_match "Pool 'p9' does not exist" "$err"
assert_ok xm destroy c1
assert_ok xm cpupool-destroy p1
assert_fails 1 xm create -q -p "$T/c1.cfg"
assert_match "Pool 'p1' does not exist" "$err"
assert_ok xm cpupool-cpu-add Pool-0 1
assert_eq "$(xl cpupool-list)" "$(xm cpupool-list)"
assert_eq '' "$(xenstore-ls /local/pool/1 2>/dev/null)"

# Defined, started, and there again for a start when it was destroyed; xend's death changes nothing.
assert_ok xm cpupool-new "$T/pool.cfg"
assert_match '^p1 +1 +credit +n +0$' "$(pools xm p1)"
assert_no_match '^p1 ' "$(pools xl p1 2>&1)"
assert_fails 1 xm cpupool-new "$T/pool.cfg"
assert_match "Pool 'p1' already exists" "$err"
assert_fails 1 xm cpupool-start p1
assert_match 'CPU 1 is in another pool' "$err"
assert_ok xm cpupool-cpu-remove Pool-0 1
assert_match '^free_cpus *: 1$' "$(xm info)"
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend xen
assert_ok xm cpupool-start p1
assert_match '^p1 +1 +credit +y +0$' "$(pools xl p1 2>&1)"
assert_fails 1 xm cpupool-delete p1
assert_match "Pool 'p1' is active" "$err"
assert_ok xm cpupool-destroy p1
assert_match '^p1 +1 +credit +n +0$' "$(pools xm p1)"
assert_ok xm cpupool-delete p1
assert_fails 1 xm cpupool-start p1
assert_match "Pool 'p1' is not defined" "$err"
assert_ok xm cpupool-cpu-add Pool-0 1
assert_eq "$(xl cpupool-list)" "$(xm cpupool-list)"

# Keys of the hypervisor.
assert_ok xm dmesg -c
assert_ok xm debug-keys h
assert_match "key 'h' \(ascii '68'\)" "$(xm dmesg)"
stop_xend

wanted=$(($(free_mib) + 64))
had=$(dom0_mib)
config big $wanted

# Not unless the configuration says so.
start_xend xen
assert_fails 1 xm create -q -p "$T/big.cfg"
assert_match "Not enough free memory: $wanted MiB wanted, [0-9]+ MiB free" "$err"
assert_match "dom0 has $had MiB; \(dom0-min-mem MIB\) in xend-config.sxp" "$err"
stop_xend
mkdir -p "$ROOT/etc/xen"
echo "(dom0-min-mem $((had - 32)))" >"$ROOT/etc/xen/xend-config.sxp"
start_xend xen
assert_fails 1 xm create -q -p "$T/big.cfg"
assert_match "and dom0 can give 32 MiB \(it has $had, dom0-min-mem is $((had - 32))\)" "$err"
assert_eq "$had" "$(dom0_mib)" 'dom0 after a refusal'
stop_xend

# As much as is missing. What a create that fails had got is given back.
echo "(dom0-min-mem $((had / 2)))" >"$ROOT/etc/xen/xend-config.sxp"
start_xend xen
sed "s#^kernel.*#kernel = '/bin/true'#" "$T/big.cfg" >"$T/bad.cfg"
assert_fails 1 xm create -q -p "$T/bad.cfg"
assert_match 'no loader found' "$err"
assert_eq $((had * 1024)) "$(xenstore-read /local/domain/0/memory/target)" "dom0's target after a failure"
assert_ok xm create -q -p "$T/big.cfg"
now=$(dom0_mib)
[ "$now" -le $((had - 64)) ] || fail "dom0 had $had MiB, now $now"
[ "$now" -ge $((had - 96)) ] || fail "dom0 had $had MiB, now $now"
assert_eq "$wanted" "$(xl list big | awk 'NR > 1 { print $3 }')"
assert_ok xm destroy big
assert_eq "$now" "$(dom0_mib)" 'dom0 after the end'
stop_xend
xenstore-write /local/domain/0/memory/target $((had * 1024))
export had
timeout 60 sh -c 'until xl list 0 | grep -Eq "^Domain-0 +0 +$had "; do :; done' || fail 'dom0 does not grow'
xenstore-rm /local/domain/0/memory # this dom0 has none at first
