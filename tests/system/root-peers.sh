#!/bin/sh
# Who may use the socket: root, members of group xen, nobody else. In a mount namespace of its own,
# where /etc/group has a group xen; needs root.
if [ "${1:-}" != inside ]; then
    . tests/functions.sh
    [ "$(id -u)" = 0 ] || skip "needs root"
    requires unshare setpriv curl python3
    unshare --mount true 2>/dev/null || skip "no mount namespaces here (a bare chroot has none)"
    trap - EXIT
    rm -rf "$T"
    exec unshare --mount sh "$0" inside
fi
. tests/functions.sh

grep -v '^xen:' /etc/group >"$T/group"
echo 'xen:x:61234:' >>"$T/group"
mount --bind "$T/group" /etc/group
dir=$(mktemp -d /tmp/xend-peers-XXXXXX) # a place that other users can reach
trap 'at_end rm -rf "$dir"' EXIT
chmod 755 "$dir"
cp "$BUILD_DIR/xm" "$dir/xm"
ROOT=$dir/root
export XEND_ROOT="$ROOT"
start_xend test
sock=$ROOT/var/run/xend/xend.sock
assert_eq "660 root xen" "$(stat -c '%a %U %G' "$sock")"

# as UID GID: exit status of xm list, its errors in $err
as() {
    run setpriv --reuid="$1" --regid="$2" --clear-groups "$dir/xm" list
}
as 0 0
assert_eq 0 "$status" "root"
as 12345 61234
assert_eq 0 "$status" "a member of group xen: $err"
as 12345 12345
assert_eq 1 "$status" "a stranger"
assert_eq "Error: Most commands need root access. Please try again as root." "$(echo "$err" | head -n 1)"

# Every route, for every kind of caller; even with the socket's mode opened by mistake, the peer's
# credentials decide.
chmod 666 "$sock"
as 12345 12345
assert_eq 1 "$status" "a stranger at an open socket"
create web1
api GET /v1/openapi.json >"$dir/document.json"
cp tests/system/permissions.py "$dir"
chmod 644 "$dir"/*.*
# routes_as UID GID GROUPS allowed|refused
routes_as() {
    [ -n "$3" ] && groups=--groups=$3 || groups=--clear-groups
    setpriv --reuid="$1" --regid="$2" "$groups" env PATH=/usr/bin:/bin python3 "$dir/permissions.py" "$dir/document.json" "$sock" "$4" \
        >"$dir/routes" || fail "uid $1 gid $2 groups '$3': $(cat "$dir/routes")"
}
routes_as 0 0 '' allowed
routes_as 0 12345 '' allowed
routes_as 12345 61234 '' allowed
routes_as 12345 12345 61234 allowed
many=$(seq -s , 20000 20300)
routes_as 12345 12345 "$many,61234" allowed
routes_as 12345 12345 "$many" refused
routes_as 12345 12345 '' refused
routes_as 12345 0 '' refused
routes_as 65534 65534 '' refused
assert_eq running "$(domain_state web1)"
stop_xend

# a user's own xend: that user and root, no group
mkdir "$dir/home"
chown 12345:12345 "$dir/home"
cp "$BUILD_DIR/xend" "$dir/xend"
export XEND_ROOT="$dir/home"
setpriv --reuid=12345 --regid=12345 --clear-groups "$dir/xend" start --driver test
sock=$dir/home/var/run/xend/xend.sock
chmod 666 "$sock"
chmod 755 "$dir/home/var/run/xend"
routes_as 12345 12345 '' allowed
routes_as 0 0 '' allowed
routes_as 12346 61234 '' refused
routes_as 12346 12345 61234 refused
"$dir/xend" stop
