#!/bin/sh
# vcpu-list, vcpu-set, vcpu-pin: what a domain has, changes, and keeps over a reset.
. tests/functions.sh
requires python3
start_xend test
create web1 'vcpus = 2' 'maxvcpus = 4' 'cpus = "0-3,^1"'
create web2 'extra = "test:ignore-vcpus"' 'maxvcpus = 2'

# vcpus NAME: vcpu, CPU or -, state and affinity of each.
vcpus() {
    assert_ok xm vcpu-list "$1"
    printf '%s\n' "$out" | sed 1d | sed -E 's/^[^ ]+ +[0-9]+ +([0-9]+) +([-0-9]+) +([-rbp]+) +[0-9.]+ /\1 \2 \3 /; s/ [0-9]+ (r--|-b-) / up /'
}

assert_ok xm vcpu-list
assert_eq 'Name                                ID  VCPU   CPU State   Time(s) CPU Affinity' \
    "$(printf '%s\n' "$out" | sed -n 1p)"
assert_match '^Domain-0                             0     0 +[0-9]+ +(r--|-b-) +[0-9]+\.[0-9] any cpu$' "$out"
assert_match '^web1                                 1     1 +[0-9]+ +(r--|-b-)       0\.0 0,2-3$' "$out"
assert_match '^web1                                 1     2     -   --p       0\.0 0,2-3$' "$out"
assert_match '^web2                                 2     0 +[0-9]+ +(r--|-b-)       0\.0 any cpu$' "$out"
assert_ok xm vcpu-list web2 1
assert_eq 'web2 web2 web1 web1 web1 web1' "$(printf '%s\n' "$out" | awk 'NR > 1 { print $1 }' | xargs)"
assert_fails 3 xm vcpu-list web1 nobody
assert_eq "Error: Domain 'nobody' does not exist." "$err"
assert_eq '' "$out"
xm vcpu-list --json web1 web2 >"$T/json"
assert_eq '[["web1", 1, 4], ["web2", 2, 2]]' "$(python3 -c 'import json, sys
print(json.dumps([[d["name"], d["domid"], len(d["vcpus"])] for d in json.load(sys.stdin)]))' <"$T/json")"

# More of them, fewer, and more than there can be.
assert_ok xm vcpu-set web1 4
assert_eq '' "$out$err"
assert_eq '0 up 0,2-3
1 up 0,2-3
2 up 0,2-3
3 up 0,2-3' "$(vcpus web1)"
assert_ok xm set-vcpus web1 1
assert_eq 'Command set-vcpus is deprecated.  Please use xm vcpu-set instead.' "$err"
assert_eq '0 up 0,2-3
1 - --p 0,2-3
2 - --p 0,2-3
3 - --p 0,2-3' "$(vcpus web1)"
assert_ok xm list web1
assert_match '^web1 +1 +64 +1 ' "$out"
assert_fails 1 xm vcpu-set web1 5
assert_match '^Error: .*Cannot set vcpus greater than max vcpus on running domain' "$err"
for n in 0 5000; do
    assert_fails 1 xm vcpu-set web1 $n
    assert_match '^Error: ' "$err"
done
assert_fails 1 xm vcpu-set web2 2
assert_match '^Error: web2: vcpu-set: the guest has not obeyed: 1 virtual CPU.*2 asked for' "$err"

# Pinning: one, all, and nowhere in particular.
assert_ok xm vcpu-pin web1 0 2
assert_eq '' "$out$err"
assert_eq '0 up 2
1 - --p 0,2-3' "$(vcpus web1 | sed -n 1,2p)"
assert_ok xm vcpu-pin web1 all 0-2,^1,5
assert_eq '0 up 0,2,5
1 - --p 0,2,5' "$(vcpus web1 | sed -n 1,2p)"
assert_ok xm vcpu-pin web1 1 all
assert_eq '0 up 0,2,5
1 - --p any cpu' "$(vcpus web1 | sed -n 1,2p)"
for wrong in x 0- 1,,2 ^1 99999; do
    assert_fails 1 xm vcpu-pin web1 0 "$wrong"
    assert_match '^Error: ' "$err" "vcpu-pin 0 $wrong"
done
assert_fails 1 xm vcpu-pin web1 7 0
assert_match '^Error: web1: vcpu-pin: .* 7' "$err"
assert_eq '0 up 0,2,5' "$(vcpus web1 | sed -n 1p)" 'after what was refused'

# The next guest of the domain has the same.
assert_ok xm reset web1
assert_eq '0 up 0,2,5
1 - --p any cpu
2 - --p 0,2,5
3 - --p 0,2,5' "$(vcpus web1)"

for c in 'vcpu-set Domain-0 1' 'vcpu-pin 0 0 0'; do
    # shellcheck disable=SC2086  # words
    assert_fails 1 xm $c
    assert_match '^Error: Cannot .* privileged domain Domain-0' "$err"
done
for c in 'vcpu-set nobody 1' 'vcpu-pin nobody 0 0'; do
    # shellcheck disable=SC2086  # words
    assert_fails 3 xm $c
    assert_eq "Error: Domain 'nobody' does not exist." "$err"
done

assert_fails 1 xm vcpu-set web1 0
assert_eq 'Error: Zero or less VCPUs is invalid' "$err"

# Nothing is not all.
for nothing in '' ' '; do
    assert_fails 1 xm vcpu-pin web1 0 "$nothing"
    assert_eq 'Error: Invalid argument.' "$err"
done
assert_eq '0 up 0,2,5' "$(vcpus web1 | sed -n 1p)" 'after nothing'
