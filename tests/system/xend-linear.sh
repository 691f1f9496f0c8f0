#!/bin/sh
# Random changes by sixteen clients at once: what they are answered could have been answered to one
# client after the other (linear.py). With fixed seeds; the order is the machine's.
. tests/functions.sh
requires curl python3

start_xend test
top=$PWD
for seed in 1 2 3; do
    for n in 0 1 2 3; do
        assert_ok xm new -q "$(make_config d$n)"
    done
    (cd "$ROOT/var/run/xend" && timeout 120 python3 "$top/tests/system/linear.py" $seed) >"$T/linear" ||
        fail "seed $seed: $(cat "$T/linear")"
    for n in 0 1 2 3; do
        assert_ok xm destroy d$n
        assert_ok xm delete d$n
    done
done
