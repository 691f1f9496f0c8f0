#!/bin/sh
# vtpm=: a real guest has a TPM by swtpm, which lives exactly as long as its QEMU, over a killed xend and
# a suspend; what it knows stays with the domain, for nobody else to read.
. tests/functions.sh
. tests/guest.sh
requires swtpm
uuid=6c1f5d02-0f3a-4f0e-9d0c-2b6f6f7a0001

# swtpms: the pids of those of this test
swtpms() {
    grep -la "prefix[=]$uuid/" /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3
}
# no_swtpm: it ends by itself when its QEMU has
no_swtpm() {
    tries=3000
    while [ -n "$(swtpms)" ]; do
        [ $((tries -= 1)) -gt 0 ] || fail "swtpm lives on: $(swtpms)"
        sleep 0.01
    done
}
# asks WORDS: the TPM answers the guest's kernel
asks() {
    tell 'x=$(cat /sys/class/tpm/tpm0/tpm_version_major) y=$(wc -c </sys/class/tpm/tpm0/pcr-sha256/0)'
    tell "echo $1-\$x-\$y"
    wait_console web1 "$1-2-65"
}

# with_tpm WORDS: a configuration
with_tpm() {
    guest_config web1 "kernel = '$GUEST/vmlinuz'" "uuid = '$uuid'" "vtpm = [$1]"
}

start_xend qemu
assert_ok xm new "$(with_tpm "''")"
assert_ok xm start web1
wait_console web1 'guest: ready'
viewer web1
asks first
state=$ROOT/var/lib/xend/vtpm/$uuid
assert_eq 700 "$(stat -c %a "$state")"
assert_eq 600 "$(stat -c %a "$state/tpm2-00.permall")"
before=$(cksum "$state/tpm2-00.permall")
pid=$(swtpms)
[ "$(id -u)" != 0 ] || [ "$(stat -c %u "$state")" = "$(stat -c %u "/proc/$(qemu_pid web1)")" ] || fail "whose is it?"

# over a xend that dies, and to disk and back
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend qemu
assert_eq "$pid" "$(swtpms)"
viewer web1
asks second
assert_ok xm suspend web1
no_swtpm
assert_ok xm resume web1
viewer web1
asks third
[ -n "$(swtpms)" ] || fail "no TPM after the resume"

# it is the domain's: another guest of it has the same
assert_ok xm destroy web1
assert_ok xm start web1
assert_eq "$before" "$(cksum "$state/tpm2-00.permall")"
kill -9 "$(qemu_pid web1)"
no_swtpm
eventually test "$(domain_state web1)" != running
assert_ok xm delete web1
[ ! -e "$state" ] || fail "left behind: $(ls -A "$state")"

# xend dies on the way: nothing is left of either
stop_xend
for point in qemu.tpm-starting qemu.tpm-started; do
    XEND_FAULT=$point start_xend qemu
    assert_fails 1 xm create -q "$(with_tpm "'model=tpm-crb'")"
    start_xend qemu
    no_swtpm
    assert_fails 3 xm domid web1
    stop_xend
done
start_xend qemu
assert_ok xm create -qp "$(with_tpm "'model=tpm-crb'")"
assert_ok xm destroy web1
no_swtpm
assert_eq '' "$(ls "$ROOT/var/lib/xend/vtpm")" 'it goes with a domain that nobody keeps'
assert_fails 1 xm create -q "$(with_tpm "'', ''")"
assert_match 'vtpm: a guest has one TPM at most' "$err"
assert_fails 1 xm create -q "$(with_tpm "'model=tpm-spi'")"
assert_match 'use one of tpm-tis, tpm-crb' "$err"
assert_fails 1 xm create -q "$(guest_config web1 "vtpm = ['']")"
assert_match 'this kernel, an ELF image, would not see it' "$err"
nothing_left
