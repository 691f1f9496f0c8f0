#!/bin/sh
# Disks, network interfaces and screens of PV guests on real Xen: Linux's own backends, the hotplug scripts of
# dom0, and a QEMU for the screen.
# Nothing may be left of them, however they end. In dom0 only (tests/rig/suite).
. tests/functions.sh
. tests/xen.sh
requires xl xenstore-ls losetup socat

# clean WHEN: nothing is left of any guest
clean() {
    assert_eq "$(cat "$T/tree")" "$(tree)" "xenstore after $1"
    assert_eq "$(cat "$T/loops")" "$(losetup -a)" "loop devices after $1"
    assert_eq '' "$(ip -o link | grep -o ' vif[0-9.]*' || true)" "network interfaces after $1"
    assert_eq Domain-0 "$(xl list | awk 'NR > 1 { print $1 }')" "domains after $1"
    assert_eq '' "$(ls "$ROOT/var/run/xend/xen")" "state files after $1"
    assert_eq '' "$(pgrep -f 'xen-attach -name guest=' || true)" "QEMUs after $1"
}

tree >"$T/tree"
losetup -a >"$T/loops"
truncate -s 16M "$T/disk.img"

# A guest that uses both, beside what xl sees of it.
cat >"$T/d1.cfg" <<END
name = 'd1'
kernel = '$GUEST/vmlinux'
ramdisk = '$GUEST/initrd.img'
extra = 'console=hvc0 quiet ip=10.77.0.11/24 disk=xvda'
memory = 128
tsc_mode = 2
vif = ['bridge=xenbr0, mac=00:16:3e:00:00:11, rate=10Mb/s']
disk = ['file:$T/disk.img,xvda,w']
vfb = ['vnc=1, vncdisplay=7, keymap=de']
END
use_hooks
start_xend xen
assert_ok xm create -q "$T/d1.cfg"
id=$(xm domid d1)
assert_match "^vif$id.0\$" "$(ls /sys/class/net/xenbr0/brif)" 'ports of the bridge'
assert_match '^/dev/loop[0-9]*: .*disk.img' "$(losetup -a)"
assert_eq 62500,50000 "$(xenstore-read "/local/domain/0/backend/vif/$id/0/rate")" 'rate'
assert_eq 'n0,r'"$id" "$(xenstore-ls -p "/local/domain/0/backend/vbd/$id" | sed -n '1s/.*(\(.*\))/\1/p')" 'rights of a backend'
assert_eq "n$id,r0" "$(xenstore-ls -p "/local/domain/$id/device/vbd" | sed -n '1s/.*(\(.*\))/\1/p')" 'rights of a frontend'
wait_console d1 'guest: net eth0 10.77.0.11/24'
wait_console d1 'guest: disk xvda 32768 sectors ok'
answers 10.77.0.11
assert_match 'guest was here' "$(dd if="$T/disk.img" bs=512 skip=8 count=1 2>/dev/null | tr -d '\0')" 'what the guest wrote'

# Its screen: a frame buffer and a keyboard that a QEMU without rights serves; it outlives xend.
screen_is() { # STATES
    [ "$(for kind_ in vfb vkbd; do xenstore-read "/local/domain/0/backend/$kind_/$id/0/state"; done | xargs)" = "$1" ]
}
eventually screen_is '4 4'
assert_eq 127.0.0.1:7 "$(xm vncdisplay d1)"
printf 'RFB 003.008\n\001\001' | timeout 60 socat - TCP:127.0.0.1:5907 >"$T/rfb" # no password, shared
assert_match '^RFB 003.008' "$(head -n 1 "$T/rfb")"
grep -qa 'QEMU (d1)' "$T/rfb" || fail "no screen: $(od -c "$T/rfb")"
assert_eq 5907 "$(xenstore-read "/local/domain/$id/console/vnc-port")" 'what xl vncviewer looks for'
pid=$(pgrep -f 'xen-attach -name guest=d1,')
assert_no_match '^0$' "$(awk '$1 == "Uid:" { print $2 }' "/proc/$pid/status")" 'its user'
assert_eq '' "$(ls -A "/proc/$pid/root/")" 'what it sees of the file system'
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend xen
assert_eq 127.0.0.1:7 "$(xm vncdisplay d1)" 'after the death of xend'
# What the console says is kept, but not all of it.
head -c 2000000 /dev/zero >>"$CONSOLES/guest-d1.log"
is_cut() { [ "$(stat -c %s "$CONSOLES/guest-d1.log")" -le 1048576 ]; }
eventually is_cut
kill -9 "$pid"
has_no_screen() { ! xm vncdisplay d1 >/dev/null 2>&1; }
eventually has_no_screen
assert_match 'ERROR .*d1: its QEMU .*; its screen is gone, it runs on' "$(cat "$ROOT/var/log/xen/xend.log")"
assert_eq running "$(domain_state d1)"

