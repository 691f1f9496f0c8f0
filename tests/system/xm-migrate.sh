#!/bin/sh
# xm migrate between two xends of this machine, on the test driver: the guest is in one place at
# every moment, whatever fails on the way.
. tests/functions.sh
requires curl jq python3

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
other=$T/other
mkdir -p "$other/etc/xen"
cp "$ROOT/etc/xen/xend-config.sxp" "$other/etc/xen"
start_xend test
assert_ok xend start --root "$other" --driver test
trap 'at_end xend stop --root "$other"' EXIT
there=unix:$other/var/run/xend/xend.sock
# where NAME: its states here and there
where() {
    echo "$(domain_state "$1" 2>/dev/null || true)/$(xm -H "$there" list --json "$1" 2>/dev/null |
        sed -n 's/^ *"state": "\(.*\)",*$/\1/p')"
}

create web1 'vcpus = 2' 'maxmem = 128'
assert_ok xm migrate web1 "$there"
assert_eq '' "$out$err"
assert_eq /running "$(where web1)"
assert_eq 128 "$(xm -H "$there" list --json web1 | jq .[0].maxmem_mib)"
assert_ok xm -H "$there" migrate --live --json web1 "unix:$ROOT/var/run/xend/xend.sock"
assert_eq '"web1"' "$(echo "$out" | jq .name)"
assert_eq running/ "$(where web1)"

# one that does not run stays
assert_ok xm pause web1
assert_fails 1 xm migrate web1 "$there"
assert_eq "Error: Domain 'web1' is paused" "$err"
assert_eq paused/ "$(where web1)"

# refused before anything is sent: nothing changes
create web2
assert_ok xm -H "$there" create -q "$(make_config web2)"
assert_fails 1 xm migrate web2 "$there"
assert_match "^Error: web2: migrating: .*Domain 'web2' already exists" "$err"
assert_eq running/running "$(where web2)"
assert_ok xm -H "$there" destroy web2
assert_fails 3 xm migrate nobody "$there"
assert_fails 1 xm migrate Domain-0 "$there"
assert_fails 1 xm migrate web2 "unix:$T/none"
assert_match "^Error: unix:$T/none: Unable to connect" "$err"
create rooted 'nomigrate = 1'
assert_fails 1 xm migrate rooted "$there"
assert_match 'nomigrate' "$err"
assert_eq 'running/ running/' "$(where rooted) $(where web2)"

# to its own host: the same domain, whoever is asked, with another ID
who() {
    xm list --json web2 | jq -c '.[0] | [.uuid, .start_time, .managed, .state]'
}
stays() { # ARGUMENT...: of xm migrate
    was=$(who) id=$(xm domid web2)
    assert_ok xm migrate "$@"
    assert_eq "$was" "$(who)" "web2 after xm migrate $*"
    [ "$(xm domid web2)" -gt "$id" ] || fail "web2 has ID $id still after xm migrate $*"
}
stays web2 localhost
assert_eq '' "$out$err"
stays --live --json web2 "unix:$ROOT/var/run/xend/xend.sock"
assert_eq "$(xm domid web2)" "$(echo "$out" | jq .domid)"
stays web2 127.0.0.1

# a source that cannot save, a destination that cannot restore: it runs on here
create broken "extra = 'test:fail=save'"
assert_fails 1 xm migrate broken "$there"
assert_eq running/ "$(where broken)"
create picky "extra = 'test:fail=restore'"
assert_fails 1 xm migrate picky "$there"
assert_match 'picky: migrating: .*restore fails on demand \(from the other side\)' "$err"
assert_eq running/ "$(where picky)"
id=$(xm domid picky)
assert_fails 1 xm migrate picky localhost
assert_eq 'Error: picky: migrating: test driver: restore fails on demand' "$err"
assert_eq "running/ $id" "$(where picky) $(xm domid picky)"

