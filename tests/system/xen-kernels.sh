#!/bin/sh
# What guests of real Xen boot: compressed kernels are unpacked once and kept; what is no kernel is refused in
# one line. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl gzip

CACHE=$ROOT/var/cache/xend
# config NAME KERNEL [LINE...]
config() {
    config_=$T/$1.cfg
    printf "name = '%s'\nkernel = '%s'\nmemory = 128\ntsc_mode = 2\n" "$1" "$2" >"$config_"
    shift 2
    printf '%s\n' "$@" >>"$config_"
}
inode() { stat -c '%i %w' "$CACHE/$1"; }
kept() { (cd "$CACHE" && ls); }
# again: makes the guest of CONFIG once more, paused; it goes
again() {
    assert_ok xm create -q -p "$T/$1.cfg"
    assert_ok xm destroy "$1"
}

start_xend xen
gzip -c "$GRUB" >"$T/grub.gz"
config k1 "$T/grub.gz"
assert_ok xm create -q "$T/k1.cfg"
wait_console k1 'GNU GRUB'
assert_ok xm destroy k1
name=$(kept)
assert_match '^kernel-[0-9a-f]+-[0-9a-f]+$' "$name" 'kernels kept'
assert_eq '700 600' "$(stat -c %a "$CACHE" "$CACHE/$name" | xargs)" 'modes'
first=$(inode "$name")
again k1
assert_eq "$first" "$(inode "$name")" 'the kernel kept, after a second guest'

# A damaged one is not used, nor one cut off, nor that of a kernel that has changed.
printf 'nonsense' | dd of="$CACHE/$name" bs=1 seek=8192 conv=notrunc 2>/dev/null
again k1
[ "$(inode "$name")" != "$first" ] || fail 'a damaged file was used'
size=$(stat -c %s "$CACHE/$name")
truncate -s $((size / 2)) "$CACHE/$name"
touch -r "$T/grub.gz" "$CACHE/$name"
again k1
assert_eq "$size" "$(stat -c %s "$CACHE/$name")" 'size of the kernel kept'
second=$(inode "$name")
touch "$T/grub.gz"
again k1
[ "$(inode "$name")" != "$second" ] || fail 'the kernel has changed, and the old one was used'
# No place for it: the guest does not mind.
rm -rf "$CACHE"
touch "$CACHE"
again k1
rm "$CACHE"

# Linux as distributions have it: xz in a bzImage. What is kept is as good as what was unpacked.
config k2 "$GUEST/vmlinuz" "ramdisk = '$GUEST/initrd.img'" "extra = 'console=hvc0 quiet'"
again k2
first=$(inode "$(kept)")
assert_ok xm create -q "$T/k2.cfg"
wait_console k2 'guest: ready'
assert_ok xm destroy k2
assert_eq "$first" "$(inode "$(kept)")" 'the kernel kept'
rm -rf "$CACHE"

# What is no kernel, or too much of one. Nothing is left of any.
refused() { # TEXT
    assert_fails 1 xm create -q -p "$T/bad.cfg"
    assert_match "$1" "$err"
    assert_eq 1 "$(printf '%s\n' "$err" | grep -vc '^  *\|^Hint' )" "lines of the error: $err"
    assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')" "domains after $1"
}
bad() { # KERNEL TEXT
    config bad "$1"
    refused "$2"
}
echo 'not a kernel at all' >"$T/text"
bad "$T/text" 'loading its kernel: .*/text: no loader found: Invalid kernel'
: >"$T/empty"
bad "$T/empty" "kernel: $T/empty: empty"
bad "$T" "kernel: $T: Is a directory"
mkfifo "$T/fifo"
bad "$T/fifo" "kernel: $T/fifo: not a file"
truncate -s 300M "$T/huge"
bad "$T/huge" "kernel: $T/huge: larger than 256 MiB"
head -c 4000000 "$GUEST/vmlinuz" >"$T/cut"
bad "$T/cut" "kernel: $T/cut: unpacking it: "
head -c 4000000 "$GUEST/vmlinux" >"$T/cutelf"
bad "$T/cutelf" 'loading its kernel: .*/cutelf: '
cp "$T/cutelf" "$T/arm"
printf '\267' | dd of="$T/arm" bs=1 seek=18 conv=notrunc 2>/dev/null
bad "$T/arm" "kernel: $T/arm: it is for another processor: ELF machine 183, not x86"
cp "$T/grub.gz" "$T/bomb"
truncate -s -4 "$T/bomb" # its last four bytes say how much is in it
printf '\000\000\000\040' >>"$T/bomb"
bad "$T/bomb" "kernel: $T/bomb: unpacking it: "
truncate -s 200M "$T/ramdisk"
config bad "$GUEST/vmlinux" "ramdisk = '$T/ramdisk'"
refused "ramdisk: $T/ramdisk: too large for 128 MiB of memory"
truncate -s 2200M "$T/ramdisk"
refused "ramdisk: $T/ramdisk: larger than 2048 MiB"
assert_eq '' "$(ls "$CACHE" 2>/dev/null)" 'kept of those'
stop_xend
