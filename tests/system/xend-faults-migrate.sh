#!/bin/sh
# A migration whose source or destination is killed (-9) at each point that it passes: the guest never
# runs in two places, and never in none unless the other holds it suspended for people to decide.
. tests/functions.sh
requires curl jq
. tests/two.sh

echo '(test-persist yes)' | tee "$ROOT/etc/xen/xend-config.sxp" >"$there/etc/xen/xend-config.sxp"
busy() {
    "$@" jobs --json | jq -e 'map(select(.state == "running" or .state == "queued")) | length > 0' >/dev/null
}
settled() {
    ! busy xm && ! busy xm -H "$there_socket"
}
# one migration, both sides with these faults; then both are there and have nothing left to do
migrate() {
    start_here
    xm destroy web1 >/dev/null 2>&1 || true
    xm create -q "$(make_config web1)"
    stop_xend
    XEND_FAULT=$1 XEND_FAULT_LOG=$T/points.here start_here
    XEND_FAULT=$2 XEND_FAULT_LOG=$T/points.there start_there
    xm -H "$there_socket" destroy web1 >/dev/null 2>&1 || true
    : >"$T/points.here"
    : >"$T/points.there"
    xm migrate web1 "$there_socket" >/dev/null 2>&1 || true
    start_here
    start_there
    TIMEOUT=30 eventually settled
}
check() {
    case $(where web1) in
    running/ | /running) ;;
    shutdown/running | shutdown/) kept=$((kept + 1)) ;; # told to go, and no answer
    *) fail "$1: web1 is $(where web1) (here/there)" ;;
    esac
    check_away "$1" web1
    assert_eq '' "$(find "$T" -path '*/intents/*')" "intents after $1"
    xm -H "$there_socket" destroy web1 >/dev/null 2>&1 || true
    stop_xend
    stop_there
}

kept=0 cases=0
migrate '' ''
cp "$T/points.here" "$T/all.here"
cp "$T/points.there" "$T/all.there"
assert_match migrate.giving "$(cat "$T/all.here")"
assert_match receive.taken "$(cat "$T/all.there")"
check 'no fault'
for side in here there; do
    fault_cases "$T/all.$side" >"$T/cases"
    while read -r point; do
        if [ $side = here ]; then migrate "$point" ''; else migrate '' "$point"; fi
        check "$side killed at $point"
        cases=$((cases + 1))
    done <"$T/cases"
done
[ "$kept" -lt "$cases" ] || fail "kept suspended every time"
echo "$cases cases, kept suspended in $kept"
