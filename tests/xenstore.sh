# Xen's xenstore-read, -write, -list and -rm over files below $XS, in $T/bin: what scripts for Xen
# backends need where there is no Xen. shellcheck shell=sh
XS=$T/xenstore
mkdir -p "$T/bin" "$XS"
tool() {
    { printf '#!/bin/sh\ncd "%s" || exit 1\n' "$XS" && cat; } >"$T/bin/$1"
    chmod +x "$T/bin/$1"
}
tool xenstore-read <<'END'
for path; do cat "${path#/}/.value" 2>/dev/null || exit 1; echo; done
END
tool xenstore-write <<'END'
while [ $# -gt 0 ]; do
    mkdir -p "${1#/}"
    printf %s "$2" >"${1#/}/.value"
    shift 2
done
END
tool xenstore-list <<'END'
[ -d "${1#/}" ] && ls "${1#/}"
END
tool xenstore-rm <<'END'
rm -rf "${1#/}"
END
xs() {
    tool_=$1
    shift
    "$T/bin/xenstore-$tool_" "$@"
}
