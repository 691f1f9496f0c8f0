#!/bin/sh
# info, version, domid, domname, uptime: their formats, and JSON.
. tests/functions.sh
requires python3
start_xend test
create web1

assert_ok xm info
assert_match '^host                   : ' "$out"
assert_match '^xend_config_format     : 4$' "$out"
assert_no_match '^.{23}[^:]' "$out"
order=$(printf '%s\n' "$out" | sed 's/ .*//' | tr '\n' ' ')
case $order in
host\ release\ version\ machine\ nr_cpus\ nr_nodes\ cores_per_socket\ threads_per_core\ cpu_mhz\ *) ;;
*) fail "order of xm info: $order" ;;
esac

# The topology stands where the original had it; a table begins on a line of its own.
assert_no_match '^(cpu_topology|numa_info)' "$out"
assert_ok xm info -n
assert_eq 'free_cpus cpu_topology numa_info xen_major' "$(printf '%s\n' "$out" |
    sed -n 's/^\([a-z_]*\)  *:.*/\1/p' | grep -x 'free_cpus\|cpu_topology\|numa_info\|xen_major' | xargs)"
assert_match '^cpu_topology           :$' "$out"
assert_match '^cpu: +core +socket +node$' "$out"
assert_match '^numa_info              :$' "$out"

# The options of xend in force, in the original's columns.
assert_ok xm info --config
assert_match '^xend-driver                           : test$' "$out"
assert_no_match '^.{38}[^:]' "$out"

assert_ok xm version
assert_eq "$(xm --version | sed 's/^xm //')" "$(printf '%s\n' "$out" | sed -n 's/^xm  *: //p')"
assert_match '^xend                   : [0-9]' "$out"
assert_match '^api                    : 1$' "$out"
assert_match '^driver                 : test$' "$out"

assert_ok xm domid web1
assert_eq 1 "$out"
assert_ok xm domname 1
assert_eq web1 "$out"
assert_ok xm domname web1
assert_eq web1 "$out"

assert_ok xm uptime
assert_eq 'Name                                ID Uptime ' "$(printf '%s\n' "$out" | sed -n 1p)"
assert_match '^web1                                 1  0:0[0-9]:[0-5][0-9]$' "$out"
assert_match '^Domain-0                             0 ([0-9]+ days?, )?[ 0-9][0-9]:[0-5][0-9]:[0-5][0-9]$' "$out"
assert_ok xm uptime -s web1
assert_match '^ [0-2][0-9]:[0-5][0-9]:[0-5][0-9] up  0:0[0-9], web1 \(1\)$' "$out"

for c in list info 'info -c' 'info -n' vcpu-list version uptime 'uptime web1' 'domid web1' 'domname 1' 'domstate web1'; do
    # shellcheck disable=SC2086  # words
    xm $c --json >"$T/json" || fail "xm $c --json"
    python3 -m json.tool <"$T/json" >/dev/null || fail "xm $c --json: $(cat "$T/json")"
done
