#!/bin/sh
# What a guest of real Xen has, changed while it runs, by xend and xm; what Xen itself and the guest's own
# kernel say of it. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl xenstore-read

# type_in TEXT: on the console of o1
type_in() {
    tty=$(xenstore-read "/local/domain/$(xl domid o1)/console/tty")
    printf '%s\r' "$1" >"$tty"
}

cat >"$T/o1.cfg" <<END
name = 'o1'
kernel = '$GUEST/vmlinux'
ramdisk = '$GUEST/initrd.img'
extra = 'console=hvc0 quiet'
memory = 128
maxmem = 192
vcpus = 2
maxvcpus = 3
cpus = ['0', '1', 'all']
cpu_weight = 512
cpu_cap = 200
tsc_mode = 2
on_reboot = 'rename-restart'
END
start_xend xen
assert_ok xm create -q "$T/o1.cfg"
wait_console o1 'guest: ready'
id=$(xm domid o1)

# Virtual CPUs: as xl sees them, and as the guest does.
affinity() { xl vcpu-list o1 | awk 'NR > 1 { print $4 == "-" ? "-" : "up", $7 }' | xargs; }
assert_eq 'up 0 up 1 - all' "$(affinity)" 'cpus of the config'
assert_match '^o1 +[0-9]+ +0 +0 +(r--|-b-) +[0-9.]+ 0$' "$(xm vcpu-list o1)"
assert_match '^o1 +[0-9]+ +2 +- +--p +[0-9.]+ any cpu$' "$(xm vcpu-list o1)"
assert_match '^Domain-0 +0 +1 +[01] +(r--|-b-) +[0-9.]+ any cpu$' "$(xm vcpu-list)"
assert_match '^o1 +[0-9]+ +512 +200$' "$(xl sched-credit2 -d o1)"
assert_ok xm sched-credit2 -d o1 -w 700
assert_eq "$(xl sched-credit2 2>&1 | awk '/^(Domain-0|o1)/ { print $1, $2, $3 }')" \
    "$(xm sched-credit2 | awk 'NR > 1 { print $1, $2, $3 }')" 'xm sched-credit2 beside xl'
assert_match '^o1 +[0-9]+ +700 +200$' "$(xl sched-credit2 -d o1)"
assert_ok xm vcpu-pin o1 0 1
assert_ok xm vcpu-pin o1 1 all
assert_eq 'up 1 up all - all' "$(affinity)" 'after vcpu-pin'
assert_fails 1 xm vcpu-pin o1 0 64
assert_match "CPUs '64': this host has 0-1" "$err"
assert_ok xm vcpu-set o1 3
assert_eq 3 "$(xl vcpu-list o1 | awk 'NR > 1 && $4 != "-"' | wc -l)" 'virtual CPUs after vcpu-set 3'
type_in 'echo cpus-$(nproc)'
wait_console o1 '^cpus-3'
assert_ok xm vcpu-set o1 1
assert_match "^o1 +$id +128 +1 " "$(xl list o1)"

# Memory: less, more, and no more than it may have.
assert_ok xm mem-set o1 96
assert_match "^o1 +$id +96 +1 " "$(xl list o1)"
assert_ok xm mem-set o1 160
assert_match "^o1 +$id +160 +1 " "$(xl list o1)"
assert_ok xm mem-max o1 176
assert_fails 1 xm mem-set o1 192
assert_match '176' "$err"
assert_ok xm mem-set o1 128

# A new name reaches xenstore, survives xend, and leaves the console's log where it is.
assert_ok xm rename o1 o2
assert_eq o2 "$(xl domname "$id")"
stop_xend
start_xend xen
assert_eq "$id" "$(xm domid o2)" 'domid under the new name'
assert_ok xm rename o2 o1

# Keys and interrupts.
assert_ok xm sysrq o1 h
wait_console o1 'sysrq: HELP'
assert_ok xm trigger o1 nmi
assert_fails 1 xm trigger o1 s3resume
assert_match 'a PV guest of Xen has no s3resume trigger' "$err"

# What the hypervisor has logged, and forgotten.
assert_match 'Xen version 4\.17|\(XEN\)' "$(xm dmesg)"
assert_ok xm dmesg -c
assert_eq '' "$(xm dmesg | head -n 1)" 'the log after dmesg -c'

# A core of its memory; it goes on. Then of a crash.
assert_ok xm dump-core -L o1 "$T/core"
assert_eq 7f454c46 "$(od -An -tx1 -N4 "$T/core" | tr -d ' ')" 'an ELF file'
[ "$(stat -c %s "$T/core")" -gt $((100 << 20)) ] || fail "core: $(stat -c %s "$T/core") bytes"
assert_eq running "$(domain_state o1)"
rm "$T/core"
type_in 'echo still-$((40 + 2))'
wait_console o1 '^still-42'
another() { now=$(xm domid o1 2>/dev/null) && [ "$now" != "$id" ] && [ "$now" != None ]; } # None: between the two
assert_ok xm trigger o1 reset
eventually another
wait_console o1 'guest: ready'

# The dead one is kept beside it, also over the death of xend, for people to look at.
kept() { xm list | awk '/^Domain-[0-9a-f-]+ / && $2 > 0 { print $1 }'; }
dead=$(kept)
assert_match '^Domain-[0-9a-f]{8}-' "$dead"
assert_eq "$dead $id" "$(xm list "$dead" | awk 'NR > 1 { print $1, $2 }')" 'the dead one'
assert_eq "$dead" "$(xl domname "$id")"
assert_match "^$dead +$id +128 +1 +---sr" "$(xl list "$id")"
assert_eq "/vm/${dead#Domain-}" "$(xenstore-read "/local/domain/$id/vm")"
assert_match 'guest: ready' "$(cat "$CONSOLES/guest-$dead.log")" 'its own log'
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend xen
assert_eq "$dead" "$(kept)"
assert_eq "$now" "$(xm domid o1)"
assert_ok xm destroy "$dead"
assert_ok xm sysrq o1 c
gone_or_new() { id_=$(xm domid o1 2>/dev/null) || return 0; [ "$id_" != "$now" ]; }
eventually gone_or_new
xm destroy o1 2>/dev/null || true
assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')" 'domains at the end'

# xend dies over keeping one: the next one finishes it, and starts the domain again.
printf "name = 'a1'\nkernel = '%s'\nmemory = 32\non_reboot = 'rename-restart'\n" "$GRUB" >"$T/a1.cfg"
runs_again() { now=$(xm domid a1 2>/dev/null) && [ "$now" != "$id" ] && [ "$(domain_state a1)" = running ]; }
for point in xen.aside xen.aside-named xen.aside-moved; do
    assert_ok xm create -q "$T/a1.cfg"
    id=$(xm domid a1)
    stop_xend
    XEND_FAULT=$point start_xend xen
    pid=$(cat "$ROOT/var/run/xend.pid")
    xm trigger a1 reset >/dev/null 2>&1 || true
    timeout 60 tail --pid="$pid" -f /dev/null || fail "xend did not pass $point"
    start_xend xen
    eventually runs_again
    assert_eq "$id" "$(xm domid "$(kept)")" "the dead one of a xend that died at $point"
    assert_ok xm destroy "$(kept)"
    assert_ok xm destroy a1
    assert_eq '' "$(ls "$ROOT/var/run/xend/xen")" "state files after $point"
    assert_eq '' "$(xenstore-ls /vm)" "/vm after $point"
done
stop_xend
