#!/bin/sh
# xend killed (-9) at every point of every operation, on the driver named by DRIVER (default test):
# the next xend finishes or undoes what was half done. First each operation runs once to learn the
# points that it passes; then once for each of them, killed there. PART=managed: what needs no guest of
# a hypervisor, for the test driver alone.
. tests/functions.sh
DRIVER=${DRIVER:-test}
PART=${PART:-running}
# shellcheck disable=SC2034  # of guest.sh
[ "$DRIVER" = test ] || . tests/guest.sh
requires curl

mkdir -p "$ROOT/etc/xen/auto"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
cases=0

plain_start() {
    XEND_FAULT='' XEND_FAULT_LOG='' start_xend "$DRIVER"
}
config() {
    case $DRIVER in
    test)
        make_config web1 'maxmem = 128' 'maxvcpus = 4' 'vif = ["mac=00:16:3e:00:00:01"]' \
            'disk = ["file:/old.iso,hdc:cdrom,r"]' 'on_crash = "rename-restart"'
        ;;
    *) guest_config web1 'maxvcpus = 4' 'on_crash = "rename-restart"' ;;
    esac
}
# fresh_domain STATE OP: web1 exists, running or paused, or does not exist; xend is down
fresh_domain() {
    plain_start
    xm destroy web1 >/dev/null 2>&1 || true
    xm destroy web2 >/dev/null 2>&1 || true
    for old in $(xm list | sed -n 's/^\(Domain-[0-9a-f-]\{36\}\) .*/\1/p'); do
        xm destroy "$old"
    done
    xm delete web1 >/dev/null 2>&1 || true
    xm delete web2 >/dev/null 2>&1 || true
    rm -f "$T"/core* "$T"/saved*
    case $1 in
    halted | kept | suspended)
        xm new -q "$(config)"
        [ "$1" = halted ] || xm start web1
        [ "$1" != suspended ] || xm suspend web1
        ;;
    running | paused | old)
        xm create -q "$(config)"
        case $DRIVER-$2 in qemu-shutdown | qemu-reboot | qemu-attach | qemu-crash) wait_console web1 'guest: ready' ;; esac
        [ "$1" != paused ] || xm pause web1
        domid=$(xm domid web1)
        ;;
    esac
    rm -f "$ROOT/etc/xen/auto/web1"
    case $2 in
    autostart) ln -s "$(config)" "$ROOT/etc/xen/auto/web1" ;;
    autostart-managed) xm autostart web1 ;;
    esac
    stop_xend
    # one that lives long enough to be restarted
    [ "$1" != old ] || sed -i 's/"start_time":\( *\)[0-9.e+]*/"start_time":\11000000000.5/' \
        "$ROOT/var/run/xend/$DRIVER"/*.spec "$ROOT/var/run/xend/$DRIVER"/*/state.json 2>/dev/null || true
}
# operate OP: what the user does; errors are expected, for xend dies
operate() {
    case $1 in
    autostart*) xm autostart --start ;;
    create) xm create -q "$(config)" ;;
    new) xm new -q "$(config)" ;;
    configure) api POST '/v1/domains/web1/config?wait=20' -d "{\"config\":{\"name\":\"web1\",\"kernel\":\"/k\",\"memory\":96}}" ;;
    keep) xm new --from-running web1 ;;
    clone) xm clone web1 web2 ;;
    mem-set) api POST '/v1/domains/web1/memory?wait=20' -d '{"memory_mib":96}' ;;
    vcpu-set) api POST '/v1/domains/web1/vcpus?wait=20' -d '{"vcpus":2}' ;;
    sched-set) api POST '/v1/domains/web1/sched?wait=20' -d '{"weight":512}' ;;
    vcpu-pin) api POST '/v1/domains/web1/pin?wait=20' -d '{"vcpu":"all","cpus":"0"}' ;;
    rename) api POST '/v1/domains/web1/rename?wait=20' -d '{"name":"web2"}' ;;
    reset) api POST '/v1/domains/web1/reset?wait=20' ;;
    save) xm save web1 "$T/saved" ;;
    migrate) xm migrate web1 localhost ;;
    checkpoint) xm save -c web1 "$T/saved" ;;
    restore) xm restore "$T/to-restore" ;;
    restore-once) cp "$T/to-restore" "$T/once" && xm restore --once "$T/once" ;;
    crash) xm sysrq web1 c && until rebooted || ! xend status; do :; done ;;
    dump-core) api POST '/v1/domains/web1/dump?wait=60' -d "{\"file\":\"$T/core\"}" ;;
    attach) xm network-attach web1 type=user mac=00:16:3e:00:00:02 ;;
    detach) xm network-detach web1 00:16:3e:00:00:01 ;;
    detach-force) xm network-detach -f web1 00:16:3e:00:00:01 ;;
    media) xm block-configure web1 file:/new.iso hdc r ;;
    *) xm "$1" web1 ;;
    esac >/dev/null 2>&1 || true
}
settled() {
    [ -z "$(ls "$ROOT/var/run/xend/intents")" ] && # jobs of xend's own are in no list
        ! api GET /v1/jobs | grep -q '"kind":"[a-z-]*","state":"\(queued\|running\)"'
}
# settle: until recovery has nothing left to do
settle() {
    eventually settled
    TIMEOUT=20 eventually no_dying
}
no_dying() {
    ! xm list --json | grep -q '"state": "dying"'
}
# settle_end OP POINT: a guest that was asked to end does so in its own time
settle_end() {
    case $1-$2 in
    *-shutdown.begin*) ;;
    shutdown-*) eventually gone ;;
    crash-sysrq*) ;;
    reboot-* | crash-*) eventually rebooted ;;
    esac
    settle
}
gone() {
    ! xm domid web1 >/dev/null 2>&1
}
rebooted() {
    now=$(xm domid web1 2>/dev/null) && [ "$now" != None ] && [ "$now" != "$domid" ] &&
        [ "$(domain_state web1)" = running ]
}
# leftovers: what is on disk must be of domains that exist, and nothing else
check_leftovers() {
    names=$(($(xm list --json | grep -c '"uuid":') - 1)) # Domain-0 has no files
    assert_eq '' "$(ls "$ROOT/var/run/xend/intents" 2>/dev/null)" "intents after $1"
    [ ! -e "$ROOT/var/run/xend/autostart" ] || fail "an autostart goes on after $1"
    if [ "$DRIVER" = qemu ]; then
        dirs=$(find "$ROOT/var/run/xend/qemu" -mindepth 1 -type d | wc -l)
        assert_eq "$names" "$dirs" "run directories after $1"
        assert_eq "$names" "$(holders "$T" | wc -l)" "processes after $1"
    fi
}
# check_devices WHAT: the guest has what its spec says, and for a managed domain so has the disk
check_devices() {
    all=$(api GET /v1/domains/web1/devices) || return 0
    assert_no_match '"live":true[^}]*"config":null' "$all" "devices that are in no spec after $1"
    [ "$(domain_state web1 2>/dev/null)" != running ] ||
        assert_no_match '"live":false' "$all" "devices that the guest lacks after $1"
    for file in "$ROOT"/var/lib/xend/domains/*/config.sxp; do
        [ -e "$file" ] || continue
        assert_eq "$(xm list -l web1 | grep -c '(device')" "$(grep -c '(device' "$file")" "devices on disk after $1"
    done
}
# one case: OP STATE ALLOWED... killed at point $point
kill_at() {
    op=$1 state=$2 point=$3 allowed=$4
    fresh_domain "$state" "$op"
    XEND_FAULT=$point start_xend "$DRIVER"
    operate "$op"
    # by its lock, for a dead process may wait long for whoever reaps it
    timeout 20 sh -c 'while "$1" status >/dev/null; do :; done' sh "$BUILD_DIR/xend" ||
        fail "$op: xend did not pass $point"
    plain_start
    settle
    settle_end "$op" "$point"
    got=$(domain_state web1 2>/dev/null)
    [ "$op" != clone ] || xm domid web1 >/dev/null || fail "no web1 after clone killed at $point"
    [ "$op" != rename ] || got=$got$(domain_state web2 2>/dev/null) # one of the two
    [ "$op-$got" != save- ] || [ -s "$T/saved" ] || fail "web1 is nowhere after save killed at $point"
    [ "$op" != restore-once ] || assert_eq "${got:-file}" "$([ ! -e "$T/once" ] && echo running || echo file)" \
        "the file or the domain after restore --once killed at $point"
    assert_eq '' "$(find "$T" -name '*-incomplete' -o -name '.removed-*' -o -name '.new-*' -o -name '*.tmp-*')" "after $op killed at $point"
    [ "$op" != dump-core ] || [ ! -e "$T/core" ] || [ -s "$T/core" ] || fail "an empty core after $point"
    case " $allowed " in
    *" ${got:-absent} "*) ;;
    *) fail "$op killed at $point: web1 is ${got:-absent}, not one of: $allowed" ;;
    esac
    check_leftovers "$op killed at $point"
    case $op in attach | detach* | media) check_devices "$op killed at $point" ;; esac
    before=$(xm list --json | grep -v cpu_time)
    stop_xend
    plain_start
    settle
    assert_eq "$(echo "$before" | grep '"name"')" "$(xm list --json | grep '"name"')" "a second start after $op at $point"
    stop_xend
    cases=$((cases + 1))
}
# matrix OP STATE-BEFORE ALLOWED-AFTER
matrix() {
    fresh_domain "$2" "$1"
    rm -f "$T/points"
    XEND_FAULT_LOG=$T/points start_xend "$DRIVER"
    : >"$T/points"
    operate "$1"
    settle
    stop_xend
    [ -s "$T/points" ] || fail "$1 passes no point"
    case $DRIVER-$1 in # the others of its points are a reset's; a boot for each takes seconds
    qemu-crash) sed -i '/aside/!d' "$T/points" ;;
    esac
    fault_cases "$T/points" >"$T/points.$1"
    while read -r at; do
        kill_at "$1" "$2" "$at" "$3"
    done <"$T/points.$1"
}

case $PART in
managed)
    matrix checkpoint paused 'paused'
    matrix attach kept running
    matrix attach halted halted
    matrix detach running running
    matrix detach-force kept running
    matrix media running running
    matrix media kept running
    matrix new absent 'absent halted'
    matrix start halted 'halted running'
    matrix autostart-managed halted 'running'
    matrix suspend kept 'running suspended'
    matrix resume suspended 'suspended running'
    matrix mem-set kept running
    matrix rename halted halted
    matrix reset kept running
    matrix destroy kept halted
    matrix configure halted halted
    matrix configure kept running
    matrix keep running running
    matrix clone halted halted
    matrix delete halted 'halted absent'
    echo "$cases cases of managed domains on the $DRIVER driver"
    exit
    ;;
esac
matrix create absent 'absent running'
matrix pause running 'running paused'
matrix unpause paused 'running paused'
matrix shutdown running 'running absent'
matrix reboot running 'running'
matrix destroy running 'absent'
# the sanitizers make real guests slow; the points of xend itself they see on the test driver
case $DRIVER-$BUILD_DIR in
qemu-*/san-*)
    echo "$cases cases on the $DRIVER driver, with sanitizers"
    exit
    ;;
esac
matrix reset running 'running'
matrix crash old 'running'
matrix rename running 'running'
matrix mem-set running 'running'
matrix vcpu-set running 'running'
matrix vcpu-pin running 'running'
[ "$DRIVER" != test ] || matrix sched-set running 'running'
matrix dump-core running 'running'
matrix attach running running
matrix save running 'running absent'
matrix checkpoint running 'running'
fresh_domain running save
plain_start
assert_ok xm save web1 "$T/to-restore"
stop_xend
matrix restore absent 'absent running'
[ "$DRIVER" != test ] || matrix restore-once absent 'absent running'
[ "$DRIVER" != test ] || matrix migrate running running
matrix autostart absent 'running'
echo "$cases cases on the $DRIVER driver"
