#!/bin/sh
# xm list: the columns that programs parse, byte for byte; states, selection, SXP, JSON.
. tests/functions.sh
start_xend test

assert_ok xm list
assert_eq 'Name                                        ID   Mem VCPUs      State   Time(s)' \
    "$(printf '%s\n' "$out" | sed -n 1p)"
assert_match '^Domain-0                                     0 +[0-9]+ +[0-9]+     (r-----|-b----)  +[0-9]+\.[0-9]$' "$out"
assert_eq 2 "$(printf '%s\n' "$out" | wc -l | tr -d ' ')"

create web2
create web1 'vcpus = 2'
create a-name-that-is-longer-than-the-forty-columns-of-its-place
assert_ok xm pause web2
assert_ok xm list web2
assert_eq 'Name                                        ID   Mem VCPUs      State   Time(s)
web2                                         1    64     1     --p---      0.0' "$out"
assert_ok xm list web1 web2
assert_match '^web1                                         2    64     2     (r-----|-b----)      [0-9]\.[0-9]$' "$out"
assert_eq 3 "$(printf '%s\n' "$out" | wc -l | tr -d ' ')"
assert_ok xm list
assert_eq 'Domain-0
a-name-that-is-longer-than-the-forty-columns-of-its-place
web1
web2' "$(printf '%s\n' "$out" | awk 'NR > 1 { print $1 }')" 'order'
assert_match '^a-name-that-is-longer-than-the-forty-columns-of-its-place     3    64     1     (r-----|-b----)      [0-9]\.[0-9]$' "$out"

# By id and by uuid.
assert_ok xm list 2
assert_match '^web1 ' "$out"
assert_ok xm list 00000000-0000-0000-0000-000000000000
assert_match '^Domain-0 ' "$out"

# An unknown name: status 3, and not half a list.
assert_fails 3 xm list web1 nobody
assert_eq "Error: Domain 'nobody' does not exist." "$err"
assert_eq '' "$out"

# By state.
assert_ok xm list --state=paused
assert_eq 'web2' "$(printf '%s\n' "$out" | awk 'NR > 1 { print $1 }')"
assert_ok xm list --state running
assert_eq 3 "$(printf '%s\n' "$out" | sed 1d | wc -l | tr -d ' ')"
assert_ok xm list --state=all
assert_eq 4 "$(printf '%s\n' "$out" | sed 1d | wc -l | tr -d ' ')"
assert_ok xm list --state=crashed
assert_eq 1 "$(printf '%s\n' "$out" | wc -l | tr -d ' ')"

# SXP: what xendomains and other programs look for stands on lines of its own.
assert_ok xm list -l web2
assert_eq '(domain
    (domid 1)' "$(printf '%s\n' "$out" | sed -n 1,2p)"
for line in '\(name web2\)' '\(memory 64\)' '\(online_vcpus 1\)' '\(status 1\)' '\(state --p---\)' \
    '\(start_time [0-9]+\.[0-9]+\)' '\(cpu_time [0-9.]+\)' '\(uuid [0-9a-f-]{36}\)' \
    "(\(image \(linux )?\(kernel( .*)?"; do
    assert_match "^ +($line)" "$out"
done
assert_ok xm list --long
assert_eq 4 "$(printf '%s\n' "$out" | grep -c '^(domain$')"
assert_eq 4 "$(printf '%s\n' "$out" | grep -c '^)$')"

# JSON.
requires python3
xm list --json >"$T/json"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert [x["name"] for x in d][::3] == ["Domain-0", "web2"], d
assert d[3]["state"] == "paused" and d[3]["memory_mib"] == 64, d[3]' "$T/json" || fail JSON
xm list --json -l web1 | python3 -c 'import json, sys
assert json.load(sys.stdin)[0]["config"]["vcpus"] == 2' || fail 'JSON with configuration'

# Nobody is in such a state.
assert_ok xm list --state=unknown
assert_eq 1 "$(printf '%s\n' "$out" | wc -l | tr -d ' ')"
assert_ok xm list --json --state=crashed
assert_eq '[]' "$out"
