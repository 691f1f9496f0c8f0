#!/bin/sh
# Events: their order, their ids across restarts, jobs that a killed xend left behind.
. tests/functions.sh
requires curl python3

value() {
    python3 -c "import json, sys; v = json.load(sys.stdin); print($1)"
}
start_xend test
create web1
assert_ok xm pause web1
assert_ok xm destroy web1

story=$(api GET /v1/events | value '" ".join(e["type"] + ":" + e.get("state", "") for e in v["events"] if e.get("domain") == "web1")')
assert_eq "added:halted job:queued started:paused state:running job:done job:queued state:paused job:done job:queued state:dying stopped:halted removed:halted job:done" \
    "$(echo "$story" | sed 's/ job:running//g')"
last=$(api GET /v1/events | value 'v["last"]')
assert_eq 410 "$(api GET "/v1/events?since=$((last + 5))" -o /dev/null -w '%{http_code}')"
assert_eq "$last" "$(api GET "/v1/events?since=$((last - 1))" | value 'v["events"][0]["id"]')"
assert_eq 1 "$(api GET "/v1/events?limit=1" | value 'len(v["events"])')"
assert_eq 400 "$(api GET "/v1/events?since=x" -o /dev/null -w '%{http_code}')"

# killed in the middle of a job
api POST /v1/domains -d '{"spec":{"name":"slow","kernel":"/k","extra":"test:delay-create=60s"}}' >/dev/null
queued() {
    api GET /v1/events | grep -q '"domain":"slow".*"state":"queued"'
}
eventually queued
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
timeout 10 sh -c 'while kill -0 "$1" 2>/dev/null; do :; done' sh "$(cat "$ROOT/var/run/xend.pid")"
start_xend test
assert_eq "slow interrupted" "$(api GET "/v1/events?since=$last" |
    value '" ".join(e["domain"] + " " + e["state"] for e in v["events"] if e.get("state") == "interrupted")')"
assert_eq True "$(api GET /v1/events | value 'all(a["id"] + 1 == b["id"] for a, b in zip(v["events"], v["events"][1:]))')" "ids in order"

# a restart reports it once only
assert_ok xend restart --driver test
assert_eq 1 "$(api GET /v1/events | value 'sum(e.get("state") == "interrupted" for e in v["events"])')"

# a torn last line, as a power cut leaves it
assert_ok xend stop
printf '{"id":99999,"ty' >>"$ROOT/var/lib/xend/events.log"
start_xend test
create web2
assert_eq web2 "$(api GET /v1/events | value '[e["domain"] for e in v["events"] if e["type"] == "added"][-1]')"
