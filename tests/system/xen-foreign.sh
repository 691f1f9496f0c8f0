#!/bin/sh
# Domains that stock xl made, seen by xm: listed, renamed, paused, asked to stop, destroyed, gone; and what
# xl does to ours. Nobody's devices are left over. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl xenstore-ls curl losetup

use_hooks
tree >"$T/tree"
clean() { # WHEN
    assert_eq "$(cat "$T/tree")" "$(tree)" "xenstore after $1"
    assert_eq '' "$(losetup -a; find /sys/class/net -name 'vif*')" "devices after $1"
    assert_eq '' "$(ls "$ROOT/var/run/xend/xen")" "state files after $1"
}
truncate -s 1M "$T/disk.img"
devices="vif = ['bridge=xenbr0']
disk = ['file:$T/disk.img,xvda,w']"
printf "name = 'x1'\ntype = 'pv'\nkernel = '%s'\nmemory = 32\n%s\n" "$GRUB" "$devices" >"$T/x1.cfg"
printf "name = 'g1'\nkernel = '%s'\nmemory = 32\n%s\n" "$GRUB" "$devices" >"$T/g1.cfg"
gone() { # NAME
    ! xm domid "$1" >/dev/null 2>&1
}
here() { # NAME
    ! gone "$1"
}
is() { # NAME STATE
    xm list >/dev/null # Xen tells nobody of a pause
    [ "$(domain_state "$1")" = "$2" ]
}
# columns NAME: name, id, memory, vcpus and whether it is paused, as both tools have them
columns() {
    "$1" list | awk -v n="$2" '$1 == n { print $1, $2, $3, $4, $5 ~ /p/ }'
}

# One that is there before xend, and one that comes later.
xl create -q -p "$T/x1.cfg"
start_xend xen
eventually here x1
id=$(xl domid x1)
assert_eq "$(columns xl x1)" "$(columns xm x1)" 'xm list beside xl list'
assert_eq "$id" "$(xm domid x1)"
assert_eq x1 "$(xm domname "$id")"
assert_eq paused "$(xm domstate x1)"
assert_match '"foreign": true' "$(xm list --json x1)"
assert_match '"foreign": false' "$(xm list --json Domain-0)"
assert_match "^ *\(name x1\)" "$(xm list -l x1)"
assert_match "^ *\(domid $id\)" "$(xm list -l x1)"
assert_match "^x1 +$id +0 " "$(xm vcpu-list x1)"
assert_match '^0 ' "$(xm network-list x1)"
assert_match '^51712 ' "$(xm block-list x1)"
sed 's/x1/x2/; /disk/d' "$T/x1.cfg" >"$T/x2.cfg"
xl create -q -p "$T/x2.cfg"
eventually here x2
xl rename x2 x3
eventually here x3
assert_fails 3 xm domid x2

# Its name and its disk are taken; its makers' business is refused.
sed 's/g1/x1/' "$T/g1.cfg" >"$T/same.cfg"
assert_fails 1 xm create -q "$T/same.cfg"
assert_match "Domain 'x1' already exists with ID '$id'" "$err"
assert_fails 1 xm create -q -p "$T/g1.cfg"
assert_match 'disk.img' "$err"
for action in 'save x1 /tmp/x1' 'rename x1 x9' 'reset x1' 'network-detach x1 0' 'dump-core x1'; do
    # shellcheck disable=SC2086
    assert_fails 1 xm $action
    assert_match 'Cannot .* domain x1: others have made it' "$err"
done

# What was asked for is done; a restart of xend changes nothing.
assert_ok xm unpause x1
assert_no_match '^x1 .* --p---' "$(xl list x1)"
wait_console x1 'GNU GRUB'
assert_ok xm pause x1
assert_match '^x1 .* --p---' "$(xl list x1)"
xl unpause x1
eventually is x1 running
stop_xend
assert_match '^x1 ' "$(xl list x1)"
start_xend xen
eventually here x1
assert_eq '' "$(ls "$ROOT/var/run/xend/xen")" 'state files'
assert_ok xm sysrq x1 h
assert_ok xm shutdown x1
assert_eq poweroff "$(xenstore-read "/local/domain/$id/control/shutdown")"

# Ended by either.
xl destroy x3
assert_ok xm wait x3 --for gone --timeout 60 # it hears of it: it does not look
assert_ok xm destroy x1
assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')"
assert_fails 3 xm domid x1
clean 'xm destroy of what xl made'

# A name is free as soon as its makers have let go of it.
for _ in 1 2 3; do
    xl create -q -p "$T/x2.cfg"
    eventually here x2
    xl destroy x2
    assert_ok xm create -q -p "$T/x2.cfg"
    assert_ok xm destroy x2
done
clean 'the same name in turn'

# One that stops is left to its makers.
xl create -q -e -p "$T/x1.cfg" # -e: nobody waits for its end
eventually here x1
id=$(xl domid x1)
xl unpause x1
wait_console x1 'GNU GRUB'
assert_ok xm trigger x1 reset
eventually is x1 shutdown
assert_match "^x1 +$id +32 +1 +---s" "$(xl list x1)"
assert_ok xm destroy x1
clean 'the end of what had stopped'

# xl destroys ours: xend clears up what it made, at once, or when it is there again.
assert_ok xm create -q -p "$T/g1.cfg"
assert_match '^g1 ' "$(xl list g1)"
xl destroy g1
assert_ok xm wait g1 --for gone --timeout 60
clean 'xl destroy of ours'
assert_ok xm create -q -p "$T/g1.cfg"
stop_xend
xl destroy g1
start_xend xen
assert_fails 3 xm domid g1
clean 'xl destroy of ours without xend'
