# Two xends of this machine on the test driver, for migrations: the test's own ("here") and one of a root
# of its own ("there"). Sourced after functions.sh; the configurations are the test's. shellcheck shell=sh
# shellcheck disable=SC2034  # some are for the test

there=$T/there
there_socket=unix:$there/var/run/xend/xend.sock
mkdir -p "$ROOT/etc/xen" "$there/etc/xen"

start_here() {
    xend start --root "$ROOT" --driver test >/dev/null
}
start_there() {
    xend start --root "$there" --driver test >/dev/null
}
stop_there() {
    xend stop --root "$there" >/dev/null 2>&1
}
trap 'at_end stop_there' EXIT

# where NAME: its states here and there
where() {
    echo "$(domain_state "$1" 2>/dev/null || true)/$(xm -H "$there_socket" list --json "$1" 2>/dev/null |
        sed -n 's/^ *"state": "\(.*\)",*$/\1/p')"
}

# check_away WHAT NAME: noted as away (xend/away.h) where it went from, and nowhere else
check_away() {
    case $(where "$2") in
    running/*) away= ;;
    *) away=1 ;;
    esac
    [ "$(find "$ROOT/var/lib/xend/migrated" -name "*.$2" 2>/dev/null | wc -l)" = "${away:-0}" ] ||
        fail "$1: $2 is $(where "$2"), and noted: $(ls "$ROOT/var/lib/xend/migrated")"
}
