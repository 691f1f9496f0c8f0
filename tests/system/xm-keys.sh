#!/bin/sh
# sysrq, trigger, dmesg: keys for the guest's kernel, pins of its machine, the hypervisor's log.
. tests/functions.sh
requires curl
start_xend test
create web1

# The console of web1 as 5.
mkfifo "$T/in" "$T/said"
"$BUILD_DIR/xm" console web1 <"$T/in" >"$T/said" &
PIDS="$PIDS $!"
exec 4>"$T/in" 5<"$T/said"
hear up

# Keys: any letter reaches the guest; c crashes it, o turns it off.
assert_ok xm sysrq web1 s
assert_eq '' "$out$err"
hear 'sysrq: s'
create web2
assert_ok xm sysrq web2 o
gone() { ! xm domid "$1" >/dev/null 2>&1; }
eventually gone web2
create web3 "on_crash = 'preserve'"
assert_ok xm sysrq web3 c
crashed() { [ "$(domain_state web3)" = crashed ]; }
eventually crashed
assert_fails 3 xm sysrq nobody s
assert_eq "Error: Domain 'nobody' does not exist." "$err"
assert_fails 1 xm sysrq Domain-0 s
assert_match '^Error: Cannot sysrq privileged domain Domain-0' "$err"

# Triggers.
for t in nmi init 'nmi 0' s3resume; do
    # shellcheck disable=SC2086  # words
    run xm trigger web1 $t
    [ "$status" = 0 ] || assert_match '^Error: web1: trigger ' "$err"
    assert_eq running "$(domain_state web1)" "$t"
done
hear 'trigger: nmi 0'
hear 'trigger: init 0'
assert_fails 1 xm trigger web1 poke
assert_match '^Error: Invalid trigger: poke' "$err"
assert_fails 1 xm trigger web1 nmi 99
assert_match '^Error: ' "$err"
assert_fails 3 xm trigger nobody nmi
assert_fails 1 xm trigger Domain-0 nmi
assert_match '^Error: Cannot trigger privileged domain Domain-0' "$err"
assert_ok xm trigger web1 power # as its button does
eventually gone web1

# The hypervisor's log, and that -c forgets it.
assert_ok xm dmesg
assert_match '^\(test\) d1: created$' "$out"
log=$out
assert_ok xm dmesg --clear
assert_eq "$log" "$out"
assert_ok xm dmesg
assert_eq '' "$out"
