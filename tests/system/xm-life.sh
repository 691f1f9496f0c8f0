#!/bin/sh
# pause, unpause, shutdown, reboot, destroy, domstate: on one domain, on all, and waiting.
. tests/functions.sh
start_xend test
create web1
create web2

assert_ok xm domstate web1
assert_match '^(running|idle)$' "$out"
assert_ok xm pause web1
assert_eq '' "$out$err"
assert_ok xm domstate web1
assert_eq paused "$out"
assert_ok xm unpause 1
assert_ok xm domstate web1
assert_match '^(running|idle)$' "$out"

# Unknown, and Domain-0.
for c in pause unpause destroy shutdown reboot 'shutdown -w' console domid domname domstate uptime; do
    # shellcheck disable=SC2086  # words
    assert_fails 3 xm $c nobody
    assert_eq "Error: Domain 'nobody' does not exist." "$err" "xm $c nobody"
done
assert_fails 1 xm pause Domain-0
assert_match '^Error: Cannot pause privileged domain Domain-0' "$err"
assert_fails 1 xm destroy 0
assert_match '^Error: Cannot destroy privileged domain Domain-0' "$err"
assert_fails 1 xm shutdown Domain-0
assert_match '^Error: ' "$err"

# Waiting for the end of one.
assert_ok xm shutdown -w web1
assert_eq 'Domain web1 terminated
All domains terminated' "$out"
assert_fails 3 xm domid web1

# A reboot is another guest of the same domain.
uuid=$(xm list --json web2 | sed -n 's/^ *"uuid": "\(.*\)",*$/\1/p')
assert_ok xm reboot -w web2
assert_eq 'Domain web2 rebooted
All domains rebooted' "$out"
assert_eq "$uuid" "$(xm list --json web2 | sed -n 's/^ *"uuid": "\(.*\)",*$/\1/p')"
assert_ok xm shutdown web2 -Rw
assert_match '^Domain web2 rebooted$' "$out"

# Without -w it only asks.
create web3
assert_ok xm shutdown -H web3
assert_eq '' "$out$err"
gone() { ! xm domid "$1" >/dev/null 2>&1; }
eventually gone web3

# All: everything but Domain-0; with nothing to do it is done.
create web4
assert_ok xm shutdown -aw
assert_eq 'All domains terminated
Domain web2 terminated
Domain web4 terminated' "$(printf '%s\n' "$out" | sort)"
assert_ok xm list
assert_eq 2 "$(printf '%s\n' "$out" | wc -l | tr -d ' ')"
assert_ok xm shutdown -a -w
assert_eq 'All domains terminated' "$out"
assert_fails 1 xm shutdown -a web1
assert_match '^Error: Give either -a or domains' "$err"

# Destroy, and what it leaves.
create web5
assert_ok xm destroy web5
assert_eq '' "$out$err"
assert_fails 3 xm destroy web5

# A preserved domain has ended all the same.
create web6 "on_poweroff = 'preserve'"
assert_ok xm shutdown -w web6
assert_match '^Domain web6 terminated$' "$out"
assert_ok xm domstate web6
assert_eq shutdown "$out"
assert_ok xm list web6
assert_match ' ---s-- ' "$out"
