#!/bin/sh
# What the stock vif-bridge, vif-route, vif-nat and block do, done in process: the same outcome as by the script, no new
# process, nothing left of one that fails at any step, nor of a thousand. A changed script is executed.
. tests/netns.sh
. tests/xenstore.sh
requires losetup
HOOKS=$BUILD_DIR/tests/hooks
[ -x "$HOOKS" ] || skip "$HOOKS is not built"
export HOTPLUG_RUN_DIR="$T/run"
release() {
    umount "$T/mnt" 2>/dev/null || :
    [ -z "${on:-}" ] || losetup -d "$on" 2>/dev/null || :
    loops | cut -d ' ' -f 1 | xargs -r losetup -d
}
trap 'at_end release' EXIT
loops() { # those of this test
    losetup --list --noheadings -O NAME,BACK-FILE,RO,AUTOCLEAR | grep " $T/" || :
}

no_iptables

# state: all that a hook may have changed, without what differs each time (numbers, random addresses)
state() {
    [ "${hook:-}" = block ] || links
    loops | sed 's/loop[0-9]*/loopN/; s/  */ /g'
    (cd "$XS" && find . -name .value -exec grep -H '' {} + | LC_ALL=C sort |
        sed 's/loop[0-9]*/loopN/; s/:7:[0-9a-f]*$/:7:N/')
}
links() {
    ip -d -o link show | sed 's/^[0-9]*: //; s/@[^:]*//; s/\\.*\(link.ether fe:ff:ff:ff:ff:ff\)\{0,1\}.*\(addrgenmode [a-z0-9]*\).*/ \1 \2/'
    ip -o address show | sed 's/^[0-9]*: //; s/ [a-f0-9:]*\/64/ fe80/; /^lo /d'
    ip route
    ip -6 route | sed '/^fe80/d'
    ip -6 neigh show proxy
    (cd /proc/sys/net && grep . ipv?/conf/[tvd][aim][pfz]*/proxy_[an]*) || :
    nft list ruleset
    # the code that the kernel runs for each rule; elements of a set are in any order
    nft --debug=netlink list ruleset | sed 's/^\(netdev [^ ]* [^ ]*\).*/\1/' | LC_ALL=C sort
}
# fresh: interfaces and backends as before the first hook
fresh() {
    release
    rm -rf "$XS" && mkdir -p "$XS"
    xs write "$nic/mac" 00:16:3e:00:00:01 "$nic/frontend-id" 1 "$vbd/frontend-id" 1 "$vbd/state" 2 "$vbd/mode" w
    [ "${hook:-}" != block ] || return 0
    nft flush ruleset
    ip link delete group 7 2>/dev/null || :
    ip link add name xenbr0 mtu 1400 address 02:00:00:00:00:01 type bridge forward_delay 0 stp_state 0
    ip link set xenbr0 up group 7
    ip link add name vif1.0 group 7 type veth peer name far0 group 7
    ip link add name tap1.0 group 7 type veth peer name far1 group 7
}
nic=backend/vif/1/0
vbd=backend/vbd/1/51712
# by WAY HOOK ACTION...: script or process; $status, and in $words what was said
by() {
    by_=$1 script_=scripts/hooks/$2
    shift 2
    case $by_ in
    script) run env PATH="$T/bin:$PATH" "$script_" "$@" && words=$err ;;
    *)
        # shellcheck disable=SC2086
        run "$HOOKS" $store "$script_" "$@"
        words=$(echo "$err" | sed '/ INFO /d; s/^script [^ ]* [^ ]*: //')
        assert_match 'forks 0 messages [0-9]* descriptors 0' "$out" "$script_ $*: $err"
        ;;
    esac
}
vif_script=vif-bridge
tap() { # WAY ACTION [NAME=VALUE...]
    way_=$1 action_=$2
    shift 2
    store=''
    XENBUS_PATH=$nic HOTPLUG_STORE=env vif=tap1.0 INTERFACE=tap1.0 frontend_id=1 handle=0 \
        by "$way_" $vif_script "$action_" type_if=tap "$@"
}
xen() { # WAY ACTION
    store="--store $XS"
    XENBUS_PATH=$nic vif=vif1.0 by "$1" $vif_script "$2" type_if=vif
}
# host: this host with a card, to route from
host() {
    ip link add name eth9 group 7 type veth peer name far9 group 7
    for end in eth9 far9; do ip link set dev $end addrgenmode none up; done
    ip address add 10.9.0.1/24 dev eth9
    ip -6 address add 2001:db8:9::1/64 dev eth9 nodad
    ip route add default via 10.9.0.254
}
route() {
    tap "$@" 'ip=10.9.0.2 2001:db8:9::2 10.9.0.3'
}
block() { # WAY ACTION
    store="--store $XS"
    XENBUS_PATH=$vbd XENBUS_BASE_PATH=backend by "$1" block "$2"
}
# both PREPARE... -- HOOK ACTION...: in both ways: from a fresh state, then back again
n_cases=0 ways='script process'
case $BUILD in
*san-*) ways=process ;; # the scripts have nothing to say there
esac
both() {
    prepare=
    while [ "$1" != -- ]; do
        prepare="$prepare $1"
        shift
    done
    shift
    hook=$1 action=$2
    shift 2
    for way in $ways; do
        fresh
        eval "$prepare"
        $hook "$way" "$action" "$@"
        state >"$T/$way"
        echo "$status $words" >>"$T/$way"
        case $action in add) back=remove ;; *) back=offline ;; esac
        $hook "$way" "$back"
        state >"$T/$way.back"
    done
    n_cases=$((n_cases + 1))
    [ "$ways" != process ] || return 0
    cmp -s "$T/script" "$T/process" || fail "$prepare; $hook $action $*: $(diff "$T/script" "$T/process")"
    cmp -s "$T/script.back" "$T/process.back" || fail "$prepare; $hook $back: $(diff "$T/script.back" "$T/process.back")"
}
# the last case was refused in these words
said() {
    assert_eq "1 $1" "$(tail -n 1 "$T/process")"
}

