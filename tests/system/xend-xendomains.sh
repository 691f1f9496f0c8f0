#!/bin/sh
# The xendomains service, as dash and busybox sh run it: restores what was saved, then starts what
# xm autostart lists; saves, migrates or shuts down in reverse; status, restart, its watchdog.
. tests/functions.sh
requires curl jq

mkdir -p "$ROOT/etc/xen/auto" "$ROOT/etc/default"
SAVE=$ROOT/var/lib/xen/save
LOCK=$ROOT/var/lock/xendomains
trap 'at_end xend stop --root "$T/other" >/dev/null 2>&1' EXIT
XM=$BUILD_DIR/xm XEND=$BUILD_DIR/xend
export XM XEND
auto() {
    mv "$(make_config "$@")" "$ROOT/etc/xen/auto/$1"
}
# settings [LINE...]: of the service
settings() {
    printf '%s\n' "$@" >"$ROOT/etc/default/xendomains"
}
service() {
    run $SHELL_ scripts/xendomains "$@"
}
names() {
    xm list | awk 'NR > 2 && NF == 6 { print $1 }' | tr '\n' ' '
}
# ended: the names of those that were saved, asked to shut down or restored, in order
ended() {
    api GET /v1/events | tr '{' '\n' | grep '"kind":"'"$1"'"' | grep '"state":"done"' |
        sed 's/.*"domain":"\([^"]*\)".*/\1/' | tr '\n' ' '
}

