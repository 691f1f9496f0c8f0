#!/bin/sh
# xm migrate by plain TCP between two xends of this machine, on the test driver: who may connect,
# what is said of a port where no xend is or a bad one, and that the guest is lost nowhere.
. tests/functions.sh
requires curl jq python3
. tests/two.sh

# peer ARGUMENT...: tcp_peer.py in the background; $port is where
peer() {
    rm -f "$T/port"
    mkfifo "$T/port"
    python3 tests/system/tcp_peer.py "$@" >"$T/port" 2>/dev/null &
    PIDS="$PIDS $!"
    read -r port <"$T/port"
}
free_port() {
    python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
# configure [LINE...]: of the other xend, which takes guests then
configure() {
    printf '%s\n' '(test-persist yes)' '(xend-relocation-server yes)' "(xend-relocation-port $there_port)" \
        '(relocation-patience 3)' "$@" >"$there/etc/xen/xend-config.sxp"
    xend stop --root "$there" || fail 'stop'
    assert_ok xend start --root "$there" --driver test
}
there_port=$(free_port)
printf '%s\n' '(test-persist yes)' '(relocation-patience 3)' "(xend-relocation-port $there_port)" \
    >"$ROOT/etc/xen/xend-config.sxp"
start_xend test

# off by default: nobody listens
create web1 'vcpus = 2'
assert_fails 1 xm migrate -p "$there_port" web1 127.0.0.1
assert_eq "Error: web1: migrating: 127.0.0.1 port $there_port: connecting: Connection refused
Is (xend-relocation-server yes) in xend-config.sxp there, and its address?" "$err"

# there and back
configure
assert_ok xm migrate -p "$there_port" web1 localhost
assert_eq '' "$out$err"
assert_eq /running "$(where web1)"
assert_match 'web1.* receive by (127.0.0.1|::1) done' "$(cat "$there/var/log/xen/xend.log")"
assert_ok xm -H "$there_socket" migrate web1 "unix:$ROOT/var/run/xend/xend.sock"
assert_ok xm migrate --live --json -p "$there_port" web1 127.0.0.1
assert_eq "web1 127.0.0.1 $there_port" "$(echo "$out" | jq -r '"\(.name) \(.host) \(.port)"')"
assert_ok xm -H "$there_socket" migrate web1 "unix:$ROOT/var/run/xend/xend.sock"

# the configuration chooses; a user's name or an address does not go by it
sed -i '$a(xend-relocation-transport tcp)' "$ROOT/etc/xen/xend-config.sxp"
stop_xend
start_xend test
assert_ok xm migrate web1 127.0.0.1
assert_eq /running "$(where web1)"
assert_ok xm -H "$there_socket" migrate web1 "unix:$ROOT/var/run/xend/xend.sock"
assert_ok xm migrate web1 "$there_socket"
assert_ok xm -H "$there_socket" migrate web1 "unix:$ROOT/var/run/xend/xend.sock"

# words that mean nothing
assert_fails 1 xm migrate -p 0 web1 127.0.0.1
assert_eq "Error: --port: '0' is not from 1 to 65535" "$err"
assert_fails 1 xm migrate -p 8002 web1 "$there_socket"
assert_eq "Error: $there_socket: --port is for a host's name" "$err"
assert_fails 1 xm migrate --ssl web1 127.0.0.1
assert_match '^Error: --ssl is not supported$' "$err"
assert_fails 1 xm migrate -p "$there_port" web1 no.such.host.invalid
assert_match "^Error: web1: migrating: no.such.host.invalid port $there_port: " "$err"

# not in hosts-allow; taken there already
configure "(xend-relocation-hosts-allow '^10\\\\. ^nobody')"
assert_fails 1 xm migrate web1 127.0.0.1
assert_eq "Error: web1: migrating: 127.0.0.1 port $there_port: 127.0.0.1 may not send guests here: it is not in \
xend-relocation-hosts-allow (from the other side)" "$err"
configure "(xend-relocation-hosts-allow '^127\\\\.0\\\\.')"
assert_ok xm -H "$there_socket" create -q "$(make_config web1 "uuid = '00000000-0000-0000-0000-000000000001'")"
assert_fails 1 xm migrate web1 127.0.0.1
assert_match "^Error: web1: migrating: .*Domain 'web1' already exists.*from the other side" "$err"
assert_eq running/running "$(where web1)"
assert_ok xm -H "$there_socket" destroy web1

# Ctrl-C ends it, and tells where the domain is
create slow "extra = 'test:delay-restore=60s'"
python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$BUILD_DIR/xm" migrate slow 127.0.0.1 >"$T/out" 2>"$T/err" &
migrating=$!
PIDS="$PIDS $migrating"
job_there() { # FILTER: the number of such a job there
    xm -H "$there_socket" jobs --json | jq -er "map(select(.state == \"running\" and $1))[0].id // empty"
}
until job_there '.domain == "slow"' >/dev/null; do :; done
kill -INT "$migrating"
status=0
wait "$migrating" || status=$?
assert_eq '1 Interrupted. The migration has ended; the domain runs on where it was. ' "$status $(cat "$T/out" "$T/err" | tr '\n' ' ')"
assert_eq running "$(domain_state slow)"
job=$(job_there '.domain == "slow"')
assert_ok xm -H "$there_socket" job-cancel "$job"
run xm -H "$there_socket" job-wait "$job"
assert_eq running/ "$(where slow)"
# a terminal shows what is going on
create later "extra = 'test:delay-restore=1500ms'"
assert_ok python3 tests/system/terminal.py "$BUILD_DIR/xm" migrate later 127.0.0.1
assert_match '^later: waiting for the destination' "$out"
assert_eq /running "$(where later)"
assert_ok xm -H "$there_socket" destroy later
assert_ok xm destroy slow

# half of it is said, and nothing more: of the configuration, of the guest
half() { # TEXT: to the port there, on a connection that stays while the test runs
    rm -f "$T/answer"
    mkfifo "$T/answer"
    python3 -c 'import socket, sys, threading
c = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
c.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
print(c.recv(100), flush=True)
threading.Event().wait()' "$there_port" "$1" >"$T/answer" &
    PIDS="$PIDS $!"
    read -r _ <"$T/answer"
}
half 'receive\nLinuxGuest'
form='(domain (name half) (uuid 11111111-2222-3333-4444-555555555555) (memory 64) (xend (version 1) (driver test)))'
half "receive\\nLinuxGuestRecord\\x00\\x00\\x00\\x$(printf %02x ${#form})${form}xend test guest 1\\n"

# a port where something else is: one error each, and the guest runs on
hostile() {
    wanted=$1
    shift
    peer "$@"
    assert_fails 1 xm migrate -p "$port" web1 127.0.0.1
    assert_match "^Error: web1: migrating: $wanted" "$err"
    assert_eq 1 "$(printf '%s\n' "$err" | wc -l)" "lines of $err"
    assert_eq running/ "$(where web1)"
}
hostile ".*: 'SSH-2.0-x' is not what a xend says there\$" say 'SSH-2.0-x\n'
hostile ".*: '\\?\\?\\[31m\\?\\?\\?' is not what a xend says there\$" say '\x00\x1b[31m\xff\xfe\xfd\n'
hostile ".*: the other side has closed the connection\$" say ''
hostile ".*: the other side does not speak as a xend does\$" say "$(printf '%0600d' 0)"
hostile ".*: too old \\(from the other side\\)\$" say "(err (type XendError) (value 'too old'))\\n"
hostile "the other side says 'hello' where ready is expected\$" say '(ready receive)\n' 'hello\n'
hostile "no room \\(from the other side\\)\$" say '(ready receive)\n' 'error no room\n'
hostile ".*: nothing came within 3 s\$" never
# says that it has it, and then that it has not: still ours
hostile "ends here \\(from the other side\\)\$" say '(ready receive)\n' 'ready\n' 'restored\nerror ends here\n'

# those that said half of it were given up meanwhile
given_up() {
    [ "$(xm -H "$there_socket" jobs --json | jq "map(select(.kind == \"receive\" and .state == \"failed\" and (.error.message | endswith(\"$1\")))) | length")" = 1 ]
}
until given_up ': it did not come in time'; do :; done
until given_up ': the other side has sent nothing for 3 s'; do :; done
assert_eq Domain-0 "$(xm -H "$there_socket" list --json | jq -r '.[].name')"

# hostile sources: nothing is kept of them, and an honest one is served
configure '(relocation-patience 30)'
say() { # TEXT: to the port there; prints what is answered
    python3 -c 'import socket, sys
c = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
try:
    c.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
    c.shutdown(socket.SHUT_WR)
except OSError:
    pass
d = b""
try:
    while (more := c.recv(4096)):
        d += more
except OSError:
    pass
print(d.decode("ascii", "replace"))' "$there_port" "$1"
}
assert_match "\\(err \\(type XendError\\) \\(value 'Invalid operation: GET / HTTP/1.1'\\)\\)" "$(say 'GET / HTTP/1.1\r\n\r\n')"
assert_match 'has no TLS' "$(say 'sslreceive\n')"
assert_match 'does not speak as a xend does' "$(say "$(printf '%0600d' 0)")"
assert_match 'has closed the connection' "$(say 'rece')"
assert_match '^error what is sent: not a saved domain' "$(say 'receive\nnothing of the sort, but long enough')"
assert_match '^error .*a configuration of 4294967295 bytes' "$(say 'receive\nLinuxGuestRecord\xff\xff\xff\xff')"
assert_match '^error .*it ends 4 bytes too early' "$(say 'receive\nLinuxGuestRecord\x00\x00\x00\x08(dom')"
assert_match '^error .*it was not saved by this xend' "$(say 'receive\nLinuxGuestRecord\x00\x00\x00\x14(domain (name web2))')"
assert_ok python3 tests/system/tcp_peer.py fuzz "$there_port" 200
assert_eq Domain-0 "$(xm -H "$there_socket" list --json | jq -r '.[].name')"
half 'receive\nLinuxGuest'
until job=$(job_there '.kind == "receive"'); do :; done
assert_ok xm -H "$there_socket" job-cancel "$job" # one that says nothing can be cancelled
run xm -H "$there_socket" job-wait "$job"
assert_match cancelled "$err"
mkfifo "$T/flood" "$T/refused"
python3 tests/system/tcp_peer.py flood "$there_port" 200 32 <"$T/flood" >"$T/refused" &
PIDS="$PIDS $!"
exec 5>"$T/flood"
read -r refused <"$T/refused"
assert_eq 168 "$refused" 'of 200 refused'
assert_fails 1 xm migrate web1 127.0.0.1
assert_match 'guests are on their way here already: try again \(from the other side\)' "$err"
exec 5>&-
until xm migrate web1 127.0.0.1 2>/dev/null; do :; done # ends with the connections
assert_eq /running "$(where web1)"
assert_eq web1 "$(xm -H "$there_socket" list --json | jq -r '.[1:] | .[].name')"
assert_eq '' "$(find "$T" -path '*/intents/*')"
