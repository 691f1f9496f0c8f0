#!/bin/sh
# What the host itself has mounted is not given to a guest: loop devices on a file, their partitions,
# by whatever name. In a mount namespace of its own.
if [ "${IN_NAMESPACE:-}" != yes ]; then
    [ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
    IN_NAMESPACE=yes exec unshare -m sh "$0"
fi
. tests/functions.sh
requires losetup mkfs.ext4 mount
start_xend test
truncate -s 16M "$T/fs.img"
mkfs.ext4 -q "$T/fs.img"
loop=$(losetup -f --show "$T/fs.img") || skip "no loop devices"
on_loop=''
tidy() {
    umount "$T/mnt" 2>/dev/null
    [ -z "$on_loop" ] || losetup -d "$on_loop"
    losetup -d "$loop"
}
trap 'at_end tidy' EXIT
mkdir "$T/mnt"

# The same image by two names: a domain has it.
create web1 "disk = ['file:$T/fs.img,xvda,w']"
assert_fails 1 xm create -q "$(make_config web2 "disk = ['phy:$loop,xvda,w']")"
assert_match "disk xvda: $loop is mounted in a guest domain, .*: domain web1 has it as xvda$" "$err"
# A loop device on that loop device, and a partition of it, are made of the file.
on_loop=$(losetup -f --show -P "$loop")
names=$on_loop
! addpart "$on_loop" 1 0 1000 2>/dev/null || names="$on_loop ${on_loop}p1"
for name in $names; do
    assert_fails 1 xm create -q "$(make_config web2 "disk = ['phy:$name,xvda,w']")"
    assert_match "disk xvda: $name is mounted in a guest domain, .*: domain web1 has it as xvda$" "$err"
done
assert_ok xm destroy web1
losetup -d "$on_loop"
on_loop=''

mount "$loop" "$T/mnt"
for disk in "file:$T/fs.img" "phy:$loop"; do
    for mode in r w; do
        assert_fails 1 xm create -q "$(make_config web2 "disk = ['$disk,xvda,$mode']")"
        assert_match "^Error: web2: disk xvda: (File|Device) ${disk#*:} is mounted read-write in the privileged domain \($T/mnt\), and so cannot be mounted by a guest$" "$err"
    done
done
create web3
assert_fails 1 xm block-attach web3 "file:$T/fs.img" xvda w
assert_match 'mounted read-write in the privileged domain' "$err"
assert_ok xm block-attach web3 "file:$T/fs.img" xvda w!
assert_ok xm block-detach web3 xvda
mount -o remount,ro "$T/mnt"
assert_ok xm block-attach web3 "file:$T/fs.img" xvda r
assert_ok xm block-detach web3 xvda
assert_fails 1 xm block-attach web3 "file:$T/fs.img" xvda w
assert_match 'is mounted in the privileged domain' "$err"
umount "$T/mnt"
assert_ok xm block-attach web3 "file:$T/fs.img" xvda w