in_shell() {
    # no configuration: 6, for stop 0
    rm -f "$ROOT/etc/default/xendomains"
    service start
    assert_eq "6 $ROOT/etc/default/xendomains not existing" "$status $out"
    service stop
    assert_eq 0 $status
    settings
    # no xend: nothing to do, and no word
    service start
    assert_eq "0 $err" "$status $out"
    service status
    assert_eq '3 Checking for xendomains: unused' "$status $out"
    service nonsense
    assert_eq 3 $status

    start_xend test
    auto db 'start_order = 1' "cpu_weight = 7"
    auto web 'start_order = 2'
    assert_ok xm new -q "$(make_config kept)"
    assert_ok xm autostart kept
    create extra
    service start
    assert_eq 0 "$status" "$out $err"
    assert_eq 'db extra kept web ' "$(names)"
    service start
    assert_eq '0 xendomains already running (lockfile exists)' "$status $out"
    service status
    assert_eq '0 Checking for xendomains: running' "$status $out"
    xm destroy web
    service status
    assert_eq '1 Checking for xendomains: MISS AUTO: web' "$status $out"
    xm create -q "$ROOT/etc/xen/auto/web"

    # stop: saves in reverse order, the other one is shut down at the end
    service stop
    assert_eq "0  Shutting down Xen domains: extra(skip) kept(save) web(save) db(save) SHUTDOWN_ALL" \
        "$status $(echo " $out" | sed 's/ *$//')" "$err"
    assert_eq 'kept web db ' "$(ended save)"
    assert_eq 'db kept web ' "$(find "$SAVE" -type f | sed 's,.*/,,' | sort | tr '\n' ' ')"
    assert_eq '' "$(names)"
    [ ! -e "$LOCK" ] || fail "the lock stays"

    # start: restores those, in order, and starts nothing anew; a damaged one is kept, and not started
    echo LinuxGuestRecord-and-no-more >"$SAVE/web"
    echo something else >"$SAVE/other"
    service start
    assert_eq 1 "$status"
    assert_match '^Restoring Xen domains: db web$' "$out"
    assert_match '^! kept$' "$out"
    assert_match '^An error occurred while restoring domain web:$' "$out"
    assert_eq 'db kept ' "$(names)"
    assert_eq 'other web ' "$(find "$SAVE" -type f | sed 's,.*/,,' | sort | tr '\n' ' ')"
    service status
    assert_eq '1 Checking for xendomains: MISS AUTO: web MISS SAVED: web' "$status $out"
    rm "$SAVE/web" "$SAVE/other"

    # restart, by shutdown now; a failing configuration fails the service, no other domain
    settings 'XENDOMAINS_SAVE=' 'XENDOMAINS_AUTO_ONLY=false'
    auto bad 'memory = memroy'
    service restart
    assert_eq 1 "$status"
    assert_match 'name .memroy. is not defined' "$err"
    assert_eq 'db kept web ' "$(names)"
    assert_eq 'kept db extra ' "$(ended shutdown | awk '{ print $2, $3, $1 " " }')"
    rm "$ROOT/etc/xen/auto/bad"

    # sysrq first; one that does not obey is left when the watchdog says so, and the service fails
    auto deaf "extra = 'test:ignore-shutdown'"
    xm create -q "$ROOT/etc/xen/auto/deaf"
    settings 'XENDOMAINS_SAVE=' 'XENDOMAINS_SYSRQ="s u"' 'XENDOMAINS_USLEEP=1000' \
        'XENDOMAINS_SHUTDOWN_ALL=' 'XENDOMAINS_STOP_MAXWAIT=1'
    service stop
    assert_eq 1 "$status"
    assert_match 'web\(SR-s\)\(SR-u\)\(shut\)' "$out"
    assert_match '^no end within 1 s$' "$out"
    assert_eq 'deaf ' "$(names)"
    xm destroy deaf
    rm "$ROOT/etc/xen/auto/deaf"

    # what cannot be saved in time is not saved later, but shut down
    auto slow "extra = 'test:hang-save'"
    settings 'XENDOMAINS_STOP_MAXWAIT=1'
    service start
    service stop
    assert_eq 1 "$status"
    assert_match 'slow\(save\)' "$out"
    assert_eq '' "$(names)"
    [ ! -e "$SAVE/slow" ] || fail "it was saved, and shut down"
    rm -r "$ROOT/etc/xen/auto/slow" "$SAVE"

    # to another host, which another xend stands in for
    there=unix:$T/other/var/run/xend/xend.sock
    assert_ok xend start --root "$T/other" --driver test
    settings "XENDOMAINS_MIGRATE='--live $there'"
    service start
    running=$(names)
    service stop
    assert_eq 0 "$status" "$out $err"
    assert_match 'db\(migr\)' "$out"
    assert_eq '' "$(names)"
    assert_eq "$running" "$(xm -H "$there" list | awk 'NR > 2 && NF == 6 { print $1 }' | tr '\n' ' ')"
    [ ! -e "$SAVE/db" ] || fail "it was migrated, and saved"
    assert_ok xend stop --root "$T/other"
    rm -r "$T/other"

    # they may run there: not started, and not missed, until they are
    service start
    assert_eq '0 ' "$status $(names)"
    assert_match "^Warning: db: not started: it was migrated to $there, and may run there \\(xm create .*auto/db starts it here\\)$" "$err"
    service status
    assert_eq '0 Checking for xendomains: running' "$status $out"
    rm "$LOCK"
    for name in db web; do xm create -q "$ROOT/etc/xen/auto/$name"; done

    # a migration that fails is followed by the next step
    settings "XENDOMAINS_MIGRATE='--live nowhere.invalid'" 'XENDOMAINS_STOP_MAXWAIT=5' 'XENDOMAINS_SAVE='
    service start
    service stop
    assert_eq 1 "$status"
    assert_match 'db\(migr\)' "$out"
    assert_match '^An error occurred while migrating domain:$' "$out"
    assert_eq '' "$(names)"

    # the script of xend itself
    run $SHELL_ scripts/xend.init status
    assert_eq 0 $status
    run $SHELL_ scripts/xend.init stop
    run $SHELL_ scripts/xend.init status
    assert_eq 3 $status
    rm -rf "${ROOT:?}/var" "$ROOT"/etc/xen/auto/*
}

for SHELL_ in dash 'busybox sh'; do
    # shellcheck disable=SC2086
    command -v ${SHELL_%% *} >/dev/null || skip "$SHELL_ is missing"
    in_shell
done

# what scripts of old look for in xm list -l: the loop of the original's xendomains
start_xend test
create web1
create web2
parsed=$(xm list -l | grep '(domain\|(domid\|(name' | {
    name='' id=''
    while read -r LN; do
        case $LN in
        *"(domain"*) name='' id='' ;;
        *"(name"*) name=$(echo "$LN" | sed -e 's/^.*(name \(.*\))$/\1/') ;;
        *"(domid"*) id=$(echo "$LN" | sed -e 's/^.*(domid \(.*\))$/\1/') ;;
        esac
        [ -z "$name" ] || [ -z "$id" ] || echo "$id=$name"
    done
})
assert_eq '0=Domain-0
1=web1
2=web2' "$parsed"
