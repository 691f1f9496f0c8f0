#!/bin/sh
# The routes that change what a running domain has: what they answer, what they change, what
# another xend finds afterwards, and what is left when the driver fails.
. tests/functions.sh
requires curl jq

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)(test-control console-log)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test

# act DOMAIN ACTION [BODY]: the status and, in $reply, the answer
act() {
    status=$(api POST "/v1/domains/$1/$2?wait=20" -d "${3:-}" -o "$T/reply" -w '%{http_code}')
    reply=$(cat "$T/reply")
}
# expect STATUS DOMAIN ACTION BODY [JQ-FILTER WANTED]
expect() {
    want=$1
    act "$2" "$3" "$4"
    assert_eq "$want" "$status" "$2 $3 $4: $reply"
    [ $# -lt 6 ] || assert_eq "$6" "$(echo "$reply" | jq -rc "$5")" "$2 $3 $4"
}
show() {
    api GET "/v1/domains/$1?detail=config" | jq -c "$2"
}

create web1 'maxmem = 256' 'vcpus = 2' 'maxvcpus = 4' "cpus = '0-3'"

expect 200 web1 memory '{"memory_mib":96}' .result.memory_mib 96
expect 400 web1 memory '{"memory_mib":257}' .detail 'web1: mem-set: 257 MiB is more than its maximum, 256 MiB'
expect 400 web1 memory '{"memory_mib":0}'
expect 400 web1 memory '{"memory_mib":16777217}'
expect 400 web1 memory '{"memory_mib":"96"}'
expect 400 web1 memory '{}'
expect 400 web1 memory 'x'
assert_eq '[96,256,96,256]' "$(show web1 '[.memory_mib,.maxmem_mib,.config.memory,.config.maxmem]')"
expect 200 web1 maxmem '{"maxmem_mib":512}'
expect 400 web1 maxmem '{"maxmem_mib":95}'
expect 200 web1 memory '{"memory_mib":512}'
assert_eq '[512,512,512,null]' "$(show web1 '[.memory_mib,.maxmem_mib,.config.memory,.config.maxmem]')"

expect 200 web1 vcpus '{"vcpus":4}'
expect 200 web1 vcpus '{"vcpus":1}'
expect 400 web1 vcpus '{"vcpus":5}' '[.code,.domain,.job > 0]' '["invalid","web1",true]'
expect 400 web1 vcpus '{"vcpus":0}'
assert_eq '[1,4]' "$(show web1 '[.vcpus,.maxvcpus]')"

expect 200 web1 pin '{"vcpu":1,"cpus":"5,7-8"}'
expect 400 web1 pin '{"vcpu":4,"cpus":"5"}'
expect 400 web1 pin '{"vcpu":0,"cpus":"99"}' .detail "web1: vcpu-pin: cpus '99': the host has the CPUs 0 to 15"
expect 400 web1 pin '{"vcpu":0,"cpus":"1,^1"}'
expect 400 web1 pin '{"vcpu":0,"cpus":"x"}'
expect 400 web1 pin '{"vcpu":"some","cpus":"1"}'
assert_eq '["0-3","5,7-8","0-3","0-3"]' "$(show web1 .config.cpus)"
assert_eq '[[0,true,"0-3"],[1,false,"5,7-8"],[2,false,"0-3"],[3,false,"0-3"]]' \
    "$(api GET /v1/domains/web1/vcpus | jq -c '[.vcpus[]|[.vcpu,.online,.affinity]]')"
expect 200 web1 pin '{"vcpu":"all","cpus":"all"}'
assert_eq 'null ["all"]' "$(show web1 .config.cpus) $(api GET /v1/vcpus | jq -c '[.domains[1].vcpus[].affinity]|unique')"
expect 200 web1 pin '{"vcpu":0,"cpus":"1"}'
assert_eq '["Domain-0",16,"web1",4]' "$(api GET /v1/vcpus | jq -c '[.domains[]|.name,(.vcpus|length)]')"

create other
expect 409 web1 rename '{"name":"other"}' .code exists
expect 400 web1 rename '{"name":"a b"}'
expect 400 web1 rename '{"name":"../x"}'
expect 200 web1 rename '{"name":"web2"}'
assert_eq '"no-domain"' "$(api GET /v1/domains/web1 | jq .code)"

# another xend finds all of it
id=$(xm domid web2)
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend test
assert_eq "[\"web2\",$id,512,1,4,[\"1\",\"\",\"\",\"\"]]" \
    "$(show web2 '[.name,.domid,.memory_mib,.vcpus,.maxvcpus,.config.cpus]')"
assert_eq '"1"' "$(api GET /v1/domains/web2/vcpus | jq .vcpus[0].affinity)"

# a driver that fails changes nothing
create stubborn 'maxmem = 256' 'maxvcpus = 2' "extra = 'test:ignore-memory test:ignore-vcpus test:fail=pin'"
before=$(show stubborn '[.name,.memory_mib,.vcpus,.config]')
expect 504 stubborn memory '{"memory_mib":32}' .detail \
    'stubborn: mem-set: the guest has not obeyed: it has 64 MiB, 32 MiB asked for'
expect 504 stubborn vcpus '{"vcpus":2}' .code timeout
expect 502 stubborn pin '{"vcpu":0,"cpus":"1"}' .code backend
assert_eq "$before" "$(show stubborn '[.name,.memory_mib,.vcpus,.config]')"
create rigid 'maxmem = 256' 'maxvcpus = 2' "extra = 'test:fail=keep-spec'" # asked before the guest is
before=$(show rigid '[.name,.memory_mib,.vcpus,.config]')
for action in memory:'{"memory_mib":32}' vcpus:'{"vcpus":2}' pin:'{"vcpu":0,"cpus":"1"}' rename:'{"name":"soft"}'; do
    expect 502 rigid "${action%%:*}" "${action#*:}" .code backend
done
assert_eq "$before" "$(show rigid '[.name,.memory_mib,.vcpus,.config]')"
assert_eq '"all"' "$(api GET /v1/domains/rigid/vcpus | jq .vcpus[0].affinity)"

# keys and triggers reach the guest
expect 200 other sysrq '{"key":"h"}'
expect 400 other sysrq '{"key":"hh"}'
expect 400 other sysrq '{"key":""}'
expect 400 other sysrq '{"key":"\n"}'
expect 200 other trigger '{"trigger":"nmi","vcpu":0}'
expect 400 other trigger '{"trigger":"nmi","vcpu":1}'
expect 400 other trigger '{"trigger":"boom"}' .detail 'Invalid trigger: boom'
said=$(cat "$ROOT/var/log/xen/test-console-$(api GET /v1/domains/other | jq -r .uuid).log")
assert_match '^sysrq: h' "$said"
assert_match '^trigger: nmi 0' "$said"

# dumps: the guest runs on; where it was paused it stays so; crash ends it, reset starts it anew
expect 200 other dump "{\"file\":\"$T/core\"}" '[.result.file,.result.bytes > 1000]' "[\"$T/core\",true]"
assert_eq '"running" 600' "$(show other .state) $(stat -c %a "$T/core")"
assert_eq '' "$(find "$T" -name '*-incomplete' -o -path '*/intents/*')"
expect 200 other pause ''
expect 200 other dump '{}' '.result.file|test("/var/xen/dump/other/20[0-9-]*[.][0-9]*-other[.][0-9]*[.]core$")' true
assert_eq '"paused"' "$(show other .state)"
expect 200 other unpause ''
id=$(xm domid other)
expect 200 other dump "{\"file\":\"$T/core\",\"live\":true,\"reset\":true}"
[ "$(xm domid other)" != "$id" ] || fail "not reset"
expect 400 other dump '{"file":"core"}'
expect 400 other dump '{"crash":true,"reset":true}'
expect 400 other dump '{"live":"yes"}'
expect 404 other dump "{\"file\":\"$T/none/core\"}"
ln -s /dev/full "$T/full-incomplete"
expect 500 other dump "{\"file\":\"$T/full\"}"
assert_eq '"running"' "$(show other .state)"
expect 200 other dump "{\"file\":\"$T/core\",\"crash\":true}"
assert_eq '"no-domain"' "$(api GET /v1/domains/other | jq .code)"

# on_crash writes the core that it promises
assert_fails 1 xm create -q "$(make_config crasher "on_crash = 'coredump-destroy'" "extra = 'test:crash-on-resume'")"
assert_eq 'Error: crasher: it crashed as soon as it ran; its console said last:
    test guest crasher: up' "$err"
cores() {
    ls "$ROOT"/var/xen/dump/crasher/*.core >/dev/null 2>&1
}
eventually cores

# reset: another guest, the same domain
uuid=$(show web2 .uuid) id=$(xm domid web2)
expect 200 web2 reset '' .result.domain.memory_mib 512
assert_eq "$uuid" "$(show web2 .uuid)"
[ "$(xm domid web2)" != "$id" ] || fail "web2 was not reset"
expect 404 none reset '' '[.code,.domain]' '["no-domain","none"]'
expect 409 Domain-0 reset '' .detail 'Cannot reset privileged domain Domain-0'

# the host
assert_match '^\(test\) d[0-9]*: crashed' "$(api GET /v1/host/dmesg)"
assert_match '^\(test\) d[0-9]*: crashed' "$(api POST /v1/host/dmesg/clear)"
assert_eq '' "$(api GET /v1/host/dmesg)"
assert_eq '[false,true,"test"]' "$({ api GET /v1/host; api GET '/v1/host?detail=numa'; api GET /v1/config; } |
    jq -sc '[(.[0]|has("numa_info")),(.[1]|has("numa_info")),.[2]["xend-driver"]]')"