both : -- tap add
assert_match '^tap1.0: .*master xenbr0' "$(cat "$T/process")"
both : -- tap add bridge=xenbr0 mtu=1300
assert_match '^tap1.0: .*mtu 1300' "$(cat "$T/process")"
both ip link set tap1.0 up ';' ip address add 10.1.1.1/24 dev tap1.0 ';' ip -6 address add 2001:db8::1/64 dev tap1.0 \
    nodad -- tap add
both ip link add name other0 group 7 type bridge ';' ip link set tap1.0 master other0 up -- tap add bridge=xenbr0
both ip link add name eth7 group 7 type bridge -- tap add bridge=xenbr7
assert_match '^tap1.0: .*master eth7' "$(cat "$T/process")"
both : -- tap add bridge=nosuch
said 'Could not find bridge device nosuch'
both ip link delete xenbr0 -- tap add
said 'Could not find bridge, and none was specified'
both ip link delete tap1.0 -- tap add bridge=xenbr0
said 'Could not find interface tap1.0'
both : -- tap add 'INTERFACE=a;b'
said "'a;b' is no name for an interface: letters, digits, . _ - and at most 15"
# what it may send, as nft shows it
m=mac=00:16:3e:00:00:01
both : -- tap add $m filter=mac
assert_match 'ether saddr != 00:16:3e:00:00:01 drop' "$(cat "$T/process")"
both : -- tap add $m filter=ip
both : -- tap add $m filter=yes 'ip=10.0.0.9 2001:db8::9 10.0.0.8 2001:db8::1 ff02::1' rate=3276,50000
assert_match 'ip6 saddr != ..::, 2001:db8::1, 2001:db8::9, fe80::/10, ff02::1 . drop' "$(cat "$T/process")"
both nft add table netdev xen-tap1.0 ';' nft add chain netdev xen-tap1.0 old -- tap add $m ip=10.0.0.9
both : -- tap add ip=2001:db8::9
both : -- tap add $m filter=none ip=10.0.0.9 rate=0,50000
both xs write $nic/ip 10.0.0.7 $nic/rate 1000,50000 -- xen online
both xs write $nic/bridge xenbr0 -- xen online
assert_match 'hotplug-status/.value:connected' "$(cat "$T/process")"
both xs write $nic/vifname dmz0 $nic/rate 1000,50000 -- xen online
assert_match '^dmz0: .*master xenbr0' "$(cat "$T/process")"
both xs write $nic/vifname tap1.0 -- xen online
said 'Cannot rename interface vif1.0. An interface with name tap1.0 already exists.'
both xs write $nic/bridge nosuch -- xen online
said 'Could not find bridge device nosuch'

