#!/bin/sh
# mem-set and mem-max: what a domain has and may have.
. tests/functions.sh
start_xend test
create web1 'maxmem = 256'
create deaf 'maxmem = 256' 'extra = "test:ignore-memory"'

# memory NAME: what it has, and may have, in MiB.
memory() {
    xm list --json "$1" | sed -n 's/^ *"\(max\)*mem\(ory\)*_mib": \([0-9]*\),*$/\3/p' | xargs
}

assert_eq '64 256' "$(memory web1)"
assert_ok xm mem-set web1 200
assert_eq '' "$out$err"
assert_eq '200 256' "$(memory web1)"
assert_ok xm mem-set web1 131072k
assert_eq '128 256' "$(memory web1)"
assert_ok xm balloon web1 100M
assert_eq 'Command balloon is deprecated.  Please use xm mem-set instead.' "$err"
assert_eq '100 256' "$(memory web1)"
assert_ok xm mem-set --json web1 96
assert_eq '{"memory_mib":96}' "$(echo "$out" | tr -d ' \n')"

# Limits: the maximum, which mem-max moves where the guest can have it; never below what it has.
assert_fails 1 xm mem-set web1 1G
assert_match '^Error: web1: mem-set: 1024 MiB is more than its maximum, 256 MiB$' "$err"
assert_match '^xm mem-max ' "$err"
assert_ok xm mem-max web1 1G
assert_eq '' "$out$err"
assert_eq '96 1024' "$(memory web1)"
assert_ok xm mem-set web1 1G
assert_eq '1024 1024' "$(memory web1)"
assert_fails 1 xm mem-max web1 512
assert_match '^Error: web1: mem-max: memory_dynamic_max too small' "$err"
for size in 0 1k 99999999999; do
    assert_fails 1 xm mem-set web1 $size
    assert_match '^Error: ' "$err" "mem-set $size"
done
assert_eq '1024 1024' "$(memory web1)" 'after what was refused'

# A guest that does not give its memory back.
assert_fails 1 xm mem-set deaf 200
assert_match '^Error: deaf: mem-set: the guest has not obeyed: it has 64 MiB, 200 MiB asked for' "$err"
assert_eq '64 256' "$(memory deaf)"

# The next guest of the domain has the same.
assert_ok xm mem-set web1 512
assert_ok xm reset web1
assert_eq '512 1024' "$(memory web1)"

for c in mem-set mem-max; do
    assert_fails 3 xm $c nobody 64
    assert_eq "Error: Domain 'nobody' does not exist." "$err"
    assert_fails 1 xm $c Domain-0 64
    assert_match '^Error: Cannot .* privileged domain Domain-0' "$err"
done
