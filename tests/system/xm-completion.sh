#!/bin/sh
# Bash completion: commands, options and files come from xm itself.
. tests/functions.sh
requires bash

# completions WORD...: what the last word could become, one a line, sorted.
completions() {
    bash -c 'PATH=$1:$PATH; shift; source "$1"; shift
        COMP_WORDS=(xm "$@") COMP_CWORD=$#
        _xm; printf "%s\n" "${COMPREPLY[@]}"' - "$BUILD_DIR" scripts/xm.bash-completion "$@" | sort
}

assert_eq 'create' "$(completions cr)"
assert_eq 'domid
domname
domstate' "$(completions dom)"
assert_match '^list$' "$(completions '')"
assert_match '^shutdown$' "$(completions --root /x sh)"
assert_eq '--host=
--help' "$(completions --h | sort -r)"
assert_eq '--json' "$(completions list --j)"
assert_eq '--state=' "$(completions list --s)"
assert_match '^-w$' "$(completions shutdown -)"
assert_eq 'pause' "$(completions help pa)"
mkdir -p "$ROOT/etc/xen"
: >"$ROOT/etc/xen/web1.cfg"
assert_match '^web1\.cfg$' "$(completions create we)"
assert_eq '' "$(completions pause we)"
assert_eq '--no-wait' "$(completions create --no)"
assert_eq 'job-cancel
job-wait
jobs' "$(completions jo)"
assert_eq '--follow' "$(completions log --f)"
assert_eq '--since=' "$(completions events --s)"
assert_eq '--batch' "$(completions top --b)"
assert_eq '--timeout=' "$(completions shutdown --t)"

# arguments by their place in the usage
assert_eq 'nmi' "$(completions trigger web1 n)"
assert_eq 'init
nmi
power
reset
s3resume' "$(completions trigger web1 '')"
assert_eq '' "$(completions trigger web1 nmi '')"
assert_eq 'all' "$(completions vcpu-pin web1 '')"
assert_eq 'all' "$(completions vcpu-pin web1 0 '')"
assert_eq "$T/kernel" "$(: >"$T/kernel"; completions dump-core -L web1 "$T/k")"
assert_eq '' "$(completions create web1.cfg we)"

# with xend: domains and jobs
start_xend test
create web1
assert_eq web1 "$(completions log we)"
assert_eq web1 "$(completions events w)"
for c in reset sysrq dump-core mem-set vcpu-pin shutdown vcpu-list domid; do
    assert_eq web1 "$(completions $c we)" "$c"
done
for c in list vcpu-list uptime 'shutdown -w' reboot; do
    # shellcheck disable=SC2086  # words
    assert_eq web1 "$(completions $c one two we)" "$c"
done
for c in pause rename mem-set info; do
    assert_eq '' "$(completions $c web1 we)" "$c"
done
assert_match '^[0-9]+$' "$(completions job-wait '')"
