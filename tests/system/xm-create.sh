#!/bin/sh
# xm create on the test driver: what it prints, what it refuses.
. tests/functions.sh
start_xend test
config=$(make_config web1)

assert_ok xm create "$config"
assert_eq "Using config file \"$config\".
Started domain web1 (id=1)" "$out"
assert_eq '' "$err"
assert_eq running "$(domain_state web1)"

# The name and the uuid are taken.
assert_fails 1 xm create "$config"
assert_eq "Error: Domain 'web1' already exists with ID '1'" "$err"
uuid=$(xm list --json web1 | sed -n 's/^ *"uuid": "\(.*\)",*$/\1/p')
assert_fails 1 xm create -q "$config" name=web2 uuid="$uuid"
assert_match '^Error: .*' "$err"
assert_eq '' "$out"

# Quiet; paused; overridden on the command line; options may follow the file.
assert_ok xm create "$config" -qp name=web2 memory=96
assert_eq '' "$out$err"
assert_ok xm list web2
assert_match '^web2  *2    96     1     --p---      0\.0$' "$out"

# JSON of the new domain.
assert_ok xm create --json "$config" name=web3
assert_match '^ *"name": "web3",$' "$out"
assert_match '^ *"domid": 3,$' "$out"
assert_match '^\{$' "$(printf '%s\n' "$out" | head -n 1)"

# From SXP.
xm create -nq "$config" name=web4 >"$T/web4.sxp"
assert_ok xm create -F "$T/web4.sxp"
assert_match '^Started domain web4 \(id=4\)$' "$out"

# The name of the file is the name of a domain that gives none.
sed '/^name/d' "$config" >"$T/web5"
assert_ok xm create "$T/web5"
assert_match '^Started domain web5 \(id=5\)$' "$out"

# Refused by xend: more memory than the host has. Nothing is left of it.
assert_fails 1 xm create -q "$config" name=web6 memory=16000000
assert_match '^Error: ' "$err"
assert_fails 3 xm list web6
assert_ok xm list
assert_eq 6 "$(printf '%s\n' "$out" | sed 1d | wc -l | tr -d ' ')"