# routes to it
vif_script=vif-route
both host -- route add
assert_match '^10.9.0.3 dev tap1.0 scope link src 10.9.0.1' "$(cat "$T/process")"
assert_match '^2001:db8:9::2 dev eth9 *proxy' "$(cat "$T/process")"
assert_match '^ipv4/conf/tap1.0/proxy_arp:1' "$(cat "$T/process")"
assert_no_match '10.9.0.2 dev tap1.0|proxy$' "$(cat "$T/process.back")"
both host ';' ip link set tap1.0 up address fe:ff:ff:ff:ff:ff ';' ip route add 10.9.0.2 dev tap1.0 -- route add mtu=1300 $m filter=yes
both ip link set far0 up ';' ip address add 10.8.0.1/24 dev far0 ';' ip -6 address add 2001:db8::1/64 dev far0 nodad -- \
    route add netdev=far0
both host -- route add netdev=far0
said 'far0 has no address to route 10.9.0.2 from'
both host -- route add netdev=nosuch
said 'nosuch has no address to route 10.9.0.2 from'
both : -- route add
said 'There is no default route; say which card it is: netdev=eth0'
both host -- tap add
said 'vif-route needs ip=: the addresses of the guest'
both host ';' ip link delete tap1.0 -- route add
said 'Could not find interface tap1.0'
both host ';' ip link set far0 up ';' ip route add default dev far0 metric 5 ';' xs write $nic/gatewaydev eth9 $nic/ip 10.9.0.4 $nic/vifname dmz0 -- xen online
assert_match '^10.9.0.4 dev dmz0' "$(cat "$T/process")"
assert_match 'hotplug-status/.value:connected' "$(cat "$T/process")"
vif_script=vif-nat
both : -- tap add
assert_match '^10.0.1.1 dev tap1.0 scope link src 10.0.1.128' "$(cat "$T/process")"
assert_match 'ip saddr != 10.0.1.1 drop' "$(cat "$T/process")"
both : -- tap add 'ip=10.3.0.5/24  10.3.0.200' filter=none
assert_match '^10.3.0.200 dev tap1.0 scope link src 10.3.0.71' "$(cat "$T/process")"
both xs write $nic/handle 2 -- xen online
assert_match '^10.0.1.3 dev vif1.0' "$(cat "$T/process")"
vif_script=vif-bridge

