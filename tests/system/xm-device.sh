#!/bin/sh
# network-*, block-* and pci-*: lists to the byte, attach and detach by number, MAC and name, media,
# on domains that run, that are halted, and that are managed; what is refused, and how.
. tests/functions.sh
requires jq curl
start_xend test
create web1 'vif = ["bridge=br0,mac=00:16:3e:00:00:01"]' 'disk = ["phy:/dev/x,xvda,w", ",hdc:cdrom,r"]'
create stubborn 'extra = "test:ignore-detach"' 'vif = ["mac=00:16:3e:00:00:05"]'

# devices DOMAIN CLASS: their names, as xend has them
devices() {
    api GET "/v1/domains/$1/devices?class=$2" | jq -r '[.devices[].key] | join(" ")'
}

# The lists of a domain that runs.
assert_ok xm network-list web1
assert_eq 'Idx BE     MAC Addr.     handle state evt-ch tx-/rx-ring-ref BE-path
0   0  00:16:3e:00:00:01    0     4      17    772  /773     /local/domain/0/backend/vif/1/0  ' "$out"
assert_ok xm block-list web1
assert_eq 'Vdev  BE handle state evt-ch ring-ref BE-path
5632   0    0     4      16     770   /local/domain/0/backend/vbd/1/5632  
51712  0    0     4      15     768   /local/domain/0/backend/vbd/1/51712  ' "$out"
assert_ok xm network-list -l web1
assert_eq '(0 ((backend-id 0) (handle 0) (mac 00:16:3e:00:00:01) (state 4) (backend /local/domain/0/backend/vif/1/0) (event-channel 17) (tx-ring-ref 772) (rx-ring-ref 773)))' \
    "$(printf '%s' "$out" | tr -s ' \n' ' ' | sed 's/( /(/g; s/ )/)/g')"
assert_ok xm vif-list stubborn
assert_match '^0   0  00:16:3e:00:00:05 ' "$out"
assert_ok xm network-list Domain-0
assert_eq '' "$out" 'no header where there is no device'

# Come and go, by what names them.
assert_ok xm network-attach web1 bridge=br1 model=e1000
assert_eq '' "$out$err"
mac=$(devices web1 vif | cut -d' ' -f2)
assert_match '^00:16:3e:[0-7][0-9a-f]:[0-9a-f]{2}:[0-9a-f]{2}$' "$mac"
assert_ok xm network-attach web1 mac=00:16:3E:00:00:03,bridge=br2 --json
assert_eq '00:16:3E:00:00:03 br2' "$(printf '%s' "$out" | jq -r '"\(.device.mac) \(.device.bridge)"')"
assert_ok xm network-detach web1 0
assert_ok xm network-detach web1 00:16:3e:00:00:03
assert_eq "$mac" "$(devices web1 vif)"
assert_ok xm network-list web1
assert_match "^1   0  $mac    1  " "$out" 'numbers are not used twice'
assert_ok xm block-attach web1 'file:a,b.img' xvdb w
assert_ok xm block-attach web1 phy:sdc /dev/xvdc r
assert_ok xm block-attach web1 'format=raw,vdev=xvdd,access=ro,target=/x'
assert_eq "$PWD/a,b.img /dev/sdc" \
    "$(api GET '/v1/domains/web1/devices?class=disk' | jq -r '[.devices[].config | select(.vdev == "xvdb" or .vdev == "xvdc").target] | join(" ")')"
assert_ok xm block-detach web1 xvdb
assert_ok xm block-detach web1 /dev/xvdc
assert_ok xm block-detach -f web1 vbd/51760
assert_ok xm block-detach web1 51712
assert_eq hdc "$(devices web1 disk)"

# The spec follows the guest: the next incarnation has the same.
assert_ok xm block-configure web1 file:/cd.iso hdc:cdrom r
assert_match '\(uname file:/cd.iso\)' "$(xm list -l web1)"
assert_ok xm reset web1
assert_eq "$mac hdc" "$(devices web1 vif) $(devices web1 disk)"
assert_match '\(uname file:/cd.iso\)' "$(xm list -l web1)"
assert_ok xm block-configure web1 '' hdc r
assert_match '\(uname \)' "$(xm list -l web1)"

