#!/bin/sh
# What xend costs while nobody wants anything: no wake-up, and a few KiB for each domain. The
# figures themselves are those of `make bench`; here are bounds that no machine can excuse.
. tests/functions.sh
requires curl

pid() {
    cat "$ROOT/var/run/xend.pid"
}
# how often all threads together went to sleep
sleeps() {
    sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' /proc/"$(pid)"/task/*/status |
        awk '{n += $1} END {print n}'
}
rss_kib() {
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(pid)/status"
}

case $BUILD in
*thread*) skip "the thread sanitizer has a thread of its own that wakes" ;;
esac
start_xend test
# the connection that the start looked with has a deadline of 10 s, which may wake xend once more
timeout 12 tail -f /dev/null || true
before=$(sleeps)
timeout 10 tail -f /dev/null || true
assert_eq 0 $(($(sleeps) - before)) "wake-ups of idle xend in 10 s"

case $BUILD in
*san-*) echo "memory is not looked at under a sanitizer" ;;
*)
    domains 1 1000
    before=$(rss_kib)
    domains 1001 3000
    each=$((($(rss_kib) - before) / 2000))
    [ $each -le 16 ] || fail "$each KiB for each test domain"
    ;;
esac
