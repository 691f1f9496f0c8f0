#!/bin/sh
# Figures, as ratios within one run: this machine may be shared and slow, a ratio to a peer measured
# in turn with it can be trusted. Called by `make bench`. Prints medians; judges nothing.
. tests/functions.sh
requires curl
pairs=$BUILD_DIR/tests/pairs
load=$BUILD_DIR/tests/httpload
runs=${RUNS:-200}

printf '%-44s %12s %12s\n' 'whole processes, A / B' A B
"$pairs" "$runs" 'xm --version / true' "$BUILD_DIR/xm" --version -- /bin/true

start_xend test
sock=$ROOT/var/run/xend/xend.sock
post() {
    api POST /v1/domains -d "{\"spec\":{\"name\":\"$1\",\"kernel\":\"/k\"}}" >/dev/null
}
# many FROM TO: that many domains more, by a few keep-alive connections
many() {
    seq "$1" "$2" | awk -v s="http://xend/v1/domains" '{
        printf "url = \"%s\"\nrequest = POST\noutput = /dev/null\ndata = \"{\\\"spec\\\":{\\\"name\\\":\\\"d%05d\\\",\\\"kernel\\\":\\\"/k\\\"}}\"\n", s, $1
        print "next" }' | sed '$d' >"$T/curl"
    (cd "$ROOT/var/run/xend" && sed 's/^url/unix-socket = xend.sock\nurl/' "$T/curl" | curl -s -K -)
}
many 1 1000
assert_eq 1001 "$(api GET '/v1/domains?fields=name' | tr ',' '\n' | grep -c '"name"')"
"$pairs" "$runs" 'xm list of 1,000 / true' "$BUILD_DIR/xm" list -- /bin/true
"$pairs" 20 'xm list of 1,000 / python3 -S -c pass' "$BUILD_DIR/xm" list -- /usr/bin/env python3 -S -c pass

rss() {
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(cat "$ROOT/var/run/xend.pid")/status"
}
before=$(rss)
many 1001 10000
after=$(rss)
printf '%-44s %9s KiB\n' "xend's memory for each of 9,000 domains" "$(((after - before + 4500) / 9000))"

printf '\n%-44s %12s %12s %8s\n' 'one keep-alive connection' requests/s MB/s status
for path in /v1 /v1/domains/d00500 /v1/domains; do
    "$load" "$sock" 2 "$path" | awk -v p="GET $path" '{printf "%-44s %12d %12.1f %8d\n", p, $1, $2 / 1e6, $3}'
done

# wake-ups of an idle xend without clients
ticks() {
    sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' /proc/"$(cat "$ROOT/var/run/xend.pid")"/task/*/status |
        awk '{n += $1} END {print n}'
}
api GET /v1 >/dev/null
# the clock may still wake once for the deadline of the connection that just ended
timeout 12 tail -f /dev/null || true
a=$(ticks)
timeout 10 tail -f /dev/null || true
printf '\n%-44s %12s\n' 'wake-ups of idle xend in 10 s' "$(($(ticks) - a))"
