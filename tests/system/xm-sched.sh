#!/bin/sh
# xm sched-credit, sched-credit2 and sched-sedf: the original's columns, errors and exit codes; kept for
# managed domains. On the test driver, whose host says credit2.
. tests/functions.sh
start_xend test
assert_ok xm new -q "$(make_config web1 'cpu_weight = 512' 'cpu_cap = 50')"
create web2
list() {
    xm sched-credit2 "$@"
}
assert_eq 'Name                                ID Weight
Domain-0                             0     -1
web1                                      512
web2                                 1    256' "$(list)"
assert_eq 'Name                                ID Weight
web2                                 1    256' "$(list -d web2)"
assert_eq "$(list -d web2)" "$(list --domain=1)"
assert_match '"cap": 50' "$(list --json -d web1)"

# Set, of what runs and of what does not; what is not given stays; xend's next start has it.
assert_ok xm sched-credit2 -d web1 -w 1024
assert_ok xm sched-credit2 -d web2 -w 128 -c 100
assert_eq '' "$out"
stop_xend
start_xend test
assert_match '^web1 +1024$' "$(list)"
assert_match '"cap": 50' "$(list --json -d web1)"
assert_match '"cpu_weight": 1024' "$(api GET '/v1/domains/web1?detail=config' | sed 's/":/": /g')"

# A running managed domain and its pending definition.
assert_ok xm start web1
sed 's/50/60/' "$T/web1.cfg" >"$T/web1b.cfg"
assert_ok xm new -q "$T/web1b.cfg"
assert_ok xm sched-credit2 -d web1 -w 333
assert_ok xm destroy web1
assert_match '^web1 +333$' "$(list)"
assert_match '"cap": 60' "$(list --json -d web1)"

refuses() { # STATUS TEXT WORD...
    status_=$1 text_=$2
    shift 2
    assert_fails "$status_" xm "$@"
    assert_match "$text_" "$err"
}
refuses 1 '^Error: No domain given\.$' sched-credit2 -w 100
refuses 1 '^Error: Invalid argument\.$' sched-credit2 -d web1 -w heavy
refuses 1 'Cpu weight out of range, valid values are within range from 1 to 65535' sched-credit2 -d web1 -w 0
refuses 1 'Cpu weight out of range' sched-credit2 -d web1 -w 65536
refuses 1 'Cpu cap out of range, valid range is from 0 to 100 for specified number of vcpus' \
    sched-credit2 -d web1 -c 101
refuses 3 "Domain 'web9' does not exist" sched-credit2 -d web9
refuses 3 "Domain 'web9' does not exist" sched-credit2 -d web9 -w 100
refuses 1 '^Error: Xen is running with the credit2 scheduler$' sched-credit
refuses 1 '^Error: Xen is running with the credit2 scheduler$' sched-sedf -p 1 web1

# What only a Xen host has.
printf 'cpus = 1\n' >"$T/pool"
for command in 'cpupool-list' 'cpupool-list -c' "cpupool-create $T/pool" 'cpupool-destroy p1' "cpupool-new $T/pool" 'cpupool-start p1' 'cpupool-delete p1' \
    'cpupool-cpu-add p1 1' 'cpupool-cpu-remove p1 1'; do
    # shellcheck disable=SC2086
    refuses 1 'the test driver has no cpupools' $command
done
refuses 1 'the test driver has no cpupools' cpupool-migrate web1 p1
refuses 1 'the test driver has no debug keys' debug-keys h
printf 'cpus = {}\n' >"$T/pool"
refuses 1 'cpus: expected a count, or CPUs such as' cpupool-create "$T/pool"