# one that cannot go on afterwards is not lost either
create stuck "extra = 'test:fail=restore test:fail=resume:2 test:fail=resume:3'"
assert_fails 1 xm migrate stuck "$there"
assert_match '^Error: stuck: migrating: .*\(from the other side\)$' "$err"
assert_match '^It stands still here and could not go on \(.*\): xm unpause tries again\.$' "$err"
assert_eq shutdown/ "$(where stuck)"
assert_ok xm unpause stuck
assert_eq running/ "$(where stuck)"

# a managed domain stays defined here, starts here only when it is told to, and can come back
starts() {
    xm autostart --list --json | jq -r '.domains[] | select(.name == "kept").state'
}
restart() {
    stop_xend
    start_xend test
    until [ "$(xm jobs --json | jq 'map(select(.kind == "autostart" and .state != "done")) | length')" = 0 ]; do :; done
}
assert_ok xm new "$(make_config kept "on_xend_start = 'start'" 'autostart = 1')"
assert_ok xm start kept
assert_ok xm migrate kept localhost
assert_eq 'running true' "$(starts) $(xm list --json kept | jq .[0].managed)"
assert_ok xm migrate kept "$there"
assert_eq halted/running "$(where kept)"
assert_eq migrated "$(starts)"
restart
assert_eq halted/running "$(where kept)"
assert_match "autostart: kept: not started: it was migrated to $there, and may run there; xm start kept starts it here" \
    "$(cat "$ROOT/var/log/xen/xend.log")"
assert_ok xm -H "$there" migrate kept "unix:$ROOT/var/run/xend/xend.sock"
assert_eq running/ "$(where kept)"
assert_eq true "$(xm list --json kept | jq .[0].managed)"
assert_ok xm migrate kept "$there"
assert_ok xm -H "$there" destroy kept
assert_ok xm start kept
assert_ok xm destroy kept
restart
assert_eq running/ "$(where kept)"
assert_ok xm destroy kept
assert_ok xm delete kept

# nor does one of a file in /etc/xen/auto, known by its name or its uuid
AUTO=$ROOT/etc/xen/auto
mkdir -p "$AUTO"
uuid=11111111-2222-4333-8444-555555555555
mv "$(make_config named)" "$AUTO/named"
mv "$(make_config known "uuid = '$uuid'")" "$AUTO/known"
assert_ok xm autostart --start
assert_ok xm rename known other
assert_ok xm migrate named "$there"
assert_ok xm migrate other "$there"
restart
assert_ok xm autostart --start
assert_eq '' "$out"
assert_eq "Warning: known: not started: it was migrated to $there, and may run there (xm create $AUTO/known starts it here)
Warning: named: not started: it was migrated to $there, and may run there (xm create $AUTO/named starts it here)" "$err"
assert_eq '/running /running' "$(where named) $(where other)"
# one comes back, one is started all the same
assert_ok xm -H "$there" migrate other "unix:$ROOT/var/run/xend/xend.sock"
assert_ok xm create -q "$AUTO/named"
assert_ok xm destroy other
assert_ok xm destroy named
assert_ok xm -H "$there" destroy named
assert_ok xm autostart --start
assert_eq "$(printf 'Started domain %s\n' known named)" "$(echo "$out" | sort)"
assert_eq '' "$err"
for name in known named; do xm destroy $name; done

# something else at the other end: one error each, and it runs on here
hostile() { # WANTED ARGUMENT...: of tcp_peer.py
    wanted=$1
    shift
    rm -rf "$T/peer"
    mkdir "$T/peer"
    mkfifo "$T/peer/ready"
    PEER_SOCKET=$T/peer/sock python3 tests/system/tcp_peer.py "$@" >"$T/peer/ready" &
    PIDS="$PIDS $!"
    read -r _ <"$T/peer/ready"
    assert_fails 1 xm migrate web2 "unix:$T/peer/sock"
    assert_match "^Error: $wanted\$" "$err"
    assert_eq 1 "$(printf '%s\n' "$err" | wc -l)" "lines of $err"
    assert_eq running "$(domain_state web2)"
}
lost='unix:.*: Xend has probably crashed!  Invalid or missing HTTP status code.'
head='HTTP/1.1 202 x\r\nContent-Length: 8\r\n\r\n{"id":7}'
stream='HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: xend-stream\r\n\r\n'
hostile "$lost" say ''
hostile "$lost" say 'SSH-2.0-x\n'
hostile "$lost" say "$head" 'nothing of the sort\n'
hostile 'web2: migrating: the other side has closed the connection' say "$head" "$stream"
hostile "web2: migrating: the other side says 'hello' where ready is expected" say "$head" "$stream" 'hello\n'
hostile "web2: migrating: no room \\(from the other side\\)" say "$head" "$stream" 'error no room\n'