# More of both come and go; the guest sees them.
type_in() { # TEXT: on the console of d1
    tty=$(xenstore-read "/local/domain/$id/console/tty")
    printf '%s\r' "$1" >"$tty"
}
truncate -s 8M "$T/more.img"
assert_ok xm block-attach d1 "file:$T/more.img" xvdb w
type_in 'until [ -e /dev/xvdb ]; do sleep 0.1; done; echo xvdb-$(cat /sys/class/block/xvdb/size)'
wait_console d1 'xvdb-16384'
assert_match "^51712 +0 +0 +4 " "$(xm block-list d1)"
assert_match "^51728 +0 +0 +4 .*/local/domain/0/backend/vbd/$id/51728" "$(xm block-list d1)"
assert_ok xm block-detach d1 xvdb
assert_no_match 51728 "$(xm block-list d1)"
assert_no_match more.img "$(losetup -a)"
assert_ok xm network-attach d1 bridge=xenbr0 mac=00:16:3e:00:00:12
type_in 'until [ -e /sys/class/net/eth1 ]; do sleep 0.1; done; ip addr add 10.77.0.13/24 dev eth1; ip link set eth1 up; echo eth-$((40 + 2))'
wait_console d1 'eth-42'
assert_match "^1 +0 +00:16:3e:00:00:12 " "$(xm network-list d1)"
assert_ok xm network-detach d1 1
assert_eq "vif$id.0" "$(ls /sys/class/net/xenbr0/brif)" 'ports of the bridge after network-detach'
assert_ok xm network-attach d1 bridge=xenbr0 mac=00:16:3e:00:00:14
assert_match "^2 +0 +00:16:3e:00:00:14 " "$(xm network-list d1)"
assert_fails 1 xm network-attach d1 bridge=xenbr7
assert_match 'Could not find bridge device xenbr7' "$err"
assert_fails 1 xm network-attach d1 bridge=xenbr0 vifname=xenbr0
assert_match 'An interface with name xenbr0 already exists' "$err"
assert_match '<.*,UP' "$(ip -o link show xenbr0)" 'whose name it was to have'
assert_fails 1 xm block-attach d1 "file:$T/disk.img" xvdc w
assert_eq 1 "$(xenstore-ls "/local/domain/0/backend/vbd/$id" | grep -c '^[0-9]')" 'disks after a failed attach'

# Its disk is taken; what is missing is named; nothing is left of those that failed.
refused() { # NAME OLD NEW ERROR
    sed "s/'d1'/'$1'/; s,$2,$3," "$T/d1.cfg" >"$T/$1.cfg"
    assert_fails 1 xm create -q -p "$T/$1.cfg"
    assert_match "$4" "$err"
}
refused d2 same same "disk xvda: $T/disk.img is mounted in a guest domain.*domain d1 has it as xvda"
refused d3 disk.img none.img "disk xvda: $T/none.img: No such file or directory"
assert_ok xm destroy d1
clean 'a destroy'
refused d4 xenbr0 xenbr7 'Device 0 \(vif\) could not be connected: .*Could not find bridge device xenbr7'
clean 'a missing bridge'
printf '#!/bin/sh\necho "no $1 on $(date +%%A) for $vif"; exit 3\n' >"$T/never"
chmod +x "$T/never"
refused d5 "'bridge=xenbr0" "'script=$T/never" 'Device 0 \(vif\) could not be connected: .*no online on .*day for vif[0-9]*.0'
refused d6 "'bridge=xenbr0" "'script=$T/nowhere" 'Device 0 \(vif\) could not be connected: .*nowhere.*No such file'
clean 'scripts that fail'
refused d8 'keymap=de' 'vncpasswd=tell-no1' 'starting its device model: .*vncpasswd: this QEMU has no VNC passwords'
clean 'a QEMU that does not start'
stop_xend

