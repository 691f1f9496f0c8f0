#!/bin/sh
# Jobs: waiting for them, asking about them, their errors, cancelling them.
. tests/functions.sh
requires curl python3

# value EXPRESSION: of the JSON on stdin, called v
value() {
    python3 -c "import json, sys; v = json.load(sys.stdin); print($1)"
}
post() {
    api POST "$1" -H 'Content-Type: application/json' -d "${2:-}"
}
start_xend test

# without ?wait a job is answered at once; with it, when it has ended
assert_eq "create True" "$(post /v1/domains '{"spec":{"name":"a","kernel":"/k"}}' |
    value 'v["kind"], v["state"] in ("queued", "running", "done")' | tr -d "(',)")"
assert_eq "done running" "$(post '/v1/domains?wait=20' '{"spec":{"name":"b","kernel":"/k"}}' |
    value '"%s %s" % (v["state"], v["result"]["domain"]["state"])')"
assert_eq "done paused" "$(post '/v1/domains?wait=20' '{"spec":{"name":"c","kernel":"/k"},"paused":true}' |
    value '"%s %s" % (v["state"], v["result"]["domain"]["state"])')"
assert_eq "exists 409" "$(post '/v1/domains?wait=20' '{"spec":{"name":"a","kernel":"/k"}}' |
    value '"%s %s" % (v["code"], v["status"])')"
assert_eq "no-domain 404" "$(post '/v1/domains/none/pause?wait=20' | value '"%s %s" % (v["code"], v["status"])')"
assert_eq "wrong-state" "$(post '/v1/domains/0/pause?wait=20' | value 'v["code"]')"
assert_eq "invalid" "$(post '/v1/domains/a/shutdown?wait=20' '{"reason":"nap"}' | value 'v["code"]')"

# every fault of a spec, each with its place
assert_eq "/memory /vcpus /vcpsu" "$(post /v1/domains '{"spec":{"name":"d","memory":0,"vcpus":-1,"vcpsu":2}}' |
    value '" ".join(e["pointer"] for e in v["errors"])')"
assert_eq "request body:1:9: not JSON" "$(post /v1/domains '{"spec":}' |
    value 'v["detail"]' | cut -d: -f1-4)"

# the list, and one by its number
assert_eq "create" "$(api GET /v1/jobs | value 'v["jobs"][0]["kind"]')"
assert_eq "1 create a" "$(api GET '/v1/jobs/1?wait=10' | value '"%s %s %s" % (v["id"], v["kind"], v["domain"])')"

# a job that hangs: others go on, the list answers, it can be cancelled
post /v1/domains '{"spec":{"name":"slow","kernel":"/k","extra":"test:delay-create=60s"}}' >"$T/slow"
job=$(value 'v["id"]' <"$T/slow")
post /v1/domains '{"spec":{"name":"slow2","kernel":"/k"}}' >/dev/null
assert_eq "202" "$(api GET "/v1/jobs/$job?wait=0" -o /dev/null -w '%{http_code}')"
assert_ok xm list
assert_match '^slow ' "$out"
assert_ok xm pause b
assert_eq "cancelled" "$(api DELETE "/v1/jobs/$job" >/dev/null; api GET "/v1/jobs/$job" | value 'v["state"]')"
gone() {
    ! xm list slow >/dev/null 2>&1
}
eventually gone
assert_eq "wrong-state" "$(api DELETE "/v1/jobs/$job" | value 'v["code"]')"
assert_eq "not-found" "$(api DELETE "/v1/jobs/99999" | value 'v["code"]')"

# a queued one never begins; destroy goes ahead of what waits
post /v1/domains '{"spec":{"name":"q","kernel":"/k","extra":"test:delay-pause=2s"}}' >/dev/null
running() {
    [ "$(domain_state q)" = running ]
}
eventually running
post /v1/domains/q/pause >/dev/null
unpause=$(post /v1/domains/q/unpause | value 'v["id"]')
api DELETE "/v1/jobs/$unpause" >/dev/null
assert_eq "cancelled None" "$(api GET "/v1/jobs/$unpause" | value '"%s %s" % (v["state"], v["started"])')"
assert_ok timeout 20 "$BUILD_DIR/xm" destroy q
assert_fails 3 xm domid q
