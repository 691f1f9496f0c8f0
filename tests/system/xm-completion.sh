#!/bin/sh
# Bash completion: commands, options and files come from xm itself. No xend runs.
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
