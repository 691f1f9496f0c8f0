#!/bin/sh
# A migration by TCP: cut between any two things that are said, and with the source or the destination
# killed (-9) at each point that it passes and started again. The guest runs in exactly one place then:
# a source that does not know asks. A sample of the points; all of them with FAULTS_EVERY=1.
. tests/functions.sh
requires curl jq python3
. tests/two.sh

port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
printf '%s\n' '(test-persist yes)' '(xend-relocation-server yes)' "(xend-relocation-port $port)" \
    '(relocation-patience 20)' >"$there/etc/xen/xend-config.sxp"
printf '%s\n' '(test-persist yes)' '(relocation-patience 20)' >"$ROOT/etc/xen/xend-config.sxp"
no_intents() {
    [ -z "$(find "$T" -path '*/intents/*')" ]
}
# check WHAT: one guest, which runs
check() {
    case $(where web1) in
    running/ | /running) ;;
    *) fail "$1: web1 is $(where web1) (here/there)" ;;
    esac
    check_away "$1" web1
}
# a new guest here, none there
prepare() {
    xm -H "$there_socket" destroy web1 2>/dev/null || true
    xm destroy web1 2>/dev/null || true
    xm create -q "$(make_config web1)"
}

# cut DIRECTION WHEN TEXT WHERE: the connection ends there; the guest is WHERE
cut() {
    prepare
    mkfifo "$T/port"
    python3 tests/system/tcp_peer.py cut "$port" "$1" "$2" "$3" >"$T/port" &
    proxy=$!
    PIDS="$PIDS $proxy"
    read -r cut_port <"$T/port"
    rm "$T/port"
    run xm migrate -p "$cut_port" web1 127.0.0.1
    case $4 in
    here) assert_eq 1 "$status" "$1 $2 $3: $err: exit status" ;;
    there) assert_eq 0 "$status" "$1 $2 $3: $err: exit status" ;;
    esac
    eventually no_intents
    check "cut $1 $2 $3"
    assert_eq "$([ "$4" = here ] && echo running/ || echo /running)" "$(where web1)" "after a cut $1 $2 $3: web1"
    kill "$proxy"
}
start_here
start_there
cut to before 'receive' here
cut from before '(ready' here
cut to after 'LinuxGuest' here
cut from before 'ready\n' here
cut to before 'xend test guest' here
cut to before 'end of guest' here
cut to after 'end of guest\n' here
cut from before 'restored' here
cut to before 'go\n' here
cut to after 'go\n' there
cut from before 'running' there

# killed FAULT-HERE FAULT-THERE: who dies is started again at once
killed() {
    start_here
    start_there
    prepare
    stop_xend
    stop_there
    : >"$T/points.here"
    : >"$T/points.there"
    XEND_FAULT=$1 XEND_FAULT_LOG=$T/points.here start_here
    XEND_FAULT=$2 XEND_FAULT_LOG=$T/points.there start_there
    xm migrate -p "$port" web1 127.0.0.1 >/dev/null 2>&1 &
    migrating=$!
    while kill -0 $migrating 2>/dev/null; do
        start_there
    done
    wait $migrating || true
    start_here
    start_there
    eventually no_intents
    check "killed at $1 $2"
}
killed '' ''
cp "$T/points.here" "$T/all.here"
cp "$T/points.there" "$T/all.there"
cases=0 n=0
for side in here there; do
    fault_cases "$T/all.$side" >"$T/cases"
    while read -r point; do
        n=$((n + 1))
        case $point in
        migrate.giv*:1 | receive.*:1) ;; # about the moment when it changes hands
        *) [ $((n % ${FAULTS_EVERY:-4})) = 0 ] || continue ;;
        esac
        if [ $side = here ]; then killed "$point" ''; else killed '' "$point"; fi
        cases=$((cases + 1))
    done <"$T/cases"
done
echo "$cases of $n cases"
