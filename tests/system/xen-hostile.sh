#!/bin/sh
# A guest that writes nonsense wherever xenstore lets it, and others who disturb every transaction: xend answers,
# ends the guest as any other, and touches nobody else's. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl xenstore-ls curl losetup

use_hooks
truncate -s 1M "$T/a.img" "$T/b.img"
config() { # NAME IMAGE
    printf "name = '%s'\nkernel = '%s'\nmemory = 32\nvif = ['bridge=xenbr0']\ndisk = ['file:%s,xvda,w']\n" \
        "$1" "$GRUB" "$2" >"$T/$1.cfg"
}
config good "$T/a.img"
config evil "$T/b.img"
tree >"$T/tree"
start_xend xen
assert_ok xm create -q -p "$T/good.cfg"
good=$(xm domid good)
xenstore-ls "/local/domain/$good" >"$T/good.tree"
xenstore-ls /local/domain/0/backend >"$T/good.backends"
assert_ok xm create -q -p "$T/evil.cfg"
id=$(xm domid evil)

# owned: the nodes that the guest may write
owned() {
    xenstore-ls -fp "/local/domain/$id" | sed -n "s/ = .*(n${id}[,)].*//p"
}
assert_match "^/local/domain/$id/control\$" "$(owned)"
assert_match "^/local/domain/$id/device/vif/0/state\$" "$(owned)"
long=$(printf '%02000d' 7)
n=0
for text in '-1' '99999999999999999999' "/local/domain/$good/device/vbd/51712" '%s%n%s' "$long"; do
    set --
    for path in $(owned); do
        set -- "$@" "$path" "$text"
    done
    xenstore-write -- "$@" "/local/domain/$id/device/vif/0/backend" "/local/domain/0/backend/vif/$good/0" \
        "/local/domain/$id/device/vbd/51712/backend" "/local/domain/0/backend/vbd/$good/51712" \
        "/local/domain/$id/data/a/b/c/d/e/f/g" "$text" "/local/domain/$id/device/vbd/x$n/state" "$text"
    n=$((n + 1))
    for command in 'list -l evil' 'network-list evil' 'block-list evil'; do
        # shellcheck disable=SC2086
        assert_ok xm $command
    done
done
assert_match "^evil +$id +32 +1 +--p---" "$(xm list evil)"
assert_ok xm unpause evil

# It has more nodes than xenstored grants a guest: that is no limit to what dom0 does for it.
seq -f "/local/domain/$id/data/n%g x" 1100 | xargs xenstore-write
assert_ok xm network-attach evil bridge=xenbr0
assert_ok xm sysrq evil h
assert_ok xm network-detach --force evil 1
assert_ok xm pause evil
stop_xend
start_xend xen
assert_eq "$id" "$(xm domid evil)" 'domid after a restart of xend'
assert_ok xm destroy evil
assert_no_match b.img "$(losetup -a)"
assert_match a.img "$(losetup -a)"
assert_eq "$(cat "$T/good.tree")" "$(xenstore-ls "/local/domain/$good")" 'the nodes of the other guest'
assert_eq "$(cat "$T/good.backends")" "$(xenstore-ls /local/domain/0/backend)" 'and its backends'
assert_ok xm destroy good

# Somebody changes /vm all the time, so that transactions which make a node there begin anew.
background sh -c 'while :; do xenstore-write /vm/noise 1; xenstore-rm /vm/noise; done'
noise=$!
for _ in 1 2; do
    assert_ok xm create -q -p "$T/good.cfg"
    assert_ok xm destroy good
done
kill $noise
wait $noise || true
xenstore-rm /vm/noise 2>/dev/null || true
assert_eq "$(cat "$T/tree")" "$(tree)" 'xenstore at the end'
assert_eq '' "$(losetup -a)" 'loop devices at the end'
stop_xend
