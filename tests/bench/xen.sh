#!/bin/sh
# Figures on real Xen, as ratios to Debian's xl within one boot, in turn with it: `make bench-xen` runs it
# in dom0 of the rig. Medians of RUNS (7), of whole commands; it judges nothing. The counts beside them
# (requests, hypercalls, processes) are a test: tests/system/xen-counts.sh.
. tests/functions.sh
. tests/bench/table.sh
. tests/xen.sh
requires xl
runs=${RUNS:-7}

# spent CMD...: runs it, leaves its time in $spent, in hundredths of a second; the shell itself forks nothing
spent() {
    read -r from _ </proc/uptime
    "$@" >/dev/null 2>"$T/said" </dev/null || fail "$*: $(cat "$T/said")"
    read -r to _ </proc/uptime
    spent=$((${to%.*}${to#*.} - ${from%.*}${from#*.}))
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# result MEASURE GOAL FILE: of $T/FILE.xm and $T/FILE.xl
result() {
    a=$(median "$T/$3.xm") b=$(median "$T/$3.xl")
    row "$1" "$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f", a / (b ? b : 1) }')" "<= $2" \
        "xm ${a}0 ms / xl ${b}0 ms, $runs pairs"
}
# alternate MEASURE GOAL CONFIG [DESTROY-MEASURE GOAL]: create -p and destroy, by each in turn
alternate() {
    rm -f "$T"/create.x? "$T"/destroy.x?
    for _ in $(seq "$runs"); do
        for tool in xl xm; do
            spent $tool create -q -p "$T/$3.$tool"
            echo "$spent" >>"$T/create.$tool"
            spent $tool destroy b1
            echo "$spent" >>"$T/destroy.$tool"
        done
    done
    result "$1" "$2" create
    [ -z "${4:-}" ] || result "$4" "$5" destroy
}
# config NAME TYPE KERNEL MEMORY [LINE...]: for both, as each writes it
config() {
    for tool in xl xm; do
        printf "name = 'b1'\ntype = '%s'\nkernel = '%s'\nmemory = %s\n" "$2" "$3" "$4" >"$T/$1.$tool"
    done
    name=$1
    shift 4
    for tool in xl xm; do printf '%s\n' "$@" >>"$T/$name.$tool"; done
    echo 'tsc_mode = "native"' >>"$T/$name.xl"
    echo 'tsc_mode = 2' >>"$T/$name.xm"
}

# timed FILE TOOL CMD...: runs it; its time goes to the list FILE
timed() {
    file=$1 tool=$2
    shift 2
    spent "$tool" "$@"
    echo "$spent" >>"$T/$file.$tool"
}
# saving and restoring: guests of the two, that do the same; from and to memory
saving() {
    mkdir -p "$memory"
    for tool in xl xm; do
        sed "s/b1/$tool/" "$T/big.$tool" >"$T/$tool.cfg"
        assert_ok $tool create -q "$T/$tool.cfg"
        wait_console $tool 'guest: ready'
    done
    for _ in $(seq "$runs"); do
        for tool in xl xm; do
            timed save "$tool" save $tool "$memory/saved"
            timed restore "$tool" restore "$memory/saved"
            rm "$memory/saved"
        done
    done
    result 'save, 256 MiB to tmpfs' 1.00 save
    result 'restore, 256 MiB from tmpfs' 1.00 restore
    for tool in xl xm; do assert_ok $tool destroy $tool; done
}
listing() {
    for i in $(seq 30); do
        sed "s/b1/l$i/" "$T/grub.xm" >"$T/l$i.cfg"
        assert_ok xm create -q -p "$T/l$i.cfg"
    done
    for _ in $(seq "$runs"); do
        for tool in xl xm; do timed list "$tool" list; done
    done
    result 'list with 30 domains' 0.45 list
    for i in $(seq 30); do assert_ok xm destroy "l$i"; done
}
# from now on they are not the stock ones, so they are executed
change_scripts() {
    for name in block vif-bridge; do echo '# changed' >>"$ROOT/etc/xen/scripts/$name"; done
}
# processes that a running guest of TOOL needs
helpers() {
    before=$(pgrep -c .)
    assert_ok "$1" create -q "$T/grub.$1"
    after=$(pgrep -c .)
    assert_ok "$1" destroy b1
    echo $((after - before))
}

use_hooks
start_xend xen
truncate -s 16M "$T/disk.img"
memory=/tmp/bench-xen.$$ # a tmpfs
linux="ramdisk = '$GUEST/initrd.img'"
config grub pv "$GRUB" 32
config pv pv "$GUEST/vmlinux" 128 "$linux"
config pvh pvh "$GUEST/vmlinux" 128 "$linux"
config xz pv "$GUEST/vmlinuz" 128 "$linux"
config big pv "$GUEST/vmlinux" 256 "$linux" "extra = 'console=hvc0 quiet'"
config devices pv "$GRUB" 32 "vif = ['bridge=xenbr0']" "disk = ['file:$T/disk.img,xvda,w']"
header
alternate 'create -p, PV 32 MiB' 0.40 grub 'destroy, no devices' 0.35
alternate 'create -p, PV 128 MiB, raw Linux' 0.65 pv
alternate 'create -p, PVH 128 MiB, raw Linux' 0.65 pvh
xm create -q -p "$T/xz.xm" && xm destroy b1 # from the second on
alternate 'create -p, PV 128 MiB, xz Linux' 0.20 xz
alternate 'create -p, vif and disk, in process' 0.10 devices 'destroy, vif and disk, in process' 0.35
change_scripts
alternate 'create -p, vif and disk, scripts executed' 0.60 devices 'destroy, vif and disk, scripts executed' 0.60
listing
saving
row 'processes for each running PV guest' "$(helpers xm)" '<= 0' "xl $(helpers xl)"
stop_xend
rm -rf "$memory"
# what is counted: a test says it, of the same xend
BUILD=$BUILD sh tests/system/xen-counts.sh
