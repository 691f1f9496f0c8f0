#!/bin/sh
# The README's demo, without a network, a terminal or an answer.
. tests/functions.sh
. tests/guest.sh

unset XEND_ROOT
BUILD=$BUILD timeout 120 sh scripts/demo >"$T/demo" 2>&1 </dev/null || fail "$(cat "$T/demo")"
for words in '^\$ xm create ' '^Started domain demo \(id=1\)$' '^\$ xm list' '^demo  *1  *128 ' \
    'guest: ready' '^\$ xm pause demo' '--p---' '^\$ xm unpause demo' '^\$ xm shutdown -w demo' \
    '^Domain demo terminated$' '^\$ xend stop'; do
    assert_match "$words" "$(cat "$T/demo")" demo
done
