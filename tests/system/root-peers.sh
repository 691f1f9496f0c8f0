#!/bin/sh
# Who may use the socket: root, members of group xen, nobody else. In a mount namespace of its own,
# where /etc/group has a group xen; needs root.
if [ "${1:-}" != inside ]; then
    . tests/functions.sh
    [ "$(id -u)" = 0 ] || skip "needs root"
    requires unshare setpriv curl
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
trap 'rm -rf "$dir"; cleanup' EXIT
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

# even with the socket's mode opened by mistake, the peer's credentials decide
chmod 666 "$sock"
as 12345 12345
assert_eq 1 "$status" "a stranger at an open socket"
for path in /v1 /v1/domains /v1/jobs /v1/events /v1/log; do
    assert_eq 403 "$(setpriv --reuid=12345 --regid=12345 --clear-groups \
        curl -s -o /dev/null -w '%{http_code}' --unix-socket "$sock" "http://xend$path")" "$path"
done
stop_xend
