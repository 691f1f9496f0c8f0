#!/bin/sh
# Config files in every style of twenty years: the spec of each (and notes and faults), its round
# trip through all notations, and its variables as the real python3 sees them.
set -u
cd "$(dirname "$0")/../.." || exit 1
tests=${BUILD:-build}/tests
sh tests/golden.sh tests/golden/cfg "$tests/golden_cfg" cfg || exit 1
command -v python3 >/dev/null || { echo "SKIPPED: no python3"; exit 77; }
python3 -W ignore tests/oracle_py.py "$tests/golden_py" tests/golden/cfg/pass-*.cfg
