#!/bin/sh
# -H: a socket by its path, and another host through ssh, for which a script stands in.
. tests/functions.sh
start_xend test
create web1
socket=$ROOT/var/run/xend/xend.sock
list=$(xm list web1)

unset XEND_ROOT
assert_ok xm -H "unix:$socket" list web1
assert_eq "$list" "$out"
assert_ok xm "--host=unix://$socket" list web1
assert_eq "$list" "$out"
assert_ok xm --root "$ROOT" list web1
assert_eq "$list" "$out"
XM_SERVER=unix:$socket assert_ok xm list web1
assert_eq "$list" "$out"

# serve by itself: one request in, its answer out, the end of input is the end.
printf 'GET /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' |
    xm --root "$ROOT" serve >"$T/served" || fail 'serve'
assert_match '"name":"xend"' "$(cat "$T/served")"

mkdir "$T/bin"
cat >"$T/bin/ssh" <<END
#!/bin/sh
echo "\$*" >"$T/ssh.args"
while [ "\$1" != -- ]; do shift; done
shift 2
unset XM_SERVER # ssh passes no such variable on
PATH=$BUILD_DIR:\$PATH XEND_ROOT=$ROOT exec "\$@"
END
chmod 755 "$T/bin/ssh"
PATH=$T/bin:$PATH
assert_ok xm -H ssh://root@far.example list web1
assert_eq "$list" "$out"
assert_eq '-T -- root@far.example xm serve' "$(cat "$T/ssh.args")"
assert_ok xm -H ssh://far.example:2222/ list web1
assert_eq '-T -p 2222 -- far.example xm serve' "$(cat "$T/ssh.args")"
assert_ok xm -H 'ssh://[2001:db8::1]' pause web1
assert_eq '-T -- [2001:db8::1] xm serve' "$(cat "$T/ssh.args")"
assert_eq paused "$(xm --root "$ROOT" domstate web1)"
XM_SERVER=ssh://far.example assert_fails 3 xm domid nobody
assert_eq "Error: Domain 'nobody' does not exist." "$err"
assert_fails 1 xm -H ssh://far.example/some/path list
assert_match '^Error: ssh://far\.example/some/path: a path is not understood$' "$err"
assert_fails 1 xm -H ssh:// list
assert_match '^Error: ssh://: no host$' "$err"

XM_SERVER=ssh://far.example assert_fails 1 xm serve
assert_eq 'Error: xm serve: ssh://far.example is not on this host' "$err"

# An ssh that gets nowhere says so itself; xm adds one line.
printf '#!/bin/sh\necho "ssh: no route" >&2\nexit 255\n' >"$T/bin/ssh"
assert_fails 1 xm -H ssh://far.example list
assert_eq 'ssh: no route
Error: Unable to connect to xend: no answer through ssh://far.example' "$err"
