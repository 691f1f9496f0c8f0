#!/bin/sh
# Every operation in every state of a domain, against the one table of both.
. tests/functions.sh
requires python3

start_xend test
top=$PWD
(cd "$ROOT/var/run/xend" && timeout 120 python3 "$top/tests/system/lifecycle.py" "$T") || fail "see above"
