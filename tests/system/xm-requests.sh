#!/bin/sh
# What the commands on one domain ask of xend, and what they print of its answers, byte for byte. A
# server of ours plays xend: the numbers of real guests are not the same twice.
. tests/functions.sh
requires python3

requests() { cat "$T/s/requests"; }
finished='200 {"id":7,"domain":"web1","state":"done","result":null}'

# asks REQUEST COMMAND...: the command does one action, and says nothing.
asks() {
    wanted_=$1
    shift
    serve "$finished"
    assert_ok xm "$@"
    assert_eq '' "$out$err"
    assert_eq "POST /v1/domains/web1/$wanted_" "$(requests)"
}
# refuses TEXT COMMAND...: the words are wrong; xend is not asked.
refuses() {
    wanted_=$1
    shift
    XM_SERVER=unix:/nowhere assert_fails 1 xm "$@"
    assert_eq "Error: $wanted_" "$err" "xm $*"
    assert_match "^Usage: xm $1 " "$out"
}

asks 'reset?wait=60' reset web1
asks 'rename?wait=60 {"name":"web2"}' rename web1 web2
asks 'sysrq?wait=60 {"key":"s"}' sysrq web1 s
asks 'sysrq?wait=60 {"key":"9"}' sysrq web1 9
refuses "'sync' is not one letter." sysrq web1 sync
refuses "'' is not one letter." sysrq web1 ''
refuses "'xm sysrq' requires 2 arguments." sysrq web1
asks 'trigger?wait=60 {"trigger":"nmi"}' trigger web1 nmi
asks 'trigger?wait=60 {"trigger":"init","vcpu":3}' trigger web1 init 3
refuses 'Invalid argument.' trigger web1 nmi x
refuses "'xm trigger' requires between 2 and 3 arguments." trigger web1
refuses "'xm rename' requires 2 arguments." rename web1
refuses "'xm reset' requires 1 argument." reset

# Sizes: MiB, or with a suffix; rounded down to MiB, as always.
for size in 256:256 256m:256 256M:256 1g:1024 2G:2048 262144k:256 2047K:1 0:0; do
    asks "memory?wait=60 {\"memory_mib\":${size#*:}}" mem-set web1 "${size%:*}"
    asks "maxmem?wait=60 {\"maxmem_mib\":${size#*:}}" mem-max web1 "${size%:*}"
done
for size in '' m 1t 12x 1.5G 1mm lots 99999999999999999999 2000000000000G; do
    refuses 'Invalid argument.' mem-set web1 "$size"
    refuses 'Invalid argument.' mem-max web1 "$size"
done
serve '200 {"id":7,"state":"done","result":{"memory_mib":250}}'
assert_ok xm mem-set --json web1 256
assert_eq '{"memory_mib":250}' "$(echo "$out" | tr -d ' \n')"

# Old names.
serve "$finished" "$finished"
assert_ok xm balloon web1 64
assert_eq 'Command balloon is deprecated.  Please use xm mem-set instead.' "$err"
assert_ok xm set-vcpus web1 2
assert_eq 'Command set-vcpus is deprecated.  Please use xm vcpu-set instead.' "$err"
assert_eq 'POST /v1/domains/web1/memory?wait=60 {"memory_mib":64}
POST /v1/domains/web1/vcpus?wait=60 {"vcpus":2}' "$(requests)"

asks 'vcpus?wait=60 {"vcpus":2}' vcpu-set web1 2
refuses 'Invalid argument.' vcpu-set web1 two
asks 'pin?wait=60 {"vcpu":0,"cpus":"0-3,^1"}' vcpu-pin web1 0 0-3,^1
asks 'pin?wait=60 {"vcpu":"all","cpus":"all"}' vcpu-pin web1 all all
refuses 'Invalid argument.' vcpu-pin web1 x 0
refuses "'xm vcpu-pin' requires 3 arguments." vcpu-pin web1 0

# vcpu-list: running, waiting, off, pinned nowhere; a domain that does not run; Domain-0.
vcpu() { printf '{"vcpu":%s,"online":%s,"running":%s,"cpu":%s,"cpu_time":%s,"affinity":"%s"}' "$@"; }
web1="{\"name\":\"web1\",\"uuid\":\"u1\",\"domid\":12,\"vcpus\":[$(vcpu 0 true true 3 1234.56 all),
    $(vcpu 1 true false 0 0.04 0-2,5),$(vcpu 2 false false null 7 ''),$(vcpu 3 true false null 0 1)]}"
idle="{\"name\":\"idle\",\"uuid\":\"u2\",\"domid\":null,\"vcpus\":[$(vcpu 0 false false null 0 all)]}"
table='Name                                ID  VCPU   CPU State   Time(s) CPU Affinity
web1                                12     0     3   r--    1234.6 any cpu
web1                                12     1     0   -b-       0.0 0-2,5
web1                                12     2     -   --p       7.0 no cpus
web1                                12     3     -   -b-       0.0 1
idle                                       0                   0.0 any cpu'
serve "200 {\"domains\":[$web1,$idle]}" "200 $web1" "200 $idle"
assert_ok xm vcpu-list
assert_eq "$table" "$out"
assert_ok xm vcpu-list web1 idle
assert_eq "$table" "$out"
assert_eq 'GET /v1/vcpus
GET /v1/domains/web1/vcpus
GET /v1/domains/idle/vcpus' "$(requests)"
serve "200 $web1"
assert_ok xm vcpu-list --json web1
assert_eq '[{"domid":12,"name":"web1"}]' "$(python3 -c 'import json, sys
print(json.dumps([{k: d[k] for k in ("domid", "name")} for d in json.load(sys.stdin)],
                 separators=(",", ":")))' <"$T/out")"

