#!/bin/sh
# The disk that keeps the state is full: what is read goes on, changes say why they are refused and
# change nothing, and when there is room again they work, with the same xend. On a tmpfs of its own,
# which no other process sees.
if [ "${XEND_TEST_NAMESPACE:-}" != yes ]; then
    [ "$(id -u)" = 0 ] || { echo 'root-disk-full: skipped: not root' >&2; exit 77; }
    unshare -m true 2>/dev/null || { echo 'root-disk-full: skipped: no mount namespaces' >&2; exit 77; }
    XEND_TEST_NAMESPACE=yes exec unshare -m --propagation private sh "$0"
fi
. tests/functions.sh
requires curl jq

mkdir -p "$ROOT/var/lib/xend" "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
mount -t tmpfs -o size=512k none "$ROOT/var/lib/xend"
trap 'at_end umount -l "$ROOT/var/lib/xend"' EXIT
start_xend test
for n in web1 web2 web3; do
    assert_ok xm new -q "$(make_config $n 'maxmem = 128' 'maxvcpus = 2' 'vif = [""]' 'disk = ["file:/a.iso,hdc:cdrom,r"]')"
done
assert_ok xm start web1
defined() {
    find "$ROOT/var/lib/xend/domains" -name config.sxp -exec cat {} + | sort | cksum
}
before=$(defined)
fill() {
    dd if=/dev/zero of="$ROOT/var/lib/xend/$1" bs=4k 2>/dev/null || true
}
fill big
fill more
status_of() {
    method_=$1 path_=$2
    shift 2
    api "$method_" "$path_" -o "$T/reply" -w '%{http_code}' "$@"
}
assert_eq 507 "$(status_of POST '/v1/domains?wait=20' -d '{"spec":{"name":"web4","kernel":"/k"},"managed":true,"start":false}')"
assert_eq no-resource "$(jq -r .code "$T/reply")"
assert_match 'domains/.*No space left on device' "$(jq -r .detail "$T/reply")"
assert_match 'nothing was changed' "$(jq -r .hint "$T/reply")"
assert_fails 1 xm new -q "$(make_config web5)"
assert_match '^Error: .*No space left on device' "$err"
assert_fails 1 xm mem-set web2 100
assert_fails 1 xm clone web1 web6
assert_eq "$before" "$(defined)"
# of one that runs: nor has its guest changed
guest=$(cat "$ROOT"/var/run/xend/test/*.state "$ROOT"/var/run/xend/test/*.spec)
for action in memory:'{"memory_mib":32}' vcpus:'{"vcpus":2}' pin:'{"vcpu":0,"cpus":"1"}' rename:'{"name":"other"}' \
    devices:'{"class":"vif","device":{}}' media:'{"device":{"type":"file","target":"/b.iso","vdev":"hdc","devtype":"cdrom","mode":"r"}}'; do
    assert_eq 507 "$(status_of POST "/v1/domains/web1/${action%%:*}?wait=20" -d "${action#*:}")"
    assert_match 'No space left on device' "$(jq -r .detail "$T/reply")"
done
assert_eq 507 "$(status_of DELETE '/v1/domains/web1/devices/vif/0?wait=20')"
assert_eq "$guest" "$(cat "$ROOT"/var/run/xend/test/*.state "$ROOT"/var/run/xend/test/*.spec)"
assert_eq "$before" "$(defined)"
assert_no_match 'kept all the same' "$(cat "$ROOT/var/log/xen/xend.log")"

# reads, and what needs no room: it was the user who asked, and xend's word is not on disk
assert_eq 'Domain-0 web1 web2 web3' "$(api GET /v1/domains | jq -r '[.domains[].name]|join(" ")')"
assert_eq 64 "$(api GET /v1/domains/web2 | jq .memory_mib)"
assert_ok xm pause web1
assert_ok xm unpause web1
assert_ok xm destroy web1
assert_ok xm start web1

# room again: without a restart
pid=$(cat "$ROOT/var/run/xend.pid")
rm "$ROOT/var/lib/xend/big" "$ROOT/var/lib/xend/more"
assert_ok xm mem-set web2 100
assert_ok xm new -q "$(make_config web4)"
assert_ok xm delete web3
assert_eq "$pid" "$(cat "$ROOT/var/run/xend.pid")"
kill -9 "$pid"
start_xend test
assert_eq 'Domain-0 web1 web2 web4' "$(api GET /v1/domains | jq -r '[.domains[].name]|join(" ")')"
assert_eq 100 "$(api GET /v1/domains/web2 | jq .memory_mib)"
assert_eq '' "$(find "$ROOT/var/lib/xend" -name '.new-*' -o -name '.removed-*' -o -name '*.tmp-*')"