truncate -s 1M "$T/a.img"
ln -f "$T/a.img" "$T/b.img"
both xs write $vbd/type file $vbd/params "file:$T/a.img" -- block add
assert_match "^/dev/loopN $T/a.img 0 0" "$(cat "$T/process")"
assert_match "hotplug-status/.value:connected" "$(cat "$T/process")"
both xs write $vbd/type file $vbd/params "$T/a.img" $vbd/mode r -- block add
assert_match "^/dev/loopN $T/a.img 1 0" "$(cat "$T/process")"
both xs write $vbd/type file $vbd/params "$T/none.img" -- block add
said "$T/none.img does not exist."
both xs write $vbd/type file $vbd/params "$T" -- block add
said "$T is not a file."
both xs write $vbd/type phy $vbd/params "$T/a.img" -- block add
said "$T/a.img is not a block device."
both xs write $vbd/type file $vbd/params "$T/a.img" $vbd/state 6 -- block add
said "Path closed or removed during hotplug add: $vbd state: 6"
both : -- block add # an empty drive
both xs write $vbd/physical-device 7:99 -- block add
shared() { # MODE: another guest has the file by another name
    other=backend/vbd/2/51712
    dev=$(losetup --find --show "$T/b.img")
    xs write $other/physical-device "$(stat -c %t:%T "$dev")" $other/mode "$1" $other/frontend-id 2 \
        /local/domain/2/name web2 /local/domain/2/vm /vm/1-2-3-4-5 $vbd/type file $vbd/params "$T/a.img"
}
both shared w -- block add
said "File $T/a.img is mounted in a guest domain, and so cannot be mounted now. It is used by web2."
both shared w ';' xs write $vbd/mode r -- block add
said "File $T/a.img is mounted read-write in a guest domain, and so cannot be mounted read-only now. It is used by web2."
both shared r ';' xs write $vbd/mode r -- block add
both shared w ';' xs write $vbd/mode w! -- block add
both shared w ';' xs write /local/domain/1/vm /vm/1-2-3-4-5-1 -- block add # the same, as it migrates
stacked() { # another guest has the file, and this one shall get a device made of it
    dev=$(losetup --find --show "$T/a.img")
    on=$(losetup --find --show "$dev")
    theirs=$(losetup --find --show "$T/b.img")
    xs write backend/vbd/2/51712/physical-device "$(stat -c %t:%T "$theirs")" backend/vbd/2/51712/mode w \
        backend/vbd/2/51712/frontend-id 2 /local/domain/2/name web2 $vbd/type phy $vbd/params "$on"
}
both stacked -- block add
assert_match "^1 Device /dev/loop[0-9]* is mounted in a guest domain, and so cannot be mounted now. It is used by web2.$" "$(tail -n 1 "$T/process")"
losetup -d "$on"
phy() { # a block device; MOUNTED: on the host
    dev=$(losetup --find --show "$T/a.img")
    xs write $vbd/type phy $vbd/params "${dev#/dev/}"
    [ -z "${1:-}" ] || mount -t "$1" "$dev" "$T/mnt"
}
both phy -- block add
mkdir -p "$T/mnt"
"$BUSYBOX" mke2fs -F "$T/a.img" >/dev/null 2>&1
for fs in ext2 ext4; do
    if grep -qw $fs /proc/filesystems; then
        both phy $fs -- block add
        assert_match "^1 Device /dev/loop[0-9]* is mounted in the privileged domain, and so cannot be mounted by a guest. It is mounted on $T/mnt.$" "$(tail -n 1 "$T/process")"
        break
    fi
done
echo "$n_cases cases alike in both ways"

# Whatever step fails, nothing is left after the way back.
sweep() { # STEPS HOOK ACTION BACK [ARGUMENT...]
    steps=$1 hook=$2 action=$3 back=$4
    shift 4
    for step in $(seq "$steps"); do
        fresh
        [ "$hook" != vif-route ] || host
        xs write $nic/vifname dmz0 $nic/ip "10.0.0.7 2001:db8::7" $vbd/type file $vbd/params "$T/a.img"
        run "$HOOKS" --store "$XS" --fail "$step" "scripts/hooks/$hook" "$action" "$@"
        assert_eq 1 "$status" "$hook whose step $step fails"
        assert_match 'Input/output error' "$err" "$hook fails at $step"
        assert_match 'forks 0 .* descriptors 0' "$out"
        assert_ok "$HOOKS" --store "$XS" "scripts/hooks/$hook" "$back" "$@"
        assert_no_match 'master|^/dev/loop|/node/|physical-device|connected|table|dev dmz0|proxy$' "$(state)" "$hook that failed at $step"
    done
    fresh
    [ "$hook" != vif-route ] || host
    xs write $nic/vifname dmz0 $nic/ip "10.0.0.7 2001:db8::7" $vbd/type file $vbd/params "$T/a.img"
    assert_ok "$HOOKS" --store "$XS" --fail $((steps + 1)) "scripts/hooks/$hook" "$action" "$@"
    assert_match connected "$(state)" # there was no such step
}
XENBUS_PATH=$nic vif=vif1.0 sweep 11 vif-bridge online offline type_if=vif
XENBUS_PATH=$nic vif=vif1.0 sweep 15 vif-route online offline type_if=vif
XENBUS_PATH=$vbd sweep 2 block add remove

