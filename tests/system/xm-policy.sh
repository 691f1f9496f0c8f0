#!/bin/sh
# What follows the end of a guest: restarts, those that are refused, what others see meanwhile, and
# a storm of a thousand crashes during which xend answers.
. tests/functions.sh
requires curl jq python3

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
# states NAME: those that its events tell, in order
states() {
    xm events --json "$1" | jq -r 'map(select(.type != "job" and .type != "ended") | .state) | join(" ")'
}

# while its guest is replaced a domain is dying, not halted, kept or not
for how in create new; do
    assert_ok xm "$how" -q "$(make_config "$how")"
    [ "$how" = create ] || assert_ok xm start "$how"
    assert_ok xm reset "$how"
    assert_ok xm reboot -w "$how"
    assert_ok xm wait "$how" --for running -t 30
    assert_no_match 'running.* halted' "$(states "$how")"
    assert_match 'running dying .*paused running dying .*paused running' "$(states "$how")"
    assert_ok xm destroy "$how"
done
assert_match ' halted$' "$(states new)"

# one whose next guest does not start is halted then, or gone
assert_ok xm new -q "$(make_config fails)"
assert_ok xm start fails
assert_ok xm new -q "$(make_config fails "extra = 'test:fail=resume'")" # for the next one
assert_fails 1 xm reset fails
assert_eq halted "$(domain_state fails)"

# too soon after its start: not restarted, and told so
assert_ok xm new -q "$(make_config crashes "on_crash = 'restart'" "on_poweroff = 'preserve'")"
assert_ok xm start crashes
assert_ok xm sysrq crashes c
assert_ok xm wait crashes --for halted -t 30
assert_match 'WARN.* domain=crashes: restarting too fast: it ended [0-9]+ s after its start' \
    "$(cat "$ROOT/var/log/xen/xend.log")"
assert_match '  crashes +not restarted: it ended too soon after its start$' "$(xm events crashes)"
assert_match ' restart-refused ' "$(xm history crashes)"
assert_ok xm start crashes
assert_ok xm shutdown crashes
assert_ok xm wait crashes --for shutdown -t 30 # preserved
assert_eq 1 "$(xm history crashes | grep -c restart-refused)"
assert_ok xm destroy crashes
assert_ok xm delete crashes
assert_ok xm delete fails
assert_ok xm delete new
stop_xend

# those that have lived long enough, kept or not, for each end and what is to follow it
for name in rename kept core core-end reboots; do
    case $name in
    core) how="on_crash = 'coredump-restart'" ;;
    core-end) how="on_crash = 'coredump-destroy'" ;;
    reboots) how="on_reboot = 'rename-restart'" ;;
    *) how="on_crash = 'rename-restart'" ;;
    esac
    make_config $name "$how" "disk = ['file:/$name.img,xvda,w']" >/dev/null
done
start_xend test
for name in rename core core-end reboots; do
    assert_ok xm create -q "$T/$name.cfg"