# dump-core: the file is absolute as seen from here; xend says which it chose.
dumped='200 {"id":7,"state":"done","result":{"file":"/x/web1.core","bytes":5}}'
dumps() {
    wanted_=$1
    shift
    serve "$dumped"
    assert_ok xm dump-core "$@"
    assert_match '^Dumping core of domain: web1 \.\.\.$' "$out"
    assert_eq "POST /v1/domains/web1/dump?wait=60 {$wanted_}" "$(requests)"
}
flags='"live":false,"crash":false,"reset":false'
dumps "$flags" web1
assert_eq 'Dumping core of domain: web1 ...
Core file: /x/web1.core' "$out"
dumps "\"file\":\"/tmp/a\",$flags" web1 /tmp/a
assert_eq 'Dumping core of domain: web1 ...' "$out"
dumps "\"file\":\"$PWD/some/core\",$flags" web1 ./some/core
dumps "\"file\":\"$PWD/core\",\"live\":true,\"crash\":true,\"reset\":false" -L web1 core -C
dumps '"live":false,"crash":false,"reset":true' web1 --reset
serve "$dumped"
assert_ok xm dump-core --json web1
assert_eq '{"file":"/x/web1.core","bytes":5}' "$(echo "$out" | tr -d ' \n')"
refuses "You may not specify more than one '-CR' option" dump-core -CR web1
refuses "'xm dump-core' requires between 1 and 2 arguments." dump-core

# dmesg: the text as it is, without what a terminal would obey.
text=$(printf '(XEN) one\n(XEN) \033[2Jtwo\007\n\n')
serve "200:text/plain $text" "200:text/plain $text" '501 {"code":"unsupported","detail":"no log"}'
assert_ok xm dmesg
assert_eq '(XEN) one
(XEN) two?' "$out"
assert_ok xm dmesg -c
assert_eq '(XEN) one
(XEN) two?' "$out"
assert_fails 1 xm dmesg
assert_eq 'Error: no log' "$err"
assert_eq 'GET /v1/host/dmesg
POST /v1/host/dmesg/clear
GET /v1/host/dmesg' "$(requests)"
refuses 'No parameter required' dmesg -c now

# info: the configuration, and what has several lines.
serve '200 {"console-limit":1024,"vnc-listen":"127.0.0.1","dump":null,"masks":["*"]}' \
    '200 {"free_cpus":0,"cpu_topology":"\ncpu: core\n  0: 0","numa_info":"node: x\n   0: y","xen_major":4}'
assert_ok xm info -c
assert_eq "console-limit                         : 1024
vnc-listen                            : 127.0.0.1
dump                                  : (none)
masks                                 : ('*')" "$out"
assert_ok xm info --numa
assert_eq 'free_cpus              : 0
cpu_topology           :
cpu: core
  0: 0
numa_info              :
node: x
   0: y
xen_major              : 4' "$out"
assert_eq 'GET /v1/config
GET /v1/host?detail=numa' "$(requests)"

# A terminal sees how far the slow ones are, in MiB where it is memory; Ctrl-C wipes the line.
progress() { printf '202 {"id":7,"kind":"%s","domain":"web1","state":"running","step":"%s","done":%s,"total":%s}' "$@"; }
serve "$(progress dump-core writing 0 0)" "$(progress dump-core writing 1048576 4194304)" \
    "$(progress dump-core 'a step whose text is far too long for the line of a terminal, which has 80' 5 9)" \
    "$(progress mem-set waiting 3072 0)" '202 {"id":7,"kind":"reset","domain":"web1","state":"queued"}' \
    '202 {"id":7,"kind":"reset","domain":"web1","state":"running","step":null}' "$dumped"
assert_ok python3 tests/system/terminal.py "$BUILD_DIR/xm" dump-core web1
assert_eq '
web1: writing
web1: writing 25 % (1 of 4 MiB)
web1: a step whose text is far too long for the line of a terminal, which has 8
web1: waiting 3 MiB
web1: reset waits for its turn
web1: reset' "$out"

# Ctrl-C wipes the line, and says that the job goes on.
serve "$(progress dump-core writing 1048576 4194304)" hold
python3 -c 'import os, pty, signal, subprocess, sys
master, slave = os.openpty()
p = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave, preexec_fn=lambda:
                     signal.signal(signal.SIGINT, signal.default_int_handler))
os.close(slave)
seen = b""
try:
    while True:
        seen += os.read(master, 65536)
        if b"MiB)" in seen:
            p.send_signal(signal.SIGINT)
except OSError:
    pass
assert p.wait() == 1, p.returncode
print(seen.decode().replace("\r\n", "\n").replace("\r\x1b[K", "<wipe>"), end="")' \
    "$BUILD_DIR/xm" dump-core web1 >"$T/seen" || fail 'Ctrl-C'
assert_eq 'Dumping core of domain: web1 ...
<wipe>web1: writing 25 % (1 of 4 MiB)<wipe>Interrupted.
xend goes on with it: see xm jobs, and xm job-cancel.' "$(cat "$T/seen")"