hook=
# A thousand: no process, no descriptor, no loop device, no rule. A loop device, or a rule, takes the kernel 20 ms.
fresh
xs write $vbd/type file $vbd/params "$T/a.img"
XENBUS_PATH=$nic HOTPLUG_STORE=env vif=tap1.0 assert_ok "$HOOKS" --cycles 1000 scripts/hooks/vif-bridge add type_if=tap
assert_match 'forks 0 messages [0-9]{4,5} descriptors 0' "$out"
XENBUS_PATH=$nic HOTPLUG_STORE=env vif=tap1.0 ip=10.0.0.7 assert_ok "$HOOKS" --cycles "${CYCLES:-100}" scripts/hooks/vif-bridge add type_if=tap
assert_match 'forks 0 messages [0-9]{3,5} descriptors 0' "$out"
host
for name in vif-route vif-nat; do
    XENBUS_PATH=$nic HOTPLUG_STORE=env vif=tap1.0 ip=10.9.0.7 filter=none assert_ok "$HOOKS" --cycles 1000 scripts/hooks/$name add type_if=tap
    assert_match 'forks 0 messages [0-9]{4,5} descriptors 0' "$out"
done
XENBUS_PATH=$vbd assert_ok "$HOOKS" --store "$XS" --cycles "${CYCLES:-100}" scripts/hooks/block add
assert_match 'forks 0 messages 0 descriptors 0' "$out"
assert_no_match 'master|^/dev/loop|/node/|physical-device/|table|^10.9.0.7 ' "$(state)" 'after 1,000 of each'

# What is not stock is executed, and the log says why; each edit counts at once.
cp -r scripts/hooks "$T/hooks"
why() { # TEXT
    XENBUS_PATH=$nic HOTPLUG_STORE=env vif=tap1.0 assert_ok "$HOOKS" "$T/hooks/vif-bridge" add type_if=tap
    assert_match "script vif-bridge add \(backend/vif/1/0\): $1" "$err"
}
why 'done in process'
mkdir "$T/hooks/vif-post.d"
echo : >"$T/hooks/vif-post.d/a.hook"
why 'done in process'
chmod +x "$T/hooks/vif-post.d/a.hook"
why 'executed: there are hooks in vif-post.d'
rm "$T/hooks/vif-post.d/a.hook"
echo '# ours' >>"$T/hooks/vif-common.sh"
why 'executed: what it reads in is not the stock one'
cp scripts/hooks/vif-common.sh "$T/hooks"
why 'done in process'
echo '# ours' >>"$T/hooks/vif-bridge"
why 'executed: it is not one that xend knows'
cp scripts/hooks/vif-bridge "$T/hooks"
why 'done in process' # with no rule, and then with one that only nft can make
XENBUS_PATH=$nic HOTPLUG_STORE=env vif=tap1.0 ip=10.0.0.0/24 assert_ok "$HOOKS" "$T/hooks/vif-bridge" add type_if=tap
assert_match 'executed: its rules are not of the simple kind' "$err"
chmod -x "$T/hooks/vif-bridge"
XENBUS_PATH=$nic HOTPLUG_STORE=env vif=tap1.0 assert_fails 1 "$HOOKS" "$T/hooks/vif-bridge" add type_if=tap
assert_match 'vif-bridge add: .*Permission denied' "$err"