done
assert_ok xm new -q "$T/kept.cfg"
assert_ok xm start kept
stop_xend
sed -i 's/"start_time":[0-9.]*/"start_time":1000000000.5/' "$ROOT"/var/run/xend/test/*.spec
start_xend test
# dead: the renamed ones
dead() {
    xm list --json | jq -r '.[] | select(.name | test("^Domain-[0-9a-f]{8}-")) | "\(.name) \(.uuid) \(.domid) \(.state)"'
}
uuid_of() {
    xm list --json "$1" | jq -r '.[0].uuid'
}
again() { # NAME DOMID
    [ "$(xm domid "$1")" != "$2" ] && [ "$(domain_state "$1")" = running ]
}
for name in rename kept; do
    uuid=$(uuid_of $name) domid=$(xm domid $name)
    assert_ok xm sysrq $name c
    eventually again $name "$domid"
    assert_eq "$uuid" "$(uuid_of $name)"
    out=$(dead)
    assert_match "^Domain-([0-9a-f-]*) \\1 $domid crashed$" "$out"
    assert_match "Renaming dead domain $name \\($domid, $uuid\\) to ${out%% *} \\(" "$(cat "$ROOT/var/log/xen/xend.log")"
    assert_ok xm list -l "$domid" # it keeps nothing that the new one needs, and stays as it is
    assert_no_match 'vbd' "$out"
    assert_match 'on_crash preserve' "$out"
    assert_ok xm dump-core "$domid" "$T/core.$name"
    [ -s "$T/core.$name" ] || fail "no core of the dead one"
    assert_fails 1 xm unpause "$domid"
    stop_xend
    start_xend test
    assert_match "^Domain-.* $domid crashed$" "$(dead)"
    assert_eq running "$(domain_state $name)"
    assert_ok xm destroy "$domid"
    assert_eq '' "$(dead)"
done
domid=$(xm domid reboots)
assert_ok xm reboot reboots
eventually again reboots "$domid"
assert_match "^Domain-.* $domid shutdown$" "$(dead)"
domid=$(xm domid core)
assert_ok xm sysrq core c
eventually again core "$domid"
assert_ok xm sysrq core-end c
assert_ok xm wait core-end --for gone -t 30
for name in core core-end; do
    [ -s "$(find "$ROOT/var/xen/dump" -name "*$name.*.core")" ] || fail "no core of $name: $(find "$ROOT" -name '*core*')"
done
xm list --json | jq -r '.[1:][].name' | while read -r name; do
    assert_ok xm destroy "$name"
done
assert_ok xm delete kept
stop_xend

# the storm: all of a thousand crash at once; each is restarted, crashes again, and that was too soon
rm -rf "$ROOT/var/lib/xend"
start_xend test
cat >"$T/storm.py" <<'END'
import http.client, json, socket, sys, time
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("xend.sock")
c = Unix("xend")
def call(method, path, body=None):
    c.request(method, path, json.dumps(body) if body else None, {} if body else {"Content-Length": "0"})
    r = c.getresponse()
    assert r.status < 300, (path, r.status, r.read())
    return json.loads(r.read())
def states():
    return [d["state"] for d in call("GET", "/v1/domains?fields=state")["domains"][1:]]
if sys.argv[1] == "make":
    for i in range(1000):
        call("POST", "/v1/domains", {"paused": True, "spec": {
            "name": "d%d" % i, "kernel": "/k", "extra": "test:crash-in=100ms", "on_crash": "restart"}})
    while set(states()) != {"paused"}:
        pass
    sys.exit()
for i in range(1000):
    call("POST", "/v1/domains/d%d/unpause" % i)
seen, end = set(), time.monotonic() + 120
while states(): # each of these is an answer; between two that are counted something has happened
    seen.add(call("GET", "/v1/events?limit=1")["last"])
    assert time.monotonic() < end, "not within 120 s"
assert len(seen) >= 5, seen
threads = open("/proc/%s/status" % sys.argv[2]).read().split("Threads:")[1].split()[0]
assert int(threads) < 80, threads
END
storm() {
    (cd "$ROOT/var/run/xend" && python3 "$T/storm.py" "$1" "$(cat "$ROOT/var/run/xend.pid")") || fail "the storm: $1"
}
storm make
first=$(xm list --json | jq '[.[].domid] | max')
stop_xend
sed -i 's/"start_time":[0-9.]*/"start_time":1000000000.5/' "$ROOT"/var/run/xend/test/*.spec
start_xend test
storm look
assert_ok xm list # what is pending is written by now or soon
stop_xend
cat "$ROOT"/var/lib/xend/events.log* >"$T/told"
for told in ended:2000 restart-refused:1000 removed:1000; do
    assert_eq "${told#*:}" "$(grep -c "\"type\":\"${told%:*}\"" "$T/told")" "${told%:*}"
done
# a second guest for each of them
for key in domain domid; do
    assert_eq 1000 "$(jq -r "select(.type == \"started\" and .domid > $first) | .$key" "$T/told" | sort -u | wc -l)"
done
assert_eq '' "$(ls "$ROOT/var/run/xend/intents" 2>/dev/null)"
