#!/bin/sh
# Figures, as ratios within one run: this machine may be shared and slow, a ratio to a peer measured
# in turn with it can be trusted. Called by `make bench`. Prints one table, of medians; judges
# nothing: a figure that misses its goal is no failure. The counts among them are tests, too.
#     RUNS=N   how often short commands run (default 200); the others in proportion
. tests/functions.sh
. tests/bench/table.sh
requires curl
tools=$BUILD_DIR/tests
runs=${RUNS:-200}
sock=$ROOT/var/run/xend/xend.sock

# processes MEASURE GOAL RUNS A... -- B...: whole processes in turn
processes() {
    measure_=$1 goal_=$2 runs_=$3
    shift 3
    # shellcheck disable=SC2046 # "x A ms B ms ratio R"
    set -- $("$tools/pairs" "$runs_" x "$@")
    row "$measure_" "$7" "<= $goal_" "$2 ms / $4 ms, $runs_ pairs"
}

virsh_domains() {
    echo '<node>'
    seq -f "<domain type='test'><name>d%05.0f</name><memory>65536</memory><os><type>hvm</type></os></domain>" 1000
    echo '</node>'
}

# wake-ups of all of xend's threads
wakes() {
    sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' /proc/"$(cat "$ROOT/var/run/xend.pid")"/task/*/status |
        awk '{n += $1} END {print n}'
}

# rss: xend's, with the texts of all domains made
rss() {
    api GET /v1/domains >/dev/null
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(cat "$ROOT/var/run/xend.pid")/status"
}

header
processes 'xm --version, x /bin/true' 1.3 "$runs" "$BUILD_DIR/xm" --version -- /bin/true

start_xend test
# nobody was here yet: nothing but the start's own deadlines can wake it
timeout 12 tail -f /dev/null || true
before=$(wakes)
timeout 10 tail -f /dev/null || true
row 'idle xend: wake-ups in 10 s' $(($(wakes) - before)) '<= 0' 'no guest, no client; a test'

domains 1 1000
if command -v virsh >/dev/null; then
    virsh_domains >"$T/virsh.xml"
    assert_eq 1000 "$(virsh -c "test:///$T/virsh.xml" list --all --name | grep -c d)"
    processes 'xm list of 1,000, x virsh list --all' 0.05 $((runs / 10 + 1)) \
        "$BUILD_DIR/xm" list -- virsh -c "test:///$T/virsh.xml" list --all
else
    no_row 'xm list of 1,000, x virsh list --all' '<= 0.05' 'VIRSH IS MISSING: scripts/deps bench'
fi
processes 'xm list of 1,000, x /bin/true' 4 "$runs" "$BUILD_DIR/xm" list -- /bin/true

bytes=$(api GET /v1/domains/d00500 | wc -c)
background "$tools/bench_static" "$T/static" "$bytes" 5242880
timeout 10 sh -c 'until [ -S "$1" ]; do :; done' sh "$T/static"
# shellcheck disable=SC2046 # six numbers
set -- $("$tools/httpload" $((runs / 5 + 1)) 100 "$sock" /v1/domains/d00500 "$T/static" "/$bytes")
row 'one domain, keep-alive: requests/s, x constant' "$1" '>= 0.7' "$3/s / $5/s, $bytes bytes"

before=$(rss)
domains 1001 10000
row "memory per test domain, KiB" "$(echo "$before $(rss)" | awk '{printf "%.1f", ($2 - $1) / 9000}')" \
    '<= 8' 'the last 9,000 of 10,000'
# shellcheck disable=SC2046 # six numbers
set -- $("$tools/httpload" $((runs / 10 + 1)) 200 "$sock" /v1/domains "$T/static" /5242880)
row 'list of 10,000: bytes/s, x constant 5 MiB' "$2" '>= 0.5' \
    "$(echo "$4 $6" | awk '{printf "%d MB/s / %d MB/s", $1 / 1e6, $2 / 1e6}'), $3 lists/s"
if "$tools/test_domain_json" >"$T/unit" 2>&1; then
    row 'list unchanged: fragments serialised again' 0 '<= 0' 'a test: test_domain_json'
else
    row 'list unchanged: fragments serialised again' 1 '<= 0' "or more: $tools/test_domain_json"
fi

# last: what a thousand streams give back would hide what domains take
# shellcheck disable=SC2046 # four numbers
set -- $("$tools/bench_events" "$sock" 1000 20 d00500 || true) ? ? ? ?
row '1,000 followers, one event: not told of it' "$1" '<= 0' 'of each of 20 events; a test'
row '  from the request to the last told, ms' "$3" '' "the first after $2 ms, the slowest last $4 ms"

sh tests/bench/autostart.sh ||
    no_row '1,000 autostarts, x chain + work / parallelism' '<= 1.2' 'NOT MEASURED: see above'
sh tests/bench/qemu.sh 7 ||
    no_row 'qemu: xm create to first line, x bare QEMU' '<= 1.15' 'NOT MEASURED: see above'
sh tests/bench/devices.sh 7 ||
    no_row 'qemu: start with 8 vifs and disks, x 1 and 1' '<= 2' 'NOT MEASURED: see above'
