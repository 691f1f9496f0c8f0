#!/bin/sh
# How long a guest takes from `xm create` to its first line, against the same QEMU run bare: with
# the command line that xend gave it, less what only xend's end of it needs. Called by run.sh.
#     qemu.sh PAIRS
. tests/functions.sh
. tests/bench/table.sh
. tests/guest.sh
until=$BUILD_DIR/tests/bench_until
first='guest: up'
pairs=${1:-7}

# bare_command PID: its command line, one argument a line. The control socket and the stopped start
# (-S) are xend's; descriptors become files and the standard output.
bare_command() {
    tr '\000' '\n' <"/proc/$1/cmdline" | awk -v guest="$GUEST" '
        $0 == "-S" { next }
        $0 == "-mon" || $0 == "-add-fd" || $0 == "-kernel" || $0 == "-initrd" || $0 == "-chardev" {
            option = $0; next }
        option == "-chardev" && /id=console/ { print "-chardev"; print "file,id=console,path=/dev/stdout" }
        option == "-chardev" && !/id=(console|qmp)/ { print "-chardev"; print $0 }
        option == "-kernel" { print "-kernel"; print guest "/vmlinux" }
        option == "-initrd" { print "-initrd"; print guest "/initrd.img" }
        option { option = ""; next }
        { print $0 }'
}

start_xend qemu
boot web1 # also warms up the files
bare_command "$(qemu_pid web1)" >"$T/bare"
assert_ok xm destroy web1
file=$(guest_config web1)

# bare: runs that, prints the milliseconds
bare() {
    set --
    while IFS= read -r argument; do
        set -- "$@" "$argument"
    done <"$T/bare"
    "$until" "$first" "$@" 2>"$T/bare.err" || fail "bare QEMU: $(cat "$T/bare.err")"
}

i=0
while [ $((i += 1)) -le "$pairs" ]; do
    a=$("$until" "$first" "$BUILD_DIR/xm" create -q -c "$file")
    assert_ok xm destroy web1
    b=$(bare)
    echo "$a $b"
done >"$T/times"

# median EXPRESSION-OF-COLUMNS [DIGITS]
median() {
    awk "{printf \"%.${2:-0}f\n\", $1}" "$T/times" | sort -n | sed -n "$((pairs / 2 + 1))p"
}
row 'qemu: xm create to first line, x bare QEMU' "$(median '$1 / $2' 3)" '<= 1.15' \
    "$(median '$1') ms / $(median '$2') ms, $pairs pairs"
nothing_left
