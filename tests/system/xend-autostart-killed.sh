#!/bin/sh
# xend killed (-9) in the middle of an autostart storm, at points within a wave and between waves, and
# the xendomains service killed while it starts or stops: who comes next goes on where it was. All are
# there in the end, in their order, and none was started twice.
. tests/functions.sh
requires curl jq

AUTO=$ROOT/etc/xen/auto
mkdir -p "$AUTO" "$ROOT/etc/default"
printf '%s\n' '(autostart-parallel 2)' '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
auto() {
    mv "$(make_config "$@")" "$AUTO/$1"
}
# net, then db and log side by side, then web after db, and last what has no order
auto net 'start_order = 1'
auto db 'start_order = 2' "extra = 'test:delay-create=20ms'"
auto log 'start_order = 2'
auto web 'start_order = 3' 'start_after = "db"'
auto last
dead() {
    timeout 20 sh -c 'while "$1" status >/dev/null; do :; done' sh "$BUILD_DIR/xend"
}
no_storm() {
    ! api GET /v1/jobs | grep -q '"kind":"autostart","state":"\(queued\|running\)"'
}
# begun: those that run, in the order of their ids, which is that of their starts
begun() {
    xm list --json | jq -r '.[1:] | sort_by(.domid)[] | select(.state == "running") | "\(.name) \(.domid)"'
}
# check WHAT HALF-MADE: all run; who was half made is made anew, with another id; nobody else was
check() {
    eventually no_storm
    order=$(begun | awk '{ printf "%s ", $1 }')
    case $order in
    'net db log web last ' | 'net log db web last ') ;;
    *) fail "$1: started in this order: $order" ;;
    esac
    [ "$(begun | awk 'END { print $2 }')" -le $((5 + $2)) ] || fail "$1: started twice: $(begun)"
    assert_eq '' "$(ls "$ROOT/var/run/xend/autostart" 2>/dev/null)" "the note after $1"
    assert_eq '' "$(ls "$ROOT/var/run/xend/intents")" "intents after $1"
}
clean() {
    stop_xend
    rm -rf "$ROOT/var/lib/xend" "$ROOT/var/run/xend"
}

# POINT:PASS:HALF-MADE-GUESTS
for at in autostart.begun:1:0 intent.written:2:2 autostart.ended:1:0 autostart.noted:1:0 \
    autostart.noted:2:1 autostart.noted:3:0 intent.written:4:1 autostart.noted:4:0 autostart.over:1:0; do
    XEND_FAULT=${at%:*} start_xend test
    xm autostart --start >/dev/null 2>&1 || true
    dead
    start_xend test
    check "$at" "${at##*:}"
    clean
done

# the service, killed while it saves the second one, and while it restores that one: the next stop and
# the next start do the rest. xm is held there by one that waits to be let go.
SAVE=$ROOT/var/lib/xen/save
XEND=$BUILD_DIR/xend XM=$T/xm
export XM XEND
echo XENDOMAINS_PARALLEL=1 >"$ROOT/etc/default/xendomains"
mkfifo "$T/held"
cat >"$XM" <<END
#!/bin/sh
[ ! -e "$T/hold" ] || case "\$* " in
"\$(cat "$T/hold") "*)
    echo \$\$ >"$T/held"
    exec sleep 60
    ;;
esac
exec "$BUILD_DIR/xm" "\$@"
END
chmod +x "$XM"
# killed_at COMMAND "XM-COMMAND ARGUMENT": the service dies while that runs
killed_at() {
    echo "$2" >"$T/hold"
    setsid sh scripts/xendomains "$1" >"$T/service.out" 2>&1 &
    service=$!
    read -r held <"$T/held"
    kill -s KILL -- "-$service" "$held"
    wait $service 2>/dev/null || true
    rm "$T/hold"
}
names() {
    begun | awk '{ print $1 }' | sort | tr '\n' ' '
}
saved() {
    find "$SAVE" -type f | sed 's,.*/,,' | sort | tr '\n' ' '
}
start_xend test
assert_ok sh scripts/xendomains start
assert_eq 'db last log net web ' "$(names)"
web=$(xm domid web)
killed_at stop "save $web"
assert_eq 'last ' "$(saved)"
assert_ok sh scripts/xendomains stop
assert_eq '' "$(names)"
assert_eq 'db last log net web ' "$(saved)"
killed_at start "restore --once $SAVE/db"
assert_eq 'net ' "$(names)"
assert_eq 'db last log web ' "$(saved)"
run sh scripts/xendomains status
assert_match 'MISS SAVED: db last log web$' "$out"
assert_ok sh scripts/xendomains start
assert_eq 'db last log net web ' "$(names)"
assert_eq '' "$(saved)"
assert_ok sh scripts/xendomains start
assert_eq 'xendomains already running (lockfile exists)' "$out"