# refused TEXT COMMAND...: with that text; nothing changes
refused() {
    text=$1
    shift
    before=$(xm list -l web1)
    assert_fails 1 "$@"
    assert_match "^Error: $text" "$err" "$*"
    assert_eq "$before" "$(xm list -l web1)" "after $*"
}
refused 'Invalid argument: foo=1$' xm network-attach web1 foo=1
refused 'Invalid argument: mac=$' xm network-attach web1 mac=
refused 'Invalid argument: br0$' xm network-attach web1 br0
refused "mac: 'zz' is not a MAC address$" xm network-attach web1 mac=zz
refused "web1: attach: Device $mac \(vif\) is already connected\.$" xm network-attach web1 "mac=$mac"
refused 'Invalid mode$' xm block-attach web1 file:/c xvdc q
refused 'vdev: Unable to find number for device \(c\)$' xm block-attach web1 file:/c c w
refused "'xm block-attach' requires between 4 and 5 arguments\.$" xm block-attach web1 file:/c xvdc
refused 'web1: attach: Device hdc \(vbd\) is already connected\.$' xm block-attach web1 file:/c hdc w
refused 'web1: media: Device xvdz \(vbd\) is not connected$' xm block-configure web1 file:/c xvdz r
refused 'web1: detach: Device 7 \(vif\) is not connected$' xm network-detach web1 7
refused 'web1: detach: Device xvdq \(vbd\) is not connected$' xm block-detach web1 xvdq
refused 'Cannot attach a device to privileged domain Domain-0$' xm network-attach 0
refused 'web1: attach: .*cannot attach devices of class pci$' xm pci-attach web1 03:00.0
assert_fails 3 xm network-list nobody
assert_fails 3 xm block-attach nobody file:/c xvdc w
assert_fails 3 xm network-detach nobody 0
create odd 'disk = ["phy:/dev/y,xvda,w"]'
refused 'odd: media: xvda: only the medium of a CD-ROM drive can be changed$' xm block-configure odd file:/c xvda r
assert_eq 400 "$(api POST /v1/domains/web1/devices -d '{"class":"vfb","device":{"vnc":true}}' -o /dev/null -w '%{http_code}')"
assert_eq 404 "$(api DELETE /v1/domains/web1/devices/disks/xvda -o /dev/null -w '%{http_code}')"

# Two of one MAC: nobody is refused, the log tells.
create twin 'vif = ["mac=00:16:3E:00:00:05"]'
assert_match 'WARNING .*domain=twin: vif 00:16:3E:00:00:05: domain stubborn, which runs, has this MAC, too$' \
    "$(cat "$ROOT/var/log/xen/xend.log")"
xm destroy twin

# A guest that does not let go: said, kept, and taken by force.
assert_fails 1 xm network-detach stubborn 0
assert_match '^Error: stubborn: detach: Device 00:16:3e:00:00:05 \(vif\) could not be disconnected: the guest has not let go of it$' "$err"
assert_match 'with --force it is taken away' "$err"
assert_ok xm network-list stubborn
assert_match '^0   0  00:16:3e:00:00:05    0     5 ' "$out"
assert_ok xm network-detach stubborn 0 --force
assert_eq '' "$(devices stubborn vif)"

# Failures leave nothing, in the guest or in the spec.
create failing 'extra = "test:fail=attach:1 test:fail=keep-spec:2 test:fail=set-media:1 test:fail=keep-spec:4"' 'disk = [",hdc:cdrom,r"]'
assert_fails 1 xm network-attach failing
assert_match 'could not be connected: test driver: attach fails on demand$' "$err"
assert_eq '' "$(devices failing vif)"
assert_ok xm network-attach failing mac=00:16:3e:00:00:06
assert_fails 1 xm network-attach failing mac=00:16:3e:00:00:07
assert_match 'keep-spec fails on demand$' "$err"
assert_eq '00:16:3e:00:00:06' "$(devices failing vif)"
assert_fails 1 xm block-configure failing file:/new hdc r
assert_no_match 'file:/new' "$(xm list -l failing)"
assert_eq '' "$(ls "$ROOT/var/run/xend/intents")"

