#!/bin/sh
# Figures of what lasts: how soon xend has read 10,000 managed domains, and found 1,000 guests again
# after a kill -9; how many changes a second are on disk, by one client and by 64. Called by `make bench`.
. tests/functions.sh
. tests/bench/table.sh
tools=$BUILD_DIR/tests
rounds=${ROUNDS:-5}
domains=$ROOT/var/lib/xend/domains
sock=$ROOT/var/run/xend/xend.sock

# ms CMD...: how long it took
ms() {
    begun_=$(date +%s%N)
    "$@" >"$T/ms.out"
    echo $((($(date +%s%N) - begun_) / 1000000))
}
median() {
    sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

"$tools/bench_state" make "$domains" 10000
i=0
while [ $i -lt "$rounds" ]; do
    ms start_xend test >>"$T/starts"
    stop_xend
    ms "$tools/bench_state" read "$domains" >>"$T/reads"
    assert_eq 10000 "$(cat "$T/ms.out")"
    i=$((i + 1))
done
start_xend test
assert_eq 10001 "$(xm list | tail -n +2 | wc -l)"
stop_xend
starts=$(median <"$T/starts") reads=$(median <"$T/reads")
row '10,000 managed: xend ready, x reading them' "$(echo "$starts $reads" | awk '{printf "%.1f", $1 / $2}')" \
    '<= 5' "$starts ms / $reads ms, $rounds rounds"
rm -rf "$ROOT/var/lib/xend"

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
seq 1000 | awk '{
    printf "%surl = \"http://xend/v1/domains\"\nunix-socket = xend.sock\nrequest = POST\noutput = /dev/null\n", n++ ? "next\n" : ""
    printf "data = \"{\\\"spec\\\":{\\\"name\\\":\\\"d%05d\\\",\\\"kernel\\\":\\\"/k\\\"}}\"\n", $1
}' >"$T/curl"
(cd "$ROOT/var/run/xend" && curl -s -K "$T/curl")
all_run() {
    [ "$(xm list --state=running | grep -c '^d')" = 1000 ]
}
TIMEOUT=60 eventually all_run
i=0
while [ $i -lt "$rounds" ]; do
    kill -9 "$(cat "$ROOT/var/run/xend.pid")"
    timeout 20 sh -c 'while "$1" status >/dev/null; do :; done' sh "$BUILD_DIR/xend"
    ms start_xend test >>"$T/adopts"
    assert_eq 1000 "$(xm list --state=running | grep -c '^d')"
    i=$((i + 1))
done
row '1,000 guests found again after kill -9, s' "$(median <"$T/adopts" | awk '{printf "%.2f", $1 / 1000}')" '<= 1' \
    "$rounds rounds"
stop_xend
rm -rf "$ROOT/var/lib/xend" "$ROOT/var/run/xend" "$ROOT/etc/xen/xend-config.sxp"

# durable_rates FILE: one client and 64 in turn, as medians in $one and $many
durable_rates() {
    for _ in $(seq "$rounds"); do
        "$tools/bench_durable" "$sock" 1 1000 new >>"$T/$1.one"
        "$tools/bench_durable" "$sock" 64 1000 new >>"$T/$1.many"
    done
    one=$(median <"$T/$1.one") many=$(median <"$T/$1.many")
}
# On this disk (a virtual one may need next to nothing for a flush: then the processor is the limit).
start_xend test
durable_rates own
for _ in $(seq "$rounds"); do
    "$tools/bench_durable" "$sock" 64 1000 create >>"$T/off"
done
stop_xend
off=$(median <"$T/off")
row 'durable changes/s of 64 clients, x of one' "$(echo "$many $one" | awk '{printf "%.1f", $1 / $2}')" '' \
    "$many/s / $one/s"
row '  of 64 clients, x the same kept nowhere' "$(echo "$many $off" | awk '{printf "%.2f", $1 / $2}')" '' \
    "$many/s / $off/s"
SLOW_SYNC_US=5000 LD_PRELOAD=$tools/slow_sync.so start_xend test
durable_rates slow
stop_xend
row '  of 64, x of one, flushes take 5 ms more' "$(echo "$many $one" | awk '{printf "%.1f", $1 / $2}')" '>= 10' \
    "$many/s / $one/s"
row 'fsyncs: new, defined anew, deleted' '3 2 1' '' 'a test: test_managed'