# cut when the destination runs it, and just before: xm asks there, and settles it here
cut() { # the arguments of tcp_peer.py; $out and $err of the migration
    rm -rf "$T/peer"
    mkdir "$T/peer"
    mkfifo "$T/peer/ready"
    PEER_SOCKET=$T/peer/sock python3 tests/system/tcp_peer.py cut "${there#unix:}" "$@" >"$T/peer/ready" &
    PIDS="$PIDS $!"
    read -r _ <"$T/peer/ready"
    run xm migrate web2 "unix:$T/peer/sock"
}
cut to before 'go\n'
assert_eq '1 Error: web2: migrating: the connection was lost
It runs on here.' "$status $err"
assert_eq running/ "$(where web2)"
cut from before 'running\n'
assert_eq '0 ' "$status $err"
assert_eq /running "$(where web2)"
assert_ok xm -H "$there" migrate web2 "unix:$ROOT/var/run/xend/xend.sock"

# a terminal shows what is going on
create later "extra = 'test:delay-restore=1500ms'"
assert_ok python3 tests/system/terminal.py "$BUILD_DIR/xm" migrate later "$there"
assert_match '^later: waiting for the destination' "$out"
assert_eq /running "$(where later)"

# Ctrl-C in the middle: it is told when it has ended, and where the domain is
create slow "extra = 'test:delay-restore=60s'"
arriving() {
    xm -H "$there" jobs --json | jq -e 'map(select(.kind == "receive" and .state == "running" and .domain == "slow")) | length > 0' >/dev/null
}
# the shell ignores SIGINT for what it runs in the background; python gives it back
python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$BUILD_DIR/xm" migrate slow "$there" >"$T/out" 2>"$T/err" &
migrating=$!
PIDS="$PIDS $migrating"
until arriving; do :; done
kill -INT "$migrating"
status=0
wait "$migrating" || status=$?
assert_eq '1 Interrupted. The migration has ended; the domain runs on where it was.' "$status $(cat "$T/out" "$T/err" | tr '\n' ' ' | sed 's/ $//')"
assert_eq running "$(domain_state slow)"
job=$(xm -H "$there" jobs --json | jq 'map(select(.domain == "slow" and .state == "running"))[0].id')
[ "$job" = null ] || xm -H "$there" job-cancel "$job" 2>/dev/null || true

# xm is killed in the middle
background "$BUILD_DIR/xm" migrate slow "$there"
migrating=$!
until arriving; do :; done
kill "$migrating"
settled() {
    [ "$(xm jobs --json | jq 'map(select(.state == "running")) | length')" = 0 ]
}
eventually settled
assert_eq running "$(domain_state slow)"
job=$(xm -H "$there" jobs --json | jq 'map(select(.domain == "slow" and .state == "running"))[0].id')
assert_ok xm -H "$there" job-cancel "$job"
run xm -H "$there" job-wait "$job"
assert_eq running/ "$(where slow)"

# cancelled on the way to its own host
id=$(xm domid slow)
xm migrate slow localhost >"$T/told" 2>&1 &
migrating=$!
PIDS="$PIDS $migrating"
moving() {
    job=$(xm jobs --json | jq -er 'map(select(.kind == "migrate" and .state == "running"))[0].id // empty')
}
until moving; do :; done
assert_ok xm job-cancel "$job"
status=0
wait "$migrating" || status=$?
assert_eq "1 Error: slow: migrating: cancelled running/ $id" "$status $(cat "$T/told") $(where slow) $(xm domid slow)"
assert_eq '' "$(find "$T" -path '*/intents/*' | grep -v other)"
