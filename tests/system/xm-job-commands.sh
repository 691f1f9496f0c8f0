#!/bin/sh
# xm jobs, job-cancel, job-wait and create --no-wait.
. tests/functions.sh
requires curl python3

start_xend test
assert_ok xm jobs
assert_eq '    ID KIND         DOMAIN                   STATE      BY             AGE' "$out"
assert_ok xm jobs --json
assert_eq '[]' "$(echo "$out" | tr -d '\n')"

# create --no-wait tells the job; -q its number alone, --json all of it.
assert_ok xm create --no-wait "$(make_config web1)"
assert_match '^Creating domain web1 \(job=1\)$' "$out"
assert_ok xm job-wait 1
assert_eq '' "$out$err"
assert_eq running "$(domain_state web1)"
assert_ok xm create -q --no-wait "$(make_config slow 'extra = "test:delay-create=60s"')"
assert_match '^[0-9]+$' "$out"
slow=$out
assert_ok xm create --json --no-wait "$(make_config web2)"
assert_eq 'create web2' "$(python3 -c 'import json, sys; v = json.load(sys.stdin)
print(v["kind"], v["domain"])' <"$T/out")"
web2=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])' <"$T/out")
assert_fails 1 xm create --no-wait -c "$T/web1.cfg"
assert_match '^Error: --no-wait and -c do not go together' "$err"
assert_fails 1 xm create --no-wait -q "$(make_config web1)"
assert_match "web1.*exists" "$err"

# the table
assert_ok xm job-wait "$web2"
assert_ok xm jobs
assert_match "^     1 create       web1 +done       uid [0-9]+ +[0-9]+s$" "$out"
assert_match "^ +$slow create       slow +(queued|running) +uid [0-9]+ +[0-9]+s$" "$out"
assert_ok xm job-wait --json 1
assert_match '"state": "done"' "$out"

# cancelling: whoever waits is told
mkfifo "$T/pipe"
(xm job-wait "$slow" 2>&1 || echo "status $?") >"$T/pipe" &
exec 3<"$T/pipe"
assert_ok xm job-cancel "$slow"
assert_eq '' "$out$err"
read -r line <&3
assert_match '^Error: .*cancelled' "$line"
while read -r more <&3; do line=$more; done
assert_eq 'status 1' "$line"
exec 3<&-
assert_fails 1 xm job-cancel "$slow"
assert_match '^Error: ' "$err"
for c in job-cancel job-wait; do
    assert_fails 1 xm $c 99
    assert_match '^Error: no job 99' "$err"
    for wrong in x 0 -- ''; do
        assert_fails 1 xm $c "$wrong"
        assert_match "^Error: (Invalid argument\.|'xm $c' requires 1 argument\.)$" "$err"
    done
done
