#!/bin/sh
# rename and reset: another name for the same guest, another guest for the same name.
. tests/functions.sh
requires curl
start_xend test
create web1
create web2
uuid() { xm list --json "$1" | sed -n 's/^ *"uuid": "\(.*\)",*$/\1/p'; }
before=$(uuid web1)

# The guest stays the same; the old name is free.
assert_ok xm rename web1 www
assert_eq '' "$out$err"
assert_fails 3 xm domid web1
assert_ok xm domid www
assert_eq 1 "$out"
assert_eq "$before" "$(uuid www)"
assert_ok xm list -l www
assert_match '^ +\(name www\)$' "$out"
create web1
assert_fails 1 xm rename www web1
assert_match "^Error: .*'?web1'? already exists" "$err"
assert_fails 1 xm rename www 'a b'
assert_match "^Error: Invalid VM Name: 'a b'" "$err"
assert_fails 1 xm rename www ''
assert_match '^Error: Invalid VM Name' "$err"
assert_fails 3 xm rename nobody somebody
assert_fails 1 xm rename Domain-0 host
assert_match '^Error: Cannot rename privileged domain Domain-0' "$err"
assert_eq "$before" "$(uuid www)"

# By id and by UUID.
assert_ok xm rename 1 wiki
assert_ok xm rename "$before" www

# Reset: a new guest, the same domain, with the same configuration.
assert_ok xm reset www
assert_eq '' "$out$err"
assert_eq "$before" "$(uuid www)"
assert_ok xm domid www
assert_eq 4 "$out"
assert_eq running "$(domain_state www)"
assert_ok xm domid web2
assert_eq 2 "$out"
assert_fails 3 xm reset nobody
assert_fails 1 xm reset Domain-0
assert_match '^Error: Cannot reset privileged domain Domain-0' "$err"

# One that crashed and is preserved starts anew.
create tired "on_crash = 'preserve'"
crashed() { [ "$(domain_state tired)" = crashed ]; }
assert_ok xm sysrq tired c
eventually crashed
assert_ok xm reset tired
assert_eq running "$(domain_state tired)"
