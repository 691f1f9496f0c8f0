#!/bin/sh
# The command line itself: help, lookup of commands, options, counts of arguments. No xend runs.
. tests/functions.sh

# Without a command: the short help, status 1. Asked for: the long one, status 0.
assert_fails 1 xm
assert_match '^Usage: xm .*<subcommand> \[args\]$' "$out"
assert_match "^Common 'xm' commands:$" "$out"
assert_match '^ create               Create ' "$out"
assert_no_match '^ domid ' "$out"
assert_eq '' "$err"
assert_ok xm help
long=$out
assert_match '^xm full list of subcommands:$' "$out"
assert_match '^ domid                Convert ' "$out"
assert_ok xm -h
assert_eq "$long" "$out"
assert_ok xm --help
assert_eq "$long" "$out"
assert_ok xm --version
assert_match '^xm [0-9]+\.[0-9]+' "$out"

# Every command has help, by each way to ask; --help ends with 1, as it always did.
commands=$(printf '%s\n' "$long" | sed -n 's/^ \([a-z][a-z-]*\)  *[A-Z].*/\1/p')
for c in $commands; do
    assert_fails 1 xm "$c" --help
    assert_match "^Usage: xm $c" "$out" "help of $c"
    help=$out
    assert_fails 1 xm "$c" some words -h
    assert_eq "$help" "$out" "xm $c -h"
    assert_ok xm help "$c"
    assert_eq "$help" "$out" "xm help $c"
done
[ "$(printf '%s\n' "$commands" | wc -l)" -ge 15 ] || fail "commands: $commands"

# Unknown, and nearly known.
assert_fails 1 xm frobnicate
assert_eq 'Error: Subcommand frobnicate not found!' "$err"
assert_match "^Common 'xm' commands:$" "$out"
assert_fails 1 xm lits
assert_eq 'Error: Subcommand lits not found!
did you mean list?' "$err"
assert_fails 1 xm help lits
assert_match '^Error: Subcommand lits not found!$' "$err"

# A unique beginning of two letters is enough, one letter or two candidates are not.
assert_fails 1 xm des --help
assert_match '^Usage: xm destroy <Domain>$' "$out"
assert_fails 1 xm d
assert_eq 'Error: Subcommand d not found!' "$err"
assert_fails 1 xm dom web1
assert_eq 'Error: Subcommand dom not found!
did you mean domid, domname, domstate?' "$err"

# An old name warns on stderr.
run xm balloon web1 64
assert_match '^Command balloon is deprecated\.  Please use xm mem-set instead\.$' "$err"

# Wrong options and counts: the error, a blank line, the usage.
assert_fails 1 xm list --frob
assert_eq 'Error: option --frob not recognized' "$err"
assert_match '^Usage: xm list ' "$out"
assert_fails 1 xm list -x
assert_eq 'Error: option -x not recognized' "$err"
assert_fails 1 xm list --state
assert_eq 'Error: option --state requires argument' "$err"
assert_fails 1 xm list --json=1
assert_eq 'Error: option --json must not have an argument' "$err"
assert_fails 1 xm pause
assert_eq "Error: 'xm pause' requires 1 argument." "$err"
assert_match '^Usage: xm pause <Domain>$' "$out"
assert_fails 1 xm pause a b
assert_eq "Error: 'xm pause' requires 1 argument." "$err"
assert_fails 1 xm info a
assert_eq "Error: 'xm info' requires 0 arguments." "$err"
assert_fails 1 xm help a b
assert_eq "Error: 'xm help' requires between 0 and 1 arguments." "$err"
assert_fails 1 xm shutdown
assert_eq 'Error: No domain parameter given' "$err"
assert_fails 1 xm shutdown -RH web1
assert_eq "Error: Can't specify halt and reboot" "$err"
assert_fails 1 xm list --state=running web1
assert_eq 'Error: You may specify either a state or a particular VM, but not both' "$err"
assert_fails 1 xm list --state=purple
assert_match "^Error: there is no state 'purple'$" "$err"
assert_fails 1 xm console -n x web1
assert_eq 'Error: Invalid argument.' "$err"

# Options of xm itself stand before the command only.
assert_fails 1 xm --frob list
assert_eq 'Error: option --frob not recognized' "$err"
assert_fails 1 xm -H
assert_eq 'Error: option -H requires argument' "$err"
assert_fails 1 xm list -H unix:/x
assert_eq 'Error: option -H not recognized' "$err"

# a beginning that a new command shares is still the old one's
assert_fails 1 xm con
assert_match "^Error: 'xm console' requires" "$err"

# Any number of words, but not none; an old name has the help of the present one.
assert_fails 1 xm convert
assert_eq "Error: 'xm convert' requires at least 1 argument." "$err"
assert_fails 1 xm diff web1
assert_eq "Error: 'xm diff' requires at least 2 arguments." "$err"
assert_ok xm help set-vcpus
assert_match '^Usage: xm vcpu-set ' "$out"
assert_match '^Command set-vcpus is deprecated' "$err"

# What cannot be a domain's name is not asked for, and not printed raw.
long=$(head -c 100000 /dev/zero | tr '\0' x)
for c in destroy domid list console vcpu-list shutdown; do
    for name in a/b '' ..//; do
        assert_fails 3 xm $c "$name"
        assert_eq "Error: Domain '$name' does not exist." "$err" "xm $c $name"
    done
    assert_fails 3 xm $c "$long"
    assert_match "^Error: Domain 'x{128}\.\.\.' does not exist\.$" "$err"
done
assert_fails 3 xm pause "$(printf 'a\nb\033')"
assert_eq "Error: Domain 'a?b?' does not exist." "$err"
if [ "$(id -u)" = 0 ]; then
    assert_fails 1 xm save web1 "$(printf '/nope\033/\nx')"
    assert_eq 'Error: xm save: Unable to create file /nope?/?x' "$err"
    assert_fails 1 xm restore "$(printf '/nope\033/\nx')"
    assert_eq 'Error: xm restore: Unable to read file /nope?/?x' "$err"
fi
