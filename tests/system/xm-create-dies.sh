#!/bin/sh
# A guest that dies as soon as it runs: create and reset say so, with what it said last.
. tests/functions.sh
mkdir -p "$ROOT/etc/xen"
echo '(test-control "console-log")' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test

file=$(make_config web1 'extra = "test:crash-on-resume"')
assert_fails 1 xm create "$file"
assert_eq 'Error: web1: it crashed as soon as it ran; its console said last:
    test guest web1: up' "$err"
assert_eq "Using config file \"$file\"." "$out"
assert_fails 3 xm domid web1

# Preserved, it is there to be looked at; starting anew ends as it began.
file=$(make_config web2 'extra = "test:crash-on-resume"' "on_crash = 'preserve'")
assert_fails 1 xm create -q "$file"
assert_match '^    test guest web2: up$' "$err"
assert_eq crashed "$(domain_state web2)"
assert_fails 1 xm reset web2
assert_match '^Error: web2: .*it crashed as soon as it ran; its console said last:$' "$err"
assert_match '^    test guest web2: up$' "$err"
assert_ok xm destroy web2
