#!/bin/sh
# net-info and net-edit of networks that do not run; those that do are qemu-net.sh's.
. tests/functions.sh
requires jq
start_xend test
export TMPDIR="$T"
assert_ok xm net-new lab --no-start --no-autostart --cidr 10.9.8.0/24 --mode isolated --dns=no
assert_ok xm net-info lab
assert_eq 'Name:           lab
Active:         no
Persistent:     yes
Autostart:      no
Bridge:         xn-lab
Mode:           isolated
Network:        10.9.8.0/24
DHCP:           yes
DNS:            no' "$out"
assert_ok xm net-info lab --json
assert_eq 'lab false 10.9.8.0/24' "$(printf '%s' "$out" | jq -r '"\(.name) \(.active) \(.cidr)"')"
assert_ok xm net-info -l lab
assert_eq '(network (name lab) (mode isolated) (cidr 10.9.8.0/24) (dhcp 1) (dns 0) (autostart 0) (active 0) )' \
    "$(printf '%s' "$out" | tr -s ' \n' ' ')"

# edit SED: with that as the editor
edit() {
    printf '%s\n' "$1" >"$T/sed"
    run env EDITOR="sed -i -f $T/sed" "$BUILD_DIR/xm" net-edit lab
}
edit 's/isolated/nat/; s/"dns": false/"dns": true/'
assert_eq '0 ' "$status $out$err"
assert_eq 'nat yes' "$(xm net-list | awk '$1 == "lab" { print $3, $6 }')"
edit ''
assert_eq '0 Nothing has changed.' "$status $out"
stop_xend
start_xend test
assert_eq nat "$(xm net-info lab --json | jq -r .mode)" 'it is on disk'

# refused TEXT SED: nothing changes, and the text is not lost
refused() {
    before=$(xm net-info --json lab)
    edit "$2"
    assert_eq 1 "$status" "$2"
    assert_match "^Error: .*$1" "$err"
    file=$(printf '%s\n' "$err" | sed -n 's/^Nothing was taken. Your text is in //p')
    [ -s "$file" ] || fail "$2: no text: $err"
    rm "$file"
    assert_eq "$before" "$(xm net-info --json lab)"
}
refused "mode: 'natt': not one of nat, routed, isolated, bridge" 's/nat"/natt"/'
refused "cidr: '10.9.8.0/99' is not a network" 's,0/24,0/99,'
refused 'a network cannot have another name' 's/"lab"/"lob"/'
refused "'dhpc' is nothing that a network has" 's/dhcp/dhpc/'
refused "dns: true or false is expected" 's/"dns": true/"dns": 7/'
refused 'xm-net-.*json' 's/{/[/'
refused 'the editor .* exited with status 1' 'no such command'
assert_fails 1 xm net-info nosuch
assert_eq "Error: Network 'nosuch' does not exist" "$(printf '%s\n' "$err" | head -n 1)"
assert_fails 1 xm net-edit nosuch