# A managed domain that is halted: the same words, and the disk remembers.
assert_ok xm new -q "$(make_config kept)"
assert_ok xm network-attach kept mac=00:16:3e:00:00:08
assert_ok xm network-list kept
assert_eq 'Idx BE     MAC Addr.     handle state evt-ch tx-/rx-ring-ref BE-path
0   -1 00:16:3e:00:00:08    0     -1     -1    -1   /-1      ??                              ' "$out"
assert_ok xm network-list -l kept
assert_eq '(0 (vif (mac 00:16:3e:00:00:08)))' "$out"
assert_ok xm block-attach kept phy:/dev/z xvda w
assert_ok xm block-list kept
assert_match '^51712  -1   0     -1     -1     -1    \?\? ' "$out"
assert_ok xm pci-attach kept 03:00.0
assert_ok xm pci-list kept
assert_eq 'Device
0000:03:00.0' "$out"
assert_ok xm pci-attach kept 04:00.0 1a
assert_ok xm pci-list kept
assert_eq 'Vdev Device
-    0000:03:00.0
1a.0 0000:04:00.0' "$out"
assert_ok xm pci-detach kept 3:0.0
assert_ok xm pci-detach kept 04:00.0
stop_xend
start_xend test
assert_eq '00:16:3e:00:00:08 xvda ' "$(devices kept vif) $(devices kept disk) $(devices kept pci)"
assert_ok xm start kept
assert_ok xm network-attach kept mac=00:16:3e:00:00:09
assert_ok xm block-detach kept xvda
assert_ok xm destroy kept
assert_eq '00:16:3e:00:00:08 00:16:3e:00:00:09 ' "$(devices kept vif) $(devices kept disk)"
assert_ok xm network-detach kept 1
assert_eq '00:16:3e:00:00:08' "$(devices kept vif)"

# What it is started with next time, defined while it runs, follows, too.
assert_ok xm start kept
assert_ok xm new -q "$(make_config kept 'description = "next"' 'vif = ["mac=00:16:3e:00:00:08"]')"
assert_ok xm network-attach kept mac=00:16:3e:00:00:0a
assert_ok xm destroy kept
assert_match '\(description next\)' "$(xm list -l kept)"
assert_eq '00:16:3e:00:00:08 00:16:3e:00:00:0a' "$(devices kept vif)"

# A suspended one has its devices in its checkpoint.
assert_ok xm start kept
assert_ok xm suspend kept
assert_fails 1 xm network-attach kept
assert_match '^Error: kept: Domain is suspended$' "$err"

# Where a screen would be.
assert_fails 1 xm vncdisplay kept
assert_eq "Error: Domain 'kept' is not started" "$err"

# A thousand of them: xend has the descriptors that it had. By one connection each, as xm does.
create busy
pid=$(cat "$ROOT/var/run/xend.pid")
fds() { find "/proc/$pid/fd" -type l | wc -l; }
cycle() {
    api POST '/v1/domains/busy/devices?wait=9' -d '{"class":"vif","device":{"mac":"00:16:3e:00:01:01"}}' >/dev/null
    api DELETE '/v1/domains/busy/devices/vif/00:16:3e:00:01:01?wait=9' >/dev/null
}
cycle
start=$(fds)
: >"$T/urls"
i=0
while [ $i -lt "${CYCLES:-1000}" ]; do
    printf 'next\nurl = "http://xend/v1/domains/busy/devices?wait=9"\nrequest = POST\ndata = "{\\"class\\":\\"vif\\",\\"device\\":{\\"mac\\":\\"00:16:3e:00:01:01\\"}}"\noutput = /dev/null\nunix-socket = xend.sock\nfail\n' >>"$T/urls"
    printf 'next\nurl = "http://xend/v1/domains/busy/devices/vif/00:16:3e:00:01:01?wait=9"\nrequest = DELETE\noutput = /dev/null\nunix-socket = xend.sock\nfail\n' >>"$T/urls"
    i=$((i + 1))
done
(cd "$ROOT/var/run/xend" && sed 1d "$T/urls" | curl -s --fail-early -K -) || fail "a cycle of attach and detach failed"
assert_eq '' "$(devices busy vif)"
[ "$(fds)" -le $((start + 2)) ] || fail "$start descriptors before, $(fds) after: $(ls -l "/proc/$pid/fd")"
