#!/bin/sh
# No xend: what xm says when it cannot connect, by reason.
. tests/functions.sh
sock=$ROOT/var/run/xend/xend.sock

assert_fails 1 xm list
assert_eq "Error: Unable to connect to xend: No such file or directory. Is xend running?
start it with: xend start --root $ROOT" "$err"
assert_eq '' "$out"
for c in 'pause web1' 'destroy web1' 'info' 'console web1' 'shutdown -a' 'serve'; do
    # shellcheck disable=SC2086  # words
    assert_fails 1 xm $c
    assert_match '^Error: Unable to connect to xend: ' "$err" "xm $c"
done
assert_fails 1 xm version
assert_match '^xm  *: [0-9]' "$out"

# A socket that nobody serves any more.
requires python3
mkdir -p "$(dirname "$sock")"
(cd "$(dirname "$sock")" && python3 -c 'import socket
s = socket.socket(socket.AF_UNIX); s.bind("xend.sock")')
assert_fails 1 xm list
assert_match '^Error: Unable to connect to xend: Connection refused\. Is xend running\?$' "$err"

# A socket that this user may not use.
if [ "$(id -u)" = 0 ]; then
    requires setpriv
    cp "$BUILD_DIR/xm" /tmp/xm-$$ && other=/tmp/xm-$$
    run setpriv --reuid=65534 --regid=65534 --clear-groups "$other" list
    rm -f "$other"
else
    chmod 0 "$(dirname "$sock")"
    run xm list
    chmod 755 "$(dirname "$sock")"
fi
assert_eq 1 "$status"
assert_match '^Error: Most commands need root access\. Please try again as root\.$' "$err"

# Servers of other kinds.
for server in httpu:///var/run/xend/xmlrpc.sock http://localhost:8006 https://localhost:8006; do
    assert_fails 1 xm -H $server list
    assert_eq "Error: $server: not a way to reach xend
use unix:/path or ssh://user@host; xend does not speak XML-RPC any more" "$err"
    XM_SERVER=$server assert_fails 1 xm list
    assert_match "^Error: $server: not a way" "$err"
done
assert_fails 1 xm -H web1 list
assert_eq 'Error: web1: not a way to reach xend
use unix:/path or ssh://user@host' "$err"
assert_fails 1 xm -H unix:/no/such list
assert_match '^Error: Unable to connect to xend: No such file or directory\.' "$err"
XM_CONFIG_FILE=/etc/xen/xm-config.xml assert_fails 1 xm list
assert_match '^Warning: XM_CONFIG_FILE is not used here' "$err"

# A path no socket can have.
long=$(printf '%0200d' 0)
assert_fails 1 xm -H "unix:$T/$long" list
assert_match '^Error: .*(too long|longer than)' "$err"