# An admin's own block-TYPE: it serves the disk; it fails in bytes that are no text; it hangs and is ended.
HOTPLUG_TEST_TIMEOUT_MS=300000 start_xend xen
cat >"$ROOT/etc/xen/scripts/block-vault" <<'END'
#!/bin/sh
. "$(dirname "$0")/block-common.sh"
read_disk
case $params in
binary) printf 'no\0disk\377here\n' >&2; exit 1 ;;
hangs) echo waiting >&2; sleep 987652 ;;
esac
case $command in
add)
    node=$(losetup --find --show "$params")
    xenstore_write "$XENBUS_PATH/node" "$node"
    write_dev "$node"
    ;;
remove) losetup -d "$(xenstore_read "$XENBUS_PATH/node")" ;;
esac
END
chmod +x "$ROOT/etc/xen/scripts/block-vault"
sed "s/'d1'/'d8'/; s,file:,vault:,; s,^v[if][fb].*,," "$T/d1.cfg" >"$T/d8.cfg"
assert_ok xm create -q -p "$T/d8.cfg"
assert_match '^/dev/loop[0-9]*: .*disk.img' "$(losetup -a)"
assert_ok xm destroy d8
clean 'a disk by block-vault'
sed -i "s,vault:$T/disk.img,vault:binary,; s/'d8'/'d9'/" "$T/d8.cfg"
assert_fails 1 xm create -q -p "$T/d8.cfg"
assert_match 'could not be connected: script block add: no disk.*here; block-vault failed' "$err"
assert_match 'script block remove: no disk.*here' "$(cat "$ROOT/var/log/xen/xend.log")"
sed -i "s,vault:binary,vault:hangs,; s/'d9'/'d10'/" "$T/d8.cfg"
stop_xend
HOTPLUG_TEST_TIMEOUT_MS=1000 start_xend xen
assert_fails 1 xm create -q -p "$T/d8.cfg"
assert_match 'script block add: it had not ended after 1 s and was killed' "$err"
assert_eq '' "$(pgrep -f 'sleep 987652' || true)" 'processes left'
clean 'a block-vault that hangs'
stop_xend

# xend dies in the middle: the next one gives back what there was.
cat >"$T/d7.cfg" <<END
name = 'd7'
kernel = '$GRUB'
memory = 32
vif = ['bridge=xenbr0']
disk = ['file:$T/disk.img,xvda,w']
END
{ cat "$T/d7.cfg"; echo "vfb = ['vnc=1']"; } >"$T/vfb.cfg"
settled() { # nothing is interrupted any more: the domain is whole, or not there
    [ "$(xl list | grep -c '^(null) \|^d7 ')" = "$(xm list | grep -c '^d7 ')" ]
}
for point in xen.described hook.set-up hook.loop-making hook.loop-made xen.plugged:2 xen.connected xen.destroyed \
    xen.unplugging xen.unplugged xen.dm-spawned xen.dm-ended; do
    XEND_FAULT=$point start_xend xen
    pid=$(cat "$ROOT/var/run/xend.pid")
    case $point in xen.dm-*) cp "$T/vfb.cfg" "$T/d7.cfg" ;; esac
    xm create -q -p "$T/d7.cfg" >/dev/null 2>&1 || true
    case $point in xen.destroyed | xen.unplugg* | xen.dm-ended) xm destroy d7 >/dev/null 2>&1 || true ;; esac
    timeout 60 tail --pid="$pid" -f /dev/null || fail "xend did not pass $point"
    start_xend xen
    eventually settled
    xm destroy d7 2>/dev/null || true
    clean "a xend killed at $point"
    stop_xend
done
