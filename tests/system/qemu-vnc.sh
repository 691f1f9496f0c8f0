#!/bin/sh
# A VNC password goes from the API to QEMU and nowhere else: not into a file below the instance
# root, an argument, the environment, a log or an answer; and it outlives a xend that is killed.
. tests/functions.sh
. tests/guest.sh
requires curl jq python3 openssl

password=s3crEt-9
start_xend qemu
jq -n --arg kernel "$GUEST/vmlinux" --arg ramdisk "$GUEST/initrd.img" --arg password $password '{spec: {
    name: "web1", memory: 128, kernel: $kernel, ramdisk: $ramdisk, extra: "quiet",
    vfb: [{vnc: true, vncpasswd: $password}]}}' >"$T/spec.json"
api POST '/v1/domains?wait=60' -H 'Content-Type: application/json' -d "@$T/spec.json" >"$T/answer"
[ "$(domain_state web1)" = running ] || fail "not created: $(cat "$T/answer")"

# types: the kinds of logins that the guest's VNC offers (2: by password, 1: by nothing)
types() {
    port_=$(sed -n 's/.*VNC server running on 127.0.0.1:\([0-9]*\).*/\1/p' "$ROOT/var/log/xen/qemu-dm-web1.log")
    python3 - "$port_" <<'END'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
s.settimeout(30)
s.sendall(s.recv(12))
n = s.recv(1)[0]
print(*s.recv(n))
END
}

# no_leak WHEN: the password is nowhere that others may look
no_leak() {
    pid=$(qemu_pid web1)
    api GET '/v1/domains/web1?detail=config' >"$T/config"
    grep -q XXXXXXXX "$T/config" || fail "$1: no sign of a password: $(cat "$T/config")"
    xm list -l web1 >"$T/long"
    api GET '/v1/jobs' >"$T/jobs"
    for file in "$T/answer" "$T/config" "$T/long" "$T/jobs" "/proc/$pid/cmdline" "/proc/$pid/environ" \
        "/proc/$(cat "$ROOT/var/run/xend.pid")/cmdline"; do
        ! grep -qa -e $password "$file" || fail "$1: the password is in $file"
    done
    ! grep -ra -e $password "$ROOT" || fail "$1: the password is in a file"
}

assert_eq 2 "$(types)" "logins"
no_leak "created"

# The viewer is whatever is called so in the path; with --autopass it gets the password, by stdin alone.
mkdir "$T/bin"
printf '#!/bin/sh\necho "$@"\n[ -z "$2" ] || cat\nexit 7\n' >"$T/bin/vncviewer"
chmod 755 "$T/bin/vncviewer"
assert_ok xm vncdisplay web1
display=$out
assert_match '^127\.0\.0\.1:[0-9]+$' "$display"
# view STATUS PATH ARGUMENT...
view() {
    status_=$1 path_=$2
    shift 2
    assert_fails "$status_" env "PATH=$path_" "$BUILD_DIR/xm" vncviewer "$@"
}
view 7 "$T/bin:$PATH" web1
assert_eq "$display" "$out"
view 7 "$T/bin:$PATH" --autopass web1
assert_eq "$display -autopass
$password" "$out"
view 3 "$T/bin:$PATH" nobody
view 1 /nowhere web1
assert_match '^Error: vncviewer: No such file or directory$' "$err"

kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend qemu
no_leak "xend killed"
wait_console web1 'guest: ready'
assert_ok xm reboot -w web1
assert_eq 2 "$(types)" "logins after a reboot under a new xend"
no_leak "rebooted"
! grep 'not known any more' "$ROOT/var/log/xen/xend.log" || fail "the new xend did not find the password"

# xend dies when the guest is gone and the next is not there yet: with it the password; nobody gets in
stop_xend
XEND_FAULT=guest.destroyed start_xend qemu
wait_console web1 'guest: ready'
domid=$(xm domid web1)
run xm reboot -w web1
timeout 60 sh -c 'while kill -0 "$1" 2>/dev/null; do :; done' sh "$(cat "$ROOT/var/run/xend.pid")" ||
    fail "xend did not die"
start_xend qemu
again() {
    [ "$(domain_state web1)" = running ] && [ "$(xm domid web1)" != "$domid" ]
}
TIMEOUT=90 eventually again
assert_eq 2 "$(types)" "logins when the password is lost"
no_leak "password lost"
grep -q 'web1: its VNC password is not known any more' "$ROOT/var/log/xen/xend.log" ||
    fail "not a word about the lost password"
assert_ok xm destroy web1
nothing_left

# one that VNC would cut off is refused, and not repeated
sed "s/$password/ninechars/" "$T/spec.json" >"$T/long.json"
api POST '/v1/domains?wait=60' -H 'Content-Type: application/json' -d "@$T/long.json" >"$T/answer"
assert_match 'vncpasswd: longer than 8 characters' "$(cat "$T/answer")"
assert_no_match ninechars "$(cat "$T/answer")"
! grep -ra ninechars "$ROOT" || fail "the refused password is in a file"
nothing_left

# Encrypted: a certificate of our CA is shown; one who wants to see the viewer's does not serve without.
stop_xend
mkdir -p "$T/tls" "$ROOT/etc/xen"
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
printf 'basicConstraints = CA:FALSE\nsubjectAltName = IP:127.0.0.1\n' >"$T/extensions"
# shellcheck disable=SC2086  # words
(cd "$T/tls" && openssl req -x509 $key -days 2 -subj /CN=ca -keyout ../ca-key.pem -out ca-cert.pem &&
    openssl req -new $key -subj /CN=host -keyout server-key.pem -out ../request.pem &&
    openssl x509 -req -in ../request.pem -CA ca-cert.pem -CAkey ../ca-key.pem -CAcreateserial -days 2 \
        -extfile ../extensions -out server-cert.pem && chmod 755 . .. && chmod 644 ./*) 2>"$T/openssl" ||
    fail "certificates: $(cat "$T/openssl")"
printf '(vnc-tls yes)\n(vnc-x509-cert-dir %s)\n' "$T/tls" >"$ROOT/etc/xen/xend-config.sxp"
start_xend qemu
assert_ok xm create -qp "$(guest_config web1 "vfb = ['vnc=1']")"
assert_eq 19 "$(types)" 'VeNCrypt alone'
display=$(xm vncdisplay web1)
python3 - "$((5900 + ${display##*:}))" "$T/tls/ca-cert.pem" <<'END' || fail 'TLS'
import socket, ssl, struct, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
s.sendall(s.recv(12))
s.recv(s.recv(1)[0])
s.sendall(b"\x13")             # VeNCrypt
assert s.recv(2) == b"\x00\x02"
s.sendall(b"\x00\x02")
assert s.recv(1) == b"\x00"
n = s.recv(1)[0]
kinds = struct.unpack(">%dI" % n, s.recv(4 * n))
assert kinds == (260,), kinds # x509, no password
s.sendall(struct.pack(">I", 260))
assert s.recv(1) == b"\x01"
context = ssl.create_default_context(cafile=sys.argv[2])
t = context.wrap_socket(s, server_hostname="127.0.0.1")
assert t.recv(4) == b"\x00" * 4 # logged in
END
assert_ok xm destroy web1
stop_xend
printf '(vnc-tls yes)\n(vnc-x509-verify yes)\n(vnc-x509-cert-dir %s)\n' "$T/none" >"$ROOT/etc/xen/xend-config.sxp"
start_xend qemu
assert_fails 1 xm create -qp "$(guest_config web1 "vfb = ['vnc=1']")"
assert_match "^Error: web1: .*$T/none/" "$err"
nothing_left
