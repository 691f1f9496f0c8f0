#!/bin/sh
# What domains share of a Xen host: dom0's memory, which it gives up for them. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl

free_mib() { xl info | awk '$1 == "free_memory" { print $3 }'; }
dom0_mib() { xl list 0 | awk 'NR > 1 { print $3 }'; }
config() { # NAME MEMORY [LINE...]
    printf "name = '%s'\nkernel = '%s'\nmemory = %s\n" "$1" "$GRUB" "$2" >"$T/$1.cfg"
}
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
