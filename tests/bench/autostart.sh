#!/bin/sh
# The row of autostart: 1,000 files on the test driver, where each start takes its time on demand.
# The ideal: the longest chain, one start after the other, and all starts divided by how many run at
# once. Called by run.sh.
. tests/functions.sh
. tests/bench/table.sh
requires curl jq

start_ms=20 at_once=16 chain=10 n=1000
mkdir -p "$ROOT/etc/xen/auto"
echo "(autostart-parallel $at_once)" >"$ROOT/etc/xen/xend-config.sxp"
seq 1 $n | awk -v dir="$ROOT/etc/xen/auto" -v ms=$start_ms -v chain=$chain '{
    file = sprintf("%s/d%04d", dir, $1)
    printf "memory = 64\nkernel = \"/k\"\nextra = \"test:delay-create=%dms\"\n", ms >file
    if ($1 > 1 && $1 <= chain) printf "start_after = \"d%04d\"\n", $1 - 1 >file
    close(file)
}'
start_xend test
assert_ok xm autostart --start --quiet
took=$(api GET /v1/jobs | jq '[.jobs[] | select(.kind == "autostart")][0] | (.ended - .started) * 1000 | floor')
assert_eq $n "$(xm list --state=running | grep -c '^d')"
ideal=$((chain * start_ms + n * start_ms / at_once))
row '1,000 autostarts, x chain + work / parallelism' "$(echo "$took $ideal" | awk '{printf "%.2f", $1 / $2}')" \
    '<= 1.2' "$took ms / $ideal ms, $at_once at once"
