#!/bin/sh
# Waiting for jobs: by asking again while they run, showing progress on a terminal only, and what
# is said of each way to end. A server of ours plays xend, so that jobs take as long as they should.
. tests/functions.sh
requires python3

job() { printf '{"id":7,"domain":"web1","state":"%s"%s}' "$1" "${2:-}"; }

# Still running at the end of the wait: the job is asked for until it has ended.
serve "202 $(job queued)" "202 $(job running)" "200 $(job 'done')"
assert_ok xm pause web1
assert_eq '' "$out$err"
assert_eq 'POST /v1/domains/web1/pause?wait=60
GET /v1/jobs/7?wait=60
GET /v1/jobs/7?wait=60' "$(cat "$T/s/requests")"

# Names are escaped on their way.
serve "200 $(job 'done')"
assert_ok xm pause 'a b&c?d%e'
assert_eq 'POST /v1/domains/a%20b%26c%3Fd%25e/pause?wait=60' "$(cat "$T/s/requests")"

# Each way to end.
serve "202 $(job running)" '409 {"code":"busy","detail":"web1: busy","hint":"try again later"}'
assert_fails 1 xm pause web1
assert_eq 'Error: web1: busy
try again later' "$err"
serve "200 $(job failed ',"error":{"code":"no-domain","message":"gone","hint":null}')"
assert_fails 3 xm pause web1
assert_eq 'Error: gone' "$err"
serve "200 $(job cancelled)"
assert_fails 1 xm pause web1
assert_eq 'Error: the job was cancelled' "$err"
serve "202 $(job running)" '404 {"code":"not-found","detail":"no job 7"}'
assert_fails 1 xm pause web1
assert_eq 'Error: no job 7' "$err"
serve "202 $(job running)"
assert_fails 1 xm pause web1 # xend died meanwhile
assert_match '^Error: (Unable to connect to xend|Xend has probably crashed)' "$err"

# create prints what the job made.
config=$(make_config web1)
serve "200 $(job 'done' ',"result":{"domain":{"name":"web1","domid":3}}')"
assert_ok xm create "$config"
assert_match '^Started domain web1 \(id=3\)$' "$out"
serve "200 $(job 'done' ',"result":{"domain":{"name":"web1","domid":null}}')"
assert_ok xm create "$config"
assert_match '^Started domain web1 \(id=None\)$' "$out"
assert_eq "Warning: domain web1 has ended already; 'xm log web1' tells more" "$err"

# A terminal sees what a slow job does, and a clean line at the end.
serve "202 $(job running ',"step":"starting\u001b[1m","done":0,"total":0')" \
    "202 $(job running ',"step":"copying","done":1,"total":4')" "200 $(job 'done')"
assert_ok python3 tests/system/terminal.py "$BUILD_DIR/xm" pause web1
assert_eq '
web1: starting?[1m
web1: copying 25 %' "$out"
assert_eq 'POST /v1/domains/web1/pause?wait=1
GET /v1/jobs/7?wait=1
GET /v1/jobs/7?wait=1' "$(cat "$T/s/requests")"
